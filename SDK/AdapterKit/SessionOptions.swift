import CSluice
public import Exact

/// What a session is for: one login with one or more accounts.
public struct SessionOptions: Hashable, Sendable {
    public var role: SessionRole
    public var environment: SessionEnvironment
    /// The login that the accounts share.
    public var login: String
    /// At least one; commands and reports name an account by its place here.
    public var accounts: [AccountOptions]
    /// What the manifest allows beyond the ordinary.
    public var grants: SessionGrants

    /// Options by their parts; hosts make them, and tests of an adapter's own logic.
    public init(
        role: SessionRole = .trading, environment: SessionEnvironment = .sandbox, login: String,
        accounts: [AccountOptions], grants: SessionGrants = []
    ) {
        self.grants = grants
        self.role = role
        self.environment = environment
        self.login = login
        self.accounts = accounts
    }
}

/// What a manifest allows a session beyond the ordinary.
public struct SessionGrants: OptionSet, Hashable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// `Host.revealSecret` works, and each use is audited.
    public static let reveal = SessionGrants(rawValue: SLUICE_GRANT_REVEAL)
}

/// One account of a session.
public struct AccountOptions: Hashable, Sendable {
    /// The host's account id.
    public var id: String
    public var currency: String?
    /// A JSON object that the host validated by `Descriptor.configSchema`, as text; `{}` where nothing is set.
    public var config: String

    /// An account by its id.
    public init(id: String, currency: String? = nil, config: String = "{}") {
        self.id = id
        self.currency = currency
        self.config = config
    }

    /// The config, read with its numbers exact.
    public func configuration() throws(AdapterFailure) -> JSONValue {
        do {
            return try JSONValue.parse(config)
        } catch {
            throw AdapterFailure("account \(id): config is no JSON: \(error)")
        }
    }
}

extension SessionOptions {
    /// Reads what the host passes; `nil` with the offending field where it breaks the contract.
    static func read(_ cell: Cell, accounts: sluice_span) -> Result<SessionOptions, AdapterFailure> {
        guard let role = SessionRole(rawValue: cell.uint32(SLUICE_AT_session_options_role)) else {
            return .failure(AdapterFailure("session options: role is none of 1...2"))
        }
        guard let environment = SessionEnvironment(rawValue: cell.uint32(SLUICE_AT_session_options_environment)) else {
            return .failure(AdapterFailure("session options: environment is none of 1...3"))
        }
        if cell.isBrokenText(SLUICE_AT_session_options_login) {
            return .failure(AdapterFailure("session options: login is not UTF-8"))
        }
        guard let span = CellSpan(accounts, limit: 100_000), span.count > 0 else {
            return .failure(AdapterFailure("session options: accounts is not a span of 1...100000 accounts"))
        }
        var list: [AccountOptions] = []
        list.reserveCapacity(span.count)
        for index in 0..<span.count {
            let account = span[index]
            guard account.uint32(SLUICE_AT_account_index) == index else {
                return .failure(AdapterFailure("session options: account \(index) has another index than its place"))
            }
            if account.memory(SLUICE_AT_account_id) == nil || account.isBrokenText(SLUICE_AT_account_id)
                || account.isBrokenText(SLUICE_AT_account_currency) || account.isBrokenText(SLUICE_AT_account_config)
            {
                return .failure(AdapterFailure("session options: account \(index) lacks its id or is not UTF-8"))
            }
            list.append(
                AccountOptions(
                    id: account.text(SLUICE_AT_account_id) ?? "", currency: account.text(SLUICE_AT_account_currency),
                    config: account.text(SLUICE_AT_account_config) ?? "{}"))
        }
        return .success(
            SessionOptions(
                role: role, environment: environment, login: cell.text(SLUICE_AT_session_options_login) ?? "",
                accounts: list, grants: SessionGrants(rawValue: cell.uint64(SLUICE_AT_session_options_grants))))
    }
}
