import Domain

/// C4 `allow-list` (!): (segment, product, order type, validity, side, class, short selling, option selling) stands in one
/// row of the account's list. An absent list allows nothing. Source: RISK.md §4.
///
/// Selling counts as short where the worst case of the account goes below zero; closing never does.
struct AllowList: RiskControl {
    static let id = ControlID.allowList

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard limits.isKnown else { return .reject(Rejection(id, .notAllowed, cause: .noInput)) }
        let opensShort =
            !candidate.side.isBuy && !candidate.isClosing
            && saturatingSum(candidate.position.openSell, candidate.quantity) > candidate.position.quantity
        var matchedButForSelling = false
        let words = candidate.words
        for row in limits.allowed.indices {
            let rule = limits.allowed[row]
            guard rule.mask & words == words else { continue }
            if !opensShort || rule.allowsShort { return .pass }
            matchedButForSelling = true
        }
        if matchedButForSelling {
            trace.record(
                Measure(.quantity, limit: 0, observed: candidate.position.quantity, projected: candidate.quantity))
        }
        guard matchedButForSelling else { return .reject(Rejection(id, .notAllowed)) }
        // What is held can still be sold.
        let sellable = saturatingSum(candidate.position.quantity, -candidate.position.openSell)
        return .reject(
            Rejection(
                id, .shortNotAllowed, unit: .quantity, limit: max(0, sellable), observed: candidate.position.quantity,
                projected: candidate.quantity), clipTo: candidate.lotMultiple(sellable))
    }
}
