package import Domain

extension Engine {
    /// What news of an order means: an event, or `nil` where it concerns no order of ours in memory or says nothing new.
    package func event(for report: OrderReport, at: Timestamp) -> Event? {
        guard let account = accountNumber(report.account),
            let place = place(report.clientOrderID, report.brokerOrderID, account: account),
            let run = runs[place.run]
        else { return nil }
        let known = run.orders[Int(place.order)]
        let instrument = instruments[Int(run.instrument(of: known))].instrument
        let cumulative = report.cumulativeQuantity.flatMap { instrument.steps($0) }
        if repeats(report, cumulative, known) { return nil }
        return .orderReported(
            run: place.run, order: place.order,
            report: ReportedOrder(
                state: report.state, cumulativeQuantity: cumulative, brokerOrderID: report.brokerOrderID,
                exchangeOrderID: report.exchangeOrderID, error: report.reason, adapterState: report.adapterState ?? [],
                at: at))
    }

    /// Whether a report tells what is known already: polls tell of every order of the day again and again. An end that
    /// still waits for executions is news each time, so that the wait for them is bounded after a restart, too.
    private func repeats(_ report: OrderReport, _ cumulative: Int64?, _ known: Order) -> Bool {
        guard !report.state.isTerminal || known.status.isTerminal else { return false }
        var changed = known
        _ = changed.apply(reported: report.state, cumulative: cumulative)
        changed.brokerOrderID = report.brokerOrderID ?? known.brokerOrderID
        changed.exchangeOrderID = report.exchangeOrderID ?? known.exchangeOrderID
        changed.error = report.reason ?? changed.error
        if let memory = report.adapterState, !memory.isEmpty { changed.adapterState = memory }
        return changed == known
    }

    /// Why an execution was not booked.
    package enum ExecutionFault: Error, Hashable, Sendable {
        /// Booked before: repeated news, not an error.
        case duplicate
        case unknownAccount
        /// Neither our order nor a known instrument.
        case unknownInstrument
        /// Quantity or price is not positive, or not a whole number of steps.
        case malformed(String)
        /// A correction or bust of an execution that is not known.
        case unknownExecution(String)
    }

    /// Largest quantity of one execution, steps: a thousand of them still fit 63 bits.
    static let maximumExecution = Int64.max >> 10

    /// Books an execution: the event, or why there is none. Executions of orders entered elsewhere move the position too.
    package func event(for report: ExecutionReport, at: Timestamp) throws(ExecutionFault) -> Event {
        guard let account = accountNumber(report.account) else { throw .unknownAccount }
        let entry = accounts[Int(account)].account
        guard !report.executionID.isEmpty else { throw .malformed("the execution has no id") }
        let key = ExecutionKey(adapter: entry.adapter, account: account, executionID: report.executionID)
        guard runs.executions[key] == nil else { throw .duplicate }
        let place = place(report.clientOrderID, report.brokerOrderID, account: account)
        let run = place.flatMap { runs[$0.run] }
        let old: Execution?
        if report.kind == .new {
            old = nil
        } else {
            guard let id = report.replaces,
                let known = runs.executions[ExecutionKey(adapter: entry.adapter, account: account, executionID: id)]
            else { throw .unknownExecution(report.replaces ?? "") }
            // Taken back already: the same bust under another id.
            if report.kind == .bust, runs.standing(known) == nil { throw .duplicate }
            old = known
        }
        guard
            let number = run.map({ $0.instrument(of: $0.orders[Int(place?.order ?? 0)]) }) ?? old?.instrument
                ?? report.symbol.flatMap({ instrumentNumbers[$0] })
        else { throw .unknownInstrument }
        let instrument = instruments[Int(number)].instrument
        guard let quantity = instrument.steps(report.lastQuantity), quantity > 0 || report.kind == .bust,
            quantity <= Self.maximumExecution
        else { throw .malformed("quantity \(report.lastQuantity) is not a positive number of units") }
        guard let price = instrument.pointsRounded(report.lastPrice), price > 0 || report.kind == .bust else {
            throw .malformed("price \(report.lastPrice) is not a positive price")
        }
        guard instrument.notional(quantity: quantity, price: price) != nil else {
            throw .malformed("\(report.lastQuantity) at \(report.lastPrice) is more money than fits")
        }
        guard
            let fees = report.fees.scaled(to: -entry.currency.minorDigits, rounding: .ceiling)
                .flatMap(Int64.init(exactly:)), fees != .min
        else { throw .malformed("fees \(report.fees) do not fit") }
        return .executed(
            Execution(
                adapter: entry.adapter, account: account, instrument: number, executionID: report.executionID,
                kind: report.kind, replaces: report.replaces, run: place?.run ?? old?.run,
                order: place?.order ?? old?.order ?? 0,
                side: run.map { $0.admission.legs[Int($0.orders[Int(place?.order ?? 0)].legIndex)].side }
                    ?? old?.side ?? report.side,
                lastQuantity: quantity, lastPrice: price, fees: fees, transactTime: report.transactTime, at: at))
    }

    func place(_ id: ClientOrderID?, _ brokerOrderID: String?, account: Int32) -> OrderPlace? {
        let found =
            id.flatMap { orderReference(of: $0) }
            ?? brokerOrderID.flatMap { runs.place(account: account, brokerOrderID: $0) }
        // An id of another account's order is no evidence for it.
        guard let found, let run = runs[found.run], run.orders.indices.contains(Int(found.order)),
            run.admission.legs[Int(run.orders[Int(found.order)].legIndex)].account == account
        else { return nil }
        return found
    }

