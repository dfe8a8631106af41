import Domain
package import Engine

/// One key of one control: what it may hold, where it may stand, which way is tighter, and what it fills.
///
/// The table of them (`SettingKey.all`) is the one source of what the document accepts, of comparisons, of effective
/// limits and of the table in README.md.
package final class SettingKey: Sendable {
    /// What a key holds.
    enum Kind: Sendable {
        /// A whole number, `unlimited` too where it says so.
        case integer(ClosedRange<Int64>, orUnlimited: Bool = true)
        /// A quantity above zero, or `unlimited`.
        case quantity(orUnlimited: Bool = true)
        /// A distance between prices, from zero.
        case distance
        case duration(ClosedRange<Int64>)
        /// Amounts from zero, one a currency.
        case money(orUnlimited: Bool = true)
        /// `refused`: words that have a meaning but cannot be had here, each with the reason.
        case word([String], refused: [String: String] = [:])
        case flag
        case allowRules, windows, rates
    }

    /// Which of two values of a key is tighter. `unlimited` is the loosest either way.
    enum Direction: Sendable {
        case lower
        case higher
        /// By rank, loosest first; words of one rank are neither.
        case words([String: Int])
        /// Rows of the allow-list, windows of messages, rates of margin, each by its own rule.
        case list
        /// Neither is tighter.
        case neutral

        /// Words in this order, loosest first.
        static func ranked(_ words: [String]) -> Direction {
            .words(Dictionary(words.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first }))
        }
    }

    package let control: ControlID
    /// Within its control: `max`, `per_instrument.orders`.
    package let name: String
    /// The place in `all`, which is the order of lists.
    package let number: Int
    /// As the README's table says it: `count`, `bps`, `money`.
    package let unit: String
    /// What it does, in a few words.
    package let note: String
    package let places: Set<RiskPlace.Kind>
    let kind: Kind
    let direction: Direction
    /// What holds where nothing is set.
    let absent: SettingValue
    /// Another key of the control, without which this one says nothing among the totals of a scope.
    let companion: String?
    /// Another key of the control: where that one is unlimited above, this one binds nothing there.
    let gate: String?
    /// Another key of the control: where that one is set without this one, `absent` holds whatever stands above.
    let impliedBy: String?
    /// Puts the value in force into an account's limits. Keys of totals alone fill nothing here.
    let fill: @Sendable (inout AccountLimits, SettingValue, Currency) -> Void

    init(_ control: ControlID, number: Int, _ entry: Entry) {
        (self.control, self.number, name, unit, note) = (control, number, entry.name, entry.unit, entry.note)
        (places, kind, direction, absent) = (entry.places, entry.kind, entry.direction, entry.absent)
        (companion, gate, impliedBy, fill) = (entry.companion, entry.gate, entry.impliedBy, entry.fill)
    }

    /// `daily-loss.max`.
    package var path: String { "\(control.name).\(name)" }

    /// Which way is tighter, as the README's table says it.
    package var tighter: String {
        switch direction {
        case .lower: if case .flag = kind { "false" } else { "lower" }
        case .higher: if case .flag = kind { "true" } else { "higher" }
        case .words(let ranks):
            ranks.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key).joined(separator: " < ")
        case .list:
            switch kind {
            case .allowRules: "fewer"
            case .windows: "fewer messages"
            default: "higher"
            }
        case .neutral: "-"
        }
    }

    /// One row of the table, before it has its control and its number.
    struct Entry {
        var name: String
        var unit: String
        var kind: Kind
        var direction: Direction
        var places: Set<RiskPlace.Kind> = [.profile, .account]
        var absent = SettingValue.unlimited
        var companion: String?
        var gate: String?
        var impliedBy: String?
        var note: String
        var fill: @Sendable (inout AccountLimits, SettingValue, Currency) -> Void = { _, _, _ in }
    }
}

// MARK: - Comparing

extension SettingKey {
    /// How one value stands to another.
    enum Comparison { case equal, tighter, looser, incomparable }

    /// - Parameter currency: Of the account whose limits they are; `nil` = every currency is looked at. An amount that is
    ///   missing refuses, which is as tight as can be.
    func compare(_ value: SettingValue, to other: SettingValue, in currency: Currency? = nil) -> Comparison {
        if value == other { return .equal }
        switch (direction, value, other) {
        case (.neutral, _, _): return .incomparable
        case (_, _, .unlimited): return .tighter
        case (_, .unlimited, _): return .looser
        case (.words(let ranks), .word(let word), .word(let known)):
            guard let rank = ranks[word], let knownRank = ranks[known] else { return .incomparable }
            return rank == knownRank ? .incomparable : rank > knownRank ? .tighter : .looser
        case (.list, .allowRules(let rules), .allowRules(let others)):
            return Self.comparison(
                isWithin: SettingValue.isCovered(rules, by: others), holds: SettingValue.isCovered(others, by: rules))
        case (.list, .windows(let windows), .windows(let others)):
            return Self.comparison(
                isWithin: SettingValue.keeps(windows, to: others), holds: SettingValue.keeps(others, to: windows))
        case (.list, .rates(let rates), .rates(let others)):
            guard rates.map(\.match) == others.map(\.match) else { return .incomparable }
            let pairs = zip(rates, others)
            return Self.comparison(
                isWithin: pairs.allSatisfy { $0.basisPoints >= $1.basisPoints },
                holds: pairs.allSatisfy { $0.basisPoints <= $1.basisPoints })
        case (_, .money(let amounts), .money(let others)):
            return compare(amounts, others, currency)
        case (_, .integer(let left), .integer(let right)), (_, .duration(let left), .duration(let right)):
            return left == right ? .equal : (left < right) == isLowerTighter ? .tighter : .looser
        case (_, .decimal(let left), .decimal(let right)):
            return left == right ? .equal : (left < right) == isLowerTighter ? .tighter : .looser
        case (_, .flag(let flag), .flag): return flag == !isLowerTighter ? .tighter : .looser
        default: return .incomparable
        }
    }

    private var isLowerTighter: Bool { if case .lower = direction { true } else { false } }

    /// Whether the control does nothing with this value of the key.
    func isOff(_ value: SettingValue) -> Bool {
        switch (value, direction) {
        case (.unlimited, _): true
        case (.word(let word), .words(let ranks)): ranks[word] == 0
        default: false
        }
    }

    private static func comparison(isWithin: Bool, holds: Bool) -> Comparison {
        switch (isWithin, holds) {
        case (true, true): .equal
        case (true, false): .tighter
        case (false, true): .looser
        case (false, false): .incomparable
        }
    }

    private func compare(
        _ amounts: [Currency: Int64], _ others: [Currency: Int64], _ currency: Currency?
    ) -> Comparison {
        var (hasTighter, hasLooser) = (false, false)
        // Where nobody set a floor there are no amounts at all, and it is zero in every currency.
        func amount(_ amounts: [Currency: Int64], _ currency: Currency) -> Int64? {
            amounts.isEmpty ? 0 : amounts[currency]
        }
        for currency in currency.map({ [$0] }) ?? Array(Set(amounts.keys).union(others.keys)) {
            switch (amount(amounts, currency), amount(others, currency)) {
            case (let left?, let right?) where left != right:
                if (left < right) == isLowerTighter { hasTighter = true } else { hasLooser = true }
            case (nil, .some): hasTighter = true
            case (.some, nil): hasLooser = true
            default: break
            }
        }
        switch (hasTighter, hasLooser) {
        case (false, false): return .equal
        case (true, false): return .tighter
        case (false, true): return .looser
        case (true, true): return .incomparable
        }
    }
}
