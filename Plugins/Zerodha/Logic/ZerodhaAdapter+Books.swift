import AdapterKit
import Exact

// The day's books: orders, then trades, told to the host whenever something may have moved.

extension ZerodhaAdapter {
    /// How long after a hint the books are read: hints come in swarms.
    private static let settling: Int64 = 200_000_000

    /// Until when something that happens now may be missing from the broker's books.
    var hiddenUntil: Timestamp {
        Timestamp(nanoseconds: host.now.nanoseconds &+ Self.descriptor.visibilityDelayNanoseconds)
    }

    /// Something of ours was placed, changed or taken back: what becomes of it is in the books.
    func ordersMayMove() {
        books.mayMove = true
        if !stream.isOpen { schedule(after: settings.pollNanoseconds) }
    }

    /// The broker hinted at news.
    func bookHint() {
        books.mayMove = true
        schedule(after: Self.settling)
    }

    private func schedule(after delay: Int64) {
        guard books.timer == nil, isLoggedIn, !isData else { return }
        books.timer = try? host.timer(afterNanoseconds: delay, tag: TimerTag.books.rawValue)
    }

    func onTimer(_ timer: TimerID, tag: UInt64) {
        switch TimerTag(rawValue: tag) {
        case .loginEnd: loginHasEnded(nil)
        case .books:
            books.timer = nil
            readBooks()
        case nil: break
        }
    }

    /// Reads orders and trades and tells both. Trades come second, so that each finds its order known.
    func readBooks() {
        guard isLoggedIn, !isData else { return }
        guard !books.isReading else {
            books.isWantedAgain = true
            return
        }
        books.isReading = true
        let status = host.send(ownRequest(.orders)) { [self] answer in
            switch read(answer, bucket: .others) {
            case .success(let data):
                guard let book = orderBook(data) else { return ended(isKnown: false) }
                tell(book.whole())
                readTrades(book)
            case .failure(let error):
                host.log(.warning, "The order book could not be read", ["error": "\(error)"])
                ended(isKnown: false)
            }
        }
        if !status.isOK { ended(isKnown: false) }
    }

    private func readTrades(_ book: OrderBook) {
        let anyFilled = book.records.contains { $0.filled > .zero }
        let anyLive = book.records.contains { !$0.isFinal }
        guard anyFilled else { return ended(isKnown: !anyLive) }
        let status = host.send(ownRequest(.trades)) { [self] answer in
            switch read(answer, bucket: .others) {
            case .success(let data):
                let isWhole = tell(trades: data)
                ended(isKnown: isWhole && !anyLive)
            case .failure(let error):
                host.log(.warning, "The trade book could not be read", ["error": "\(error)"])
                ended(isKnown: false)
            }
        }
        if !status.isOK { ended(isKnown: false) }
    }

    /// - Parameter isKnown: Whether everything that the books show has ended. Where nothing else is open as far as we know,
    ///   there is nothing more to ask for by itself.
    private func ended(isKnown: Bool) {
        books.isReading = false
        if !books.isWantedAgain { books.mayMove = !isKnown || books.holdsOpen(at: host.now) }
        if books.isWantedAgain {
            books.isWantedAgain = false
            schedule(after: Self.settling)
        } else if books.mayMove, !stream.isOpen {
            schedule(after: settings.pollNanoseconds)
        }
    }

    /// The order book of an answer. Rows that name no order are told to the operator: the rest is good.
    func orderBook(_ data: JSONValue) -> OrderBook? {
        guard let book = OrderBook(data, slices: books.slices, readAt: host.now) else {
            host.log(.error, "The order book is no list")
            return nil
        }
        if book.unreadable > 0 {
            host.log(.error, "Orders of the book cannot be read", ["rows": String(book.unreadable)])
        }
        books.slices = book.slices
        books.remember(book.records)
        return book
    }

    /// Tells the state of orders.
    func tell(_ orders: [WholeOrder]) {
        host.orderUpdate(orders.map { update($0, withOrder: false) })
    }

    func update(_ order: WholeOrder, withOrder: Bool) -> OrderUpdate {
        order.update(account: 0, instrument: instrument(order.first.symbol), withOrder: withOrder)
    }

    /// Tells executions; `false` where one of them could not be read.
    @discardableResult
    func tell(trades data: JSONValue, of orderIDs: Set<String>? = nil) -> Bool {
        let (trades, unreadable) = executions(data, of: orderIDs)
        host.tradeUpdate(trades)
        return unreadable == 0
    }

