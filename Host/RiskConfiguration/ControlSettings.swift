import Domain
import Engine
import Settings

/// What one place of the document says of the controls: a profile, or the limits of a scope. `nil` = says nothing.
struct ControlSettings {
    var allowList: [AllowRule]?
    var marketProtection: MarketProtectionLimit?
    var collar: CollarLimit?
    var quantity: QuantityLimit?
    var notionalMinimum: [Currency: Int64]?
    var notionalMaximum: MoneyLimit?
    var notionalParentMaximum: MoneyLimit?
    var maximumSlices: Int64?
    var rates: [RateWindow]?
    var maximumHold: Int64?
    var openOrders: Int64?
    var openOrdersPerInstrument: Int64?
    var position: ExactLimit?
    var positionUnit: AccountLimits.PositionUnit?
    var grossExposure: MoneyLimit?
    var margin: MarginSettings?
    var dailyLoss: DailyLossSettings?
    /// Controls that are mentioned with `mode`.
    var modes: [ControlID: Bool] = [:]

    /// A money limit: one amount a currency, or none at all.
    enum MoneyLimit {
        case unlimited
        case amounts([Currency: Int64])

        func minorUnits(_ currency: Currency) -> Int64? {
            switch self {
            case .unlimited: AccountLimits.unlimited
            case .amounts(let amounts): amounts[currency]
            }
        }
    }

    struct MarginSettings {
        var isLimited = true
        var absolute: [Currency: Int64] = [:]
        var basisPoints: Int64 = 0
        var maximumAge: Int64 = 60_000_000_000
        var rates: [MarginLimit.Rate] = []
    }

    struct DailyLossSettings {
        var maximum: MoneyLimit
        var warnBasisPoints: Int64
    }

    var hours: TradingHoursLimit?
    var strategyRuns: Int64?
    var modifications: Int64?
    var duplicates: DuplicateLimit?
    var dailyCounts = DailyCountSettings()
    var dailyCountsPerInstrument = DailyCountSettings()
    var netExposure: MoneyLimit?
    var netByInstrument = false
    var concentration: Int64?
    var leverage: Int64?
    var delivery: ShortRules.Delivery?
    var allowsNakedOptions: Bool?
    var drawdown: DrawdownSettings?
    var lossStreak: LossStreakSettings?
    var selfTrade: SelfTradeLimit?
    var groupLoss: GroupLossLimit?
    var aggregate: AggregateLimit?
    /// Names of controls that are mentioned and bind single accounts only, for scopes that are none.
    var accountControls: [String] = []

    init() {}

    // MARK: Reading

    init(_ reader: MappingReader) {
        allowList = reader.optional("allow-list", .list(of: .allowRule))
        section(reader, "market-protection", .marketProtection) { settings, section in
            var limit = MarketProtectionLimit()
            limit.conversion =
                section.required(
                    "convert",
                    .choice(["none": MarketProtectionLimit.Conversion.none, "limit": .limit, "reject": .reject]))
                ?? .none
            limit.basisPoints = section.value("bps", .integer(0...1_000_000), default: 0)
            limit.absolute = section.value("absolute", .decimal, default: .zero)
            settings.marketProtection = limit
        }
        section(reader, "price-collar", .priceCollar) { settings, section in
            var collar = CollarLimit()
            collar.basisPoints = section.required("bps", .allowedInteger(0...1_000_000)) ?? 0
            collar.absolute = section.value("absolute", .decimal, default: .zero)
            collar.innerBasisPoints = section.optional("inner_bps", .integer(0...1_000_000))
            collar.innerAbsolute = section.value("inner_absolute", .decimal, default: .zero)
            collar.maximumAge = section.value("max_age", .duration(), default: collar.maximumAge)
            settings.collar = collar
        }
        section(reader, "quantity-limits", .quantityLimits) { settings, section in
            var limit = QuantityLimit()
            limit.minimum = section.value("min", .positiveDecimal, default: 1)
            limit.maximum = section.value("max", .exactLimit, default: .unlimited)
            limit.maximumLots = section.value("max_lots", .allowedInteger(1 ... .max), default: AccountLimits.unlimited)
            limit.parentMaximum = section.value("parent_max", .exactLimit, default: .unlimited)
            if case .value(let maximum) = limit.maximum, limit.minimum > maximum {
                section.report("min is above max", remedy: "give min <= max", at: "min")
            }
            settings.quantity = limit
        }
        section(reader, "notional-limits", .notionalLimits) { settings, section in
            settings.notionalMinimum = section.optional("min", .moneyPerCurrency).map { amounts in
                Dictionary(amounts.map { ($0.currency, $0.minorUnits) }, uniquingKeysWith: { first, _ in first })
            }
            settings.notionalMaximum = section.optional("max", .moneyLimit)
            settings.notionalParentMaximum = section.optional("parent_max", .moneyLimit)
        }
        section(reader, "freeze-slicing", .freezeSlicing) { settings, section in
            settings.maximumSlices = section.required("max_slices", .integer(1...100))
        }
        section(reader, "message-rate", .messageRate) { settings, section in
            settings.rates = section.required("windows", .list(of: .rateWindow, count: 0...8))
            settings.maximumHold = section.value("max_hold", .duration(), default: 0)
        }
        section(reader, "max-open-orders", .maxOpenOrders) { settings, section in
            settings.openOrders = section.required("max", .allowedInteger(0 ... .max))
            settings.openOrdersPerInstrument = section.optional("per_instrument", .allowedInteger(0 ... .max))
        }
        section(reader, "max-position", .maxPosition) { settings, section in
            settings.position = section.required("max", .exactLimit)
            settings.positionUnit = section.value("unit", .choice(["units": .units, "lots": .lots]), default: .units)
        }
        section(reader, "gross-exposure", .grossExposure) { settings, section in
            settings.grossExposure = section.required("max", .moneyLimit)
        }
        readMargin(reader)
        section(reader, "daily-loss", .dailyLoss) { settings, section in
            let maximum = section.required("max", .moneyLimit)
            let warn = section.value("warn_bps", .integer(0...10_000), default: 8_000)
            _ = section.value("then", .choice(["reducing": TradingStatus.reducing]), default: .reducing)
            settings.dailyLoss = maximum.map { DailyLossSettings(maximum: $0, warnBasisPoints: warn) }
        }
        readOrderControls(reader)
        readExposureControls(reader)
        readResultControls(reader)
        readGroupControls(reader)
    }

