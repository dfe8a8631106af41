import AdapterKit
import Exact

extension VendorCall {
    /// Reads of the account and of its books, in the broker's own words.
    static let books: [VendorCall] = [
        VendorCall(
            name: "profile", effect: .read, text: "who is logged in, and what the account may trade",
            schema: Schema.nothing
        ) { (_) throws(AdapterError) in .profile },
        VendorCall(
            name: "profile_full", effect: .read, text: "the profile with its bank accounts and permissions",
            schema: Schema.nothing
        ) { (_) throws(AdapterError) in .get("/user/profile/full") },
        VendorCall(
            name: "funds", effect: .read, text: "funds and margins, of one segment or of both",
            schema: Schema.object(["segment": Schema.words("equity", "commodity")])
        ) { (arguments) throws(AdapterError) in
            let segment = try arguments.optionalWord(
                "segment", ["equity": "/equity", "commodity": "/commodity"])
            return .get("/user/margins" + (segment ?? ""))
        },
        VendorCall(
            name: "list_orders", effect: .read, text: "the day's orders", schema: Schema.nothing
        ) { (_) throws(AdapterError) in .orders },
        VendorCall(
            name: "order_history", effect: .read, text: "the states of one order, oldest first", schema: order
        ) { (arguments) throws(AdapterError) in .history(orderID: try arguments.text("order_id")) },
        VendorCall(
            name: "list_trades", effect: .read, text: "the day's trades", schema: Schema.nothing
        ) { (_) throws(AdapterError) in .trades },
        VendorCall(
            name: "order_trades", effect: .read, text: "the trades of one order", schema: order
        ) { (arguments) throws(AdapterError) in .trades(orderID: try arguments.text("order_id")) },
    ]

    private static let order = Schema.object(["order_id": Schema.identifier], required: ["order_id"])

