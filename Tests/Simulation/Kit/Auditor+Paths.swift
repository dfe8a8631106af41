import Domain
import Engine

extension Auditor {
    /// The orders an event is about.
    static func subject(_ event: Event) -> (run: RunID, orders: [Int32])? {
        switch event {
        case .runAdmitted(let admission): (admission.run, [])
        case .orderAnswered(let answer): (answer.run, [answer.order])
        case .executed(let execution): execution.run.map { ($0, [execution.order]) }
        case .ordersQueued(let run, let orders, _, _), .ordersCanceledLocally(let run, let orders, _),
            .ordersReleased(let run, let orders):
            (run, orders)
        case .orderReported(let run, let order, _), .cancelRequested(let run, let order, _),
            .cancelAnswered(let run, let order, _, _), .replaceRequested(let run, let order, _, _),
            .replaceAnswered(let run, let order, _, _), .orderLookedUp(let run, let order, _, _),
            .gapClosed(let run, let order):
            (run, [order])
        default: nil
        }
    }

    /// V11: what an unknown order may be left for.
    static func isEvidence(_ event: Event) -> Bool {
        switch event {
        case .orderAnswered(let answer): answer.outcome != .unknown
        case .orderReported, .executed, .orderLookedUp, .gapClosed: true
        default: false
        }
    }

    /// V12 and V15: the edges of the state graph. An end that the broker told stays one; a claim of our own that nothing
    /// left is refuted by a sign of life.
    static func mayFollow(_ new: OrderStatus, _ old: OrderStatus) -> Bool {
        switch old {
        case .reserved, .held: return ![.pendingCancel, .pendingReplace].contains(new)
        case .sent, .unknown: return new != .reserved && new != .held && !(old == .unknown && new == .sent)
        // A cancel may be asked of an order that nothing has been heard of yet.
        case .pendingCancel: return new != .reserved && new != .held
        case .working, .partiallyFilled, .pendingReplace:
            return ![.reserved, .held, .sent, .unknown, .notSent, .canceledLocally].contains(new)
        case .filled: return false
        case .canceled: return new == .filled
        case .rejected, .expired: return [.filled, .canceled, .expired].contains(new)
        case .notSent, .canceledLocally: return new != .reserved && new != .held && new != .sent && new != .unknown
        }
    }

    func summary(_ event: Event) -> String {
        switch event {
        case .runAdmitted(let admission):
            let legs = admission.legs.map { leg in
                "\(leg.account):\(leg.side.rawName)\(leg.orderedQuantity)"
                    + (leg.rejection.map { "!\($0.code)" } ?? "") + (leg.isClosing ? "c" : "")
            }
            return "\(admission.run) admitted \(admission.isGatewayClosing ? "closing " : "")"
                + "\(admission.order.orderType) \(legs.joined(separator: " "))"
        case .orderAnswered(let answer): return "\(answer.run)#\(answer.order) answered \(answer.outcome)"
        case .orderReported(let run, let order, let report):
            return "\(run)#\(order) reported \(report.state) \(report.cumulativeQuantity.map(String.init) ?? "-")"
        case .executed(let execution):
            return "\(execution.run.map(\.description) ?? "-")#\(execution.order) executed \(execution.executionID)"
                + " \(execution.side.rawName) \(execution.lastQuantity)"
        case .cancelAnswered(let run, let order, let outcome, _): return "\(run)#\(order) cancel \(outcome)"
        case .replaceAnswered(let run, let order, let outcome, _): return "\(run)#\(order) replace \(outcome)"
        case .replaceRequested(let run, let order, let wanted, _):
            return "\(run)#\(order) replace by \(wanted.quantity) asked"
        case .cancelRequested(let run, let order, let by): return "\(run)#\(order) cancel asked by \(by)"
        case .ordersQueued(let run, let orders, _, _): return "\(run)#\(orders) queued"
        case .ordersCanceledLocally(let run, let orders, let reason): return "\(run)#\(orders) withdrawn: \(reason)"
        case .orderLookedUp(let run, let order, let outcome, _): return "\(run)#\(order) looked up: \(outcome)"
        case .gapClosed(let run, let order): return "\(run)#\(order) gap closed"
        case .stateChanged(let change): return "\(change.scope) \(change.status.rawName) by \(change.by)"
        case .squareOffStarted(let squareOff): return "square-off q\(squareOff.id) of \(squareOff.scope)"
        case .squareOffEnded(let id, let end): return "square-off q\(id) \(end.outcome)"
        default: return "\(event)".prefix(while: { $0 != "(" }).description
        }
    }
}
