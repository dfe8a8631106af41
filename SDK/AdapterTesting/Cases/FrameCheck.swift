import AdapterKit
import Exact

/// Compares what the adapter told of a message of the order stream with what it means.
struct FrameCheck {
    let item: CaseFolder.FrameCase
    let stage: CaseStage
    /// How much was logged before.
    let mark: Int
    var findings: [Finding] = []
    var uncompared: [String] = []

    init(_ item: CaseFolder.FrameCase, _ stage: CaseStage, logged mark: Int) {
        (self.item, self.stage, self.mark) = (item, stage, mark)
    }

    private var host: ScriptedHost { stage.host }

    /// Kinds of messages of which no order, execution or price may be told.
    private static let quiet: Set<String> = [
        "ignore", "subscription_answer", "position", "anomaly", "error", "connected", "heartbeat",
        "waiting_for_session",
        "auth", "accounts", "history_stopped", "summary_stopped", "pong", "bulletin", "notification", "prompt", "price",
    ]
    private static let kinds = quiet.union(["order", "trade", "several"])

    /// With `expect`, by it; without, an order where the message holds an order's id.
    mutating func update() {
        guard let wanted = item.expect ?? implied else {
            tellsNothing("nothing of an order in the message")
            return
        }
        check(wanted, at: "expect")
    }

    private mutating func check(_ object: JSONObject, at place: String) {
        var wanted = Expectation(object, at: place)
        let kind = wanted.take("kind")
        let isOrder = wanted.has("order_id") || wanted.has("orders")
        let word = kind?.string ?? (wanted.has("trades") ? "trades" : isOrder ? "order" : "ignore")
        guard kind == nil || FrameCheck.kinds.contains(word) else {
            findings.append(
                Finding(
                    "\(place).kind", expected: "one of \(FrameCheck.kinds.sorted().joined(separator: ", "))",
                    found: "recorded as \(Comparison.text(kind ?? .null))"))
            return
        }
        let rows = RowCheck(stage: stage)
        switch word {
        case "order" where wanted.has("orders"): rows.orders(host.orderUpdates, &wanted)
        case "order": order(rows, &wanted)
        case "trades": rows.trades(host.tradeUpdates, &wanted)
        case "trade": trade(rows, &wanted)
        case "several":
            for (index, item) in (wanted.take("items")?.array ?? []).compactMap(\.object).enumerated() {
                check(item, at: "\(place).items[\(index)]")
            }
        default: quiet(word, &wanted)
        }
        wanted.finish()
        findings += wanted.findings
        uncompared += wanted.uncompared
    }

    private func order(_ rows: RowCheck, _ wanted: inout Expectation) {
        let id = wanted.object["order_id"].map { Comparison.text($0) }
        if let found = host.orderUpdates.last(where: { $0.identity.brokerOrderID == id }) {
            return rows.compare(found, &wanted)
        }
        let told = host.orderUpdates.map { $0.identity.brokerOrderID ?? "?" }.joined(separator: ", ")
        _ = wanted.take(any: wanted.object.keys)
        wanted.add([Finding("order update", expected: id ?? "an order", found: told.isEmpty ? "none" : told)])
    }

    private func trade(_ rows: RowCheck, _ wanted: inout Expectation) {
        let id = (wanted.object["trade_id"] ?? wanted.object["execution_id"]).map { Comparison.text($0) }
        if let found = host.tradeUpdates.last(where: { $0.executionID == id }) { return rows.compare(found, &wanted) }
        let told = host.tradeUpdates.map(\.executionID).joined(separator: ", ")
        _ = wanted.take(any: wanted.object.keys)
        wanted.add([Finding("trade", expected: id ?? "a trade", found: told.isEmpty ? "none" : told)])
    }

    /// A message of which nothing is told; what else it says has no place on the order stream.
    private mutating func quiet(_ kind: String, _ wanted: inout Expectation) {
        tellsNothing(kind)
        if kind == "anomaly" || kind == "error" {
            let isSaid = host.log[mark...].contains { $0.level.rawValue >= LogLevel.warning.rawValue }
            let isDown = host.state != .ready || host.streams.contains { $0.isClosed }
            if !isSaid, !isDown {
                findings.append(Finding(kind, expected: "a warning in the log", found: "nothing"))
            }
        } else if host.state != .ready {
            findings.append(
                Finding("session", expected: "ready", found: host.state.map { "\($0)" } ?? "new"))
        }
        wanted.noPlace(Set(wanted.object.keys))
    }

    private mutating func tellsNothing(_ kind: String) {
        if let told = host.orderUpdates.first {
            findings.append(
                Finding("order update", expected: "none (\(kind))", found: told.identity.brokerOrderID ?? "one"))
        }
        if let told = host.tradeUpdates.first {
            findings.append(Finding("trade", expected: "none (\(kind))", found: told.executionID))
        }
        if !host.ticks.isEmpty {
            findings.append(Finding("ticks", expected: "none (\(kind))", found: "\(host.ticks.count)"))
        }
    }

    /// What the message itself says of an order, by the names that brokers use.
    private var implied: JSONObject? {
        guard let document = try? JSONValue.parse(item.bytes, limits: .large) else { return nil }
        for part in [document["data"], document["orderData"], document["orders"], document].compactMap({ $0?.object }) {
            let id = ["order_id", "orderid", "orderId"].lazy.compactMap { part[$0] }.first
            guard let id, !Comparison.text(id).isEmpty, !id.isNull else { continue }
            var wanted: JSONObject = ["kind": "order", "order_id": id]
            for (names, name) in [
                (["filled_quantity", "filledshares"], "cumulative_quantity"),
                (["pending_quantity", "unfilledshares"], "leaves_quantity"), (["tag", "ordertag"], "client_tag"),
            ] {
                guard let value = names.lazy.compactMap({ part[$0] }).first, !Comparison.text(value).isEmpty else {
                    continue
                }
                // A tag that no gateway gave is nobody's reference.
                if name == "client_tag", value.string.flatMap({ ClientReference($0) }) == nil { continue }
                wanted[name] = value
            }
            let average = ["average_price", "averageprice"].lazy.compactMap { part[$0] }.first
            if let average, let price = average.decimalOrText, !price.isZero { wanted["average_price"] = average }
            return wanted
        }
        return nil
    }
}
