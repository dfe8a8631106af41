package import Domain

/// C19 `gross-exposure`: the sum over instruments of `W × m × ref` with the candidate included is at most the limit, for
/// account, group and firm. Source: RISK.md §4. Strict closing orders pass.
///
/// Minor units, each instrument rounded up. Instruments of another currency count in their own currency's limit.
struct GrossExposure: RiskControl {
    static let id = ControlID.grossExposure

    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard !candidate.isClosing else { return .pass }
        let added =
            candidate.position.worstCase(adding: candidate.quantity, side: candidate.side)
            - candidate.position.worstCase
        if limits.grossExposure == AccountLimits.unlimited {
            trace.record(.unlimited(.money))
        } else {
            let current = engine.grossExposure(account: candidate.account, currency: candidate.instrument.currency)
            let verdict = check(candidate, added, current: current, limit: limits.grossExposure, .account, &trace)
            if verdict != .pass { return verdict }
        }
        let currency = candidate.instrument.currency
        if candidate.group >= 0, !engine.resolved.groups[Int(candidate.group)].grossExposure.isEmpty {
            let limit = engine.resolved.groups[Int(candidate.group)].grossExposure[currency]
            let verdict = total(candidate, added, Int(candidate.group) + 1, limit, .group, engine, &trace)
            if verdict != .pass { return verdict }
        }
        if !engine.limits.firm.grossExposure.isEmpty {
            return total(candidate, added, 0, engine.limits.firm.grossExposure[currency], .firm, engine, &trace)
        }
        return .pass
    }

    private static func total(
        _ candidate: Candidate, _ added: Int64, _ total: Int, _ limit: Int64?, _ scope: ScopeKind,
        _ engine: borrowing Engine, _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard let limit else { return .reject(Rejection(id, .exposureNoLimit, cause: .noInput, scope: scope)) }
        guard limit != AccountLimits.unlimited else { return .pass }
        let current = engine.grossExposure(total: total, currency: candidate.instrument.currency)
        return check(candidate, added, current: current, limit: limit, scope, &trace)
    }

    private static func check(
        _ candidate: Candidate, _ added: Int64, current: Int64?, limit: Int64, _ scope: ScopeKind,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard let current, candidate.reference > 0 else {
            return .reject(
                Rejection(id, .exposureNoPrice, cause: .noReference, scope: scope, unit: .money, limit: limit))
        }
        guard let addition = candidate.instrument.notional(quantity: added, price: candidate.reference) else {
            return .reject(Rejection(id, .overflow, scope: scope, unit: .money, limit: limit, observed: current))
        }
        let projected = saturatingSum(current, addition)
        trace.record(
            Measure(
                .money, scope, limit: limit, observed: current, projected: projected,
                inputAge: candidate.referenceAge))
        guard projected > limit else { return .pass }
        // A candidate adds to one side only, so its quantity beyond today's worst case is what counts.
        let slack = candidate.quantity - added
        let room = NotionalLimits.largest(candidate, price: candidate.reference, within: limit - current)
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
        guard reference.points > 0, let value = instrument.notional(quantity: worst, price: reference.points) else {
            return false
        }
        sum = saturatingSum(sum, value)
        return sum != .max
    }
}
