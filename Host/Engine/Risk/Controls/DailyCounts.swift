import Domain

/// C17 `daily-counts`: orders, modifications and lots of the trading day, with the candidate, are at most the limit, for
/// the account and for account and instrument. Each slice is an order. Lots are those traded today and those live, so that
/// no fill can pass the limit. Cancels are counted and only alert.
///
/// Counts, lots. Source: RISK.md §4. Strict closing orders pass.
struct DailyCounts: RiskControl {
    static let id = ControlID.dailyCounts

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard !candidate.isClosing else { return .pass }
        let lot = candidate.instrument.lot
        let entry = Day(engine, candidate.account)
        let pair = Day(
            orders: Int64(candidate.position.dayOrders), modifications: Int64(candidate.position.dayModifications),
            cancels: Int64(candidate.position.dayCancels), lots: Book.lots(candidate.position.busySteps, lot))
        let lots = Book.lots(candidate.quantity, lot)
        if let refusal = check(&candidate, entry, limits.dailyCounts, lots: lots, .account, &trace)
            ?? check(&candidate, pair, limits.dailyCountsPerInstrument, lots: lots, .instrument, &trace)
        {
            let isLots = refusal.unit == .lots
            let left = max(0, saturatingDifference(refusal.limit, refusal.observed))
            let (steps, overflow) = left.multipliedReportingOverflow(by: lot)
            return .reject(refusal, clipTo: isLots ? (overflow ? candidate.quantity : steps) : 0)
        }
        let canceled = limits.dailyCounts.cancels
        if entry.cancels >= canceled {
            candidate.alert = Rejection(
                id, .tooManyCancelsToday, unit: .count, limit: canceled, observed: entry.cancels,
                projected: entry.cancels)
        }
        return .pass
    }

    private struct Day {
        var orders: Int64
        var modifications: Int64
        var cancels: Int64
        var lots: Int64

        @inline(__always)
        init(orders: Int64, modifications: Int64, cancels: Int64, lots: Int64) {
            (self.orders, self.modifications, self.cancels, self.lots) = (orders, modifications, cancels, lots)
        }

        @inline(__always)
        init(_ engine: borrowing Engine, _ account: Int32) {
            (orders, modifications, cancels) = engine.dayCounts(account)
            lots = engine.book.busyLots(of: account)
        }
    }

    @inline(__always)
    private static func check(
        _ candidate: inout Candidate, _ day: Day, _ limit: DailyCountLimit, lots: Int64, _ scope: ScopeKind,
        _ trace: inout some DecisionTrace
    ) -> Rejection? {
        if candidate.countsAsNewOrder {
            let orders = saturatingSum(day.orders, Int64(candidate.pending.account))
            let projected = saturatingSum(orders, candidate.slices)
            trace.record(Measure(.count, scope, limit: limit.orders, observed: orders, projected: projected))
            if projected > limit.orders {
                return Rejection(
                    id, .tooManyOrdersToday, scope: scope, unit: .count, limit: limit.orders, observed: orders,
                    projected: projected)
            }
        } else if day.modifications >= limit.modifications {
            return Rejection(
                id, .tooManyModificationsToday, scope: scope, unit: .count, limit: limit.modifications,
                observed: day.modifications, projected: saturatingSum(day.modifications, 1))
        }
        let projected = saturatingSum(day.lots, lots)
        trace.record(Measure(.lots, scope, limit: limit.lots, observed: day.lots, projected: projected))
        guard projected > limit.lots else { return nil }
        return Rejection(
            id, .tooManyLotsToday, scope: scope, unit: .lots, limit: limit.lots, observed: day.lots,
            projected: projected)
    }
}

extension Engine {
    @inline(__always)
    func dayCounts(_ account: Int32) -> (orders: Int64, modifications: Int64, cancels: Int64) {
        (
            accounts[Int(account)].dayOrders, accounts[Int(account)].dayModifications,
            accounts[Int(account)].dayCancels
        )
    }
}
