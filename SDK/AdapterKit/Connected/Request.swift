import CSluice
public import Exact

/// One HTTP request while it is written; `Host.send` hands it over.
///
/// ```swift
/// var request = host.request(.post, "rest", "/orders/regular", for: command, effect: .mutation)
/// request.cost("orders")
/// request.header("Authorization", authorization)  // a PreparedTemplate of the session
/// request.form("tradingsymbol", alias)
/// request.form("quantity", order.quantity)
/// host.send(request) { answer in ... }
/// ```
/// Its memory goes from one request to the next, so that a request of literals allocates nothing. Path, query and body
/// travel byte for byte as written.
public struct Request: ~Copyable {
    let storage: RequestStorage
    let host: Host

    public var effect: Effect
    /// By its place in `SessionOptions.accounts`: whose secrets, connections, address and buckets are used.
    public var account: Int
    /// Within the endpoint's host suffix; `nil`: the base URL's.
    public var hostName: String?
    public var idempotencyKey: String?
    /// The body of the answer comes in parts (`Host.send(_:parts:then:)` sets it).
    public var isStreamed = false
    /// May be made and sent again after a login while it still waits.
    public var isReplayable = false
    /// A cancel or a closing order: overtakes others in the queue and may use the reserve.
    public var isUrgent = false
    /// 0: the host's default, 5 s.
    public var connectTimeoutNanoseconds: Int64 = 0
    /// 0: 10 s.
    public var firstByteTimeoutNanoseconds: Int64 = 0
    /// 0: 30 s. Its end never aborts a mutation in flight.
    public var totalTimeoutNanoseconds: Int64 = 0
    /// Not sent later than this.
    public var notAfter: Timestamp?
    /// Bytes of the answer, 0: 4 MiB, at most 128 MiB.
    public var maxBody: UInt64 = 0

    init(_ storage: RequestStorage, _ host: Host, account: Int, effect: Effect) {
        self.storage = storage
        self.host = host
        self.account = account
        self.effect = effect
    }

    deinit { host.recycle(storage) }
}

/// The memory of a request.
final class RequestStorage {
    @exclusivity(unchecked) var method = HTTPMethod.get
    @exclusivity(unchecked) var endpoint = ""
    @exclusivity(unchecked) var target = RequestPart()
    @exclusivity(unchecked) var body = RequestPart()
    @exclusivity(unchecked) var headers = HeaderList()
    @exclusivity(unchecked) var prepared: PreparedHeaders?
    @exclusivity(unchecked) var hasQuery = false
    /// What the body is, until somebody names another type.
    @exclusivity(unchecked) var contentType: StaticString?
    @exclusivity(unchecked) var namesContentType = false
    @exclusivity(unchecked) var tokens: [UInt64] = []
    @exclusivity(unchecked) var values: [PreparedTemplate] = []
    @exclusivity(unchecked) var costs: [Cost] = []
    @exclusivity(unchecked) var captures: [Capture] = []

    func reset() {
        target.reset()
        body.reset()
        headers.reset()
        prepared = nil
        hasQuery = false
        contentType = nil
        namesContentType = false
        tokens.clear()
        values.clear()
        costs.clear()
        captures.clear()
    }
}

// MARK: - Path and query

extension Request {
    /// Adds to the path, byte for byte.
    public mutating func path(_ text: String) { storage.target.bytes.append(contentsOf: text.utf8) }

    /// Adds a slash and one component, percent-encoded.
    public mutating func component(_ text: String) {
        storage.target.bytes.append(UInt8(ascii: "/"))
        storage.target.bytes.append(text, in: .percent)
    }

    /// Adds a template to path or query, byte for byte.
    public mutating func path(_ template: PreparedTemplate) { storage.target.append(template) }

    /// Adds `name=value` to the query, percent-encoded. A name may come several times.
    public mutating func query(_ name: String, _ value: String) {
        beginQuery(name)
        storage.target.bytes.append(value, in: .percent)
    }

    public mutating func query(_ name: String, _ value: ExactDecimal) {
        beginQuery(name)
        value.write(to: &storage.target.bytes)
    }

    /// The same with a value that is made at egress and percent-encoded then.
    public mutating func query(_ name: String, _ value: Template) {
        beginQuery(name)
        storage.target.append(PreparedTemplate(.encode(.percent, value)))
    }

    private func beginQuery(_ name: String) {
        storage.target.bytes.append(storage.hasQuery ? UInt8(ascii: "&") : UInt8(ascii: "?"))
        storage.hasQuery = true
        storage.target.bytes.append(name, in: .percent)
        storage.target.bytes.append(UInt8(ascii: "="))
    }
}

// MARK: - Headers and body

extension Request {
    /// Adds a header. One that names `Content-Type` keeps the body's own from being added.
    public mutating func header(_ name: String, _ value: String) {
        note(name)
        storage.headers.append(name, value)
    }

    public mutating func header(_ name: String, _ value: PreparedTemplate) {
        note(name)
        storage.headers.append(name, value)
    }

    public mutating func header(_ name: String, _ value: Template) { header(name, PreparedTemplate(value)) }

    private func note(_ name: String) {
        if name.utf8.count == 12, name.lowercased() == "content-type" { storage.namesContentType = true }
    }

