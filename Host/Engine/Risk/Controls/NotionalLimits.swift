import Domain

/// C11 `notional-limits`: `min <= N(q) <= max` for each order, `N(q) = q × m × px`. The parent's whole quantity at the
/// leg's price is at most `parent_max`.
///
/// Minor units of the account's currency. Source: RISK.md §2 for `px` and §4. Strict closing orders pass.
struct NotionalLimits: RiskControl {
    static let id = ControlID.notionalLimits

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard !candidate.isClosing else { return .pass }
        let limit = limits.notional
        guard let price = candidate.moneyPrice else {
            return .reject(Rejection(id, .noReference, cause: .noReference, scope: .instrument))
        }
        guard let money = limits.money else {
            return .reject(Rejection(id, .currencyNotConvertible, cause: .noInput))
        }
        guard let notional = money.value(of: candidate.quantity, at: price) else {
            return .reject(Rejection(id, .overflow, unit: .money, limit: limit.maximum))
        }
        trace.record(
            Measure(
                .money, limit: limit.minimum, projected: notional, inputAge: candidate.referenceAge, isFloor: true))
        if notional < limit.minimum {
            return .reject(
                Rejection(
                    id, .belowMinimumNotional, unit: .money, limit: limit.minimum, projected: notional,
                    inputAge: candidate.referenceAge))
        }
        if limit.parentMaximum != AccountLimits.unlimited, candidate.parentQuantity > 0 {
            let parent =
                candidate.parentQuantity == candidate.quantity
                ? notional : money.value(of: candidate.parentQuantity, at: price) ?? .max
            trace.record(
                Measure(
                    .money, .order, limit: limit.parentMaximum, projected: parent, inputAge: candidate.referenceAge))
            guard parent <= limit.parentMaximum else {
                return .reject(
                    Rejection(
                        id, .parentNotional, scope: .order, unit: .money, limit: limit.parentMaximum, projected: parent,
                        inputAge: candidate.referenceAge))
            }
        }
        trace.record(Measure(.money, limit: limit.maximum, projected: notional, inputAge: candidate.referenceAge))
        if notional > limit.maximum {
            return .reject(
                Rejection(
                    id, .aboveMaximumNotional, unit: .money, limit: limit.maximum, projected: notional,
                    inputAge: candidate.referenceAge),
                clipTo: candidate.lotMultiple(money.largest(at: price, within: limit.maximum)))
        }
        return .pass
    }
}
