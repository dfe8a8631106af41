package import Domain
package import Engine
import Faults
import Instruments
import NIOPosix
import Store

extension Gateway {
    /// What became of a request to place an order.
    package struct Placement: Sendable {
        package var run: RunSnapshot
        /// The state that was asked for is reached.
        package var isReached: Bool
        /// An earlier request with the same key made this run.
        package var isReplay: Bool
    }

    /// Admits a parent order, once for each idempotency key, and waits as asked.
    ///
    /// The answer is durable: nothing it says can be lost by a crash.
    package func place(
        _ order: ParentOrder, by caller: Caller, idempotency: Idempotency, receivedAt: Timestamp,
        wait: WaitLevel = .durable, timeoutMilliseconds: Int64 = 10_000
    ) async throws(GatewayError) -> Placement {
        // The principal, not the key: a rotated key does not make a repeated request a new one.
        let key = KeyMemory.Key(caller: caller.person, key: idempotency.key)
        if let known = try await begin(key, idempotency) {
            guard let id = RunID(known.subject), let run = try await settledRun(id) else {
                throw .keyReused(subject: known.subject)
            }
            let reached = try await waitFor(id, wait, timeoutMilliseconds)
            return Placement(run: try await settledRun(id) ?? run, isReached: reached, isReplay: true)
        }
        let run = try await admit(order, by: caller, key, idempotency, receivedAt: receivedAt)
        guard wait != .durable, !run.status.isTerminal, let id = run.id else {
            return Placement(run: run, isReached: true, isReplay: false)
        }
        let reached = try await waitFor(id, wait, timeoutMilliseconds)
        do throws(GatewayError) {
            return Placement(run: try await settledRun(id) ?? run, isReached: reached, isReplay: false)
        } catch {
            // The disk failed after the admission was durable: the order exists, and saying so is all that is certain.
            return Placement(run: run, isReached: false, isReplay: false)
        }
    }

    /// Allocation and verdicts of a parent order by the code of admission; nothing is kept or sent.
    package func preview(
        _ order: ParentOrder, by caller: Caller, receivedAt: Timestamp
    ) throws(GatewayError) -> RunSnapshot {
        try checkOptions(of: order)
        do {
            return try step { state throws -> RunSnapshot in
                try checkServing(state)
                let instruments = try define(instrumentsOf: order, &state)
                let request = AdmissionRequest(
                    order: order, origin: Origin(caller: caller.keyID, idempotencyKey: ""),
                    authority: caller.authority, receivedAt: receivedAt, instruments: instruments)
                return state.engine.preview(of: try state.engine.decide(request, now: clock.wall()))
            }
        } catch {
            throw translated(error)
        }
    }

    /// One step: decide, keep, and put into the batch. Then wait for the disk.
    private func admit(
        _ order: ParentOrder, by caller: Caller, _ key: KeyMemory.Key, _ idempotency: Idempotency, receivedAt: Timestamp
    ) async throws(GatewayError) -> RunSnapshot {
        let waiter = DurableWaiter()
        var run: RunSnapshot
        do {
            try checkOptions(of: order)
            run = try step { state throws -> RunSnapshot in
                try checkServing(state)
                guard state.waiting < options.maximumWaiting else { throw GatewayError.overloaded }
                let instruments = try define(instrumentsOf: order, &state)
                let request = AdmissionRequest(
                    order: order,
                    origin: Origin(
                        caller: caller.keyID, idempotencyKey: idempotency.key, trace: caller.trace),
                    authority: caller.authority, receivedAt: receivedAt, instruments: instruments)
                let admission = try state.engine.admit(request, now: clock.wall())
                FaultPoint.hit(.admissionDecided)
                record(.runAdmitted(admission), &state)
                remember(admission, caller: key.caller, fingerprint: idempotency.fingerprint, &state)
                FaultPoint.hit(.admissionKept)
                for breach in state.engine.ruleBreaches(admission) { act(on: breach, &state) }
                state.waiting += 1
                state.pending.waiters.append(waiter.resume)
                guard let snapshot = state.engine.snapshot(of: admission.run) else {
                    preconditionFailure("a run that was just admitted is in memory")
                }
                return snapshot
            }
        } catch {
            state.withLockedValue { $0.keys.abandon(key) }
            throw translated(error)
        }
        let failure = await waiter.wait()
        FaultPoint.hit(.admissionDurable)
        state.withLockedValue { state in
            state.waiting -= 1
            if failure == nil, let id = run.id {
                state.keys.finish(key, KeyMemory.Answer(fingerprint: idempotency.fingerprint, subject: id.description))
            } else {
                state.keys.abandon(key)
            }
        }
        if let failure { throw .store(failure) }
        FaultPoint.hit(.admissionAnswered)
        run.markDurable(at: clock.wall())
        return run
    }

    /// Keeps a decision: the run, and what leaves after its commit.
    func keep(_ admission: RunAdmission, caller: String, fingerprint: [UInt8], _ state: inout State) {
        emit(.runAdmitted(admission), &state)
        remember(admission, caller: caller, fingerprint: fingerprint, &state)
    }

