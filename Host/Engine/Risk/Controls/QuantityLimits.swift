import Domain

/// C10 `quantity-limits`: `min <= q <= max` in units and in lots, for each order; the parent's whole quantity is at most
/// `parent_max`.
///
/// Steps and lots. Source: RISK.md §4. A strict closing order is never refused: it is sliced by C12.
struct QuantityLimits: RiskControl {
    static let id = ControlID.quantityLimits

    static func evaluate(
        _ candidate: inout Candidate, _ limits: AccountLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard !candidate.isClosing else { return .pass }
        let instrument = candidate.instrument
        let minimum = minimum(candidate, limits)
        trace.record(Measure(.quantity, limit: minimum, projected: candidate.quantity, isFloor: true))
        guard candidate.quantity >= minimum else {
            return .reject(
                Rejection(id, .belowMinimum, unit: .quantity, limit: minimum, projected: candidate.quantity))
        }
        let parentMaximum = limits.quantity.parentMaximum.steps(instrument)
        trace.record(Measure(.quantity, .order, limit: parentMaximum, projected: candidate.parentQuantity))
        guard candidate.parentQuantity <= parentMaximum else {
            return .reject(
                Rejection(
                    id, .parentQuantity, scope: .order, unit: .quantity, limit: parentMaximum,
                    projected: candidate.parentQuantity))
        }
        let (maximum, maximumLots) = self.maximum(candidate, limits, engine)
        trace.record(Measure(.quantity, limit: maximum, projected: candidate.quantity))
        if candidate.quantity > maximum {
            return .reject(
                Rejection(id, .aboveMaximum, unit: .quantity, limit: maximum, projected: candidate.quantity),
                clipTo: candidate.lotMultiple(maximum))
        }
        let lots = candidate.quantity / instrument.lot
        trace.record(Measure(.lots, limit: maximumLots, projected: lots))
        if lots > maximumLots {
            return .reject(
                Rejection(id, .aboveMaximumLots, unit: .lots, limit: maximumLots, projected: lots),
                clipTo: maximumLots * instrument.lot)
        }
        return .pass
    }

    /// The largest quantity of one order, in steps and in lots: the account's, the instrument's and its entry's.
    static func maximum(
        _ candidate: Candidate, _ limits: AccountLimits, _ engine: borrowing Engine
    ) -> (steps: Int64, lots: Int64) {
        let instrument = candidate.instrument
        var maximum = min(limits.quantity.maximum.steps(instrument), instrument.maximumQuantity)
        var maximumLots = limits.quantity.maximumLots
        for entry in engine.resolved.instruments[Int(instrument.index.rawValue)] {
            guard let other = engine.limits.instruments[Int(entry)].quantity else { continue }
            maximum = min(maximum, other.maximum.steps(instrument))
            maximumLots = min(maximumLots, other.maximumLots)
        }
        return (maximum, maximumLots)
    }

    /// The smallest quantity that is taken: the account's minimum or the instrument's.
    static func minimum(_ candidate: Candidate, _ limits: AccountLimits) -> Int64 {
        let instrument = candidate.instrument
        let own = ExactLimit.value(limits.quantity.minimum).steps(instrument)
        // A minimum of one unit means one lot where the lot is a fraction of a unit.
        return max(own == 0 || instrument.stepExponent < 0 ? instrument.lot : own, instrument.minimumQuantity)
    }
}
