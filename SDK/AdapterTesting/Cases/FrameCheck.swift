import AdapterKit
import Exact

/// Compares what the adapter told of a frame with what it means.
struct FrameCheck {
    let item: CaseFolder.FrameCase
    var findings: [Finding] = []

    init(_ item: CaseFolder.FrameCase) { self.item = item }

    /// A frame of an order stream: with `expect`, by it; without, an order where the frame holds an order's id.
    mutating func update(_ host: ScriptedHost) {
        var wanted = item.record["expect"]?.object
        if wanted == nil, let data = item.record["frame"]?["data"]?.object, let id = data["order_id"], !id.isNull {
            wanted = JSONObject([("kind", "order"), ("order_id", id)])
            if let filled = data["filled_quantity"] { _ = wanted?.append("cumulative_quantity", filled) }
            if let average = data["average_price"]?.decimalOrText, !average.isZero {
                _ = wanted?.append("average_price", JSONValue(average))
            }
        }
        guard let wanted, wanted["kind"]?.string == "order", let id = wanted["order_id"].map({ Comparison.text($0) })
        else {
            if let told = host.orderUpdates.first {
                findings.append(
                    Finding("order update", expected: "none", found: told.identity.brokerOrderID ?? "one"))
            }
            return
        }
        guard let found = host.orderUpdates.last(where: { $0.identity.brokerOrderID == id }) else {
            let told = host.orderUpdates.map { $0.identity.brokerOrderID ?? "?" }.joined(separator: ", ")
            findings.append(Finding("order update", expected: id, found: told.isEmpty ? "none" : told))
            return
        }
        findings += OrderCheck.findings(found, wanted, at: "order")
    }

    /// A frame of prices.
    mutating func ticks(_ host: ScriptedHost, _ packets: [JSONValue]) {
        let prices = packets.compactMap(\.object).filter { $0["last_price"] != nil }
        if prices.count != host.ticks.count {
            findings.append(
                Finding("ticks", expected: "\(prices.count)", found: "\(host.ticks.count)"))
        }
        for (index, packet) in prices.enumerated() where index < host.ticks.count {
            tick(host.ticks[index], packet, at: "packets[\(index)]")
        }
    }

    private mutating func tick(_ tick: Tick, _ packet: JSONObject, at place: String) {
        let numbers: [(String, ExactDecimal?)] = [
            ("last_price", tick.last), ("last_traded_quantity", tick.lastQuantity),
            ("last_quantity", tick.lastQuantity),
            ("average_traded_price", tick.averagePrice), ("average_price", tick.averagePrice),
            ("volume_traded", tick.volume), ("volume", tick.volume), ("total_buy_quantity", tick.totalBidQuantity),
            ("total_sell_quantity", tick.totalAskQuantity), ("open", tick.open), ("high", tick.high), ("low", tick.low),
            ("close", tick.close), ("oi", tick.openInterest), ("oi_day_high", tick.openInterestHigh),
            ("oi_day_low", tick.openInterestLow),
            ("last_trade_time_epoch", tick.lastTradeTime.flatMap { seconds($0) }),
            ("exchange_timestamp_epoch", tick.exchangeTime.flatMap { seconds($0) }),
        ]
        for (name, found) in numbers {
            guard let expected = packet[name]?.decimalOrText else { continue }
            if found != expected, !(found == nil && expected.isZero) {
                findings.append(
                    Finding("\(place).\(name)", expected: expected.description, found: found?.description ?? "absent"))
            }
        }
        levels("\(place).depth.buy", packet["depth"]?["buy"], tick.bids)
        levels("\(place).depth.sell", packet["depth"]?["sell"], tick.asks)
    }

    private func seconds(_ time: Timestamp) -> ExactDecimal? {
        ExactDecimal(mantissa: Int128(time.nanoseconds), exponent: -9)
    }

    /// Levels of the book; recorded levels without quantity may be left out.
    private mutating func levels(_ place: String, _ expected: JSONValue?, _ found: [BookLevel]) {
        guard let expected = expected?.array?.compactMap(\.object) else { return }
        func isEmpty(_ level: JSONObject) -> Bool {
            (level["quantity"]?.decimalOrText ?? 0).isZero && (level["price"]?.decimalOrText ?? 0).isZero
        }
        let wanted = found.count == expected.count ? expected : expected.filter { !isEmpty($0) }
        guard wanted.count == found.count else {
            findings.append(Finding(place, expected: "\(wanted.count) levels", found: "\(found.count)"))
            return
        }
        for (index, level) in wanted.enumerated() {
            let orders = level["orders"]?.int64 ?? Int64(found[index].orders)
            if level["price"]?.decimalOrText != found[index].price
                || level["quantity"]?.decimalOrText != found[index].quantity || orders != Int64(found[index].orders)
            {
                findings.append(
                    Finding(
                        "\(place)[\(index)]", expected: JSONValue.object(level).serializedText(),
                        found: "\(found[index].price) x \(found[index].quantity), \(found[index].orders) orders"))
            }
        }
    }
}
