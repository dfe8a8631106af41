import AdapterKit
import Exact

extension Settings {
    /// Reads an account's config. What is left out has its default; what is not understood is refused by name.
    ///
    /// - Parameters:
    ///   - config: validated by `Settings.schema` already; checked again here, since money hangs on it.
    ///   - currency: the account's.
    init(config: JSONValue, currency: String) throws(AdapterFailure) {
        self.init()
        var reader = try SettingsReader(config, path: "")
        try reader.money("starting_cash", &startingCash)
        if var margin = try reader.section("margin_bps") {
            try margin.integer("INTRADAY", 0...20_000, &margins.intraday)
            try margin.integer("CARRY", 0...20_000, &margins.carry)
            try margin.integer("MARGIN", 0...20_000, &margins.margin)
            try margin.integer("WRITTEN_OPTION", 0...10_000, &margins.writtenOption)
            try margin.finish()
        }
        try reader.integer("slippage_bps", 0...10_000, &slippageBasisPoints)
        if let section = try reader.section("fees") { fees = try Fees(section) }
        try reader.integer("participation_bps", 0...10_000, &participationBasisPoints)
        try reader.integer("quote_size_bps", 1...1_000_000, &quoteSizeBasisPoints)
        if let word = try reader.text("fills_from") {
            guard let choice = FillsFrom(rawValue: word) else {
                throw reader.fault("fills_from", "\"\(word)\"", "auto, quotes or candles")
            }
            fillsFrom = choice
        }
        let millisecond: Int64 = 1_000_000
        var (acknowledgement, fill): (Int64, Int64) = (0, 0)
        try reader.integer("ack_delay_ms", 0...60_000, &acknowledgement)
        try reader.integer("fill_delay_ms", 0...60_000, &fill)
        acknowledgementDelayNanoseconds = acknowledgement * millisecond
        fillDelayNanoseconds = fill * millisecond
        if let text = try reader.text("day_end") {
            guard let nanoseconds = Self.timeOfDay(text) else {
                throw reader.fault("day_end", "\"\(text)\"", "a time of day in UTC, such as 10:00")
            }
            dayEndNanoseconds = nanoseconds
        }
        var band: Int64 = -1
        try reader.integer("price_band_bps", 1...1_000_000, &band)
        priceBandBasisPoints = band < 0 ? nil : band
        try reader.flag("reject_market_without_price", &rejectsMarketWithoutPrice)
        try reader.count("max_working_orders", 1...100_000, &mostWorkingOrders)
        try reader.count("max_remembered_orders", 0...100_000, &mostRememberedOrders)
        try reader.count("max_instruments", 1...100_000, &mostInstruments)
        for var row in try reader.rows("positions") { seeds.append(try Seed(&row, currency: currency)) }
        for var row in try reader.rows("instruments") {
            listedInstruments.append(try ListedInstrument(&row, currency: currency))
        }
        if let value = try reader.any("scenario") {
            let scenario = try Scenario(value, path: ".scenario")
            if !scenario.rules.isEmpty || !scenario.dedupesReferences { self.scenario = scenario }
        }
        try reader.finish()
    }

    /// `HH:MM` as nanoseconds after midnight.
    private static func timeOfDay(_ text: String) -> Int64? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }), let hours = Int64(parts[0]),
            let minutes = Int64(parts[1]), (0..<24).contains(hours), (0..<60).contains(minutes)
        else { return nil }
        return (hours * 60 + minutes) * 60_000_000_000
    }
}

extension Fees {
    fileprivate init(_ section: SettingsReader) throws(AdapterFailure) {
        var reader = section
        try reader.money("per_order", &perOrder)
        if let basisPoints = try reader.decimal("bps") {
            guard let rate = basisPoints.scaled(to: -4), (0...100_000_000).contains(rate) else {
                throw reader.fault("bps", "\(basisPoints)", "0 to 10000 with at most four decimals")
            }
            self.rate = Int64(rate)
        }
        try reader.money("minimum", &minimum)
        if reader.has("maximum") {
            var most = Money.zero
            try reader.money("maximum", &most)
            guard most >= minimum else {
                throw reader.fault("maximum", "\(most)", "at least the minimum, \(minimum)")
            }
            maximum = most
        }
        var decimals: Int64 = 2
        try reader.integer("decimals", 0...18, &decimals)
        step = Int128(Int64.powerOfTen(Int(18 - decimals)) ?? 1)
        try reader.finish()
    }
}