    /// What follows from a leg that its broker rejected, by the run's policy (RISK.md §4.3): legs that wait are withdrawn,
    /// live ones canceled. Fills stay; `unwindDemands` closes them once everything has ended.
    package func consequences(ofFailureIn id: RunID) -> [Event] {
        guard let run = runs[id], run.admission.onLegFailure != .leave else { return [] }
        return cancelEvents(run, reason: .legFailure, by: "rule:on_leg_failure")
    }

    /// Whether a run has ended, with a leg that its broker rejected, and its policy is to unwind.
    package func unwinds(_ id: RunID) -> Bool {
        runs.look(id) { run in
            run.admission.onLegFailure == .unwind && run.liveLegs == 0 && run.orders.contains { $0.status == .rejected }
        } ?? false
    }

    /// Withdraws what waits and asks to cancel what is at the broker, of a whole run or of one leg.
    func cancelEvents(_ run: Run, leg: Int? = nil, reason: LocalCancelReason, by: String) -> [Event] {
        var waiting: [Int32] = []
        var events: [Event] = []
        for (index, order) in run.orders.enumerated() where leg == nil || Int(order.legIndex) == leg {
            if order.isWaiting {
                waiting.append(Int32(index))
            } else if order.isAtBroker, order.status != .pendingCancel || reason == .requested {
                // A person may ask again: a cancel that was lost on its way is not the end of the matter.
                events.append(.cancelRequested(run: run.id, order: Int32(index), by: by))
            }
        }
        if !waiting.isEmpty {
            events.insert(.ordersCanceledLocally(run: run.id, orders: waiting, reason: reason), at: 0)
        }
        return events
    }
}

extension ReportedOrder {
    /// A report of a state alone.
    package static func state(
        _ state: ReportedState, brokerOrderID: String? = nil, error: AdapterError? = nil, at: Timestamp
    ) -> ReportedOrder {
        ReportedOrder(
            state: state, cumulativeQuantity: nil, brokerOrderID: brokerOrderID, exchangeOrderID: nil, error: error,
            adapterState: [], at: at)
    }
}

extension Engine {
    package func account(of run: Run, order: Int32) -> Account? {
        guard run.orders.indices.contains(Int(order)) else { return nil }
        return accounts[Int(run.admission.legs[Int(run.orders[Int(order)].legIndex)].account)].account
    }

    /// The modify of an order that waits for its answer.
    package func replacement(_ place: OrderPlace) -> Order.Replacement? {
        runs.look(place.run) { run in
            run.orders.indices.contains(Int(place.order)) ? run.orders[Int(place.order)].replacement : nil
        } ?? nil
    }

    package func openOrders(_ account: Int32) -> Int32 { book.openOrders(of: account) }
    package func accountLimits(_ account: Int32) -> AccountLimits? { resolved.account(Int(account)) }

    /// Whether a caller may see and change a run.
    package func covers(_ authority: TradingAuthority, _ run: Run) -> Bool {
        switch authority {
        case .everything: return true
        case .groups(let groups):
            if let group = run.admission.group { return groups.contains(group) }
            guard case .account(let id) = run.admission.order.target, let number = accountNumbers[id] else {
                return false
            }
            return groups.contains { group in
                groupNumbers[group].map { self.groups[Int($0)].members.contains(number) } ?? false
            }
        }
    }

    /// Orders that close what a failed run filled: one an account, limited at the account's collar where there is a
    /// reference price, else at market.
    package func unwindDemands(_ run: Run) -> [ParentOrder] {
        run.legs.indices.compactMap { index in
            let filled = run.cumulativeQuantity(index)
            guard filled > 0 else { return nil }
            let leg = run.admission.legs[index]
            var order = closingOrder(
                leg.account, run.admission.instrument(ofLeg: index), leg.side.opposite, filled,
                run.admission.order.product)
            order.strategy = run.admission.order.strategy
            order.tag = "unwind of \(run.id)"
            return order
        }
    }

    /// A refusal in words, for a leg that exists.
    package func explained(_ rejection: Rejection, leg: LegID) -> RunSnapshot.Reject? {
        guard let run = runs[leg.run], run.legs.indices.contains(leg.index) else { return nil }
        return explained(
            rejection, run, leg.index, instruments[Int(run.admission.instrument(ofLeg: leg.index))].instrument)
    }
}

extension Engine {
    /// The same definitions without any run or position: what rebuilding a single run from its events needs.
    package func withoutRuns() -> Engine {
        var bare = self
        bare.runs = RunTable()
        bare.book = Book()
        bare.tradingStates = [:]
        bare.attribution = AttributionBook()
        bare.duplicates = DuplicateLog()
        bare.selfTradeCancels = []
        bare.resting = resting.withoutOrders(kinds: [])
        bare.inputs.unsettled = UnsettledLegs(accounts: accounts.count)
        bare.inputs.reservedMargin = Array(repeating: 0, count: accounts.count)
        bare.book.setMembership(accounts: accounts.count, groups: [])
        return bare
    }

    /// Whether a caller may see and trade an account.
    package func covers(_ authority: TradingAuthority, account id: AccountID) -> Bool {
        switch authority {
        case .everything: true
        case .groups(let groups):
            groups.contains { name in group(name)?.members.contains { $0.account == id } ?? false }
        }
    }
}
