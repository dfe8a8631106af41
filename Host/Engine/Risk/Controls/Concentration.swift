import Domain

/// C21 `concentration`: `W'(s) × m × ref × 10^4 <= bps × E`: what one instrument can come to is at most that part of the
/// account's equity. Equity of zero or less refuses.
///
/// Minor units and basis points; equity as the broker told it, no older than the margin buffer's `max_age`.
/// Source: RISK.md §4. Strict closing orders pass.
struct Concentration: RiskControl {
    static let id = ControlID.concentration

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard !candidate.isClosing else { return .pass }
        guard limits.concentration != AccountLimits.unlimited else {
            trace.record(.unlimited(.money, .instrument))
            return .pass
        }
        let equity: Int64
        let age: Int64
        switch engine.equity(&candidate, limits, id) {
        case .known(let amount, let seen): (equity, age) = (amount, seen)
        case .missing(let refusal): return .reject(refusal)
        }
        guard candidate.reference > 0 else {
            return .reject(Rejection(id, .noReference, cause: .noReference, scope: .instrument))
        }
        let (worst, projected) = (candidate.worst, candidate.projected)
        // For the record alone: what is compared below is exact.
        var limit: Int64 { scaled(equity, limits.concentration, over: 10_000) ?? .max }
        guard let money = limits.money else {
            return .reject(Rejection(id, .currencyNotConvertible, cause: .noInput))
        }
        guard let value = money.value(of: projected, at: candidate.reference) else {
            return .reject(Rejection(id, .overflow, unit: .money))
        }
        let reference = candidate.reference
        // Not above `value`, so that it fits where that does.
        var current: Int64 { money.value(of: worst, at: reference) ?? value }
        trace.record(
            Measure(
                .money, .instrument, limit: limit, observed: current, projected: value,
                inputAge: max(age, candidate.referenceAge)))
        guard isProduct(value, 10_000, above: limits.concentration, equity) else { return .pass }
        let slack = candidate.quantity - (projected - worst)
        let room = candidate.lotMultiple(money.largest(at: candidate.reference, within: limit - current))
        return .reject(
            Rejection(
                id, .concentrationExceeded, scope: .instrument, unit: .money, limit: limit, observed: current,
                projected: value, inputAge: max(age, candidate.referenceAge)),
            clipTo: limit < current ? 0 : candidate.lotMultiple(saturatingSum(slack, room)))
    }
}

/// An account's equity as a control may use it.
enum EquityInput {
    case known(Int64, age: Int64)
    case missing(Rejection)
}

extension Engine {
    /// Equity in minor units for a limit in parts of it; the refusal where there is none, it is old, or not positive.
    @inline(__always)
    func equity(_ candidate: inout Candidate, _ limits: LegLimits, _ control: ControlID) -> EquityInput {
        guard let funds = candidate.funds else {
            return .missing(Rejection(control, .noFunds, cause: .noInput))
        }
        let age = candidate.now.elapsed(since: funds.asOf)
        guard age <= limits.margin.maximumAge else {
            return .missing(
                Rejection(
                    control, .staleFunds, cause: .stale, unit: .milliseconds,
                    limit: limits.margin.maximumAge / 1_000_000, observed: age / 1_000_000, inputAge: age))
        }
        guard funds.equity > 0 else {
            return .missing(
                Rejection(
                    control, .noEquity, unit: .money, limit: 1, observed: funds.equity, projected: funds.equity,
                    inputAge: age))
        }
        return .known(funds.equity, age: age)
    }

    @inline(__always)
    func accountCurrency(_ account: Int32) -> Currency { accounts[Int(account)].account.currency }
}