    /// Adds `name=value` to a form body (`application/x-www-form-urlencoded`).
    public mutating func form(_ name: String, _ value: String) {
        beginField(name)
        storage.body.bytes.append(value, in: .form)
    }

    public mutating func form(_ name: String, _ value: ExactDecimal) {
        beginField(name)
        value.write(to: &storage.body.bytes)
    }

    public mutating func form(_ name: String, _ value: Int) {
        beginField(name)
        storage.body.bytes.append(contentsOf: String(value).utf8)
    }

    public mutating func form(_ name: String, _ value: ClientReference) {
        beginField(name)
        storage.body.bytes.append(value.description, in: .form)
    }

    /// The same with a value that is made at egress and encoded then.
    public mutating func form(_ name: String, _ value: Template) {
        beginField(name)
        storage.body.append(PreparedTemplate(.encode(.form, value)))
    }

    private func beginField(_ name: String) {
        if !storage.body.isEmpty { storage.body.bytes.append(UInt8(ascii: "&")) }
        storage.contentType = "application/x-www-form-urlencoded"
        storage.body.bytes.append(name, in: .form)
        storage.body.bytes.append(UInt8(ascii: "="))
    }

    /// The body as a JSON document (`application/json`).
    public mutating func json(_ document: JSONWriter) { json(document.bytes) }

    public mutating func json(_ document: [UInt8]) {
        storage.contentType = "application/json"
        storage.body.bytes.append(contentsOf: document)
    }

    /// Adds to the body, byte for byte. No content type is added for it.
    public mutating func body(_ text: String) { storage.body.bytes.append(contentsOf: text.utf8) }

    public mutating func body(_ bytes: [UInt8]) { storage.body.bytes.append(contentsOf: bytes) }

    public mutating func body(_ template: Template) { storage.body.append(PreparedTemplate(template)) }

    public mutating func body(_ template: PreparedTemplate) { storage.body.append(template) }
}

// MARK: - What goes with it

extension Request {
    /// A value that several parts share, made first: the returned template refers to it.
    public mutating func value(_ template: Template) -> Template {
        storage.values.append(PreparedTemplate(template))
        return .slot(.value(storage.values.count - 1))
    }

    /// What it costs.
    public mutating func cost(_ bucket: String, units: UInt32 = 1, scope: String? = nil) {
        storage.costs.append(Cost(bucket, units: units, scope: scope))
    }

    /// A secret to take out of the answer.
    public mutating func capture(_ capture: Capture) { storage.captures.append(capture) }

    /// Another command that it serves, as one request for a batch does.
    public mutating func serves(_ command: Command) { storage.tokens.append(command.token) }
}

/// As `Request` writes a text, for whoever puts a path, a query or a form together itself.
extension String {
    /// RFC 3986: everything but letters, digits and - . _ ~
    public var percentEncoded: String { encoded(in: .percent) }
    /// As `percentEncoded`, and a space is +
    public var formEncoded: String { encoded(in: .form) }

    private func encoded(in encoding: TextEncoding) -> String {
        var bytes: [UInt8] = []
        bytes.append(self, in: encoding)
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Array where Element == UInt8 {
    /// Adds text in percent or form encoding. Nearly all that is sent needs neither, and is copied as it is.
    @inline(__always)
    mutating func append(_ text: String, in encoding: TextEncoding) {
        let isPlain = text.utf8.withContiguousStorageIfAvailable { bytes in
            guard bytes.allSatisfy(isUnreserved) else { return false }
            append(contentsOf: bytes)
            return true
        }
        if isPlain != true { appendEncoded(text, encoding) }
    }

    @inline(never)
    private mutating func appendEncoded(_ text: String, _ encoding: TextEncoding) {
        var text = text
        text.withUTF8 { text in
            let start = count
            append(contentsOf: repeatElement(0, count: 3 * text.count))
            let end = withUnsafeMutableBufferPointer { memory in
                memory.baseAddress.map { encoding.write(text, to: $0 + start) - $0 } ?? start
            }
            removeLast(count - end)
        }
    }
}

extension TextEncoding {
    /// Writes bytes in percent or form encoding where there is room for three of each, and returns where they end.
    @inline(__always)
    func write(
        _ bytes: UnsafeBufferPointer<UInt8>, to memory: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        guard var from = bytes.baseAddress else { return memory }
        let last = from + bytes.count
        var end = memory
        while from < last {
            let byte = from.pointee
            from += 1
            if isUnreserved(byte) {
                end.pointee = byte
                end += 1
            } else {
                end = escape(byte, end)
            }
        }
        return end
    }

    @inline(never)
    private func escape(_ byte: UInt8, _ end: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8> {
        if byte == UInt8(ascii: " "), self == .form {
            end.pointee = UInt8(ascii: "+")
            return end + 1
        }
        end[0] = UInt8(ascii: "%")
        end[1] = hexDigit(byte >> 4)
        end[2] = hexDigit(byte & 15)
        return end + 3
    }
}

/// Letters, digits and - . _ ~ (RFC 3986 §2.3).
@inline(__always)
private func isUnreserved(_ byte: UInt8) -> Bool {
    if (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10 { return true }
    return switch byte {
    case UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "~"): true
    default: false
    }
}

@inline(__always)
private func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? value + UInt8(ascii: "0") : value - 10 + UInt8(ascii: "A")
}
