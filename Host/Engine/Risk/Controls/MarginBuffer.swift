import Domain

/// C24 `margin-buffer`: `need = margin(W') - margin(W)`, at least 0; passes when
/// `M_free - M_res - need >= max(absolute, E × bps / 10^4)`. Source: RISK.md §2, §4.
///
/// Minor units. Margin is `W × px × rate / 10^4`, the rate by the first pattern that matches. Strict closing orders pass.
struct MarginBuffer: RiskControl {
    static let id = ControlID.marginBuffer

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard !candidate.isClosing else { return .pass }
        let limit = limits.margin
        guard limit.isLimited else {
            trace.record(.unlimited(.money))
            return .pass
        }
        guard let funds = candidate.funds else {
            return .reject(Rejection(id, .noFunds, cause: .noInput))
        }
        let age = candidate.now.elapsed(since: funds.asOf)
        guard age <= limit.maximumAge else {
            return .reject(
                Rejection(
                    id, .staleFunds, cause: .stale, unit: .milliseconds, limit: limit.maximumAge / 1_000_000,
                    observed: age / 1_000_000, inputAge: age))
        }
        let rate = limit.rate
        guard rate >= 0 else {
            return .reject(Rejection(id, .noMarginRate, cause: .noInput, scope: .instrument))
        }
        guard let price = candidate.moneyPrice else {
            return .reject(Rejection(id, .noReference, cause: .noReference, scope: .instrument))
        }
        let added = candidate.added
        guard let money = limits.money else {
            return .reject(Rejection(id, .currencyNotConvertible, cause: .noInput))
        }
        guard let value = money.value(of: added, at: price),
            let need = scaled(value, rate, over: 10_000),
            let relative = scaled(funds.equity, limit.basisPoints, over: 10_000)
        else { return .reject(Rejection(id, .overflow, unit: .money)) }
        let buffer = max(limit.absolute, relative)
        let free = funds.available.subtractingReportingOverflow(engine.inputs.reservedMargin[Int(candidate.account)])
        guard !free.overflow else { return .reject(Rejection(id, .overflow, unit: .money)) }
        let left = saturatingSum(free.partialValue, -need)
        candidate.margin = need
        trace.record(
            Measure(
                .money, limit: buffer, observed: free.partialValue, projected: left, inputAge: age, isFloor: true))
        guard left < buffer else { return .pass }
        let room = saturatingSum(free.partialValue, -buffer)
        let affordable = scaled(max(0, room), 10_000, over: max(1, rate)) ?? .max
        let slack = candidate.quantity - added
        let steps = candidate.lotMultiple(money.largest(at: price, within: affordable))
        return .reject(
            Rejection(
                id, .marginShort, unit: .money, limit: buffer, observed: free.partialValue, projected: left,
                inputAge: age),
            clipTo: room < 0 ? 0 : candidate.lotMultiple(saturatingSum(slack, steps)))
    }
}
