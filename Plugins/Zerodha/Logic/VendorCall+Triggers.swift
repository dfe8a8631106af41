import AdapterKit
import Exact

// Orders that wait at the broker for a price (GTT), and its alerts (FACTS.md §9). Neither is an order of the gateway
// until the broker places one: then it appears in the books like an order that somebody entered elsewhere.

extension VendorCall {
    static let triggers: [VendorCall] = [
        VendorCall(
            name: "gtt_place", effect: .mutation,
            text: "an order that waits for a price, or two of which one cancels the other",
            schema: gttSchema(withID: false)
        ) { (arguments) throws(AdapterError) in
            Call(.post, "/gtt/triggers", body: try gttBody(&arguments), changesNothing: false)
        },
        VendorCall(
            name: "gtt_modify", effect: .mutation, text: "replaces a waiting order by another",
            schema: gttSchema(withID: true)
        ) { (arguments) throws(AdapterError) in
            let id = (try arguments.text("gtt_id")).percentEncoded
            return Call(.put, "/gtt/triggers/\(id)", body: try gttBody(&arguments), changesNothing: false)
        },
        VendorCall(
            name: "gtt_delete", effect: .reducing, text: "takes a waiting order back", schema: gttID
        ) { (arguments) throws(AdapterError) in
            Call(.delete, "/gtt/triggers/\((try arguments.text("gtt_id")).percentEncoded)", changesNothing: false)
        },
        VendorCall(
            name: "gtt_list", effect: .read, text: "waiting orders, and those of the last seven days",
            schema: Schema.nothing
        ) { (_) throws(AdapterError) in .get("/gtt/triggers") },
        VendorCall(
            name: "gtt_get", effect: .read, text: "one waiting order", schema: gttID
        ) { (arguments) throws(AdapterError) in
            .get("/gtt/triggers/\((try arguments.text("gtt_id")).percentEncoded)")
        },
    ]

    private static let gttID = Schema.object(["gtt_id": Schema.identifier], required: ["gtt_id"])

    private static func gttSchema(withID: Bool) -> String {
        let order = Schema.object(
            [
                "side": Schema.side, "quantity": Schema.number, "order_type": Schema.words("LIMIT"),
                "product": Schema.product, "limit_price": Schema.number,
            ], required: ["side", "quantity", "order_type", "product", "limit_price"])
        let members: KeyValuePairs = [
            "gtt_type": Schema.words("SINGLE", "OCO"), "exchange": Schema.text, "symbol": Schema.text,
            "trigger_prices": Schema.list(of: Schema.number, 1...2), "last_price": Schema.number,
            "orders": Schema.list(of: order, 1...2),
        ]
        let required = members.map(\.key)
        guard withID else { return Schema.object(members, required: required) }
        return Schema.object(
            [
                "gtt_id": Schema.identifier, "gtt_type": Schema.words("SINGLE", "OCO"), "exchange": Schema.text,
                "symbol": Schema.text, "trigger_prices": Schema.list(of: Schema.number, 1...2),
                "last_price": Schema.number, "orders": Schema.list(of: order, 1...2),
            ], required: required + ["gtt_id"])
    }

    /// `type`, and `condition` and `orders` as JSON texts inside the form.
    private static func gttBody(_ arguments: inout Arguments) throws(AdapterError) -> Call.Body {
        let isPair = try arguments.word("gtt_type", ["SINGLE": false, "OCO": true])
        let count = isPair ? 2 : 1
        let symbol = try arguments.symbol()
        let triggers = try arguments.numbers("trigger_prices", count...count)
        if isPair, triggers[0] >= triggers[1] {
            throw .invalid(
                "trigger_prices of an OCO are the lower, then the upper", field: "arguments.trigger_prices")
        }
        var condition = JSONWriter(reserving: 128)
        condition.beginObject()
        condition.member("exchange", symbol.exchange.rawValue)
        condition.member("tradingsymbol", symbol.tradingSymbol)
        condition.key("trigger_values")
        condition.beginArray()
        for trigger in triggers { condition.decimal(trigger) }
        condition.endArray()
        condition.member("last_price", try arguments.number("last_price"))
        condition.endObject()

        let orders = try arguments.each("orders", count...count) { (item) throws(AdapterError) in
            var order = JSONWriter(reserving: 160)
            order.beginObject()
            order.member("exchange", symbol.exchange.rawValue)
            order.member("tradingsymbol", symbol.tradingSymbol)
            order.member("transaction_type", Direction.word(try item.side()))
            order.member("quantity", try item.quantity("quantity"))
            guard try item.orderType() == .limit else {
                throw AdapterError.unsupported("orders of a GTT are LIMIT", field: "arguments.orders.order_type")
            }
            order.member("order_type", KiteOrderType.limit.rawValue)
            order.member("product", try item.product().rawValue)
            order.member("price", try item.number("limit_price"))
            order.endObject()
            return String(decoding: order.bytes, as: UTF8.self)
        }
        return .form([
            Call.Parameter("condition", String(decoding: condition.bytes, as: UTF8.self)),
            Call.Parameter("orders", "[" + orders.joined(separator: ",") + "]"),
            Call.Parameter("type", isPair ? "two-leg" : "single"),
        ])
    }

