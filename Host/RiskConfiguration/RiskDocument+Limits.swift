package import Domain
package import Engine
package import Settings

extension RiskDocument {
    /// The limits of these accounts, for a document that is put into force.
    ///
    /// - Throws: Every contradiction, as `contradictions(accounts:)` finds them.
    package func limits(version: Int64, accounts known: [Account]) throws(ConfigurationErrors) -> RiskLimits {
        let (limits, contradictions) = resolve(version: version, accounts: known)
        if let errors = ConfigurationErrors(upToLimit: contradictions) { throw errors }
        return limits
    }

    /// The limits of these accounts, for a document that is in force already and is read again: at a start, or because
    /// accounts changed. A contradiction that there is now is no reason to stop, but never loosens anything: a value that
    /// is looser than the one above it does not count, and an account without an amount in its currency has no limits,
    /// which refuses all its orders. Whoever asks tells people of `contradictions(accounts:)`.
    package func standingLimits(version: Int64, accounts known: [Account]) -> RiskLimits {
        resolve(version: version, accounts: known).limits
    }

    /// What contradicts another place of the document, each at its place: an id that stands twice, a child that is looser
    /// than what stands above it, an amount that is missing in the currency of an account.
    package func contradictions(accounts known: [Account]) -> [ConfigurationError] {
        resolve(version: 0, accounts: known).contradictions
    }

    private func resolve(
        version: Int64, accounts known: [Account]
    ) -> (limits: RiskLimits, contradictions: [ConfigurationError]) {
        var resolver = LimitsResolver(self)
        var limits = RiskLimits(version: version)
        var currencies = Set(known.map(\.currency))
        if case .money(let amounts) = Self.shipped.value(.notionalLimits, "max") { currencies.formUnion(amounts.keys) }
        for currency in currencies {
            limits.defaults[currency] = resolver.base(profile: profile(of: nil), currency).limits
        }
        limits.accounts.reserveCapacity(known.count)
        for account in known { limits.accounts[account.id] = resolver.limits(of: account) }
        resolver.checkOthers(known: Set(known.map(\.id)))
        for entry in entries {
            switch entry.place {
            case .firm: limits.firm = entry.settings.totals
            case .group(let id): limits.groups[id] = entry.settings.totals
            case .adapter(let id): limits.adapters[id] = entry.settings.totals
            case .strategy(let id): limits.strategies[id] = entry.settings.strategy
            case .instrument(let text):
                if let match = InstrumentPattern(text) { limits.instruments.append(entry.settings.instruments(match)) }
            case .profile, .account: break
            }
        }
        return (limits, resolver.errors)
    }
}

/// Makes limits of a document's layers and gathers what contradicts. Layers of a profile are laid once, so that accounts
/// cost what they set themselves; accounts that set nothing share one value's storage.
struct LimitsResolver {
    let document: RiskDocument
    private(set) var errors: [ConfigurationError] = []
    private var layersOf: [String?: LayeredSettings] = [:]
    private var bases: [Profiled: Base] = [:]

    private struct Profiled: Hashable {
        var profile: String?
        var currency: Currency
    }

    struct Base {
        /// `nil` = an amount is missing.
        var limits: AccountLimits?
        var missing: [PlaceSettings.Setting]
    }

    init(_ document: RiskDocument) {
        self.document = document
        for entry in document.repeated {
            errors.append(
                document.error(
                    entry, "\(entry.place) stands twice",
                    "it stands at line \(document.entry(entry.place)?.line ?? 0) already: a place comes once"))
        }
    }

    mutating func layers(_ profile: String?) -> LayeredSettings {
        if let known = layersOf[profile] { return known }
        let layers = document.layers(profile: profile)
        layersOf[profile] = layers
        return layers
    }

    /// What accounts of a profile and currency start from.
    mutating func base(profile: String?, _ currency: Currency) -> Base {
        let key = Profiled(profile: profile, currency: currency)
        if let known = bases[key] { return known }
        let layers = layers(profile)
        let missing = layers.missing(currency)
        let base = Base(limits: missing.isEmpty ? layers.limits(currency) : nil, missing: missing)
        bases[key] = base
        return base
    }

    /// `nil` where an amount is missing.
    mutating func limits(of account: Account) -> AccountLimits? {
        let own = document.entry(.account(account.id))
        let profile = document.profile(of: own)
        let base = base(profile: profile, account.currency)
        guard let own, !own.settings.isEmpty else {
            reportMissing(base.missing, account)
            return base.limits
        }
        let layers = accountLayers(own, profile: profile, in: account.currency)
        let missing = layers.missing(account.currency)
        guard missing.isEmpty else {
            reportMissing(missing, account)
            return nil
        }
        guard var limits = base.limits else { return layers.limits(account.currency) }
        var last: ControlID?
        for setting in own.settings.settings where setting.key.control != last {
            last = setting.key.control
            if let control = ControlKeys.byControl[setting.key.control] {
                layers.fill(control, &limits, account.currency)
            }
        }
        return limits
    }

    /// An account's own settings over its profile; what is looser is reported and does not count.
    mutating func accountLayers(
        _ own: RiskDocument.Entry, profile: String?, in currency: Currency?
    ) -> LayeredSettings {
        var layers = layers(profile)
        let findings = document.contradictions(of: own, above: layers, in: currency)
        errors += findings.errors
        let looser = findings.looser
        layers.lay(
            looser.isEmpty
                ? own.settings : PlaceSettings(own.settings.settings.filter { !looser.contains($0.key.number) }),
            at: own.place)
        errors += document.responseErrors(of: own, in: layers)
        return layers
    }

    /// Once for each setting and currency.
    private mutating func reportMissing(_ missing: [PlaceSettings.Setting], _ account: Account) {
        for setting in missing {
            guard reported.insert("\(setting.line) \(setting.column) \(account.currency)").inserted else { continue }
            errors.append(
                document.error(
                    setting,
                    "\(setting.key.path) has no amount in \(account.currency), the currency of "
                        + "account:\(account.id)", "add an amount in \(account.currency), or unlimited"))
        }
    }
    private var reported: Set<String> = []

    /// Entries of accounts that are not there, profiles, and totals against the firm's.
    mutating func checkOthers(known: Set<AccountID>) {
        for entry in document.entries {
            switch entry.place {
            case .account(let id):
                if !known.contains(id) {
                    _ = accountLayers(entry, profile: document.profile(of: entry), in: nil)
                }
                errors += document.firmContradictions(of: entry)
            case .profile(let name): errors += document.responseErrors(of: entry, in: layers(name))
            case .group, .adapter, .strategy: errors += document.firmContradictions(of: entry)
            case .firm, .instrument: break
            }
        }
    }
}
