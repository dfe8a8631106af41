/// What a send does to the broker's state; decides what the host may repeat.
public enum Effect: UInt32, Sendable {
    /// Changes nothing: the host may repeat it.
    case read = 1
    /// Login, renewal, keep-alive: may be repeated.
    case session
    /// A mutation that the broker recognises by `Request.idempotencyKey`: may be repeated.
    case idempotent
    /// Never repeated.
    case mutation

    /// Whether an order may exist because of it.
    public var isMutation: Bool { self == .idempotent || self == .mutation }
}

/// What a send costs of a declared rate bucket. Every try costs it.
public struct Cost: Hashable, Sendable {
    public var bucket: String
    public var units: UInt32
    /// Of a bucket whose scope key is the adapter's own.
    public var scope: String?

    /// A cost by its bucket.
    public init(_ bucket: String, units: UInt32 = 1, scope: String? = nil) {
        self.bucket = bucket
        self.units = units
        self.scope = scope
    }
}

/// A secret to take out of an answer before the adapter sees it. What was taken reads `***` there.
///
/// Only answers with status 200...299 are taken from.
public struct Capture: Hashable, Sendable {
    /// Where the secret stands.
    public enum Source: Hashable, Sendable {
        /// A JSON pointer (RFC 6901) into the body.
        case json(String)
        case header(String)
        case cookie(String)
        /// The whole body.
        case body
    }

    public var source: Source
    /// The secret's name from now on; a declared one.
    public var secret: String
    public var expiresAt: Timestamp?
    /// Whether its absence is no error.
    public var isOptional: Bool

    /// A capture by where it stands and what it is called.
    public init(_ source: Source, as secret: String, expiresAt: Timestamp? = nil, isOptional: Bool = false) {
        self.source = source
        self.secret = secret
        self.expiresAt = expiresAt
        self.isOptional = isOptional
    }
}

/// The verb of a request.
public enum HTTPMethod: String, Sendable {
    case get = "GET"
    case post = "POST"
    case put = "PUT"
    case delete = "DELETE"
    case patch = "PATCH"
    case head = "HEAD"
}