    /// Positions, holdings, margins and charges.
    static let portfolio: [VendorCall] = [
        VendorCall(
            name: "positions", effect: .read, text: "the net and the day's positions", schema: Schema.nothing
        ) { (_) throws(AdapterError) in .positions },
        VendorCall(
            name: "holdings", effect: .read, text: "the shares held", schema: Schema.nothing
        ) { (_) throws(AdapterError) in .holdings },
        VendorCall(
            name: "holdings_summary", effect: .read, text: "what the holdings are worth together",
            schema: Schema.nothing
        ) { (_) throws(AdapterError) in .get("/portfolio/holdings/summary") },
        VendorCall(
            name: "holdings_compact", effect: .read, text: "holdings by instrument and quantity alone",
            schema: Schema.nothing
        ) { (_) throws(AdapterError) in .get("/portfolio/holdings/compact") },
        VendorCall(
            name: "auction_instruments", effect: .read, text: "holdings that may be offered in an auction",
            schema: Schema.nothing
        ) { (_) throws(AdapterError) in .get("/portfolio/holdings/auctions") },
        VendorCall(
            name: "authorise_holdings", effect: .reducing,  // without it, shares that are held cannot be sold
            text: "asks the depository to let shares be sold; a person confirms on the page of the request_id",
            schema: Schema.object([
                "holdings": Schema.list(
                    of: Schema.object(
                        ["isin": Schema.text, "quantity": Schema.number], required: ["isin", "quantity"]), 0...200)
            ])
        ) { (arguments) throws(AdapterError) in
            let pairs =
                arguments.has("holdings")
                ? try arguments.each("holdings", 0...200) { (item) throws(AdapterError) in
                    [
                        Call.Parameter("isin", try item.text("isin")),
                        Call.Parameter("quantity", try item.quantity("quantity").description),
                    ]
                } : []
            return Call(
                .post, "/portfolio/holdings/authorise", body: .form(pairs.flatMap { $0 }), changesNothing: false)
        },
        VendorCall(
            name: "convert_position", effect: .mutation, text: "turns a position into another product",
            schema: Schema.object(
                [
                    "exchange": Schema.text, "symbol": Schema.text, "side": Schema.side,
                    "position_type": Schema.words("DAY", "OVERNIGHT"), "quantity": Schema.number,
                    "from_product": Schema.product, "to_product": Schema.product,
                ],
                required: [
                    "exchange", "symbol", "side", "position_type", "quantity", "from_product", "to_product",
                ])
        ) { (arguments) throws(AdapterError) in
            let symbol = try arguments.symbol()
            return Call(
                .put, "/portfolio/positions",
                body: .form([
                    Call.Parameter("exchange", symbol.exchange.rawValue),
                    Call.Parameter("tradingsymbol", symbol.tradingSymbol),
                    Call.Parameter("transaction_type", Direction.word(try arguments.side())),
                    Call.Parameter(
                        "position_type",
                        try arguments.word("position_type", ["DAY": "day", "OVERNIGHT": "overnight"])),
                    Call.Parameter("quantity", try arguments.quantity("quantity").description),
                    Call.Parameter("old_product", try arguments.product("from_product").rawValue),
                    Call.Parameter("new_product", try arguments.product("to_product").rawValue),
                ]), changesNothing: false)
        },
        VendorCall(
            name: "order_margin", effect: .read, text: "the margin of each of these orders by itself",
            schema: Schema.object(
                [
                    "orders": Schema.list(of: MarginOrder.schema, 1...50), "mode": Schema.words("compact"),
                    "compact": Schema.flag,
                ], required: ["orders"])
        ) { (arguments) throws(AdapterError) in
            let orders = try arguments.each("orders", 1...50, MarginOrder.init)
            return MarginOrder.call(orders, compact: try arguments.isCompact())
        },
        VendorCall(
            name: "basket_margin", effect: .read, text: "the margin of these orders together",
            schema: Schema.object(
                [
                    "orders": Schema.list(of: MarginOrder.schema, 1...50), "consider_positions": Schema.flag,
                    "mode": Schema.words("compact"), "compact": Schema.flag,
                ], required: ["orders"])
        ) { (arguments) throws(AdapterError) in
            let orders = try arguments.each("orders", 1...50, MarginOrder.init)
            return MarginOrder.basketCall(
                orders, considerPositions: try arguments.flag("consider_positions", otherwise: true),
                compact: try arguments.isCompact())
        },
        VendorCall(
            name: "order_charges", effect: .read, text: "brokerage, taxes and fees of these executed orders",
            schema: Schema.object(["orders": Schema.list(of: ChargedOrder.schema, 1...50)], required: ["orders"])
        ) { (arguments) throws(AdapterError) in
            ChargedOrder.call(try arguments.each("orders", 1...50, ChargedOrder.init))
        },
    ]
}

extension Arguments {
    fileprivate mutating func isCompact() throws(AdapterError) -> Bool {
        let isWished = try flag("compact")
        return try optionalWord("mode", ["compact": true]) ?? isWished
    }
}

/// An order as the margin calls take it: numbers, price 0 for a market order (FACTS.md §8).
struct MarginOrder {
    let symbol: Symbol
    let side: Side
    let variety: Variety
    let product: KiteProduct
    let type: KiteOrderType
    /// In what the broker counts.
    let quantity: ExactDecimal
    let price: ExactDecimal
    let triggerPrice: ExactDecimal

    static let schema = Schema.object(
        [
            "exchange": Schema.text, "symbol": Schema.text, "side": Schema.side, "order_class": Schema.orderClass,
            "product": Schema.product, "order_type": Schema.orderType, "quantity": Schema.number,
            "limit_price": Schema.number, "trigger_price": Schema.number,
        ], required: ["exchange", "symbol", "side", "product", "order_type", "quantity"])

    init(_ arguments: inout Arguments) throws(AdapterError) {
        symbol = try arguments.symbol()
        side = try arguments.side()
        variety = try arguments.variety()
        product = try arguments.product()
        type = try arguments.orderType()
        quantity = try arguments.quantity("quantity")
        price = try arguments.optionalNumber("limit_price") ?? .zero
        triggerPrice = try arguments.optionalNumber("trigger_price") ?? .zero
    }

