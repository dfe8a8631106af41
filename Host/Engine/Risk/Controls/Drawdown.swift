import Domain

/// C26 `drawdown`: with `HWM = max (E - T)` over the trading day or all time, opening orders are refused once
/// `HWM - (E - T) >= max` or `(HWM - (E - T)) × 10^4 >= bps × HWM`. The breach itself puts the account into `then`
/// (`Engine.lossEvents`). The mark never resets by itself: a person who resumes an account that this rule stopped begins
/// it anew.
///
/// Minor units; equity no older than the margin buffer's `max_age`. Brokers tell no transfers: `T` is 0, so that a
/// withdrawal counts as a fall until a person resumes. Source: RISK.md §4. Strict closing orders pass.
struct Drawdown: RiskControl {
    static let id = ControlID.drawdown

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        let limit = limits.drawdown
        guard !candidate.isClosing else { return .pass }
        guard limit.isLimited else {
            trace.record(.unlimited(.money))
            return .pass
        }
        guard let funds = candidate.funds else {
            return .reject(Rejection(id, .noFunds, cause: .noInput, unit: .money, limit: limit.maximum))
        }
        let age = candidate.now.elapsed(since: funds.asOf)
        guard age <= limits.margin.maximumAge else {
            return .reject(
                Rejection(
                    id, .staleFunds, cause: .stale, unit: .milliseconds,
                    limit: limits.margin.maximumAge / 1_000_000, observed: age / 1_000_000, inputAge: age))
        }
        let standing = engine.drawdownStanding(candidate.account, limit, equity: funds.equity)
        trace.record(
            Measure(
                .money, limit: standing.limit, observed: standing.fall, projected: standing.fall, inputAge: age))
        guard standing.isBreached else { return .pass }
        return .reject(
            Rejection(
                id, .drawdownReached, unit: .money, limit: standing.limit, observed: standing.fall,
                projected: standing.fall, inputAge: age))
    }
}

extension Engine {
    static var drawdownRule: String { "rule:drawdown" }

    /// The account's mark of an epoch, minor units: the highest equity recorded, or the present one where that is higher.
    @inline(__always)
    package func highWaterMark(_ account: Int32, _ epoch: DrawdownLimit.Epoch, equity: Int64) -> Int64 {
        switch epoch {
        case .session: max(equity, accounts[Int(account)].sessionEquityHigh ?? equity)
        case .allTime: max(equity, accounts[Int(account)].equityHigh ?? equity)
        }
    }

    @inline(__always)
    func drawdownStanding(_ account: Int32, _ limit: DrawdownLimit, equity: Int64) -> DrawdownStanding {
        DrawdownStanding(mark: highWaterMark(account, limit.epoch, equity: equity), equity: equity, bounds: limit)
    }

    /// How far the account fell and the limit that it reached; `nil` = none.
    func drawdown(_ account: Int32, _ limit: DrawdownLimit, equity: Int64) -> (fall: Int64, limit: Int64)? {
        let standing = drawdownStanding(account, limit, equity: equity)
        return standing.isBreached ? (standing.fall, standing.limit) : nil
    }
}

/// How far an account fell from its mark, in minor units.
struct DrawdownStanding {
    let mark: Int64
    let equity: Int64
    let bounds: DrawdownLimit

    var fall: Int64 { saturatingDifference(mark, equity) }

    @inline(__always)
    private var isBeyondAmount: Bool { bounds.maximum != AccountLimits.unlimited && fall >= bounds.maximum }
    @inline(__always)
    private var isBeyondPart: Bool {
        bounds.basisPoints != AccountLimits.unlimited
            && !isProduct(bounds.basisPoints, mark, above: fall, 10_000)
    }
    @inline(__always)
    var isBreached: Bool { isBeyondAmount || isBeyondPart }

    /// The limit that it reached, or the nearer one of those it did not.
    var limit: Int64 {
        if isBeyondAmount || bounds.basisPoints == AccountLimits.unlimited { return bounds.maximum }
        let relative = scaled(mark, bounds.basisPoints, over: 10_000) ?? .max
        return isBeyondPart ? relative : min(relative, bounds.maximum)
    }
}
