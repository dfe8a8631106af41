import Domain
import Engine
import Glibc
package import Logging
import NIOConcurrencyHelpers
package import Store

/// What the background auditor has come to.
package struct AuditState: Sendable {
    /// The record that was looked at last.
    package var anchor: ChainAnchor
    /// Durable records that were not looked at yet.
    package var behind: UInt64
    package var records: UInt64 = 0
    package var events: UInt64 = 0
    /// Records of earlier lives, written before the gateway started, whose chain was not walked yet.
    package var earlier: UInt64
    /// Processor time that it has taken, nanoseconds.
    package var processorNanoseconds: Int64 = 0
    /// At most `BackgroundAuditor.maximumFindings`, oldest first.
    package var findings: [String] = []
    package var findingCount: UInt64 = 0
    /// Snapshots that it has written.
    package var snapshots: UInt64 = 0
}

/// Reads what the gateway has made durable, beside it: every record against the chain, the invariants of every run that a
/// record touches, and now and then those of the whole state (RELIABILITY.md §2). It keeps a state of its own, folded from
/// the records alone, so that a difference between the disk and the gateway's memory shows at the stop (V16); that state is
/// also what snapshots are written of, without a pause of the gateway. When nothing new is there to read, it walks the
/// chain of what was written before this process: a start from a snapshot has not read it.
///
/// Its cost is bounded: after a step it rests 100 times as long as the step took of a processor, so it takes at most a
/// hundredth of one and falls behind where more is written; `AuditState.behind` says how far, and nothing queues, since it
/// reads from the disk. It finds and tells, and changes nothing: a finding is logged as an error, counted, and fails the
/// preflight's check of the storage.
package final class BackgroundAuditor: Sendable {
    package static let maximumFindings = 100
    /// Events after which a snapshot is written: what a start reads beside the snapshot.
    package static let snapshotInterval: UInt64 = 500_000
    /// Records after which the whole state is judged.
    package static let wholeInterval: UInt64 = 20_000
    /// Rest after a step, in multiples of the step's processor time.
    package static let restFactor: Int64 = 100
    /// Records that a stop waits for at most, so that it can compare.
    private static let recordsAtStop: UInt64 = 5_000
    private static let idleRest: Int64 = 100_000_000
    private static let shortestRest: Int64 = 1_000_000
    private static let restAfterFailure: Int64 = 1_000_000_000
    private static let longestRest: Int64 = 60_000_000_000

    private let store: Store
    private let logger: Logger
    /// Held for a whole step, which reads and writes the disk: the one thread that steps, and the stop after it.
    private let worker: NIOLockedValueBox<Worker>
    /// What a step left, for whoever asks meanwhile.
    private let published: NIOLockedValueBox<AuditState>
    private let snapshotInterval: UInt64

    private struct Worker {
        var fold: JournalFold
        /// Whether the fold follows the journal; a flaw ends it, as what follows from a flaw is no news.
        var isFolding = true
        var nextClientSequence: UInt64
        var overdue = OverdueOrders()
        var sinceSnapshot: UInt64 = 0
        var lastWhole: UInt64
        /// The chain before the first record of `fold`, walked up to `earlier`, ends at `beginning`.
        var earlier = ChainAnchor.beginning
        let beginning: ChainAnchor
        var state: AuditState
    }

    /// - Parameters:
    ///   - fold: after the record of `anchor`.
    ///   - snapshotInterval: events.
    package init(
        store: Store, fold: JournalFold, anchor: ChainAnchor, logger: Logger,
        snapshotInterval: UInt64 = BackgroundAuditor.snapshotInterval
    ) {
        (self.store, self.logger, self.snapshotInterval) = (store, logger, snapshotInterval)
        let state = AuditState(anchor: anchor, behind: 0, earlier: anchor.sequence)
        worker = NIOLockedValueBox(
            Worker(
                fold: fold, nextClientSequence: fold.engine.firstFreeClientSequence, lastWhole: anchor.sequence,
                beginning: anchor, state: state))
        published = NIOLockedValueBox(state)
    }

    /// As the last step left it. Any thread; never waits for a step.
    package var state: AuditState {
        var state = published.withLockedValue { $0 }
        state.behind = store.lastSequence - min(store.lastSequence, state.anchor.sequence)
        return state
    }

    /// Looks at the next records, a few hundred at most. One thread at a time.
    ///
    /// - Returns: how long to rest before the next step, nanoseconds.
    package func step() -> Int64 {
        let begin = Self.processorTime()
        let upTo = store.lastSequence
        return worker.withLockedValue { worker in
            let isIdle = worker.state.anchor.sequence >= upTo
            var least = Self.shortestRest
            do {
                if isIdle { try walkEarlier(&worker) } else { try follow(upTo, &worker) }
            } catch StoreFailure.closed {
                return Self.longestRest
            } catch {
                tell("what is durable cannot be read: \(error)", &worker)
                least = Self.restAfterFailure
            }
            let taken = max(0, Self.processorTime() - begin)
            worker.state.processorNanoseconds += taken
            published.withLockedValue { $0 = worker.state }
            let rest = min(Self.longestRest, taken.multipliedSaturating(by: Self.restFactor))
            if isIdle, worker.earlier.sequence >= worker.beginning.sequence { least = max(least, Self.idleRest) }
            return max(least, rest)
        }
    }

    /// Whether nothing that it has found speaks against a state of the gateway's memory, after the last record: what is on
    /// the disk makes the same, or it is too far behind to know. Called at the stop, after the stepping thread has ended.
    func confirms(_ snapshot: StateSnapshot) -> Bool {
        worker.withLockedValue { worker in
            do {
                let last = snapshot.anchor.sequence
                guard last - min(last, worker.state.anchor.sequence) <= Self.recordsAtStop else {
                    return worker.state.findingCount == 0
                }
                while worker.state.anchor.sequence < last, worker.isFolding { try follow(last, &worker) }
                if worker.isFolding, worker.state.anchor == snapshot.anchor,
                    worker.fold.engine.stateBytes() != snapshot.state
                {
                    tell("V16: the records up to \(last) give another state than the gateway has come to", &worker)
                }
            } catch {
                tell("what is durable cannot be read: \(error)", &worker)
            }
            published.withLockedValue { $0 = worker.state }
            return worker.state.findingCount == 0
        }
    }

    // MARK: What is new

    private func follow(_ upTo: UInt64, _ worker: inout Worker) throws {
        let portion = try store.verifiedRecords(after: worker.state.anchor, upTo: upTo)
        for finding in portion.findings { tellChain(finding, &worker) }
        guard !portion.records.isEmpty else {
            tellChain(.missing(worker.state.anchor.sequence + 1...upTo), &worker)
            worker.state.anchor = ChainAnchor(sequence: upTo, hash: worker.state.anchor.hash)
            return
        }
        for record in portion.records where worker.isFolding {
            do { try apply(record, &worker) } catch {
                worker.isFolding = false
                tell("record \(record.sequence) cannot be read: \(error)", &worker)
            }
        }
        worker.state.anchor = portion.anchor
        guard worker.isFolding else { return }
        if worker.state.anchor.sequence - worker.lastWhole >= Self.wholeInterval {
            worker.lastWhole = worker.state.anchor.sequence
            let flaws = worker.fold.engine.reservationFlaws() + worker.overdue.flaws(worker.fold.engine)
            for flaw in flaws { tell(flaw, &worker) }
        }
        // A state that has flaws is nothing to start from.
        if worker.sinceSnapshot >= snapshotInterval, worker.state.findingCount == 0 { writeSnapshot(&worker) }
    }

    private func writeSnapshot(_ worker: inout Worker) {
        worker.sinceSnapshot = 0
        do throws(StoreFailure) {
            try store.write(worker.fold.snapshot(after: worker.state.anchor))
            worker.state.snapshots += 1
        } catch {
            // No flaw of what is durable: the next start reads more of it.
            logger.warning("A snapshot was not written", metadata: ["failure": "\(error)"])
        }
    }

    private func apply(_ record: StoredRecord, _ worker: inout Worker) throws {
        worker.overdue.note(record: record.recordedAt)
        let (header, events) = try RecordCodec.decode(record.bytes)
        if header.sequence != record.sequence {
            tell("record \(record.sequence) says itself that it is record \(header.sequence)", &worker)
        }
        var touched: Set<RunID> = []
        for event in events {
            switch event {
            case .runAdmitted(let admission):
                if let flaw = admission.shareFlaw { tell(flaw, &worker) }
                if admission.run != worker.fold.engine.runs.nextRun {
                    tell("run \(admission.run) follows run number \(worker.fold.engine.runs.lastRun)", &worker)
                }
                let count = admission.legs.reduce(UInt64(0)) { $0 + UInt64($1.slices.count) }
                reserve(admission.firstClientSequence, count, admission.run, &worker)
            case .replaceRequested(let run, _, let replacement, _):
                reserve(replacement.clientSequence, 1, run, &worker)
            default: break
            }
            for flaw in HaltedSends.flaws(of: event, worker.fold.engine) { tell(flaw, &worker) }
            let path = StatePath(before: event, worker.fold.engine)
            worker.fold.apply(event, at: record.recordedAt)
            for flaw in path?.flaws(after: event, worker.fold.engine) ?? [] { tell(flaw, &worker) }
            if let run = event.run { touched.insert(run) }
        }
        for run in touched.sorted() {
            if let flaw = worker.fold.engine.quantityFlaw(of: run) { tell(flaw, &worker) }
        }
        worker.state.records += 1
        worker.state.events += UInt64(events.count)
        worker.sinceSnapshot += UInt64(events.count)
    }

    /// V9: a client order number is used once.
    private func reserve(_ first: UInt64, _ count: UInt64, _ run: RunID, _ worker: inout Worker) {
        if first < worker.nextClientSequence { tell("V9: run \(run) uses client order number \(first) again", &worker) }
        worker.nextClientSequence = max(worker.nextClientSequence, first &+ count)
    }

    // MARK: What was before

    private func walkEarlier(_ worker: inout Worker) throws {
        let end = worker.beginning
        guard worker.earlier.sequence < end.sequence else { return }
        let portion = try store.verifiedRecords(after: worker.earlier, upTo: end.sequence)
        for finding in portion.findings { tellChain(finding, &worker) }
        worker.earlier = portion.records.isEmpty ? end : portion.anchor
        if worker.earlier.sequence == end.sequence, worker.earlier.hash != end.hash {
            tellChain(.altered(end.sequence), &worker)
        }
        worker.state.earlier = end.sequence - worker.earlier.sequence
    }

    // MARK: Findings

    private func tellChain(_ finding: ChainFinding, _ worker: inout Worker) {
        worker.isFolding = false
        tell("the chain of records: \(finding)", &worker)
    }

    private func tell(_ finding: String, _ worker: inout Worker) {
        worker.state.findingCount += 1
        let known = worker.state.findings
        guard known.count < Self.maximumFindings, !known.contains(finding) else { return }
        worker.state.findings.append(finding)
        logger.error("The audit found a flaw", metadata: ["finding": "\(finding)"])
    }

    /// Of the calling thread, nanoseconds.
    private static func processorTime() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
