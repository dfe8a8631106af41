import AdapterKit
import Exact

/// How the words of recorded intents become the contract's. An adapter may say more in its capability document:
///
/// ```json
/// {"cases": {"alias": "{exchange}:{symbol}", "broker_data": "{instrument_token}",
///            "options": {"market_protection_pct": "market_protection"}, "words": {"AUTO": -1},
///            "intents": [{"op": "holdings_summary"}]}}
/// ```
/// `intents`: further intents, for recorded answers to requests that no recording makes.
/// `alias` and `broker_data`: how the adapter names an instrument, from the intent's own members. `options`: what an
/// intent's member is called among the order's options. `words`: values of options that the adapter writes differently.
struct CaseWords {
    var alias = "{exchange}:{symbol}"
    var brokerData: String?
    var options: [String: String] = [:]
    var words: [String: JSONValue] = [:]
    /// Operations that the adapter knows and no recording may have.
    var intents: [JSONObject] = []
    /// Names that the adapter's order options may have.
    var optionNames: Set<String> = []

    init(capabilityDocument: String?, optionsSchema: String?) {
        if let schema = optionsSchema.flatMap({ try? JSONValue.parse($0) }), let names = schema["properties"]?.object {
            optionNames = Set(names.keys)
        }
        guard let cases = capabilityDocument.flatMap({ try? JSONValue.parse($0) })?["cases"] else { return }
        alias = cases["alias"]?.string ?? alias
        brokerData = cases["broker_data"]?.string
        for (name, value) in cases["options"]?.object ?? JSONObject() { options[name] = value.string }
        for (name, value) in cases["words"]?.object ?? JSONObject() { words[name] = value }
        intents = (cases["intents"]?.array ?? []).compactMap(\.object).filter { $0["op"]?.string != nil }
    }

    static let sides: [String: Side] = ["BUY": .buy, "SELL": .sell]
    static let types: [String: OrderType] = [
        "MARKET": .market, "LIMIT": .limit, "STOP": .stop, "STOP_MARKET": .stop, "STOP_LIMIT": .stopLimit,
    ]
    static let products: [String: Product] = [
        "INTRADAY": .intraday, "DELIVERY": .delivery, "CARRY": .carry, "CARRYFORWARD": .carry, "MARGIN": .margin,
        "MARGIN_FUNDED": .margin, "CASH": .cash,
    ]
    static let validities: [String: TimeInForce] = [
        "DAY": .day, "IOC": .immediateOrCancel, "FOK": .fillOrKill, "GTC": .goodTillCancel, "GTD": .goodTillDate,
        "MINUTES": .goodTillDate,
    ]
    static let classes: [String: OrderClass] = [
        "REGULAR": .regular, "AFTER_MARKET": .regular, "COVER": .cover, "BRACKET": .bracket, "ICEBERG": .iceberg,
        "AUCTION": .auction,
    ]
    static let states: [String: OrderState] = [
        "PENDING_NEW": .pendingNew, "NEW": .open, "OPEN": .open, "PARTIALLY_FILLED": .partiallyFilled,
        "FILLED": .filled, "PENDING_CANCEL": .pendingCancel, "PENDING_REPLACE": .pendingModify, "CANCELED": .canceled,
        "REJECTED": .rejected, "EXPIRED": .expired, "SUSPENDED": .suspended, "TRIGGER_PENDING": .triggerPending,
    ]
    /// Members of an intent that an order or a modify has fields for.
    static let ordinary: Set<String> = [
        "op", "credentials", "order_class", "exchange", "symbol", "instrument", "side", "quantity", "quantity_unit",
        "order_type", "product", "validity", "limit_price", "trigger_price", "disclosed_quantity", "client_tag",
        "order_id", "symbol_token", "instrument_token", "security_id", "venue_symbol", "exchange_segment", "orders",
    ]
}

/// A word of an intent that the contract does not have.
struct UnknownWord: Error {
    var place: String
    var value: String
}

/// Reads an intent as the contract's values.
struct IntentReader {
    let words: CaseWords
    let intent: JSONObject

