import Domain

/// C18 `max-position`: the worst case `W' = max(P + B + q[buy], S - P + q[sell])` is at most the limit, or the order is
/// strictly closing. Source: RISK.md §2, §4.
///
/// Steps; the limit is in units, or in lots where `unit: lots`.
struct MaxPosition: RiskControl {
    static let id = ControlID.maxPosition

    static func evaluate(_ candidate: inout Candidate, _ limits: AccountLimits, _ engine: borrowing Engine) -> Verdict {
        guard !candidate.isClosing else { return .pass }
        let instrument = candidate.instrument
        var limit = limits.position.steps(instrument)
        if limits.positionUnit == .lots, limit != .max {
            let (product, overflow) = limit.multipliedReportingOverflow(by: instrument.lot)
            limit = overflow ? .max : product
        }
        for entry in engine.resolved.instruments[Int(instrument.index.rawValue)] {
            if let other = engine.limits.instruments[Int(entry)].position {
                limit = min(limit, other.steps(instrument))
            }
        }
        let projected = candidate.position.worstCase(adding: candidate.quantity, side: candidate.side)
        guard projected > limit else { return .pass }
        let room: Int64 =
            switch candidate.side {
            case .buy: saturatingSum(saturatingSum(limit, -candidate.position.quantity), -candidate.position.openBuy)
            case .sell: saturatingSum(saturatingSum(limit, candidate.position.quantity), -candidate.position.openSell)
            }
        // The other side alone may be above a limit that was tightened since: then nothing fits.
        let fits = candidate.position.worstCase <= limit || projected == candidate.position.worstCase
        return .reject(
            Rejection(
                id, .positionExceeded, unit: .quantity, limit: limit, observed: candidate.position.worstCase,
                projected: projected), clipTo: fits ? candidate.lotMultiple(room) : 0)
    }
}
