public import AdapterKit

/// A request that the adapter handed to the host, made at once: its templates are evaluated.
public struct SentRequest: Hashable, Sendable {
    public var tag: UInt64
    /// The commands it serves.
    public var tokens: [UInt64]
    public var account: Int
    public var endpoint: String
    public var hostName: String?
    public var method: String
    /// Path and query as sent.
    public var target: String
    public var headers: [Header]
    public var body: [UInt8]
    public var effect: Effect
    public var costs: [Cost]
    public var captures: [Capture]
    public var idempotencyKey: String?
    public var isStreamed: Bool
    public var isUrgent: Bool
    public var isReplayable: Bool
    public var notAfter: Timestamp?

    /// One header.
    public struct Header: Hashable, Sendable {
        public var name: String
        public var value: String
    }

    /// The target up to the `?`.
    public var path: String { String(target.prefix { $0 != "?" }) }
    /// The target after the `?`.
    public var query: String { String(target.drop { $0 != "?" }.dropFirst()) }
    /// The body as text.
    public var bodyText: String { String(decoding: body, as: UTF8.self) }

    /// The first header of a name, whatever its case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// A WebSocket or byte stream that the adapter opened.
public struct OpenStream: Hashable, Sendable {
    public var id: UInt64
    public var account: Int
    public var endpoint: String
    public var target: String
    public var headers: [SentRequest.Header]
    public var isWebSocket: Bool
    public var isClosed = false
}

/// A frame that the adapter sent.
public struct SentFrame: Hashable, Sendable {
    public var stream: UInt64
    public var kind: FrameKind
    public var tag: UInt64
    public var tokens: [UInt64]
    public var effect: Effect
    public var payload: [UInt8]

    /// The payload as text.
    public var text: String { String(decoding: payload, as: UTF8.self) }
}

/// A challenge that a login raised.
public struct RaisedChallenge: Hashable, Sendable {
    public var kind: Challenge.Kind
    public var id: String
    public var url: String
    public var prompt: String
    public var fields: [Challenge.Field]
}

/// A question that an adapter asked for a command.
public struct AskedQuestion: Hashable, Sendable {
    public var token: UInt64
    public var id: String
    public var text: String
    public var options: [Question.Option]
}

/// What an answer said about a rate bucket.
public struct RateNote: Hashable, Sendable {
    public var bucket: String
    public var scope: String?
    public var remaining: Int64?
    public var resetAt: Timestamp?
    public var retryAfterNanoseconds: Int64
}

/// A secret by its account and name.
struct SecretName: Hashable {
    var account: UInt32
    var name: String
}
