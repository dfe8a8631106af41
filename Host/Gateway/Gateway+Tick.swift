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
            for event in state.engine.dayEvents(now: now) { emit(event, &state) }
            startLookups(now: now, &state)
            for (place, deadline) in state.gaps where deadline <= now {
                state.gaps[place] = nil
                if let run = state.engine.runs[place.run], run.orders[Int(place.order)].waitsForExecutions {
                    emit(.gapClosed(run: place.run, order: place.order), &state)
                }
            }
            checkLosses(now, &state)
            return (dueFunds(now, &state), takeSatisfied(Array(state.runWaiters.keys), &state, now: now))
        }
        for resume in resumes { resume() }
        if state.withLockedValue({ !$0.outbound.isEmpty }) { dispatchStep() }
        for (session, account, index) in funds { askFunds(session, account, index, at: now) }
    }

    /// Puts accounts whose day's loss reached its limit into reducing, with everything that follows.
    func checkLosses(_ now: Timestamp, _ state: inout State) {
        for change in state.engine.lossEvents(now: now) {
            logger.warning("Loss limit reached", metadata: ["scope": "\(change.scope)", "reason": "\(change.reason)"])
            emit(.stateChanged(change), &state)
            for event in state.engine.consequences(of: change, cancelWorking: false) { emit(event, &state) }
        }
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
