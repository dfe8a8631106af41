import Domain
import Engine

// Controls of exposures, margins and results.

private let accounts: Set<RiskPlace.Kind> = [.profile, .account]
private let second: Int64 = 1_000_000_000
private let day: Int64 = 86_400_000_000_000

extension ControlKeys {
    static let maxPosition = [
        SettingKey.Entry(
            name: "max", unit: "units or lots", kind: .quantity(), direction: .lower,
            places: accounts.union([.group, .instrument]), note: "worst case of the position in one instrument",
            fill: { limits, value, _ in limits.position = value.exactLimit }),
        SettingKey.Entry(
            name: "unit", unit: "word", kind: .word(["units", "lots"]), direction: .neutral,
            places: accounts.union([.group]), absent: .word("units"), companion: "max", impliedBy: "max",
            note: "what max counts; units where max stands without it",
            fill: { limits, value, _ in limits.positionUnit = value.word == "lots" ? .lots : .units }),
    ]

    static let grossExposure = SettingKey.Entry(
        name: "max", unit: "money", kind: .money(), direction: .lower, places: accounts.union([.firm, .group]),
        note: "value of all worst cases",
        fill: { limits, value, currency in limits.grossExposure = value.minorUnits(currency) })

    static let netExposure = [
        SettingKey.Entry(
            name: "max", unit: "money", kind: .money(), direction: .lower, places: accounts.union([.firm, .group]),
            note: "value of longs or shorts, the larger",
            fill: { limits, value, currency in limits.netExposure.maximum = value.minorUnits(currency) }),
        SettingKey.Entry(
            name: "by", unit: "word", kind: .word(["instrument", "underlying"]),
            direction: .ranked(["instrument", "underlying"]), places: accounts.union([.firm, .group]),
            absent: .word("underlying"), companion: "max", gate: "max", note: "what is summed together",
            fill: { limits, value, _ in limits.netExposure.isByInstrument = value.word == "instrument" }),
    ]

    static let concentration = SettingKey.Entry(
        name: "bps", unit: "bps", kind: .integer(1...1_000_000), direction: .lower,
        note: "one instrument's worst case, of the equity",
        fill: { limits, value, _ in limits.concentration = value.count })

    static let leverage = SettingKey.Entry(
        name: "bps", unit: "bps", kind: .integer(1...10_000_000), direction: .lower,
        note: "gross exposure, of the equity; 20000 = twice",
        fill: { limits, value, _ in limits.leverage = value.count })

    static let shortRules = [
        SettingKey.Entry(
            name: "delivery", unit: "word", kind: .word(["unlimited", "holdings", "free"]),
            direction: .ranked(["unlimited", "holdings", "free"]), absent: .word("unlimited"),
            note: "what a delivery sell must be held in",
            fill: { limits, value, _ in
                limits.shortRules.delivery =
                    value.word == "free" ? .free : value.word == "holdings" ? .holdings : .unlimited
            }),
        SettingKey.Entry(
            name: "naked_options", unit: "flag", kind: .flag, direction: .lower, absent: .flag(true),
            note: "whether options may be sold short",
            fill: { limits, value, _ in limits.shortRules.allowsNakedOptions = value.isSet }),
    ]

    static let marginBuffer = [
        SettingKey.Entry(
            name: "absolute", unit: "money", kind: .money(orUnlimited: false), direction: .higher, absent: .money([:]),
            note: "free margin that must be left", fill: { $0.margin.absolute = $1.minorUnits($2) }),
        SettingKey.Entry(
            name: "bps", unit: "bps", kind: .integer(0...10_000), direction: .higher, absent: .integer(0),
            note: "the same of the equity, the larger counts; unlimited = no margin is asked for",
            fill: { limits, value, _ in
                limits.margin.isLimited = value != .unlimited
                limits.margin.basisPoints = value == .unlimited ? 0 : value.count
            }),
        SettingKey.Entry(
            name: "max_age", unit: "duration", kind: .duration(0 ... .max), direction: .lower,
            absent: .duration(60 * second), note: "oldest funds, also for limits in parts of the equity",
            fill: { limits, value, _ in limits.margin.maximumAge = value.count }),
        SettingKey.Entry(
            name: "rates", unit: "rates", kind: .rates, direction: .list, absent: .rates([.everything]), gate: "bps",
            note: "margin of an instrument's value, first match",
            fill: { limits, value, _ in if case .rates(let rates) = value { limits.margin.rates = rates } }),
    ]