    private mutating func readMargin(_ reader: MappingReader) {
        if reader.value(of: "margin-buffer")?.text == "unlimited" {
            margin = MarginSettings(isLimited: false)
            return
        }
        section(reader, "margin-buffer", .marginBuffer) { settings, section in
            var margin = MarginSettings()
            margin.absolute = Dictionary(
                (section.optional("absolute", .moneyPerCurrency) ?? []).map { ($0.currency, $0.minorUnits) },
                uniquingKeysWith: { first, _ in first })
            margin.basisPoints = section.value("bps", .integer(0...10_000), default: 0)
            margin.maximumAge = section.value("max_age", .duration(), default: margin.maximumAge)
            margin.rates = section.value("rates", .list(of: .marginRate), default: [.everything])
            settings.margin = margin
        }
    }

    mutating func section(
        _ reader: MappingReader, _ name: String, _ control: ControlID,
        _ body: (inout ControlSettings, MappingReader) -> Void
    ) {
        guard reader.contains(name) else { return }
        let section = reader.section(name)
        body(&self, section)
        if let isObserved = section.optional("mode", .choice(["enforce": false, "observe": true])) {
            modes[control] = isObserved
        }
        section.finish()
    }
}

extension FieldType {
    /// An integer, or `unlimited`.
    static func allowedInteger(_ range: ClosedRange<Int64>) -> FieldType<Int64> where Value == Int64 {
        FieldType<Allowance<Int64>>.allowance(.integer(range)).map { allowance in
            switch allowance {
            case .unlimited: AccountLimits.unlimited
            case .limited(let value): value
            }
        }
    }
}

extension FieldType where Value == ExactLimit {
    /// A positive quantity, or `unlimited`.
    static var exactLimit: FieldType<ExactLimit> {
        FieldType<Allowance<ExactDecimal>>.allowance(.positiveDecimal).map { allowance in
            switch allowance {
            case .unlimited: .unlimited
            case .limited(let value): .value(value)
            }
        }
    }
}

extension FieldType where Value == ControlSettings.MoneyLimit {
    /// Amounts by currency, or `unlimited`.
    static var moneyLimit: FieldType<ControlSettings.MoneyLimit> {
        FieldType<Allowance<[Money]>>.allowance(.moneyPerCurrency).map { allowance in
            switch allowance {
            case .unlimited: .unlimited
            case .limited(let amounts):
                amounts.allSatisfy { $0.minorUnits >= 0 }
                    ? .amounts(
                        Dictionary(
                            amounts.map { ($0.currency, $0.minorUnits) }, uniquingKeysWith: { first, _ in first }))
                    : nil
            }
        }
    }
}

extension FieldType where Value == AllowRule {
    static var allowRule: FieldType<AllowRule> {
        .mapping { row in
            let segments = row.required("segments", .list(of: .choice(InstrumentID.venues.sorted())))
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
}

extension FieldType where Value == RateWindow {
    static var rateWindow: FieldType<RateWindow> {
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
        FieldType<String>.text.map("an instrument id, or a prefix of one that ends in *") { InstrumentPattern($0) }
    }
}

extension FieldType where Value == MarginLimit.Rate {
    static var marginRate: FieldType<MarginLimit.Rate> {
        .mapping { row in
            let match = row.required("match", .instrumentPattern)
            let rate = row.required("bps", .integer(1...1_000_000))
            guard let match, let rate else { return nil }
            return MarginLimit.Rate(match: match, basisPoints: rate)
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
