package import Domain
import Engine
package import Telemetry

/// A run as it was copied, and the names it needs.
///
/// It holds no part of the engine, so that a copy of it that lives on makes no step of the engine copy its tables.
package struct RunFacts: Sendable {
    private let run: Run
    /// The one that the parent's quantities are counted by.
    private let scale: Instrument
    /// By leg.
    private let instruments: [(instrument: Instrument, symbol: String)]
    private let accounts: [(id: AccountID, adapter: AdapterID)]
    private let clientOrderIDPrefix: UInt64

    init(_ run: Run, _ engine: borrowing Engine) {
        self.run = run
        scale = engine.instruments[Int(run.admission.instrument)].instrument
        instruments = run.legs.indices.map { leg in
            (
                engine.instruments[Int(run.admission.instrument(ofLeg: leg))].instrument,
                engine.symbol(run, leg).text
            )
        }
        accounts = run.admission.legs.map { leg in
            let account = engine.accounts[Int(leg.account)].account
            return (account.id, account.adapter)
        }
        clientOrderIDPrefix = engine.clientOrderIDPrefix
    }

    package var id: RunID { run.id }

    /// What telemetry keeps of it, but for what only capture saw.
    package var rows: (run: RunSummary, legs: [LegTiming]) {
        let ranks = sendRanks
        let legs = run.legs.indices.map { leg($0, rank: ranks[$0]) }
        return (summary(legs), legs)
    }

    /// Place of each leg in the order in which legs were handed over; `nil` for those that were not.
    private var sendRanks: [Int64?] {
        var ranks = [Int64?](repeating: nil, count: run.legs.count)
        let sent = run.legs.indices.filter { run.legs[$0].times.dispatched != 0 }
            .sorted { (run.legs[$0].times.dispatched, $0) < (run.legs[$1].times.dispatched, $1) }
        for (rank, index) in sent.enumerated() { ranks[index] = Int64(rank) }
        return ranks
    }

    private func leg(_ index: Int, rank: Int64?) -> LegTiming {
        let (admission, leg) = (run.admission, run.legs[index])
        let (instrument, symbol) = instruments[index]
        var times = StageInstants()
        times[.received] = admission.receivedAt.nanoseconds
        times[.admitted] = admission.admittedAt.nanoseconds
        (times[.durable], times[.queued]) = (leg.times.durable, leg.times.queued)
        (times[.dispatched], times[.written]) = (leg.times.dispatched, leg.times.written)
        (times[.firstByte], times[.acknowledged]) = (leg.times.firstByte, leg.times.acknowledged)
        (times[.firstFill], times[.done]) = (leg.times.firstFill, leg.times.done)
        let executed = run.cumulativeQuantity(index) + run.overfilledQuantity(index)
        let average =
            executed == 0 ? nil : instrument.averagePrice(value: run.executedValue(index), quantity: executed)
        var timing = LegTiming(
            leg: LegID(run: run.id, index: index), group: admission.group, account: accounts[index].id,
            adapter: accounts[index].adapter, strategy: admission.order.strategy, symbol: symbol,
            currency: instrument.currency, side: run.admission.legs[index].side, status: run.legStatus(index).rawName,
            order: order(index), times: times, weight: run.admission.legs[index].weight,
            allocatedQuantity: instrument.quantity(run.admission.legs[index].allocatedQuantity),
            orderedQuantity: instrument.quantity(run.orders[leg.orders].reduce(0) { $0 + $1.quantity }),
            cumulativeQuantity: instrument.quantity(run.cumulativeQuantity(index)), averagePrice: average,
            slippage: slippage(average, index), slippageCost: slippageCost(run.executedValue(index), executed, index))
        timing.tag = admission.order.tag
        timing.arrivalPrice = admission.reference(ofLeg: index).map { instrument.price($0.points) }
        timing.reject = reject(index)
        timing.sendRank = rank
        return timing
    }

    private func slippage(_ average: ExactDecimal?, _ leg: Int) -> ExactDecimal? {
        guard let average, let reference = run.admission.reference(ofLeg: leg),
            let difference = average.subtracting(instruments[leg].instrument.price(reference.points))
        else { return nil }
        return run.admission.legs[leg].side == .buy ? difference : difference.negated
    }

    private func slippageCost(_ value: Int128, _ executed: Int64, _ leg: Int) -> ExactDecimal? {
        guard executed != 0, let reference = run.admission.reference(ofLeg: leg) else { return nil }
        let expected = Int128(executed) * Int128(reference.points)
        let (difference, overflow) = value.subtractingReportingOverflow(expected)
        guard !overflow, let cost = instruments[leg].instrument.exactMoney(value: difference) else {
            return nil
        }
        return run.admission.legs[leg].side == .buy ? cost : cost.negated
    }

    private func order(_ index: Int) -> LegTiming.Order {
        let leg = run.legs[index]
        let instrument = instruments[index].instrument
        let first = leg.orderCount > 0 ? run.orders[Int(leg.firstOrder)] : nil
        func price(_ points: Int64) -> ExactDecimal? { points == 0 ? nil : instrument.price(points) }
        return LegTiming.Order(
            orderType: first?.orderType ?? run.admission.legs[index].orderType,
            limitPrice: price(first?.limitPrice ?? run.admission.legs[index].limitPrice),
            stopPrice: price(first?.stopPrice ?? run.admission.legs[index].stopPrice),
            clientOrderID: first.map { ClientOrderID(prefix: clientOrderIDPrefix, sequence: $0.clientSequence) }?
                .description,
            brokerOrderID: first?.brokerOrderID, slices: Int64(leg.orderCount),
            canceledQuantity: instrument.quantity(run.canceledQuantity(index)),
            overfilledQuantity: instrument.quantity(run.overfilledQuantity(index)), hasAnomaly: leg.hasAnomaly)
    }

    /// The leg's refusal as its answer tells it.
    private func reject(_ index: Int) -> LegTiming.Reject? {
        let leg = run.legs[index]
        if let rejection = run.admission.legs[index].rejection {
            return LegTiming.Reject(
                code: rejection.code, control: rejection.control.name,
                message: run.admission.message(rejection, leg: index), brokerCode: nil, brokerText: nil)
        }
        if let reason = leg.localCancel {
            return LegTiming.Reject(
                code: reason == .deadline ? "deadline" : "canceled_locally", control: nil, message: reason.text,
                brokerCode: nil, brokerText: nil)
        }
        guard let order = run.orders[leg.orders].first(where: { $0.error != nil }), let error = order.error else {
            return nil
        }
        let code: String =
            switch order.status {
            case .rejected: "broker_rejected"
            case .unknown: "unknown_outcome"
            case .notSent: "not_sent"
            default: LegTiming.Reject.message
            }
        return LegTiming.Reject(
            code: code, control: nil, message: error.text ?? error.brokerText ?? error.code.rawName,
            brokerCode: error.brokerCode ?? error.code.rawName, brokerText: error.brokerText ?? error.text)
    }

    private func summary(_ legs: [LegTiming]) -> RunSummary {
        let admission = run.admission
        func instants(_ stage: Stage) -> [Timestamp] { legs.compactMap { $0.times.instant(stage) } }
        let sent = instants(.dispatched)
        let averages = legs.compactMap(\.averagePrice).sorted()
        let costs = legs.compactMap(\.slippageCost)
        return RunSummary(
            run: run.id, group: admission.group, groupVersion: admission.groupVersion,
            riskVersion: admission.riskVersion, strategy: admission.order.strategy,
            symbol: admission.order.symbol.text, currency: scale.currency, side: admission.order.side,
            mode: admission.mode.rawName,
            status: run.status.rawName, receivedAt: admission.receivedAt, admittedAt: admission.admittedAt,
            durableAt: instants(.durable).max(), firstSentAt: sent.min(), lastSentAt: sent.max(), doneAt: run.doneAt,
            updatedAt: run.updatedAt,
            requestedQuantity: scale.quantity(admission.requestedQuantity),
            unallocatedQuantity: scale.quantity(admission.unallocatedQuantity),
            rotation: Int64(admission.rotation), legCount: Int64(legs.count),
            refusedCount: Int64(legs.count { $0.status == LegStatus.refused.rawName }),
            leftOutCount: Int64(admission.leftOut.count),
            arrivalPrice: admission.reference.map { scale.price($0.points) },
            filledQuantity: legs.reduce(.zero) { $0.adding($1.cumulativeQuantity) ?? $0 },
            slippageCost: costs.isEmpty ? nil : costs.reduce(.zero) { sum, cost in sum?.adding(cost) },
            lowestPrice: averages.first, highestPrice: averages.last)
    }
}
