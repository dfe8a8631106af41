import Foundation
import Testing

@testable import Store

/// F34: kill -9 cannot show what a power failure takes, since the kernel keeps what was written and not synced.
@Suite("The power goes")
struct PowerLossTests {
    /// What a store had acknowledged when, and everything that it did to its files.
    private struct History {
        var events: [DiskEvent] = []
        /// Events done when a record's commit returned, by record.
        var acknowledged: [(sequence: UInt64, events: Int)] = []

        func acknowledged(after count: Int) -> UInt64 { acknowledged.last { $0.events <= count }?.sequence ?? 0 }
    }

    /// - Parameter synchronous: what the writer's connection is set to after opening.
    private func history(_ directory: String, synchronous: String? = nil) throws -> History {
        let disk = FaultDisk(directory + "/", isRecording: true)
        let store = try Store(directory: directory)
        if let synchronous { try store.tamper("PRAGMA synchronous = \(synchronous)") }
        try store.tamper("PRAGMA wal_autocheckpoint = 12")
        var history = History()
        for sequence in 1...12 as ClosedRange<UInt64> {
            try store.commit(Batches.batch(sequence))
            history.acknowledged.append((sequence, disk.eventCount))
            if sequence % 5 == 0 { try store.checkpoint() }
        }
        try store.close()
        history.events = disk.events
        return history
    }

    /// - Returns: records that were acknowledged and are gone.
    private func lost(_ history: History, at count: Int, _ directory: String, survives: () -> Bool) throws -> UInt64 {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try PowerLoss(after: history.events.prefix(count), survives: survives).restore(to: directory)
        let store = try Store(directory: directory)
        defer { try? store.close() }
        let flaws = try Batches.flaws(store)
        #expect(flaws.isEmpty, "after \(count) events")
        let acknowledged = history.acknowledged(after: count)
        return acknowledged - min(acknowledged, store.lastSequence)
    }

    @Test(
        "Whatever was acknowledged is there when the power comes back, and the journal ends at a commit",
        arguments: 0..<6 as Range<UInt64>)
    func nothingIsLost(seed: UInt64) throws {
        let workplace = try Workplace()
        let history = try history(workplace.directory("data"))
        var random = SystemlessRandom(seed: seed)
        // Even seeds lose all that was not synced, odd ones a part of it.
        for _ in 0..<12 {
            let count = Int.random(in: 0...history.events.count, using: &random)
            let chance = seed % 2 == 0 ? 0 : UInt64.random(in: 1...9, using: &random)
            let gone = try lost(history, at: count, workplace.directory("lost")) {
                chance > 0 && UInt64.random(in: 0..<10, using: &random) < chance
            }
            #expect(gone == 0, "\(gone) acknowledged records are gone after event \(count) of \(history.events.count)")
        }
    }

    @Test("The model tells a wrong setting: with synchronous = NORMAL acknowledged records are gone")
    func normalLosesRecords() throws {
        let workplace = try Workplace()
        let history = try history(workplace.directory("data"), synchronous: "NORMAL")
        let losses = try history.acknowledged.map { point in
            try lost(history, at: point.events, workplace.directory("lost")) { false }
        }
        #expect(losses.contains { $0 > 0 }, "\(losses)")
    }
}

/// Small and repeatable: a seed replays a test.
struct SystemlessRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_F491_4F6C_DD1D
    }
}
