import Domain

/// C1 `request-shape` (!): what a leg must have by its own type, whoever built it: a positive quantity, a limit price
/// where the type has one, a trigger where it has one or the order is a cover. The API refuses the same in a request, with its fields' names.
struct RequestShape: RiskControl {
    static let id = ControlID.requestShape

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        trace.record(Measure(.quantity, .order, limit: 1, projected: candidate.quantity, isFloor: true))
        guard candidate.quantity > 0 else {
            return .reject(
                Rejection(id, .belowMinimum, scope: .order, unit: .quantity, limit: 1, projected: candidate.quantity))
        }
        let open = candidate.side.isBuy ? candidate.position.openBuy : candidate.position.openSell
        guard !open.addingReportingOverflow(candidate.quantity).overflow else {
            return .reject(
                Rejection(id, .overflow, scope: .order, unit: .quantity, observed: open, projected: candidate.quantity))
        }
        let hasPrices =
            candidate.orderType.takesLimitPrice == (candidate.limitPrice > 0)
            && (candidate.orderType.takesStopPrice || candidate.carriesStop) == (candidate.stopPrice > 0)
        guard hasPrices else {
            return .reject(Rejection(id, .unknownField, scope: .order, unit: .price, projected: candidate.limitPrice))
        }
        return .pass
    }
}
