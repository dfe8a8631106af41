import Domain

/// The config that an adapter is given for an account.
enum SessionConfig {
    /// The manifest's object with the account's members over it; `nil` where either is no JSON object.
    static func merged(manifest: String, account: String) -> JSONValue? {
        guard case .object(var members)? = try? JSONValue.parse(manifest),
            case .object(let own)? = try? JSONValue.parse(account)
        else { return nil }
        for (key, value) in own { members.append(key, value) }
        return .object(members)
    }

    /// The text that the adapter gets: validated by its schema, with the schema's defaults.
    ///
    /// - Throws: a sentence that names the members that are wrong.
    static func text(_ adapter: LoadedAdapter, account: Account) throws(SessionFailure) -> String {
        let findings = adapter.findings(ofConfig: account.config)
        guard findings.isEmpty, let merged = merged(manifest: adapter.manifestConfig, account: account.config) else {
            let words = findings.map(\.description).joined(separator: "; ")
            throw SessionFailure(code: "account.config", reason: "the config of account \(account.id): \(words)")
        }
        return (adapter.configSchema?.defaulted(merged) ?? merged).serializedText()
    }
}
