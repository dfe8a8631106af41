import Domain

/// C20 `net-exposure`: `max(Σ (P + B) × m × ref, Σ (S - P) × m × ref)` over the instruments of one underlying (or over the
/// one instrument, with `by: instrument`), the candidate included, is at most the limit; for account, group and firm.
///
/// Minor units, each instrument rounded up. Options count with their premium. Instruments of another currency count in
/// their own currency's limit. Source: RISK.md §4. Strict closing orders pass.
struct NetExposure: RiskControl {
    static let id = ControlID.netExposure

    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard !candidate.isClosing else { return .pass }
        let limit = limits.netExposure
        if limit.maximum == AccountLimits.unlimited {
            trace.record(.unlimited(.money))
        } else {
            let verdict = check(candidate, nil, limit.isByInstrument, limit.maximum, .account, engine, &trace)
            if verdict != .pass { return verdict }
        }
        if candidate.group >= 0, !engine.resolved.groups[Int(candidate.group)].netExposure.isEmpty {
            let limits = engine.resolved.groups[Int(candidate.group)]
            let verdict = total(
                candidate, Int(candidate.group) + 1, limits.netByInstrument,
                limits.netExposure[candidate.instrument.currency], .group, engine, &trace)
            if verdict != .pass { return verdict }
        }
        if !engine.limits.firm.netExposure.isEmpty {
            return total(
                candidate, 0, engine.limits.firm.netByInstrument,
                engine.limits.firm.netExposure[candidate.instrument.currency], .firm, engine, &trace)
        }
        return .pass
    }

    private static func total(
        _ candidate: Candidate, _ total: Int, _ isByInstrument: Bool, _ limit: Int64?, _ scope: ScopeKind,
        _ engine: borrowing Engine, _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard let limit else { return .reject(Rejection(id, .exposureNoLimit, cause: .noInput, scope: scope)) }
        guard limit != AccountLimits.unlimited else { return .pass }
        return check(candidate, total, isByInstrument, limit, scope, engine, &trace)
    }

    private static func check(
        _ candidate: Candidate, _ total: Int?, _ isByInstrument: Bool, _ limit: Int64, _ scope: ScopeKind,
        _ engine: borrowing Engine, _ trace: inout some DecisionTrace
    ) -> Verdict {
        let instrument = candidate.instrument
        let sums =
            total.map {
                engine.netExposure(total: $0, like: instrument.index.rawValue, isByInstrument: isByInstrument)
            }
            ?? engine.netExposure(
                account: candidate.account, like: instrument.index.rawValue, isByInstrument: isByInstrument)
        guard let sums, candidate.reference > 0 else {
            return .reject(
                Rejection(id, .exposureNoPrice, cause: .noReference, scope: scope, unit: .money, limit: limit))
        }
        guard let added = instrument.notional(quantity: candidate.quantity, price: candidate.reference) else {
            return .reject(Rejection(id, .overflow, scope: scope, unit: .money, limit: limit, observed: sums.larger))
        }
        let side = candidate.side == .buy ? sums.long : sums.short
        let projected = max(saturatingSum(side, added), candidate.side == .buy ? sums.short : sums.long)
        trace.record(
            Measure(
                .money, scope, limit: limit, observed: sums.larger, projected: projected,
                inputAge: candidate.referenceAge))
        guard projected > limit else { return .pass }
        // The other direction may be above a limit that was tightened since: then nothing fits.
        let other = candidate.side == .buy ? sums.short : sums.long
        let room = NotionalLimits.largest(
            candidate, price: candidate.reference, within: saturatingDifference(limit, side))
        return .reject(
            Rejection(
                id, .netExposureExceeded, scope: scope, unit: .money, limit: limit, observed: sums.larger,
                projected: projected, inputAge: candidate.referenceAge), clipTo: other > limit ? 0 : room)
    }
}

/// Values of all longs and of all shorts, minor units; either may be negative.
struct NetSums: Hashable, Sendable {
    var long: Int64 = 0
    var short: Int64 = 0
    var larger: Int64 { max(long, short) }
}

extension Engine {
    /// Sums of an account over the instruments of one underlying in one currency; `nil` where one has no price.
    func netExposure(account: Int32, like instrument: Int32, isByInstrument: Bool) -> NetSums? {
        var sums = NetSums()
        if isByInstrument {
            guard let position = book.position(account, instrument) else { return sums }
            return add(position.longest, position.shortest, instrument, like: instrument, to: &sums) ? sums : nil
        }
        let underlying = instruments[Int(instrument)].underlying
        for slot in book.slots(of: account) {
            let number = book.positions[Int(slot)].instrument
            guard instruments[Int(number)].underlying == underlying else { continue }
            let (long, short) = (book.positions[Int(slot)].longest, book.positions[Int(slot)].shortest)
            guard add(long, short, number, like: instrument, to: &sums) else { return nil }
        }
        return sums
    }

    /// The same for the firm (0) or a group (1 + its number).
    func netExposure(total: Int, like instrument: Int32, isByInstrument: Bool) -> NetSums? {
        var sums = NetSums()
        if isByInstrument {
            let sum = book.totals[total].sum(instrument)
            return add(sum.long, sum.short, instrument, like: instrument, to: &sums) ? sums : nil
        }
        for number in instrumentsOfUnderlying[Int(instruments[Int(instrument)].underlying)] {
            let sum = book.totals[total].sum(number)
            guard add(sum.long, sum.short, number, like: instrument, to: &sums) else { return nil }
        }
        return sums
    }

    private func add(_ long: Int64, _ short: Int64, _ number: Int32, like: Int32, to sums: inout NetSums) -> Bool {
        if long == 0, short == 0 { return true }
        let instrument = instruments[Int(number)].instrument
        guard instrument.currency == instruments[Int(like)].instrument.currency else { return true }
        let reference = inputs.reference(number)
        guard reference.points > 0,
            let longValue = instrument.notional(quantity: long, price: reference.points),
            let shortValue = instrument.notional(quantity: short, price: reference.points)
        else { return false }
        sums.long = saturatingSum(sums.long, longValue)
        sums.short = saturatingSum(sums.short, shortValue)
        return true
    }
}
