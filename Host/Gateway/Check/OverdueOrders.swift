import Domain
import Engine

/// V10: no order stays in a state before its broker's answer while a gateway runs: past its time it ends, or is unknown and
/// asked for.
///
/// Whether a gateway ran is read off the records: where none was written for `quiet`, it may have been down, and what it finds
/// at its start has its time from then on. So a finding is certain, and an order that nobody wrote about may be missed.
struct OverdueOrders {
    /// Nanoseconds; several times what a gateway takes for any of it.
    static let budget: Int64 = 600_000_000_000
    private static let quiet: Int64 = 60_000_000_000

    private var runningSince = Timestamp(nanoseconds: .min)
    private var last = Timestamp(nanoseconds: .min)

    mutating func note(record at: Timestamp) {
        if last.nanoseconds == .min || at.since(last) > Self.quiet { runningSince = at }
        last = max(last, at)
    }

    /// One sentence for each order that has been waiting too long at the last record.
    func flaws(_ engine: borrowing Engine) -> [String] {
        var flaws: [String] = []
        engine.runs.forEachLive { run in
            let deadline = run.admission.admittedAt.advanced(
                by: run.admission.order.deadlineMilliseconds.multipliedSaturating(by: 1_000_000))
            for (index, order) in run.orders.enumerated() where order.isWaiting || order.isUnanswered {
                let queued = Timestamp(nanoseconds: run.legs[Int(order.legIndex)].times.queued)
                let due = max(order.isWaiting ? deadline : queued, runningSince)
                guard last > due, last.since(due) > Self.budget else { continue }
                flaws.append(
                    "V10: order \(index) of run \(run.id) is \(order.status) for "
                        + "\(last.since(due) / 1_000_000_000) s longer than its time")
            }
        }
        return flaws.sorted()
    }
}
