import Exact

/// Requests as clients send them, each under its own idempotency key, and what is held against their answers.
enum Orders {
    /// Never reached by the candles.
    static let restingPrice = "50"

    static func body(
        tag: String, symbol: String = Site.symbols[0], side: String = "BUY", quantity: Int, price: String? = nil
    ) -> JSONValue {
        var order: JSONObject = [
            "symbol": .string(symbol), "side": .string(side), "quantity": .string("\(quantity)"),
            "order_type": .string(price == nil ? "MARKET" : "LIMIT"), "product": "CASH", "tag": .string(tag),
        ]
        if let price { order["price"] = .string(price) }
        return .object(order)
    }

    /// One fan-out that a client wants, once.
    struct Request: Sendable {
        let key: String
        let body: JSONValue
        /// `durable`, `acked` or `done`; no part of what makes the request the same.
        let wait: String
        /// The client withdraws it once it is answered.
        let isCanceled: Bool

        var isResting: Bool { body["price"]?.string == Orders.restingPrice }

        func place(_ http: HTTP, wait: String? = nil) -> HTTP.Answer? {
            http.send(
                "POST", "/api/execution-groups/\(Site.group)/orders?wait=\(wait ?? self.wait)&timeout_ms=2000", body,
                idempotencyKey: key)
        }

        func cancel(_ run: String, _ http: HTTP) -> HTTP.Answer? {
            http.send("POST", "/api/runs/\(run)/cancel", idempotencyKey: "\(key)-cancel")
        }
    }

    /// Market orders of any size, sells of what is not always held, limits that meet the market in a while, limits that
    /// rest for good; some of those withdrawn.
    static func draw(_ key: String, using random: inout SeededGenerator) -> Request {
        let symbol = Site.symbols[Int.random(in: 0..<Site.symbols.count, using: &random)]
        let quantity = Int.random(in: 5...900, using: &random)
        let wait = ["durable", "acked", "done"][Int.random(in: 0..<3, using: &random)]
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<4:
            return Request(
                key: key, body: body(tag: key, symbol: symbol, quantity: quantity), wait: wait, isCanceled: false)
        case 4..<6:
            return Request(
                key: key, body: body(tag: key, symbol: symbol, side: "SELL", quantity: quantity / 4 + 5), wait: wait,
                isCanceled: false)
        case 6..<8:
            let price = "\(Int.random(in: 97...102, using: &random)).\(Int.random(in: 10...99, using: &random))"
            return Request(
                key: key, body: body(tag: key, symbol: symbol, quantity: quantity / 8 + 5, price: price),
                wait: wait == "done" ? "acked" : wait, isCanceled: false)
        default:
            return Request(
                key: key, body: body(tag: key, symbol: symbol, quantity: quantity, price: restingPrice),
                wait: wait == "done" ? "acked" : wait, isCanceled: Bool.random(using: &random))
        }
    }

    /// States that a leg passes through and must not stay in.
    static let passing: Set<String> = [
        "RESERVED", "HELD", "SENT", "UNKNOWN", "PENDING_CANCEL", "PENDING_REPLACE",
    ]
    static let resting: Set<String> = ["WORKING", "PARTIALLY_FILLED"]
    static let terminal: Set<String> = [
        "FILLED", "CANCELED", "REFUSED", "REJECTED", "NOT_SENT", "CANCELED_LOCALLY", "EXPIRED",
    ]

    /// What of an earlier answer a later one of the same run takes back; empty where nothing.
    static func retractions(from before: JSONValue, to after: JSONValue) -> [String] {
        var found: [String] = []
        func same(_ name: String, _ old: JSONValue, _ new: JSONValue, _ place: String) {
            if old[name] != new[name] { found.append("\(place) \(name): \(text(old[name])) became \(text(new[name]))") }
        }
        for name in ["run_id", "symbol", "side", "tag", "requested_quantity", "allocated_quantity", "created_at"] {
            same(name, before, after, "run")
        }
        let (old, new) = (before["legs"]?.array ?? [], after["legs"]?.array ?? [])
        guard old.count == new.count else { return found + ["\(old.count) legs became \(new.count)"] }
        for (old, new) in zip(old, new) {
            let place = "leg \(text(old["leg_id"]))"
            for name in [
                "leg_id", "account_id", "side", "allocated_quantity", "ordered_quantity", "price", "client_order_id",
            ] { same(name, old, new, place) }
            if !(old["broker_order_id"]?.isNull ?? true) { same("broker_order_id", old, new, place) }
            if terminal.contains(old["status"]?.string ?? "") { same("status", old, new, place) }
            if let was = old["cumulative_quantity"]?.decimalOrText, let now = new["cumulative_quantity"]?.decimalOrText,
                now < was
            {
                found.append("\(place) filled \(was), then only \(now)")
            }
            if resting.contains(old["status"]?.string ?? ""),
                ["NOT_SENT", "REJECTED", "REFUSED"]
                    .contains(new["status"]?.string ?? "")
            {
                found.append("\(place) worked at the broker and is now \(text(new["status"]))")
            }
        }
        return found
    }

    static func text(_ value: JSONValue?) -> String { value?.string ?? value?.serializedText() ?? "nothing" }
}
