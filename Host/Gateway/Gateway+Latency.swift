import Domain
import Engine
import Telemetry

extension LatencyBook {
    /// Counts what an answer tells of a leg's way to the broker.
    func record(_ answer: OrderAnswer, adapter: AdapterID, _ engine: borrowing Engine) {
        guard let run = engine.runs[answer.run], run.orders.indices.contains(Int(answer.order)) else { return }
        let leg = Int(run.orders[Int(answer.order)].legIndex)
        let start = run.admission.receivedAt.nanoseconds
        let times = run.legs[leg].times
        record(adapter: adapter, stage: .admitted, nanoseconds: run.admission.admittedAt.nanoseconds - start)
        if times.durable != 0 { record(adapter: adapter, stage: .durable, nanoseconds: times.durable - start) }
        if times.queued != 0 { record(adapter: adapter, stage: .queued, nanoseconds: times.queued - start) }
        record(adapter: adapter, stage: .dispatched, nanoseconds: answer.dispatchedAt.nanoseconds - start)
        if let written = answer.writtenAt {
            record(adapter: adapter, stage: .written, nanoseconds: written.nanoseconds - start)
        }
        if let first = answer.firstByteAt {
            record(adapter: adapter, stage: .firstByte, nanoseconds: first.nanoseconds - start)
        }
        if answer.outcome == .accepted || answer.outcome == .rejected {
            record(adapter: adapter, stage: .acknowledged, nanoseconds: answer.answeredAt.nanoseconds - start)
        }
    }

    /// Counts a leg's first fill, and its end when the fill was the last.
    func record(_ execution: Execution, _ engine: borrowing Engine) {
        guard let id = execution.run, let run = engine.runs[id], run.orders.indices.contains(Int(execution.order))
        else { return }
        let index = Int(run.orders[Int(execution.order)].legIndex)
        let start = run.admission.receivedAt.nanoseconds
        let times = run.legs[index].times
        if times.firstFill == execution.at.nanoseconds {
            record(adapter: execution.adapter, stage: .firstFill, nanoseconds: times.firstFill - start)
        }
        if times.done == execution.at.nanoseconds {
            record(adapter: execution.adapter, stage: .done, nanoseconds: times.done - start)
        }
    }
}
