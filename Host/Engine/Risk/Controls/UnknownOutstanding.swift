import Domain

/// C31 `unknown-outstanding`: while an order of this account and instrument has an unknown outcome, opening orders there
/// are refused. Source: RISK.md §4.
struct UnknownOutstanding: RiskControl {
    static let id = ControlID.unknownOutstanding

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard !candidate.isClosing else { return .pass }
        trace.record(
            Measure(
                .count, limit: 0, observed: Int64(candidate.position.unknownOrders),
                projected: Int64(candidate.position.unknownOrders)))
        guard candidate.position.unknownOrders > 0 else { return .pass }
        return .reject(
            Rejection(
                id, .unknownOutstanding, unit: .count, limit: 0, observed: Int64(candidate.position.unknownOrders)))
    }
}
