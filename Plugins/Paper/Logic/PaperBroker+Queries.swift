public import AdapterKit
import Exact

extension PaperBroker {
    /// Rows a page where the host names no limit; also the most.
    static let pageSize = 1_000

    /// Reads. Pages hold at most 1,000 rows.
    public func query(_ kind: QueryKind, _ filter: Filter, _ command: Command) {
        if kind == .instruments {
            listInstruments(filter, command)
            return
        }
        guard let account = account(filter.account, command) else { return }
        account.broker.advance(to: host.now)
        defer { account.settle(among: accounts) }
        switch kind {
        case .order:
            let identity = filter.reference?.identity()
            let number = account.broker.find(
                brokerOrderID: identity?.brokerOrderID, reference: identity?.clientReference)
            if let number, let order = account.broker.orders[number] {
                command.send(orders: [account.orderUpdate(order, isRow: true)])
            }
            command.ok()
        case .orders: listOrders(account, filter, command)
        case .trades: listTrades(account, filter, command)
        case .positions: page(account.positions(of: filter.instrumentID), filter, command) { $0.send(positions: $1) }
        case .holdings: page(account.holdings(of: filter.instrumentID), filter, command) { $0.send(holdings: $1) }
        case .funds:
            command.send(funds: [account.funds(asOf: host.now)])
            command.ok()
        case .margins:
            command.send(margins: [
                Margin(
                    account: account.index, currency: account.currency,
                    required: account.broker.ledger.usedTotal.decimal, charges: 0)
            ])
            command.ok()
        case .profile:
            command.send(profiles: [
                Profile(
                    account: account.index, accountID: account.options.id, name: "Paper account",
                    owner: options.login, currency: account.currency)
            ])
            command.ok()
        case .instruments: break  // answered above
        }
    }

    private func listInstruments(_ filter: borrowing Filter, _ command: Command) {
        let index = filter.account
        let rows = (listed.indices.contains(index) ? listed[index] : []).map { row in
            InstrumentRow(
                StoredInstrument(
                    id: row.terms.id, currency: row.terms.currency, lotSize: row.terms.lotSize,
                    multiplier: row.terms.multiplier, tick: row.terms.tick), name: row.name)
        }
        page(rows, filter, command) { $0.send(instruments: $1) }
    }

    /// Sends one page of rows that stand in a fixed order; the cursor counts them.
    private func page<Row>(
        _ rows: [Row], _ filter: borrowing Filter, _ command: Command, _ send: (Command, [Row]) -> HostStatus
    ) {
        guard let start = Self.position(filter.cursor), let size = Self.size(filter.limit) else {
            command.reject(.badCursor)
            return
        }
        let first = Int(min(start, UInt64(rows.count)))
        let end = min(rows.count, first + size)
        _ = send(command, Array(rows[first..<end]))
        command.ok(nextCursor: end < rows.count ? "\(end)" : nil)
    }

    /// Orders by number, working and remembered; the cursor is the last number of the page before.
    private func listOrders(_ account: PaperAccount, _ filter: borrowing Filter, _ command: Command) {
        guard let last = Self.position(filter.cursor), let size = Self.size(filter.limit) else {
            command.reject(.badCursor)
            return
        }
        let instrument = Self.number(filter.instrumentID, account)
        var numbers = account.broker.orders.values
            .filter { $0.number.rawValue > last && (instrument == nil || $0.instrument == instrument) }
            .map(\.number).sorted()
        let isLast = numbers.count <= size
        numbers.removeLast(max(0, numbers.count - size))
        command.send(
            orders: numbers.compactMap { account.broker.orders[$0] }.map { account.orderUpdate($0, isRow: true) })
        command.ok(nextCursor: isLast ? nil : numbers.last.map { "\($0.rawValue)" })
    }

