import AdapterKit
import Exact

/// How the words of recorded intents become the contract's. An adapter may say more in its capability document:
///
/// ```json
/// {"cases": {"alias": "{exchange}:{symbol}", "broker_data": "{instrument_token}",
///            "packet_frame": "0001{size16}{packet}", "options": {"market_protection_pct": "market_protection"}, "words": {"AUTO": -1},
///            "intents": [{"op": "holdings_summary"}]}}
/// ```
/// `packet_frame`: the frame around a packet that was recorded alone. `intents`: further intents, for recorded answers to requests that no recording makes.
/// `alias` and `broker_data`: how the adapter names an instrument, from the intent's own members. `options`: what an
/// intent's member is called among the order's options. `words`: values of options that the adapter writes differently.
struct CaseWords {
    var alias = "{exchange}:{symbol}"
    var brokerData: String?
    /// What stands around one recorded packet to make a frame: hexadecimal text, `{size16}` for its size as two bytes with
    /// the first byte first, `{packet}` for the packet.
    var packetFrame: String?
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
        packetFrame = cases["packet_frame"]?.string
        for (name, value) in cases["options"]?.object ?? JSONObject() { options[name] = value.string }
        for (name, value) in cases["words"]?.object ?? JSONObject() { words[name] = value }
        intents = (cases["intents"]?.array ?? []).compactMap(\.object).filter { $0["op"]?.string != nil }
    }

    /// The adapter's own name of the instrument that members name; `nil`: they lack what its pattern needs.
    func alias(of members: JSONObject) -> String? {
        var text = alias
        for (name, value) in members { text = text.replacing("{\(name)}", with: Comparison.text(value)) }
        return text.contains("{") ? nil : text
    }

    /// A packet that was recorded alone, in its frame.
    func framed(_ packet: [UInt8]) -> [UInt8]? {
        guard let packetFrame else { return packet }
        let size = [UInt8(truncatingIfNeeded: packet.count >> 8), UInt8(truncatingIfNeeded: packet.count)]
        let text = packetFrame.replacing("{size16}", with: size.hex).replacing("{packet}", with: packet.hex)
        return try? CaseEntry(file: "", index: 0, object: ["frame": .string(text)]).bytes("frame")
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
    /// What an answer means for an order that was being placed.
    static let verdicts: Set<String> = ["not_placed", "placed", "partly placed", "unknown", "not_applicable"]
    /// How a command ends.
    static let outcomes: Set<String> = waiting.union([
        "ok", "success", "accepted", "working", "rejected", "not_processed", "not_sent", "unknown", "queued", "found",
        "partial", "nothing_to_do", "cancel_pending", "duplicate_client_order_id",
    ])
    /// Outcomes of a command that waits for somebody's answer.
    static let waiting: Set<String> = ["question", "prompt"]
    static let sessions: [String: SessionState] = [
        "ready": .ready, "challenge": .challenge, "logged_out": .challenge, "degraded": .degraded,
        "brokerage_session_lost": .degraded, "competing": .degraded, "failed": .failed, "closed": .closed,
    ]

    /// What a recorded sentence of advice allows an adapter to advise.
    struct Advice {
        var beginning: String
        var allows: @Sendable (AdapterError.Retry?) -> Bool
    }

    private static func isNo(_ advice: AdapterError.Retry?) -> Bool { advice == nil || advice == .never }
    private static func isPause(_ advice: AdapterError.Retry?) -> Bool {
        if case .after = advice { return true }
        return false
    }

    static let advices: [Advice] = [
        Advice(beginning: "only after a new login", allows: { $0 == .afterLogin }),
        Advice(beginning: "after a new login", allows: { $0 == .afterLogin }),
        Advice(beginning: "reconcile first", allows: { isNo($0) || $0 == .afterReconcile }),
        Advice(beginning: "read ", allows: { isNo($0) || $0 == .afterReconcile }),
        Advice(beginning: "after depository authorisation", allows: isNo),
        Advice(beginning: "after ", allows: isPause),
        Advice(beginning: "with the next", allows: { isPause($0) || $0 == .now || $0 == .afterLogin }),
        Advice(beginning: "with ", allows: isNo),
        Advice(beginning: "never", allows: isNo),
        Advice(beginning: "not as is", allows: isNo),
        Advice(beginning: "no:", allows: isNo),
    ]

    /// `nil`: a sentence that nobody understands.
    static func advice(_ sentence: String) -> Advice? {
        if sentence == "no" { return Advice(beginning: "no", allows: isNo) }
        return advices.first { sentence.hasPrefix($0.beginning) }
    }

    /// Whether the broker's failure stands for a list without entries.
    static func isEmptyList(_ sentence: String?) -> Bool { sentence?.contains("empty list") ?? false }

    /// Members of an intent that an order or a modify has fields for.
    static let ordinary: Set<String> = [
        "op", "credentials", "account", "order_class", "exchange", "symbol", "instrument", "side", "quantity",
        "quantity_unit",
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

    /// An instant: text with its offset, or without one Indian time; seconds since the epoch.
    func time(_ name: String) throws(UnknownWord) -> Timestamp? {
        guard let value = intent[name], !value.isNull else { return nil }
        var text = Comparison.text(value)
        if text.utf8.count == 10, text.contains("-") { text += " 00:00:00" }
        if text.utf8.count == 19 { text += "+05:30" }
        let found = value.string == nil ? value : .string(text)
        guard let instant = RecordedTime.nanoseconds(found, isMilliseconds: false) else {
            throw UnknownWord(place: "intent.\(name)", value: Comparison.text(value))
        }
        return Timestamp(nanoseconds: instant)
    }

    /// How long a candle is: `5m`, `1h`, `1d`, or whole `interval_minutes`.
    func interval() throws(UnknownWord) -> Int64 {
        let units: [Character: Int64] = ["m": 60, "h": 3_600, "d": 86_400]
        if let minutes = intent["interval_minutes"]?.int64, (1...10_000).contains(minutes) {
            return minutes * 60_000_000_000
        }
        let text = intent["interval"].map { Comparison.text($0) } ?? "absent"
        let plain = text == "DAY" ? "1d" : text
        guard let last = plain.last, let unit = units[last], let count = Int64(plain.dropLast()),
            (1...1_000).contains(count)
        else { throw UnknownWord(place: "intent.interval", value: text) }
        return count * unit * 1_000_000_000
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
