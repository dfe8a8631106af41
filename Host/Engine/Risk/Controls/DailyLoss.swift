import Domain

/// C25 `daily-loss`: opening orders are refused once the day's result `D = R + U - F` is at or below `-max`. The breach
/// itself puts the account into reducing (`Engine.checkLosses`). Source: RISK.md §2, §4.
///
/// Minor units of the account's currency; a loss is rounded away from zero. Strict closing orders pass.
struct DailyLoss: RiskControl {
    static let id = ControlID.dailyLoss

    static func evaluate(_ candidate: inout Candidate, _ limits: AccountLimits, _ engine: borrowing Engine) -> Verdict {
        guard !candidate.isClosing, limits.dailyLoss.maximum != AccountLimits.unlimited else { return .pass }
        guard let result = engine.dayResult(account: candidate.account) else {
            return .reject(Rejection(id, .lossNoPrice, cause: .noInput, unit: .money, limit: -limits.dailyLoss.maximum))
        }
        guard result <= -limits.dailyLoss.maximum else { return .pass }
        return .reject(
            Rejection(
                id, .lossReached, unit: .money, limit: -limits.dailyLoss.maximum, observed: result, projected: result))
    }
}

extension Engine {
    /// The day's result of an account in minor units of its currency; `nil` where a held instrument has no price.
    /// Positions in other currencies count once there are rates for them; until then they make the result unknown.
    package func dayResult(account: Int32) -> Int64? {
        let currency = accounts[Int(account)].account.currency
        var sum: Int64 = 0
        for slot in book.slots(of: account) {
            let position = book.positions[Int(slot)]
            let instrument = instruments[Int(position.instrument)].instrument
            let reference = inputs.reference(position.instrument).points
            guard let value = position.dayValue(mark: reference > 0 ? reference : nil),
                let money = instrument.money(value: value, rounding: .floor)
            else { return nil }
            if instrument.currency != currency {
                if money != 0 { return nil }
                continue
            }
            sum = saturatingSum(saturatingSum(sum, money), -position.dayFees)
        }
        return sum
    }
}
