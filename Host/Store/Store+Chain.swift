import GRDB

/// What does not fit in the chain of journal records.
package enum ChainFinding: Hashable, Sendable, CustomStringConvertible {
    /// Records that are not there.
    case missing(ClosedRange<UInt64>)
    /// A record whose bytes, time, number or predecessor are not those that were chained.
    case altered(UInt64)
    /// A record with no number that there can be.
    case impossible(Int64)
    /// The last record is not the one that was written last: the end is cut off, or something was added to it.
    case head(noted: String, found: String)
    /// The record that an anchor names is another one, or is not there.
    case anchor(ChainAnchor)

    /// A stable word.
    package var code: String {
        switch self {
        case .missing: "missing"
        case .altered: "altered"
        case .impossible: "impossible"
        case .head: "head"
        case .anchor: "anchor"
        }
    }

    /// The first record that it is about; 0 where it is about none.
    package var sequence: UInt64 {
        switch self {
        case .missing(let range): range.lowerBound
        case .altered(let sequence): sequence
        case .impossible: 0
        case .head(let noted, _): ChainAnchor(noted)?.sequence ?? 0
        case .anchor(let anchor): anchor.sequence
        }
    }

    package var description: String {
        switch self {
        case .missing(let range) where range.count == 1: "record \(range.lowerBound) is missing"
        case .missing(let range): "records \(range.lowerBound) to \(range.upperBound) are missing"
        case .altered(let sequence): "record \(sequence) was altered, moved or put in another's place"
        case .impossible(let sequence): "a record has the number \(sequence)"
        case .head(let noted, let found): "the journal ends with \(found), but \(noted) was written last"
        case .anchor(let anchor): "the journal is not the one that the anchor \(anchor) was taken of"
        }
    }
}

/// What verifying the chain came to.
package struct ChainReport: Hashable, Sendable {
    /// Records that were looked at.
    package var records: UInt64 = 0
    /// The last of them.
    package var anchor = ChainAnchor.beginning
    /// Records up to this one were chained when the database was upgraded: whether they were whole by then cannot be
    /// said. 0 = none.
    package var chainedAtUpgrade: UInt64 = 0
    /// In the journal's order, at most `maximumFindings`.
    package var findings: [ChainFinding] = []
    package var omittedFindings = 0

    package static let maximumFindings = 100
    package var isWhole: Bool { findings.isEmpty }

    mutating func add(_ finding: ChainFinding) {
        if findings.count < Self.maximumFindings { findings.append(finding) } else { omittedFindings += 1 }
    }
}

extension Store {
    static let headName = "journal_head"
    static let upgradedName = "journal_chained_at_upgrade"

    /// Whether the last record is the one that was written last, as it was noted beside it in the same commit.
    static func readHead(_ database: Database) throws(StoreFailure) -> (found: ChainAnchor, noted: String?) {
        var meta = try RawStatement(database, "SELECT value FROM meta WHERE name = ?")
        meta.bind(1, headName)
        let noted = try meta.next() ? meta.text(0) : nil
        meta.reset()
        var last = try RawStatement(database, "SELECT sequence, chain FROM journal ORDER BY sequence DESC LIMIT 1")
        guard try last.next() else { return (.beginning, noted) }
        defer { last.reset() }
        return (ChainAnchor(sequence: UInt64(clamping: last.integer(0)), hash: last.bytes(1)), noted)
    }

    /// Records up to this one were chained when the database was upgraded; 0 = it was made with the chain.
    package func chainedAtUpgrade() throws(StoreFailure) -> UInt64 {
        try meta(Store.upgradedName).flatMap { UInt64($0) } ?? 0
    }

    /// Walks all records and compares each with its hash and with the record before it, in bounded memory. Commits go on
    /// meanwhile; what they add is not looked at.
    ///
    /// - Parameter anchor: what an earlier verification printed and somebody kept elsewhere.
    package func verifyChain(against anchor: ChainAnchor? = nil) throws(StoreFailure) -> ChainReport {
        var report = ChainReport()
        let (head, noted) = try read(isolated: true) { database throws(StoreFailure) in try Store.readHead(database) }
        report.chainedAtUpgrade = try chainedAtUpgrade()
        let hasher = try ChainHash()
        var isAnchorFound = anchor == nil || anchor == .beginning
        while let rows = try chained(after: report.anchor, upTo: head.sequence, hasher) {
            for row in rows {
                report.records += 1
                guard row.sequence > 0 else {
                    report.add(.impossible(row.sequence))
                    continue
                }
                let sequence = UInt64(row.sequence)
                if sequence > report.anchor.sequence + 1 {
                    report.add(.missing(report.anchor.sequence + 1...sequence - 1))
                }
                if !row.isWhole { report.add(.altered(sequence)) }
                report.anchor = ChainAnchor(sequence: sequence, hash: row.hash)
                if report.anchor == anchor { isAnchorFound = true }
            }
        }
        if noted ?? ChainAnchor.beginning.description != head.description {
            report.add(.head(noted: noted ?? "nothing", found: head.description))
        }
        if !isAnchorFound, let anchor { report.add(.anchor(anchor)) }
        return report
    }

