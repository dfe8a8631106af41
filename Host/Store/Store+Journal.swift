package import Domain

extension Store {
    /// Reads in portions of about this many bytes, so that memory and the time a connection is held stay bounded.
    package static let portionBytes = 4 << 20
    package static let portionRecords = 512

    package func forEachRecord(from sequence: UInt64, _ body: (JournalRecord) throws -> Void) throws {
        var expected = max(1, sequence)
        while true {
            let portion = try portion(from: expected)
            for record in portion.records { try body(record) }
            if let failure = portion.failure { throw failure }
            guard let last = portion.records.last else { return }
            expected = last.sequence + 1
        }
    }

    /// Hands over the records that events of `run` are in, oldest first, one at a time.
    package func forEachRecord(of run: RunID, _ body: (JournalRecord) throws -> Void) throws {
        var after: UInt64 = 0
        while true {
            let sequences = try journalSequences(of: run, after: after, limit: Store.maximumPage)
            try forEachRecord(in: sequences, body)
            guard sequences.count == Store.maximumPage, let last = sequences.last else { return }
            after = last
        }
    }

    /// Hands over the listed records in the list's order, one at a time.
    package func forEachRecord(in sequences: [UInt64], _ body: (JournalRecord) throws -> Void) throws {
        for sequence in sequences {
            guard let record = try record(sequence) else {
                throw StoreFailure.corruptRecord(sequence: sequence, problem: "is missing")
            }
            try body(record)
        }
    }

    /// One record, `nil` where there is none of this number.
    package func record(_ sequence: UInt64) throws(StoreFailure) -> JournalRecord? {
        guard let number = Int64(exactly: sequence) else { return nil }
        return try read { database throws(StoreFailure) in
            var statement = try RawStatement(database, "SELECT \(Store.journalColumns) FROM journal WHERE sequence = ?")
            statement.bind(1, number)
            guard try statement.next() else { return nil }
            defer { statement.reset() }
            return try Store.journalRecord(statement)
        }
    }

    /// Records that were closed at or after `from` and before `to`, newest first.
    ///
    /// - Parameters:
    ///   - before: only records before this number.
    ///   - limit: 1 to `maximumPage`; a page of long records is shorter.
    package func recentRecords(
        before: UInt64? = nil, from: Timestamp? = nil, to: Timestamp? = nil, limit: Int
    ) throws(StoreFailure) -> Page<JournalRecord, UInt64> {
        try Store.checkLimit(limit)
        let page = try read { database throws(StoreFailure) in
            var statement = try RawStatement(
                database,
                "SELECT \(Store.journalColumns) FROM journal WHERE sequence < ? ORDER BY sequence DESC")
            statement.bind(1, Int64(clamping: before ?? .max))
            var bytes = 0
            return try Store.collect(&statement, limit: limit, key: 0, isFull: { bytes >= Store.portionBytes }) {
                row throws(StoreFailure) -> JournalRecord? in
                let time = row.timestamp(1)
                if let from, time < from { return nil }
                if let to, time >= to { return nil }
                let record = try Store.journalRecord(row)
                bytes += record.bytes.count
                return record
            }
        }
        return Page(rows: page.rows, next: page.next.map { UInt64(clamping: $0) })
    }

    /// The numbers of the records with events of `run`, oldest first: at most `limit` (1 to `maximumPage`) after
    /// `after`.
    package func journalSequences(of run: RunID, after: UInt64 = 0, limit: Int) throws(StoreFailure) -> [UInt64] {
        try Store.checkLimit(limit)
        return try read { database throws(StoreFailure) in
            var statement = try RawStatement(
                database,
                "SELECT sequence FROM run_journal WHERE run_number = ? AND sequence > ? ORDER BY sequence LIMIT ?")
            statement.bind(1, try run.rowNumber)
            statement.bind(2, Int64(clamping: after))
            statement.bind(3, Int64(limit))
            var sequences: [UInt64] = []
            while try statement.next() { sequences.append(UInt64(clamping: statement.integer(0))) }
            return sequences
        }
    }

    /// The next records in order, and what stands in the way of more.
    ///
    /// - Parameters:
    ///   - limit: the most records.
    ///   - bytes: no further record once they are this long together.
    package func portion(
        from first: UInt64, limit: Int = Store.portionRecords, bytes bound: Int = Store.portionBytes
    ) throws(StoreFailure) -> (records: [JournalRecord], failure: StoreFailure?) {
        guard let number = Int64(exactly: first) else { return ([], nil) }
        return try read { database throws(StoreFailure) in
            var statement = try RawStatement(
                database, "SELECT \(Store.journalColumns) FROM journal WHERE sequence >= ? ORDER BY sequence")
            statement.bind(1, number)
            defer { statement.reset() }
            var records: [JournalRecord] = []
            var bytes = 0
            while records.count < limit, bytes < bound, try statement.next() {
                let expected = first + UInt64(records.count)
                guard statement.integer(0) == Int64(clamping: expected) else {
                    return (records, .corruptRecord(sequence: expected, problem: "is missing"))
                }
                do throws(StoreFailure) {
                    let record = try Store.journalRecord(statement)
                    bytes += record.bytes.count
                    records.append(record)
                } catch {
                    return (records, error)
                }
            }
            return (records, nil)
        }
    }

    private static let journalColumns = "sequence, recorded_at, format_version, checksum, bytes"

    private static func journalRecord(_ row: RawStatement) throws(StoreFailure) -> JournalRecord {
        let sequence = UInt64(clamping: row.integer(0))
        let computed = row.withBytes(4) { bytes in
            Checksum.of(
                sequence: row.integer(0), recordedAt: row.integer(1), formatVersion: row.integer(2), bytes: bytes)
        }
        guard Int64(computed) == row.integer(3), let version = UInt32(exactly: row.integer(2)) else {
            throw .corruptRecord(
                sequence: sequence, problem: "fails its checksum (stored \(row.integer(3)), computed \(computed))")
        }
        return JournalRecord(
            sequence: sequence, recordedAt: row.timestamp(1), formatVersion: version, bytes: row.bytes(4))
    }
}
