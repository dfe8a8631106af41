import Domain

/// C23 `short-rules`: for delivery, `S + q + (sold since the holdings snapshot) <= holdings`, all of them or those free of
/// pledge; an opening sell of an option needs `naked_options`.
///
/// Steps; `S` and what was sold count delivery orders, and what was sold elsewhere. Holdings older than a day are stale.
/// Source: RISK.md §4. Strict closing orders pass: they sell what the gateway's own book holds.
struct ShortRulesCheck: RiskControl {
    static let id = ControlID.shortRules
    /// Nanoseconds: settlement changes holdings once a day.
    static let maximumAge: Int64 = 86_400_000_000_000

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard !candidate.side.isBuy, !candidate.isClosing else { return .pass }
        let rules = limits.shortRules
        if !rules.allowsNakedOptions, candidate.instrument.kind == .option {
            let sellable = saturatingDifference(candidate.position.quantity, candidate.position.openSell)
            trace.record(
                Measure(
                    .quantity, limit: max(0, sellable), observed: candidate.position.quantity,
                    projected: candidate.quantity))
            if candidate.quantity > sellable {
                return .reject(
                    Rejection(
                        id, .nakedOption, unit: .quantity, limit: max(0, sellable),
                        observed: candidate.position.quantity, projected: candidate.quantity),
                    clipTo: candidate.lotMultiple(sellable))
            }
        }
        guard case .delivery = candidate.product else { return .pass }
        guard rules.delivery != .unlimited else {
            trace.record(.unlimited(.quantity))
            return .pass
        }
        guard let found = engine.sellable(&candidate, free: rules.delivery == .free) else {
            return .reject(Rejection(id, .noHoldings, cause: .noInput, unit: .quantity))
        }
        guard found.age <= maximumAge else {
            return .reject(
                Rejection(
                    id, .noHoldings, cause: .stale, unit: .milliseconds, limit: maximumAge / 1_000_000,
                    observed: found.age / 1_000_000, inputAge: found.age))
        }
        let selling = saturatingSum(candidate.position.openDeliverySell, found.soldSince)
        let projected = saturatingSum(selling, candidate.quantity)
        trace.record(
            Measure(
                .quantity, limit: found.held, observed: selling, projected: projected, inputAge: found.age))
        guard projected > found.held else { return .pass }
        return .reject(
            Rejection(
                id, .notHeld, unit: .quantity, limit: found.held, observed: selling, projected: projected,
                inputAge: found.age), clipTo: candidate.lotMultiple(saturatingDifference(found.held, selling)))
    }
}

extension Engine {
    /// What a delivery sell of the candidate's instrument can be met from; `nil` = no snapshot, or it does not say what is
    /// free.
    func sellable(_ candidate: inout Candidate, free: Bool) -> (held: Int64, soldSince: Int64, age: Int64)? {
        guard let holdings = inputs.holdings[Int(candidate.account)] else { return nil }
        let number = candidate.instrument.index.rawValue
        let age = candidate.now.elapsed(since: holdings.asOf)
        guard let holding = holdings.byInstrument[number] else {
            let sold = saturatingDifference(candidate.position.deliverySold, holdings.soldBefore[number] ?? 0)
            return (0, sold, age)
        }
        let held = free ? holding.free : holding.quantity
        guard held >= 0 else { return nil }
        return (held, saturatingDifference(candidate.position.deliverySold, holding.soldBefore), age)
    }
}
