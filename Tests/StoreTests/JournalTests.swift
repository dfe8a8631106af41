import Domain
import Testing

@testable import Store

@Suite struct JournalTests {
    let temporary: TemporaryDirectory
    let store: Store

    init() throws {
        temporary = try TemporaryDirectory()
        store = try Store(directory: temporary.data)
        try store.tamper("PRAGMA synchronous = OFF")  // many commits, and none of them is about the disk
    }

    private func commit(_ count: UInt64, bytes: Int = 100) throws {
        for sequence in 1...count { try store.commit(Sample.batch(sequence, legs: 0, bytes: bytes)) }
    }

    private func sequences(from first: UInt64) throws -> [UInt64] {
        var found: [UInt64] = []
        try store.forEachRecord(from: first) { found.append($0.sequence) }
        return found
    }

    @Test("Reading from any number gives every record from there on, in order and unchanged")
    func readsInOrder() throws {
        #expect(try sequences(from: 1).isEmpty)
        try commit(40)
        var next: UInt64 = 1
        try store.forEachRecord(from: 0) { record in
            #expect(record == Sample.batch(next, legs: 0).record)
            next += 1
        }
        #expect(next == 41)
        #expect(try sequences(from: 17) == Array(17...40))
        #expect(try sequences(from: 41).isEmpty)
        #expect(try sequences(from: .max).isEmpty)
    }

    @Test("Portions by count and by bytes join without a seam")
    func portions() throws {
        try commit(520, bytes: 0)
        try store.commit(Sample.batch(521, legs: 0, bytes: 5 << 20))
        try store.commit(Sample.batch(522, legs: 0, bytes: 5 << 20))
        try store.commit(Sample.batch(523, legs: 0))
        #expect(try sequences(from: 1) == Array(1...523))
    }

    @Test("What the reader throws ends the reading and comes out")
    func readerThrows() throws {
        struct Enough: Error {}
        try commit(3)
        var seen = 0
        #expect(throws: Enough.self) {
            try store.forEachRecord(from: 1) { _ in
                seen += 1
                if seen == 2 { throw Enough() }
            }
        }
        #expect(seen == 2)
        try store.commit(Sample.batch(4, legs: 0))
    }

    @Test(
        "A record that was changed in any column is reported by number, after the good ones",
        arguments: [
            "bytes = CAST(x'00' || substr(bytes, 2) AS BLOB)", "bytes = substr(bytes, 2)", "bytes = x''",
            "recorded_at = recorded_at + 1", "format_version = 4", "format_version = 4294967296 + format_version",
            "checksum = checksum + 1", "checksum = -1",
        ])
    func corruption(change: String) throws {
        try commit(5)
        try store.tamper("UPDATE journal SET \(change) WHERE sequence = 4")
        var seen: [UInt64] = []
        let failure = #expect(throws: StoreFailure.self) {
            try store.forEachRecord(from: 1) { seen.append($0.sequence) }
        }
        guard case .corruptRecord(sequence: 4, let problem) = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(problem.contains("checksum"))
        #expect(seen == [1, 2, 3])
        #expect(throws: try #require(failure)) { try store.record(4) }
        #expect(try sequences(from: 5) == [5])
    }

    @Test("A missing record is reported by number, the first one of all too", arguments: [1, 3] as [UInt64])
    func missing(sequence: UInt64) throws {
        try commit(5)
        try store.tamper("DELETE FROM journal WHERE sequence = \(sequence)")
        #expect(throws: StoreFailure.corruptRecord(sequence: sequence, problem: "is missing")) {
            try store.forEachRecord(from: 1) { _ in }
        }
        #expect(throws: StoreFailure.corruptRecord(sequence: sequence, problem: "is missing")) {
            try store.forEachRecord(in: [2, sequence]) { _ in }
        }
    }

    @Test("A record moved to another number fails its checksum")
    func moved() throws {
        try commit(3)
        try store.tamper("UPDATE journal SET sequence = -1 WHERE sequence = 2")
        try store.tamper("UPDATE journal SET sequence = 2 WHERE sequence = 3")
        let failure = #expect(throws: StoreFailure.self) { try store.forEachRecord(from: 1) { _ in } }
        guard case .corruptRecord(sequence: 2, _) = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
    }

    @Test("A run's events are found through the records that touched it, each once and in order")
    func recordsOfARun() throws {
        for sequence in 1...1_005 as ClosedRange<UInt64> {
            var batch = Sample.batch(sequence, legs: 0, bytes: 1)
            batch.touchedRuns = sequence % 10 == 0 ? [RunID(number: 8)] : [RunID(number: 7), RunID(number: 7)]
            batch.idempotency = []
            try store.commit(batch)
        }
        var seen: [UInt64] = []
        try store.forEachRecord(of: RunID(number: 8)) { seen.append($0.sequence) }
        #expect(seen == Array(stride(from: 10, through: 1_000, by: 10)))
        #expect(
            try store.journalSequences(of: RunID(number: 7), after: 1_000, limit: 3) == [1_001, 1_002, 1_003])
        #expect(try store.journalSequences(of: RunID(number: 9), limit: 3).isEmpty)
    }

    @Test("The checksum is the common CRC-32, however the bytes are cut")
    func checksum() {
        let bytes = Array("123456789".utf8)
        for cut in 0...bytes.count {
            var checksum = Checksum()
            bytes[..<cut].withUnsafeBytes { checksum.add($0) }
            bytes[cut...].withUnsafeBytes { checksum.add($0) }
            #expect(checksum.value == 0xCBF4_3926)
        }
    }
}
