import Domain
import Engine

/// Follows the durable journal with an engine of its own and checks, record by record, what must hold (RELIABILITY.md §2).
///
/// It is the state that a restart would find: what a broker is sent must be in it.
final class Auditor {
    private(set) var engine: Engine
    var onViolation: (String) -> Void = { _ in }
    /// Told when the absence of an order is believed.
    var onAbsence: (_ account: String, _ reference: String) -> Void = { _, _ in }
    /// Signed sum of distinct executions, by (account, instrument).
    private var executed: [Int64: Int64] = [:]
    /// Sum of quantity and of quantity × price, by order.
    private var values: [OrderPlace: (quantity: Int64, value: Int128)] = [:]
    private var nextSequence: UInt64 = 1
    private var parents: [String: RunID] = [:]
    private(set) var recordCount = 0
    private(set) var eventCount = 0
    /// Adapters at which nothing goes wrong in this seed.
    var calmAdapters: Set<String> = []
    /// A restart, or a lane that had no turn for long, makes orders unknown at any broker.
    var isDisturbed = false
    let trace: Trace

    init(prefix: UInt64, trace: Trace) {
        engine = Engine(clientOrderIDPrefix: prefix)
        self.trace = trace
    }

    func take(_ bytes: [UInt8]) {
        let events: [Event]
        do { events = try JournalRecord.decode(bytes).events } catch {
            return onViolation("V16: a record of the journal cannot be read: \(error)")
        }
        recordCount += 1
        eventCount += events.count
        var touched: Set<RunID> = []
        for event in events {
            trace.note("  durable: \(summary(event))")
            take(event, &touched)
        }
        for id in touched.sorted() { if let run = engine.runs[id] { check(run) } }
        if recordCount % 8 == 0 { checkBook() }
    }

    private func take(_ event: Event, _ touched: inout Set<RunID>) {
        let subject = Self.subject(event)
        if let run = subject?.run { touched.insert(run) }
        let before = subject.flatMap { subject in
            engine.runs.look(subject.run) { run in subject.orders.map { run.orders[Int($0)].status } }
        }
        switch event {
        case .runAdmitted(let admission): admitted(admission)
        case .replaceRequested(_, _, let replacement, _):
            if replacement.clientSequence < nextSequence { onViolation("V9: client id \(replacement) used again") }
            nextSequence = max(nextSequence, replacement.clientSequence + 1)
        case .orderLookedUp(let id, let order, .provenAbsent, _):
            if let run = engine.runs[id], let account = engine.account(of: run, order: order),
                run.orders[Int(order)].status == .unknown
            {
                let reference = engine.clientOrderID(run.orders[Int(order)].clientSequence)
                onAbsence(account.id.rawValue, reference.description)
            }
        case .executed(let execution):
            let signed = execution.side == .buy ? execution.lastQuantity : -execution.lastQuantity
            executed[Int64(execution.account) << 32 | Int64(execution.instrument), default: 0] += signed
            if let run = execution.run {
                let place = OrderPlace(run: run, order: execution.order)
                let known = values[place] ?? (0, 0)
                values[place] = (
                    known.quantity + execution.lastQuantity,
                    known.value + Int128(execution.lastQuantity) * Int128(execution.lastPrice)
                )
            } else {
                onViolation("V5: execution \(execution.executionID) was matched to no order")
            }
        default: break
        }
        engine.apply(event)
        guard let subject, let before, let run = engine.runs[subject.run] else { return }
        for (order, old) in zip(subject.orders, before) {
            let new = run.orders[Int(order)].status
            guard new != old else { continue }
            if !Self.mayFollow(new, old) {
                onViolation("V12/V15: \(subject.run) order \(order) went from \(old) to \(new) by \(summary(event))")
            }
            if old == .unknown, !Self.isEvidence(event) {
                onViolation("V11: \(subject.run) order \(order) left unknown for \(new) by \(summary(event))")
            }
            let adapter = engine.account(of: run, order: order)?.adapter.rawValue ?? ""
            if new == .unknown, !isDisturbed, calmAdapters.contains(adapter) {
                onViolation("V19: \(subject.run) order \(order) is unknown at \(adapter), where nothing goes wrong")
            }
        }
    }

