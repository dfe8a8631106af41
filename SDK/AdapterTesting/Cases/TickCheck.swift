import AdapterKit
import Exact

/// Compares prices that the adapter told with recorded packets. Each packet that says a price, a quantity, a book or an
/// open interest is one tick; several of one instrument may come as one.
struct TickCheck {
    let stage: CaseStage
    var findings: [Finding] = []
    var uncompared: [String] = []

    init(_ stage: CaseStage) { self.stage = stage }

    /// Members of packets that are of the wire alone, or that a broker's library adds (`change`).
    private static let wire: Set<String> = [
        "packet", "response_code", "length", "segment", "divisor", "sequence_number", "exchange_type", "tradable",
        "is_index", "change", "last_trade_time_raw", "previous_open_interest", "reason_code", "meaning",
        "packet_received_time_ms",
        "upper_circuit", "lower_circuit", "upper_circuit_limit", "lower_circuit_limit", "year_high", "year_low",
        "52_week_high",
        "52_week_low", "send_time", "token", "sequence_no", "Yhigh", "Ylow", "lower_ckt", "upper_ckt",
    ]
    /// Members that an instrument goes by.
    private static let identifiers: Set<String> = [
        "instrument_token", "security_id", "exchange_segment", "token", "symbol", "venue_symbol", "ticker", "topic",
        "exchange_token", "exchange",
    ]
    private static let figures: Set<String> = [
        "last_price", "last_traded_price", "ltp", "open", "high", "low", "close", "ohlc", "volume", "volume_traded",
        "oi",
        "open_interest", "previous_close", "depth", "bids", "asks", "rows", "average_price",
    ]

    /// Whether a packet says anything that is told.
    static func isTold(_ packet: JSONObject) -> Bool { figures.contains { packet.contains(key: $0) } }

    mutating func packets(_ packets: [JSONObject], _ ticks: [Tick]) {
        let told = packets.filter { TickCheck.isTold($0) }
        for packet in packets where !TickCheck.isTold(packet) {
            var wanted = Expectation(packet, at: "packets")
            _ = wanted.take(any: TickCheck.identifiers.sorted())
            wanted.noPlace(TickCheck.wire)
            wanted.finish()
            add(wanted)
        }
        if told.count == ticks.count {
            for (index, packet) in told.enumerated() { compare(ticks[index], packet, at: "packets[\(index)]") }
        } else if let merged = merge(told, ticks) {
            for (index, pair) in merged.enumerated() { compare(pair.tick, pair.packet, at: "packets[\(index)]") }
        } else if !(ticks.isEmpty && told.allSatisfy { isZero($0) }) {
            findings.append(Finding("ticks", expected: "\(told.count)", found: "\(ticks.count)"))
        }
    }

    /// A packet of an instrument that never traded says nothing.
    private func isZero(_ packet: JSONObject) -> Bool {
        TickCheck.figures.allSatisfy { name in
            packet[name].map { $0.decimalOrText?.isZero ?? $0.isNull } ?? true
        }
    }

    /// One tick for each instrument: the packets of each in one, later ones over earlier ones.
    private func merge(_ packets: [JSONObject], _ ticks: [Tick]) -> [(packet: JSONObject, tick: Tick)]? {
        var merged: [(key: String, packet: JSONObject)] = []
        for packet in packets {
            let key = InstrumentKey(packet)?.text ?? ""
            if let index = merged.firstIndex(where: { $0.key == key }) {
                for (name, value) in packet { merged[index].packet[name] = value }
            } else {
                merged.append((key, packet))
            }
        }
        guard merged.count == ticks.count else { return nil }
        return zip(merged, ticks).map { ($0.packet, $1) }
    }

