import Domain
import Engine

/// Settings of several places laid over one another, key by key, the later ones winning: what holds for an account, and
/// where each value comes from. Limits, effective limits and contradictions are all made of this.
struct LayeredSettings: Sendable {
    /// What stands in force for one key.
    struct InForce {
        var value: SettingValue
        /// `nil` = no place says anything: the key's own value holds.
        var setting: PlaceSettings.Setting?
        /// `nil` = the shipped default.
        var origin: RiskPlace?
    }

    private var layers: [(place: RiskPlace?, settings: PlaceSettings)] = []
    /// By the key's number: the layer, and the place in it; -1 = none, or the key's own value.
    private var winners: [(layer: Int16, index: Int16)]

    /// - Parameter shipped: The shipped default profile.
    init(_ shipped: PlaceSettings) {
        winners = Array(repeating: (-1, -1), count: SettingKey.all.count)
        lay(shipped, at: nil)
    }

    /// Lays the settings of a place over what stands.
    mutating func lay(_ settings: PlaceSettings, at place: RiskPlace?) {
        let layer = Int16(clamping: layers.count)
        layers.append((place, settings))
        for (index, setting) in settings.settings.enumerated() {
            winners[setting.key.number] = (layer, Int16(clamping: index))
        }
        for key in Self.impliedKeys where settings[key] == nil {
            guard let trigger = key.impliedBy.flatMap({ SettingKey.find(key.control, $0) }), settings[trigger] != nil
            else { continue }
            winners[key.number] = (layer, -1)
        }
    }

    private static let impliedKeys = SettingKey.all.filter { $0.impliedBy != nil && $0.places.contains(.account) }

    subscript(key: SettingKey) -> InForce {
        let winner = winners[key.number]
        guard winner.layer >= 0 else { return InForce(value: key.absent) }
        let layer = layers[Int(winner.layer)]
        guard winner.index >= 0 else { return InForce(value: key.absent, origin: layer.place) }
        let setting = layer.settings.settings[Int(winner.index)]
        return InForce(value: setting.value, setting: setting, origin: layer.place)
    }

    func value(_ key: SettingKey?) -> SettingValue? { key.map { self[$0].value } }

    // MARK: As limits

    /// The limits that these settings make in one currency. What has no amount in it is for `missing(_:)` to say.
    func limits(_ currency: Currency) -> AccountLimits {
        var limits = AccountLimits()
        for control in ControlKeys.all { fill(control, &limits, currency) }
        return limits
    }

    /// Fills what one control needs.
    func fill(_ control: ControlKeys, _ limits: inout AccountLimits, _ currency: Currency) {
        for key in control.keys where key.places.contains(.account) { key.fill(&limits, self[key].value, currency) }
        switch control.control {
        case .dailyLoss: limits.dailyLoss.response.settle()
        case .drawdown: limits.drawdown.response.settle()
        default: break
        }
        fillRule(control, &limits)
    }

    private func fillRule(_ control: ControlKeys, _ limits: inout AccountLimits) {
        let action = value(control.action)?.word ?? "reject"
        let isObserved = value(control.mode) == .word("observe") || action == "alert"
        if isObserved {
            limits.observed.insert(control.control)
        } else {
            limits.observed.remove(control.control)
        }
        var rule = ControlRule()
        rule.action = ControlRule.Action(word: action)
        switch value(control.severity)?.word {
        case "info": rule.severity = .info
        case "critical": rule.severity = .critical
        default: rule.severity = .warning
        }
        if rule.action == .coolOff { rule.coolOff = value(control.coolOff)?.count ?? 0 }
        limits.rules[control.control] = rule == ControlRule() ? nil : rule
    }

    /// Money settings in force that have no amount in a currency: an account of it can have no limits.
    func missing(_ currency: Currency) -> [PlaceSettings.Setting] {
        Self.moneyKeys.compactMap { key in
            guard let setting = self[key].setting, case .money(let amounts) = setting.value, amounts[currency] == nil
            else { return nil }
            return setting
        }
    }

    private static let moneyKeys = SettingKey.all.filter { key in
        if case .money = key.kind { key.places.contains(.account) } else { false }
    }
}

