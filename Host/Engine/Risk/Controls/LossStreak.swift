import Domain

/// C28 `loss-streak`: opening orders are refused once the account's losing round trips in a row reach `count`. A round trip
/// ends when the position in an instrument comes back to zero or changes sides; its result is net of fees. A result below
/// `-epsilon` counts, one above `+epsilon` ends the streak, others do neither. The streak itself puts the account into a
/// cool-off (`Engine.lossEvents`), whose end begins the count anew.
///
/// A count; results in minor units of the account's currency. Source: RISK.md §4. Strict closing orders pass.
struct LossStreak: RiskControl {
    static let id = ControlID.lossStreak

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        let limit = limits.lossStreak
        guard !candidate.isClosing else { return .pass }
        guard limit.count != AccountLimits.unlimited else {
            trace.record(.unlimited(.count))
            return .pass
        }
        let streak = engine.streak(candidate.account, epsilon: limit.epsilon)
        trace.record(Measure(.count, limit: limit.count, observed: streak, projected: streak))
        guard streak >= limit.count else { return .pass }
        return .reject(
            Rejection(
                id, .losingStreak, unit: .count, limit: limit.count, observed: streak, projected: streak))
    }
}

extension Engine {
    static var lossStreakRule: String { "rule:loss-streak" }

    /// Losing round trips of an account in a row.
    package func streak(_ account: Int32, epsilon: Int64) -> Int64 {
        accounts[Int(account)].trips.streak(epsilon: epsilon)
    }
}
