import AdapterKit
import Exact

// The day's books: orders, then trades, told to the host whenever something may have moved.

extension ZerodhaAdapter {
    /// How long after a hint the books are read: hints come in swarms.
    private static let settling: Int64 = 200_000_000

    /// Until when something that happens now may be missing from the broker's books.
    var hiddenUntil: Timestamp {
        Timestamp(nanoseconds: host.now.nanoseconds &+ Self.visibilityDelayNanoseconds)
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
                knowLots(of: book.records.map(\.symbol)) { [self] in
                    tell(book.whole())
                    readTrades(book)
                }
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
                // A row that cannot be understood is told once: it is no reason to go on reading.
                knowLots(of: Self.symbols(data)) { [self] in
                    tell(trades: data)
                    ended(isKnown: !anyLive)
                }
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
        if book.unreadable > 0, books.isNews("orders without an id: \(book.unreadable)") {
            host.log(.error, "Orders of the book have no id", ["rows": String(book.unreadable)])
        }
        for record in book.records where record.symbol == nil && books.isNews("order \(record.orderID)") {
            host.log(.error, "An order of the book is of no instrument that is known", ["order_id": record.orderID])
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
        order.update(account: 0, instrument: order.first.symbol.flatMap { instrument($0) }, withOrder: withOrder)
    }

    /// Tells executions; `false` where one of these orders could not be read.
    @discardableResult
    func tell(trades data: JSONValue, of orderIDs: Set<String>? = nil) -> Bool {
        guard let (trades, unreadable) = executions(data, of: orderIDs) else { return false }
        host.tradeUpdate(trades)
        return unreadable == 0
    }

    /// The executions of a trade book, and how many rows were none: each of these is told to the operator once, and the
    /// others are good. `nil` where it is no list.
    func executions(
        _ data: JSONValue, of orderIDs: Set<String>? = nil
    ) -> (trades: [TradeUpdate], unreadable: Int)? {
        guard let rows = data.array else {
            host.log(.error, "The trade book is no list")
            return nil
        }
        var trades: [TradeUpdate] = []
        var unreadable = 0
        for row in rows {
            // Rows of other orders say nothing of these, whatever they are.
            if let orderIDs, !orderIDs.contains(row["order_id"]?.identifier ?? "") { continue }
            guard let record = TradeRecord(row, now: host.now) else {
                unreadable += 1
                let id = row["trade_id"]?.identifier ?? "none"
                if books.isNews("trade \(id)") {
                    host.log(.error, "An execution of the book cannot be read", ["trade_id": id])
                }
                continue
            }
            guard
                let trade = record.update(
                    account: 0, instrument: instrument(record.symbol), reference: books.reference(of: record.orderID),
                    order: books.slices.family(of: record.orderID)?.root)
            else {
                unreadable += 1
                if books.isNews("lot \(record.symbol.alias)") {
                    host.log(
                        .error, "Executions count lots, and neither the list nor a position says the instrument's lot",
                        ["symbol": record.symbol.alias])
                }
                continue
            }
            trades.append(trade)
        }
        return (trades, unreadable)
    }

    /// A row of an exchange that nobody here knows.
    func noteForeign(_ row: JSONValue) {
        let symbol = "\(row["exchange"]?.string ?? ""):\(row["tradingsymbol"]?.string ?? "")"
        guard books.isNews("foreign \(symbol)") else { return }
        host.log(.error, "A row of the books is of an exchange that is not known", ["symbol": symbol])
    }

    /// The instruments of a trade book.
    static func symbols(_ trades: JSONValue) -> [Symbol?] {
        (trades.array ?? []).map { $0.object.flatMap(Symbol.init) }
    }

    /// Asks positions for the lots of instruments, where lots are counted and nobody knows them yet; then goes on, whatever
    /// came of it.
    ///
    /// - Parameter command: What this serves.
    func knowLots(of symbols: [Symbol?], for command: Command? = nil, then: @escaping () -> Void) {
        let lacks = symbols.contains { symbol in
            guard let symbol, symbol.exchange.countsLots else { return false }
            return instrument(symbol).map { $0.lotSize == nil } ?? false
        }
        guard lacks, command.map({ !isOver($0) }) ?? true, books.mayAskForLots(at: host.now) else { return then() }
        let question = command.map { request(Call.positions, for: $0) } ?? ownRequest(.positions)
        let status = host.send(question) { [self] answer in
            if case .success(let data) = read(answer, bucket: .others) { books.learnLots(data) }
            then()
        }
        if !status.isOK { then() }
    }

    /// What the host knows by the broker's name. A share is known by its name alone, before any list was read.
    func instrument(_ symbol: Symbol) -> StoredInstrument? {
        if var known = host.instrument(alias: symbol.alias) {
            if known.lotSize == nil, symbol.exchange.countsLots { known.lotSize = books.lot(symbol) }
            return known
        }
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
        guard !found.isEmpty else { return }
        let orders = found
        knowLots(of: orders.map(\.1.first.symbol)) { [self] in resolve(found: orders) }
    }

    private func resolve(found orders: [(Sought, WholeOrder)]) {
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
