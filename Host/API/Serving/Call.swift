import Domain
import Gateway
import HTTPTypes
import Hummingbird
import NIOCore

/// One request on its way through a handler: authenticated, its route found, its body not yet read.
struct Call: Sendable {
    let request: Request
    let route: Route
    /// Parts of the path, in order, decoded.
    let parameters: [String]
    let query: QueryParameters
    /// `nil` only on a route that needs no key.
    let principal: Principal?
    let requestID: String
    /// When the head was there.
    let receivedAt: Timestamp
    let channel: any Channel

    /// Who calls. Only routes that need a key ask.
    func caller() throws(Problem) -> Principal {
        guard let principal else {
            throw .unauthenticated("key_required", "the request has no key", remedy: "send a key")
        }
        return principal
    }

    /// The body, which must be a JSON object.
    func object(upTo limit: Int = BodyReading.maximumBytes) async throws(Problem) -> JSONObject {
        try BodyReading.object(try await BodyReading.collect(request, upTo: limit), upTo: limit)
    }

    // MARK: Parts of the path

    func parameter(_ index: Int) -> String { parameters.indices.contains(index) ? parameters[index] : "" }

    /// A text that no group can have is a group that does not exist.
    func group(_ index: Int = 0) throws(Problem) -> GroupID {
        guard let id = GroupID(parameter(index)) else { throw .unknownGroup(parameter(index)) }
        return id
    }

    func account(_ index: Int = 0) throws(Problem) -> AccountID {
        guard let id = AccountID(parameter(index)) else { throw .unknownAccount(parameter(index)) }
        return id
    }

    func run(_ index: Int = 0) throws(Problem) -> RunID {
        guard let id = RunID(parameter(index)) else { throw .unknownRun(parameter(index)) }
        return id
    }

    func leg(_ index: Int = 0) throws(Problem) -> LegID {
        guard let id = LegID(parameter(index)) else { throw .unknownOrder(parameter(index)) }
        return id
    }

    // MARK: Headers

    /// The `Idempotency-Key`, 1 to 64 printable ASCII characters.
    func idempotencyKey() throws(Problem) -> String {
        guard let key = request.headers[.idempotencyKey], !key.isEmpty else {
            throw Problem(
                .badRequest, "idempotency_key_required", path: "Idempotency-Key", value: nil,
                "the route changes orders and needs an Idempotency-Key",
                remedy: "send 1 to 64 printable ASCII characters, new for each request, the same for its repetitions")
        }
        guard key.utf8.count <= 64, key.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            throw Problem(
                .badRequest, "idempotency_key_invalid", path: "Idempotency-Key", value: key,
                "the Idempotency-Key is not 1 to 64 printable ASCII characters", remedy: "send such a key")
        }
        return key
    }

    /// Who calls, on whose trace: a `traceparent` that is not valid is as if it were absent, as the standard asks.
    func tracedCaller() throws(Problem) -> Caller {
        var caller = try caller().caller
        caller.trace = request.headers[.traceparent].flatMap { TraceContext(traceparent: $0) }
        return caller
    }

    /// The version that `If-Match` names: `3`, `"3"`; `nil` without the header and for `*`.
    func expectedVersion() throws(Problem) -> Int64? {
        guard let text = request.headers[.ifMatch], text != "*" else { return nil }
        let bare =
            text.count > 2 && text.hasPrefix("\"") && text.hasSuffix("\"") ? String(text.dropFirst().dropLast()) : text
        guard let version = Int64(bare), version > 0 else {
            throw .invalid([
                Problem.Entry(
                    path: "If-Match", value: text, message: "is no version",
                    remedy: "send the version, like 3 or \"3\", or leave it out")
            ])
        }
        return version
    }
}

extension HTTPField.Name {
    private static func constant(_ name: String) -> HTTPField.Name {
        guard let made = HTTPField.Name(name) else { preconditionFailure("\(name) is a field name") }
        return made
    }
    static let idempotencyKey = constant("Idempotency-Key")
    static let idempotencyReplayed = constant("Idempotency-Replayed")
    static let requestID = constant("X-Request-Id")
    static let traceparent = constant("traceparent")
    static let lastEventID = constant("Last-Event-ID")
}

extension Problem {
    static func unknownGroup(_ id: String) -> Problem {
        notFound("group", id, remedy: "GET /api/execution-groups lists groups")
    }
    static func unknownAccount(_ id: String) -> Problem {
        notFound("account", id, remedy: "GET /api/accounts lists accounts")
    }
    static func unknownRun(_ id: String) -> Problem { notFound("run", id, remedy: "GET /api/runs lists runs") }
    static func unknownOrder(_ id: String) -> Problem { notFound("order", id, remedy: "GET /api/orders lists orders") }
}
