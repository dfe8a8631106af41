import Domain
import Engine
import Faults
import Logging
import Store

extension Gateway {
    /// What the newest snapshot that can be used holds, and the first record that is not in it; an empty state and the
    /// first record of all where there is none. What is not used is named: a start from the whole journal takes longer.
    static func resume(
        _ storage: any JournalStorage, _ prefix: UInt64, _ logger: Logger
    ) throws -> (fold: JournalFold, from: UInt64) {
        let beginning = (fold: JournalFold(clientOrderIDPrefix: prefix), from: UInt64(1))
        guard let store = storage as? Store else { return beginning }
        let (snapshot, refusals) = try store.newestSnapshot(layout: Engine.stateLayout)
        for refusal in refusals {
            logger.warning(
                "A snapshot is not used", metadata: ["snapshot.file": "\(refusal.file)", "reason": "\(refusal.reason)"])
        }
        guard let snapshot else {
            if !refusals.isEmpty {
                logger.warning(
                    "The whole journal is replayed", metadata: ["journal.records": "\(storage.lastSequence)"])
            }
            return beginning
        }
        do throws(EventCodingError) {
            let fold = try JournalFold(clientOrderIDPrefix: prefix, snapshot)
            logger.info(
                "The state of a snapshot is taken",
                metadata: [
                    "journal.sequence": "\(snapshot.anchor.sequence)",
                    "journal.after": "\(storage.lastSequence - snapshot.anchor.sequence)",
                ])
            FaultPoint.hit(.startSnapshotTaken)
            return (fold, snapshot.anchor.sequence + 1)
        } catch {
            logger.error(
                "A snapshot with the right hash cannot be read, so the whole journal is replayed",
                metadata: ["journal.sequence": "\(snapshot.anchor.sequence)", "reason": "\(error)"])
            return beginning
        }
    }

    /// Notes the hash of the state, for a check to compare its replay with (V16), and writes the state itself for the next
    /// start. Called when nothing more can be decided: after the sessions and the gateway's threads have ended.
    package func noteState() {
        guard let store = storage as? Store else { return }
        let fold = state.withLockedValue { state -> JournalFold? in
            guard state.pending.isEmpty, state.durableSequence + 1 == state.pendingSequence else { return nil }
            if case .failed = state.serving { return nil }
            return JournalFold(engine: state.engine, days: closedDays.withLockedValue { $0 })
        }
        guard let fold else { return }
        do throws(StoreFailure) {
            let snapshot = fold.snapshot(after: try store.chainAnchor(of: store.lastSequence) ?? .beginning)
            try store.noteState(snapshot.state, layout: snapshot.layout)
            // A state that what is durable contradicts is nothing to start from.
            guard snapshot.anchor != .beginning, auditor?.confirms(snapshot) ?? true else { return }
            try store.write(snapshot)
        } catch {
            logger.error("The state could not be noted", metadata: ["failure": "\(error)"])
        }
    }
}
