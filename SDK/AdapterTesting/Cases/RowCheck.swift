import AdapterKit
import Exact

/// Compares rows of the contract with recorded ones.
struct RowCheck {
    let stage: CaseStage

    // MARK: Which row is meant

    private static let instrumentNames = [
        "symbol", "venue_symbol", "tradingsymbol", "security_id", "symbol_token", "instrument_token", "token", "conid",
    ]
    /// Members that say which instrument is meant, and are used up by finding its row.
    static let identifiers = Set(instrumentNames).union(["exchange", "exchange_segment", "isin"])

    /// Whether an instrument goes by one of these names: its canonical id, the adapter's own name for it or a part of
    /// either, the broker's number.
    func isNamed(_ names: [String], id: String?, uid: UInt64) -> Bool {
        let alias = id.flatMap { id in stage.host.instruments.first { $0.value.id == id }?.key }
        let whole = [id, alias].compactMap { $0 }
        let parts = Set(whole + whole.flatMap { $0.split { ":|".contains($0) }.map(String.init) })
        return names.contains { parts.contains($0) || (uid != 0 && UInt64($0) == uid) }
    }

    /// `nil`: the recording does not say which instrument it means.
    func isMeant(_ wanted: JSONObject, id: String?, uid: UInt64 = 0) -> Bool? {
        let own = id.flatMap { id in stage.host.instruments.first { $0.value.id == id }?.key }
        if let alias = stage.words.alias(of: wanted), let own { return alias == own }
        let names = RowCheck.instrumentNames.compactMap { wanted[$0] }.map { Comparison.text($0) }
        return names.isEmpty ? nil : isNamed(names, id: id, uid: uid)
    }

    /// Compares a list, each recorded row with the row that it means (`nil`: the one in its place). Both have as many.
    private func list<Row>(
        _ name: String, _ rows: [Row], _ wanted: inout Expectation, isMeant: (JSONObject, Row) -> Bool?,
        compare: (Row, inout Expectation) -> Void
    ) {
        guard let value = wanted.take(name) else { return }
        let objects = value.array?.compactMap(\.object) ?? []
        guard let items = value.array, objects.count == items.count else {
            return wanted.fail(name, expected: "a list of objects", found: "recorded as \(Comparison.text(value))")
        }
        if objects.count != rows.count { wanted.fail(name, expected: "\(objects.count)", found: "\(rows.count)") }
        var left = Array(rows.indices)
        for (place, object) in objects.enumerated() {
            var one = Expectation(object, at: "expect.\(name)[\(place)]")
            let isPlaced = left.contains { isMeant(object, rows[$0]) == nil }
            let fits = left.filter { isPlaced ? $0 == place : isMeant(object, rows[$0]) == true }
            guard let row = objects.count == rows.count ? fits.first : fits.last else {
                wanted.add([
                    Finding(
                        one.place, expected: Comparison.short(JSONValue.object(object).serializedText()),
                        found: "no such row")
                ])
                continue
            }
            left.removeAll { $0 == row }
            compare(rows[row], &one)
            one.finish()
            wanted.add(one)
        }
    }

    // MARK: Orders and trades

    func orders(_ rows: [OrderUpdate], _ wanted: inout Expectation) {
        list(
            "orders", rows, &wanted,
            isMeant: { object, row in object["order_id"].map { Comparison.text($0) == row.identity.brokerOrderID } },
            compare: { row, one in compare(row, &one) })
    }

