import Domain

/// C3 `instrument` (!): tradable, not expired, `price mod tick = 0`, `q mod L = 0`, day range low <= price <= high.
///
/// Prices in points, quantity in steps. Source: RISK.md §4; figures from the instrument's record.
struct InstrumentCheck: RiskControl {
    static let id = ControlID.instrument

    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        let instrument = candidate.instrument
        guard instrument.isTradable else { return .reject(Rejection(id, .notTradable, scope: .instrument)) }
        let today = candidate.now.nanoseconds.dividedFloor(by: 86_400_000_000_000)
        guard instrument.expiryDay >= today else {
            return .reject(
                Rejection(id, .expired, scope: .instrument, unit: .count, limit: instrument.expiryDay, observed: today))
        }
        trace.record(
            Measure(.quantity, .instrument, limit: instrument.lot, projected: candidate.quantity, isFloor: true))
        guard candidate.quantity % instrument.lot == 0 else {
            return .reject(
                Rejection(
                    id, .offLot, scope: .instrument, unit: .quantity, limit: instrument.lot,
                    projected: candidate.quantity))
        }
        if let refusal = check(candidate.limitPrice, instrument, &trace)
            ?? check(candidate.stopPrice, instrument, &trace)
        {
            return .reject(refusal)
        }
        return .pass
    }

    private static func check(
        _ price: Int64, _ instrument: Instrument, _ trace: inout some DecisionTrace
    ) -> Rejection? {
        guard price != 0 else { return nil }
        guard price % instrument.tick == 0 else {
            return Rejection(id, .offTick, scope: .instrument, unit: .price, limit: instrument.tick, projected: price)
        }
        trace.record(Measure(.price, .instrument, limit: instrument.priceLow, projected: price, isFloor: true))
        trace.record(Measure(.price, .instrument, limit: instrument.priceHigh, projected: price))
        guard price >= instrument.priceLow, price <= instrument.priceHigh else {
            return Rejection(
                id, .outsideDayRange, scope: .instrument, unit: .price,
                limit: price < instrument.priceLow ? instrument.priceLow : instrument.priceHigh, projected: price)
        }
        return nil
    }
}
