package import Domain
package import Engine
import Settings

/// What one key of a control is set to, by meaning: `2000ms` and `2s` are one value, as are lists in another order where
/// the order says nothing.
package enum SettingValue: Hashable, Sendable {
    /// Written out by whoever wants it; never what silence means.
    case unlimited
    /// A count, or basis points.
    case integer(Int64)
    /// A quantity or a distance between prices.
    case decimal(ExactDecimal)
    /// Nanoseconds.
    case duration(Int64)
    /// Minor units by currency.
    case money([Currency: Int64])
    case word(String)
    case flag(Bool)
    /// Sorted by their text: any row may allow an order.
    case allowRules([AllowRule])
    /// Sorted: every window binds.
    case windows([RateWindow])
    /// In the order written: the first match counts.
    case rates([MarginLimit.Rate])

    /// The value as a document can hold it and as people are shown it: `20000 INR`, `[20000 INR, 500 USD]`, `2s`,
    /// `[{ limit: 10, per: 1s }]`. Reads back as the same value.
    package var text: String {
        switch self {
        case .unlimited: "unlimited"
        case .integer(let value): "\(value)"
        case .decimal(let value): "\(value)"
        case .duration(let nanoseconds): DurationText.text(nanoseconds: nanoseconds)
        case .money(let amounts): Self.moneyText(amounts)
        case .word(let word): word
        case .flag(let flag): flag ? "true" : "false"
        case .allowRules(let rules): Self.list(rules.map(\.text))
        case .windows(let windows):
            Self.list(windows.map { "{ limit: \($0.limit), per: \(DurationText.text(nanoseconds: $0.window)) }" })
        case .rates(let rates):
            Self.list(
                rates.map { "{ match: \(DocumentText.quoted($0.match.description)), bps: \($0.basisPoints) }" })
        }
    }

    /// The same for an account of one currency: of money only its own amount.
    func text(in currency: Currency) -> String {
        guard case .money(let amounts) = self, amounts.isEmpty || amounts[currency] != nil else { return text }
        return Money(minorUnits: amounts[currency] ?? 0, currency: currency).description
    }

    private static func moneyText(_ amounts: [Currency: Int64]) -> String {
        let texts = amounts.map { (currency: $0.key, text: Money(minorUnits: $0.value, currency: $0.key).description) }
            .sorted { $0.currency.description < $1.currency.description }
            .map(\.text)
        return texts.isEmpty ? "0" : texts.count == 1 ? texts[0] : list(texts)
    }

    private static func list(_ texts: [String]) -> String { "[" + texts.joined(separator: ", ") + "]" }

    // MARK: As the engine takes it

    /// `Int64.max` where unlimited. Only for keys whose type gives an integer or a duration.
    var count: Int64 {
        switch self {
        case .integer(let value), .duration(let value): value
        default: AccountLimits.unlimited
        }
    }
    /// Minor units; `Int64.max` where unlimited, 0 without an amount in the currency, which leaves the account without
    /// limits altogether.
    func minorUnits(_ currency: Currency) -> Int64 {
        if case .money(let amounts) = self { amounts[currency] ?? 0 } else { AccountLimits.unlimited }
    }
    /// Empty where unlimited.
    var amounts: [Currency: Int64] { if case .money(let amounts) = self { amounts } else { [:] } }
    var exactLimit: ExactLimit { if case .decimal(let value) = self { .value(value) } else { .unlimited } }
    var exact: ExactDecimal { if case .decimal(let value) = self { value } else { .zero } }
    var isSet: Bool { self == .flag(true) }
    var word: String { if case .word(let word) = self { word } else { "" } }
    var rateWindows: [RateWindow] { if case .windows(let windows) = self { windows } else { [] } }
}

extension AllowRule {
    /// The row in flow style, words in the order of their vocabularies.
    fileprivate var text: String {
        func words<Word: VocabularyWord>(_ words: Set<Word>) -> String {
            "[" + Word.allCases.filter(words.contains).map(\.rawName).joined(separator: ", ") + "]"
        }
        let parts = [
            "segments: [\(segments.sorted().joined(separator: ", "))]", "products: \(words(products))",
            "order_types: \(words(orderTypes))", "time_in_force: \(words(timesInForce))", "sides: \(words(sides))",
            "order_classes: \(words(orderClasses))", "short_selling: \(allowsShortSelling)",
            "option_selling: \(allowsOptionSelling)",
        ]
        return "{ " + parts.joined(separator: ", ") + " }"
    }

    /// Whether everything the other row allows is allowed by this one.
    fileprivate func covers(_ other: AllowRule) -> Bool {
        segments.isSuperset(of: other.segments) && products.isSuperset(of: other.products)
            && orderTypes.isSuperset(of: other.orderTypes) && timesInForce.isSuperset(of: other.timesInForce)
            && sides.isSuperset(of: other.sides) && orderClasses.isSuperset(of: other.orderClasses)
            && (allowsShortSelling || !other.allowsShortSelling) && (allowsOptionSelling || !other.allowsOptionSelling)
    }
}

// MARK: - Canonical order

extension SettingValue {
    static func canonical(allowRules rules: [AllowRule]) -> SettingValue {
        let texts = Dictionary(rules.map { ($0.text, $0) }, uniquingKeysWith: { first, _ in first })
        return .allowRules(texts.sorted { $0.key < $1.key }.map(\.value))
    }

    static func canonical(windows: [RateWindow]) -> SettingValue {
        .windows(Set(windows).sorted { ($0.window, $0.limit) < ($1.window, $1.limit) })
    }

    /// Whether every order that these rows allow is allowed by one of the others.
    static func isCovered(_ rules: [AllowRule], by others: [AllowRule]) -> Bool {
        rules.allSatisfy { rule in others.contains { $0.covers(rule) } }
    }

    /// Whether keeping to these windows keeps to the others.
    static func keeps(_ windows: [RateWindow], to others: [RateWindow]) -> Bool {
        others.allSatisfy { other in windows.contains { $0.limit <= other.limit && $0.window >= other.window } }
    }
}
