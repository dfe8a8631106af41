import Adapters
import Domain
import Engine

extension Gateway {
    /// What time alone makes due: held orders, deadlines, look-ups, gaps, funds, losses, the day. A ticker calls it every
    /// few milliseconds; a simulation when it moves its clock.
    package func tick() {
        let now = clock.wall()
        let (funds, resumes) = step { state -> ([(AdapterSession, AccountID, Int32)], [@Sendable () -> Void]) in
            guard case .running = state.serving else {
                return ([], takeSatisfied(Array(state.runWaiters.keys), &state, now: now))
            }
            let mayLackPrices = now.since(state.startedAt) > options.priceGrace
            for event in state.engine.dayEvents(now: now, mayLackPrices: mayLackPrices) { emit(event, &state) }
            markOverdue(now, &state)
            startLookups(now: now, &state)
            for (place, deadline) in state.gaps where deadline <= now {
                state.gaps[place] = nil
                if let run = state.engine.runs[place.run], run.orders[Int(place.order)].waitsForExecutions {
                    emit(.gapClosed(run: place.run, order: place.order), &state)
                }
            }
            checkLosses(now, &state)
            checkDue(now, &state)
            workSquareOffs(now, &state)
            return (dueFunds(now, &state), takeSatisfied(Array(state.runWaiters.keys), &state, now: now))
        }
        for resume in resumes { resume() }
        state.withLockedValue { $0.adapters }?.sweep()
        withdrawLate(now)
        withdrawStopped()
        if state.withLockedValue({ !$0.outbound.isEmpty }) { dispatchStep() }
        for (session, account, index) in funds { askFunds(session, account, index, at: now) }
    }

    /// An order whose lane hangs gets no completion, not even the host's own: past its deadline its outcome is unknown.
    private func markOverdue(_ now: Timestamp, _ state: inout State) {
        guard state.overdueDue <= now else { return }
        state.overdueDue = now.advanced(by: 1_000_000_000)
        let limit = options.commandDeadline.multipliedSaturating(by: 2)
        var overdue: [OrderPlace] = []
        state.engine.runs.forEachLive { run in
            for (index, order) in run.orders.enumerated() where order.status == .sent {
                let queued = Timestamp(nanoseconds: run.legs[Int(order.legIndex)].times.queued)
                if now.since(queued) > limit { overdue.append(OrderPlace(run: run.id, order: Int32(index))) }
            }
        }
        for place in overdue {
            emit(
                .orderAnswered(
                    OrderAnswer(
                        run: place.run, order: place.order, outcome: .unknown, brokerOrderID: nil, exchangeOrderID: nil,
                        error: AdapterError(code: .timeout, text: "the adapter has not answered in time"),
                        adapterState: [], dispatchedAt: now, writtenAt: nil, firstByteAt: nil, answeredAt: now)), &state
            )
            lookUp(place, at: now, &state)
        }
    }

    /// Takes back what still lies in a lane's queue when its parent's deadline has passed: certain not to have been sent.
    private func withdrawLate(_ now: Timestamp) {
        var bySession: [ObjectIdentifier: (session: AdapterSession, ids: Set<UInt64>)] = [:]
        state.withLockedValue { state in
            guard state.lateDue <= now else { return }
            state.lateDue = now.advanced(by: 250_000_000)
            let engine = state.engine
            engine.runs.forEachLive { run in
                let deadline = run.admission.admittedAt.advanced(
                    by: run.admission.order.deadlineMilliseconds.multipliedSaturating(by: 1_000_000))
                guard deadline <= now else { return }
                for (index, order) in run.orders.enumerated() where order.status == .sent {
                    guard let account = engine.account(of: run, order: Int32(index)),
                        let seat = state.sessions[account.id]
                    else { continue }
                    bySession[ObjectIdentifier(seat.session), default: (seat.session, [])].ids.insert(
                        order.clientSequence)
                }
            }
        }
        for (session, ids) in bySession.values { withdraw(ids, from: session, reason: .deadline) }
    }

    private func dueFunds(_ now: Timestamp, _ state: inout State) -> [(AdapterSession, AccountID, Int32)] {
        var due: [(AdapterSession, AccountID, Int32)] = []
        for (account, seat) in state.sessions {
            guard state.fundsDue[account].map({ $0 <= now }) ?? false,
                seat.session.adapter.description.capabilities.contains(.queryFunds)
            else { continue }
            let status = seat.session.status.state
            guard status == .ready || status == .degraded else { continue }
            state.fundsDue[account] = now.advanced(by: options.fundsInterval)
            due.append((seat.session, account, seat.index))
        }
        return due
    }

    private func askFunds(_ session: AdapterSession, _ account: AccountID, _ index: Int32, at asked: Timestamp) {
        session.query(.funds, accountIndex: index, deadline: clock.monotonic() + options.commandDeadline) { result in
            switch result {
            case .success(let reports):
                self.state.withLockedValue { state in
                    guard let number = state.engine.accountNumber(account) else { return }
                    for var report in reports {
                        // What the figures cannot contain is counted from when the question left.
                        report.asOf = min(report.asOf, asked)
                        state.engine.setFunds(number, report)
                    }
                }
            case .failure(let failure):
                self.logger.warning(
                    "Funds could not be read",
                    metadata: ["account.id": "\(account)", "reason": "\(failure)"])
            }
        }
    }
}
