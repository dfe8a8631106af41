import AdapterKit
import Exact

extension ZerodhaAdapter {
    func query(_ kind: QueryKind, _ filter: Filter, _ command: Command) {
        switch kind {
        case .order: queryOrder(filter, command)
        case .orderHistory: queryHistory(filter, command)
        case .orders:
            let instrumentID = filter.instrumentID
            send(.orders, for: command) { [self] data in
                // An order that the list shows without a name is looked up by whoever misses it, and then it is open.
                guard let book = orderBook(data) else { return unreadable("orders", command) }
                knowLots(of: book.records.map(\.symbol), for: command) { [self] in
                    // Of an exchange that nobody here knows, only what is ours all the same.
                    let rows = book.whole().filter { $0.first.symbol != nil || isOurs($0) }
                        .map { update($0, withOrder: true) }
                    command.send(orders: rows.filter { instrumentID == nil || $0.order?.instrument.id == instrumentID })
                    command.ok()
                }
            }
        case .trades: queryTrades(filter, command)
        case .positions:
            let instrumentID = filter.instrumentID
            send(.positions, for: command) { [self] data in
                books.learnLots(data)
                var unknown: [Symbol] = []
                let rows = Portfolio.positions(
                    data, account: 0, instrument: { instrument($0) }, unknown: { unknown.append($0) },
                    foreign: { noteForeign($0) })
                guard let rows else { return unreadable("positions", command) }
                guard unknown.isEmpty else { return self.unknown(unknown, command) }
                command.send(positions: rows.filter { instrumentID == nil || $0.instrumentID == instrumentID })
                command.ok()
            }
        case .holdings:
            let instrumentID = filter.instrumentID
            send(.holdings, for: command) { [self] data in
                var unknown: [Symbol] = []
                let rows = Portfolio.holdings(
                    data, account: 0, containUnsettled: settings.quantityContainsUnsettled,
                    instrument: { instrument($0) }, unknown: { unknown.append($0) })
                guard let rows else { return unreadable("holdings", command) }
                guard unknown.isEmpty else { return self.unknown(unknown, command) }
                command.send(holdings: rows.filter { instrumentID == nil || $0.instrumentID == instrumentID })
                command.ok()
            }
        case .funds, .margins:
            send(.funds, for: command) { [self] data in
                let rows = Portfolio.funds(data, account: 0, now: host.now)
                guard !rows.isEmpty else { return unreadable("funds", command) }
                command.send(funds: rows)
                command.ok()
            }
        case .profile:
            send(.profile, for: command) { data in
                command.send(profiles: [
                    Profile(
                        account: 0, accountID: data["user_id"]?.filled, name: data["user_name"]?.filled,
                        owner: data["user_name"]?.filled, currency: "INR")
                ])
                command.ok()
            }
        case .instruments: queryInstruments(filter, command)
        case .quotes: queryQuotes(filter, command)
        case .candles: queryCandles(filter, command)
        }
    }

    private func isOurs(_ order: WholeOrder) -> Bool {
        order.reference != nil || books.reference(of: order.first.orderID) != nil
    }

    /// An answer that is a success and cannot be read: a failed query, never an empty one.
    private func unreadable(_ what: String, _ command: Command) {
        command.reject(Failure.unreadable(status: 200, "the broker's \(what) cannot be read whole"))
    }

    /// Rows of instruments that nobody knows would be missing from the answer: no answer is better.
    private func unknown(_ symbols: [Symbol], _ command: Command) {
        command.reject(
            AdapterError(
                .instrument,
                "\(symbols.count) instruments are not known, \(symbols[0].alias) the first: sync the instruments",
                field: "instrument", certainty: .rejected, retry: .never))
    }

    // MARK: Orders

    private func queryOrder(_ filter: Filter, _ command: Command) {
        let reference = filter.reference?.clientReference
        let orderID = filter.reference?.brokerOrderID
        send(.orders, for: command) { [self] data in
            guard let book = orderBook(data) else { return unreadable("orders", command) }
            if let order = book.whole(orderID: orderID, reference: reference) {
                command.send(orders: [update(order, withOrder: true)])
            }
            command.ok()
        }
    }

    private func queryHistory(_ filter: Filter, _ command: Command) {
        guard let orderID = filter.reference?.brokerOrderID else {
            command.notSent(.invalid("the broker's id of the order is needed", field: "order_ref.broker_order_id"))
            return
        }
        send(.history(orderID: orderID), for: command) { [self] data in
            guard let rows = data.array else { return unreadable("order history", command) }
            let records = rows.compactMap(OrderRecord.init)
            command.send(orders: records.map { update(WholeOrder([$0]), withOrder: false) })
            command.ok()
        }
    }