    /// `mayLack`: members that the tick may leave out, since nothing of theirs has changed.
    mutating func compare(_ tick: Tick, _ packet: JSONObject, at place: String, mayLack: Set<String> = []) {
        var wanted = Expectation(packet, at: place)
        instrument(tick, &wanted)
        figures(tick, &wanted)
        times(tick, &wanted)
        book(tick, &wanted)
        derived(tick, &wanted)
        for name in ["tradable", "is_index"] {
            if let value = packet[name], value.bool == nil {
                wanted.fail(name, expected: "true or false", found: "recorded as \(Comparison.text(value))")
            }
        }
        wanted.noPlace(TickCheck.wire)
        wanted.finish()
        findings += wanted.findings.filter { finding in
            let isAbsent = finding.found == "absent" || finding.found == "0 levels"
            return !(isAbsent && mayLack.contains { finding.place.hasSuffix(".\($0)") })
        }
        uncompared += wanted.uncompared
    }

    private mutating func add(_ wanted: Expectation) {
        findings += wanted.findings
        uncompared += wanted.uncompared
    }

    private func instrument(_ tick: Tick, _ wanted: inout Expectation) {
        let key = InstrumentKey(wanted.object)
        _ = wanted.take(any: TickCheck.identifiers.sorted())
        guard let key, let known = stage.subscribed[key.text] else { return }
        let isRight = tick.instrument == known.uid || (tick.instrument == 0 && tick.instrumentID == known.id)
        if !isRight {
            wanted.fail(
                "instrument", expected: key.text, found: tick.instrumentID ?? stage.name(ofUID: tick.instrument))
        }
    }

    private func figures(_ tick: Tick, _ wanted: inout Expectation) {
        wanted.number("last_price", "last_traded_price", "ltp", is: tick.last)
        wanted.number("last_traded_quantity", "last_quantity", "last_traded_qty", is: tick.lastQuantity)
        wanted.number("average_traded_price", "average_price", "avg_trade_price", is: tick.averagePrice)
        wanted.number("volume_traded", "volume", "vol_traded_today", is: tick.volume)
        wanted.number(
            "total_buy_quantity", "buy_quantity", "tot_buy_qty", "total_bid_quantity", is: tick.totalBidQuantity)
        wanted.number(
            "total_sell_quantity", "sell_quantity", "tot_sell_qty", "total_ask_quantity", is: tick.totalAskQuantity)
        wanted.number("open", "open_price", is: tick.open)
        wanted.number("high", "high_price", is: tick.high)
        wanted.number("low", "low_price", is: tick.low)
        wanted.number("close", "prev_close_price", is: tick.close)
        // A close of zero says that the day is not over: then the day before's stands.
        if wanted.has("previous_close") { wanted.number("previous_close", is: tick.close) }
        wanted.number("oi", "open_interest", "OI", is: tick.openInterest)
        wanted.number("oi_day_high", "open_interest_day_high", is: tick.openInterestHigh)
        wanted.number("oi_day_low", "open_interest_day_low", is: tick.openInterestLow)
        if let object = wanted.take("ohlc")?.object {
            var day = Expectation(object, at: "\(wanted.place).ohlc")
            day.number("open", is: tick.open)
            day.number("high", is: tick.high)
            day.number("low", is: tick.low)
            day.number("close", is: tick.close)
            day.finish()
            wanted.add(day)
        }
    }

    private func times(_ tick: Tick, _ wanted: inout Expectation) {
        wanted.time(
            "last_trade_time_epoch", "last_trade_time", "last_trade_time_utc", "last_trade_time_ist",
            "last_traded_time",
            "last_traded_timestamp_epoch", is: tick.lastTradeTime)
        wanted.time(
            "exchange_timestamp_epoch", "exchange_timestamp_ms", "exchange_timestamp", "timestamp", "exch_feed_time",
            "feed_time", is: tick.exchangeTime)
    }

