/// One trading account at one broker, as an operator configured it.
package struct Account: Hashable, Sendable {
    package var id: AccountID
    package var adapter: AdapterID
    /// Accounts with one login share a session.
    package var login: String
    /// Who owns it (PAN or owner ID); self-trade prevention compares owners.
    package var owner: String?
    package var environment: TradingEnvironment
    package var currency: Currency
    /// JSON object for the adapter, validated by its schema.
    package var config: String
    package var isEnabled: Bool

    package init(
        id: AccountID, adapter: AdapterID, login: String? = nil, owner: String? = nil,
        environment: TradingEnvironment = .live, currency: Currency, config: String = "{}", isEnabled: Bool = true
    ) {
        (self.id, self.adapter, self.login, self.owner) = (id, adapter, login ?? id.rawValue, owner)
        (self.environment, self.currency, self.config, self.isEnabled) = (environment, currency, config, isEnabled)
    }
}
