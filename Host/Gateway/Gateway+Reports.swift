import Adapters
import Domain
import Engine
import Faults

/// An order of which the broker counts more as executed than executions are known for.
struct MissingExecutions: Sendable {
    /// Steps.
    var quantity: Int64
    var attempts = 0
    var dueAt: Timestamp
    var isTold = false
}

extension Gateway {
    /// Questions for trades of one order before a person is told; they go on at the longest pause.
    static let tradeQuestions = 6

    /// News of an order, streamed or read.
    func reported(_ report: OrderReport, _ now: Timestamp, _ state: inout State) {
        settleReplace(by: report, now, &state)
        if let event = state.engine.event(for: report, at: now) {
            emit(event, &state)
            afterReport(event, now, &state)
        }
        // A quantity is a hint: what is counted there and not known here is asked for. Reports may be out of order, so
        // what is on its way is given a moment.
        guard let (place, missing) = state.engine.missingExecutions(report) else { return }
        FaultPoint.hit(.executionsMissing)
        if state.missing[place] == nil {
            state.missing[place] = MissingExecutions(
                quantity: missing, dueAt: now.advanced(by: options.firstRetry))
        } else {
            state.missing[place]?.quantity = missing
        }
    }

    /// Accounts whose trades are to be asked for. Under the lock.
    func dueTrades(_ now: Timestamp, _ state: inout State) -> [(AdapterSession, AccountID, Int32)] {
        guard !state.missing.isEmpty else { return [] }
        var due: [AccountID: (AdapterSession, AccountID, Int32)] = [:]
        for (place, entry) in state.missing where entry.dueAt <= now {
            guard let run = state.engine.runs[place.run],
                let account = state.engine.account(of: run, order: place.order)
            else {
                state.missing[place] = nil
                continue
            }
            let order = run.orders[Int(place.order)]
            if entry.attempts >= Self.tradeQuestions, order.status.isTerminal {
                // The closing of its gap has told of it; the entry stays, so that polls do not begin anew.
                state.missing[place]?.dueAt = Timestamp(nanoseconds: .max)
                continue
            }
            if entry.attempts >= Self.tradeQuestions, !entry.isTold {
                state.missing[place]?.isTold = true
                emit(
                    .anomalyFound(
                        Anomaly(
                            run: place.run, order: place.order, kind: .executionsMissing, ordered: order.quantity,
                            executed: order.knownExecuted, excess: entry.quantity, at: now)), &state)
            }
            guard let seat = state.sessions[account.id] else { continue }
            let status = seat.session.status.state
            guard status == .ready || status == .degraded else { continue }
            state.missing[place]?.attempts += 1
            state.missing[place]?.dueAt = now.advanced(by: max(1_000_000_000, backoff(entry.attempts + 1)))
            if seat.session.adapter.description.capabilities.contains(.queryTrades) {
                due[account.id] = (seat.session, account.id, seat.index)
            } else {
                lookUp(place, &state)
            }
        }
        return due.values.sorted { $0.1.rawValue < $1.1.rawValue }
    }

    func askTrades(_ session: AdapterSession, _ account: AccountID, _ index: Int32) {
        FaultPoint.hit(.tradesAsked)
        session.query(.trades, accountIndex: index, deadline: clock.monotonic() + options.commandDeadline) { result in
            switch result {
            case .success(let rows):
                self.step { state in
                    let now = self.clock.wall()
                    for row in rows { _ = self.executed(row, now, &state) }
                }
            case .failure(let failure):
                self.logger.warning(
                    "Trades could not be read", metadata: ["account.id": "\(account)", "reason": "\(failure)"])
            }
        }
    }

    /// An execution was booked: what was missing of its order may be there now.
    func afterExecution(_ execution: Execution, _ state: inout State) {
        guard let id = execution.run, !state.missing.isEmpty else { return }
        let place = OrderPlace(run: id, order: execution.order)
        guard let entry = state.missing[place] else { return }
        let left = entry.quantity.subtractingReportingOverflow(execution.lastQuantity)
        state.missing[place] = left.overflow || left.partialValue <= 0 ? nil : entry
        if !left.overflow, left.partialValue > 0 { state.missing[place]?.quantity = left.partialValue }
    }

    /// Something contradicts what was known: into the run's story, to a person, and into the log (V12).
    func tell(anomalyAfter event: Event, _ state: inout State) {
        guard let run = event.run, let order = event.orders.first else { return }
        let place = OrderPlace(run: run, order: order)
        guard let anomaly = state.engine.anomaly(at: place, after: event, now: clock.wall()) else { return }
        logger.error(
            "An order contradicts what was known of it",
            metadata: [
                "run.id": "\(run)", "order.index": "\(order)", "kind": "\(anomaly.kind.rawName)",
                "ordered": "\(anomaly.ordered)", "executed": "\(anomaly.executed)", "excess": "\(anomaly.excess)",
            ])
        emit(.anomalyFound(anomaly), &state)
    }
}
