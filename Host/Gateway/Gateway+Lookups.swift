import Adapters
import Domain
import Engine
import Faults

extension Gateway {
    /// An order whose fate is open is looked up at its broker; absence counts only when it was said often enough, each time
    /// after the adapter's visibility delay (RELIABILITY.md §1).
    /// - Parameter settlesReplace: the outcome of a modify is open as well.
    func lookUp(_ place: OrderPlace, _ state: inout State, settlesReplace: Bool = false) {
        var lookup = state.lookups[place] ?? LookupState(notBefore: clock.monotonic())
        if settlesReplace {
            lookup.settlesReplace = true
            lookup.absences = 0  // what was said before says nothing of the modify
        }
        state.lookups[place] = lookup
    }

    /// News of an order came under `id`: the one that a modify gave it says that the modify was taken (header, `modify`).
    func settleReplace(_ place: OrderPlace, under id: ClientOrderID?, _ state: inout State) {
        guard let id, let wanted = state.engine.replacement(place),
            id == state.engine.clientOrderID(wanted.clientSequence)
        else { return }
        emit(.replaceAnswered(run: place.run, order: place.order, outcome: .accepted, error: nil), &state)
    }

    func lookedUp(_ completion: LookupCompletion, _ session: AdapterSession, _ now: Timestamp, _ state: inout State) {
        guard let place = state.engine.runs.place(ofClientSequence: completion.id),
            var lookup = state.lookups[place]
        else { return }
        lookup.isAsked = false
        lookup.attempts += 1
        let delay = max(session.adapter.description.visibilityDelayNanoseconds, 100_000_000)
        switch completion.outcome {
        case .found:
            FaultPoint.hit(.lookUpFound)
            state.lookups[place] = nil
            settleReplace(place, under: completion.clientOrderID, &state)
            // Where a broker only echoes what an order was placed with, the name says nothing of a modify.
            let isNameOfBroker = !session.adapter.description.offers.isDisjoint(
                with: [.looksUpByClientReference, .dedupesClientReference])
            if lookup.settlesReplace, isNameOfBroker, completion.clientOrderID != nil,
                state.engine.replacement(place) != nil
            {
                foundUnchanged(place, &lookup, delay, &state)
            }
            emit(
                .orderLookedUp(
                    run: place.run, order: place.order, outcome: .found, brokerOrderID: completion.brokerOrderID),
                &state)
            if let reported = completion.state {
                let event = Event.orderReported(
                    run: place.run, order: place.order,
                    report: ReportedOrder.state(
                        reported, brokerOrderID: completion.brokerOrderID, error: completion.error, at: now))
                emit(event, &state)
                afterReport(event, now, &state)
            }
        case .provenAbsent:
            // An answer that came before the visibility delay was over proves nothing.
            guard lookup.notBefore <= clock.monotonic() else {
                state.lookups[place] = lookup
                return
            }
            lookup.absences += 1
            lookup.attempts = 0  // the broker answers: a later silence is waited out anew
            FaultPoint.hit(.lookUpAbsentOnce)
            guard lookup.absences >= options.proofsOfAbsence else {
                lookup.notBefore = clock.monotonic() + delay
                state.lookups[place] = lookup
                return
            }
            state.lookups[place] = nil
            let isAcknowledged = state.engine.runs.look(place.run) { run in
                let order = run.orders[Int(place.order)]
                return order.isAnswered && order.status != .unknown
            }
            if isAcknowledged ?? false, let account = accountID(of: place, state) {
                lost(place, account, proofs: lookup.absences, now, &state)
                return
            }
            emit(
                .orderLookedUp(run: place.run, order: place.order, outcome: .provenAbsent, brokerOrderID: nil), &state)
            FaultPoint.hit(.lookUpProvenAbsent)
        case .indeterminate:
            FaultPoint.hit(.lookUpIndeterminate)
            lookup.absences = 0
            // Twice as long each time, at most a minute: the order stays unknown until evidence comes.
            let wait = min(60_000_000_000, delay << Int64(min(lookup.attempts, 9)))
            lookup.notBefore = clock.monotonic() + wait
            state.lookups[place] = lookup
        }
    }

    /// The order does not carry the id that a modify gave it. Said often enough, the modify was not taken: the same rule as
    /// for an order that is absent.
    private func foundUnchanged(
        _ place: OrderPlace, _ lookup: inout LookupState, _ delay: Int64, _ state: inout State
    ) {
        if lookup.notBefore <= clock.monotonic() { lookup.absences += 1 }
        guard lookup.absences >= options.proofsOfAbsence else {
            lookup.notBefore = max(lookup.notBefore, clock.monotonic() + delay)
            state.lookups[place] = lookup
            return
        }
        let error = AdapterError(code: .other, text: "look-ups found the order unchanged")
        emit(.replaceAnswered(run: place.run, order: place.order, outcome: .rejected, error: error), &state)
    }

    /// The broker says that it does not have an order which it once acknowledged.
    private func lost(
        _ place: OrderPlace, _ account: AccountID, proofs: Int, _ now: Timestamp, _ state: inout State
    ) {
        var entry =
            state.reconciliations[account]
            ?? AccountReconciliation(dueAt: now, cause: .request, report: ReconciliationReport(account: account))
        // Said once in the run's story; every comparison asks again.
        if entry.absences[place] == nil {
            emit(
                .orderLookedUp(run: place.run, order: place.order, outcome: .provenAbsent, brokerOrderID: nil), &state)
            entry.dueAt = min(entry.dueAt, now)
        }
        absent(place, proofs: proofs, &entry, &state)
        state.reconciliations[account] = entry
    }

    /// Sends the look-ups whose time has come. Under the lock.
    func startLookups(_ state: inout State) {
        let now = clock.monotonic()
        let due = state.lookups.filter { !$0.value.isAsked && $0.value.notBefore <= now }.keys
        for place in due.sorted(by: OrderPlace.isOlder) {
            guard let run = state.engine.runs[place.run], !run.orders[Int(place.order)].status.isTerminal else {
                state.lookups[place] = nil
                continue
            }
            guard let account = state.engine.account(of: run, order: place.order),
                let seat = state.sessions[account.id],
                seat.session.adapter.description.capabilities.contains(.reconcile)
            else { continue }
            let stateNow = seat.session.status.state
            guard stateNow == .ready || stateNow == .degraded else { continue }
            state.lookups[place]?.isAsked = true
            state.outbound.mutations.append(.lookUp(place))
        }
    }
}
