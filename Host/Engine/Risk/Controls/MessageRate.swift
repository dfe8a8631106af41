import Domain

/// C13 `message-rate`: at most `limit` messages in any half-open window, for account, group, adapter, strategy and firm. Each slice
/// is a message. `n <= limit`: all or none, at once or after a hold of at most `max_hold`; `n > limit`: admitted and paced
/// at dispatch. Source: RISK.md §4. Strict closing orders are paced, never refused.
struct MessageRate: RiskControl {
    static let id = ControlID.messageRate

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard candidate.countsAsNewOrder else { return .pass }
        var finding = Finding(latest: candidate.now)
        let pending = candidate.pending
        check(engine.rates.accounts, candidate.account, .account, pending.account, &candidate, limits, &finding, &trace)
        check(engine.rates.groups, candidate.group, .group, pending.group, &candidate, limits, &finding, &trace)
        check(engine.rates.adapters, candidate.adapter, .adapter, pending.adapter, &candidate, limits, &finding, &trace)
        check(
            engine.rates.strategies, candidate.parent.strategy, .strategy, pending.firm, &candidate, limits, &finding,
            &trace)
        check(engine.rates.firm, 0, .firm, pending.firm, &candidate, limits, &finding, &trace)
        if let refusal = finding.refusal { return .reject(refusal) }
        candidate.heldUntil = finding.latest.nanoseconds > candidate.now.nanoseconds ? finding.latest : nil
        return .pass
    }

    /// What the windows looked at so far say: when the last of them opens, and the first that refuses.
    private struct Finding {
        var latest: Timestamp
        var refusal: Rejection?
    }

    @inline(__always)
    private static func check(
        _ scopes: ScopeLogs, _ number: Int32, _ scope: ScopeKind, _ pending: Int, _ candidate: inout Candidate,
        _ limits: LegLimits, _ finding: inout Finding, _ trace: inout some DecisionTrace
    ) {
        for place in scopes.places(number) {
            trace.record(measure(scopes.logs[place], candidate.now, candidate.slices, scope, pending: pending))
            // A parent of more messages than the window takes is admitted, and paced at dispatch.
            guard Int(candidate.slices) + pending <= scopes.logs[place].limit else { continue }
            let earliest = scopes.logs[place].earliest(
                Int(candidate.slices), now: candidate.now, alreadyPlanned: pending)
            if let earliest, earliest.nanoseconds <= finding.latest.nanoseconds { continue }
            if let earliest, earliest.elapsed(since: candidate.now) <= limits.maximumHold || candidate.isClosing {
                finding.latest = earliest
                continue
            }
            if candidate.isClosing || finding.refusal != nil { continue }
            finding.refusal = Rejection(
                id, limits.maximumHold > 0 ? .rateHoldTooLong : .rateExceeded,
                measure(scopes.logs[place], candidate.now, candidate.slices, scope, pending: pending))
        }
    }

    private static func measure(
        _ log: SlidingLog, _ now: Timestamp, _ slices: Int64, _ scope: ScopeKind, pending: Int
    ) -> Measure {
        let observed = Int64(log.observed(at: now) + pending)
        return Measure(
            .count, scope, limit: Int64(log.limit), observed: observed, projected: observed + slices)
    }
}