    // MARK: Results

    static let dailyLoss =
        [
            SettingKey.Entry(
                name: "max", unit: "money", kind: .money(), direction: .lower, places: accounts.union([.strategy]),
                note: "loss of a day", fill: { $0.dailyLoss.maximum = $1.minorUnits($2) }),
            SettingKey.Entry(
                name: "warn_bps", unit: "bps", kind: .integer(0...10_000, orUnlimited: false), direction: .neutral,
                absent: .integer(8_000), note: "an alert at this part of max",
                fill: { limits, value, _ in limits.dailyLoss.warnBasisPoints = value.count }),
            SettingKey.Entry(
                name: "project_stop", unit: "flag", kind: .flag, direction: .higher, absent: .flag(false), gate: "max",
                note: "an order's attached stop counts as lost",
                fill: { limits, value, _ in limits.dailyLoss.projectsStop = value.isSet }),
        ] + response(accounts.union([.strategy]), gate: "max") { $0.dailyLoss.response = $1($0.dailyLoss.response) }

    static let drawdown =
        [
            SettingKey.Entry(
                name: "max", unit: "money", kind: .money(), direction: .lower, note: "fall from the mark",
                fill: { $0.drawdown.maximum = $1.minorUnits($2) }),
            SettingKey.Entry(
                name: "bps", unit: "bps", kind: .integer(1...10_000), direction: .lower, note: "the same, of the mark",
                fill: { limits, value, _ in limits.drawdown.basisPoints = value.count }),
            SettingKey.Entry(
                name: "epoch", unit: "word", kind: .word(["session", "all_time"]),
                direction: .ranked(["session", "all_time"]), absent: .word("session"),
                note: "since when the mark is kept",
                fill: { limits, value, _ in limits.drawdown.epoch = value.word == "all_time" ? .allTime : .session }),
        ] + response(accounts, gate: nil) { $0.drawdown.response = $1($0.drawdown.response) }

    /// Of a group's own result; it fills `TotalLimits` alone.
    static func loss(_ places: Set<RiskPlace.Kind>, in section: String = "") -> [SettingKey.Entry] {
        [
            SettingKey.Entry(
                name: section + "max", unit: "money", kind: .money(), direction: .lower, places: places,
                note: "the group's loss of a day"),
            SettingKey.Entry(
                name: section + "attribution", unit: "word", kind: .word(["fills", "account"]), direction: .neutral,
                places: places, absent: .word("fills"), companion: section + "max",
                note: "the fills of its runs, or its accounts' results"),
        ] + response(places, gate: section + "max", companion: section + "max", in: section) { _, _ in }
    }

    /// What follows a breach.
    private static func response(
        _ places: Set<RiskPlace.Kind>, gate: String?, companion: String? = nil, in section: String = "",
        _ fill: @escaping @Sendable (inout AccountLimits, (BreachResponse) -> BreachResponse) -> Void
    ) -> [SettingKey.Entry] {
        let words = ["reducing", "cancel_all", "square_off", "halted"]
        return [
            SettingKey.Entry(
                name: section + "then", unit: "word", kind: .word(words), direction: .ranked(words), places: places,
                absent: .word("reducing"), companion: companion ?? "max", gate: gate,
                note: "what follows at the breach",
                fill: { limits, value, _ in
                    fill(&limits) { response in
                        var response = response
                        response.action = BreachResponse.Action(word: value.word) ?? .reducing
                        return response
                    }
                }),
            SettingKey.Entry(
                name: section + "escalate", unit: "word", kind: .word(["none"] + words),
                direction: .ranked(["none"] + words), places: places, absent: .word("none"),
                companion: companion ?? "max", gate: gate, note: "what follows after grace, more severe than then",
                fill: { limits, value, _ in
                    fill(&limits) { response in
                        var response = response
                        response.escalation = BreachResponse.Action(word: value.word)
                        return response
                    }
                }),
            SettingKey.Entry(
                name: section + "grace", unit: "duration", kind: .duration(second...day), direction: .lower,
                places: places, absent: .duration(0), companion: companion ?? "max", gate: section + "escalate",
                note: "how long after the breach escalate waits",
                fill: { limits, value, _ in
                    fill(&limits) { response in
                        var response = response
                        response.grace = value.count
                        return response
                    }
                }),
        ]
    }

