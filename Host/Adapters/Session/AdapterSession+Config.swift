package import Domain

extension AdapterSession {
    /// Tells the adapter an account's config as it is from now on, where it takes changes and this is one.
    ///
    /// - Parameter config: validated by the adapter's schema, defaults included.
    /// - Returns: whether the adapter will hear it; else the next session is made with it.
    @discardableResult
    func change(config: String, accountIndex: Int32) -> Bool {
        guard connections?.capabilities.contains(.takesConfigChanges) == true else { return false }
        let place = Int(accountIndex)
        let isNew = published.withLockedValue { published in
            guard published.configs.indices.contains(place), published.configs[place] != config else { return false }
            published.configs[place] = config
            return true
        }
        if isNew { ask(.config(account: accountIndex, config), deadline: nil) { _ in } }
        return isNew
    }
}

extension AdapterHost {
    /// An account's own config has changed: its sessions hear it, where their adapter takes changes.
    ///
    /// - Returns: whether one will hear it.
    @discardableResult
    package func configChanged(_ account: Account) -> Bool {
        var isHeard = false
        for session in sessions {
            guard let index = session.accountIndex(account.id),
                let config = try? SessionConfig.text(adapter(account.adapter) ?? session.adapter, account: account)
            else { continue }
            session.published.withLockedValue { $0.accounts[Int(index)] = account }
            if session.change(config: config, accountIndex: index) { isHeard = true }
        }
        return isHeard
    }

    /// A manifest has changed: the accounts of its adapter hear what config it gives them now.
    func manifestChanged(_ id: AdapterID) {
        for session in sessions where session.id.adapter == id {
            for account in session.published.withLockedValue({ $0.accounts }) { configChanged(account) }
        }
    }
}
