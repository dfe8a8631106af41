import Domain
import Engine

/// Places whose settings bind totals, beside those of single accounts.
private let accounts: Set<RiskPlace.Kind> = [.profile, .account]
private let second: Int64 = 1_000_000_000
private let day: Int64 = 86_400_000_000_000

extension ControlKeys {
    /// Every control with its keys, in evaluation order (RISK.md §4).
    static let entries: [(ControlID, [SettingKey.Entry])] = [
        always(.requestShape), always(.authority), always(.instrument),
        (.allowList, allowList + common(clips: true)), (.tradingHours, tradingHours + common()),
        always(.tradingState), always(.unknownOutstanding),
        (.repeatedExecution, [runs] + common()), (.marketProtection, marketProtection + common()),
        (.priceCollar, priceCollar + common()), (.quantityLimits, quantityLimits + common(clips: true)),
        (.notionalLimits, notionalLimits + common(clips: true)),
        (.freezeSlicing, [slices] + common(clips: true, "slice")), (.messageRate, messageRate + common("hold")),
        (.modificationCap, [modifications] + common()), (.duplicateOrder, duplicateOrder + common()),
        (.maxOpenOrders, maxOpenOrders + common()), (.dailyCounts, dailyCounts + common(clips: true)),
        (.maxPosition, maxPosition + common(clips: true)), (.grossExposure, [grossExposure] + common(clips: true)),
        (.netExposure, netExposure + common(clips: true)), (.concentration, [concentration] + common(clips: true)),
        (.leverage, [leverage] + common(clips: true)), (.shortRules, shortRules + common(clips: true)),
        (.marginBuffer, marginBuffer + common(clips: true)), (.dailyLoss, dailyLoss + watched),
        (.drawdown, drawdown + watched), (.groupLoss, loss([.group]) + watched), (.lossStreak, lossStreak + watched),
        (.selfTrade, selfTrade + watched), (.groupAggregate, groupAggregate + common()),
    ]

    // MARK: Orders

    private static let allowList = [
        SettingKey.Entry(
            name: "rules", unit: "rows", kind: .allowRules, direction: .list, absent: .allowRules([]),
            note: "rows of what may be ordered; also written as the control's own list",
            fill: { limits, value, _ in if case .allowRules(let rules) = value { limits.allowList = rules } })
    ]

    private static let tradingHours = [
        SettingKey.Entry(
            name: "calendar", unit: "word", kind: .word(["none", "venue"]), direction: .ranked(["none", "venue"]),
            absent: .word("none"), note: "whether the venue's sessions bind",
            fill: { limits, value, _ in limits.hours.isLimited = value.word == "venue" }),
        SettingKey.Entry(
            name: "open_guard", unit: "duration", kind: .duration(0...day), direction: .higher, absent: .duration(0),
            gate: "calendar", note: "nothing is opened so soon after a session's opening",
            fill: { limits, value, _ in limits.hours.openGuard = value.count }),
        SettingKey.Entry(
            name: "close_guard", unit: "duration", kind: .duration(0...day), direction: .higher, absent: .duration(0),
            gate: "calendar", note: "nothing is opened so shortly before a session's close",
            fill: { limits, value, _ in limits.hours.closeGuard = value.count }),
        SettingKey.Entry(
            name: "after_market", unit: "flag", kind: .flag, direction: .lower, absent: .flag(false), gate: "calendar",
            note: "whether after-market orders are taken",
            fill: { limits, value, _ in limits.hours.allowsAfterMarket = value.isSet }),
        SettingKey.Entry(
            name: "day", unit: "word", kind: .word(["UTC"] + InstrumentID.venues.sorted()), direction: .neutral,
            absent: .word("UTC"), note: "the venue whose local date is the account's trading day; UTC without one",
            fill: { limits, value, _ in limits.hours.dayVenue = value.word == "UTC" ? nil : value.word }),
    ]

    private static let runs = SettingKey.Entry(
        name: "max", unit: "count", kind: .integer(0 ... .max), direction: .lower,
        places: accounts.union([.strategy]), note: "runs of one strategy since a person enabled it last",
        fill: { limits, value, _ in limits.strategyRuns = value.count })

