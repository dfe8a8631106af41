import Adapters
import Domain
import Engine

extension Gateway {
    /// An order whose fate is open is looked up at its broker; absence counts only when it was said often enough, each time
    /// after the adapter's visibility delay (RELIABILITY.md §1).
    func lookUp(_ place: OrderPlace, at now: Timestamp, _ state: inout State) {
        guard state.lookups[place] == nil else { return }
        state.lookups[place] = LookupState(notBefore: now)
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
            state.lookups[place] = nil
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
            guard lookup.notBefore <= now else {
                state.lookups[place] = lookup
                return
            }
            lookup.absences += 1
            guard lookup.absences >= options.proofsOfAbsence else {
                lookup.notBefore = now.advanced(by: delay)
                state.lookups[place] = lookup
                return
            }
            state.lookups[place] = nil
            emit(
                .orderLookedUp(run: place.run, order: place.order, outcome: .provenAbsent, brokerOrderID: nil), &state)
        case .indeterminate:
            lookup.absences = 0
            // Twice as long each time, at most a minute: the order stays unknown until evidence comes.
            let wait = min(60_000_000_000, delay << Int64(min(lookup.attempts, 9)))
            lookup.notBefore = now.advanced(by: wait)
            state.lookups[place] = lookup
        }
    }

    /// Sends the look-ups whose time has come. Under the lock.
    func startLookups(now: Timestamp, _ state: inout State) {
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
