import Domain
import Faults
import GRDB
import GRDBSQLite

extension Store: JournalStorage {
    package func commit(_ batch: CommitBatch) throws(StoreFailure) {
        try write(stopsOnAnyFailure: true) { database throws(StoreFailure) in
            let next = lastSequence + 1
            guard batch.record.sequence == next else {
                throw .sequence(expected: next, found: batch.record.sequence)
            }
            FaultPoint.hit(.commitBegun)
            let head = try Store.inTransaction(database) { database throws(StoreFailure) in
                let head = try Store.insert(batch.record, after: state.withLockedValue { $0.head }, database)
                FaultPoint.hit(.commitRecordWritten)
                try Store.project(batch, database)
                FaultPoint.hit(.commitProjected)
                try Store.insert(batch.idempotency, database)
                FaultPoint.hit(.commitIdempotencyWritten)
                try Store.apply(batch.keyValues, database)
                FaultPoint.hit(.commitKeyValuesWritten)
                try Store.apply(batch.keys, database)
                try Store.apply(batch.meta + [MetaWrite(name: Store.headName, value: head.description)], database)
                FaultPoint.hit(.commitHeadNoted)
                return head
            }
            FaultPoint.hit(.commitReturned)
            state.withLockedValue { ($0.lastSequence, $0.head) = (next, head.hash) }
        }
    }
}

// MARK: - Rows

extension Store {
    /// Writes what a record makes of the tables that are derived from the journal alone.
    static func project(_ batch: CommitBatch, _ database: Database) throws(StoreFailure) {
        try upsert(batch.runs, database)
        try upsert(batch.legs, database)
        try insert(batch.executions, database)
        try insert(batch.touchedRuns, sequence: batch.record.sequence, database)
    }

    /// - Returns: where the chain stands with it.
    private static func insert(
        _ record: JournalRecord, after previous: [UInt8], _ database: Database
    ) throws(StoreFailure) -> ChainAnchor {
        guard record.bytes.count <= JournalRecord.maximumBytes else {
            throw .invalidValue(
                field: "record.bytes", value: "\(record.bytes.count) bytes",
                expected: "at most \(JournalRecord.maximumBytes)")
        }
        guard let sequence = Int64(exactly: record.sequence) else {
            throw .invalidValue(field: "sequence", value: "\(record.sequence)", expected: "at most \(Int64.max)")
        }
        var statement = try RawStatement(database, "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?)")
        let version = Int64(record.formatVersion)
        let hash = try ChainHash().of(record, previous: previous)
        statement.bind(6, hash)
        let code = record.bytes.withUnsafeBytes { bytes in
            let checksum = Checksum.of(
                sequence: sequence, recordedAt: record.recordedAt.nanoseconds, formatVersion: version, bytes: bytes)
            statement.bind(1, sequence)
            statement.bind(2, record.recordedAt)
            statement.bind(3, version)
            statement.bind(4, Int64(checksum))
            statement.bindBorrowed(5, bytes)
            defer { statement.bind(5, nil as Int64?) }
            return statement.runReportingCode()
        }
        guard code == SQLITE_OK else { throw statement.failure(code) }
        return ChainAnchor(sequence: record.sequence, hash: hash)
    }

    private static func upsert(_ rows: [RunRow], _ database: Database) throws(StoreFailure) {
        if rows.isEmpty { return }
        var statement = try RawStatement(
            database,
            """
            INSERT INTO run VALUES (?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (run_number) DO UPDATE
            SET status = excluded.status, updated_at = excluded.updated_at, body = excluded.body
            WHERE group_id IS excluded.group_id AND account_id IS excluded.account_id
                AND created_at = excluded.created_at
            """)
        for row in rows {
            statement.bind(1, try row.run.rowNumber)
            statement.bind(2, row.groupID?.rawValue)
            statement.bind(3, row.accountID?.rawValue)
            statement.bind(4, row.status)
            statement.bind(5, row.createdAt)
            statement.bind(6, row.updatedAt)
            statement.bind(7, row.body)
            try statement.run()
            guard statement.changes == 1 else {
                throw .contradiction(
                    subject: "run \(row.run)", problem: "is stored with another group, account or creation time")
            }
        }
    }