    func compare(_ found: OrderUpdate, _ wanted: inout Expectation) {
        wanted.text("order_id", is: found.identity.brokerOrderID)
        wanted.word("ord_status", of: CaseWords.states, is: found.state)
        wanted.number("cumulative_quantity", "filled", is: found.cumulativeQuantity)
        wanted.number("leaves_quantity", "remaining", is: found.leavesQuantity)
        wanted.number("average_price", "avg_price", is: found.averagePrice)
        var quantity = found.order?.quantity
        if quantity == nil, found.state == .filled {
            quantity = found.cumulativeQuantity
        } else if quantity == nil, let filled = found.cumulativeQuantity, let left = found.leavesQuantity, left > 0 {
            quantity = filled.adding(left)
        }
        if quantity == nil { wanted.noPlace(["order_quantity"]) }
        wanted.number("order_quantity", is: quantity)
        wanted.text("client_tag", "client_order_id", is: found.identity.clientReference?.description)
        wanted.text("text", is: found.reason.flatMap { $0.brokerText ?? $0.text })
        if let order = found.order {
            wanted.word("side", of: CaseWords.sides, is: order.side)
            wanted.word("order_type", of: CaseWords.types, is: order.type)
            wanted.word("product", of: CaseWords.products, is: order.product)
            wanted.word("validity", of: CaseWords.validities, is: order.timeInForce)
            wanted.number("limit_price", "price", is: order.price)
            wanted.number("trigger_price", is: order.triggerPrice)
            wanted.number("disclosed_quantity", is: order.disclosedQuantity)
            if isMeant(wanted.object, id: order.instrument.id, uid: order.instrument.uid) == false {
                wanted.fail("instrument", expected: "the recorded one", found: order.instrument.id)
            }
            _ = wanted.take(any: RowCheck.identifiers.sorted())
        }
        // A broker's own word, and what only a trade carries.
        wanted.noPlace(["status", "last_price", "legs", "leg", "entry_order_id"])
        wanted.noPlace(RowCheck.identifiers)
    }

    func trades(_ rows: [TradeUpdate], _ wanted: inout Expectation) {
        list(
            "trades", rows, &wanted,
            isMeant: { object, row in
                let id = object["trade_id"] ?? object["execution_id"]
                return id.map { Comparison.text($0) == row.executionID }
            }, compare: { row, one in compare(row, &one) })
    }

    func compare(_ found: TradeUpdate, _ wanted: inout Expectation) {
        wanted.text("trade_id", "execution_id", is: found.executionID)
        wanted.text("order_id", is: found.identity.brokerOrderID)
        wanted.number("quantity", "qty", "last_quantity", is: found.quantity)
        wanted.number("price", "last_price", is: found.price)
        wanted.text("client_tag", "client_order_id", is: found.identity.clientReference?.description)
        wanted.word("side", of: CaseWords.sides, is: found.side)
        wanted.time("trade_time", is: found.tradeTime)
        if isMeant(wanted.object, id: found.instrumentID) == false, found.instrumentID != nil {
            wanted.fail("instrument", expected: "the recorded one", found: found.instrumentID ?? "absent")
        }
        _ = wanted.take(any: RowCheck.identifiers.sorted())
    }

    // MARK: Positions and holdings

    func positions(_ rows: [Position], _ wanted: inout Expectation) {
        list(
            "positions", rows, &wanted,
            isMeant: { object, row in
                guard let isMeant = isMeant(object, id: row.instrumentID) else { return nil }
                let product = object["product"]?.string.flatMap { CaseWords.products[$0] }
                return isMeant && (product == nil || product == row.product || rows.count == 1)
            },
            compare: { row, one in
                one.word("product", of: CaseWords.products, is: row.product)
                one.number("net_quantity", "quantity", is: row.quantity)
                one.number("net_average", "average_price", is: row.averagePrice)
                one.number("realized_pnl", "realised_pnl", is: row.realised)
                one.number("overnight_quantity", is: row.overnightQuantity)
                _ = one.take(any: RowCheck.identifiers.sorted())
                one.noPlace(["unrealized_pnl", "unrealised_pnl", "position_id", "multiplier", "last_price"])
            })
    }

    func holdings(_ rows: [Holding], _ wanted: inout Expectation) {
        list(
            "holdings", rows, &wanted,
            isMeant: { object, row in isMeant(object, id: row.instrumentID) },
            compare: { row, one in
                one.number("quantity", is: row.quantity)
                one.number("available_quantity", "free", is: row.free)
                one.number("pledged_quantity", "pledged", is: row.pledged)
                one.number("average_price", is: row.averagePrice)
                _ = one.take(any: RowCheck.identifiers.sorted())
                one.noPlace(["t1_quantity", "last_price", "unrealized_pnl"])
            })
    }

