import AdapterKit
import Exact

/// The fields of one order call, in the broker's words (FACTS.md §3.2-3.4).
///
/// What the API offers and an order cannot say by itself comes by its options (`OrderOptions`). Whatever does not hold
/// together is refused here, by the name of the field, before anything is sent; nothing is rounded and nothing is
/// replaced by something similar.
struct OrderForm {
    /// The path's first part.
    private(set) var variety: Variety
    /// Names and values, in the order of the broker's documentation.
    private(set) var fields = FormBody(capacity: 256)

    /// The same fields under another path.
    func of(_ variety: Variety) -> OrderForm {
        var form = self
        form.variety = variety
        return form
    }

    private init(_ variety: Variety) { self.variety = variety }

    // MARK: Place

    /// The fields of a new order.
    ///
    /// - Parameter tag: The host's reference, which the broker shows in `tag` of the order wherever it appears.
    static func place(
        _ order: borrowing Order, options: OrderOptions, protection: String, tag: ClientReference
    ) throws(AdapterError) -> OrderForm {
        let symbol = try Symbol.of(order.instrument)
        var form = OrderForm(try Variety.of(order.orderClass, afterMarket: order.flags.contains(.afterMarket)))
        let product = try KiteProduct.of(order.product)
        let type = KiteOrderType.of(order.type)
        try form.check(order, type: type, product: product, options: options)

        form.fields.add("exchange", symbol.exchange.rawValue)
        form.fields.add("tradingsymbol", symbol.tradingSymbol)
        form.fields.add("transaction_type", Direction.word(order.side))
        form.fields.add("quantity", try symbol.brokerQuantity(order.quantity, lotSize: order.instrument.lotSize))
        form.fields.add("product", product.rawValue)
        form.fields.add("order_type", type.rawValue)
        if let price = order.price { form.fields.add("price", try onTick(price, order.instrument.tick, "price")) }
        try form.addValidity(order.timeInForce, options)
        if let trigger = order.triggerPrice {
            form.fields.add("trigger_price", try onTick(trigger, order.instrument.tick, "trigger_price"))
        }
        if let disclosed = order.disclosedQuantity, !disclosed.isZero {
            try form.addDisclosed(disclosed, symbol)
        }
        if form.variety == .iceberg {
            guard let legs = options.icebergLegs, let each = options.icebergQuantity else {
                throw .invalid("an ICEBERG order needs iceberg_legs (2 to 50) and iceberg_quantity", field: "options")
            }
            try checkLegs(legs, each, of: order.quantity, lot: order.instrument.lotSize)
            form.fields.add("iceberg_legs", String(legs))
            form.fields.add("iceberg_quantity", try symbol.brokerQuantity(each, lotSize: order.instrument.lotSize))
        }
        if let number = options.auctionNumber { form.fields.add("auction_number", number) }
        if type.needsProtection { form.fields.add("market_protection", options.marketProtection ?? protection) }
        if options.autoslice { form.fields.add("autoslice", "true") }
        if let algorithm = options.algoID { form.fields.add("algo_id", algorithm) }
        if !tag.isAbsent { form.fields.add("tag", tag) }
        return form
    }

    /// A leg is about the quantity divided by the legs (FACTS.md §3.2): to within the lot that a division may leave over.
    private static func checkLegs(
        _ legs: Int64, _ each: ExactDecimal, of quantity: ExactDecimal, lot: ExactDecimal?
    ) throws(AdapterError) {
        let step = lot.unlessZero ?? 1
        let count = ExactDecimal(legs)
        guard let sum = each.multiplied(by: count), let slack = step.multiplied(by: count),
            let low = quantity.subtracting(slack), let high = quantity.adding(slack), sum > low, sum < high
        else {
            throw .invalid(
                "\(legs) legs of \(each) do not make the order's \(quantity): iceberg_quantity is about the quantity "
                    + "divided by iceberg_legs", field: "options")
        }
    }

    /// What must hold between the fields of a new order.
    private func check(
        _ order: borrowing Order, type: KiteOrderType, product: KiteProduct, options: OrderOptions
    ) throws(AdapterError) {
        if order.trail != nil { throw .unsupported("the broker has no trailing orders", field: "trail") }
        if order.flags.contains(.postOnly) { throw .unsupported("the broker has no post-only orders", field: "flags") }
        if order.flags.contains(.reduceOnly) {
            throw .unsupported("the broker has no reduce-only orders", field: "flags")
        }
        if Symbol.isIndex(order.instrument.id) {
            throw AdapterError(
                .instrument, "an index cannot be traded", field: "instrument", certainty: .notSent, retry: .never)
        }
        try checkPrices(order, type)
        switch variety {
        case .cover:
            guard product == .intraday else {
                throw .unsupported("COVER orders are of product INTRADAY", field: "product")
            }
            guard type == .market || type == .limit else {
                throw .unsupported("COVER orders are MARKET or LIMIT, with trigger_price", field: "order_type")
            }
            guard order.triggerPrice != nil else {
                throw .invalid("a COVER order needs the trigger_price of its stop", field: "trigger_price")
            }
        case .iceberg:
            // The documentation names limit orders, and nobody has written down that market orders are refused: the
            // broker says.
            guard type == .limit || type == .market else {
                throw .unsupported("ICEBERG orders are LIMIT or MARKET", field: "order_type")
            }
        case .auction:
            guard order.side == .sell, type == .limit else {
                throw .unsupported("AUCTION orders are SELL LIMIT", field: "order_type")
            }
            guard options.auctionNumber != nil else {
                throw .invalid("an AUCTION order needs auction_number", field: "options")
            }
        case .regular, .afterMarket: break
        }
        if variety != .auction, options.auctionNumber != nil {
            throw .invalid("auction_number goes with order_class AUCTION", field: "options")
        }
        if variety != .iceberg, options.icebergLegs != nil || options.icebergQuantity != nil {
            throw .invalid("iceberg_legs and iceberg_quantity go with order_class ICEBERG", field: "options")
        }
        if options.marketProtection != nil, !type.needsProtection {
            throw .invalid("market_protection goes with MARKET and STOP orders", field: "options")
        }
        if options.parentOrderID != nil {
            throw .invalid("parent_order_id goes with modify and cancel", field: "options")
        }
    }

