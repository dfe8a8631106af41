import Exact

/// The gateway's HTTP API as a client sees it: keys, bodies and answers, exactly as they are written.
struct GatewayClient: Sendable {
    /// The longest answer that is read, in bytes.
    static let answerLimit = 16 << 20

    let transport: any Transport
    /// The API key: a secret.
    let key: String

    init(transport: any Transport, key: String) { (self.transport, self.key) = (transport, key) }

    /// One answer: the bytes as they came, and what they say.
    struct Answer: Sendable {
        var status: Int
        var bytes: [UInt8]
        /// `null` for an empty body.
        var value: JSONValue

        var isSuccess: Bool { (200..<300).contains(status) }
        /// Whether the body is a problem document rather than what was asked for.
        var isProblem: Bool { value["type"] != nil && value["title"] != nil && value["status"] != nil }
    }

    /// Sends a request and reads the answer, whatever its status.
    ///
    /// - Parameters:
    ///   - body: sent as JSON.
    ///   - idempotencyKey: for whatever changes something; a repetition with it gets the first answer again.
    ///   - version: sent as `If-Match`.
    /// - Throws: `CommandFailure.transport` when no answer came, `.message` when it is no JSON.
    func send(
        _ method: APIRequest.Method, _ path: String, body: JSONValue? = nil, idempotencyKey: String? = nil,
        version: String? = nil, timeoutMilliseconds: Int = 30_000
    ) async throws -> Answer {
        var request = APIRequest(
            method, path, headers: [("Authorization", "Bearer \(key)"), ("Accept", "application/json")])
        if let body {
            request.body = body.serialized()
            request.headers.append(("Content-Type", "application/json"))
        }
        if let idempotencyKey { request.headers.append(("Idempotency-Key", idempotencyKey)) }
        if let version { request.headers.append(("If-Match", version)) }
        request.timeoutMilliseconds = timeoutMilliseconds
        let response: APIResponse
        do {
            response = try await transport.send(request)
        } catch let failure as TransportFailure {
            throw CommandFailure.transport(failure, idempotencyKey: idempotencyKey, isRead: method == .get)
        }
        guard !response.body.isEmpty else { return Answer(status: response.status, bytes: [], value: .null) }
        do {
            let limits = JSONLimits(maximumBytes: Self.answerLimit, maximumDepth: 64, maximumElements: 2_000_000)
            let value = try JSONValue.parse(response.body, limits: limits)
            return Answer(status: response.status, bytes: response.body, value: value)
        } catch {
            throw CommandFailure.message(
                "\(method.rawValue) \(path) was answered \(response.status) with something that is no JSON: \(error)",
                remedy: "check that the address is a gateway's")
        }
    }
}

extension GatewayClient {
    /// Asks for something of any length and hands it on piece by piece as it comes.
    ///
    /// - Throws: `CommandFailure.problem` where the gateway refused, `.transport` where the answer broke off, and whatever
    ///   `take` throws, which ends the request.
    func stream(_ path: String, _ take: @escaping ([UInt8]) throws -> Void) async throws {
        let request = APIRequest(.get, path, headers: [("Authorization", "Bearer \(key)")])
        let refusal: APIResponse?
        do {
            refusal = try await transport.stream(request, take)
        } catch let failure as TransportFailure {
            throw CommandFailure.transport(failure, idempotencyKey: nil, isRead: true)
        }
        guard let refusal else { return }
        let limits = JSONLimits(maximumBytes: Self.answerLimit, maximumDepth: 64, maximumElements: 100_000)
        let value = (try? JSONValue.parse(refusal.body, limits: limits)) ?? .null
        throw CommandFailure.problem(Problem(value, status: refusal.status), idempotencyKey: nil)
    }
}

/// Pieces of paths.
enum APIPath {
    /// `/api/runs/…` with the pieces escaped.
    static func make(_ pieces: String..., query: [(String, String?)] = []) -> String {
        var path = pieces.map { "/" + escaped($0) }.joined()
        var separator = "?"
        for case (let name, let value?) in query {
            path += "\(separator)\(escaped(name))=\(escaped(value))"
            separator = "&"
        }
        return path
    }

    /// Percent-escapes all but letters, digits and `-._~`; a colon and a comma stay, they are legal and ids hold them.
    static func escaped(_ text: String) -> String {
        var result = ""
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: ":"), UInt8(ascii: ","):
                result.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = Array("0123456789ABCDEF")
                result += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 0xF)])"
            }
        }
        return result
    }
}
