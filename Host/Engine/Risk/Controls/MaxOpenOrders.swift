import Domain

/// C16 `max-open-orders`: live orders of the scope and the new ones (each slice counts) are at most `max`: account,
/// account and instrument, group, strategy, firm. Source: RISK.md §4. Strict closing orders pass.
struct MaxOpenOrders: RiskControl {
    static let id = ControlID.maxOpenOrders

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard !candidate.isClosing, candidate.countsAsNewOrder else { return .pass }
        let slices = candidate.slices
        let account = Count(Int64(engine.book.openOrders(of: candidate.account)), limits.openOrders, .account, slices)
        if !account.passes(&trace) { return account.refusal }
        let pair = Count(Int64(candidate.position.openOrders), limits.openOrdersPerInstrument, .instrument, slices)
        if !pair.passes(&trace) { return pair.refusal }
        let firm = Count(engine.book.totals[0].openOrders, candidate.parent.firmLimits.openOrders, .firm, slices)
        if !firm.passes(&trace) { return firm.refusal }
        if candidate.group >= 0 {
            let group = Count(
                engine.book.totals[Int(candidate.group) + 1].openOrders, candidate.parent.groupLimits.openOrders,
                .group, slices)
            if !group.passes(&trace) { return group.refusal }
        }
        if candidate.parent.strategy >= 0 {
            let strategy = Count(
                saturatingSum(candidate.parent.strategyOpenOrders, Int64(candidate.pending.group)),
                engine.resolved.strategies[Int(candidate.parent.strategy)].openOrders, .strategy, slices)
            if !strategy.passes(&trace) { return strategy.refusal }
        }
        return .pass
    }

    /// Live orders of one scope with the candidate's.
    private struct Count {
        let open: Int64
        let limit: Int64
        let scope: ScopeKind
        let projected: Int64

        @inline(__always)
        init(_ open: Int64, _ limit: Int64, _ scope: ScopeKind, _ slices: Int64) {
            (self.open, self.limit, self.scope) = (open, limit, scope)
            projected = saturatingSum(open, slices)
        }

        private var measure: Measure { Measure(.count, scope, limit: limit, observed: open, projected: projected) }

        @inline(__always)
        func passes(_ trace: inout some DecisionTrace) -> Bool {
            trace.record(measure)
            return projected <= limit
        }

        var refusal: Verdict { .reject(Rejection(MaxOpenOrders.id, .tooManyOpenOrders, measure)) }
    }
}

extension Engine {
    /// Live orders of a strategy's runs, by looking at every live run: only strategies with such a limit ask.
    func openOrders(ofStrategy name: String) -> Int64 {
        var count: Int64 = 0
        runs.forEachLive { run in
            guard run.admission.order.strategy == name else { return }
            for order in run.orders where !order.status.isTerminal { count += 1 }
        }
        return count
    }
}
