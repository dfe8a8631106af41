import Faults
import GRDB
import GRDBSQLite

/// How many rows each table has.
package struct StoreCounts: Hashable, Sendable {
    package var records: Int
    package var runs: Int
    package var legs: Int
    package var executions: Int
    package var idempotencyKeys: Int
    package var keyValues: Int
}

/// What a backup holds.
package struct BackupReceipt: Hashable, Sendable {
    package var path: String
    /// The last record in it.
    package var lastSequence: UInt64
    package var bytes: Int64
}

extension Store {
    /// What SQLite finds wrong with the file, its indexes and its rules; at most `limit` findings, none for a sound one.
    /// Reads the whole file.
    package func integrityFindings(limit: Int) throws(StoreFailure) -> [String] {
        try translatingErrors {
            try pool.read { database in
                let found = try String.fetchAll(database, sql: "PRAGMA integrity_check(\(max(1, limit)))")
                return found == ["ok"] ? [] : found
            }
        }
    }

    /// Hands over every stored idempotency key, in no order that means anything.
    package func forEachIdempotency(_ body: (IdempotencyRow) -> Void) throws(StoreFailure) {
        try read { database throws(StoreFailure) in
            var statement = try RawStatement(
                database, "SELECT caller, key, fingerprint, subject, created_at FROM idempotency")
            while try statement.next() {
                body(
                    IdempotencyRow(
                        caller: statement.text(0), key: statement.text(1), fingerprint: statement.bytes(2),
                        subject: statement.text(3), createdAt: statement.timestamp(4)))
            }
        }
    }

    /// Counts by walking the smallest index of each table: some milliseconds a million rows.
    package func counts() throws(StoreFailure) -> StoreCounts {
        try read(isolated: true) { database throws(StoreFailure) in
            func count(_ table: String) throws(StoreFailure) -> Int {
                var statement = try RawStatement(database, "SELECT count(*) FROM \(table)")
                guard try statement.next() else { return 0 }
                defer { statement.reset() }
                return Int(statement.integer(0))
            }
            return StoreCounts(
                records: try count("journal"), runs: try count("run"), legs: try count("leg"),
                executions: try count("execution"), idempotencyKeys: try count("idempotency"),
                keyValues: try count("key_value"))
        }
    }

    /// Carries over into the database what the log holds, as far as no reading needs it there, so that a later commit
    /// need not. Commits wait meanwhile, some milliseconds a few thousand pages: call it when nothing else is to be
    /// done.
    ///
    /// - Returns: the pages of log that could not be carried over.
    @discardableResult
    package func checkpoint() throws(StoreFailure) -> Int {
        try write { database throws(StoreFailure) in
            var logged: CInt = 0
            var carried: CInt = 0
            let code = sqlite3_wal_checkpoint_v2(
                database.sqliteConnection, nil, SQLITE_CHECKPOINT_PASSIVE, &logged, &carried)
            guard code == SQLITE_OK else { throw StoreFailure(lastErrorOf: database.sqliteConnection) }
            return Int(max(0, logged - carried))
        }
    }

    /// Carries the whole log over before closing. The pool closes its writer first, and the readers that close after it
    /// may not write; without this the next opening, and whoever copies the file, would need the log too. A stopped
    /// store leaves its log as it is, for the next opening to judge.
    func emptyLog() throws(StoreFailure) {
        if stopCause != nil { return }
        FaultPoint.hit(.logEmptying)
        try translatingErrors {
            try pool.writeWithoutTransaction { database in
                let connection = database.sqliteConnection
                let code = sqlite3_wal_checkpoint_v2(connection, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
                // Busy: another process reads the file. The log stays, and nothing is lost.
                guard code == SQLITE_OK || code == SQLITE_BUSY else { throw StoreFailure(lastErrorOf: connection) }
            }
        }
        FaultPoint.hit(.logEmptied)
    }
}