    private static let marketProtection = [
        SettingKey.Entry(
            name: "convert", unit: "word", kind: .word(["none", "limit", "reject"]),
            direction: .ranked(["none", "limit", "reject"]), absent: .word("none"), note: "what market orders become",
            fill: { limits, value, _ in
                limits.marketProtection.conversion =
                    value.word == "limit" ? .limit : value.word == "reject" ? .reject : .none
            }),
        SettingKey.Entry(
            name: "bps", unit: "bps", kind: .integer(0...10_000, orUnlimited: false), direction: .lower,
            absent: .integer(0), gate: "convert", note: "distance of the limit from the reference",
            fill: { limits, value, _ in limits.marketProtection.basisPoints = value.count }),
        SettingKey.Entry(
            name: "absolute", unit: "price", kind: .distance, direction: .lower, absent: .decimal(.zero),
            gate: "convert", note: "the same as a price; the larger counts",
            fill: { limits, value, _ in limits.marketProtection.absolute = value.exact }),
    ]

    private static let collarPlaces = accounts.union([.instrument])
    private static let priceCollar = [
        SettingKey.Entry(
            name: "bps", unit: "bps", kind: .integer(0...1_000_000), direction: .lower, places: collarPlaces,
            note: "furthest from the reference on the dear side",
            fill: { limits, value, _ in limits.collar.basisPoints = value.count }),
        SettingKey.Entry(
            name: "absolute", unit: "price", kind: .distance, direction: .lower, places: collarPlaces,
            absent: .decimal(.zero), note: "the same as a price; the larger counts",
            fill: { limits, value, _ in limits.collar.absolute = value.exact }),
        SettingKey.Entry(
            name: "inner_bps", unit: "bps", kind: .integer(0...10_000), direction: .lower, places: collarPlaces,
            note: "furthest from the reference on the cheap side; unlimited = not looked at",
            fill: { limits, value, _ in
                limits.collar.innerBasisPoints = value == .unlimited ? nil : value.count
            }),
        SettingKey.Entry(
            name: "inner_absolute", unit: "price", kind: .distance, direction: .lower, places: collarPlaces,
            absent: .decimal(.zero), gate: "inner_bps", note: "the same as a price; the larger counts",
            fill: { limits, value, _ in limits.collar.innerAbsolute = value.exact }),
        SettingKey.Entry(
            name: "max_age", unit: "duration", kind: .duration(0 ... .max), direction: .lower, places: collarPlaces,
            absent: .duration(30 * second), note: "oldest reference price",
            fill: { limits, value, _ in limits.collar.maximumAge = value.count }),
    ]

    private static let quantityLimits = [
        SettingKey.Entry(
            name: "min", unit: "units", kind: .quantity(orUnlimited: false), direction: .higher, absent: .decimal(1),
            note: "least quantity of an order",
            fill: { limits, value, _ in limits.quantity.minimum = value.exact }),
        SettingKey.Entry(
            name: "max", unit: "units", kind: .quantity(), direction: .lower, places: accounts.union([.instrument]),
            note: "most of an order", fill: { limits, value, _ in limits.quantity.maximum = value.exactLimit }),
        SettingKey.Entry(
            name: "max_lots", unit: "lots", kind: .integer(1 ... .max), direction: .lower,
            places: accounts.union([.instrument]), note: "the same in lots",
            fill: { limits, value, _ in limits.quantity.maximumLots = value.count }),
        SettingKey.Entry(
            name: "parent_max", unit: "units", kind: .quantity(), direction: .lower, note: "most of a parent order",
            fill: { limits, value, _ in limits.quantity.parentMaximum = value.exactLimit }),
    ]

    private static let notionalLimits = [
        SettingKey.Entry(
            name: "min", unit: "money", kind: .money(orUnlimited: false), direction: .higher, absent: .money([:]),
            note: "least value of an order",
            fill: { limits, value, currency in limits.notional.minimum = value.minorUnits(currency) }),
        SettingKey.Entry(
            name: "max", unit: "money", kind: .money(), direction: .lower, note: "most value of an order",
            fill: { limits, value, currency in limits.notional.maximum = value.minorUnits(currency) }),
        SettingKey.Entry(
            name: "parent_max", unit: "money", kind: .money(), direction: .lower, note: "most value of a parent order",
            fill: { limits, value, currency in limits.notional.parentMaximum = value.minorUnits(currency) }),
        SettingKey.Entry(
            name: "exposure_basis", unit: "word",
            kind: .word(
                ["premium"],
                refused: ["underlying": "options sold are valued at their premium, never at the underlying"]),
            direction: .neutral, absent: .word("premium"), note: "what an option sold is valued at"),
    ]

    private static let slices = SettingKey.Entry(
        name: "max_slices", unit: "count", kind: .integer(1...100, orUnlimited: false), direction: .lower,
        absent: .integer(10), note: "slices of one order above the freeze quantity",
        fill: { limits, value, _ in limits.maximumSlices = value.count })

    // MARK: Rates and counts

