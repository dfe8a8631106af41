import Adapters
import Domain
import Engine
import Faults
import Store

extension Gateway {
    /// Commits the pending batch, if there is one, and hands over what may leave after it. The journal's thread calls it;
    /// a simulation calls it as a step.
    /// - Returns: whether there was anything to do.
    @discardableResult
    package func commitStep() -> Bool {
        let now = clock.wall()
        let taken = state.withLockedValue { state -> (Batch, CommitBatch)? in
            guard !state.pending.isEmpty else { return nil }
            if case .failed(let failure) = state.serving {
                let waiters = state.pending.waiters
                state.pending = Batch()
                for waiter in waiters { waiter(failure) }
                return nil
            }
            let batch = state.pending
            state.pending = Batch()
            // A batch of waiters alone has nothing to write: everything before it is durable already.
            guard !batch.events.isEmpty || !batch.keyValues.isEmpty || !batch.idempotency.isEmpty else {
                return (batch, CommitBatch(record: emptyRecord(at: now)))
            }
            let commit = rows(batch, sequence: state.pendingSequence, at: now, state)
            state.pendingSequence += 1
            return (batch, commit)
        }
        guard let (batch, commit) = taken else { return false }
        FaultPoint.hit(.batchTaken)
        if commit.record.sequence > 0 {
            var commit = commit
            var bytes: [UInt8] = []
            RecordCodec.encode(
                events: batch.events, sequence: commit.record.sequence, at: now, into: &bytes)
            commit.record.bytes = bytes
            FaultPoint.hit(.batchEncoded)
            do throws(StoreFailure) {
                try storage.commit(commit)
            } catch {
                fail(error, batch)
                return true
            }
        }
        let durableAt = clock.wall()
        FaultPoint.hit(.batchDurable)
        let resumes = state.withLockedValue { state -> [@Sendable () -> Void] in
            if commit.record.sequence > 0 { state.durableSequence = commit.record.sequence }
            enqueue(batch, durableAt: durableAt, &state)
            return takeSatisfied(batch.touched, &state, now: durableAt)
        }
        FaultPoint.hit(.batchEnqueued)
        dispatchStep(durableAt: durableAt)
        FaultPoint.hit(.batchDispatched)
        for waiter in batch.waiters { waiter(nil) }
        for resume in resumes { resume() }
        FaultPoint.hit(.batchWaitersTold)
        if commit.record.sequence > 0 { publish(batch, sequence: commit.record.sequence) }
        FaultPoint.hit(.batchPublished)
        return true
    }

    private func emptyRecord(at now: Timestamp) -> StoredRecord {
        StoredRecord(sequence: 0, recordedAt: now, formatVersion: 1, bytes: [])
    }

    /// Fail-stop: nothing of the batch was written, nothing of it is sent, nothing is admitted until a restart rebuilds the
    /// state from what is durable.
    private func fail(_ failure: StoreFailure, _ batch: Batch) {
        logger.critical("Commit failed, admission is stopped", metadata: ["failure": "\(failure)"])
        let (waiters, resumes) = state.withLockedValue { state in
            state.serving = .failed(failure)
            _ = state.outbound.take()
            defer {
                state.pending = Batch()
                state.runWaiters = [:]
            }
            return (batch.waiters + state.pending.waiters, state.runWaiters.values.flatMap { $0.map(\.resume) })
        }
        for waiter in waiters { waiter(failure) }
        for resume in resumes { resume() }
    }

    // MARK: Projections

    /// The projections of a batch: the last state of every run and leg it touched.
    private func rows(_ batch: Batch, sequence: UInt64, at now: Timestamp, _ state: borrowing State) -> CommitBatch {
        var commit = CommitBatch(
            record: StoredRecord(
                sequence: sequence, recordedAt: now,
                formatVersion: UInt32(RecordCodec.formatVersion), bytes: []))
        commit.idempotency = batch.idempotency
        commit.keyValues = batch.keyValues
        commit.keys = batch.keys
        let projection = Projection(batch.events, engine: state.engine)
        commit.touchedRuns = Array(projection.touched)
        (commit.runs, commit.legs, commit.executions) = (projection.runs, projection.legs, projection.executions)
        return commit
    }

    // MARK: Dispatch

    /// Puts what a durable batch lets leave into the outbound queue.
    private func enqueue(_ batch: Batch, durableAt: Timestamp, _ state: inout State) {
        for event in batch.events {
            switch event {
            case .runAdmitted(let admission): enqueue(admission, &state)
            case .cancelRequested(let run, let order, _):
                state.outbound.mutations.append(.cancel(OrderPlace(run: run, order: order)))
            case .replaceRequested(let run, let order, _, _):
                state.outbound.mutations.append(.replace(OrderPlace(run: run, order: order)))
            case .orderResolved(let run, let order, let resolution) where resolution.outcome == .released:
                state.outbound.release(OrderPlace(run: run, order: order))
            default: break
            }
        }
    }

    /// Legs in a rotation of their order, so that the same account is not always first.
    func enqueue(_ admission: RunAdmission, _ state: inout State) {
        guard let run = state.engine.runs[admission.run], !run.legs.isEmpty else { return }
        let deadline = admission.admittedAt.advanced(
            by: admission.order.deadlineMilliseconds.multipliedSaturating(by: 1_000_000))
        let count = run.legs.count
        let first = Int(admission.rotation.magnitude) % count
        for step in 0..<count {
            let index = (first + step) % count
            for order in run.legs[index].orders where run.orders[order].isWaiting {
                state.outbound.append(
                    OutboundQueue.Entry(
                        place: OrderPlace(run: run.id, order: Int32(order)),
                        notBefore: admission.legs[index].heldUntil ?? Timestamp(nanoseconds: .min), deadline: deadline))
            }
        }
    }
}

extension ExecutionReport.Kind {
    var rawName: String {
        switch self {
        case .new: "NEW"
        case .correct: "CORRECT"
        case .bust: "BUST"
        }
    }
}
