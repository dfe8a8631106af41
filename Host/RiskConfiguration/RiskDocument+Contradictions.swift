package import Domain
import Engine
package import Settings

extension RiskDocument {
    func error(_ entry: Entry, _ message: String, _ remedy: String) -> ConfigurationError {
        ConfigurationError(
            file: file, line: entry.line, column: entry.column, path: entry.path,
            value: entry.place.id.isEmpty
                ? nil : ConfigurationError.excerpt(of: entry.place.id), message: message, remedy: remedy)
    }

    func error(_ setting: PlaceSettings.Setting, _ message: String, _ remedy: String) -> ConfigurationError {
        ConfigurationError(
            file: file, line: setting.line, column: setting.column, path: setting.path,
            value: ConfigurationError.excerpt(of: setting.value.text), message: message, remedy: remedy)
    }

    /// What an account sets looser than its profile, and the numbers of those keys.
    ///
    /// - Parameter currency: `nil` = the account does not exist, so every currency is compared.
    func contradictions(
        of own: Entry, above layers: LayeredSettings, in currency: Currency?
    ) -> (errors: [ConfigurationError], looser: Set<Int>) {
        var errors: [ConfigurationError] = []
        var looser: Set<Int> = []
        for setting in own.settings.settings {
            let above = layers[setting.key]
            guard setting.key.compare(setting.value, to: above.value, in: currency) == .looser,
                !isGatedOff(setting.key, layers), isComparable(setting.key, own.settings, layers)
            else { continue }
            looser.insert(setting.key.number)
            errors.append(
                looserError(setting, above.value, above.origin?.description ?? "the shipped default", currency))
        }
        return (errors, looser)
    }

    private func looserError(
        _ setting: PlaceSettings.Setting, _ above: SettingValue, _ origin: String, _ currency: Currency?
    ) -> ConfigurationError {
        func text(_ value: SettingValue) -> String {
            ConfigurationError.excerpt(of: currency.map { value.text(in: $0) } ?? value.text)
        }
        return error(
            setting, "\(setting.key.path) is looser than in \(origin): \(text(setting.value)) against \(text(above))",
            "a child may only tighten; give \(text(above)) or tighter, or change it there")
    }

    private func isGatedOff(_ key: SettingKey, _ layers: LayeredSettings) -> Bool {
        guard let gate = key.gate.flatMap({ SettingKey.find(key.control, $0) }) else { return false }
        return gate.isOff(layers[gate].value)
    }

    /// Limits in units and in lots cannot be compared without the instrument.
    private func isComparable(_ key: SettingKey, _ own: PlaceSettings, _ layers: LayeredSettings) -> Bool {
        guard key.control == .maxPosition, key.name == "max", let unit = SettingKey.find(.maxPosition, "unit") else {
            return true
        }
        return (own[unit]?.value ?? unit.absent) == layers[unit].value
    }

    /// An `escalate` that the `then` from above already reaches, or that has no `grace` anywhere.
    func responseErrors(of entry: Entry, in layers: LayeredSettings) -> [ConfigurationError] {
        var errors: [ConfigurationError] = []
        for control in [ControlID.dailyLoss, .drawdown] {
            guard let keys = ControlKeys.byControl[control], let escalate = entry.settings[keys.escalate],
                let action = BreachResponse.Action(word: escalate.value.word)
            else { continue }
            if entry.settings[keys.then] == nil, let then = layers.value(keys.then),
                let first = BreachResponse.Action(word: then.word), action <= first
            {
                errors.append(
                    error(
                        escalate, "\(escalate.value.text) is not more severe than then: \(then.text) from above",
                        "give a more severe one, or none"))
            }
            if let grace = layers.value(keys.grace), grace.count == 0 {
                errors.append(error(escalate, "escalate does not say when", "give grace: 60s beside it"))
            }
        }
        if let keys = ControlKeys.byControl[.messageRate], let action = entry.settings[keys.action],
            action.value == .word("hold"), layers.value(keys.byName["max_hold"])?.count == 0
        {
            errors.append(error(action, "action: hold waits for max_hold, which is 0s here", "give max_hold beside it"))
        }
        return errors
    }

    /// What a part of the firm sets looser than the firm's own total. Net exposures are left out: those of the parts
    /// cancel out against one another.
    func firmContradictions(of entry: Entry) -> [ConfigurationError] {
        guard let firm = self.entry(.firm) else { return [] }
        let controls: Set<ControlID> = [.grossExposure, .maxOpenOrders, .messageRate]
        return entry.settings.settings.compactMap { setting in
            guard controls.contains(setting.key.control), setting.key.places.contains(.firm),
                let above = firm.settings[setting.key]
            else { return nil }
            let isLooser: Bool
            if case .money(let amounts) = setting.value, case .money(let others) = above.value {
                // A currency that only one of them has is no contradiction.
                isLooser = amounts.contains { currency, amount in others[currency].map { amount > $0 } ?? false }
            } else {
                isLooser = setting.value != .unlimited && setting.key.compare(setting.value, to: above.value) == .looser
            }
            return isLooser ? looserError(setting, above.value, "firm", nil) : nil
        }
    }

    // MARK: Names

    /// Names in the document of what does not exist. For a document that is put into force: one that is read again at a
    /// start may name what was removed since.
    package func unknownNames(
        accounts: some Sequence<AccountID>, groups: some Sequence<GroupID>, adapters: some Sequence<AdapterID>
    ) -> [ConfigurationError] {
        let names: [RiskPlace.Kind: Set<String>] = [
            .account: Set(accounts.map(\.rawValue)), .group: Set(groups.map(\.rawValue)),
            .adapter: Set(adapters.map(\.rawValue)),
        ]
        // Suggestions compare with every name, so only the first errors get one.
        var suggestions = 50
        return entries.compactMap { entry in
            let kind = entry.place.kind
            guard let known = names[kind], !known.contains(entry.place.id) else { return nil }
            suggestions -= 1
            let remedy =
                (suggestions >= 0 ? nearestWord(to: entry.place.id, among: known.sorted()) : nil).map {
                    "did you mean '\($0)'?"
                }
                ?? (known.isEmpty
                    ? "there are no \(kind.name)s"
                    : "\(kind.name)s are \(known.sorted().prefix(20).joined(separator: ", "))"
                        + (known.count > 20 ? " and \(known.count - 20) more" : ""))
            return error(entry, "there is no \(kind.name) '\(ConfigurationError.excerpt(of: entry.place.id))'", remedy)
        }
    }
}
