import AdapterKit
import Exact

/// The adapter of Zerodha's Kite Connect API, version 3: one session is one login with one account.
///
/// The broker gives an order call one answer and no news of its own. What happened to an order comes three ways: by the
/// stream's order frames, by postbacks, and by reading the books. The first two are hints, late, doubled and without
/// executions (FACTS.md §12), so each makes the adapter read the books again; only these move an order's fills.
final class ZerodhaAdapter: ConnectedAdapter {
    let host: Host
    let settings: KiteSettings
    let isData: Bool

    /// The login's secrets, known from `open` on.
    @exclusivity(unchecked) var login: Login?
    var loginEndTimer: TimerID?
    /// Whether requests carry an access token.
    var isLoggedIn: Bool { login?.accessToken != nil }

    @exclusivity(unchecked) var books = Books()
    @exclusivity(unchecked) var stream = Stream()
    /// Commands that the host ended before their last request was made: nothing may be sent for them any more.
    @exclusivity(unchecked) private var over: Set<UInt64> = []
    /// One frame's ticks, kept for its memory.
    @exclusivity(unchecked) var ticks: [Tick] = []

    /// Handles of the secrets of one login.
    struct Login {
        let apiKey: SecretHandle
        let apiSecret: SecretHandle
        private(set) var accessToken: SecretHandle?
        /// What every request carries; the token is made at egress from whatever the access token is then.
        private(set) var headers = Login.headers(nil)

        init(apiKey: SecretHandle, apiSecret: SecretHandle) { (self.apiKey, self.apiSecret) = (apiKey, apiSecret) }

        /// The token that requests carry from now on; `nil`: none.
        mutating func use(_ token: SecretHandle?) {
            accessToken = token
            headers = Login.headers(token.map { PreparedTemplate("token \(secret: apiKey):\(secret: $0)") })
        }

        static func headers(_ authorization: PreparedTemplate?) -> PreparedHeaders {
            let version = (name: "X-Kite-Version", value: PreparedTemplate("3"))
            return PreparedHeaders([version] + (authorization.map { [(name: "Authorization", value: $0)] } ?? []))
        }
    }

    init(host: Host, options: SessionOptions) throws(AdapterFailure) {
        guard options.accounts.count == 1, let account = options.accounts.first else {
            throw AdapterFailure(
                "a login of this broker is one account: give each account a login of its own, not "
                    + "\(options.accounts.count) accounts one")
        }
        if options.environment == .sandbox {
            throw AdapterFailure("the broker has no sandbox: environment must be live")
        }
        self.host = host
        settings = try KiteSettings(account.configuration())
        isData = options.role == .data
    }

    static func explain(brokerCode: String) -> StaticString? {
        switch brokerCode {
        case "TokenException": "The login has ended: log in again."
        case "UserException": "The broker has a question about the account: look at its own application."
        case "TwoFAException": "The second factor was refused."
        case "PermissionException": "The account or application is not permitted to do this."
        case "OrderException": "The broker could not take the order, or could not find it."
        case "InputException": "The broker refused a parameter."
        case "MarginException": "There are not enough funds."
        case "HoldingException": "There are not enough holdings to sell."
        case "NetworkException": "The broker's API could not reach its order system: look the order up."
        case "DataException": "The broker's API could not understand its order system: look the order up."
        case "GeneralException": "The broker failed in a way that it does not explain: look the order up."
        default: nil
        }
    }

    // MARK: Requests

    static let endpoint = "rest"
    static let streamEndpoint = "stream"
    /// How long the broker's own client waits (FACTS.md §1). Lists have longer.
    static let timeoutNanoseconds: Int64 = 7_000_000_000

    /// A request of the API, signed at egress; whose own parameters are still to be added.
    func request(_ call: Call, for command: Command) -> Request {
        finish(
            host.request(
                HTTPMethod(call.method), Self.endpoint, call.target, for: command,
                effect: call.changesNothing ? .read : .mutation), call)
    }

