import Domain

/// C9 `price-collar`: with `band = max(absolute, ref × bps / 10^4)`, a buy is at most `ref + band`, a sell at least
/// `ref - band`; an optional inner side catches a buy far below or a sell far above; a trigger price meets the same outer
/// test, the stop of a cover order that of both sides. The band is also what market orders are valued with.
///
/// Points and basis points. Source: RISK.md §4. No reference refuses, except a strict closing order with a limit price.
struct PriceCollar: RiskControl {
    static let id = ControlID.priceCollar

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        let collar = limits.collar
        guard candidate.reference > 0 else {
            if candidate.isClosing, candidate.limitPrice > 0 { return .pass }
            return .reject(Rejection(id, .noReference, cause: .noReference, scope: .instrument))
        }
        guard candidate.referenceAge <= collar.maximumAge else {
            if candidate.isClosing, candidate.limitPrice > 0 { return .pass }
            return .reject(
                Rejection(
                    id, .staleReference, cause: .stale, scope: .instrument, unit: .milliseconds,
                    limit: collar.maximumAge / 1_000_000, observed: candidate.referenceAge / 1_000_000,
                    inputAge: candidate.referenceAge))
        }
        guard collar.basisPoints != AccountLimits.unlimited else {
            candidate.band = .max
            trace.record(.unlimited(.price, .instrument))
            return .pass
        }
        guard let band = band(candidate.reference, collar.basisPoints, collar.absolute) else {
            return .reject(Rejection(id, .overflow, unit: .price, observed: candidate.reference))
        }
        candidate.band = band
        let high = saturatingSum(candidate.reference, band)
        let low = candidate.reference - band
        if let refusal = outer(candidate.limitPrice, &candidate, high: high, low: low, stop: false, &trace)
            ?? outer(candidate.stopPrice, &candidate, high: high, low: low, stop: true, &trace)
        {
            return .reject(refusal)
        }
        if candidate.carriesStop,
            let refusal = stopOfCover(&candidate, high: high, low: low, &trace)
        {
            return .reject(refusal)
        }
        if collar.innerBasisPoints >= 0, candidate.limitPrice > 0, !candidate.isClosing,
            let innerBand = self.band(candidate.reference, collar.innerBasisPoints, collar.innerAbsolute)
        {
            trace.record(
                Measure(
                    .price, .instrument,
                    limit: candidate.side.isBuy
                        ? candidate.reference - innerBand : saturatingSum(candidate.reference, innerBand),
                    observed: candidate.reference, projected: candidate.limitPrice, inputAge: candidate.referenceAge,
                    isFloor: candidate.side.isBuy))
            if candidate.side.isBuy, candidate.limitPrice < candidate.reference - innerBand {
                return .reject(
                    rejection(
                        .belowInnerCollar, &candidate, limit: candidate.reference - innerBand,
                        price: candidate.limitPrice))
            }
            if !candidate.side.isBuy, candidate.limitPrice > saturatingSum(candidate.reference, innerBand) {
                return .reject(
                    rejection(
                        .aboveInnerCollar, &candidate, limit: saturatingSum(candidate.reference, innerBand),
                        price: candidate.limitPrice))
            }
        }
        return .pass
    }

    @inline(__always)
    private static func band(_ reference: Int64, _ basisPoints: Int64, _ absolute: Int64) -> Int64? {
        scaled(reference, basisPoints, over: 10_000).map { max($0, absolute) }
    }

    @inline(__always)
    private static func outer(
        _ price: Int64, _ candidate: inout Candidate, high: Int64, low: Int64, stop: Bool,
        _ trace: inout some DecisionTrace
    ) -> Rejection? {
        guard price > 0 else {
            // An order without the price meets no collar, and its bounds are what a person asks for all the same.
            if !stop {
                trace.record(
                    Measure(
                        .price, .instrument, limit: candidate.side.isBuy ? high : low, observed: candidate.reference,
                        inputAge: candidate.referenceAge, isFloor: !candidate.side.isBuy))
            }
            return nil
        }
        trace.record(
            Measure(
                .price, .instrument, limit: candidate.side.isBuy ? high : low, observed: candidate.reference,
                projected: price, inputAge: candidate.referenceAge, isFloor: !candidate.side.isBuy))
        if candidate.side.isBuy, price > high {
            return rejection(stop ? .stopOutsideCollar : .aboveCollar, &candidate, limit: high, price: price)
        }
        if !candidate.side.isBuy, price < low {
            return rejection(stop ? .stopOutsideCollar : .belowCollar, &candidate, limit: low, price: price)
        }
        return nil
    }

    /// The stop of a cover order is an order of the other side, so it meets that side's outer test as well.
    @inline(never)
    private static func stopOfCover(
        _ candidate: inout Candidate, high: Int64, low: Int64, _ trace: inout some DecisionTrace
    ) -> Rejection? {
        let isBuy = candidate.side.isBuy
        trace.record(
            Measure(
                .price, .instrument, limit: isBuy ? low : high, observed: candidate.reference,
                projected: candidate.stopPrice, inputAge: candidate.referenceAge, isFloor: isBuy))
        guard isBuy ? candidate.stopPrice < low : candidate.stopPrice > high else { return nil }
        return rejection(.stopOutsideCollar, &candidate, limit: isBuy ? low : high, price: candidate.stopPrice)
    }

    @inline(never)
    private static func rejection(
        _ sentence: Rejection.Sentence, _ candidate: inout Candidate, limit: Int64, price: Int64
    ) -> Rejection {
        Rejection(
            id, sentence, scope: .instrument, unit: .price, limit: limit, observed: candidate.reference,
            projected: price,
            inputAge: candidate.referenceAge)
    }
}
