import Domain

/// C8 `market-protection`: a market order becomes a limit order at `ref + p` (buy) or `ref - p` (sell),
/// `p = max(absolute, ref × bps / 10^4)`, rounded toward the reference to the tick at that price; or is refused, as configured.
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
        let far =
            candidate.side.isBuy
            ? saturatingSum(candidate.reference, protection) : candidate.reference - protection
        if let ticks = engine.instruments[Int(candidate.instrument.index.rawValue)].ticks {
            let price = candidate.side.isBuy ? ticks.roundedDown(far) : ticks.roundedUp(max(0, far))
            candidate.limitPrice = max(price, ticks.tick(at: 0))
        } else {
            let tick = candidate.instrument.tick
            let price = candidate.side.isBuy ? far / tick * tick : (far + tick - 1) / tick * tick
            candidate.limitPrice = max(price, tick)
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
