import Adapters
import Domain
import Engine
import Gateway
import HTTPTypes
import Hummingbird

/// `/api/accounts`: what is traded for, how it is connected.
extension Backend {
    func listAccounts(_ call: Call) async throws -> Answer {
        let covered = coveredAccounts(try call.caller())
        var query = call.query
        let statuses = gateway.accountStatuses().filter { covered?.contains($0.account.id) ?? true }
        // In order of definition there, newest first here.
        let page = try page(Array(statuses.reversed()), &query) { $0.account.id.rawValue }
        return .list(page.items, next: page.next) { $0.account($1) }
    }

    func showAccount(_ call: Call) async throws -> Answer {
        answer(try account(try call.account(), for: try call.caller()).id)
    }

    func createAccount(_ call: Call) async throws -> Answer {
        var reader = ObjectReader(try await call.object())
        let id = reader.required("id", "expected \(AccountID.rule)") { $0.identifier("id", AccountID.self) }
        let adapter = reader.required("adapter", adapterRule) { adapterID(&$0) }
        let currency = reader.required("currency", "expected 1 to 8 of A-Z 0-9, like INR") { Self.currency(&$0) }
        var account = Account(
            id: id ?? AccountID(unchecked: ""), adapter: adapter ?? Self.noAdapter,
            currency: currency ?? Currency(packed: 0))
        if let login = reader.text("login") { account.login = login }
        account.owner = reader.text("owner")
        account.environment = reader.word("environment", Words.environment) ?? .live
        account.config = Self.config(&reader) ?? "{}"
        account.isEnabled = reader.boolean("enabled", default: true)
        reader.finish(Schema.accountRequest)
        guard let id, adapter != nil, currency != nil, reader.entries.isEmpty else {
            throw Problem.invalid(reader.entries)
        }
        try checkConfig(account)
        guard gateway.account(id) == nil else {
            throw Problem(
                .conflict, "account_exists", path: "/id", value: id.rawValue, "there is an account \(id) already",
                remedy: "choose another id, or PATCH /api/accounts/\(id) to change it")
        }
        try await store(account, by: try call.caller().caller.actor)
        return answer(id, .created)
    }

    /// The account's config against its adapter's schema, where the adapter is loaded: each member that is wrong by name.
    private func checkConfig(_ account: Account) throws(Problem) {
        guard let adapter = adapters.adapter(account.adapter) else { return }
        let findings = adapter.findings(ofConfig: account.config)
        guard findings.isEmpty else { throw Problem.invalid(findings.map { $0.entry(below: "/config") }) }
    }

    /// A change holds for the next session; one that is open goes on with what it was opened with, but for a config whose
    /// adapter takes changes: it hears it at once.
    func changeAccount(_ call: Call) async throws -> Answer {
        var account = try account(try call.account(), for: try call.caller())
        let object = try await call.object()
        var reader = ObjectReader(object)
        if let login = reader.text("login") { account.login = login }
        if let owner = reader.text("owner") {
            account.owner = owner
        } else if object["owner"]?.isNull ?? false {
            account.owner = nil
        }
        if let environment: TradingEnvironment = reader.word("environment", Words.environment) {
            account.environment = environment
        }
        if let config = Self.config(&reader) { account.config = config }
        if let isEnabled = reader.boolean("enabled") { account.isEnabled = isEnabled }
        reader.finish(Schema.accountChange)
        guard reader.entries.isEmpty else { throw Problem.invalid(reader.entries) }
        if object["config"] != nil { try checkConfig(account) }
        try await store(account, by: try call.caller().caller.actor)
        return answer(account.id)
    }

    /// Makes an account durable, gives it the limits that are in force, and opens its session.
    private func store(_ account: Account, by actor: Actor) async throws {
        try await gateway.put(account, by: actor)
        try await runtime.applyLimits()
        guard account.isEnabled else { return gateway.disconnect(account.id) }
        adapters.configChanged(account)
        let (gateway, adapters) = (gateway, adapters)
        _ = try await offLoop { gateway.connect([account], adapters: adapters) }
    }

    func removeAccount(_ call: Call) async throws -> Answer {
        let account = try account(try call.account(), for: try call.caller())
        try await gateway.removeAccount(account.id, by: try call.caller().caller.actor)
        gateway.disconnect(account.id)
        return .noContent
    }

