import Domain

/// C18 `max-position`: the worst case `W' = max(P + B + q[buy], S - P + q[sell])` is at most the limit, or the order is
/// strictly closing; of a group, the sum of its accounts' worst cases. Source: RISK.md §2, §4.
///
/// Steps; the limit is in units, or in lots where `unit: lots`.
struct MaxPosition: RiskControl {
    static let id = ControlID.maxPosition

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard !candidate.isClosing else { return .pass }
        let limit = limits.position
        let projected = candidate.projected
        trace.record(
            Measure(.quantity, limit: limit, observed: candidate.worst, projected: projected))
        guard projected > limit else {
            return candidate.parent.groupLimits.position == .max ? .pass : group(&candidate, engine, &trace)
        }
        let room: Int64 =
            switch candidate.side {
            case .buy: saturatingSum(saturatingSum(limit, -candidate.position.quantity), -candidate.position.openBuy)
            case .sell: saturatingSum(saturatingSum(limit, candidate.position.quantity), -candidate.position.openSell)
            }
        // The other side alone may be above a limit that was tightened since: then nothing fits.
        let fits = candidate.worst <= limit || projected == candidate.worst
        return .reject(
            Rejection(
                id, .positionExceeded, unit: .quantity, limit: limit, observed: candidate.worst,
                projected: projected), clipTo: fits ? candidate.lotMultiple(room) : 0)
    }

    private static func group(
        _ candidate: inout Candidate, _ engine: borrowing Engine, _ trace: inout some DecisionTrace
    ) -> Verdict {
        let limit = candidate.parent.groupLimits.position
        let current = engine.book.totals[Int(candidate.group) + 1].worst(candidate.instrument.index.rawValue)
        let added = candidate.added
        let projected = saturatingSum(current, added)
        trace.record(Measure(.quantity, .group, limit: limit, observed: current, projected: projected))
        guard projected > limit else { return .pass }
        // Quantity within today's worst case of the account adds nothing to the sum.
        let room = saturatingSum(saturatingDifference(limit, current), candidate.quantity - added)
        return .reject(
            Rejection(
                id, .positionExceeded, scope: .group, unit: .quantity, limit: limit, observed: current,
                projected: projected), clipTo: limit < current ? 0 : candidate.lotMultiple(room))
    }
}

extension ExactLimit {
    /// In steps, of a limit in units or lots.
    func steps(_ instrument: Instrument, in unit: AccountLimits.PositionUnit) -> Int64 {
        guard unit == .lots, case .value(let lots) = self else { return steps(instrument) }
        let whole = lots.scaled(to: 0, rounding: .floor).flatMap(Int64.init(exactly:)) ?? .max
        let (product, overflow) = whole.multipliedReportingOverflow(by: instrument.lot)
        return overflow ? .max : product
    }
}
