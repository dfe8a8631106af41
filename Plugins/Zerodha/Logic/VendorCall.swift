import AdapterKit
import Exact

/// What the broker's API offers beyond orders and books, by name: `sluice accounts call ACCOUNT NAME ARGUMENTS`.
///
/// A call is made from its arguments here and nowhere else; its answer goes back as the broker's `data`, unchanged.
/// Orders are placed, changed and cancelled by the host's own commands alone, behind its risk controls.
struct VendorCall {
    /// What it does to the broker's state.
    enum Effect {
        case read, mutation
        /// Can only take risk away: made in a halt too.
        case reducing
    }

    let name: String
    let effect: Effect
    /// One line for people.
    let text: String
    /// JSON Schema of the arguments.
    let schema: String
    let make: @Sendable (inout Arguments) throws(AdapterError) -> Call

    /// Reads the arguments whole and makes the call.
    func call(_ arguments: String) throws(AdapterError) -> Call {
        var reader = try Arguments(text: arguments)
        let call = try make(&reader)
        try reader.end()
        return call
    }

    /// All of them, by name.
    static let all: [VendorCall] = books + portfolio + triggers + alerts + market

    static func named(_ name: String) -> VendorCall? { all.first { $0.name == name } }
}

/// Schemas of arguments, put together from a few pieces.
enum Schema {
    /// Of an object: members, and which of them must be there.
    static func object(_ members: KeyValuePairs<String, String>, required: [String] = []) -> String {
        let properties = members.map { "\"\($0.key)\":\($0.value)" }.joined(separator: ",")
        let names = required.map { "\"\($0)\"" }.joined(separator: ",")
        return
            "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\(properties)},\"required\":[\(names)]}"
    }

    static func list(of item: String, _ count: ClosedRange<Int>) -> String {
        "{\"type\":\"array\",\"minItems\":\(count.lowerBound),\"maxItems\":\(count.upperBound),\"items\":\(item)}"
    }

    static func words(_ words: String...) -> String {
        "{\"enum\":[\(words.map { "\"\($0)\"" }.joined(separator: ","))]}"
    }

    static let nothing = object([:])
    static let text = #"{"type":"string","minLength":1,"maxLength":256}"#
    /// An id: the broker has them as text and as numbers.
    static let identifier = #"{"type":["string","integer"]}"#
    static let number = #"{"type":["number","string"]}"#
    static let flag = #"{"type":"boolean"}"#
    static let side = words("BUY", "SELL")
    static let product = words("DELIVERY", "INTRADAY", "CARRYFORWARD", "CARRY", "MARGIN_FUNDED", "MARGIN")
    static let orderType = words("MARKET", "LIMIT", "STOP_LIMIT", "STOP_MARKET", "STOP")
    static let orderClass = words("REGULAR", "AFTER_MARKET", "COVER", "ICEBERG", "AUCTION")
    static let instrument = object(["exchange": text, "symbol": text], required: ["exchange", "symbol"])
}
