import Domain

/// C22 `leverage`: `gross' × 10^4 <= bps × E`, gross' the account's gross exposure (C19) with the candidate included.
///
/// Minor units and basis points: 20,000 is twice the equity. Currencies as in C19. Source: RISK.md §4. Strict closing orders pass.
struct Leverage: RiskControl {
    static let id = ControlID.leverage

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard !candidate.isClosing else { return .pass }
        guard limits.leverage != AccountLimits.unlimited else {
            trace.record(.unlimited(.money))
            return .pass
        }
        let equity: Int64
        let age: Int64
        switch engine.equity(&candidate, limits, id) {
        case .known(let amount, let seen): (equity, age) = (amount, seen)
        case .missing(let refusal): return .reject(refusal)
        }
        candidate.lookAtExposure(limits, engine)
        guard !candidate.exposure.isUnconvertible, let money = limits.money else {
            return .reject(Rejection(id, .currencyNotConvertible, cause: .noInput))
        }
        guard candidate.reference > 0, let gross = candidate.exposure.gross
        else { return .reject(Rejection(id, .exposureNoPrice, cause: .noReference, unit: .money)) }
        let added = candidate.added
        // For the record alone: what is compared below is exact.
        var limit: Int64 { scaled(equity, limits.leverage, over: 10_000) ?? .max }
        guard let addition = candidate.addition(money) else {
            return .reject(Rejection(id, .overflow, unit: .money, observed: gross))
        }
        let projected = saturatingSum(gross, addition)
        trace.record(
            Measure(
                .money, limit: limit, observed: gross, projected: projected,
                inputAge: max(age, candidate.referenceAge)))
        guard isProduct(projected, 10_000, above: limits.leverage, equity) else { return .pass }
        let room = candidate.lotMultiple(money.largest(at: candidate.reference, within: limit - gross))
        return .reject(
            Rejection(
                id, .leverageExceeded, unit: .money, limit: limit, observed: gross, projected: projected,
                inputAge: max(age, candidate.referenceAge)),
            clipTo: limit < gross ? 0 : candidate.lotMultiple(saturatingSum(candidate.quantity - added, room)))
    }
}