    static let lossStreak = [
        SettingKey.Entry(
            name: "count", unit: "count", kind: .integer(1...Int64(RoundTrips.longest)), direction: .lower,
            note: "losing round trips in a row", fill: { limits, value, _ in limits.lossStreak.count = value.count }),
        SettingKey.Entry(
            name: "epsilon", unit: "money", kind: .money(orUnlimited: false), direction: .lower, absent: .money([:]),
            gate: "count", note: "results this close to zero neither count nor end a streak",
            fill: { limits, value, currency in limits.lossStreak.epsilon = value.minorUnits(currency) }),
        SettingKey.Entry(
            name: "cool_off", unit: "duration", kind: .duration(second...(30 * day)), direction: .higher,
            absent: .duration(900 * second), gate: "count", note: "how long the streak stops opening orders",
            fill: { limits, value, _ in limits.lossStreak.coolOff = value.count }),
    ]

    static let selfTrade = [
        SettingKey.Entry(
            name: "scope", unit: "word", kind: .word(["unlimited", "owner", "group", "firm"]),
            direction: .ranked(["unlimited", "owner", "group", "firm"]), absent: .word("unlimited"),
            note: "whose orders count as one owner's",
            fill: { limits, value, _ in
                limits.selfTrade.owners =
                    switch value.word {
                    case "owner": .owner
                    case "group": .group
                    case "firm": .firm
                    default: .none
                    }
            }),
        SettingKey.Entry(
            name: "action", unit: "word", kind: .word(["tag", "reject", "cancel_resting"]),
            direction: .words(["tag": 0, "reject": 1, "cancel_resting": 1]), absent: .word("reject"), gate: "scope",
            impliedBy: "scope",
            note: "what becomes of a conflict; reject where scope stands without it",
            fill: { limits, value, _ in
                limits.selfTrade.action =
                    value.word == "tag" ? .tag : value.word == "cancel_resting" ? .cancelResting : .reject
            }),
    ]

    /// Sections of other controls over all legs of a parent; they fill `AggregateLimit` alone.
    static let groupAggregate: [SettingKey.Entry] =
        [
            aggregate("notional-limits.max", "money", .money(), .lower, "value of all legs"),
            aggregate("message-rate.windows", "windows", .windows, .list, absent: .windows([]), "messages of all legs"),
            aggregate("max-open-orders.max", "count", .integer(0 ... .max), .lower, "live orders of the group"),
            aggregate("max-position.max", "units or lots", .quantity(), .lower, "sum of the accounts' worst cases"),
            aggregate(
                "max-position.unit", "word", .word(["units", "lots"]), .neutral, absent: .word("units"),
                companion: "max-position.max", impliedBy: "max-position.max", "what max-position.max counts"),
            aggregate("gross-exposure.max", "money", .money(), .lower, "gross exposure of the group"),
            aggregate("net-exposure.max", "money", .money(), .lower, "net exposure of the group"),
            aggregate(
                "net-exposure.by", "word", .word(["instrument", "underlying"]), .ranked(["instrument", "underlying"]),
                absent: .word("underlying"), companion: "net-exposure.max", "what is summed together"),
        ] + loss([.group], in: "group-loss.")

    private static func aggregate(
        _ name: String, _ unit: String, _ kind: SettingKey.Kind, _ direction: SettingKey.Direction,
        absent: SettingValue = .unlimited, companion: String? = nil, impliedBy: String? = nil, _ note: String
    ) -> SettingKey.Entry {
        SettingKey.Entry(
            name: name, unit: unit, kind: kind, direction: direction, places: [.group], absent: absent,
            companion: companion, impliedBy: impliedBy, note: note)
    }
}

extension BreachResponse.Action {
    /// `nil` for `none` and whatever else is no such word.
    init?(word: String) {
        switch word {
        case "reducing": self = .reducing
        case "cancel_all": self = .cancelAll
        case "square_off": self = .squareOff
        case "halted": self = .halted
        default: return nil
        }
    }
}

extension MarginLimit.Rate {
    /// Fully paid.
    static var everything: Self {
        guard let all = InstrumentPattern("*") else { preconditionFailure("* is a pattern") }
        return Self(match: all, basisPoints: 10_000)
    }
}
