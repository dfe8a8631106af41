package import Domain
package import Settings

/// How one account reaches its broker: what configuration says and no adapter sees.
package struct AccountConnection: Sendable {
    /// Addresses in place of the manifest's and the descriptor's, by endpoint id.
    package var endpoints: [String: String]
    /// Local IP address that requests leave from; `nil` = the system's choice.
    package var source: String?
    /// `http://host:port` of a proxy that is asked to tunnel; `nil` = direct.
    package var proxy: String?
    package var secrets: [String: Secret]

    package init(
        endpoints: [String: String] = [:], source: String? = nil, proxy: String? = nil,
        secrets: [String: Secret] = [:]
    ) {
        (self.endpoints, self.source, self.proxy, self.secrets) = (endpoints, source, proxy, secrets)
    }
}

/// A secret that is kept over restarts.
package struct KeptSecret: Sendable {
    package var name: String
    package var secret: Secret
    /// `nil` = for ever.
    package var expiresAt: Timestamp?
    package init(name: String, secret: Secret, expiresAt: Timestamp?) {
        (self.name, self.secret, self.expiresAt) = (name, secret, expiresAt)
    }
}

/// Keeps secrets of sessions over restarts, encrypted. Any thread.
package protocol SecretKeeper: AnyObject, Sendable {
    /// What is kept and not expired at `now`. May block; called when a session is made.
    func kept(_ adapter: AdapterID, _ account: AccountID, now: Timestamp) throws -> [KeptSecret]
    /// Keeps one, in place of an earlier one of the name. Returns at once; written soon after.
    func keep(_ secret: KeptSecret, _ adapter: AdapterID, _ account: AccountID)
    /// Forgets one. Returns at once.
    func erase(_ name: String, _ adapter: AdapterID, _ account: AccountID)
}
