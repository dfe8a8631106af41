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
        let pending = candidate.pending
        // The latest of all openings; a refusal of one is a refusal.
        var opens = opening(
            engine.rates.accounts, candidate.account, .account, pending.account, &candidate, limits, &trace)
        if candidate.parent.hasSharedWindows {
            opens = max(opens, sharedOpening(&candidate, limits, engine, &trace))
        }
        guard opens < .max else { return .reject(refusal(&candidate, limits, engine)) }
        candidate.heldUntil = opens > candidate.now.nanoseconds ? Timestamp(nanoseconds: opens) : nil
        return .pass
    }

    /// The same over the scopes that accounts share.
    @inline(never)
    private static func sharedOpening(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Int64 {
        let (pending, parent) = (candidate.pending, candidate.parent)
        let (group, adapter) = (candidate.group, candidate.adapter)
        let opens = [
            opening(engine.rates.groups, group, .group, pending.group, &candidate, limits, &trace),
            opening(engine.rates.adapters, adapter, .adapter, pending.adapter, &candidate, limits, &trace),
            opening(engine.rates.strategies, parent.strategy, .strategy, pending.firm, &candidate, limits, &trace),
            opening(engine.rates.firm, 0, .firm, pending.firm, &candidate, limits, &trace),
        ]
        return opens.reduce(.min, max)
    }

    /// When the last window of a scope opens for the candidate, nanoseconds; `Int64.max` = one refuses it.
    @inline(__always)
    private static func opening(
        _ scopes: ScopeLogs, _ number: Int32, _ scope: ScopeKind, _ pending: Int, _ candidate: inout Candidate,
        _ limits: LegLimits, _ trace: inout some DecisionTrace
    ) -> Int64 {
        var latest = candidate.now.nanoseconds
        if scopes.isEmpty { return latest }
        for place in scopes.places(number) {
            trace.record(measure(scopes[place: place], candidate.now, candidate.slices, scope, pending: pending))
            latest = max(latest, opening(scopes, place, pending, &candidate, limits))
        }
        return latest
    }

    @inline(__always)
    private static func opening(
        _ logs: ScopeLogs, _ place: Int, _ pending: Int, _ candidate: inout Candidate, _ limits: LegLimits
    ) -> Int64 {
        let now = candidate.now
        // A parent of more messages than the window takes is admitted, and paced at dispatch.
        guard Int(candidate.slices) + pending <= logs.limit(at: place),
            let earliest = logs.earliest(at: place, Int(candidate.slices), now: now, alreadyPlanned: pending)
        else { return now.nanoseconds }
        return candidate.isClosing || earliest.elapsed(since: now) <= limits.maximumHold ? earliest.nanoseconds : .max
    }

    /// The first window that refuses.
    @inline(never)
    private static func refusal(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine
    ) -> Rejection {
        let (pending, parent) = (candidate.pending, candidate.parent)
        let scopes: [(ScopeLogs, Int32, ScopeKind, Int)] = [
            (engine.rates.accounts, candidate.account, .account, pending.account),
            (engine.rates.groups, candidate.group, .group, pending.group),
            (engine.rates.adapters, candidate.adapter, .adapter, pending.adapter),
            (engine.rates.strategies, parent.strategy, .strategy, pending.firm),
            (engine.rates.firm, 0, .firm, pending.firm),
        ]
        for (logs, number, scope, pending) in scopes {
            for place in logs.places(number) where opening(logs, place, pending, &candidate, limits) == .max {
                return Rejection(
                    id, limits.maximumHold > 0 ? .rateHoldTooLong : .rateExceeded,
                    measure(logs[place: place], candidate.now, candidate.slices, scope, pending: pending))
            }
        }
        return Rejection(id, .rateExceeded)
    }

    private static func measure(
        _ log: SlidingLog, _ now: Timestamp, _ slices: Int64, _ scope: ScopeKind, pending: Int
    ) -> Measure {
        let observed = Int64(log.observed(at: now) + pending)
        return Measure(
            .count, scope, limit: Int64(log.limit), observed: observed, projected: observed + slices)
    }
}
