import Domain
import Engine
import Telemetry

// What the trading path leaves for telemetry: called under the lock, so each costs the copy of 64 bytes and no more. Times
// are those of the events; no clock is read.

extension Gateway {
    /// Leaves what an event says of a run. The engine has applied it.
    func captured(_ event: Event, _ engine: borrowing Engine) {
        switch event {
        case .runAdmitted(let admission):
            var captured = CaptureEvent(
                .admitted, run: admission.run.number, leg: Int32(clamping: admission.legs.count))
            captured.first = admission.receivedAt.nanoseconds
            captured.second = admission.admittedAt.nanoseconds
            capture.push(captured)
        case .orderAnswered(let answer): captured(answer, engine)
        case .executed(let execution):
            guard let run = execution.run else { return }
            let at = execution.at.nanoseconds
            leave(.filled, run, execution.order, engine) { captured, times in
                captured.first = at
                if times.firstFill == at { captured.second = at }
                if times.done == at { captured.third = at }
            }
        case .orderReported(let run, let order, let report):
            ended(run, order, engine, at: report.at.nanoseconds)
        case .ordersCanceledLocally(let run, let orders, _):
            for order in orders { ended(run, order, engine, at: nil) }
        case .cancelAnswered(let run, let order, _, _): leave(.retried, run, order, engine, detail: 0)
        case .replaceAnswered(let run, let order, _, _): leave(.retried, run, order, engine, detail: 1)
        case .orderLookedUp(let run, let order, _, _): leave(.retried, run, order, engine, detail: 2)
        case .gapClosed(let run, let order), .orderResolved(let run, let order, _):
            ended(run, order, engine, at: nil)
        default: break
        }
    }

    private func captured(_ answer: OrderAnswer, _ engine: borrowing Engine) {
        let isAcknowledged = answer.outcome == .accepted || answer.outcome == .rejected
        var isEnd = false
        leave(.answered, answer.run, answer.order, engine, detail: answer.outcome.rawValue - 1) { captured, times in
            (captured.first, captured.second) = (times.durable, times.queued)
            captured.third = answer.dispatchedAt.nanoseconds
            captured.fourth = answer.writtenAt?.nanoseconds ?? 0
            captured.fifth = answer.firstByteAt?.nanoseconds ?? 0
            captured.sixth = isAcknowledged ? answer.answeredAt.nanoseconds : 0
            isEnd = times.done == answer.answeredAt.nanoseconds
        }
        if isEnd { ended(answer.run, answer.order, engine, at: answer.answeredAt.nanoseconds) }
    }

    /// The leg's end, if this was it; else that something happened. `at` = `nil` for events that do not say when.
    private func ended(_ run: RunID, _ order: Int32, _ engine: borrowing Engine, at: Int64?) {
        leave(.ended, run, order, engine) { captured, times in
            if times.done != 0, at.map({ $0 == times.done }) ?? true {
                captured.first = times.done
            } else {
                captured.kind = .touched
            }
        }
    }

    private func leave(
        _ kind: CaptureEvent.Kind, _ id: RunID, _ order: Int32, _ engine: borrowing Engine, detail: UInt8 = 0,
        _ fill: (inout CaptureEvent, StageTimes) -> Void = { _, _ in }
    ) {
        var event = CaptureEvent(kind, run: id.number, detail: detail)
        let isKnown =
            engine.runs.look(id) { run in
                guard run.orders.indices.contains(Int(order)) else { return false }
                event.leg = run.orders[Int(order)].legIndex
                fill(&event, run.legs[Int(event.leg)].times)
                return true
            } ?? false
        if isKnown { capture.push(event) }
    }

    /// What the network alone took of an order's way, nanoseconds.
    func captured(roundTrip: Int64, _ place: OrderPlace, _ engine: borrowing Engine) {
        leave(.measured, place.run, place.order, engine) { captured, _ in captured.first = roundTrip }
    }

    /// Tells, once a reason, what an order waits for.
    func tell(_ wait: WaitReason, of entry: inout OutboundQueue.Entry, _ run: borrowing Run, _ now: Timestamp) {
        guard capture.isOn, entry.wait != wait else { return }
        entry.wait = wait
        var event = CaptureEvent(
            .waited, run: run.id.number, leg: run.orders[Int(entry.place.order)].legIndex, detail: wait.rawValue)
        event.first = now.nanoseconds
        capture.push(event)
    }

    // MARK: Days

    /// An account's day ends with the marks that its next one opens with.
    func noteDay(_ opening: DayOpening, _ engine: borrowing Engine) {
        let results = Self.closedDay(opening, engine, at: clock.wall())
        if !results.isEmpty { closedDays.withLockedValue { $0.add(results) } }
    }

    /// To be asked before the opening is applied.
    static func closedDay(_ opening: DayOpening, _ engine: borrowing Engine, at: Timestamp) -> [DayResult] {
        let entry = engine.accounts[Int(opening.account)]
        guard entry.day != .min, opening.day > entry.day else { return [] }
        return engine.dayFigures(of: opening.account) { instrument in
            opening.marks.first { $0.instrument == instrument }?.points
        }.map { figure in
            DayResult(
                account: entry.account.id, day: entry.day, currency: figure.currency, result: figure.result,
                fees: figure.fees, at: at, isClosed: true)
        }
    }
}
