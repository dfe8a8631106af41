import Domain
import Foundation
import GRDB
import Glibc
import Testing

@testable import Store

/// The chain of records finds whatever was done to the journal behind the store's back.
@Suite struct ChainTests {
    let temporary: TemporaryDirectory

    init() throws { temporary = try TemporaryDirectory() }

    private func filled(_ records: UInt64) throws -> Store {
        let store = try Store(directory: temporary.data)
        try store.tamper("PRAGMA synchronous = OFF")
        for sequence in 1...records { try store.commit(Sample.batch(sequence, legs: 0, bytes: 40)) }
        return store
    }

    @Test("A journal that nobody touched verifies, and its head is the last record's", arguments: [0, 1, 700])
    func untouched(records: UInt64) throws {
        let store = records == 0 ? try Store(directory: temporary.data) : try filled(records)
        let report = try store.verifyChain()
        #expect(report.isWhole, "\(report.findings)")
        #expect(report.records == records && report.anchor.sequence == records && report.chainedAtUpgrade == 0)
        #expect(try store.verifyChain(against: report.anchor).isWhole)
        #expect(ChainAnchor(report.anchor.description) == report.anchor)
        try store.close()
        let reopened = try Store(directory: temporary.data)
        try reopened.commit(Sample.batch(records + 1, legs: 0))
        let later = try reopened.verifyChain(against: report.anchor)
        #expect(later.isWhole && later.anchor != report.anchor)
    }

    enum Tampering: CaseIterable {
        case byte, time, format, checksum, hash, deletion, swap, wholeSwap, renumber, tail, tailAndHead, copy
    }

    @Test("Any edit, deletion, reordering or cut is found", arguments: Tampering.allCases, 0..<12 as Range<UInt64>)
    func tampering(kind: Tampering, seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let count = UInt64.random(in: 3...30, using: &random)
        let store = try filled(count)
        let anchor = try store.verifyChain().anchor
        let place = UInt64.random(in: 1...count, using: &random)
        let other = (place + UInt64.random(in: 1..<count, using: &random) - 1) % count + 1
        let (first, second) = (min(place, other), max(place, other))
        var expected: (ChainReport) -> Bool = { $0.findings.contains(.altered(place)) }
        func change(_ columns: String, _ sequence: UInt64) throws {
            try store.tamper("UPDATE journal SET \(columns) WHERE sequence = \(sequence)")
        }
        func swap(_ columns: [String]) throws {
            let list = columns.joined(separator: ", ")
            try store.tamper(
                """
                CREATE TEMP TABLE kept AS SELECT sequence, \(list) FROM journal WHERE sequence IN (\(first), \(second));
                UPDATE journal SET (\(list)) = (SELECT \(list) FROM kept WHERE kept.sequence = \(second))
                    WHERE sequence = \(first);
                UPDATE journal SET (\(list)) = (SELECT \(list) FROM kept WHERE kept.sequence = \(first))
                    WHERE sequence = \(second);
                DROP TABLE kept;
                """)
        }
        switch kind {
        case .byte:
            let byte = Int.random(in: 1...40, using: &random)
            try change(
                """
                bytes = CAST(substr(bytes, 1, \(byte - 1)) || x'\(seed % 2 == 0 ? "fe" : "ff")' || substr(bytes, \(byte + 1))
                    AS BLOB)
                """, place)
        case .time: try change("recorded_at = recorded_at + 1", place)
        case .format: try change("format_version = 2", place)
        case .checksum: try change("checksum = checksum + 1", place)
        case .hash: try change("chain = zeroblob(32)", place)
        case .deletion:
            try store.tamper("DELETE FROM journal WHERE sequence = \(place)")
            expected = { $0.findings.contains(place == count ? $0.findings[0] : .missing(place...place)) }
        case .swap:
            try swap(["recorded_at", "format_version", "checksum", "bytes"])
            expected = { $0.findings.contains(.altered(first)) && $0.findings.contains(.altered(second)) }
        case .wholeSwap:
            try swap(["recorded_at", "format_version", "checksum", "bytes", "chain"])
            expected = { $0.findings.contains(.altered(first)) && $0.findings.contains(.altered(second)) }
        case .renumber:
            try change("sequence = sequence + 1000", place)
            expected = { $0.findings.contains(.altered(place + 1_000)) }
        case .tail:
            try store.tamper("DELETE FROM journal WHERE sequence >= \(place)")
            expected = { report in report.findings.contains { $0.code == "head" } }
        case .tailAndHead:
            // Whoever also puts the note of the head right is found by what was written down elsewhere alone.
            try store.tamper(
                """
                DELETE FROM journal WHERE sequence >= \(place);
                DELETE FROM meta WHERE name = 'journal_head';
                """)
            if let last = try store.pool.read({ try Store.readHead($0).found }) as ChainAnchor?, last.sequence > 0 {
                try store.setMeta("journal_head", to: last.description)
            }
            #expect(try store.verifyChain().isWhole)
            expected = { $0.findings == [.anchor(anchor)] }
        case .copy:
            try store.tamper(
                """
                INSERT INTO journal SELECT \(count + 1), recorded_at, format_version, checksum, bytes, chain FROM journal
                    WHERE sequence = \(place)
                """)
            expected = { $0.findings.contains(.altered(count + 1)) }
        }
        let report = try store.verifyChain(against: anchor)
        #expect(!report.isWhole && expected(report), "\(count) records, \(place), \(other): \(report.findings)")
    }

