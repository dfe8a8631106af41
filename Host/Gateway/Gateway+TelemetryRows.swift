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
            state.engine.runs[id].map { RunFacts($0, state.engine) }
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