    /// The executions of a trade book, and how many rows were none.
    func executions(_ data: JSONValue, of orderIDs: Set<String>? = nil) -> (trades: [TradeUpdate], unreadable: Int) {
        guard let rows = data.array else {
            host.log(.error, "The trade book is no list")
            return ([], 1)
        }
        var trades: [TradeUpdate] = []
        var unreadable = 0
        for row in rows {
            guard let record = TradeRecord(row, now: host.now) else {
                unreadable += 1
                continue
            }
            if let orderIDs, !orderIDs.contains(record.orderID) { continue }
            guard
                let trade = record.update(
                    account: 0, instrument: instrument(record.symbol), reference: books.reference(of: record.orderID),
                    order: books.slices.family(of: record.orderID)?.root)
            else {
                host.log(
                    .error, "An execution counts lots, and the instrument's lot is not known",
                    ["symbol": record.symbol.alias])
                unreadable += 1
                continue
            }
            trades.append(trade)
        }
        if unreadable > 0 {
            host.log(.error, "Executions of the book cannot be read", ["rows": String(unreadable)])
        }
        return (trades, unreadable)
    }

    /// What the host knows by the broker's name. A share is known by its name alone, before any list was read.
    func instrument(_ symbol: Symbol) -> StoredInstrument? {
        if let known = host.instrument(alias: symbol.alias) { return known }
        guard symbol.exchange == .nse || symbol.exchange == .bse else { return nil }
        return StoredInstrument(
            id: "\(symbol.exchange.rawValue):EQ:\(CanonicalRoot.equity(symbol.tradingSymbol, symbol.exchange))",
            alias: symbol.alias, currency: "INR", multiplier: 1)
    }

    // MARK: Look-ups

    func reconcile(_ items: ReconcileItems) {
        var sought: [Sought] = []
        items.each { item, command in
            sought.append(
                Sought(
                    orderID: item.reference.brokerOrderID, reference: item.reference.clientReference,
                    writtenTime: item.writtenTime, command: command))
        }
        guard !sought.isEmpty else { return }
        let everyone = sought
        let status = host.send(ownRequest(.orders)) { [self] answer in
            switch read(answer, bucket: .others) {
            case .success(let data):
                guard let book = orderBook(data) else {
                    return settle(everyone, Failure.unreadable(status: answer.status, "the order book is no list"))
                }
                resolve(everyone, in: book)
            case .failure(let error): settle(everyone, error)
            }
        }
        if !status.isOK { settle(everyone, .refused(status)) }
    }

    private struct Sought {
        let orderID: String?
        let reference: ClientReference?
        let writtenTime: Timestamp?
        let command: Command
    }

    private func settle(_ sought: [Sought], _ error: AdapterError) {
        for item in sought { item.command.indeterminate(error) }
    }

    private func resolve(_ sought: [Sought], in book: OrderBook) {
        var found: [(Sought, WholeOrder)] = []
        for item in sought {
            if let order = book.whole(orderID: item.orderID, reference: item.reference) {
                found.append((item, order))
                continue
            }
            guard book.unreadable == 0 else {
                item.command.indeterminate(
                    Failure.unreadable(status: 200, "\(book.unreadable) orders of the book cannot be read"))
                continue
            }
            // The book holds the current day only (FACTS.md §3.1): it proves nothing of another day's orders.
            guard let written = item.writtenTime, isWithinOneDay(from: written, to: host.now) else {
                item.command.indeterminate(
                    AdapterError(
                        .notFound, "the broker's book holds today's orders alone, and this one is not of today",
                        certainty: .unknown, retry: .never))
                continue
            }
            item.command.provenAbsent()
        }
        let orders = found
        guard orders.contains(where: { $0.1.parts.contains { $0.filled > .zero } }) else { return report(orders) }
        let status = host.send(ownRequest(.trades)) { [self] answer in
            switch read(answer, bucket: .others) {
            case .success(let data):
                let ids = Set(orders.flatMap { $0.1.parts.map(\.orderID) })
                guard tell(trades: data, of: ids) else {
                    return settle(
                        orders.map(\.0), Failure.unreadable(status: answer.status, "executions cannot be read"))
                }
                report(orders)
            case .failure(let error): settle(orders.map(\.0), error)
            }
        }
        if !status.isOK { settle(orders.map(\.0), .refused(status)) }
    }

    /// Whether both moments are of one day at the broker too, whose clock may be minutes from ours.
    private func isWithinOneDay(from written: Timestamp, to now: Timestamp) -> Bool {
        let skew: Int64 = 600_000_000_000
        return IndianTime.dayNumber(Timestamp(nanoseconds: written.nanoseconds - skew))
            == IndianTime.dayNumber(Timestamp(nanoseconds: now.nanoseconds + skew))
    }

    private func report(_ orders: [(Sought, WholeOrder)]) {
        for (item, order) in orders {
            let update = update(order, withOrder: true)
            host.orderUpdate([update])
            item.command.found(update.identity, update.state, brokerTime: update.brokerTime)
        }
        if orders.contains(where: { $0.1.isLive }) { ordersMayMove() }
    }
}
