import AdapterKit
import Exact

/// The fields of one order call, in the broker's words (FACTS.md §3.2-3.4).
///
/// What the API offers and an order cannot say by itself comes by its options (`OrderOptions`). Whatever does not hold
/// together is refused here, by the name of the field, before anything is sent; nothing is rounded and nothing is
/// replaced by something similar.
struct OrderForm {
    /// The path's first part.
    let variety: Variety
    /// Names and values, in the order of the broker's documentation.
    private(set) var fields: [(name: String, value: String)] = []

    private mutating func add(_ name: String, _ value: String) { fields.append((name, value)) }

    private init(_ variety: Variety) {
        self.variety = variety
    }

    // MARK: Place

    /// The fields of a new order.
    ///
    /// - Parameter tag: The host's reference, which the broker shows in `tag` of the order wherever it appears.
    static func place(
        _ order: borrowing Order, options: OrderOptions, protection: String, tag: String?
    ) throws(AdapterError) -> OrderForm {
        let symbol = try Symbol.of(order.instrument)
        var form = OrderForm(try Variety.of(order.orderClass, afterMarket: order.flags.contains(.afterMarket)))
        let product = try KiteProduct.of(order.product)
        let type = KiteOrderType.of(order.type)
        try form.check(order, type: type, product: product, options: options)

        form.add("exchange", symbol.exchange.rawValue)
        form.add("tradingsymbol", symbol.tradingSymbol)
        form.add("transaction_type", Direction.word(order.side))
        form.add("quantity", try symbol.brokerQuantity(order.quantity, lotSize: order.instrument.lotSize))
        form.add("product", product.rawValue)
        form.add("order_type", type.rawValue)
        if let price = order.price { form.add("price", price.description) }
        try form.addValidity(order.timeInForce, options)
        if let trigger = order.triggerPrice { form.add("trigger_price", trigger.description) }
        if let disclosed = order.disclosedQuantity, !disclosed.isZero {
            guard symbol.exchange == .nse || symbol.exchange == .bse else {
                throw .unsupported("quantity is disclosed for equities alone", field: "disclosed_quantity")
            }
            form.add("disclosed_quantity", disclosed.description)
        }
        if form.variety == .iceberg {
            guard let legs = options.icebergLegs, let each = options.icebergQuantity else {
                throw .invalid("an ICEBERG order needs iceberg_legs (2 to 50) and iceberg_quantity", field: "options")
            }
            form.add("iceberg_legs", String(legs))
            form.add("iceberg_quantity", try symbol.brokerQuantity(each, lotSize: order.instrument.lotSize))
        }
        if let number = options.auctionNumber { form.add("auction_number", number) }
        if type.needsProtection { form.add("market_protection", options.marketProtection ?? protection) }
        if options.autoslice { form.add("autoslice", "true") }
        if let algorithm = options.algoID { form.add("algo_id", algorithm) }
        if let tag { form.add("tag", tag) }
        return form
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
        if order.instrument.id.split(separator: ":").dropFirst().first == "IDX" {
            throw AdapterError(
                .instrument, "an index cannot be traded", field: "instrument", certainty: .notSent, retry: .never)
        }
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
            guard type == .limit else { throw .unsupported("ICEBERG orders are LIMIT", field: "order_type") }
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

    /// `DAY`, `IOC`, or a life in minutes; the broker knows no other.
    private mutating func addValidity(_ timeInForce: TimeInForce, _ options: OrderOptions) throws(AdapterError) {
        if timeInForce != .goodTillDate, options.validityMinutes != nil {
            throw .invalid("validity_minutes goes with time_in_force GTD", field: "options")
        }
        switch timeInForce {
        case .day: add("validity", "DAY")
        case .immediateOrCancel: add("validity", "IOC")
        case .goodTillDate:
            guard let minutes = options.validityMinutes else {
                throw .unsupported(
                    "the broker ends an order after whole minutes, not at a date: state validity_minutes",
                    field: "time_in_force")
            }
            add("validity", "TTL")
            add("validity_ttl", String(minutes))
        case .fillOrKill, .goodTillCancel:
            throw .unsupported("the broker takes DAY, IOC, or GTD with validity_minutes", field: "time_in_force")
        }
    }

    // MARK: Modify

    /// The fields of a modify: what changes, and nothing else.
    static func modify(
        _ order: KnownOrder, _ changes: borrowing Changes, options: OrderOptions, protection: String
    ) throws(AdapterError) -> OrderForm {
        var form = OrderForm(order.variety)
        if let parent = order.parentOrderID { form.add("parent_order_id", parent) }
        if let quantity = changes.quantity {
            guard let symbol = order.symbol else {
                throw AdapterError(
                    .notFound, "the order is not known, so its quantity cannot be counted: look it up first",
                    field: "order_ref.order", certainty: .notSent, retry: .afterReconcile)
            }
            form.add("quantity", try symbol.brokerQuantity(quantity, lotSize: order.lotSize))
        }
        if let price = changes.price { form.add("price", price.description) }
        if let type = changes.orderType.map(KiteOrderType.of) {
            form.add("order_type", type.rawValue)
            if type.needsProtection { form.add("market_protection", options.marketProtection ?? protection) }
        }
        if let trigger = changes.triggerPrice { form.add("trigger_price", trigger.description) }
        if let disclosed = changes.disclosedQuantity { form.add("disclosed_quantity", disclosed.description) }
        if let timeInForce = changes.timeInForce { try form.addValidity(timeInForce, options) }
        return form
    }
}