    /// The order book first where a trade's order is not known: a trade names no tag.
    private func queryTrades(_ filter: Filter, _ command: Command) {
        let instrumentID = filter.instrumentID
        let call = filter.reference?.brokerOrderID.map { Call.trades(orderID: $0) } ?? .trades
        send(call, for: command) { [self] data in
            let isKnown =
                data.array?.allSatisfy { row in
                    row["order_id"]?.identifier.map { books.reference(of: $0) != nil } ?? false
                } ?? true
            guard !isKnown else { return sendTrades(data, instrumentID, command) }
            send(.orders, for: command) { [self] orders in
                _ = orderBook(orders)
                sendTrades(data, instrumentID, command)
            }
        }
    }

    /// What can be read: one row that cannot says nothing of the others.
    private func sendTrades(_ data: JSONValue, _ instrumentID: String?, _ command: Command) {
        knowLots(of: Self.symbols(data), for: command) { [self] in
            guard let (trades, _) = executions(data) else { return unreadable("trades", command) }
            command.send(trades: trades.filter { instrumentID == nil || $0.instrumentID == instrumentID })
            command.ok()
        }
    }

    // MARK: Instruments

    /// The day's list, streamed: some 10 MB of text that are never held whole.
    private func queryInstruments(_ filter: Filter, _ command: Command) {
        let reading = DumpReading()
        var request = request(.instruments(), for: command)
        request.maxBody = DumpReading.maxBody
        request.totalTimeoutNanoseconds = DumpReading.timeoutNanoseconds
        let status = host.send(
            request,
            parts: { part in reading.add(part) { rows in command.send(instruments: rows).isOK } },
            then: { [self] answer in
                guard answer.isSuccess else {
                    let body = try? JSONValue.parse(reading.beginning)
                    command.fail(answer.transport.error ?? Failure.read(status: answer.status, body: body))
                    return
                }
                if let fault = reading.finish({ rows in command.send(instruments: rows).isOK }) {
                    command.reject(Failure.unreadable(status: answer.status, fault))
                    return
                }
                if reading.dump.refused > 0 {
                    host.log(
                        .warning, "Lines of the instrument list could not be read",
                        [
                            "unreadable": String(reading.dump.refused), "taken": String(reading.dump.accepted),
                            "first": reading.dump.reasons.first ?? "",
                        ])
                }
                command.ok()
            })
        if !status.isOK { command.notSent(.refused(status)) }
    }

    // MARK: Prices

    private func queryQuotes(_ filter: Filter, _ command: Command) {
        var symbols: [Symbol] = []
        var instruments: [(uid: UInt64, id: String, lotSize: ExactDecimal?)] = []
        var failure: AdapterError?
        filter.instruments.each { instrument in
            do throws(AdapterError) { symbols.append(try Symbol.of(instrument)) } catch { failure = failure ?? error }
            instruments.append((instrument.uid, instrument.id, instrument.lotSize))
        }
        if let failure {
            command.notSent(failure)
            return
        }
        guard (1...Call.QuoteDetail.whole.most).contains(symbols.count) else {
            command.notSent(.invalid("1 to 500 instruments a call, not \(symbols.count)", field: "filter.instruments"))
            return
        }
        let asked = zip(symbols, instruments).map { ($0, $1) }
        send(.quotes(symbols, .whole), for: command) { data in
            // An instrument without data is absent from the answer, and then from the rows: no error (FACTS.md §11).
            let rows: [QuoteRow] = asked.compactMap { symbol, instrument in
                guard let row = data[symbol.alias] else { return nil }
                let bid = row["depth"]?["buy"]?[0]
                let ask = row["depth"]?["sell"]?[0]
                func units(_ counted: JSONValue?) -> ExactDecimal? {
                    counted?.decimalOrText.unlessZero.flatMap { symbol.units($0, lotSize: instrument.lotSize) }
                }
                return QuoteRow(
                    instrument: instrument.uid, instrumentID: instrument.id,
                    last: row["last_price"]?.decimalOrText.unlessZero, lastSize: units(row["last_quantity"]),
                    bid: bid?["price"]?.decimalOrText.unlessZero, bidSize: units(bid?["quantity"]),
                    ask: ask?["price"]?.decimalOrText.unlessZero, askSize: units(ask?["quantity"]),
                    exchangeTime: row["timestamp"]?.filled.flatMap(IndianTime.instant))
            }
            command.send(quotes: rows)
            command.ok()
        }
    }

