import Domain
import Engine

extension ControlSettings {
    /// Names of controls that are mentioned and bind groups only.
    var groupControls: [String] {
        (groupLoss == nil ? [] : ["group-loss"]) + (aggregate == nil ? [] : ["group-aggregate"])
    }

    /// Replaces what this layer mentions of the controls of `ControlSettings+Controls.swift`, money limits apart.
    func layControls(over limits: inout AccountLimits, _ currency: Currency) {
        if let hours { limits.hours = hours }
        if let strategyRuns { limits.strategyRuns = strategyRuns }
        if let modifications { limits.modifications = modifications }
        if let duplicates { limits.duplicates = duplicates }
        dailyCounts.lay(over: &limits.dailyCounts)
        dailyCountsPerInstrument.lay(over: &limits.dailyCountsPerInstrument)
        if netExposure != nil { limits.netExposure.isByInstrument = netByInstrument }
        if let concentration { limits.concentration = concentration }
        if let leverage { limits.leverage = leverage }
        if let delivery { limits.shortRules.delivery = delivery }
        if let allowsNakedOptions { limits.shortRules.allowsNakedOptions = allowsNakedOptions }
        if let drawdown {
            if let basisPoints = drawdown.basisPoints { limits.drawdown.basisPoints = basisPoints }
            limits.drawdown.epoch = drawdown.epoch
            limits.drawdown.response = drawdown.response
        }
        if let lossStreak {
            limits.lossStreak.count = lossStreak.count
            limits.lossStreak.epsilon = lossStreak.epsilon[currency] ?? 0
            limits.lossStreak.coolOff = lossStreak.coolOff
        }
        if let selfTrade { limits.selfTrade = selfTrade }
    }
}

extension AccountLimits {
    /// The first of these controls that is looser here than above; `nil` = none is.
    func looserControl(than above: AccountLimits) -> String? {
        let checks: [(String, Bool)] = [
            ("trading-hours.calendar", above.hours.isLimited && !hours.isLimited),
            ("trading-hours.open_guard", hours.isLimited && hours.openGuard < above.hours.openGuard),
            ("trading-hours.close_guard", hours.isLimited && hours.closeGuard < above.hours.closeGuard),
            (
                "trading-hours.after_market",
                above.hours.isLimited && hours.allowsAfterMarket && !above.hours.allowsAfterMarket
            ),
            ("repeated-execution.max", strategyRuns > above.strategyRuns),
            ("modification-cap.max", modifications > above.modifications),
            ("duplicate-order.max", duplicates.maximum > above.duplicates.maximum),
            (
                "duplicate-order.window",
                above.duplicates.maximum != AccountLimits.unlimited && duplicates.window < above.duplicates.window
            ),
            ("daily-counts.orders", dailyCounts.orders > above.dailyCounts.orders),
            ("daily-counts.modifications", dailyCounts.modifications > above.dailyCounts.modifications),
            ("daily-counts.lots", dailyCounts.lots > above.dailyCounts.lots),
            ("daily-counts.cancels", dailyCounts.cancels > above.dailyCounts.cancels),
            (
                "daily-counts.per_instrument.orders",
                dailyCountsPerInstrument.orders > above.dailyCountsPerInstrument.orders
            ),
            (
                "daily-counts.per_instrument.modifications",
                dailyCountsPerInstrument.modifications > above.dailyCountsPerInstrument.modifications
            ),
            ("daily-counts.per_instrument.lots", dailyCountsPerInstrument.lots > above.dailyCountsPerInstrument.lots),
            ("net-exposure.max", netExposure.maximum > above.netExposure.maximum),
            (
                "net-exposure.by",
                above.netExposure.maximum != AccountLimits.unlimited && netExposure.isByInstrument
                    && !above.netExposure.isByInstrument
            ),
            ("concentration.bps", concentration > above.concentration),
            ("leverage.bps", leverage > above.leverage),
            ("short-rules.delivery", shortRules.delivery.rawValue < above.shortRules.delivery.rawValue),
            ("short-rules.naked_options", shortRules.allowsNakedOptions && !above.shortRules.allowsNakedOptions),
            ("drawdown.max", drawdown.maximum > above.drawdown.maximum),
            ("drawdown.bps", drawdown.basisPoints > above.drawdown.basisPoints),
            ("drawdown.epoch", above.drawdown.epoch == .allTime && drawdown.epoch == .session),
            ("drawdown.then", drawdown.response.action < above.drawdown.response.action),
            ("loss-streak.count", lossStreak.count > above.lossStreak.count),
            (
                "loss-streak.epsilon",
                above.lossStreak.count != AccountLimits.unlimited && lossStreak.epsilon > above.lossStreak.epsilon
            ),
            ("loss-streak.cool_off", lossStreak.coolOff < above.lossStreak.coolOff),
            ("self-trade.scope", selfTrade.owners.breadth < above.selfTrade.owners.breadth),
            (
                "self-trade.action",
                above.selfTrade.owners != .none && above.selfTrade.action != .tag && selfTrade.action == .tag
            ),
        ]
        return checks.first { $0.1 }?.0
    }
}

extension SelfTradeLimit.Owners {
    /// How many accounts count as one owner: each set holds the one before it.
    fileprivate var breadth: Int {
        switch self {
        case .none: 0
        case .owner: 1
        case .group: 2
        case .firm: 3
        }
    }
}