extension BreachResponse {
    /// An escalation that is not above what is done anyway does nothing: it came from above the place that says `then`.
    mutating func settle() {
        if let escalation, escalation > action { return }
        (escalation, grace) = (nil, 0)
    }
}

extension ControlRule.Action {
    /// `hold` and `slice` are what their controls do before they refuse.
    init(word: String) {
        switch word {
        case "alert": self = .alert
        case "clip": self = .clip
        case "cool_off": self = .coolOff
        case "reducing": self = .reducing
        case "cancel_all": self = .cancelAll
        case "square_off": self = .squareOff
        case "halted": self = .halted
        default: self = .reject
        }
    }
}

// MARK: - Totals

extension PlaceSettings {
    /// As limits of a scope's own total.
    var totals: TotalLimits {
        var totals = TotalLimits()
        totals.grossExposure = value(.grossExposure, "max").amounts
        totals.openOrders = value(.maxOpenOrders, "max").count
        totals.rates = value(.messageRate, "windows").rateWindows
        totals.netExposure = value(.netExposure, "max").amounts
        totals.netByInstrument = value(.netExposure, "by") == .word("instrument")
        totals.position = value(.maxPosition, "max").exactLimit
        totals.positionUnit = value(.maxPosition, "unit") == .word("lots") ? .lots : .units
        totals.loss = loss(.groupLoss, "")
        totals.aggregate = mentions(.groupAggregate) ? aggregate : nil
        return totals
    }

    private var aggregate: AggregateLimit {
        var limit = AggregateLimit()
        func value(_ name: String) -> SettingValue { self.value(.groupAggregate, name) }
        limit.notional = value("notional-limits.max").amounts
        limit.rates = value("message-rate.windows").rateWindows
        limit.openOrders = value("max-open-orders.max").count
        limit.position = value("max-position.max").exactLimit
        limit.positionUnit = value("max-position.unit") == .word("lots") ? .lots : .units
        limit.grossExposure = value("gross-exposure.max").amounts
        limit.netExposure = value("net-exposure.max").amounts
        limit.netByInstrument = value("net-exposure.by") == .word("instrument")
        limit.loss = loss(.groupAggregate, "group-loss.")
        return limit
    }

    private func loss(_ control: ControlID, _ section: String) -> GroupLossLimit {
        var limit = GroupLossLimit()
        limit.maximum = value(control, section + "max").amounts
        if control != .dailyLoss {
            limit.countsAccounts = value(control, section + "attribution") == .word("account")
        }
        limit.response.action = BreachResponse.Action(word: value(control, section + "then").word) ?? .reducing
        limit.response.escalation = BreachResponse.Action(word: value(control, section + "escalate").word)
        limit.response.grace = value(control, section + "grace").count
        limit.response.settle()
        return limit
    }

    /// As limits of a strategy.
    var strategy: StrategyLimits {
        var limits = StrategyLimits()
        limits.runs = value(.repeatedExecution, "max").count
        limits.rates = value(.messageRate, "windows").rateWindows
        limits.openOrders = value(.maxOpenOrders, "max").count
        limits.loss = loss(.dailyLoss, "")
        return limits
    }

    /// As tighter values for the instruments of a pattern.
    func instruments(_ match: InstrumentPattern) -> InstrumentLimits {
        var limits = InstrumentLimits(match: match)
        if mentions(.quantityLimits) {
            var quantity = QuantityLimit()
            quantity.maximum = value(.quantityLimits, "max").exactLimit
            quantity.maximumLots = value(.quantityLimits, "max_lots").count
            limits.quantity = quantity
        }
        if mentions(.maxPosition) { limits.position = value(.maxPosition, "max").exactLimit }
        if mentions(.priceCollar) {
            var account = AccountLimits()
            for key in ControlKeys.byControl[.priceCollar]?.keys ?? [] where key.places.contains(.instrument) {
                key.fill(&account, self[key]?.value ?? key.absent, Currency(packed: 0))
            }
            limits.collar = account.collar
        }
        return limits
    }
}
