import Domain

/// C15 `duplicate-order`: fewer than `max` equal orders were admitted in `(t - window, t]`. Equal are orders of one account,
/// instrument, side, quantity, type, price, product and group, as they were asked for; legs of one parent are exempt from
/// each other.
///
/// A count. Source: RISK.md §4. A strict closing order passes: it is bounded by the position.
struct DuplicateOrder: RiskControl {
    static let id = ControlID.duplicateOrder

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        let limit = limits.duplicates
        if limit.maximum == AccountLimits.unlimited { trace.record(.unlimited(.count)) }
        guard limit.maximum != AccountLimits.unlimited, candidate.countsAsNewOrder, !candidate.isClosing else {
            return .pass
        }
        guard
            let known = engine.duplicates.count(
                OrderFingerprint(
                    account: candidate.account, instrument: candidate.instrument.index.rawValue, group: candidate.group,
                    side: candidate.side, orderType: candidate.parent.orderType, product: candidate.product,
                    quantity: candidate.askedQuantity, price: candidate.parent.limitPrice), now: candidate.now,
                window: limit.window, upTo: limit.maximum)
        else {
            return .reject(
                Rejection(
                    id, .duplicatesUncounted, cause: .noInput, unit: .count, limit: Int64(DuplicateLog.capacity)))
        }
        trace.record(
            Measure(.count, limit: limit.maximum, observed: known, projected: saturatingSum(known, 1)))
        guard known >= limit.maximum else { return .pass }
        return .reject(
            Rejection(
                id, .duplicateOrder, unit: .count, limit: limit.maximum, observed: known,
                projected: saturatingSum(known, 1)))
    }
}