    private func admitted(_ admission: RunAdmission) {
        if admission.firstClientSequence < nextSequence { onViolation("V9: client ids of \(admission.run) used again") }
        nextSequence = max(
            nextSequence, admission.firstClientSequence + UInt64(admission.legs.reduce(0) { $0 + $1.slices.count }))
        let key = "\(admission.origin.caller) \(admission.origin.idempotencyKey)"
        if let other = parents.updateValue(admission.run, forKey: key) {
            onViolation("V13: \(key) made \(other) and \(admission.run)")
        }
    }

    // MARK: What must hold of a run

    private func check(_ run: Run) {
        func fail(_ text: String) { onViolation("\(text) (\(run.id))") }
        let admission = run.admission
        let allocated = admission.legs.reduce(Int64(0)) { $0 + $1.allocatedQuantity }
        if allocated != admission.requestedQuantity - admission.unallocatedQuantity {
            fail("V1: legs have \(allocated) of \(admission.requestedQuantity) less \(admission.unallocatedQuantity)")
        }
        for (index, leg) in admission.legs.enumerated() where run.legs[index].orderCount > 0 {
            let slices = leg.slices.reduce(0, +)
            if slices != leg.orderedQuantity || leg.slices.contains(where: { $0 <= 0 }) {
                fail("V3: slices \(leg.slices) of leg \(index) are not \(leg.orderedQuantity)")
            }
        }
        for (index, order) in run.orders.enumerated() {
            let parts = [order.cumulativeQuantity, order.leavesQuantity, order.canceledQuantity]
            if parts.reduce(0, +) != order.quantity || parts.contains(where: { $0 < 0 }) {
                fail("V2: order \(index) of \(order.quantity) has \(parts)")
            }
            let known = values[OrderPlace(run: run.id, order: Int32(index))] ?? (0, 0)
            if order.executedValue != known.value {
                fail("V6: order \(index) has a value of \(order.executedValue), its executions \(known.value)")
            }
            if order.cumulativeQuantity + order.overfilledQuantity != known.quantity {
                fail("V2/V6: order \(index) has \(order.cumulativeQuantity) executed, its executions \(known.quantity)")
            }
        }
        let live = run.legs.indices.count { !run.legStatus($0).isTerminal }
        if live != Int(run.liveLegs) { fail("V15: \(run.liveLegs) live legs are counted, there are \(live)") }
    }

    /// V4 and V5: the books are the sum of what is live and what was executed.
    func checkBook() {
        var sums: [Int64: (buy: Int64, sell: Int64, orders: Int32, unknown: Int32)] = [:]
        for run in engine.runs.live {
            for order in run.orders where !order.status.isTerminal {
                let leg = run.admission(of: order)
                var sum = sums[Int64(leg.account) << 32 | Int64(run.admission.instrument)] ?? (0, 0, 0, 0)
                if leg.side == .buy { sum.buy += order.reservedQuantity } else { sum.sell += order.reservedQuantity }
                sum.orders += 1
                if order.status == .unknown { sum.unknown += 1 }
                sums[Int64(leg.account) << 32 | Int64(run.admission.instrument)] = sum
            }
        }
        for position in engine.book.positions {
            let key = Int64(position.account) << 32 | Int64(position.instrument)
            let sum = sums.removeValue(forKey: key) ?? (0, 0, 0, 0)
            let found = (position.openBuy, position.openSell, position.openOrders, position.unknownOrders)
            if found != sum { onViolation("V4: the books hold \(found), live orders \(sum)") }
            if position.quantity != executed[key] ?? 0 {
                onViolation("V5: the position is \(position.quantity), executions sum to \(executed[key] ?? 0)")
            }
        }
        if !sums.isEmpty { onViolation("V4: live orders without a place in the books") }
    }
}
