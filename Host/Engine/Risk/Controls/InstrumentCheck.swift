import Domain

/// C3 `instrument` (!): tradable, not expired, `price mod tick = 0` by the tick at that price, `q mod L = 0`, day range low <= price <= high. What the
/// instrument master holds back (a difference between adapters, figures of yesterday) it refuses to opening legs alone.
///
/// Prices in points, quantity in steps. Source: RISK.md §4; figures from the instrument's record.
struct InstrumentCheck: RiskControl {
    static let id = ControlID.instrument

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard candidate.instrument.isTradable else { return .reject(Rejection(id, .notTradable, scope: .instrument)) }
        if !engine.inputs.holds.isEmpty, !candidate.isClosing,
            let refusal = engine.inputs.hold(
                instrument: candidate.instrument.index.rawValue, adapter: candidate.adapter)
        {
            return .reject(refusal)
        }
        let today = candidate.parent.today
        guard candidate.instrument.expiryDay >= today else {
            return .reject(
                Rejection(
                    id, .expired, scope: .instrument, unit: .count, limit: candidate.instrument.expiryDay,
                    observed: today))
        }
        trace.record(
            Measure(
                .quantity, .instrument, limit: candidate.instrument.lot, projected: candidate.quantity, isFloor: true))
        guard candidate.instrument.lot == 1 || candidate.quantity % candidate.instrument.lot == 0 else {
            return .reject(
                Rejection(
                    id, .offLot, scope: .instrument, unit: .quantity, limit: candidate.instrument.lot,
                    projected: candidate.quantity))
        }
        if let refusal = check(
            candidate.limitPrice, isOnTick: candidate.parent.isLimitOnTick, &candidate, engine, &trace)
            ?? check(candidate.stopPrice, isOnTick: candidate.parent.isStopOnTick, &candidate, engine, &trace)
        {
            return .reject(refusal)
        }
        return .pass
    }

    /// One price of an order: on tick, and within the day's range.
    @inline(__always)
    static func check(
        _ price: Int64, isOnTick: Bool, _ candidate: inout Candidate, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Rejection? {
        guard price != 0 else { return nil }
        guard isOnTick else {
            let tick = engine.instruments[Int(candidate.instrument.index.rawValue)].tick(at: price)
            return Rejection(id, .offTick, scope: .instrument, unit: .price, limit: tick, projected: price)
        }
        trace.record(
            Measure(.price, .instrument, limit: candidate.instrument.priceLow, projected: price, isFloor: true))
        trace.record(Measure(.price, .instrument, limit: candidate.instrument.priceHigh, projected: price))
        guard price >= candidate.instrument.priceLow, price <= candidate.instrument.priceHigh else {
            return Rejection(
                id, .outsideDayRange, scope: .instrument, unit: .price,
                limit: price < candidate.instrument.priceLow
                    ? candidate.instrument.priceLow : candidate.instrument.priceHigh, projected: price)
        }
        return nil
    }
}
