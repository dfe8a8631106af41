import Domain

/// C10 `quantity-limits`: `min <= q <= max` in units and in lots, for each order; the parent's whole quantity is at most
/// `parent_max`.
///
/// Steps and lots. Source: RISK.md §4. A strict closing order is never refused: it is sliced by C12.
struct QuantityLimits: RiskControl {
    static let id = ControlID.quantityLimits

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard !candidate.isClosing else { return .pass }
        let lot = candidate.instrument.lot
        let minimum = limits.minimum
        trace.record(Measure(.quantity, limit: minimum, projected: candidate.quantity, isFloor: true))
        guard candidate.quantity >= minimum else {
            return .reject(
                Rejection(id, .belowMinimum, unit: .quantity, limit: minimum, projected: candidate.quantity))
        }
        let parentMaximum = limits.parentMaximum
        trace.record(Measure(.quantity, .order, limit: parentMaximum, projected: candidate.parentQuantity))
        guard candidate.parentQuantity <= parentMaximum else {
            return .reject(
                Rejection(
                    id, .parentQuantity, scope: .order, unit: .quantity, limit: parentMaximum,
                    projected: candidate.parentQuantity))
        }
        let (maximum, maximumLots) = (limits.maximum, limits.maximumLots)
        trace.record(Measure(.quantity, limit: maximum, projected: candidate.quantity))
        if candidate.quantity > maximum {
            return .reject(
                Rejection(id, .aboveMaximum, unit: .quantity, limit: maximum, projected: candidate.quantity),
                clipTo: candidate.lotMultiple(maximum))
        }
        let lots = lot == 1 ? candidate.quantity : candidate.quantity / lot
        trace.record(Measure(.lots, limit: maximumLots, projected: lots))
        if lots > maximumLots {
            return .reject(
                Rejection(id, .aboveMaximumLots, unit: .lots, limit: maximumLots, projected: lots),
                clipTo: maximumLots * lot)
        }
        return .pass
    }
}
