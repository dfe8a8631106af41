import Domain

/// C22 `leverage`: `gross' × 10^4 <= bps × E`, gross' the account's gross exposure (C19) with the candidate included.
///
/// Minor units and basis points: 20,000 is twice the equity. A position in another currency than the account's refuses:
/// there is no rate for it. Source: RISK.md §4. Strict closing orders pass.
struct Leverage: RiskControl {
    static let id = ControlID.leverage

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
        switch engine.equity(candidate, limits, id) {
        case .known(let amount, let seen): (equity, age) = (amount, seen)
        case .missing(let refusal): return .reject(refusal)
        }
        guard !engine.holdsOtherCurrency(candidate.account) else {
            return .reject(Rejection(id, .currencyNotConvertible, cause: .noInput))
        }
        let instrument = candidate.instrument
        guard candidate.reference > 0,
            let gross = engine.grossExposure(account: candidate.account, currency: instrument.currency)
        else { return .reject(Rejection(id, .exposureNoPrice, cause: .noReference, unit: .money)) }
        let added =
            candidate.position.worstCase(adding: candidate.quantity, side: candidate.side)
            - candidate.position.worstCase
        // For the record alone: what is compared below is exact.
        let limit = scaled(equity, limits.leverage, over: 10_000) ?? .max
        guard let addition = instrument.notional(quantity: added, price: candidate.reference) else {
            return .reject(Rejection(id, .overflow, unit: .money, observed: gross))
        }
        let projected = saturatingSum(gross, addition)
        trace.record(
            Measure(
                .money, limit: limit, observed: gross, projected: projected,
                inputAge: max(age, candidate.referenceAge)))
        guard Int128(projected) * 10_000 > Int128(limits.leverage) * Int128(equity) else { return .pass }
        let room = NotionalLimits.largest(candidate, price: candidate.reference, within: limit - gross)
        return .reject(
            Rejection(
                id, .leverageExceeded, unit: .money, limit: limit, observed: gross, projected: projected,
                inputAge: max(age, candidate.referenceAge)),
            clipTo: limit < gross ? 0 : candidate.lotMultiple(saturatingSum(candidate.quantity - added, room)))
    }
}

extension Engine {
    /// Whether an account has exposure in another currency than its own.
    func holdsOtherCurrency(_ account: Int32) -> Bool {
        let currency = accountCurrency(account)
        for slot in book.slots(of: account) where book.positions[Int(slot)].worstCase != 0 {
            if instruments[Int(book.positions[Int(slot)].instrument)].instrument.currency != currency { return true }
        }
        return false
    }
}
