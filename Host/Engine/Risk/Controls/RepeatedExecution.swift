import Domain

/// C7 `repeated-execution`: runs of the order's strategy since a person enabled it last are fewer than `max`, the
/// smaller one of the account and of the strategy. A run counts
/// when its parent is admitted with at least one leg; an order without a strategy is not counted.
///
/// A count. Source: RISK.md §4, RTS 6 Art. 15 (repeated automated execution throttle). Strict closing orders pass.
struct RepeatedExecution: RiskControl {
    static let id = ControlID.repeatedExecution

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        let runs = candidate.parent.strategyRuns
        let limit = min(limits.strategyRuns, candidate.parent.strategyRunLimit)
        if limit == AccountLimits.unlimited { trace.record(.unlimited(.count, .strategy)) }
        guard limit != AccountLimits.unlimited, runs != -1, !candidate.isClosing,
            candidate.countsAsNewOrder
        else { return .pass }
        guard runs >= 0 else {
            return .reject(
                Rejection(
                    id, .strategiesUncounted, cause: .noInput, scope: .strategy, unit: .count,
                    limit: Int64(AttributionBook.maximumStrategies)))
        }
        trace.record(
            Measure(.count, .strategy, limit: limit, observed: runs, projected: saturatingSum(runs, 1)))
        guard runs >= limit else { return .pass }
        return .reject(
            Rejection(
                id, .strategyRunsUsed, scope: .strategy, unit: .count, limit: limit, observed: runs,
                projected: saturatingSum(runs, 1)))
    }
}
