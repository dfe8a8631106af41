import Domain
import Engine

/// What an order was before an event, to judge what it is after it (V11, V12, V15).
struct StatePath {
    private let run: RunID
    private let orders: [Int32]
    private let before: [OrderStatus]

    /// `nil` where the event is about no order that is in memory.
    init?(before event: Event, _ engine: borrowing Engine) {
        guard let run = event.run else { return nil }
        let orders = event.orders
        guard !orders.isEmpty else { return nil }
        let before = engine.runs.look(run) { run in
            orders.compactMap { run.orders.indices.contains(Int($0)) ? run.orders[Int($0)].status : nil }
        }
        guard let before, before.count == orders.count else { return nil }
        (self.run, self.orders, self.before) = (run, orders, before)
    }

    /// One sentence for each order that took a step which is none of the state graph.
    func flaws(after event: Event, _ engine: borrowing Engine) -> [String] {
        engine.runs.look(run) { run in
            var flaws: [String] = []
            for (number, old) in zip(orders, before) {
                let order = run.orders[Int(number)]
                let new = order.status
                guard new != old else { continue }
                if !Self.mayFollow(new, old, event, waits: order.waitsForExecutions) {
                    flaws.append(
                        "\(old.isTerminal ? "V12" : "V15"): order \(number) of run \(run.id) went from \(old) to \(new)"
                    )
                }
                if old == .unknown, !Self.isEvidence(event) {
                    flaws.append("V11: order \(number) of run \(run.id) left unknown for \(new) without evidence")
                }
            }
            return flaws
        } ?? []
    }

    /// What an unknown order may be left for: a word of its broker, or of a person.
    private static func isEvidence(_ event: Event) -> Bool {
        switch event {
        case .orderAnswered(let answer): answer.outcome != .unknown
        case .orderReported, .executed, .orderLookedUp, .gapClosed, .orderResolved, .orderAdopted, .termsFound: true
        // A modify that was taken, or a cancel that found the order, were answered for an order that is there.
        case .replaceAnswered(_, _, let outcome, _), .cancelAnswered(_, _, let outcome, _): outcome == .accepted
        default: false
        }
    }

    /// The edges of the state graph. An end stays one, but for more executed of it, a bust that takes executions back, a
    /// sign of life after our own claim that nothing left, and a second word of the broker that more was executed than the
    /// first one said: then the rest is waited for.
    private static func mayFollow(_ new: OrderStatus, _ old: OrderStatus, _ event: Event, waits: Bool) -> Bool {
        if case .executed(let execution) = event, execution.kind != .new { return new != .reserved && new != .held }
        switch event {
        // A modify to more turns out to have been taken: what had filled the old quantity ended with a rest.
        case .replaceAnswered, .termsFound:
            if old == .filled, new.isTerminal { return true }
        case .orderReported(_, _, let report):
            if old.isTerminal, !new.isTerminal, report.state.isTerminal, waits { return true }
        default: break
        }
        switch old {
        case .reserved, .held: return new != .pendingReplace
        case .sent: return new != .reserved && new != .held
        case .unknown: return new != .reserved && new != .held && new != .sent
        case .pendingCancel: return new != .reserved && new != .held
        case .working, .partiallyFilled, .pendingReplace:
            return ![.reserved, .held, .sent, .unknown, .notSent, .canceledLocally].contains(new)
        case .filled: return false
        case .canceled: return new == .filled
        case .rejected, .expired: return [.filled, .canceled, .expired].contains(new)
        case .notSent, .canceledLocally: return ![.reserved, .held, .sent, .unknown].contains(new)
        }
    }
}
