package import Domain
package import Engine
package import Settings

/// The risk document: who is bound by what (RISK.md §6.1). Read strictly, with every error at its place; nothing of a
/// document with an error takes effect.
package struct RiskDocument {
    private var profiles: [String: ControlSettings] = [:]
    private var firmProfile: String?
    private var firm = ControlSettings()
    private var groups: [GroupID: ControlSettings] = [:]
    private var accountProfiles: [AccountID: String] = [:]
    private var accounts: [AccountID: ControlSettings] = [:]
    private var adapters: [AdapterID: ControlSettings] = [:]
    private var instruments: [InstrumentLimits] = []

    /// - Parameter file: For the places of errors.
    package init(_ text: String, file: String) throws(ConfigurationErrors) {
        var document = RiskDocument()
        try DocumentReader.read(Array(text.utf8), file: file) { reader in document.read(reader) }
        self = document
    }

    private init() {}

    private mutating func read(_ reader: MappingReader) {
        _ = reader.required("rms", .integer(1...1))
        for (name, value) in reader.value(of: "profiles")?.mapping?.entries() ?? [] {
            guard let mapping = value.mapping else {
                value.reportMismatch(expected: "a mapping of controls")
                continue
            }
            let settings = ControlSettings(mapping)
            for control in settings.groupControls {
                mapping.report(
                    "the control \(control) does not bind an account", remedy: "give it in limits of groups",
                    at: control)
            }
            profiles[name] = settings
            mapping.finish()
        }
        if reader.contains("firm") {
            let section = reader.section("firm")
            firmProfile = profile(section)
            firm = limits(section)
            refuse(firm.accountControls + firm.groupControls, section, "the firm's totals")
            section.finish()
        }
        for section in reader.sections("groups") {
            if let id = section.required("id", .identifier) as GroupID? {
                let settings = limits(section)
                refuse(settings.accountControls, section, "a group's totals")
                groups[id] = settings
            }
            section.finish()
        }
        for section in reader.sections("accounts") {
            if let id = section.required("id", .identifier) as AccountID? {
                if accounts[id] != nil { section.report("the account stands twice", at: "id") }
                accountProfiles[id] = profile(section)
                let settings = limits(section)
                refuse(settings.groupControls, section, "an account")
                accounts[id] = settings
            }
            section.finish()
        }
        for section in reader.sections("adapters") {
            if let id = section.required("id", .adapterID) {
                let settings = limits(section)
                refuse(
                    settings.accountControls + settings.groupControls
                        + (settings.netExposure == nil ? [] : ["net-exposure"]),
                    section, "an adapter's totals")
                adapters[id] = settings
            }
            section.finish()
        }
        for section in reader.sections("instruments") {
            let match = section.required("match", .instrumentPattern)
            let settings = limits(section)
            refuse(
                settings.accountControls + settings.groupControls
                    + (settings.netExposure == nil ? [] : ["net-exposure"]),
                section, "instruments")
            if let match {
                var entry = InstrumentLimits(match: match)
                (entry.quantity, entry.position, entry.collar) = (settings.quantity, settings.position, settings.collar)
                instruments.append(entry)
            }
            section.finish()
        }
    }

    /// A limit that nothing looks at is an error, not a comment.
    private func refuse(_ controls: [String], _ section: MappingReader, _ scope: String) {
        for control in controls {
            section.report(
                "the control \(control) does not bind \(scope)",
                remedy: ["group-loss", "group-aggregate"].contains(control)
                    ? "give it in limits of groups" : "give it in a profile or in limits of accounts", at: "limits")
        }
    }

    private func profile(_ section: MappingReader) -> String? {
        guard let name = section.optional("profile", .text) else { return nil }
        guard profiles[name] != nil || name == "default" else {
            section.report(
                "there is no profile '\(name)'",
                remedy: "profiles are \((["default"] + profiles.keys.sorted()).joined(separator: ", "))", at: "profile")
            return nil
        }
        return name
    }

    private func limits(_ section: MappingReader) -> ControlSettings {
        guard section.contains("limits") else { return ControlSettings() }
        let mapping = section.section("limits")
        defer { mapping.finish() }
        return ControlSettings(mapping)
    }

    // MARK: Effective limits

    /// What a scope may not do: be looser than what stands above it.
    package struct Contradiction: Error, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// The limits of these accounts, on top of the shipped default profile.
    package func limits(version: Int64, accounts known: [Account]) throws(Contradiction) -> RiskLimits {
        let shipped: RiskDocument
        do throws(ConfigurationErrors) {
            shipped = try RiskDocument(RiskDefaults.document, file: "the shipped default profile")
        } catch {
            preconditionFailure("the shipped default profile is broken: \(error)")
        }
        let base = shipped.profiles["default"] ?? ControlSettings()
        var result = RiskLimits(version: version)
        func profiled(_ name: String?) -> [ControlSettings] {
            [base, profiles["default"], name.flatMap { profiles[$0] }].compactMap(\.self)
        }
        var currencies = Set(known.map(\.currency))
        if case .amounts(let amounts)? = base.notionalMaximum { currencies.formUnion(amounts.keys) }
        for currency in currencies {
            result.defaults[currency] = effective(profiled(firmProfile), currency)
        }
        for account in known {
            let layers = profiled(accountProfiles[account.id] ?? firmProfile)
            guard var limits = effective(layers, account.currency) else { continue }
            if let own = accounts[account.id] {
                try own.tighten(&limits, account.currency, scope: "account:\(account.id)")
            }
            result.accounts[account.id] = limits
        }
        result.firm = firm.totals
        for (id, settings) in groups { result.groups[id] = settings.totals }
        for (id, settings) in adapters { result.adapters[id] = settings.totals }
        result.instruments = instruments
        return result
    }

    /// Layers laid over one another, the later ones winning; `nil` where a money limit has no amount in the currency.
    private func effective(_ layers: [ControlSettings], _ currency: Currency) -> AccountLimits? {
        var limits = AccountLimits()
        var isComplete = true
        for layer in layers { isComplete = layer.lay(over: &limits, currency) && isComplete }
        return isComplete ? limits : nil
    }
}