    // MARK: Prices

    func quotes(_ rows: [QuoteRow], _ wanted: inout Expectation) {
        list(
            "quotes", rows, &wanted,
            isMeant: { object, row in isMeant(object, id: row.instrumentID, uid: row.instrument) },
            compare: { row, one in compare(row, &one) })
    }

    func compare(_ found: QuoteRow, _ wanted: inout Expectation) {
        wanted.number("last_price", "last", is: found.last)
        wanted.number("last_quantity", is: found.lastSize)
        wanted.number("best_bid", "bid", is: found.bid)
        wanted.number("bid_size", "best_bid_quantity", is: found.bidSize)
        wanted.number("best_ask", "ask", is: found.ask)
        wanted.number("ask_size", "best_ask_quantity", is: found.askSize)
        wanted.time("exchange_time", is: found.exchangeTime)
        if isMeant(wanted.object, id: found.instrumentID, uid: found.instrument) == false {
            wanted.fail("instrument", expected: "the recorded one", found: found.instrumentID ?? "\(found.instrument)")
        }
        _ = wanted.take(any: RowCheck.identifiers.sorted())
        wanted.noPlace([
            "volume", "previous_close", "lower_circuit", "upper_circuit", "last_trade_time", "open", "high", "low",
            "close",
            "open_interest", "average_price", "availability", "last_is_prior_close",
        ])
    }

    /// Bars are lists: time, open, high, low, close, volume, perhaps open interest.
    func candles(_ rows: [CandleRow], _ wanted: inout Expectation) {
        guard let value = wanted.take("candles") else { return }
        guard let items = value.array, items.allSatisfy({ ($0.array?.count ?? 0) >= 5 }) else {
            return wanted.fail("candles", expected: "a list of lists", found: "recorded as \(Comparison.text(value))")
        }
        if items.count != rows.count { wanted.fail("candles", expected: "\(items.count)", found: "\(rows.count)") }
        for (index, item) in items.enumerated() where index < rows.count {
            let row = rows[index]
            let names = ["time", "open", "high", "low", "close", "volume", "open_interest"]
            var one = Expectation(JSONObject(zip(names, item.array ?? [])), at: "expect.candles[\(index)]")
            one.time("time", is: row.start)
            one.number("open", is: row.open)
            one.number("high", is: row.high)
            one.number("low", is: row.low)
            one.number("close", is: row.close)
            one.number("volume", is: row.volume)
            one.noPlace(["open_interest"])
            one.finish()
            wanted.add(one)
        }
    }

    // MARK: Money

    /// The row of funds that is meant: of the recorded currency, or with the recorded free margin.
    func funds(_ rows: [Funds], _ wanted: Expectation) -> Funds? {
        let currency = wanted.object["currency"]?.string
        let own = rows.filter { currency == nil || $0.currency == currency }
        return own.first { $0.available == wanted.object["available"]?.decimalOrText } ?? own.first ?? rows.first
    }

    func compare(_ found: Funds, _ wanted: inout Expectation) {
        wanted.number("available", is: found.available)
        wanted.number("utilized", "utilised", "used", is: found.used)
        wanted.number("cash", is: found.cash)
        wanted.number("equity", is: found.equity)
        wanted.text("currency", is: found.currency)
        wanted.noPlace(["start_of_day", "collateral", "withdrawable"])
    }

    func margins(_ rows: [Margin], _ wanted: inout Expectation) {
        func total(_ figure: (Margin) -> ExactDecimal?) -> ExactDecimal? {
            if let whole = rows.first(where: { $0.clientReference == nil }), let value = figure(whole) { return value }
            let values = rows.compactMap(figure)
            return values.isEmpty ? nil : values.reduce(ExactDecimal(0)) { $0?.adding($1) }
        }
        wanted.number("required_total", "required", is: total(\.required))
        wanted.number("charges", "charges_total", is: total(\.charges))
        wanted.text("currency", is: rows.first?.currency)
        // The broker's view of the account is a query of its own.
        wanted.noPlace(["available", "shortfall", "required_for_new_orders"])
    }
}