    /// The records after one of the chain, each compared with its hash and with the one before it: at most
    /// `portionRecords`, or about `portionBytes`.
    ///
    /// - Parameter upTo: no record beyond this one.
    package func verifiedRecords(
        after anchor: ChainAnchor, upTo last: UInt64
    ) throws(StoreFailure) -> (records: [JournalRecord], anchor: ChainAnchor, findings: [ChainFinding]) {
        guard anchor.sequence < last else { return ([], anchor, []) }
        let hasher = try ChainHash()
        return try read { database throws(StoreFailure) in
            var statement = try RawStatement(
                database,
                """
                SELECT sequence, recorded_at, format_version, bytes, chain, checksum FROM journal
                WHERE sequence > ? AND sequence <= ? ORDER BY sequence
                """)
            statement.bind(1, Int64(clamping: anchor.sequence))
            statement.bind(2, Int64(clamping: last))
            defer { statement.reset() }
            var (records, size): ([JournalRecord], Int) = ([], 0)
            var (now, findings): (ChainAnchor, [ChainFinding]) = (anchor, [])
            while records.count < Store.portionRecords, size < Store.portionBytes, try statement.next() {
                let record = JournalRecord(
                    sequence: UInt64(clamping: statement.integer(0)), recordedAt: statement.timestamp(1),
                    formatVersion: UInt32(clamping: statement.integer(2)), bytes: statement.bytes(3))
                let stored = statement.bytes(4)
                if record.sequence > now.sequence + 1 {
                    findings.append(.missing(now.sequence + 1...record.sequence - 1))
                }
                let checksum = record.bytes.withUnsafeBytes { bytes in
                    Checksum.of(
                        sequence: statement.integer(0), recordedAt: statement.integer(1),
                        formatVersion: statement.integer(2), bytes: bytes)
                }
                if try hasher.of(record, previous: now.hash) != stored || Int64(checksum) != statement.integer(5) {
                    findings.append(.altered(record.sequence))
                }
                now = ChainAnchor(sequence: record.sequence, hash: stored)
                size += record.bytes.count
                records.append(record)
            }
            return (records, now, findings)
        }
    }

    private struct ChainedRow {
        var sequence: Int64
        var hash: [UInt8]
        /// It is what its hash was made of, together with the hash of the row before it.
        var isWhole: Bool
    }

    /// The next portion of rows; `nil` at the end. A row after a gap is compared with the row before the gap, and so is
    /// never whole.
    private func chained(
        after anchor: ChainAnchor, upTo last: UInt64, _ hasher: ChainHash
    ) throws(StoreFailure) -> [ChainedRow]? {
        // Before the first row also numbers below 1 are looked for.
        let (after, last) = (anchor.sequence == 0 ? Int64.min : Int64(clamping: anchor.sequence), Int64(clamping: last))
        return try read { database throws(StoreFailure) in
            var statement = try RawStatement(
                database,
                """
                SELECT sequence, recorded_at, format_version, bytes, chain, checksum FROM journal
                WHERE sequence > ? AND sequence <= ? ORDER BY sequence
                """)
            statement.bind(1, after)
            statement.bind(2, last)
            defer { statement.reset() }
            var rows: [ChainedRow] = []
            var (previous, bytes) = (anchor.hash, 0)
            while rows.count < Store.portionRecords, bytes < Store.portionBytes, try statement.next() {
                let sequence = statement.integer(0)
                let stored = statement.bytes(4)
                let (time, version) = (statement.integer(1), statement.integer(2))
                let (made, checksum) = try statement.withBytes(3) { buffer throws(StoreFailure) in
                    bytes += buffer.count
                    return (
                        try hasher.of(
                            previous: previous, sequence: sequence, recordedAt: time, formatVersion: version,
                            bytes: buffer),
                        Checksum.of(sequence: sequence, recordedAt: time, formatVersion: version, bytes: buffer)
                    )
                }
                let isWhole = made == stored && Int64(checksum) == statement.integer(5)
                rows.append(ChainedRow(sequence: sequence, hash: stored, isWhole: isWhole))
                previous = stored
            }
            return rows.isEmpty ? nil : rows
        }
    }
}

// MARK: The state at a stop

/// The hash of the state that a gateway had come to when it stopped.
package struct NotedState: Hashable, Sendable {
    /// Of the bytes that were hashed: only equal ones can be compared.
    package var layout: Int
    package var anchor: ChainAnchor
}

extension Store {
    private static let stateName = "journal_state"

    /// Notes what the last record has led to, for whoever replays the journal to compare with. Durable on return.
    package func noteState(_ bytes: [UInt8], layout: Int) throws(StoreFailure) {
        let anchor = ChainAnchor(sequence: lastSequence, hash: try Store.stateHash(bytes))
        try setMeta(Store.stateName, to: "\(layout)/\(anchor)")
    }

    package func notedState() throws(StoreFailure) -> NotedState? {
        guard let text = try meta(Store.stateName), let slash = text.firstIndex(of: "/"),
            let layout = Int(text[..<slash]), let anchor = ChainAnchor(String(text[text.index(after: slash)...]))
        else { return nil }
        return NotedState(layout: layout, anchor: anchor)
    }

    package static func stateHash(_ bytes: [UInt8]) throws(StoreFailure) -> [UInt8] { try ChainHash.of(bytes) }
}