    private static let messageRate = [
        SettingKey.Entry(
            name: "windows", unit: "windows", kind: .windows, direction: .list,
            places: accounts.union([.firm, .group, .adapter, .strategy]), absent: .windows([]),
            note: "messages in any window of a length",
            fill: { limits, value, _ in limits.rates = value.rateWindows }),
        SettingKey.Entry(
            name: "max_hold", unit: "duration", kind: .duration(0 ... .max), direction: .lower, absent: .duration(0),
            note: "longest wait for a window; 0s = none",
            fill: { limits, value, _ in limits.maximumHold = value.count }),
    ]

    private static let modifications = count("max", "modifications of one order") { $0.modifications = $1 }

    private static let duplicateOrder = [
        SettingKey.Entry(
            name: "max", unit: "count", kind: .integer(1...1_000), direction: .lower,
            note: "equal orders within the window",
            fill: { limits, value, _ in limits.duplicates.maximum = value.count }
        ),
        SettingKey.Entry(
            name: "window", unit: "duration", kind: .duration(1_000_000...DuplicateLimit.longestWindow),
            direction: .higher, absent: .duration(2 * second), gate: "max", note: "how long an order is remembered",
            fill: { limits, value, _ in limits.duplicates.window = value.count }),
    ]

    private static let maxOpenOrders = [
        count("max", "live orders", accounts.union([.firm, .group, .strategy])) { $0.openOrders = $1 },
        count("per_instrument", "live orders in one instrument") { $0.openOrdersPerInstrument = $1 },
    ]

    private static let dailyCounts = [
        count("orders", "orders today") { $0.dailyCounts.orders = $1 },
        count("modifications", "modifications today") { $0.dailyCounts.modifications = $1 },
        count("lots", "lots today, traded and live", unit: "lots") { $0.dailyCounts.lots = $1 },
        count("cancels", "cancels today; only alerts") { $0.dailyCounts.cancels = $1 },
        count("per_instrument.orders", "orders today in one instrument") { $0.dailyCountsPerInstrument.orders = $1 },
        count("per_instrument.modifications", "modifications today in one instrument") {
            $0.dailyCountsPerInstrument.modifications = $1
        },
        count("per_instrument.lots", "lots today in one instrument", unit: "lots") {
            $0.dailyCountsPerInstrument.lots = $1
        },
    ]

    private static func count(
        _ name: String, _ note: String, _ places: Set<RiskPlace.Kind> = accounts, unit: String = "count",
        _ fill: @escaping @Sendable (inout AccountLimits, Int64) -> Void
    ) -> SettingKey.Entry {
        SettingKey.Entry(
            name: name, unit: unit, kind: .integer(0 ... .max), direction: .lower, places: places, note: note,
            fill: { limits, value, _ in fill(&limits, value.count) })
    }

    // MARK: Beside every control

    /// What every control takes beside its own keys (RISK.md §1). `natural`: a word for what it does anyway.
    private static func common(clips: Bool = false, _ natural: String? = nil) -> [SettingKey.Entry] {
        var words = ["alert"] + (clips ? ["clip"] : []) + (natural.map { [$0] } ?? [])
        words += ["reject", "cool_off", "reducing", "cancel_all", "square_off", "halted"]
        var ranks = Dictionary(words.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        if let natural { ranks[natural] = ranks["reject"] }
        return [
            SettingKey.Entry(
                name: "action", unit: "word", kind: .word(words, refused: refusedActions(clips: clips, natural)),
                direction: .words(ranks), absent: .word("reject"), note: "what follows when it fires"),
            SettingKey.Entry(
                name: "cool_off", unit: "duration", kind: .duration(second...(30 * day)), direction: .higher,
                absent: .duration(0), note: "how long action: cool_off lasts"),
        ] + watched
    }

    private static func refusedActions(clips: Bool, _ natural: String?) -> [String: String] {
        var refused = ["hold": "only message-rate can hold a leg", "slice": "only freeze-slicing can slice a leg"]
        if !clips { refused["clip"] = "no smaller quantity would pass this control" }
        if let natural { refused[natural] = nil }
        return refused
    }

    /// For controls whose own keys say what follows.
    private static let watched =
        [
            SettingKey.Entry(
                name: "mode", unit: "word", kind: .word(["observe", "enforce"]),
                direction: .ranked(["observe", "enforce"]),
                absent: .word("enforce"), note: "observe = refusals are recorded as alerts and refuse nothing")
        ] + severity

    private static let severity = [
        SettingKey.Entry(
            name: "severity", unit: "word", kind: .word(["info", "warning", "critical"]), direction: .neutral,
            absent: .word("warning"), note: "how loud those who are told are told")
    ]

    private static func always(_ control: ControlID) -> (ControlID, [SettingKey.Entry]) { (control, severity) }
}
