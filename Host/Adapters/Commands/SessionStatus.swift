package import Domain

/// Names a session: one login at one adapter in one environment and role.
package struct SessionID: Hashable, Sendable, CustomStringConvertible {
    package let adapter: AdapterID
    package let login: String
    package let environment: TradingEnvironment
    package let role: SessionRole
    package var description: String { "\(adapter)/\(login)/\(environment.rawName)/\(role.rawName)" }
}

/// What a session is for (ABI.md rule 14).
package enum SessionRole: UInt8, VocabularyWord {
    case trading = 1
    /// Instruments and market data, so that a large download delays no cancel.
    case data = 2
    package var rawName: String { self == .trading ? "trading" : "data" }
}

/// Where a session stands.
package struct SessionStatus: Hashable, Sendable {
    package var state: SessionState
    /// When the login ends, where the broker says so.
    package var expiresAt: Timestamp?
    package var error: AdapterError?
    /// When this state was reported.
    package var since: Timestamp
    /// When the login should be renewed, where the broker says so.
    package var renewAt: Timestamp?
    /// What the login waits for, in state challenge.
    package var challenge: LoginChallenge?
    /// What this login offers of what the adapter's descriptor names, JSON of the same form; `nil`: all of it.
    package var capabilityDocument: String?
    /// Not `nil`: the adapter broke its contract badly, and how.
    package var poisonReason: String?

    package var isPoisoned: Bool { poisonReason != nil }
}
