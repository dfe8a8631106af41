import Domain

/// C8 `market-protection`: a market order becomes a limit order at `ref + p` (buy) or `ref - p` (sell),
/// `p = max(absolute, ref × bps / 10^4)`, rounded to tick toward the reference; or is refused, as configured.
///
/// Points. Source: RISK.md §4. A strict closing order without a reference stays a market order.
struct MarketProtection: RiskControl {
    static let id = ControlID.marketProtection

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard candidate.orderType.isMarket, limits.conversion != .none else { return .pass }
        if limits.conversion == .reject {
            return candidate.isClosing ? .pass : .reject(Rejection(id, .marketOrdersRefused))
        }
        guard candidate.reference > 0 else {
            return candidate.isClosing ? .pass : .reject(Rejection(id, .noReference, cause: .noReference))
        }
        guard let relative = scaled(candidate.reference, limits.protectionBasisPoints, over: 10_000) else {
            return .reject(Rejection(id, .overflow, unit: .price, observed: candidate.reference))
        }
        let protection = max(relative, limits.protectionAbsolute)
        let tick = candidate.instrument.tick
        switch candidate.side {
        case .buy:
            let price = saturatingSum(candidate.reference, protection) / tick * tick
            candidate.limitPrice = max(price, tick)
        case .sell:
            let price = candidate.reference - protection
            candidate.limitPrice = max(tick, (price + tick - 1) / tick * tick)
        }
        trace.record(
            Measure(
                .price, .instrument, limit: nil, observed: candidate.reference, projected: candidate.limitPrice,
                inputAge: candidate.referenceAge))
        candidate.marketProtectedFrom = .market
        candidate.orderType = .limit
        return .pass
    }
}

extension ExactDecimal {
    /// A price distance in points of an instrument, rounded down; saturates.
    func points(_ instrument: Instrument) -> Int64 {
        if isZero { return 0 }
        return scaled(to: instrument.priceExponent, rounding: .floor).flatMap(Int64.init(exactly:)) ?? .max
    }
}
