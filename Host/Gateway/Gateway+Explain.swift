package import Domain
package import Engine
package import RiskConfiguration
import Store

// Why an order was or would be refused, and what other limits would make of the past (RISK.md §6).

extension Gateway {
    /// An explanation with the names that its numbers stand for.
    package struct ExplainedOrder: Sendable {
        package var explanation: Explanation
        /// By leg, as `accounts`.
        package var instruments: [Instrument]
        package var symbols: [InstrumentID]
        package var accounts: [Account]
        /// The legs' recorded refusals in words; `nil` = none.
        package var recorded: [RunSnapshot.Reject?]
        /// Index of the one leg that was asked for; `nil` = all.
        package var leg: Int?
    }

    /// What every control says of an order, by the code of admission; nothing is kept or sent.
    package func explain(
        _ order: ParentOrder, by caller: Caller, receivedAt: Timestamp
    ) throws(GatewayError) -> ExplainedOrder {
        do {
            return try step { state throws -> ExplainedOrder in
                try checkServing(state)
                let instruments = try define(instrumentsOf: order, &state)
                let explanation = try state.engine.explain(
                    AdmissionRequest(
                        order: order, origin: Origin(caller: caller.keyID, idempotencyKey: ""),
                        authority: caller.authority, receivedAt: receivedAt, instruments: instruments),
                    now: clock.wall())
                return explained(explanation, state.engine, leg: nil)
            }
        } catch {
            throw translated(error)
        }
    }

    /// The same for a run of the past, against the state just before it: the journal is replayed up to it, away from the
    /// decisions of the present. One at a time.
    package func explain(run id: RunID, leg: Int?) async throws(GatewayError) -> ExplainedOrder? {
        guard let run = try await settledRun(id) else { return nil }
        if let leg, !run.legs.indices.contains(leg) { return nil }
        let limits = standingLimits(version: run.riskVersion)
        let fresh = freshEngine()
        return try await replaying { storage throws(StoreFailure) -> ExplainedOrder? in
            var engine = fresh
            if let limits { engine.setLimits(limits) }
            var found: ExplainedOrder?
            try Self.replay(storage) { event in
                if case .runAdmitted(let admission) = event, admission.run == id {
                    found = try? self.explained(engine.explain(admission: admission), engine, leg: leg)
                    return false
                }
                engine.apply(event)
                return true
            }
            return found
        }
    }

    private func explained(_ explanation: Explanation, _ engine: Engine, leg: Int?) -> ExplainedOrder {
        let snapshot = engine.preview(of: explanation.admission)
        return ExplainedOrder(
            explanation: explanation,
            instruments: explanation.admission.legs.indices.map {
                engine.instruments[Int(explanation.admission.instrument(ofLeg: $0))].instrument
            },
            symbols: snapshot.legs.map(\.symbol),
            accounts: explanation.admission.legs.map { engine.accounts[Int($0.account)].account },
            recorded: snapshot.legs.map(\.reject), leg: leg)
    }

    // MARK: Simulation

    package struct SimulatedLeg: Sendable {
        package var difference: SimulationResult.Difference
        package var account: AccountID
        package var instrument: InstrumentEntry
    }

    /// Judges the orders of a past window by other limits. The journal is replayed once, away from the decisions of the
    /// present. One at a time.
    package func simulate(
        _ document: RiskDocument, window: Simulation.Window, maximumLegs: Int
    ) async throws(GatewayError) -> (result: SimulationResult, legs: [SimulatedLeg]) {
        let (version, accounts) = state.withLockedValue { ($0.engine.riskHistory.current, $0.engine.liveAccounts) }
        let limits = document.standingLimits(version: version, accounts: accounts)
        let fresh = freshEngine()
        return try await replaying { storage throws(StoreFailure) in
            var simulation = Simulation(fresh, limits: limits, window: window, maximumLegs: maximumLegs)
            try Self.replay(storage) { event in
                simulation.apply(event)
                return true
            }
            let result = simulation.result
            return (
                result,
                result.differences.map {
                    SimulatedLeg(
                        difference: $0, account: simulation.account($0.account).id,
                        instrument: simulation.instrument($0.instrument))
                }
            )
        }
    }

    /// Plays a story against a copy of the present state; nothing is kept or sent.
    ///
    /// - Parameter document: `nil` = the limits in force.
    package func play(
        _ scenario: Scenario, symbols: [InstrumentID], document: RiskDocument?
    ) throws(GatewayError) -> [Scenario.Outcome] {
        var engine = state.withLockedValue { $0.engine }
        for symbol in symbols where engine.instrumentNumber(symbol) == nil {
            guard let record = market.record(symbol) else { continue }
            engine.apply(.instrumentDefined(number: Int32(engine.instruments.count), record))
        }
        let limits = document?.standingLimits(version: engine.riskVersion, accounts: engine.liveAccounts)
        do {
            return try engine.play(scenario, limits: limits, now: clock.wall())
        } catch {
            throw .refused(error)
        }
    }

    // MARK: Replay

    /// An engine before the first event, with the calendar that is known.
    private func freshEngine() -> Engine {
        state.withLockedValue { state in
            var engine = Engine(clientOrderIDPrefix: state.engine.clientOrderIDPrefix)
            engine.setCalendar(state.engine.calendar)
            engine.setCurrencyRates(state.engine.currencyRates)
            return engine
        }
    }

    /// The limits of a version for the accounts there are; `nil` where its text is no longer kept.
    private func standingLimits(version: Int64) -> RiskLimits? {
        let (text, accounts) = state.withLockedValue { state in
            (state.engine.riskHistory.document(of: version), state.engine.liveAccounts)
        }
        guard let text, let document = try? RiskDocument(text, file: "version \(version)") else { return nil }
        return document.standingLimits(version: version, accounts: accounts)
    }

    /// Runs one replay at a time on a thread of the pool.
    private func replaying<Result: Sendable>(
        _ body: @escaping @Sendable (any JournalStorage) throws(StoreFailure) -> Result
    ) async throws(GatewayError) -> Result {
        guard
            state.withLockedValue({ state in
                defer { state.isReplaying = true }
                return !state.isReplaying
            })
        else { throw .overloaded }
        defer { state.withLockedValue { $0.isReplaying = false } }
        try await settle()
        return try await onReader { try body($0) }
    }

    /// Hands out every event of the journal, in order, until `body` answers `false`.
    private static func replay(
        _ storage: any JournalStorage, _ body: (Event) -> Bool
    ) throws(StoreFailure) {
        do {
            try storage.forEachRecord(from: 1) { record in
                for event in try JournalCoder.events(record) where !body(event) { throw ReplayEnd() }
            }
        } catch let failure as StoreFailure {
            throw failure
        } catch is ReplayEnd {
            return
        } catch {
            throw .invalidValue(field: "journal", value: "\(error)", expected: "records that this gateway wrote")
        }
    }

    private struct ReplayEnd: Error {}
}