    private func queryCandles(_ filter: Filter, _ command: Command) {
        var tokens: [(uid: UInt64, id: String, token: UInt32?, symbol: Symbol?, lotSize: ExactDecimal?)] = []
        filter.instruments.each { instrument in
            tokens.append(
                (
                    instrument.uid, instrument.id, Symbol.token(of: instrument), try? Symbol.of(instrument),
                    instrument.lotSize
                ))
        }
        guard tokens.count == 1, let asked = tokens.first else {
            command.notSent(.invalid("one instrument a call, not \(tokens.count)", field: "filter.instruments"))
            return
        }
        guard let token = asked.token else {
            command.notSent(
                AdapterError(
                    .instrument, "the broker's number of this instrument is not known: sync the instruments",
                    field: "filter.instruments", certainty: .notSent, retry: .never))
            return
        }
        let length = filter.intervalNanoseconds ?? 0
        guard length % 1_000_000_000 == 0, let interval = Candles.Interval(seconds: length / 1_000_000_000) else {
            command.notSent(
                .invalid("bars are of 1, 3, 5, 10, 15, 30 or 60 minutes or a day", field: "filter.interval_ns"))
            return
        }
        guard let from = filter.from, let to = filter.to, from.nanoseconds < to.nanoseconds else {
            command.notSent(.invalid("from and to are needed, from before to", field: "filter.from"))
            return
        }
        guard to.nanoseconds - from.nanoseconds <= interval.longestSpan * IndianTime.dayNanoseconds else {
            command.notSent(
                .invalid(
                    "\(interval.rawValue) bars span \(interval.longestSpan) days a call at most", field: "filter.to"))
            return
        }
        // The broker's `to` is inclusive, ours is not.
        let last = Timestamp(nanoseconds: to.nanoseconds - 1)
        let call = Candles.call(
            token: String(token), interval: interval, from: IndianTime.text(from), to: IndianTime.text(last),
            continuous: false, openInterest: false)
        send(call, for: command) { [self] data in
            guard let bars = Candles.bars(data) else { return unreadable("candles", command) }
            command.send(
                candles: bars.map {
                    CandleRow(
                        instrument: asked.uid, instrumentID: asked.id, start: $0.start, lengthNanoseconds: length,
                        open: $0.open, high: $0.high, low: $0.low, close: $0.close,
                        volume: asked.symbol.map { [volume = $0.volume] symbol in
                            symbol.units(volume, lotSize: asked.lotSize)
                        } ?? $0.volume)
                })
            command.ok()
        }
    }
}

/// One reading of the instrument list, as its parts arrive.
final class DumpReading {
    static let maxBody: UInt64 = 64 << 20
    static let timeoutNanoseconds: Int64 = 120_000_000_000

    var dump = InstrumentDump()
    /// The first bytes, which say what went wrong where the answer is no list.
    var beginning: [UInt8] = []
    private var batch: [InstrumentRow] = []
    private var fault: String?

    static let batchSize = 1_000

    /// Takes a part. `send` gets full batches; where it fails, nothing more is read.
    func add(_ part: Bytes, _ send: ([InstrumentRow]) -> Bool) {
        part.withUnsafeBytes { bytes in
            if beginning.count < 4_096 { beginning.append(contentsOf: bytes.prefix(4_096 - beginning.count)) }
            guard fault == nil else { return }
            do throws(InstrumentDump.Fault) {
                try dump.add(bytes) { row in
                    batch.append(row)
                    if batch.count == Self.batchSize { flush(send) }
                }
            } catch { fault = error.text }
        }
    }

    /// Ends the reading; what was wrong with it, or `nil`.
    func finish(_ send: ([InstrumentRow]) -> Bool) -> String? {
        guard fault == nil else { return fault }
        do throws(InstrumentDump.Fault) { try dump.finish { batch.append($0) } } catch { return error.text }
        flush(send)
        return fault
    }

    private func flush(_ send: ([InstrumentRow]) -> Bool) {
        guard fault == nil, !batch.isEmpty else { return }
        if !send(batch) { fault = "the host took no more rows" }
        batch.removeAll(keepingCapacity: true)
    }
}