    /// Of an order that is about to be placed.
    init(_ order: borrowing Order) throws(AdapterError) {
        symbol = try Symbol.of(order.instrument)
        side = order.side
        variety = try Variety.of(order.orderClass, afterMarket: order.flags.contains(.afterMarket))
        product = try KiteProduct.of(order.product)
        type = KiteOrderType.of(order.type)
        quantity = try symbol.brokerQuantity(order.quantity, lotSize: order.instrument.lotSize)
        price = order.price ?? .zero
        triggerPrice = order.triggerPrice ?? .zero
    }

    fileprivate func write(_ json: inout JSONWriter) {
        json.beginObject()
        json.member("exchange", symbol.exchange.rawValue)
        json.member("tradingsymbol", symbol.tradingSymbol)
        json.member("transaction_type", Direction.word(side))
        json.member("variety", variety.rawValue)
        json.member("product", product.rawValue)
        json.member("order_type", type.rawValue)
        json.member("quantity", quantity)
        json.member("price", price)
        json.member("trigger_price", triggerPrice)
        json.endObject()
    }

    private static func body(_ orders: [MarginOrder]) -> Call.Body {
        var json = JSONWriter(reserving: orders.count * 200)
        json.beginArray()
        for order in orders { order.write(&json) }
        json.endArray()
        return .json(String(decoding: json.bytes, as: UTF8.self))
    }

    /// `POST /margins/orders`.
    static func call(_ orders: [MarginOrder], compact: Bool) -> Call {
        Call(
            .post, "/margins/orders", query: compact ? [Call.Parameter("mode", "compact")] : [], body: body(orders),
            changesNothing: true)
    }

    /// `POST /margins/basket`.
    static func basketCall(_ orders: [MarginOrder], considerPositions: Bool, compact: Bool) -> Call {
        var query = [Call.Parameter("consider_positions", considerPositions ? "true" : "false")]
        if compact { query.append(Call.Parameter("mode", "compact")) }
        return Call(.post, "/margins/basket", query: query, body: body(orders), changesNothing: true)
    }
}

/// An executed order whose charges are asked for (FACTS.md §8).
private struct ChargedOrder {
    static let schema = Schema.object(
        [
            "order_id": Schema.identifier, "exchange": Schema.text, "symbol": Schema.text, "side": Schema.side,
            "order_class": Schema.orderClass, "product": Schema.product, "order_type": Schema.orderType,
            "quantity": Schema.number, "average_price": Schema.number,
        ],
        required: [
            "order_id", "exchange", "symbol", "side", "product", "order_type", "quantity", "average_price",
        ])

    private let json: String

    init(_ arguments: inout Arguments) throws(AdapterError) {
        var json = JSONWriter(reserving: 200)
        json.beginObject()
        json.member("order_id", try arguments.text("order_id"))
        let symbol = try arguments.symbol()
        json.member("exchange", symbol.exchange.rawValue)
        json.member("tradingsymbol", symbol.tradingSymbol)
        json.member("transaction_type", Direction.word(try arguments.side()))
        json.member("variety", try arguments.variety().rawValue)
        json.member("product", try arguments.product().rawValue)
        json.member("order_type", try arguments.orderType().rawValue)
        json.member("quantity", try arguments.quantity("quantity"))
        let price = try arguments.number("average_price")
        guard price > .zero else {
            throw .invalid("average_price must be above 0", field: "arguments.average_price")
        }
        json.member("average_price", price)
        json.endObject()
        self.json = String(decoding: json.bytes, as: UTF8.self)
    }

    static func call(_ orders: [ChargedOrder]) -> Call {
        Call(
            .post, "/charges/orders", body: .json("[" + orders.map(\.json).joined(separator: ",") + "]"),
            changesNothing: true)
    }
}
