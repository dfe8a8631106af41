import Domain
import Engine
import Settings

extension SettingKey {
    /// How the key's value is read; errors say what would be right.
    var type: FieldType<SettingValue> {
        switch kind {
        case .integer(let range, let orUnlimited):
            Self.limit(FieldType<Int64>.integer(range).map { .integer($0) }, orUnlimited)
        case .quantity(let orUnlimited):
            Self.limit(FieldType<ExactDecimal>.positiveDecimal.map { .decimal($0) }, orUnlimited)
        case .distance:
            FieldType<ExactDecimal>.decimal.map("a decimal number from 0") { $0 < .zero ? nil : .decimal($0) }
        case .duration(let range): FieldType<Int64>.duration(range).map { .duration($0) }
        case .money(let orUnlimited): Self.limit(Self.money, orUnlimited)
        case .word(let words, let refused): Self.word(words, refused)
        case .flag: FieldType<Bool>.boolean.map { .flag($0) }
        case .allowRules: FieldType<[AllowRule]>.list(of: .allowRule).map { .canonical(allowRules: $0) }
        case .windows: FieldType<[RateWindow]>.list(of: .rateWindow, count: 0...8).map { .canonical(windows: $0) }
        case .rates: FieldType<[MarginLimit.Rate]>.list(of: .marginRate, count: 0...1_000).map { .rates($0) }
        }
    }

    private static func limit(_ type: FieldType<SettingValue>, _ orUnlimited: Bool) -> FieldType<SettingValue> {
        guard orUnlimited else { return type }
        return FieldType<Allowance<SettingValue>>.allowance(type).map { allowance in
            switch allowance {
            case .unlimited: .unlimited
            case .limited(let value): value
            }
        }
    }

    private static var money: FieldType<SettingValue> {
        FieldType<[Money]>.moneyPerCurrency.map("amounts of 0 or more like \"20000 INR\", one for each currency") {
            amounts in
            guard amounts.allSatisfy({ $0.minorUnits >= 0 }) else { return nil }
            return .money(
                Dictionary(amounts.map { ($0.currency, $0.minorUnits) }, uniquingKeysWith: { first, _ in first }))
        }
    }

    private static func word(_ words: [String], _ refused: [String: String]) -> FieldType<SettingValue> {
        let type = FieldType<String>.choice(words)
        return FieldType<SettingValue>(type.expectation) { value in
            if let text = value.scalarText, let reason = refused[text] {
                value.report("'\(text)' cannot be had here: \(reason)", remedy: "expected \(type.expectation)")
                return nil
            }
            return type.read(value).map { .word($0) }
        }
    }
}

extension FieldType where Value == AllowRule {
    static var allowRule: FieldType<AllowRule> {
        .mapping { row in
            let segments = row.required("segments", .list(of: .choice(Self.segments)))
            let products = row.required("products", .list(of: .word(Product.self)))
            let types = row.required("order_types", .list(of: .word(OrderType.self)))
            let validities = row.required("time_in_force", .list(of: .word(TimeInForce.self)))
            let sides = row.required("sides", .list(of: .word(Side.self)))
            let classes = row.required("order_classes", .list(of: .word(OrderClass.self)))
            let short = row.value("short_selling", .boolean, default: false)
            let options = row.value("option_selling", .boolean, default: false)
            guard let segments, let products, let types, let validities, let sides, let classes else { return nil }
            return AllowRule(
                segments: Set(segments), products: Set(products), orderTypes: Set(types), timesInForce: Set(validities),
                sides: Set(sides), orderClasses: Set(classes), allowsShortSelling: short, allowsOptionSelling: options)
        }
    }

    private static var segments: [String] { InstrumentID.venues.sorted() }
}

extension FieldType where Value == RateWindow {
    fileprivate static var rateWindow: FieldType<RateWindow> {
        .mapping { row in
            let limit = row.required("limit", .count(1...100_000))
            let window = row.required("per", .duration(1_000_000...86_400_000_000_000))
            guard let limit, let window else { return nil }
            return RateWindow(limit: limit, window: window)
        }
    }
}

extension FieldType where Value == InstrumentPattern {
    static var instrumentPattern: FieldType<InstrumentPattern> {
        FieldType<String>.text.map("an instrument id of a venue, or a prefix of one that ends in *") {
            InstrumentPattern($0)
        }
    }
}

extension FieldType where Value == MarginLimit.Rate {
    fileprivate static var marginRate: FieldType<MarginLimit.Rate> {
        .mapping { row in
            let match = row.required("match", .instrumentPattern)
            let rate = row.required("bps", .integer(1...1_000_000))
            guard let match, let rate else { return nil }
            return MarginLimit.Rate(match: match, basisPoints: rate)
        }
    }
}
