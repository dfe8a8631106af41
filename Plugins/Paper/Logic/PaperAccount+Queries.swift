import AdapterKit
import Exact

/// A query, kept.
struct Question {
    var kind: QueryKind
    var instrumentID: String?
    var reference: OrderIdentity?
    var cursor: String?
    var limit: Int?
    /// Orders that were accepted later than this are not seen yet.
    var seenUntil = Timestamp(nanoseconds: .max)
    /// How this page contradicts the others.
    var disagreement: Fault.Disagreement?

    init(_ kind: QueryKind, _ filter: borrowing Filter) {
        self.kind = kind
        instrumentID = filter.instrumentID
        reference = filter.reference?.identity()
        cursor = filter.cursor
        limit = filter.limit
    }

    /// Rows a page where the host names no limit; also the most.
    static let pageSize = 1_000

    /// Where the page begins; `nil`: the cursor is none that a page gave.
    var position: UInt64? { cursor == nil ? 0 : cursor.flatMap(UInt64.init) }
    var size: Int { min(max(1, limit ?? Self.pageSize), Self.pageSize) }
}

/// How the account answers what it is asked.
extension PaperAccount {
    /// Reads. Pages hold at most 1,000 rows.
    func answer(_ question: Question, _ command: Command, login: String) {
        broker.advance(to: host.now)
        switch question.kind {
        case .order:
            let number = broker.find(
                brokerOrderID: question.reference?.brokerOrderID, reference: question.reference?.clientReference)
            if let number, let order = broker.orders[number], order.acceptedAt <= question.seenUntil {
                muted.remove(number)
                command.send(orders: [orderUpdate(order, isRow: true)])
            }
            command.ok()
        case .orders: listOrders(question, command)
        case .trades: listTrades(question, command)
        case .positions: page(positions(of: question.instrumentID), question, command) { $0.send(positions: $1) }
        case .holdings: page(holdings(of: question.instrumentID), question, command) { $0.send(holdings: $1) }
        case .funds:
            command.send(funds: [funds(asOf: host.now)])
            command.ok()
        case .margins:
            command.send(margins: [
                Margin(account: index, currency: currency, required: broker.ledger.usedTotal.decimal, charges: 0)
            ])
            command.ok()
        case .profile:
            command.send(profiles: [
                Profile(
                    account: index, accountID: options.id, name: "Paper account", owner: login, currency: currency)
            ])
            command.ok()
        case .instruments:
            page(Self.rows(of: settings.listedInstruments), question, command) { $0.send(instruments: $1) }
        case .orderHistory, .quotes, .candles:
            command.notSent(AdapterError(.unsupported, "the paper broker keeps no such rows", certainty: .notSent))
        }
    }

    static func rows(of listed: [Settings.ListedInstrument]) -> [InstrumentRow] {
        listed.map { row in
            InstrumentRow(
                StoredInstrument(
                    id: row.terms.id, currency: row.terms.currency, lotSize: row.terms.lotSize,
                    multiplier: row.terms.multiplier, tick: row.terms.tick), name: row.name)
        }
    }

    /// Sends one page of rows that stand in a fixed order; the cursor counts them.
    private func page<Row>(
        _ rows: [Row], _ question: Question, _ command: Command, _ send: (Command, [Row]) -> HostStatus
    ) {
        Self.page(rows, question, command, send)
    }

    static func page<Row>(
        _ rows: [Row], _ question: Question, _ command: Command, _ send: (Command, [Row]) -> HostStatus
    ) {
        guard let start = question.position else {
            command.reject(.badCursor)
            return
        }
        let first = Int(min(start, UInt64(rows.count)))
        let end = min(rows.count, first + question.size)
        let shown = question.distort(Array(rows[first..<end]), before: first > 0 ? rows[first - 1] : nil)
        _ = send(command, shown)
        command.ok(nextCursor: question.next(end < rows.count ? "\(end)" : nil))
    }

    /// Orders by number, working and remembered; the cursor is the last number of the page before.
    private func listOrders(_ question: Question, _ command: Command) {
        guard let last = question.position else {
            command.reject(.badCursor)
            return
        }
        let instrument = number(question.instrumentID)
        let all = broker.orders.values
            .filter { instrument == nil || $0.instrument == instrument }
            .filter { $0.acceptedAt <= question.seenUntil }
            .map(\.number)
        var numbers = all.filter { $0.rawValue > last }.sorted()
        let isLast = numbers.count <= question.size
        numbers.removeLast(max(0, numbers.count - question.size))
        let next = isLast ? nil : numbers.last.map { "\($0.rawValue)" }
        if question.disagreement != nil {
            numbers = question.distort(numbers, before: all.filter { $0.rawValue <= last }.max())
        }
        if !muted.isEmpty { muted.subtract(numbers) }
        command.send(orders: numbers.compactMap { broker.orders[$0] }.map { orderUpdate($0, isRow: true) })
        command.ok(nextCursor: question.next(next))
    }

