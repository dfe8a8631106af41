import Domain
import Instruments
import Prices

/// The parent order of a request (INTERFACES.md §6). What depends on the instrument or the group is the engine's to judge.
enum OrderDecoding {
    /// The longest a leg may wait before it is sent, in milliseconds.
    static let deadlines: ClosedRange<Int64> = 1...600_000
    static let maximumOptions = 32

    /// A fan-out over a group.
    static func groupOrder(
        _ object: JSONObject, group: GroupID, _ instruments: InstrumentSnapshot
    ) throws(Problem) -> ParentOrder {
        var reader = ObjectReader(object)
        var order = common(&reader, target: .group(group), instruments)
        if let mode = reader.word("mode", Words.mode) { order?.mode = mode }
        if let legs = reader.integer("min_legs", 1...1_000_000) { order?.minimumLegs = Int(legs) }
        if let part = reader.integer("min_quantity_bps", 1...10_000) { order?.minimumQuantityBasisPoints = Int(part) }
        if let redistributes = reader.boolean("redistribute") { order?.redistributes = redistributes }
        if let allows = reader.boolean("allow_partial_allocation") { order?.allowsPartialAllocation = allows }
        if let policy = reader.word("on_leg_failure", Words.onLegFailure) { order?.onLegFailure = policy }
        reader.finish(Schema.parentOrder)
        guard let order, reader.entries.isEmpty else { throw .invalid(reader.entries) }
        try OrderBounds.check(order, instruments)
        return order
    }

    /// An order on one account: the same without what is about several legs.
    static func accountOrder(
        _ object: JSONObject, _ instruments: InstrumentSnapshot
    ) throws(Problem) -> ParentOrder {
        var reader = ObjectReader(object)
        let account = reader.required("account_id", "name the account that trades") {
            $0.identifier("account_id", AccountID.self)
        }
        let order = common(&reader, target: .account(account ?? AccountID(unchecked: "")), instruments)
        reader.finish(Schema.accountOrder)
        guard let order, account != nil, reader.entries.isEmpty else { throw .invalid(reader.entries) }
        try OrderBounds.check(order, instruments)
        return order
    }

    private static func common(
        _ reader: inout ObjectReader, target: ParentOrder.Target, _ instruments: InstrumentSnapshot
    ) -> ParentOrder? {
        let symbol = reader.required("symbol", "name an instrument, like NSE:EQ:RELIANCE") {
            instrument(&$0, "symbol", instruments)
        }
        let orderType = reader.required("order_type", "one of \(OrderType.choices)") {
            $0.word("order_type", Words.orderType)
        }
        let product = reader.required("product", "one of \(Product.choices)") { $0.word("product", Words.product) }
        var order = ParentOrder(
            target: target, symbol: symbol ?? InstrumentID(canonical: ""), side: reader.word("side", Words.side),
            orderType: orderType ?? .market, product: product ?? .cash)
        order.quantity = reader.decimal("quantity", .positive)
        order.lots = reader.integer("lots", 1 ... .max)
        order.percent = reader.decimal("percent")
        order.stopDistance = reader.decimal("stop_distance", .positive)
        order.multiplier = reader.integer("multiplier", 1 ... .max)
        order.limitPrice = reader.decimal("price")
        order.stopPrice = reader.decimal("trigger_price")
        order.trail = reader.decimal("trail", .positive)
        order.timeInForce = reader.word("time_in_force", Words.timeInForce) ?? .day
        order.validUntil = reader.time("valid_until")
        order.orderClass = reader.word("order_class", Words.orderClass) ?? .regular
        order.isPostOnly = reader.boolean("post_only", default: false)
        order.isReduceOnly = reader.boolean("reduce_only", default: false)
        order.isAfterMarket = reader.boolean("after_market", default: false)
        order.disclosedQuantity = reader.decimal("disclosed_quantity", .positive)
        order.deadlineMilliseconds = reader.integer("deadline_ms", deadlines) ?? 10_000
        order.attachedStop = reader.decimal("attached_stop", .positive)
        order.strategy = reader.text("strategy")
        order.tag = reader.text("tag")
        order.brokerOptions = brokerOptions(&reader)
        return symbol != nil && orderType != nil && product != nil ? order : nil
    }

    /// A name that the master knows is right as it stands; only others are looked at closely.
    private static func instrument(
        _ reader: inout ObjectReader, _ name: String, _ instruments: InstrumentSnapshot
    ) -> InstrumentID? {
        guard let value = reader.take(name) else { return nil }
        let reason: String
        if case .string(let text) = value {
            let canonical = InstrumentID(canonical: text)
            if instruments.index(of: canonical) != nil { return canonical }
            do throws(InstrumentID.Malformed) {
                return try InstrumentID(text)
            } catch {
                reason = error.reason
            }
        } else {
            reason = "an instrument id is text"
        }
        reader.refuse(name, value, reason, remedy: "write VENUE:KIND:ROOT with its terms, like NSE:EQ:RELIANCE")
        return nil
    }

    /// Adapter id to an object that the adapter's own schema validates.
    static func brokerOptions(_ reader: inout ObjectReader) -> [String: String] {
        guard let value = reader.take("broker_options") else { return [:] }
        let remedy = "expected {\"<adapter id>\": {…}} for at most \(maximumOptions) adapters"
        guard case .object(let object) = value, object.count <= maximumOptions else {
            reader.refuse("broker_options", value, "is no such object", remedy: remedy)
            return [:]
        }
        var options: [String: String] = [:]
        for (adapter, value) in object {
            guard AdapterID(adapter) != nil, case .object = value else {
                reader.refuse(
                    "broker_options", .string(adapter), "does not give an adapter's options as an object",
                    remedy: remedy)
                continue
            }
            options[adapter] = value.serializedText()
        }
        return options
    }
}
