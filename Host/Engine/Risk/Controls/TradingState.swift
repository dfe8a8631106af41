import Domain

/// C6 `trading-state` (!): halted refuses all, reducing and a cool-off until its end take strict closing orders only; the
/// most severe state of firm, group, account, instrument, adapter, strategy and key counts. An order that says it only
/// reduces (`reduce_only`) must be strictly closing in every state. The gateway's own closing orders pass in every state.
/// Source: RISK.md §4.
struct TradingState: RiskControl {
    static let id = ControlID.tradingState

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        if candidate.isGatewayClosing, candidate.isClosing { return .pass }
        // Only where it matters: an active scope asks nothing of the quantity.
        if candidate.isReduceOnly || candidate.states.status != .active {
            trace.record(Measure(reducing(&candidate, scope: candidate.states.scope)))
        }
        if candidate.isReduceOnly, !candidate.isClosing { return .reject(reducing(&candidate, scope: .order)) }
        switch candidate.states.status {
        case .active: return .pass
        case .reducing:
            return candidate.isClosing ? .pass : .reject(reducing(&candidate, scope: candidate.states.scope))
        case .coolOff:
            if candidate.isClosing { return .pass }
            var refusal = reducing(&candidate, scope: candidate.states.scope)
            refusal.sentence = .coolingOff
            return .reject(refusal)
        case .halted: return .reject(Rejection(id, .halted, scope: candidate.states.scope))
        }
    }

    /// Closing quantity that is open already, and what it would be with the candidate, against what is held.
    @inline(never)
    private static func reducing(_ candidate: inout Candidate, scope: ScopeKind) -> Rejection {
        let position = candidate.position
        let held = Int64(clamping: position.quantity.magnitude)
        let closing = position.quantity > 0 ? position.openSell : position.openBuy
        return Rejection(
            id, .reducing, scope: scope, unit: .quantity, limit: held, observed: closing,
            projected: saturatingSum(closing, candidate.quantity))
    }
}