    /// A request that no command asked for.
    func ownRequest(_ call: Call) -> Request {
        finish(
            host.request(
                HTTPMethod(call.method), Self.endpoint, call.target, account: 0,
                effect: call.changesNothing ? .read : .mutation), call)
    }

    private func finish(_ request: consuming Request, _ call: Call) -> Request {
        var request = request
        request.totalTimeoutNanoseconds = Self.timeoutNanoseconds
        request.headers(login?.headers ?? Login.headers(nil))
        switch call.body {
        case .none: break
        case .form(let fields): request.form(fields)
        case .json(let text): request.json(Array(text.utf8))
        }
        // The host itself counts each submit, modify and cancel against `orders`.
        switch call.bucket {
        case .orders: if call.method == .post { request.cost(Call.Bucket.placements.rawValue) }
        default: request.cost(call.bucket.rawValue)
        }
        return request
    }

    func onCancelled(token: UInt64) {
        if over.count >= Self.mostOver { over.removeAll() }
        over.insert(token)
    }

    /// More than are in flight; of what is forgotten the host refuses a request by itself.
    private static let mostOver = 1_000

    /// Whether the host has ended a command: a second request for it would break the contract, and the host asks again.
    func isOver(_ command: Command) -> Bool { over.contains(command.token) }

    /// Sends a call for a command; `then` gets the `data` of a success. Every other answer ends the command.
    func send(_ call: Call, for command: Command, then: @escaping (JSONValue) -> Void) {
        host.send(request(call, for: command), for: command) { [self] answer in
            switch read(answer, bucket: call.bucket) {
            case .success(let data): then(data)
            case .failure(let error): command.fail(error)
            }
        }
    }

    /// What an answer says: the `data` of a success, else what it proves about the call.
    func read(_ answer: Answer, bucket: Call.Bucket) -> Result<JSONValue, AdapterError> {
        if let error = answer.transport.error { return .failure(error) }
        if bucket == .others { host.learnClock(from: answer) }
        let status = answer.status
        let body: JSONValue
        do { body = try answer.json() } catch {
            guard (200...299).contains(status) else {
                return .failure(note(Failure.read(status: status, body: nil), bucket))
            }
            return .failure(Failure.unreadable(status: status, "the answer is no JSON: \(error)"))
        }
        guard (200...299).contains(status), body["status"]?.string == "success", let data = body["data"] else {
            return .failure(note(Failure.read(status: status, body: body), bucket))
        }
        return .success(data)
    }

    /// An order call whose answer proves nothing is looked up by the host; the operator hears which, and why.
    func noteUnknown(_ error: AdapterError, _ answer: Answer, _ call: Call) {
        guard error.certainty == .unknown else { return }
        books.mayHaveMore(until: hiddenUntil)
        ordersMayMove()
        host.log(
            .warning, "An answer proves nothing of an order",
            [
                "call": "\(call.method.rawValue) \(call.path)", "status": String(answer.status),
                "reason": error.text ?? error.brokerText ?? "\(error.code)",
            ])
    }

    /// What an error means for more than the call it answers: the login has ended, or a limit is used up.
    private func note(_ error: AdapterError, _ bucket: Call.Bucket) -> AdapterError {
        switch error.code {
        case .authenticationExpired: loginHasEnded(error)
        case .rateLimited: host.rateFeedback(bucket.rawValue, account: 0, retryAfterNanoseconds: 1_000_000_000)
        default: break
        }
        return error
    }
}

extension HTTPMethod {
    init(_ method: Call.Method) {
        switch method {
        case .get: self = .get
        case .post: self = .post
        case .put: self = .put
        case .delete: self = .delete
        }
    }
}

// The underscored names keep this entry apart from other adapters' in one program; a C file makes it the library's.
@c(sluice_zerodha_entry)
public func sluiceZerodhaEntry(_ hello: UnsafeRawPointer?, _ reply: UnsafeMutableRawPointer?) -> Int32 {
    adapterEntry(ZerodhaAdapter.self, hello, reply)
}