    /// Executions by number, of all orders that are remembered; the cursor is the last number of the page before.
    private func listTrades(_ question: Question, _ command: Command) {
        guard let last = question.position else {
            command.reject(.badCursor)
            return
        }
        let instrument = number(question.instrumentID)
        var trades: [(order: OrderNumber, execution: Execution)] = []
        var before: (order: OrderNumber, execution: Execution)?
        for order in broker.orders.values where instrument == nil || order.instrument == instrument {
            guard order.acceptedAt <= question.seenUntil else { continue }
            for execution in order.executions {
                if execution.number > last {
                    trades.append((order.number, execution))
                } else if execution.number > before?.execution.number ?? 0 {
                    before = (order.number, execution)
                }
            }
        }
        trades.sort { $0.execution.number < $1.execution.number }
        let isLast = trades.count <= question.size
        trades.removeLast(max(0, trades.count - question.size))
        let next = isLast ? nil : trades.last.map { "\($0.execution.number)" }
        trades = question.distort(trades, before: before)
        command.send(
            trades: trades.compactMap { entry in broker.orders[entry.order].map { tradeUpdate($0, entry.execution) } })
        command.ok(nextCursor: question.next(next))
    }

    /// The number of the instrument a question names: `nil` where it names none, -1 where the account never met it.
    private func number(_ id: String?) -> Int? { id.map { broker.instruments[$0] ?? -1 } }
}

extension Question {
    /// A page as the scenario wants it: a first page has no row before it, so its last row comes twice.
    fileprivate func distort<Row>(_ rows: [Row], before: Row?) -> [Row] {
        switch disagreement {
        case .repeats: before.map { [$0] + rows } ?? rows + rows.suffix(1)
        case .omits: Array(rows.dropFirst())
        case .loops, nil: rows
        }
    }

    /// Where the next page is said to begin.
    fileprivate func next(_ cursor: String?) -> String? {
        disagreement == .loops ? self.cursor ?? "0" : cursor
    }
}

extension AdapterError {
    fileprivate static var badCursor: AdapterError {
        AdapterError(.invalid, "the cursor is not one that the last page gave", field: "filter.cursor")
    }
}

// MARK: - Look-ups

/// A look-up of one order, kept.
struct LookUp {
    var identity: OrderIdentity
    /// When the host handed the order over; `nil`: not known.
    var writtenAt: Timestamp?
    /// How young an order the broker does not show yet, nanoseconds.
    var visibilityDelay: Int64 = 0
    /// Whether the adapter knows of that delay.
    var isDelayDeclared = true
    /// By how much the broker's clock is wrong, nanoseconds.
    var clockOffset: Int64 = 0
}

extension PaperAccount {
    /// Looks an order up by broker id or client reference.
    func lookUp(_ item: LookUp, _ command: Command) {
        let reference = item.identity.clientReference
        let number = broker.find(brokerOrderID: item.identity.brokerOrderID, reference: reference)
        let delay = item.visibilityDelay
        let now = host.now.nanoseconds
        if let number, let order = broker.orders[number], now - order.acceptedAt.nanoseconds >= delay {
            muted.remove(number)
            host.tradeUpdate(order.executions.map { tradeUpdate(order, $0) })
            command.found(
                identity(order), order.state, brokerTime: order.updatedAt.shifted(by: item.clockOffset))
        } else if let reference, wire.carries(reference) {
            command.indeterminate(AdapterError(.notFound, "the order is still on its way to the simulated broker"))
        } else if item.isDelayDeclared, delay > 0, item.writtenAt.map({ now - $0.nanoseconds < delay }) ?? true {
            command.indeterminate(
                AdapterError(.notFound, "the broker does not show orders as young as this one may be"))
        } else if broker.provesAbsence(writtenAt: item.writtenAt) {
            command.provenAbsent()
        } else {
            command.indeterminate(
                AdapterError(.notFound, "orders of that time have been forgotten (max_remembered_orders)"))
        }
    }
}

extension Timestamp {
    /// The instant by so many nanoseconds later, or earlier; within what can be held.
    func shifted(by nanoseconds: Int64) -> Timestamp {
        let (sum, overflow) = self.nanoseconds.addingReportingOverflow(nanoseconds)
        return overflow ? self : Timestamp(nanoseconds: sum)
    }
}