extension ControlSettings {
    /// Replaces what this layer mentions. `false` where it has no amount in the currency.
    fileprivate func lay(over limits: inout AccountLimits, _ currency: Currency) -> Bool {
        var isComplete = true
        func money(_ limit: MoneyLimit?, _ place: WritableKeyPath<AccountLimits, Int64>) {
            guard let limit else { return }
            guard let minor = limit.minorUnits(currency) else {
                isComplete = false
                return
            }
            limits[keyPath: place] = minor
        }
        if let allowList { limits.allowList = allowList }
        if let marketProtection { limits.marketProtection = marketProtection }
        if let collar { limits.collar = collar }
        if let quantity { limits.quantity = quantity }
        if let notionalMinimum { limits.notional.minimum = notionalMinimum[currency] ?? 0 }
        money(notionalMaximum, \.notional.maximum)
        money(notionalParentMaximum, \.notional.parentMaximum)
        if let maximumSlices { limits.maximumSlices = maximumSlices }
        if let rates { limits.rates = rates }
        if let maximumHold { limits.maximumHold = maximumHold }
        if let openOrders { limits.openOrders = openOrders }
        if let openOrdersPerInstrument { limits.openOrdersPerInstrument = openOrdersPerInstrument }
        if let position { limits.position = position }
        if let positionUnit { limits.positionUnit = positionUnit }
        money(grossExposure, \.grossExposure)
        if let margin {
            limits.margin.isLimited = margin.isLimited
            limits.margin.absolute = margin.absolute[currency] ?? 0
            limits.margin.basisPoints = margin.basisPoints
            limits.margin.maximumAge = margin.maximumAge
            limits.margin.rates = margin.rates
        }
        if let dailyLoss {
            money(dailyLoss.maximum, \.dailyLoss.maximum)
            limits.dailyLoss.warnBasisPoints = dailyLoss.warnBasisPoints
        }
        money(netExposure, \.netExposure.maximum)
        money(drawdown?.maximum, \.drawdown.maximum)
        layControls(over: &limits, currency)
        for (control, isObserved) in modes {
            if isObserved { limits.observed.insert(control) } else { limits.observed.remove(control) }
        }
        return isComplete
    }

