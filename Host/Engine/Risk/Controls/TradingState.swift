import Domain

/// C6 `trading-state` (!): halted refuses all, reducing takes strict closing orders only; the most severe state of firm,
/// group, account, instrument, adapter, strategy and key counts. The gateway's own closing orders pass in every state.
/// Source: RISK.md §4.
struct TradingState: RiskControl {
    static let id = ControlID.tradingState

    static func evaluate(_ candidate: inout Candidate, _ limits: AccountLimits, _ engine: borrowing Engine) -> Verdict {
        if candidate.isGatewayClosing, candidate.isClosing { return .pass }
        switch candidate.states.status {
        case .active: return .pass
        case .reducing:
            if candidate.isClosing { return .pass }
            let open = abs(candidate.position.quantity)
            let closing = candidate.position.quantity > 0 ? candidate.position.openSell : candidate.position.openBuy
            return .reject(
                Rejection(
                    id, .reducing, scope: candidate.states.scope, unit: .quantity, limit: open, observed: closing,
                    projected: saturatingSum(closing, candidate.quantity)))
        case .halted: return .reject(Rejection(id, .halted, scope: candidate.states.scope))
        }
    }
}