    /// Each type has the prices that it needs and no other: one that is left over would be ignored at the broker.
    private func checkPrices(_ order: borrowing Order, _ type: KiteOrderType) throws(AdapterError) {
        let word = type.rawValue
        switch (type == .limit || type == .stopLimit, order.price == nil) {
        case (true, true): throw .invalid("an order of type \(word) needs a price", field: "price")
        case (false, false): throw .invalid("an order of type \(word) has no price", field: "price")
        default: break
        }
        switch (type == .stopLimit || type == .stopMarket, order.triggerPrice == nil) {
        case (true, true): throw .invalid("an order of type \(word) needs a trigger_price", field: "trigger_price")
        case (false, false) where variety != .cover:
            throw .invalid("an order of type \(word) has no trigger_price", field: "trigger_price")
        default: break
        }
    }

    /// A price as it is, refused where it is between two steps: nothing is rounded here.
    private static func onTick(
        _ price: ExactDecimal, _ tick: ExactDecimal?, _ field: String
    ) throws(AdapterError) -> ExactDecimal {
        if let tick, !tick.isZero, price.dividedExactly(by: tick) == nil {
            throw .invalid("\(price) is no multiple of the price step, \(tick)", field: field)
        }
        return price
    }

    private mutating func addDisclosed(_ quantity: ExactDecimal, _ symbol: Symbol?) throws(AdapterError) {
        guard symbol.map({ $0.exchange == .nse || $0.exchange == .bse }) ?? true else {
            throw .unsupported("quantity is disclosed for equities alone", field: "disclosed_quantity")
        }
        guard quantity.isInteger else {
            throw .invalid("\(quantity) is no whole number", field: "disclosed_quantity")
        }
        fields.add("disclosed_quantity", quantity)
    }

    /// `DAY`, `IOC`, or a life in minutes; the broker knows no other.
    private mutating func addValidity(_ timeInForce: TimeInForce, _ options: OrderOptions) throws(AdapterError) {
        if timeInForce != .goodTillDate, options.validityMinutes != nil {
            throw .invalid("validity_minutes goes with time_in_force GTD", field: "options")
        }
        switch timeInForce {
        case .day: fields.add("validity", "DAY")
        case .immediateOrCancel: fields.add("validity", "IOC")
        case .goodTillDate:
            guard let minutes = options.validityMinutes else {
                throw .unsupported(
                    "the broker ends an order after whole minutes, not at a date: state validity_minutes",
                    field: "time_in_force")
            }
            fields.add("validity", "TTL")
            fields.add("validity_ttl", String(minutes))
        case .fillOrKill, .goodTillCancel:
            throw .unsupported("the broker takes DAY, IOC, or GTD with validity_minutes", field: "time_in_force")
        }
    }

    // MARK: Modify

    /// The fields of a modify: what changes, and nothing else.
    static func modify(
        _ order: KnownOrder, _ changes: borrowing Changes, options: OrderOptions, protection: String
    ) throws(AdapterError) -> OrderForm {
        try refuseFixed(options)
        var form = OrderForm(order.variety)
        if let parent = order.parentOrderID { form.fields.add("parent_order_id", parent) }
        if let quantity = changes.quantity {
            guard let symbol = order.symbol else {
                throw AdapterError(
                    .notFound, "the order is not known, so its quantity cannot be counted: look it up first",
                    field: "order_ref.order", certainty: .notSent, retry: .afterReconcile)
            }
            form.fields.add("quantity", try symbol.brokerQuantity(quantity, lotSize: order.lotSize))
        }
        if let price = changes.price { form.fields.add("price", try onTick(price, order.tick, "price")) }
        let type = changes.orderType.map(KiteOrderType.of)
        if let type { form.fields.add("order_type", type.rawValue) }
        if let stated = options.marketProtection {
            guard type?.needsProtection ?? true else {
                throw .invalid("market_protection goes with MARKET and STOP orders", field: "options")
            }
            form.fields.add("market_protection", stated)
        } else if type?.needsProtection == true {
            form.fields.add("market_protection", protection)
        }
        if let trigger = changes.triggerPrice {
            form.fields.add("trigger_price", try onTick(trigger, order.tick, "trigger_price"))
        }
        if let disclosed = changes.disclosedQuantity { try form.addDisclosed(disclosed, order.symbol) }
        if let timeInForce = changes.timeInForce {
            try form.addValidity(timeInForce, options)
        } else if let minutes = options.validityMinutes {
            // Of an order that has such a life already: the broker refuses it of any other.
            form.fields.add("validity_ttl", String(minutes))
        }
        return form
    }

    /// What a modify cannot say: refused by name, since the broker would ignore it.
    private static func refuseFixed(_ options: OrderOptions) throws(AdapterError) {
        let fixed = [
            ("iceberg_legs", options.icebergLegs != nil), ("iceberg_quantity", options.icebergQuantity != nil),
            ("auction_number", options.auctionNumber != nil), ("autoslice", options.autoslice),
            ("algo_id", options.algoID != nil),
        ]
        if let name = fixed.first(where: \.1)?.0 {
            throw .unsupported("\(name) of an order cannot be changed: cancel it and place anew", field: "options")
        }
    }
}