    /// What follows from the rest: the day's change, and what a mode leaves out.
    private func derived(_ tick: Tick, _ wanted: inout Expectation) {
        if let value = wanted.take("price_change_raw") {
            let divisor = wanted.object["divisor"]?.decimalOrText ?? 1
            let found = tick.last.flatMap { last in
                tick.close.flatMap { last.subtracting($0)?.multiplied(by: divisor) }
            }
            if found != value.decimalOrText {
                wanted.fail(
                    "price_change_raw", expected: Comparison.text(value), found: found?.description ?? "absent")
            }
        }
        guard let mode = wanted.take("mode") else { return }
        let modes: [String: SubscriptionMode] = [
            "ltp": .last, "quote": .quote, "full": .depth, "1": .last, "2": .quote, "3": .depth, "4": .depth,
        ]
        let hasBook = !(tick.bids.isEmpty && tick.asks.isEmpty)
        let hasDay = tick.open != nil || tick.high != nil || tick.low != nil || tick.close != nil
        let isIndex = wanted.object["is_index"]?.bool ?? false
        let found: SubscriptionMode = hasBook ? .depth : hasDay ? .quote : .last
        guard let word = modes[Comparison.text(mode)] else {
            return wanted.fail(
                "mode", expected: "one of \(modes.keys.sorted().joined(separator: ", "))",
                found: "recorded as \(Comparison.text(mode))")
        }
        if word != found, !(isIndex && word == .depth && found == .quote) {
            wanted.fail("mode", expected: Comparison.text(mode), found: "\(found)")
        }
    }

    // MARK: The book

    private func book(_ tick: Tick, _ wanted: inout Expectation) {
        if let depth = wanted.take("depth")?.object {
            var sides = Expectation(depth, at: "\(wanted.place).depth")
            levels("buy", tick.bids, &sides)
            levels("sell", tick.asks, &sides)
            sides.finish()
            wanted.add(sides)
        }
        levels("bids", tick.bids, &wanted)
        levels("asks", tick.asks, &wanted)
        let isAsk = wanted.object["packet"]?.string?.hasSuffix("_ask") ?? false
        levels("rows", isAsk ? tick.asks : tick.bids, &wanted)
        for (prefix, found) in [("bid", tick.bids.first), ("ask", tick.asks.first)] {
            wanted.number("\(prefix)_price", is: found?.price)
            wanted.number("\(prefix)_size", is: found?.quantity)
        }
    }

    /// Levels of one side; recorded levels without price and quantity may be left out.
    private func levels(_ name: String, _ found: [BookLevel], _ wanted: inout Expectation) {
        guard let value = wanted.take(name) else { return }
        guard let list = value.array, case let expected = list.compactMap(\.object), expected.count == list.count else {
            return wanted.fail(name, expected: "a list of levels", found: "recorded as \(Comparison.text(value))")
        }
        for (index, level) in expected.enumerated() {
            for member in level.keys where !["price", "quantity", "orders", "num"].contains(member) {
                wanted.fail("\(name)[\(index)].\(member)", expected: "price, quantity, orders", found: "not understood")
            }
        }
        func isEmpty(_ level: JSONObject) -> Bool {
            level.allSatisfy { $0.key == "num" || ($0.value.decimalOrText?.isZero ?? false) }
        }
        let levels = found.count == expected.count ? expected : expected.filter { !isEmpty($0) }
        guard levels.count == found.count else {
            return wanted.fail(name, expected: "\(levels.count) levels", found: "\(found.count) levels")
        }
        for (index, level) in levels.enumerated() {
            var one = Expectation(level, at: "\(wanted.place).\(name)[\(index)]")
            one.number("price", is: found[index].price)
            one.number("quantity", is: found[index].quantity)
            one.number("orders", is: ExactDecimal(Int64(found[index].orders)))
            wanted.add(one)
        }
    }
}

/// By which name a recorded packet calls its instrument.
struct InstrumentKey {
    let text: String

    /// `nil`: the packet names none.
    init?(_ packet: JSONObject) {
        func text(_ name: String) -> String? { packet[name].flatMap { $0.isNull ? nil : Comparison.text($0) } }
        if let topic = text("topic") {
            // One instrument may have several topics: `sf|nse_cm|3045`, `dp|nse_cm|3045`.
            self.text = topic.split(separator: "|").dropFirst().joined(separator: "|")
            return
        }
        let names = ["instrument_token", "security_id", "ticker", "venue_symbol", "symbol", "token"]
        guard let name = names.lazy.compactMap({ text($0) }).first else { return nil }
        let place = text("exchange_segment") ?? text("exchange_type")
        self.text = place.map { "\($0) \(name)" } ?? name
    }
}