    /// Lays an account's own limits over its profile; each may only be tighter.
    fileprivate func tighten(
        _ limits: inout AccountLimits, _ currency: Currency, scope: String
    ) throws(RiskDocument.Contradiction) {
        let above = limits
        guard lay(over: &limits, currency) else {
            throw RiskDocument.Contradiction(
                description: "\(scope): a money limit has no amount in the account's currency \(currency)")
        }
        func check(_ name: String, _ isLooser: Bool) throws(RiskDocument.Contradiction) {
            guard isLooser else { return }
            throw RiskDocument.Contradiction(
                description: "\(scope): \(name) is looser than the profile above it; a child may only tighten")
        }
        try check("price-collar.bps", limits.collar.basisPoints > above.collar.basisPoints)
        try check("quantity-limits.max", limits.quantity.maximum.isLooser(than: above.quantity.maximum))
        try check(
            "quantity-limits.max_lots",
            quantity != nil && quantity?.maximumLots != AccountLimits.unlimited
                && limits.quantity.maximumLots > above.quantity.maximumLots)
        try check("notional-limits.max", limits.notional.maximum > above.notional.maximum)
        try check("notional-limits.parent_max", limits.notional.parentMaximum > above.notional.parentMaximum)
        try check("freeze-slicing.max_slices", limits.maximumSlices > above.maximumSlices)
        try check("max-open-orders.max", limits.openOrders > above.openOrders)
        try check("max-open-orders.per_instrument", limits.openOrdersPerInstrument > above.openOrdersPerInstrument)
        try check("max-position.max", positionUnit != .lots && limits.position.isLooser(than: above.position))
        try check("gross-exposure.max", limits.grossExposure > above.grossExposure)
        try check("margin-buffer", above.margin.isLimited && !limits.margin.isLimited)
        try check("margin-buffer.bps", limits.margin.isLimited && limits.margin.basisPoints < above.margin.basisPoints)
        try check("daily-loss.max", limits.dailyLoss.maximum > above.dailyLoss.maximum)
        if let looser = limits.looserControl(than: above) { try check(looser, true) }
        // What the account's entry leaves out of a control keeps the value above.
        if let quantity, quantity.maximumLots == AccountLimits.unlimited {
            limits.quantity.maximumLots = above.quantity.maximumLots
        }
        if let quantity, case .unlimited = quantity.maximum { limits.quantity.maximum = above.quantity.maximum }
        if let quantity, case .unlimited = quantity.parentMaximum {
            limits.quantity.parentMaximum = above.quantity.parentMaximum
        }
    }

    /// As limits of a scope's own total.
    fileprivate var totals: TotalLimits {
        var totals = TotalLimits()
        switch grossExposure {
        case .amounts(let amounts)?: totals.grossExposure = amounts
        case .unlimited?, nil: break
        }
        totals.openOrders = openOrders ?? AccountLimits.unlimited
        totals.rates = rates ?? []
        totals.netExposure = Self.amounts(netExposure)
        totals.netByInstrument = netByInstrument
        totals.position = position ?? .unlimited
        totals.positionUnit = positionUnit ?? .units
        totals.loss = groupLoss ?? GroupLossLimit()
        totals.aggregate = aggregate
        return totals
    }
}

extension ExactLimit {
    fileprivate func isLooser(than other: ExactLimit) -> Bool {
        switch (self, other) {
        case (_, .unlimited), (.unlimited, .value): false
        case (.value(let own), .value(let above)): own > above
        }
    }
}