    private func remember(_ admission: RunAdmission, caller: String, fingerprint: [UInt8], _ state: inout State) {
        state.pending.idempotency.append(
            IdempotencyRow(
                caller: caller, key: admission.origin.idempotencyKey, fingerprint: fingerprint,
                subject: admission.run.description, createdAt: admission.admittedAt))
    }

    /// Makes an instrument known to the engine by the master's record, with its price.
    func define(_ symbol: InstrumentID, _ state: inout State) throws(GatewayError) {
        let snapshot = market.instruments.snapshot
        guard let index = snapshot.index(of: symbol) else { return }
        if let number = state.engine.instrumentNumber(symbol) {
            if let record = snapshot.record(index) { refresh(number, record, &state) }
            hold(number, index, snapshot, &state)
            return
        }
        guard let record = snapshot.record(index) else { throw .refused(incomplete(symbol, index, snapshot)) }
        let number = Int32(state.engine.instruments.count)
        do {
            _ = try Instrument(record, index: InstrumentIndex(number))
        } catch {
            throw .refused(
                ParentRefusal(
                    code: "unusable_instrument", path: "/symbol", value: symbol.text, message: error.description,
                    remedy: "correct the instrument's record in the overlay file"))
        }
        emit(.instrumentDefined(number: number, record), &state)
        hold(number, index, snapshot, &state)
        if let (price, at) = market.reference(symbol) { state.engine.setReference(number, price: price, at: at) }
    }

    /// Why an instrument that the master knows cannot be counted: nothing of it can be ordered, whatever the side.
    private func incomplete(
        _ symbol: InstrumentID, _ index: InstrumentIndex, _ snapshot: InstrumentSnapshot
    ) -> ParentRefusal {
        let why = snapshot.refusal(index) ?? "its figures are not known"
        if let field = snapshot.missingField(index) {
            return ParentRefusal(
                code: "instrument_no_input", path: "/symbol", value: symbol.text, message: why,
                remedy:
                    "write \(field) of \(symbol) and its source into the file of instruments.overlay and start again")
        }
        if let successor = snapshot.successor(index) {
            return ParentRefusal(
                code: "instrument", path: "/symbol", value: symbol.text, message: why, remedy: "name \(successor)")
        }
        return ParentRefusal(
            code: "instrument", path: "/symbol", value: symbol.text, message: why,
            remedy: "correct the instrument's figures in the file of instruments.overlay and start again")
    }

    /// Takes over new facts of an instrument (day range, freeze quantity, tradability) as long as its scale stays: a
    /// position counted in other steps would be another position.
    private func refresh(_ number: Int32, _ record: InstrumentRecord, _ state: inout State) {
        let known = state.engine.instruments[Int(number)]
        guard known.record != record, let new = try? Instrument(record, index: InstrumentIndex(number)),
            new.hasScale(of: known.instrument)
        else { return }
        emit(.instrumentDefined(number: number, record), &state)
        state.preparedInstruments = state.preparedInstruments.filter { $0.key.instrument != number }
    }

    // MARK: Idempotency

    /// Takes a key for a new request; or finds the answer of an earlier one.
    func begin(_ key: KeyMemory.Key, _ idempotency: Idempotency) async throws(GatewayError) -> KeyMemory.Answer? {
        let known: KeyMemory.Answer
        switch state.withLockedValue({ $0.keys.begin(key) }) {
        case .new:
            FaultPoint.hit(.idempotencyTaken)
            return nil
        case .inFlight: throw .keyInUse
        case .known(let answer): known = answer
        case .askStore:
            let row: IdempotencyRow?
            do {
                row = try await onReader { try $0.idempotency(caller: key.caller, key: key.key) }
            } catch {
                state.withLockedValue { $0.keys.abandon(key) }
                throw error
            }
            guard let row else { return nil }
            known = KeyMemory.Answer(fingerprint: row.fingerprint, subject: row.subject)
            state.withLockedValue { $0.keys.finish(key, known) }
        }
        guard known.fingerprint == idempotency.fingerprint else { throw .keyReused(subject: known.subject) }
        FaultPoint.hit(.idempotencyReplayed)
        return known
    }

    /// Reads the store off the event loops.
    func onReader<Result: Sendable>(
        _ body: @escaping @Sendable (any JournalStorage) throws -> Result
    ) async throws(GatewayError) -> Result {
        let storage = storage
        do {
            if options.readsOnCaller { return try body(storage) }
            return try await NIOThreadPool.singleton.runIfActive { try body(storage) }
        } catch let failure as StoreFailure {
            throw .store(failure)
        } catch {
            throw .notServing("the store cannot be read: \(error)")
        }
    }

    func translated(_ error: any Error) -> GatewayError {
        switch error {
        case let error as GatewayError: error
        case let refusal as ParentRefusal: .refused(refusal)
        case let failure as StoreFailure: .store(failure)
        default: .notServing("\(error)")
        }
    }
}

extension RunSnapshot {
    /// The commit returned: what the record itself says only with its next event.
    mutating func markDurable(at time: Timestamp) {
        for index in legs.indices where legs[index].status != .refused { legs[index].markDurable(at: time) }
    }
}