    private static func upsert(_ rows: [LegRow], _ database: Database) throws(StoreFailure) {
        if rows.isEmpty { return }
        var statement = try RawStatement(
            database,
            """
            INSERT INTO leg
                (leg_key, client_order_id, account_id, adapter_id, symbol, side, status, updated_at, body)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (leg_key) DO UPDATE
            SET status = excluded.status, updated_at = excluded.updated_at, body = excluded.body
            WHERE client_order_id = excluded.client_order_id AND account_id = excluded.account_id
                AND adapter_id = excluded.adapter_id AND symbol = excluded.symbol AND side = excluded.side
            """)
        for row in rows {
            statement.bind(1, try row.leg.key)
            statement.bind(2, row.clientOrderID.description)
            statement.bind(3, row.accountID.rawValue)
            statement.bind(4, row.adapterID.rawValue)
            statement.bind(5, row.symbol)
            statement.bind(6, row.side)
            statement.bind(7, row.status)
            statement.bind(8, row.updatedAt)
            statement.bind(9, row.body)
            switch statement.runReportingCode() {
            case SQLITE_OK: break
            case extendedCode(SQLITE_CONSTRAINT, 8):
                throw .duplicateClientOrderID(row.clientOrderID, leg: row.leg)
            case let code: throw statement.failure(code)
            }
            guard statement.changes == 1 else {
                throw .contradiction(
                    subject: "leg \(row.leg)",
                    problem: "is stored with another client order id, account, adapter, symbol or side")
            }
        }
    }

    private static func insert(_ rows: [ExecutionRow], _ database: Database) throws(StoreFailure) {
        if rows.isEmpty { return }
        var statement = try RawStatement(
            database,
            """
            INSERT INTO execution
                (adapter_id, account_id, execution_id, kind, replaces, leg_key, symbol, side, last_quantity,
                last_price, fees, transact_time, recorded_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """)
        for row in rows {
            statement.bind(1, row.adapterID.rawValue)
            statement.bind(2, row.accountID.rawValue)
            statement.bind(3, row.executionID)
            statement.bind(4, row.kind)
            statement.bind(5, row.replaces)
            statement.bind(6, try row.leg?.key)
            statement.bind(7, row.symbol)
            statement.bind(8, row.side)
            statement.bind(9, row.lastQuantity)
            statement.bind(10, row.lastPrice)
            statement.bind(11, row.fees)
            statement.bind(12, row.transactTime)
            statement.bind(13, row.recordedAt)
            switch statement.runReportingCode() {
            case SQLITE_OK: break
            case extendedCode(SQLITE_CONSTRAINT, 8):
                throw .duplicateExecution(
                    adapterID: row.adapterID, accountID: row.accountID, executionID: row.executionID)
            case let code: throw statement.failure(code)
            }
        }
    }

    private static func insert(
        _ runs: [RunID], sequence: UInt64, _ database: Database
    ) throws(StoreFailure) {
        if runs.isEmpty { return }
        var statement = try RawStatement(database, "INSERT OR IGNORE INTO run_journal VALUES (?, ?)")
        for run in runs {
            statement.bind(1, try run.rowNumber)
            statement.bind(2, Int64(sequence))
            try statement.run()
        }
    }

    private static func insert(_ rows: [IdempotencyRow], _ database: Database) throws(StoreFailure) {
        if rows.isEmpty { return }
        var statement = try RawStatement(database, "INSERT INTO idempotency VALUES (?, ?, ?, ?, ?)")
        for row in rows {
            statement.bind(1, row.caller)
            statement.bind(2, row.key)
            statement.bind(3, row.fingerprint)
            statement.bind(4, row.subject)
            statement.bind(5, row.createdAt)
            switch statement.runReportingCode() {
            case SQLITE_OK: break
            case extendedCode(SQLITE_CONSTRAINT, 6):
                throw .duplicateIdempotencyKey(caller: row.caller, key: row.key)
            case let code: throw statement.failure(code)
            }
        }
    }

    /// The extended result codes are macros with an expression in them and do not come across: 6 is the primary key of
    /// a table without row ids, 8 a unique index.
    private static func extendedCode(_ code: CInt, _ detail: CInt) -> CInt { code | detail << 8 }
}