extension Settings.Seed {
    fileprivate init(_ row: inout SettingsReader, currency: String) throws(AdapterFailure) {
        let word = try row.required("product", row.text("product"))
        let words: [String: Product] = [
            "INTRADAY": .intraday, "DELIVERY": .delivery, "CARRY": .carry, "MARGIN": .margin, "CASH": .cash,
        ]
        guard let product = words[word] else {
            throw row.fault("product", "\"\(word)\"", "INTRADAY, DELIVERY, CARRY, MARGIN or CASH")
        }
        let quantity = try row.required("quantity", row.decimal("quantity"))
        let price = try row.required("average_price", row.decimal("average_price"))
        // The grid of a seed is that of its own digits; the first order brings the instrument's tick and lot.
        func grain(_ value: ExactDecimal) -> ExactDecimal? {
            ExactDecimal(mantissa: 1, exponent: min(0, value.exponent))
        }
        self.init(
            terms: InstrumentTerms(
                id: try row.required("instrument", row.text("instrument")), currency: currency, tick: grain(price),
                lotSize: grain(quantity), multiplier: try row.decimal("multiplier") ?? 1),
            product: product, quantity: quantity, averagePrice: price)
        try row.finish()
    }
}

extension Settings.ListedInstrument {
    fileprivate init(_ row: inout SettingsReader, currency: String) throws(AdapterFailure) {
        self.init(
            terms: InstrumentTerms(
                id: try row.required("id", row.text("id")), currency: try row.text("currency") ?? currency,
                tick: try row.required("tick", row.decimal("tick")),
                lotSize: try row.required("lot_size", row.decimal("lot_size")),
                multiplier: try row.decimal("multiplier") ?? 1),
            name: try row.text("name"))
        try row.finish()
    }
}

/// Takes settings out of one JSON object by name, says what is wrong with one, and at the end names what it does not know.
struct SettingsReader {
    private let object: JSONObject
    private let path: String
    private var known: Set<String> = []

    init(_ value: JSONValue, path: String) throws(AdapterFailure) {
        guard let object = value.object else { throw AdapterFailure("config\(path) is not an object") }
        self.object = object
        self.path = path
    }

    func has(_ key: String) -> Bool { object[key] != nil && object[key]?.isNull == false }

    func fault(_ key: String, _ shown: String, _ right: String) -> AdapterFailure {
        AdapterFailure("config\(path).\(key) is \(shown); it must be \(right)")
    }

    private mutating func take(_ key: String) -> JSONValue? {
        known.insert(key)
        guard let value = object[key], !value.isNull else { return nil }
        return value
    }

    /// A value of any kind, for a reader of its own.
    mutating func any(_ key: String) throws(AdapterFailure) -> JSONValue? { take(key) }

    mutating func text(_ key: String) throws(AdapterFailure) -> String? {
        guard let value = take(key) else { return nil }
        guard let text = value.string else { throw fault(key, value.serializedText(), "a text") }
        return text
    }

    mutating func decimal(_ key: String) throws(AdapterFailure) -> ExactDecimal? {
        guard let value = take(key) else { return nil }
        guard let decimal = value.decimalOrText else {
            throw fault(key, value.serializedText(), "a decimal number, best written as a text")
        }
        return decimal
    }

    mutating func money(_ key: String, _ target: inout Money) throws(AdapterFailure) {
        guard let decimal = try decimal(key) else { return }
        guard let money = Money(decimal), money >= .zero else {
            throw fault(key, "\(decimal)", "an amount from 0 to 10^15 with at most 18 decimals")
        }
        target = money
    }

    mutating func integer(_ key: String, _ range: ClosedRange<Int64>, _ target: inout Int64) throws(AdapterFailure) {
        guard let value = take(key) else { return }
        guard let integer = value.int64, range.contains(integer) else {
            throw fault(key, value.serializedText(), "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        target = integer
    }

    mutating func count(_ key: String, _ range: ClosedRange<Int64>, _ target: inout Int) throws(AdapterFailure) {
        var value = Int64(target)
        try integer(key, range, &value)
        target = Int(value)
    }

    mutating func flag(_ key: String, _ target: inout Bool) throws(AdapterFailure) {
        guard let value = take(key) else { return }
        guard let flag = value.bool else { throw fault(key, value.serializedText(), "true or false") }
        target = flag
    }

    mutating func section(_ key: String) throws(AdapterFailure) -> SettingsReader? {
        guard let value = take(key) else { return nil }
        return try SettingsReader(value, path: "\(path).\(key)")
    }

    mutating func rows(_ key: String) throws(AdapterFailure) -> [SettingsReader] {
        guard let value = take(key) else { return [] }
        guard let array = value.array, array.count <= 10_000 else {
            throw fault(key, "no list, or longer than 10,000", "a list")
        }
        var rows: [SettingsReader] = []
        for (index, element) in array.enumerated() {
            rows.append(try SettingsReader(element, path: "\(path).\(key)[\(index)]"))
        }
        return rows
    }

    func required<Value>(_ key: String, _ value: Value?) throws(AdapterFailure) -> Value {
        guard let value else { throw AdapterFailure("config\(path).\(key) is missing") }
        return value
    }

    func finish() throws(AdapterFailure) {
        for key in object.keys where !known.contains(key) {
            throw AdapterFailure("config\(path).\(key) is not a setting of the paper adapter")
        }
    }
}
