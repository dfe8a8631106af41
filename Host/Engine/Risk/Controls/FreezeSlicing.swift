import Domain

/// C12 `freeze-slicing`: with `Fl = floor(F / L) × L`, a larger quantity is cut into `k = ceil(q / Fl)` slices of even
/// lots that differ by at most one, larger first. More slices than `max_slices` refuse; a strict closing order is sliced
/// as far as it takes.
///
/// An iceberg is cut by its broker, into the legs that it states: no slice of it would have them, so none is made.
///
/// Steps. Source: RISK.md §4; the freeze quantity is the exchange's, from the instrument's record.
struct FreezeSlicing: RiskControl {
    static let id = ControlID.freezeSlicing
    /// Slices of one closing order: a bound on memory, not on risk; the rest is closed by another order.
    static let maximumClosingSlices: Int64 = 1_000

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        if candidate.isIceberg {
            candidate.slices = 1
            trace.record(.unlimited(.quantity, .instrument))
            return .pass
        }
        let lot = candidate.instrument.lot
        var largest =
            candidate.instrument.freezeQuantity == 0 ? Int64.max : candidate.instrument.freezeQuantity / lot * lot
        guard largest > 0 else {
            return .reject(
                Rejection(
                    id, .freezeBelowLot, scope: .instrument, unit: .quantity,
                    limit: candidate.instrument.freezeQuantity, projected: lot))
        }
        if candidate.isClosing {
            // What C10 would refuse of an opening order is cut instead.
            let (units, lots) = (limits.maximum, limits.maximumLots)
            let maximum = candidate.lotMultiple(
                min(units, lots.multipliedReportingOverflow(by: lot).overflow ? .max : lots * lot))
            if maximum > 0 { largest = min(largest, maximum) }
        }
        guard candidate.quantity > largest else {
            candidate.slices = 1
            trace.record(Measure(.quantity, .instrument, limit: largest, projected: candidate.quantity))
            return .pass
        }
        let count = (candidate.quantity - 1) / largest + 1
        let maximumSlices =
            candidate.isClosing ? max(limits.maximumSlices, maximumClosingSlices) : limits.maximumSlices
        trace.record(Measure(.count, limit: maximumSlices, projected: count))
        guard count <= maximumSlices else {
            let (product, overflow) = largest.multipliedReportingOverflow(by: maximumSlices)
            return .reject(
                Rejection(id, .tooManySlices, unit: .count, limit: maximumSlices, projected: count),
                clipTo: overflow ? 0 : product)
        }
        candidate.slices = count
        return .pass
    }

    /// The sizes of `count` slices of `quantity`, larger first.
    static func sizes(_ quantity: Int64, lot: Int64, count: Int64) -> [Int64] {
        let (base, extra) = (quantity / lot).quotientAndRemainder(dividingBy: count)
        return (0..<count).map { ($0 < extra ? base + 1 : base) * lot }
    }
}