    @Test("A journal written anew from some record on, hashes and all, does not fit the anchor", arguments: 1...6)
    func rewritten(place: Int) throws {
        let store = try filled(6)
        let anchor = try store.verifyChain().anchor
        try store.pool.writeWithoutTransaction { database in
            try database.execute(sql: "UPDATE journal SET recorded_at = recorded_at + 1 WHERE sequence = \(place)")
            let hasher = try ChainHash()
            var previous = ChainHash.beginning
            for row in try Row.fetchAll(database, sql: "SELECT * FROM journal ORDER BY sequence") {
                let record = JournalRecord(
                    sequence: row["sequence"], recordedAt: Timestamp(nanoseconds: row["recorded_at"]),
                    formatVersion: row["format_version"], bytes: Array(row["bytes"] as Data))
                previous = try hasher.of(record, previous: previous)
                let checksum = record.bytes.withUnsafeBytes {
                    Checksum.of(
                        sequence: row["sequence"], recordedAt: row["recorded_at"], formatVersion: row["format_version"],
                        bytes: $0)
                }
                try database.execute(
                    sql: "UPDATE journal SET chain = ?, checksum = ? WHERE sequence = ?",
                    arguments: [Data(previous), Int64(checksum), record.sequence])
            }
            try database.execute(
                sql: "UPDATE meta SET value = ? WHERE name = 'journal_head'",
                arguments: [ChainAnchor(sequence: 6, hash: previous).description])
        }
        #expect(try store.verifyChain().isWhole)
        #expect(try store.verifyChain(against: anchor).findings == [.anchor(anchor)])
    }

    @Test("A store whose journal was cut off does not open, and says where it ended")
    func cutOff() throws {
        let store = try filled(5)
        let head = try store.verifyChain().anchor
        try store.tamper("DELETE FROM journal WHERE sequence = 5")
        let last = try store.pool.read { try Store.readHead($0).found }
        try store.close()
        #expect(
            throws: StoreFailure.brokenChain(
                path: temporary.data + "/sluice.db", noted: head.description, found: last.description)
        ) { try Store(directory: temporary.data) }
        let inspected = try Store(inspecting: temporary.data)
        #expect(try inspected.verifyChain().findings.map(\.code) == ["head"])
        #expect(throws: StoreFailure.self) { try inspected.commit(Sample.batch(5, legs: 0)) }
    }

    @Test("A key and the record of who made it are durable together or not at all")
    func keysInTheBatch() throws {
        let store = try Store(directory: temporary.data)
        let key = KeyRow(
            id: "k1", name: "Asha", secretSHA256: [UInt8](repeating: 7, count: 32), scopes: "read", groups: nil,
            addresses: nil, createdAt: Sample.start)
        var batch = Sample.batch(1, legs: 1)
        batch.keys = [.insert(key)]
        try store.commit(batch)
        batch = Sample.batch(2, legs: 1)
        batch.keys = [.revoke(id: "k1", at: Sample.time(2))]
        try store.commit(batch)
        #expect(try store.key("k1")?.revokedAt == Sample.time(2))
        batch = Sample.batch(3, legs: 1)
        batch.keys = [.revoke(id: "k9", at: Sample.time(3))]
        #expect(throws: StoreFailure.unknownKey(id: "k9")) { try store.commit(batch) }
        #expect(try store.verifyChain().anchor.sequence == 2)
    }

    @Test("What is no anchor is not taken for one", arguments: ["", "5", "5:", ":", "5:ab", "-1:", "+1:", "x:y"])
    func anchors(text: String) { #expect(ChainAnchor(text + (text.hasSuffix(":") ? "zz" : "")) == nil) }
}
