import Domain

/// C30 `group-aggregate`: value of all admitted legs (C11), their messages (C13), live orders of the group (C16), the sum of
/// its worst cases in the instrument (C18), its gross and net exposure (C19, C20) and its loss (C27), with all admitted
/// legs and every live parent of the group included, are at most the group's limits. Else every opening leg of the parent
/// is refused together.
///
/// Steps, counts and minor units. Source: RISK.md §4. Strict closing legs stay. Run once a parent, after C29.
struct GroupAggregate {
    static let id = ControlID.groupAggregate

    let limit: AggregateLimit
    let instrument: Instrument
    let before: Engine.AggregateTotals
    let after: Engine.AggregateTotals

    /// `sum`: value of the opening legs; `nil` = one has no price, or it does not fit.
    func notional(_ sum: Int64?, _ trace: inout some DecisionTrace) -> Rejection? {
        guard !limit.notional.isEmpty else { return nil }
        guard let maximum = limit.notional[instrument.currency] else { return noLimit }
        guard maximum != AccountLimits.unlimited else { return nil }
        guard let sum else { return noPrice(maximum) }
        trace.record(Measure(.money, .group, limit: maximum, observed: 0, projected: sum))
        return sum > maximum ? refusal(.aggregateNotional, .money, maximum, observed: 0, projected: sum) : nil
    }

    func rate(
        _ logs: [SlidingLog], _ messages: Int64, now: Timestamp, _ trace: inout some DecisionTrace
    ) -> Rejection? {
        for log in logs {
            let known = Int64(log.observed(at: now))
            trace.record(
                Measure(
                    .count, .group, limit: Int64(log.limit), observed: known, projected: saturatingSum(known, messages))
            )
            guard saturatingSum(known, messages) > Int64(log.limit) else { continue }
            return refusal(
                .aggregateRate, .count, Int64(log.limit), observed: known, projected: saturatingSum(known, messages))
        }
        return nil
    }

    func totals(_ trace: inout some DecisionTrace) -> Rejection? {
        trace.record(
            Measure(
                .count, .group, limit: limit.openOrders, observed: before.openOrders, projected: after.openOrders))
        if after.openOrders > limit.openOrders {
            return refusal(
                .aggregateOpenOrders, .count, limit.openOrders, observed: before.openOrders,
                projected: after.openOrders)
        }
        let position = limit.position.steps(instrument, in: limit.positionUnit)
        trace.record(
            Measure(.quantity, .group, limit: position, observed: before.position, projected: after.position))
        if after.position > position {
            return refusal(
                .aggregatePosition, .quantity, position, observed: before.position, projected: after.position)
        }
        return exposure(limit.grossExposure, before.gross, after.gross, &trace)
            ?? exposure(limit.netExposure, before.net, after.net, &trace)
    }

    private func exposure(
        _ limits: [Currency: Int64], _ before: Int64?, _ after: Int64?, _ trace: inout some DecisionTrace
    ) -> Rejection? {
        guard !limits.isEmpty else { return nil }
        guard let maximum = limits[instrument.currency] else { return noLimit }
        guard maximum != AccountLimits.unlimited else { return nil }
        guard let after else { return noPrice(maximum) }
        trace.record(Measure(.money, .group, limit: maximum, observed: before ?? 0, projected: after))
        return after > maximum
            ? refusal(.aggregateExposure, .money, maximum, observed: before ?? 0, projected: after) : nil
    }

    private var noLimit: Rejection { Rejection(Self.id, .exposureNoLimit, cause: .noInput, scope: .group) }

    private func noPrice(_ maximum: Int64) -> Rejection {
        Rejection(Self.id, .exposureNoPrice, cause: .noReference, scope: .group, unit: .money, limit: maximum)
    }

    private func refusal(
        _ sentence: Rejection.Sentence, _ unit: Rejection.Unit, _ limit: Int64, observed: Int64, projected: Int64
    ) -> Rejection {
        Rejection(
            Self.id, sentence, scope: .group, unit: unit, limit: limit, observed: observed, projected: projected)
    }
}
