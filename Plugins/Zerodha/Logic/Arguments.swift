import AdapterKit
import Exact

/// The arguments of a vendor call, read strictly: what is missing, of the wrong kind or unknown is refused by its name.
struct Arguments {
    private let object: JSONObject
    private let place: String
    private var read: Set<String> = []

    /// - Parameter place: Where these arguments stand, for the errors: empty, or `orders[1].`.
    init(_ value: JSONValue, at place: String = "") throws(AdapterError) {
        guard let object = value.object else {
            throw .invalid("\(place.isEmpty ? "arguments" : place) must be an object", field: "arguments")
        }
        self.object = object
        self.place = place
    }

    /// The arguments of a call, from their JSON.
    init(text: String) throws(AdapterError) {
        let value: JSONValue
        do { value = try JSONValue.parse(text) } catch {
            throw .invalid("arguments are no JSON: \(error)", field: "arguments")
        }
        try self.init(value)
    }

    /// To be called when all are read: an argument that nobody asked for is a mistake of the caller.
    func end() throws(AdapterError) {
        if let extra = object.keys.first(where: { !read.contains($0) }) {
            throw .unsupported("unknown argument \(place)\(extra)", field: "arguments.\(place)\(extra)")
        }
    }

    private func wrong(_ name: String, _ wanted: String) -> AdapterError {
        .invalid("\(place)\(name) must be \(wanted)", field: "arguments.\(place)\(name)")
    }

    private mutating func value(_ name: String) -> JSONValue? {
        read.insert(name)
        return object[name].flatMap { $0.isNull ? nil : $0 }
    }

    mutating func has(_ name: String) -> Bool { object[name].map { !$0.isNull } ?? false }

    mutating func optionalText(_ name: String) throws(AdapterError) -> String? {
        guard let value = value(name) else { return nil }
        guard let text = value.identifier, text.utf8.count <= 256 else {
            throw wrong(name, "text of 1 to 256 bytes")
        }
        return text
    }

    mutating func text(_ name: String) throws(AdapterError) -> String {
        guard let text = try optionalText(name) else { throw wrong(name, "given") }
        return text
    }

    mutating func optionalNumber(_ name: String) throws(AdapterError) -> ExactDecimal? {
        guard let value = value(name) else { return nil }
        guard let number = value.decimalOrText else { throw wrong(name, "a number") }
        return number
    }

    mutating func number(_ name: String) throws(AdapterError) -> ExactDecimal {
        guard let number = try optionalNumber(name) else { throw wrong(name, "given, a number") }
        return number
    }

    /// A whole number above 0: a quantity in what the broker counts.
    mutating func quantity(_ name: String) throws(AdapterError) -> ExactDecimal {
        let number = try number(name)
        guard number > .zero, number.isInteger else { throw wrong(name, "a whole number above 0") }
        return number
    }

    mutating func flag(_ name: String, otherwise: Bool = false) throws(AdapterError) -> Bool {
        guard let value = value(name) else { return otherwise }
        guard let flag = value.bool else { throw wrong(name, "true or false") }
        return flag
    }

    /// One of a list of words.
    mutating func word<Word>(_ name: String, _ words: KeyValuePairs<String, Word>) throws(AdapterError) -> Word {
        let text = try text(name)
        guard let word = words.first(where: { $0.key == text })?.value else {
            throw wrong(name, "one of \(words.map(\.key).joined(separator: ", ")); it is \(text)")
        }
        return word
    }

    mutating func optionalWord<Word>(
        _ name: String, _ words: KeyValuePairs<String, Word>
    ) throws(AdapterError) -> Word? {
        has(name) ? try word(name, words) : nil
    }

    /// A list of numbers.
    mutating func numbers(_ name: String, _ count: ClosedRange<Int>) throws(AdapterError) -> [ExactDecimal] {
        let items = try list(name, count)
        let numbers = items.compactMap(\.decimalOrText)
        guard numbers.count == items.count else { throw wrong(name, "a list of numbers") }
        return numbers
    }

    mutating func texts(_ name: String, _ count: ClosedRange<Int>) throws(AdapterError) -> [String] {
        let items = try list(name, count)
        let texts = items.compactMap(\.filled)
        guard texts.count == items.count else { throw wrong(name, "a list of texts") }
        return texts
    }

    /// Each of a list of objects.
    mutating func each<Item>(
        _ name: String, _ count: ClosedRange<Int>, _ make: (inout Arguments) throws(AdapterError) -> Item
    ) throws(AdapterError) -> [Item] {
        var result: [Item] = []
        for (index, value) in try list(name, count).enumerated() {
            var item = try Arguments(value, at: "\(place)\(name)[\(index)].")
            result.append(try make(&item))
            try item.end()
        }
        return result
    }

    private mutating func list(_ name: String, _ count: ClosedRange<Int>) throws(AdapterError) -> [JSONValue] {
        guard let list = value(name)?.array, count.contains(list.count) else {
            throw wrong(name, "a list of \(count.lowerBound) to \(count.upperBound)")
        }
        return list
    }

    // MARK: Words of the venue

    /// `exchange` and `symbol`.
    mutating func symbol() throws(AdapterError) -> Symbol {
        let exchange = try text("exchange")
        guard let known = Exchange(rawValue: exchange) else {
            throw wrong("exchange", "one of \(Exchange.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return Symbol(known, try text("symbol"))
    }

    mutating func side() throws(AdapterError) -> Side { try word("side", ["BUY": Side.buy, "SELL": .sell]) }

    mutating func product(_ name: String = "product") throws(AdapterError) -> KiteProduct {
        try word(
            name,
            [
                "DELIVERY": .cashAndCarry, "INTRADAY": .intraday, "CARRYFORWARD": .normal, "CARRY": .normal,
                "MARGIN_FUNDED": .marginFunded, "MARGIN": .marginFunded,
            ])
    }

    mutating func orderType() throws(AdapterError) -> KiteOrderType {
        try word(
            "order_type",
            [
                "MARKET": .market, "LIMIT": .limit, "STOP_LIMIT": .stopLimit, "STOP_MARKET": .stopMarket,
                "STOP": .stopMarket,
            ])
    }

    mutating func variety() throws(AdapterError) -> Variety {
        try optionalWord(
            "order_class",
            [
                "REGULAR": .regular, "AFTER_MARKET": .afterMarket, "COVER": .cover, "ICEBERG": .iceberg,
                "AUCTION": .auction,
            ]) ?? .regular
    }
}
