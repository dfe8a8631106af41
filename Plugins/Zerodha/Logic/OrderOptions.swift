import AdapterKit
import Exact

/// What an order may say beyond the common fields (`broker_options` of an order, validated by `schema`).
struct OrderOptions: Equatable {
    /// Percent of the price that a market order may move, or `-1`: the broker chooses.
    var marketProtection: String?
    /// A life in minutes, for GTD.
    var validityMinutes: Int64?
    var icebergLegs: Int64?
    var icebergQuantity: ExactDecimal?
    var auctionNumber: String?
    /// The broker cuts an order over the exchange's freeze quantity into several. The host does that itself by the
    /// instrument's freeze quantity; this is for instruments where nobody told it.
    var autoslice = false
    /// The algorithm's id as the exchange issued it.
    var algoID: String?
    /// Of the second leg of a cover order that somebody else placed.
    var parentOrderID: String?

    /// JSON Schema of the options.
    static let schema = #"""
        {"type":"object","additionalProperties":false,"properties":{
        "market_protection":{"type":["string","number"],"description":"percent from 0 (none) to 100, or -1: the broker chooses"},
        "validity_minutes":{"type":"integer","minimum":1,"maximum":1440,"description":"life of a GTD order in minutes"},
        "iceberg_legs":{"type":"integer","minimum":2,"maximum":50},
        "iceberg_quantity":{"type":["string","number"],"description":"units a leg"},
        "auction_number":{"type":["string","integer"]},
        "autoslice":{"type":"boolean","description":"let the broker slice by the freeze quantity; the host's own slices need none"},
        "algo_id":{"type":"string"},
        "parent_order_id":{"type":"string","description":"modify or cancel of a cover order's second leg"}}}
        """#

    /// Reads the options of an order. The host has validated them; what is wrong all the same is refused by name.
    init(_ text: String?) throws(AdapterError) {
        guard let text else { return }
        let object: JSONObject
        do {
            guard let value = try JSONValue.parse(text).object else {
                throw AdapterError.invalid("options are no JSON object", field: "options")
            }
            object = value
        } catch let error as AdapterError {
            throw error
        } catch {
            throw .invalid("options are no JSON: \(error)", field: "options")
        }
        for (key, value) in object {
            switch key {
            case "market_protection": marketProtection = try Self.protection(value)
            case "validity_minutes": validityMinutes = try Self.number(key, value, 1...1_440)
            case "iceberg_legs": icebergLegs = try Self.number(key, value, 2...50)
            case "iceberg_quantity":
                guard let quantity = value.decimalOrText, quantity > .zero else {
                    throw .invalid("iceberg_quantity must be a quantity above 0", field: "options")
                }
                icebergQuantity = quantity
            case "auction_number": auctionNumber = try Self.identifier(key, value)
            case "autoslice":
                guard let wish = value.bool else { throw .invalid("autoslice must be true or false", field: "options") }
                autoslice = wish
            case "algo_id": algoID = try Self.text(key, value)
            case "parent_order_id": parentOrderID = try Self.text(key, value)
            default: throw .unsupported("unknown option \(key)", field: "options")
            }
        }
    }

    /// No options.
    init() {}

    /// `-1` (also written `AUTO`), or a percentage of at most 100 (FACTS.md §3.2). An order may say `0`, none, which the
    /// broker has ceased to take of most: what it answers is then its own.
    static func protection(_ value: JSONValue) throws(AdapterError) -> String {
        if value.string == "AUTO" { return "-1" }
        guard let percent = value.decimalOrText, percent == -1 || (percent >= .zero && percent <= 100) else {
            throw .invalid("market_protection must be -1, or a percentage from 0 to 100", field: "options")
        }
        return percent.description
    }

    private static func number(
        _ key: String, _ value: JSONValue, _ range: ClosedRange<Int64>
    ) throws(AdapterError) -> Int64 {
        guard let number = value.int64, range.contains(number) else {
            throw .invalid(
                "\(key) must be a whole number from \(range.lowerBound) to \(range.upperBound)", field: "options")
        }
        return number
    }

    /// An id that the broker has as text and as a number.
    private static func identifier(_ key: String, _ value: JSONValue) throws(AdapterError) -> String {
        guard value.string == nil, let number = value.int64 else { return try text(key, value) }
        guard number >= 0 else { throw .invalid("\(key) must not be negative", field: "options") }
        return String(number)
    }

    private static func text(_ key: String, _ value: JSONValue) throws(AdapterError) -> String {
        guard let text = value.string, !text.isEmpty, text.utf8.count <= 64 else {
            throw .invalid("\(key) must be text of 1 to 64 bytes", field: "options")
        }
        return text
    }
}
