package import Domain
import Engine
package import Telemetry

// What telemetry asks of the gateway. The lock is held for a few runs at a time, and while it is held runs are only copied:
// what is made of them is made outside.

extension Gateway: TelemetrySource {
    private static let runsPerStep = 32

    package func telemetryContexts(of runs: [RunID]) -> [RunContext?] {
        inSteps(runs) { id, state in
            state.engine.runs.look(id) { run in
                RunContext(
                    group: run.admission.group, strategy: run.admission.order.strategy,
                    receivedAt: run.admission.receivedAt, admittedAt: run.admission.admittedAt,
                    legs: run.admission.legs.map { leg in
                        let account = state.engine.accounts[Int(leg.account)].account
                        return RunContext.Party(
                            account: account.id, adapter: account.adapter, refusal: leg.rejection?.code)
                    })
            }
        }
    }

    package func telemetryRows(of runs: [RunID]) -> [(run: RunSummary, legs: [LegTiming])?] {
        inSteps(runs) { id, state -> RunFacts? in
            guard let run = state.engine.runs[id] else { return nil }
            let instrument = state.engine.instruments[Int(run.admission.instrument)]
            return RunFacts(
                run: run, instrument: instrument.instrument, symbol: instrument.id.text,
                accounts: run.admission.legs.map { leg in
                    let account = state.engine.accounts[Int(leg.account)].account
                    return (account.id, account.adapter)
                })
        }.map { $0?.rows }
    }

    package func telemetryRuns(limit: Int) -> [RunID] {
        Array(state.withLockedValue { $0.engine.runs.identifiers }.sorted().suffix(limit))
    }

    package func takeClosedDays() -> [DayResult] { closedDays.withLockedValue { $0.take() } }

    package func openDays() -> [DayResult] {
        let now = clock.wall()
        return state.withLockedValue { state in
            state.engine.accounts.indices.flatMap { number -> [DayResult] in
                let entry = state.engine.accounts[number]
                guard entry.day != .min else { return [] }
                let figures = state.engine.dayFigures(of: Int32(number)) { state.engine.referencePoints($0) }
                return figures.map { figure in
                    DayResult(
                        account: entry.account.id, day: entry.day, currency: figure.currency, result: figure.result,
                        fees: figure.fees, at: now, isClosed: false)
                }
            }
        }
    }

    private func inSteps<Value>(_ runs: [RunID], _ body: (RunID, borrowing State) -> Value?) -> [Value?] {
        var values: [Value?] = []
        values.reserveCapacity(runs.count)
        for start in stride(from: 0, to: runs.count, by: Self.runsPerStep) {
            state.withLockedValue { state in
                for id in runs[start..<min(start + Self.runsPerStep, runs.count)] { values.append(body(id, state)) }
            }
        }
        return values
    }
}

/// A run as it was copied, and the names it needs.
private struct RunFacts {
    let run: Run
    let instrument: Instrument
    let symbol: String
    let accounts: [(id: AccountID, adapter: AdapterID)]

    var rows: (run: RunSummary, legs: [LegTiming]) {
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
        let (admission, leg, share) = (run.admission, run.legs[index], run.admission.legs[index])
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
            side: share.side, status: run.legStatus(index).rawName, rejectCode: rejectCode(index),
            times: times, weight: share.weight,
            allocatedQuantity: instrument.quantity(share.allocatedQuantity),
            orderedQuantity: instrument.quantity(run.orders[leg.orders].reduce(0) { $0 + $1.quantity }),
            cumulativeQuantity: instrument.quantity(run.cumulativeQuantity(index)), averagePrice: average,
            slippage: slippage(average, share.side),
            slippageCost: slippageCost(run.executedValue(index), executed, share.side))
        timing.sendRank = rank
        return timing
    }

    private func slippage(_ average: ExactDecimal?, _ side: Side) -> ExactDecimal? {
        guard let average, let reference = run.admission.reference,
            let difference = average.subtracting(instrument.price(reference.points))
        else { return nil }
        return side == .buy ? difference : difference.negated
    }

    private func slippageCost(_ value: Int128, _ executed: Int64, _ side: Side) -> ExactDecimal? {
        guard executed != 0, let reference = run.admission.reference else { return nil }
        let expected = Int128(executed) * Int128(reference.points)
        let (difference, overflow) = value.subtractingReportingOverflow(expected)
        guard !overflow, let cost = instrument.exactMoney(value: difference) else { return nil }
        return side == .buy ? cost : cost.negated
    }

    /// The code of the leg's refusal as its answer tells it.
    private func rejectCode(_ index: Int) -> String? {
        let leg = run.legs[index]
        if let rejection = run.admission.legs[index].rejection { return rejection.code }
        if let reason = leg.localCancel { return reason == .deadline ? "deadline" : "canceled_locally" }
        guard let order = run.orders[leg.orders].first(where: { $0.error != nil }) else { return nil }
        switch order.status {
        case .rejected: return "broker_rejected"
        case .unknown: return "unknown_outcome"
        case .notSent: return "not_sent"
        default: return nil
        }
    }

    private func summary(_ legs: [LegTiming]) -> RunSummary {
        let admission = run.admission
        func instants(_ stage: Stage) -> [Timestamp] { legs.compactMap { $0.times.instant(stage) } }
        let sent = instants(.dispatched)
        let averages = legs.compactMap(\.averagePrice).sorted()
        let costs = legs.compactMap(\.slippageCost)
        return RunSummary(
            run: run.id, group: admission.group, groupVersion: admission.groupVersion,
            riskVersion: admission.riskVersion, strategy: admission.order.strategy, symbol: symbol,
            currency: instrument.currency, side: admission.order.side, mode: admission.mode.rawName,
            status: run.status.rawName, receivedAt: admission.receivedAt, admittedAt: admission.admittedAt,
            durableAt: instants(.durable).max(), firstSentAt: sent.min(), lastSentAt: sent.max(), doneAt: run.doneAt,
            requestedQuantity: instrument.quantity(admission.requestedQuantity),
            unallocatedQuantity: instrument.quantity(admission.unallocatedQuantity),
            rotation: Int64(admission.rotation), legCount: Int64(legs.count),
            refusedCount: Int64(legs.count { $0.status == LegStatus.refused.rawName }),
            leftOutCount: Int64(admission.leftOut.count),
            arrivalPrice: admission.reference.map { instrument.price($0.points) },
            filledQuantity: instrument.quantity(run.legs.indices.reduce(0) { $0 + run.cumulativeQuantity($1) }),
            slippageCost: costs.isEmpty ? nil : costs.reduce(.zero) { sum, cost in sum?.adding(cost) },
            lowestPrice: averages.first, highestPrice: averages.last)
    }
}
