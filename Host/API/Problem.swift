import Domain
import Engine
import Gateway
import HTTPTypes
import Hummingbird
import Store

/// Why a request was not served, as a document of RFC 9457 (`application/problem+json`).
///
/// `code` and the entries' paths are promises to programs; the sentences are for people. Nothing of a key or a secret is
/// ever put in: entries quote the caller's own fields only, clipped to 200 characters.
struct Problem: Error, Sendable {
    /// One thing that is wrong.
    struct Entry: Hashable, Sendable {
        /// A JSON pointer into the body; `?name` for a query parameter, `{name}` for a part of the path, else a header.
        var path: String
        /// What stands there; `nil` where something is missing.
        var value: String?
        var message: String
        /// What would be right.
        var remedy: String

        init(path: String, value: String?, message: String, remedy: String) {
            self.path = path
            self.value = value.map(Self.clipped)
            (self.message, self.remedy) = (Self.clipped(message, to: 500), Self.clipped(remedy, to: 1_000))
        }

        static func clipped(_ text: String) -> String { clipped(text, to: 200) }

        private static func clipped(_ text: String, to limit: Int) -> String {
            text.utf8.count <= limit || text.count <= limit ? text : text.prefix(limit - 1) + "…"
        }
    }

    var status: HTTPResponse.Status
    var code: String
    var detail: String
    var entries: [Entry] = []
    var headers = HTTPFields()
    /// A refusal by a risk control, with its numbers.
    var reject: RunSnapshot.Reject?
    /// Further members, each as JSON that is written already.
    var members: [(name: String, json: [UInt8])] = []

    init(_ status: HTTPResponse.Status, _ code: String, _ detail: String, _ entries: [Entry] = []) {
        (self.status, self.code, self.detail, self.entries) = (status, code, detail, entries)
    }

    /// One entry that says everything.
    init(_ status: HTTPResponse.Status, _ code: String, path: String, value: String?, _ message: String, remedy: String)
    {
        self.init(
            status, code, message, [Entry(path: path, value: value, message: message, remedy: remedy)])
    }

    /// Fields of one request that are wrong, all of them.
    static func invalid(_ entries: [Entry]) -> Problem {
        let detail =
            entries.count == 1
            ? "\(entries[0].path): \(entries[0].message)" : "\(entries.count) fields of the request are wrong"
        return Problem(.badRequest, "invalid_request", detail, entries)
    }

    static func notFound(_ kind: String, _ value: String, remedy: String) -> Problem {
        Problem(
            .notFound, "unknown_\(kind)", path: "{\(kind)}", value: value, "there is no such \(kind)", remedy: remedy)
    }
}

extension Problem {
    /// What the gateway said, in the statuses of INTERFACES.md §6.
    init(_ error: GatewayError) {
        switch error {
        case .refused(let refusal): self.init(refusal)
        case .risk(let reject):
            self.init(.unprocessableContent, reject.code, reject.message)
            self.reject = reject
        case .keyInUse:
            self.init(
                .conflict, "idempotency_key_in_use", path: "Idempotency-Key", value: nil,
                "a request with this key is being made durable", remedy: "repeat the request in a moment")
            headers[.retryAfter] = "1"
        case .keyReused(let subject):
            self.init(
                .unprocessableContent, "idempotency_key_reused", path: "Idempotency-Key", value: nil,
                "the key was used for another request, which made \(subject)",
                remedy: "use a new key for a new request; repeat the same body to see what the first one made")
        case .versionMismatch(let current):
            self.init(
                .preconditionFailed, "version_mismatch", path: "If-Match", value: nil,
                current == 0 ? "there is no stored version" : "the stored version is \(current)",
                remedy: "read it again and repeat the change on the current version")
            if current > 0 { headers[.eTag] = "\"\(current)\"" }
        case .secondPersonRequired(let change):
            self.init(
                .forbidden, "second_person_required", path: "/scope", value: change.scope.description,
                "it takes another person to resume what \(change.by) stopped, and than the one whose order led to it",
                remedy: "let another person resume it with a key of their own")
        case .stopped(let change, let call):
            let why = change.reason.isEmpty ? "" : ": \(change.reason)"
            self.init(
                .unprocessableContent, "trading_state", path: "/name", value: call,
                "\(change.scope) is \(change.status.rawName) by \(change.by)\(why); "
                    + "the call \(call) may change something at the broker",
                remedy: "resume the scope first; calls that read or only take back are made in every state")
        case .inUse(let reason): self.init(.conflict, "in_use", reason)
        case .overloaded:
            self.init(.tooManyRequests, "overloaded", "too many requests wait for the disk; nothing was stored")
            headers[.retryAfter] = "1"
        case .notServing(let reason):
            self.init(.serviceUnavailable, "not_serving", reason)
            headers[.retryAfter] = "1"
        case .store(let failure):
            self.init(
                .serviceUnavailable, "storage_failed",
                "the store failed (\(failure.code)); nothing is admitted until the gateway is restarted")
        }
    }

    init(_ refusal: ParentRefusal) {
        let status: HTTPResponse.Status =
            switch refusal.kind {
            case .malformed: .badRequest
            case .notFound: .notFound
            case .forbidden: .forbidden
            }
        self.init(
            status, refusal.code, path: refusal.path, value: refusal.value, refusal.message, remedy: refusal.remedy)
    }

    init(_ failure: StoreFailure) {
        switch failure {
        case .invalidValue(let field, let value, let expected):
            self.init(
                .badRequest, "invalid_request", path: "/\(field)", value: value, "the value cannot be stored",
                remedy: "expected \(expected)")
        default: self.init(.store(failure))
        }
    }
}
