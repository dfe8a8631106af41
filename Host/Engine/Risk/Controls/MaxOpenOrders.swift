import Domain

/// C16 `max-open-orders`: live orders of the scope and the new ones (each slice counts) are at most `max`: account,
/// account and instrument, group, strategy, firm. Source: RISK.md §4. Strict closing orders pass.
struct MaxOpenOrders: RiskControl {
    static let id = ControlID.maxOpenOrders

    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard !candidate.isClosing, candidate.countsAsNewOrder else { return .pass }
        func refusal(_ open: Int64, _ limit: Int64, _ scope: ScopeKind, _ trace: inout some DecisionTrace) -> Rejection?
        {
            let measure = Measure(
                .count, scope, limit: limit, observed: open, projected: saturatingSum(open, candidate.slices))
            trace.record(measure)
            return saturatingSum(open, candidate.slices) <= limit ? nil : Rejection(id, .tooManyOpenOrders, measure)
        }
        let found =
            refusal(Int64(engine.book.openOrders(of: candidate.account)), limits.openOrders, .account, &trace)
            ?? refusal(Int64(candidate.position.openOrders), limits.openOrdersPerInstrument, .instrument, &trace)
            ?? refusal(engine.book.totals[0].openOrders, engine.limits.firm.openOrders, .firm, &trace)
            ?? (candidate.group < 0
                ? nil
                : refusal(
                    engine.book.totals[Int(candidate.group) + 1].openOrders,
                    engine.resolved.groups[Int(candidate.group)].openOrders, .group, &trace))
            ?? (candidate.parent.strategy < 0
                ? nil
                : refusal(
                    saturatingSum(candidate.parent.strategyOpenOrders, Int64(candidate.pending.group)),
                    engine.resolved.strategies[Int(candidate.parent.strategy)].openOrders, .strategy, &trace))
        return found.map { .reject($0) } ?? .pass
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
