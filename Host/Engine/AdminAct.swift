package import Domain

/// Who did something to the gateway's set-up, and why.
///
/// It changes nothing in the engine. What it brought about (an account defined, a group removed) is an event of its own in
/// the same record; what is kept outside of the engine (API keys) becomes durable in the same commit.
package struct AdminAct: Hashable, Sendable {
    /// Stored: never renumbered.
    package enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        case accountPut = 1
        case accountRemoved = 2
        case accountConnected = 3
        case accountDisconnected = 4
        case groupPut = 5
        case groupRemoved = 6
        case keyCreated = 7
        case keyRevoked = 8
        case instrumentAcknowledged = 9
        case instrumentsRefreshed = 10
        /// A broker's question about an order was answered, by a person or by the manifest's policy.
        case questionAnswered = 11
        /// A call of an adapter's own was made, which may change something at the broker.
        case brokerCalled = 12
        /// An adapter was shown a secret in clear.
        case secretRevealed = 13

        package var rawName: String {
            switch self {
            case .accountPut: "account_put"
            case .accountRemoved: "account_removed"
            case .accountConnected: "account_connected"
            case .accountDisconnected: "account_disconnected"
            case .groupPut: "group_put"
            case .groupRemoved: "group_removed"
            case .keyCreated: "key_created"
            case .keyRevoked: "key_revoked"
            case .instrumentAcknowledged: "instrument_acknowledged"
            case .instrumentsRefreshed: "instruments_refreshed"
            case .questionAnswered: "question_answered"
            case .brokerCalled: "broker_called"
            case .secretRevealed: "secret_revealed"
            }
        }
    }

    package var kind: Kind
    /// Id of the account, group or API key.
    package var subject: String
    /// The person, `configuration` for what the configuration file seeds, `gateway` for what no person asked for.
    package var by: String
    /// Id of the API key that the person used; empty where there was none.
    package var key: String
    /// Empty where nobody was asked for one.
    package var reason: String
    /// What else a reader wants to know, in one line; never a secret.
    package var detail: String
    package var at: Timestamp

    package init(
        _ kind: Kind, subject: String, by: String, key: String, reason: String, detail: String, at: Timestamp
    ) {
        (self.kind, self.subject, self.by, self.key) = (kind, subject, by, key)
        (self.reason, self.detail, self.at) = (reason, detail, at)
    }
}
