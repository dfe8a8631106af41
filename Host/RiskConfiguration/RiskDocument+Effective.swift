package import Domain
import Engine

/// One limit in force, and where it comes from.
package struct EffectiveLimit: Hashable, Sendable {
    package var control: String
    package var key: String
    /// As `SettingValue.text`; of money an account's own currency only.
    package var value: String
    /// `shipped default`, or the place that says it.
    package var origin: String
    /// Whose orders or total it bounds.
    package var binds: RiskPlace
}

extension RiskDocument {
    package static let shippedOrigin = "shipped default"

    /// The limits in force for a scope or a profile, made by the layers that `limits(version:accounts:)` is made of.
    ///
    /// - An account: every control and key of its own, `unlimited` written out, then what its groups, its adapter and the
    ///   firm are bound by, then what each entry of instruments adds.
    /// - A profile: every control and key for an account that has nothing of its own. An account without a profile of its
    ///   own has the firm's; `profile:default` is what there is without one.
    /// - Another scope: every key that can bind it.
    /// - Returns: `nil` where neither the document nor the parameters know the scope.
    package func effective(
        scope: RiskPlace, accounts: [Account], groups: [ExecutionGroup]
    ) -> [EffectiveLimit]? {
        switch scope {
        case .account(let id):
            guard let account = accounts.first(where: { $0.id == id }) else { return nil }
            return accountRows(account, groups: groups)
        case .profile(let name):
            guard name == "default" || entry(scope) != nil else { return nil }
            return rows(layers(profile: name), binds: scope, in: nil)
        case .firm: return totals(.firm)
        case .group(let id):
            guard entry(scope) != nil || groups.contains(where: { $0.id == id }) else { return nil }
            return totals(scope)
        case .adapter(let id):
            guard entry(scope) != nil || accounts.contains(where: { $0.adapter == id }) else { return nil }
            return totals(scope)
        case .instrument, .strategy: return entry(scope).map { _ in totals(scope) }
        }
    }

    private func accountRows(_ account: Account, groups: [ExecutionGroup]) -> [EffectiveLimit] {
        var resolver = LimitsResolver(self)
        var result = rows(resolver.layers(of: account), binds: .account(account.id), in: account.currency)
        for group in groups where group.members.contains(where: { $0.account == account.id }) {
            result += totals(.group(group.id), setOnly: true)
        }
        result += totals(.adapter(account.adapter), setOnly: true) + totals(.firm, setOnly: true)
        for entry in sortedEntries where entry.place.kind == .instrument {
            result += totals(entry.place, setOnly: true)
        }
        return result
    }

    /// Every key of an account's layers.
    private func rows(_ layers: LayeredSettings, binds: RiskPlace, in currency: Currency?) -> [EffectiveLimit] {
        SettingKey.all.compactMap { key in
            guard key.places.contains(.account) else { return nil }
            let (value, origin) = layers.settled(key)
            return EffectiveLimit(
                control: key.control.name, key: key.name, value: currency.map { value.text(in: $0) } ?? value.text,
                origin: origin?.description ?? Self.shippedOrigin, binds: binds)
        }
    }

    /// Every key that can bind the scope, or only those that are set.
    private func totals(_ place: RiskPlace, setOnly: Bool = false) -> [EffectiveLimit] {
        let settings = settings(at: place)
        return SettingKey.all.compactMap { key in
            guard key.places.contains(place.kind) else { return nil }
            let setting = settings[key]
            if setOnly, setting == nil { return nil }
            return EffectiveLimit(
                control: key.control.name, key: key.name, value: (setting?.value ?? key.absent).text,
                origin: setting == nil ? Self.shippedOrigin : place.description, binds: place)
        }
    }
}

extension LimitsResolver {
    /// What stands in force for one account.
    mutating func layers(of account: Account) -> LayeredSettings {
        let own = document.entry(.account(account.id))
        let profile = document.profile(of: own)
        guard let own, !own.settings.isEmpty else { return layers(profile) }
        return accountLayers(own, profile: profile, in: account.currency)
    }
}

extension LayeredSettings {
    /// The value as the limits have it: an escalation that `then` already reaches is none.
    func settled(_ key: SettingKey) -> (value: SettingValue, origin: RiskPlace?) {
        let inForce = self[key]
        guard let keys = ControlKeys.byControl[key.control], let then = keys.then, let escalate = keys.escalate,
            key.number == escalate.number || key.number == keys.grace?.number
        else { return (inForce.value, inForce.origin) }
        if let action = BreachResponse.Action(word: self[escalate].value.word) {
            let first = self[then]
            if action > BreachResponse.Action(word: first.value.word) ?? .reducing {
                return (inForce.value, inForce.origin)
            }
            return (key.absent, first.origin)
        }
        return (key.absent, self[escalate].origin)
    }
}
