package import Domain

/// C19 `gross-exposure`: the sum over instruments of `W × m × ref` with the candidate included is at most the limit, for
/// account, group and firm. Source: RISK.md §4. Strict closing orders pass.
///
/// Minor units, each instrument rounded up. An account's limit is in its currency, and everything it holds counts in it, by
/// the rates that are stated; a missing one refuses. Totals of group and firm count each currency by itself.
struct GrossExposure: RiskControl {
    static let id = ControlID.grossExposure

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard !candidate.isClosing else { return .pass }
        if limits.grossExposure == AccountLimits.unlimited {
            trace.record(.unlimited(.money))
        } else {
            candidate.lookAtExposure(limits, engine)
            guard !candidate.exposure.isUnconvertible, let money = limits.money else {
                return .reject(Rejection(id, .currencyNotConvertible, cause: .noInput))
            }
            let verdict = check(
                &candidate, money, candidate.addition(money), current: candidate.exposure.gross,
                limit: limits.grossExposure, .account, &trace)
            if case .reject = verdict { return verdict }
        }
        if candidate.parent.groupLimits.gross.isSet {
            let verdict = total(
                &candidate, Int(candidate.group) + 1, candidate.parent.groupLimits.gross, .group, engine,
                &trace)
            if case .reject = verdict { return verdict }
        }
        guard candidate.parent.firmLimits.gross.isSet else { return .pass }
        return total(&candidate, 0, candidate.parent.firmLimits.gross, .firm, engine, &trace)
    }

    private static func total(
        _ candidate: inout Candidate, _ total: Int, _ limit: ScopeLimits.Money, _ scope: ScopeKind,
        _ engine: borrowing Engine, _ trace: inout some DecisionTrace
    ) -> Verdict {
        switch limit {
        case .unlimited: return .pass
        case .missing: return .reject(Rejection(id, .exposureNoLimit, cause: .noInput, scope: scope))
        case .value(let limit):
            let current = engine.grossExposure(total: total, currency: candidate.instrument.currency)
            let money = MoneyScale(candidate.instrument)
            return check(
                &candidate, money, money.value(of: candidate.added, at: candidate.reference), current: current,
                limit: limit, scope, &trace)
        }
    }

    @inline(__always)
    private static func check(
        _ candidate: inout Candidate, _ money: MoneyScale, _ addition: Int64?, current: Int64?, limit: Int64,
        _ scope: ScopeKind, _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard let current, candidate.reference > 0 else {
            return .reject(
                Rejection(id, .exposureNoPrice, cause: .noReference, scope: scope, unit: .money, limit: limit))
        }
        guard let addition else {
            return .reject(Rejection(id, .overflow, scope: scope, unit: .money, limit: limit, observed: current))
        }
        let projected = saturatingSum(current, addition)
        trace.record(
            Measure(
                .money, scope, limit: limit, observed: current, projected: projected,
                inputAge: candidate.referenceAge))
        guard projected > limit else { return .pass }
        // A candidate adds to one side only, so its quantity beyond today's worst case is what counts.
        let slack = candidate.quantity - candidate.added
        let room = candidate.lotMultiple(money.largest(at: candidate.reference, within: limit - current))
        return .reject(
            Rejection(
                id, .exposureExceeded, scope: scope, unit: .money, limit: limit, observed: current,
                projected: projected,
                inputAge: candidate.referenceAge),
            clipTo: candidate.lotMultiple(limit < current ? 0 : saturatingSum(slack, room)))
    }
}

extension Engine {
    /// Gross exposure of an account in one currency, minor units; `nil` where an instrument with exposure has no price or
    /// the sum does not fit.
    package func grossExposure(account: Int32, currency: Currency) -> Int64? {
        var sum: Int64 = 0
        for slot in book.slots(of: account) {
            let position = book.positions[Int(slot)]
            let worst = position.worstCase
            guard worst != 0 else { continue }
            guard add(worst, position.instrument, currency, to: &sum) else { return nil }
        }
        return sum
    }

    /// The same for the firm (0) or a group (1 + its number).
    package func grossExposure(total: Int, currency: Currency) -> Int64? {
        var sum: Int64 = 0
        for instrument in book.totals[total].active {
            let worst = book.totals[total].worst(instrument)
            guard worst != 0 else { continue }
            guard add(worst, instrument, currency, to: &sum) else { return nil }
        }
        return sum
    }

    private func add(_ worst: Int64, _ number: Int32, _ currency: Currency, to sum: inout Int64) -> Bool {
        let instrument = instruments[Int(number)].instrument
        guard instrument.currency == currency else { return true }
        let reference = inputs.reference(number)
        guard reference.points > 0, let value = instrument.value(of: worst, at: reference.points) else {
            return false
        }
        sum = saturatingSum(sum, value)
        return sum != .max
    }
}
