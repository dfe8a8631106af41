import Domain

/// C20 `net-exposure`: `max(Σ (P + B) × m × ref, Σ (S - P) × m × ref)` over the instruments of one underlying (or over the
/// one instrument, with `by: instrument`), the candidate included, is at most the limit; for account, group and firm.
///
/// Minor units, each instrument rounded up. Options count with their premium. Currencies as in
/// C19. Source: RISK.md §4. Strict closing orders pass.
struct NetExposure: RiskControl {
    static let id = ControlID.netExposure

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard !candidate.isClosing else { return .pass }
        let limit = limits.netExposure
        if limit.maximum == AccountLimits.unlimited {
            trace.record(.unlimited(.money))
        } else {
            candidate.lookAtExposure(limits, engine)
            guard !candidate.exposure.isUnconvertible, let money = limits.money else {
                return .reject(Rejection(id, .currencyNotConvertible, cause: .noInput))
            }
            let verdict = check(&candidate, money, candidate.exposure.net, limit.maximum, .account, &trace)
            if case .reject = verdict { return verdict }
        }
        if candidate.parent.groupLimits.net.isSet {
            let verdict = total(
                &candidate, Int(candidate.group) + 1, candidate.parent.groupLimits, .group, engine, &trace)
            if case .reject = verdict { return verdict }
        }
        guard candidate.parent.firmLimits.net.isSet else { return .pass }
        return total(&candidate, 0, candidate.parent.firmLimits, .firm, engine, &trace)
    }

    private static func total(
        _ candidate: inout Candidate, _ total: Int, _ limits: ScopeLimits, _ scope: ScopeKind,
        _ engine: borrowing Engine, _ trace: inout some DecisionTrace
    ) -> Verdict {
        switch limits.net {
        case .unlimited: return .pass
        case .missing: return .reject(Rejection(id, .exposureNoLimit, cause: .noInput, scope: scope))
        case .value(let limit):
            let sums = engine.netExposure(
                total: total, like: candidate.instrument.index.rawValue, isByInstrument: limits.netByInstrument)
            return check(&candidate, MoneyScale(candidate.instrument), sums, limit, scope, &trace)
        }
    }

    @inline(__always)
    private static func check(
        _ candidate: inout Candidate, _ money: MoneyScale, _ sums: NetSums?, _ limit: Int64, _ scope: ScopeKind,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard let sums, candidate.reference > 0 else {
            return .reject(
                Rejection(id, .exposureNoPrice, cause: .noReference, scope: scope, unit: .money, limit: limit))
        }
        guard let added = money.value(of: candidate.quantity, at: candidate.reference) else {
            return .reject(Rejection(id, .overflow, scope: scope, unit: .money, limit: limit, observed: sums.larger))
        }
        let side = candidate.side.isBuy ? sums.long : sums.short
        let projected = max(saturatingSum(side, added), candidate.side.isBuy ? sums.short : sums.long)
        trace.record(
            Measure(
                .money, scope, limit: limit, observed: sums.larger, projected: projected,
                inputAge: candidate.referenceAge))
        guard projected > limit else { return .pass }
        // The other direction may be above a limit that was tightened since: then nothing fits.
        let other = candidate.side.isBuy ? sums.short : sums.long
        let room = candidate.lotMultiple(
            money.largest(at: candidate.reference, within: saturatingDifference(limit, side)))
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
    /// Sums of the firm (0) or a group (1 + its number) over the instruments of one underlying in one currency; `nil` where
    /// one has no price.
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
            let longValue = instrument.value(of: long, at: reference.points),
            let shortValue = instrument.value(of: short, at: reference.points)
        else { return false }
        sums.long = saturatingSum(sums.long, longValue)
        sums.short = saturatingSum(sums.short, shortValue)
        return true
    }
}