    func word<Word>(_ name: String, _ table: [String: Word], _ otherwise: Word?) throws(UnknownWord) -> Word {
        guard let text = intent[name]?.string else {
            guard let otherwise else { throw UnknownWord(place: "intent.\(name)", value: "absent") }
            return otherwise
        }
        guard let word = table[text] else { throw UnknownWord(place: "intent.\(name)", value: text) }
        return word
    }

    func wordIfGiven<Word>(_ name: String, _ table: [String: Word]) throws(UnknownWord) -> Word? {
        intent[name] == nil ? nil : try word(name, table, nil)
    }

    /// A price or a quantity; 0 counts as none.
    func amount(_ name: String) -> ExactDecimal? {
        guard let value = intent[name]?.decimalOrText, !value.isZero else { return nil }
        return value
    }

    var instrument: StoredInstrument {
        var members = intent
        for (name, value) in intent["instrument"]?.object ?? JSONObject() { _ = members.append(name, value) }
        let exchange = members["exchange"]?.string ?? "XXXX"
        let symbol = members["symbol"]?.string ?? members["venue_symbol"]?.string ?? "X"
        let native = ["instrument_token", "security_id", "symbol_token"].compactMap { members[$0] }.first
        let brokerData = words.brokerData.map { filled($0, members) } ?? native.map { Comparison.text($0) }
        return StoredInstrument(
            uid: native.flatMap { UInt64(Comparison.text($0)) } ?? 0, id: "\(exchange):EQ:\(symbol)",
            alias: filled(words.alias, members), brokerData: brokerData.map { Array($0.utf8) },
            lotSize: members["lot_size"]?.decimalOrText ?? 1, multiplier: 1)
    }

    private func filled(_ pattern: String, _ members: JSONObject) -> String {
        var text = pattern
        for (name, value) in members { text = text.replacing("{\(name)}", with: Comparison.text(value)) }
        return text
    }

    /// What the intent says beyond an order's fields, as the order's options.
    func options(_ except: Set<String> = []) -> String? {
        var object = JSONObject()
        for (name, value) in intent where !CaseWords.ordinary.contains(name) && !except.contains(name) {
            var option = words.options[name] ?? name
            if !words.optionNames.contains(option), option.hasSuffix("_pct"),
                words.optionNames.contains(String(option.dropLast(4)))
            {
                option = String(option.dropLast(4))
            }
            _ = object.append(option, value.string.flatMap { words.words[$0] } ?? value)
        }
        return object.isEmpty ? nil : JSONValue.object(object).serializedText()
    }

    var isAfterMarket: Bool { intent["order_class"]?.string == "AFTER_MARKET" }

    func order(reference: ClientReference?) throws(UnknownWord) -> StoredOrder {
        StoredOrder(
            account: 0, instrument: instrument, side: try word("side", CaseWords.sides, nil),
            type: try word("order_type", CaseWords.types, .market), quantity: intent["quantity"]?.decimalOrText ?? 1,
            price: amount("limit_price"), triggerPrice: amount("trigger_price"),
            product: try word("product", CaseWords.products, .intraday),
            timeInForce: try word("validity", CaseWords.validities, .day),
            orderClass: try word("order_class", CaseWords.classes, .regular),
            flags: isAfterMarket ? .afterMarket : [], clientReference: reference,
            disclosedQuantity: amount("disclosed_quantity"), options: options())
    }

    /// The order that a modify or a cancel refers to, as far as the intent knows it.
    func lastKnown() throws(UnknownWord) -> StoredOrder {
        StoredOrder(
            account: 0, instrument: instrument, side: try word("side", CaseWords.sides, .buy),
            type: try word("order_type", CaseWords.types, amount("trigger_price") == nil ? .limit : .stopLimit),
            quantity: intent["quantity"]?.decimalOrText ?? 1, price: amount("limit_price"),
            triggerPrice: amount("trigger_price"), product: try word("product", CaseWords.products, .intraday),
            timeInForce: try word("validity", CaseWords.validities, .day),
            orderClass: try word("order_class", CaseWords.classes, .regular),
            flags: isAfterMarket ? .afterMarket : [], options: options())
    }
}
