import Domain

/// The config that an adapter is given for an account.
enum SessionConfig {
    /// The manifest's object with the account's members over it; `nil` where either is no JSON object.
    static func merged(manifest: String, account: String) -> String? {
        guard case .object(var members)? = try? JSONValue.parse(manifest),
            case .object(let own)? = try? JSONValue.parse(account)
        else { return nil }
        for (key, value) in own { members.append(key, value) }
        return JSONValue.object(members).serializedText()
    }
}
