import Domain

/// C14 `modification-cap`: modifications of this order so far are fewer than `max`.
///
/// A count of modifies asked for. Source: RISK.md §4; brokers cap them for each order. Strict closing orders pass, and a
/// modify that only makes the order smaller is never asked.
struct ModificationCap: RiskControl {
    static let id = ControlID.modificationCap

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard candidate.modifications >= 0, !candidate.isClosing else { return .pass }
        let known = Int64(candidate.modifications)
        trace.record(Measure(.count, .order, limit: limits.modifications, observed: known, projected: known + 1))
        guard known >= limits.modifications else { return .pass }
        return .reject(
            Rejection(
                id, .tooManyModifications, scope: .order, unit: .count, limit: limits.modifications, observed: known,
                projected: known + 1))
    }
}
