import Adapters
package import Domain
package import Engine
import Faults
import Store

extension Gateway {
    /// Ends a run, or one leg of it. Never refused by risk; what has ended stays as it is.
    /// - Returns: the run in the state after the request, which is durable.
    package func cancel(
        _ id: RunID, leg: Int? = nil, by caller: Caller, idempotency: Idempotency
    ) async throws(GatewayError) -> RunSnapshot {
        let subject = leg.map { LegID(run: id, index: $0).description } ?? id.description
        return try await mutate(id, subject: subject, caller, idempotency) { state throws(GatewayError) in
            for event in state.engine.requestCancel(id, leg: leg, by: caller.keyID) { self.emit(event, &state) }
            FaultPoint.hit(.cancelEmitted)
        }
    }

    /// Changes a live order: quantity is the new total, filled part included.
    package func modify(
        _ id: LegID, _ changes: OrderChanges, by caller: Caller, idempotency: Idempotency
    ) async throws(GatewayError) -> RunSnapshot {
        let adapter = adapter(of: id)
        if let options = changes.options, let adapter { try checkOptions(options, of: adapter.loaded) }
        let offer = adapter.map {
            CapabilityDocument.modifyOffer(
                $0.document, canModify: $0.loaded.description.capabilities.contains(.modify))
        }
        return try await mutate(id.run, subject: id.description, caller, idempotency) { state throws(GatewayError) in
            let now = self.clock.wall()
            // What is held back of the instrument may be news since the order was admitted.
            if let run = state.engine.runs[id.run], run.legs.indices.contains(id.index) {
                let instrument = run.admission.instrument(ofLeg: id.index)
                try self.define(state.engine.instruments[Int(instrument)].record.id, &state)
            }
            let result: Result<Event, Engine.RiskRefusal>
            do throws(ParentRefusal) {
                result = try state.engine.requestReplace(
                    id, changes, offer: offer ?? .common, authority: caller.authority, by: caller.keyID, now: now)
            } catch {
                throw .refused(error)
            }
            switch result {
            case .success(let event):
                self.emit(event, &state)
                FaultPoint.hit(.modifyEmitted)
            case .failure(let refusal):
                guard let reject = state.engine.explained(refusal.rejection, leg: id) else {
                    throw .notServing("the order is not in memory")
                }
                throw .risk(reject)
            }
        }
    }

    /// The adapter that an order is at, and what its account's login offers of it. `nil`: neither has been loaded.
    private func adapter(of id: LegID) -> (loaded: LoadedAdapter, document: String?)? {
        state.withLockedValue { state in
            let found = state.engine.runs.look(id.run) { run in
                run.admission.legs.indices.contains(id.index) ? run.admission.legs[id.index].account : nil
            }
            guard let number = found ?? nil else { return nil }
            let account = state.engine.accounts[Int(number)].account
            if let session = state.sessions[account.id]?.session {
                let narrowed = session.status.capabilityDocument
                return (session.adapter, narrowed ?? session.adapter.description.capabilityDocument)
            }
            return state.adapters?.adapter(account.adapter).map { ($0, $0.description.capabilityDocument) }
        }
    }

    /// One idempotent change of a run: checks that the caller may, keeps the key, waits for the disk.
    func mutate(
        _ id: RunID, subject: String, _ caller: Caller, _ idempotency: Idempotency,
        _ body: (inout State) throws(GatewayError) -> Void
    ) async throws(GatewayError) -> RunSnapshot {
        let key = KeyMemory.Key(caller: caller.person, key: idempotency.key)
        if let known = try await begin(key, idempotency) {
            guard known.subject == subject, let run = try await settledRun(id) else {
                throw .keyReused(subject: known.subject)
            }
            return run
        }
        let waiter = DurableWaiter()
        let snapshot: RunSnapshot
        do {
            snapshot = try step { state throws -> RunSnapshot in
                try checkServing(state)
                guard let run = state.engine.runs[id], state.engine.covers(caller.authority, run) else {
                    throw GatewayError.refused(
                        ParentRefusal(
                            .notFound, code: "unknown_run", path: "", value: subject,
                            message: "there is no live run \(subject)",
                            remedy: "GET /api/runs lists runs; ended ones older than the newest cannot be changed"))
                }
                try body(&state)
                state.pending.idempotency.append(
                    IdempotencyRow(
                        caller: key.caller, key: key.key, fingerprint: idempotency.fingerprint, subject: subject,
                        createdAt: clock.wall()))
                state.pending.isUrgent = true
                state.pending.waiters.append(waiter.resume)
                guard let snapshot = state.engine.snapshot(of: id) else {
                    throw GatewayError.notServing("the run is not in memory")
                }
                return snapshot
            }
        } catch {
            state.withLockedValue { $0.keys.abandon(key) }
            throw translated(error)
        }
        if let failure = await waiter.wait() {
            state.withLockedValue { $0.keys.abandon(key) }
            throw .store(failure)
        }
        FaultPoint.hit(.mutationDurable)
        state.withLockedValue {
            $0.keys.finish(key, KeyMemory.Answer(fingerprint: idempotency.fingerprint, subject: subject))
        }
        return snapshot
    }
}