    /// 200 once the account takes orders, 202 while its session is opening.
    func connectAccount(_ call: Call) async throws -> Answer {
        let account = try account(try call.account(), for: try call.caller())
        guard account.isEnabled else {
            throw Problem(
                .conflict, "account_disabled", path: "{account}", value: account.id.rawValue, "the account is disabled",
                remedy: "PATCH it with enabled true first")
        }
        let (gateway, adapters) = (gateway, adapters)
        // Makes the session with the adapter's own code, which may take a while.
        let refusals = try await offLoop { gateway.connect([account], adapters: adapters) }
        if let refusal = refusals.first {
            throw Problem(
                .conflict, "account_has_no_session", path: "{account}", value: account.id.rawValue, refusal.reason,
                remedy: "mend the cause (\(refusal.code)) and connect again")
        }
        try await gateway.record(
            .accountConnected, account.id.rawValue, detail: "", by: try call.caller().caller.actor)
        let isReady = gateway.accountStatuses().first { $0.account.id == account.id }?.isReady ?? false
        return answer(account.id, isReady ? .ok : .accepted)
    }

    /// Closes the session, also for the accounts that share the login.
    func disconnectAccount(_ call: Call) async throws -> Answer {
        let account = try account(try call.account(), for: try call.caller())
        try await gateway.record(
            .accountDisconnected, account.id.rawValue, detail: "", by: try call.caller().caller.actor)
        gateway.disconnect(account.id)
        return answer(account.id)
    }

    private func answer(_ id: AccountID, _ status: HTTPResponse.Status = .ok) -> Answer {
        guard let found = gateway.accountStatuses().first(where: { $0.account.id == id }) else { return .noContent }
        return .json(status) { $0.account(found) }
    }

    // MARK: Fields

    /// Stands where the real one could not be read; never stored.
    private static let noAdapter: AdapterID = {
        guard let id = AdapterID("none") else { preconditionFailure("none is an adapter's id") }
        return id
    }()

    private var adapterRule: String {
        let known = adapters.statuses.map(\.id)
        return known.isEmpty ? "no adapter is installed" : "adapters are \(known.joined(separator: ", "))"
    }

    private func adapterID(_ reader: inout ObjectReader) -> AdapterID? {
        guard let text = reader.text("adapter", maximum: 32) else { return nil }
        guard let id = AdapterID(text), adapters.status(id) != nil else {
            reader.refuse("adapter", .string(text), "there is no such adapter", remedy: adapterRule)
            return nil
        }
        return id
    }

    private static func currency(_ reader: inout ObjectReader) -> Currency? {
        guard let text = reader.text("currency", maximum: 8) else { return nil }
        guard let currency = Currency(text) else {
            reader.refuse("currency", .string(text), "is no currency", remedy: "expected 1 to 8 of A-Z 0-9, like INR")
            return nil
        }
        return currency
    }

    private static func config(_ reader: inout ObjectReader) -> String? {
        guard let value = reader.take("config") else { return nil }
        guard case .object = value else {
            reader.refuse("config", value, "is no object", remedy: "expected what the adapter's schema describes")
            return nil
        }
        return value.serializedText()
    }
}

extension SchemaFinding {
    /// The finding as an entry of a problem.
    func entry(below path: String) -> Problem.Entry {
        Problem.Entry(
            path: path + self.path, value: value.map { String($0.serializedText().prefix(200)) }, message: message,
            remedy: remedy)
    }
}

extension JSONWriter {
    mutating func account(_ status: Gateway.AccountStatus) {
        let account = status.account
        object {
            $0.member("id", account.id.rawValue)
            $0.member("adapter", account.adapter.rawValue)
            $0.member("login", account.login)
            $0.member("owner", account.owner)
            $0.member("environment", account.environment.rawName)
            $0.member("currency", account.currency.description)
            $0.key("config")
            $0.raw(account.config)
            $0.member("enabled", account.isEnabled)
            $0.member("ready", status.isReady)
            $0.member("state", status.stateName)
            $0.member("reason", status.reason)
            $0.member("since", status.session?.since)
            $0.member("expires_at", status.session?.expiresAt)
        }
    }
}