    /// Price alerts. The kind that places a basket (`ato`) is refused: its orders would pass by the risk controls, and
    /// an alert of the plain kind says the same.
    static let alerts: [VendorCall] = [
        VendorCall(
            name: "alert_create", effect: .mutation, text: "tells when a price reaches a level",
            schema: alertSchema(withID: false)
        ) { (arguments) throws(AdapterError) in
            Call(.post, "/alerts", body: try alertBody(&arguments), changesNothing: false)
        },
        VendorCall(
            name: "alert_modify", effect: .mutation, text: "changes an alert", schema: alertSchema(withID: true)
        ) { (arguments) throws(AdapterError) in
            let id = (try arguments.text("uuid")).percentEncoded
            return Call(.put, "/alerts/\(id)", body: try alertBody(&arguments), changesNothing: false)
        },
        VendorCall(
            name: "alert_delete", effect: .reducing, text: "removes alerts",
            schema: Schema.object(["uuids": Schema.list(of: Schema.text, 1...100)], required: ["uuids"])
        ) { (arguments) throws(AdapterError) in
            let ids = try arguments.texts("uuids", 1...100)
            return Call(.delete, "/alerts", query: ids.map { Call.Parameter("uuid", $0) }, changesNothing: false)
        },
        VendorCall(
            name: "alert_list", effect: .read, text: "the alerts, by status and page",
            schema: Schema.object([
                "status": Schema.text, "page": Schema.identifier, "page_size": Schema.identifier,
            ])
        ) { (arguments) throws(AdapterError) in
            var query: [Call.Parameter] = []
            for name in ["status", "page", "page_size"] {
                if let text = try arguments.optionalText(name) { query.append(Call.Parameter(name, text)) }
            }
            return .get("/alerts", query: query)
        },
        VendorCall(
            name: "alert_get", effect: .read, text: "one alert",
            schema: Schema.object(["uuid": Schema.text], required: ["uuid"])
        ) { (arguments) throws(AdapterError) in .get("/alerts/\((try arguments.text("uuid")).percentEncoded)") },
        VendorCall(
            name: "alert_history", effect: .read, text: "when an alert went off",
            schema: Schema.object(["uuid": Schema.text], required: ["uuid"])
        ) { (arguments) throws(AdapterError) in
            .get("/alerts/\((try arguments.text("uuid")).percentEncoded)/history")
        },
    ]

    private static let alertFields = [
        "name", "lhs_exchange", "lhs_tradingsymbol", "lhs_attribute", "operator", "rhs_type", "rhs_constant",
        "rhs_exchange", "rhs_tradingsymbol", "rhs_attribute",
    ]

    private static func alertSchema(withID: Bool) -> String {
        let names = alertFields.map { "\"\($0)\":\(Schema.number)" }.joined(separator: ",")
        let id = withID ? "\"uuid\":\(Schema.text)," : ""
        let needed =
            (withID ? ["uuid"] : []) + [
                "name", "type", "lhs_exchange", "lhs_tradingsymbol", "lhs_attribute", "operator", "rhs_type",
            ]
        return "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\(id)\"type\":"
            + "\(Schema.words("simple")),\(names)},\"required\":[\(needed.map { "\"\($0)\"" }.joined(separator: ","))]}"
    }

    private static func alertBody(_ arguments: inout Arguments) throws(AdapterError) -> Call.Body {
        let type = try arguments.text("type")
        guard type == "simple" else {
            throw .unsupported(
                "alerts are of type simple: what an alert places would pass by the risk controls",
                field: "arguments.type")
        }
        var form = [Call.Parameter("type", type)]
        let against = try arguments.text("rhs_type")
        let needed: Set<String> =
            against == "constant"
            ? ["rhs_constant"] : ["rhs_exchange", "rhs_tradingsymbol", "rhs_attribute"]
        guard against == "constant" || against == "instrument" else {
            throw .invalid("rhs_type must be constant or instrument", field: "arguments.rhs_type")
        }
        for name in alertFields {
            if name.hasPrefix("rhs_"), name != "rhs_type", !needed.contains(name) {
                if arguments.has(name) {
                    throw .invalid("\(name) does not go with rhs_type \(against)", field: "arguments.\(name)")
                }
                continue
            }
            form.append(Call.Parameter(name, try arguments.text(name)))
        }
        guard ["<=", ">=", "<", ">", "=="].contains(form.first { $0.name == "operator" }?.value) else {
            throw .invalid("operator must be one of <=, >=, <, >, ==", field: "arguments.operator")
        }
        return .form(form)
    }
}
