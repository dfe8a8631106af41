import Domain

/// C4 `allow-list` (!): (segment, product, order type, validity, side, class, short selling, option selling) stands in one
/// row of the account's list. An absent list allows nothing. Source: RISK.md §4.
///
/// Selling counts as short where the worst case of the account goes below zero; closing never does.
struct AllowList: RiskControl {
    static let id = ControlID.allowList

    static func evaluate(
        _ candidate: inout Candidate, _ limits: AccountLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        let segment = engine.resolved.segments[Int(candidate.instrument.index.rawValue)]
        let opensShort =
            candidate.side == .sell && !candidate.isClosing
            && saturatingSum(candidate.position.openSell, candidate.quantity) > candidate.position.quantity
        var matchedButForSelling = false
        for rule in limits.allowList {
            guard rule.covers(candidate), rule.segments.contains(segment) else { continue }
            let sellsAsAllowed =
                !opensShort
                || (candidate.instrument.kind == .option ? rule.allowsOptionSelling : rule.allowsShortSelling)
            if sellsAsAllowed { return .pass }
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
