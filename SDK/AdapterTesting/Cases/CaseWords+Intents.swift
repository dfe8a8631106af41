import Exact

extension CaseWords {
    /// The contract's own operations, for answers to requests that no recording makes. Ids come from the answer's path.
    static func commonIntents(path: String) -> [JSONObject] {
        let parts = path.split(separator: "/").filter { !$0.hasPrefix("{") }.map(String.init)
        let ids = (parts.suffix(2).reversed() + ["1"]).map { JSONValue.string($0) }
        let order: JSONObject = [
            "order_class": "REGULAR", "exchange": "NSE", "symbol": "INFY", "side": "BUY", "quantity": 1,
            "order_type": "LIMIT",
            "product": "DELIVERY", "validity": "DAY", "limit_price": 100,
        ]
        func intent(_ operation: String, _ more: JSONObject = JSONObject(), _ id: JSONValue? = nil) -> JSONObject {
            var members = more
            members["op"] = .string(operation)
            members["order_id"] = id
            return members
        }
        var intents = [intent("place_order", order)]
        for operation in ["list_orders", "list_trades", "positions", "holdings", "funds", "profile", "instruments"] {
            intents.append(intent(operation))
        }
        for id in ids {
            intents += [
                intent("modify_order", order, id), intent("cancel_order", order, id),
                intent("order_details", JSONObject(), id),
                intent("order_history", JSONObject(), id),
            ]
        }
        intents.append(intent("quote", ["instruments": [["exchange": "NSE", "symbol": "INFY"]]]))
        intents.append(intent("basket_margin", ["orders": .array([.object(order)])]))
        intents.append(
            intent(
                "candles",
                [
                    "exchange": "NSE", "symbol": "INFY", "interval": "1m", "from": "2026-01-01 09:15:00",
                    "to": "2026-01-01 09:20:00",
                ]))
        intents.append(intent("login"))
        return intents
    }

    private static let commonNames: [String: String] = [
        "order.place": "place_order", "order.modify": "modify_order", "order.cancel": "cancel_order",
        "order.status": "order_details", "order.preview": "basket_margin", "orders.live": "list_orders",
        "trades.list": "list_trades", "positions.list": "positions",
    ]

    /// An intent written with dotted operations and a nested `order`, in the common form; others as they are.
    static func common(_ intent: JSONObject) -> JSONObject {
        guard let name = intent["op"]?.string, let operation = commonNames[name] else { return intent }
        var order = JSONObject()
        let names = [
            "type": "order_type", "tif": "validity", "stop_price": "trigger_price", "client_order_id": "client_tag",
            "conid": "security_id",
        ]
        for (member, value) in intent["order"]?.object ?? JSONObject() {
            let words: Set = ["type", "tif", "side"]
            order[names[member] ?? member] =
                words.contains(member)
                ? value.string.map { .string($0.uppercased()) } ?? value : value
        }
        var members = JSONObject()
        for (member, value) in intent where member != "order" { members[member] = value }
        members["op"] = .string(operation)
        if operation == "basket_margin" {
            members["orders"] = .array([.object(order)])
        } else {
            for (member, value) in order { members[member] = value }
        }
        return members
    }
}
