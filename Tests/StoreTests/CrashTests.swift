import Domain
import Foundation
import Glibc
import NIOConcurrencyHelpers
import Testing

@testable import Store

/// What a crash may take: nothing that was acknowledged, and never part of a batch.
@Suite struct CrashTests {
    let temporary: TemporaryDirectory

    init() throws { temporary = try TemporaryDirectory() }

    /// The store holds batches 1 to `lastSequence` of 9 legs each, whole.
    private func expectWhole(_ store: Store, _ comment: Comment) throws {
        let last = Int(store.lastSequence)
        #expect(
            try store.counts()
                == StoreCounts(
                    records: last, runs: last, legs: last * 9, executions: last * 9, idempotencyKeys: last,
                    keyValues: 0), comment)
        var next: UInt64 = 1
        try store.forEachRecord(from: 1) { record in
            #expect(record.sequence == next, comment)
            next += 1
        }
        #expect(next == store.lastSequence + 1, comment)
        #expect(try store.verifyChain().isWhole, comment)
    }

    @Test("A log cut off or overwritten anywhere leaves a whole number of batches", arguments: 0..<24 as Range<UInt64>)
    func tornLog(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let store = try Store(directory: temporary.data)
        let batches = UInt64.random(in: 1...12, using: &random)
        for sequence in 1...batches {
            try store.commit(Sample.batch(sequence, legs: 9))
            if UInt64.random(in: 0..<8, using: &random) == 0 { try store.checkpoint() }
        }
        let copy = temporary.path + "/copy"
        mkdir(copy, 0o700)
        try put(try #require(contents(temporary.data + "/sluice.db")), into: copy + "/sluice.db")
        var log = try #require(contents(temporary.data + "/sluice.db-wal"))
        let place = Int.random(in: 0..<log.count, using: &random)
        if seed % 2 == 0 { log.removeSubrange(place...) } else { log[place] ^= 0x55 }
        try put(log, into: copy + "/sluice.db-wal")
        chmod(copy + "/sluice.db", 0o600)

        let torn = try Store(directory: copy)
        #expect(torn.lastSequence <= batches)
        try expectWhole(torn, "seed \(seed), \(batches) batches, byte \(place) of \(log.count)")
        try torn.commit(Sample.batch(torn.lastSequence + 1, legs: 9))
    }

    @Test("A copy taken after a commit returned holds that commit")
    func acknowledgedIsOnFile() throws {
        let store = try Store(directory: temporary.data)
        for sequence in 1...5 as ClosedRange<UInt64> {
            try store.commit(Sample.batch(sequence, legs: 9))
            let copy = temporary.path + "/copy\(sequence)"
            mkdir(copy, 0o700)
            for file in ["/sluice.db", "/sluice.db-wal"] {
                try put(try #require(contents(temporary.data + file)), into: copy + file)
                chmod(copy + file, 0o600)
            }
            let reopened = try Store(directory: copy)
            #expect(reopened.lastSequence == sequence)
            try expectWhole(reopened, "after batch \(sequence)")
        }
    }

    @Test("A writer killed in the middle of its work has lost nothing it acknowledged", arguments: 1...4)
    func killedWriter(round: Int) async throws {
        let directory = temporary.data
        await #expect(processExitsWith: .signal(SIGKILL)) { [directory = directory as String, round = round as Int] in
            let store = try Store(directory: directory)
            let acknowledged = open(directory + "/acknowledged", O_WRONLY | O_CREAT, 0o600)
            let progress = NIOLockedValueBox<UInt64>(0)
            let writer = Thread {
                for sequence in 1...100_000 as ClosedRange<UInt64> {
                    try? store.commit(Sample.batch(sequence, legs: 9))
                    var last = store.lastSequence
                    pwrite(acknowledged, &last, 8, 0)
                    progress.withLockedValue { $0 = last }
                }
            }
            writer.start()
            while progress.withLockedValue({ $0 }) < round * 7 { sched_yield() }
            kill(getpid(), SIGKILL)
        }
        let bytes = try #require(contents(directory + "/acknowledged"))
        let acknowledged = bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        let store = try Store(directory: directory)
        #expect(store.lastSequence >= acknowledged)
        #expect(acknowledged >= round * 7)
        try expectWhole(store, "round \(round), acknowledged \(acknowledged)")
    }
}
