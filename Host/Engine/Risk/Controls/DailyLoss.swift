import Domain

/// C25 `daily-loss`: opening orders are refused once the day's result `D = R + U - F` is at or below `-max`. The breach
/// itself puts the account into reducing (`Engine.checkLosses`). Source: RISK.md §2, §4.
///
/// With `project_stop`, an opening order with an attached stop also needs `D - stopRisk > -max`, stopRisk what it loses
/// from the price used for money to its stop. A strategy's own limit counts the fills of its runs, as C27 does a group's.
///
/// Minor units of the account's currency; a loss is rounded away from zero. Strict closing orders pass.
struct DailyLoss: RiskControl {
    static let id = ControlID.dailyLoss

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard !candidate.isClosing else { return .pass }
        if candidate.parent.strategy >= 0, candidate.parent.strategyLoss.phase == .unlimited {
            trace.record(.unlimited(.money, .strategy))
        } else if candidate.parent.strategy >= 0,
            let refusal = GroupLoss.refusal(
                candidate.parent.strategyLoss, engine.resolved.strategies[Int(candidate.parent.strategy)].loss,
                engine.accountCurrency(candidate.account), id, .lossReached, scope: .strategy, &trace)
        {
            return .reject(refusal)
        }
        guard limits.dailyLoss != AccountLimits.unlimited else {
            trace.record(.unlimited(.money))
            return .pass
        }
        guard let result = engine.dayResult(account: candidate.account) else {
            return .reject(Rejection(id, .lossNoPrice, cause: .noInput, unit: .money, limit: -limits.dailyLoss))
        }
        trace.record(
            Measure(
                .money, limit: -limits.dailyLoss, observed: result, projected: result, isFloor: true))
        guard result <= -limits.dailyLoss else {
            return limits.projectsStop && candidate.parent.attachedStop > 0
                ? projected(&candidate, limits, result, &trace) : .pass
        }
        return .reject(
            Rejection(
                id, .lossReached, unit: .money, limit: -limits.dailyLoss, observed: result, projected: result))
    }

    /// The day's result if the order fills and its stop is hit.
    @inline(never)
    private static func projected(
        _ candidate: inout Candidate, _ limits: LegLimits, _ result: Int64, _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard let price = candidate.moneyPrice else {
            return .reject(Rejection(id, .noReference, cause: .noReference, scope: .instrument))
        }
        let distance = max(
            0, candidate.side.isBuy ? price - candidate.parent.attachedStop : candidate.parent.attachedStop - price)
        guard let money = limits.money else {
            return .reject(Rejection(id, .currencyNotConvertible, cause: .noInput))
        }
        guard let risk = money.value(of: candidate.quantity, at: distance) else {
            return .reject(Rejection(id, .overflow, unit: .money))
        }
        let projected = saturatingDifference(result, risk)
        trace.record(
            Measure(
                .money, limit: -limits.dailyLoss, observed: result, projected: projected, isFloor: true))
        guard projected <= -limits.dailyLoss else { return .pass }
        let room = saturatingSum(saturatingSum(result, limits.dailyLoss), -1)
        return .reject(
            Rejection(
                id, .stopRiskExceeded, unit: .money, limit: -limits.dailyLoss, observed: result,
                projected: projected),
            clipTo: candidate.lotMultiple(
                candidate.lotMultiple(money.largest(at: distance, within: max(0, room)))))
    }
}

extension Engine {
    /// The day's result of an account in minor units of its currency; `nil` where a held instrument has no price,
    /// or is in another currency without a rate.
    package func dayResult(account: Int32) -> Int64? {
        let currency = accounts[Int(account)].account.currency
        var sum: Int64 = 0
        var slot = book.firstSlot(of: account)
        while slot >= 0 {
            let place = Int(slot)
            slot = book.slot(after: slot)
            let held = Int(book.positions[place].instrument)
            var money: Int64 = 0
            if book.positions[place].hasDayValue {
                let reference = inputs.reference(book.positions[place].instrument).points
                guard let value = book.positions[place].dayValue(mark: reference > 0 ? reference : nil),
                    let found = instruments[held].instrument.isIn(currency)
                        ? instruments[held].instrument.result(of: value)
                        : converted(value, instruments[held].instrument, to: currency)
                else { return nil }
                money = found
            }
            // Fees are in the account's currency.
            sum = saturatingSum(saturatingSum(sum, money), -book.positions[place].dayFees)
        }
        return sum
    }
}