    /// Executions by number, of all orders that are remembered; the cursor is the last number of the page before.
    private func listTrades(_ account: PaperAccount, _ filter: borrowing Filter, _ command: Command) {
        guard let last = Self.position(filter.cursor), let size = Self.size(filter.limit) else {
            command.reject(.badCursor)
            return
        }
        let instrument = Self.number(filter.instrumentID, account)
        var trades: [(order: OrderNumber, execution: Execution)] = []
        for order in account.broker.orders.values where instrument == nil || order.instrument == instrument {
            for execution in order.executions where execution.number > last {
                trades.append((order.number, execution))
            }
        }
        trades.sort { $0.execution.number < $1.execution.number }
        let isLast = trades.count <= size
        trades.removeLast(max(0, trades.count - size))
        command.send(
            trades: trades.compactMap { entry in
                account.broker.orders[entry.order].map { account.tradeUpdate($0, entry.execution) }
            })
        command.ok(nextCursor: isLast ? nil : trades.last.map { "\($0.execution.number)" })
    }

    /// The number of the instrument a filter names: `nil` where it names none, -1 where the account never met it.
    private static func number(_ id: String?, _ account: PaperAccount) -> Int? {
        id.map { account.broker.instruments[$0] ?? -1 }
    }

    private static func position(_ cursor: String?) -> UInt64? { cursor == nil ? 0 : cursor.flatMap(UInt64.init) }

    private static func size(_ limit: Int?) -> Int? { min(max(1, limit ?? pageSize), pageSize) }

    // MARK: - Preview and reconcile

    /// Tells what each order would block and cost after the ones before it; changes nothing.
    public func preview(_ orders: OrderBasket, _ command: Command) {
        var trials: [Int: SimulatedBroker] = [:]
        var rows: [Margin] = []
        var (required, charges) = (Money.zero, Money.zero)
        orders.each { order in
            guard accounts.indices.contains(order.account) else { return }
            let account = accounts[order.account]
            var trial = trials[account.index] ?? account.broker
            var row = Margin(
                account: account.index, clientReference: order.clientReference, currency: account.currency)
            do throws(AdapterError) {
                if let error = Self.unsupported(order) { throw error }
                let ticket = Ticket(order, instrument: try trial.resolve(InstrumentTerms(order.instrument)))
                let need = try trial.preview(ticket, at: host.now)
                (row.required, row.charges) = (need.margin.decimal, need.fees.decimal)
                required += need.margin
                charges += need.fees
            } catch { row.error = error }
            trials[account.index] = trial
            rows.append(row)
        }
        if let first = rows.first {
            rows.append(
                Margin(
                    account: first.account, currency: first.currency, required: required.decimal,
                    charges: charges.decimal))
        }
        command.send(margins: rows)
        command.ok()
    }

    /// Looks orders up by broker id or client reference.
    public func reconcile(_ items: ReconcileItems) {
        var touched: Set<Int> = []
        items.each { item, command in
            guard let account = account(item.reference.account, command) else { return }
            if touched.insert(account.index).inserted { account.broker.advance(to: host.now) }
            lookUp(item, account, command)
        }
        for index in touched.sorted() { accounts[index].settle(among: accounts) }
    }

    private func lookUp(_ item: borrowing ReconcileItem, _ account: PaperAccount, _ command: Command) {
        let reference = item.reference.clientReference
        let number = account.broker.find(brokerOrderID: item.reference.brokerOrderID, reference: reference)
        if let number, let order = account.broker.orders[number] {
            host.tradeUpdate(order.executions.map { account.tradeUpdate(order, $0) })
            command.found(account.identity(order), order.state, brokerTime: order.updatedAt)
        } else if let reference, account.wire.carries(reference) {
            command.indeterminate(AdapterError(.notFound, "the order is still on its way to the simulated broker"))
        } else if account.broker.provesAbsence(writtenAt: item.writtenTime) {
            command.provenAbsent()
        } else {
            command.indeterminate(
                AdapterError(.notFound, "orders of that time have been forgotten (max_remembered_orders)"))
        }
    }
}

extension AdapterError {
    fileprivate static var badCursor: AdapterError {
        AdapterError(.invalid, "the cursor is not one that the last page gave", field: "filter.cursor")
    }
}
