import Domain

/// C13 `message-rate`: at most `limit` messages in any half-open window, for account, group, adapter, strategy and firm. Each slice
/// is a message. `n <= limit`: all or none, at once or after a hold of at most `max_hold`; `n > limit`: admitted and paced
/// at dispatch. Source: RISK.md §4. Strict closing orders are paced, never refused.
struct MessageRate: RiskControl {
    static let id = ControlID.messageRate

    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard candidate.countsAsNewOrder else { return .pass }
        var latest = candidate.now
        var refusal: Rejection?
        func check(_ logs: [SlidingLog], _ scope: ScopeKind, pending: Int, _ trace: inout some DecisionTrace) {
            for log in logs {
                trace.record(measure(log, candidate, scope, pending: pending))
                // A parent of more messages than the window takes is admitted, and paced at dispatch.
                guard Int(candidate.slices) + pending <= log.limit else { continue }
                let earliest = log.earliest(Int(candidate.slices), now: candidate.now, alreadyPlanned: pending)
                if let earliest, earliest <= latest { continue }
                if let earliest, earliest.since(candidate.now) <= limits.maximumHold || candidate.isClosing {
                    latest = earliest
                    continue
                }
                if candidate.isClosing { continue }
                refusal =
                    refusal
                    ?? Rejection(
                        id, limits.maximumHold > 0 ? .rateHoldTooLong : .rateExceeded,
                        measure(log, candidate, scope, pending: pending))
            }
        }
        if Int(candidate.account) < engine.rates.accounts.count {
            check(engine.rates.accounts[Int(candidate.account)], .account, pending: candidate.pending.account, &trace)
        }
        if candidate.group >= 0, Int(candidate.group) < engine.rates.groups.count {
            check(engine.rates.groups[Int(candidate.group)], .group, pending: candidate.pending.group, &trace)
        }
        if Int(candidate.adapter) < engine.rates.adapters.count {
            check(engine.rates.adapters[Int(candidate.adapter)], .adapter, pending: candidate.pending.adapter, &trace)
        }
        if candidate.parent.strategy >= 0, Int(candidate.parent.strategy) < engine.rates.strategies.count {
            check(
                engine.rates.strategies[Int(candidate.parent.strategy)], .strategy, pending: candidate.pending.firm,
                &trace)
        }
        check(engine.rates.firm, .firm, pending: candidate.pending.firm, &trace)
        if let refusal { return .reject(refusal) }
        candidate.heldUntil = latest > candidate.now ? latest : nil
        return .pass
    }

    private static func measure(
        _ log: SlidingLog, _ candidate: Candidate, _ scope: ScopeKind, pending: Int
    ) -> Measure {
        let observed = Int64(log.observed(at: candidate.now) + pending)
        return Measure(
            .count, scope, limit: Int64(log.limit), observed: observed, projected: observed + candidate.slices)
    }
}
