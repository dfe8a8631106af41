import Domain
import Foundation
import GRDB
import Glibc
import Testing

@testable import Store

/// Every schema that ever left the house opens, keeps what it holds, and goes on.
@Suite struct UpgradeTests {
    let temporary: TemporaryDirectory

    init() throws { temporary = try TemporaryDirectory() }

    /// The tables as version 1 made them, written down here so that a change of the shipped migration is noticed.
    private static let first = """
        CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
        INSERT INTO grdb_migrations VALUES ('1: journal and projections');
        CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE journal (sequence INTEGER PRIMARY KEY, recorded_at INTEGER NOT NULL, format_version INTEGER NOT NULL,
            checksum INTEGER NOT NULL, bytes BLOB NOT NULL) STRICT;
        CREATE TABLE run_journal (run_number INTEGER NOT NULL, sequence INTEGER NOT NULL,
            PRIMARY KEY (run_number, sequence)) STRICT, WITHOUT ROWID;
        CREATE TABLE run (run_number INTEGER PRIMARY KEY, group_id TEXT, account_id TEXT, status TEXT NOT NULL,
            created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
        CREATE INDEX run_by_group ON run (group_id) WHERE group_id IS NOT NULL;
        CREATE TABLE leg (leg_key INTEGER PRIMARY KEY,
            run_number INTEGER NOT NULL GENERATED ALWAYS AS (leg_key >> 20) VIRTUAL,
            leg_index INTEGER NOT NULL GENERATED ALWAYS AS (leg_key & 1048575) VIRTUAL,
            client_order_id TEXT NOT NULL, account_id TEXT NOT NULL, adapter_id TEXT NOT NULL, symbol TEXT NOT NULL,
            side TEXT NOT NULL, status TEXT NOT NULL, updated_at INTEGER NOT NULL, body BLOB NOT NULL) STRICT;
        CREATE UNIQUE INDEX leg_by_client_order_id ON leg (client_order_id);
        CREATE TABLE execution (row_number INTEGER PRIMARY KEY, adapter_id TEXT NOT NULL, account_id TEXT NOT NULL,
            execution_id TEXT NOT NULL, kind TEXT NOT NULL, replaces TEXT, leg_key INTEGER,
            run_number INTEGER GENERATED ALWAYS AS (leg_key >> 20) VIRTUAL,
            leg_index INTEGER GENERATED ALWAYS AS (leg_key & 1048575) VIRTUAL,
            symbol TEXT, side TEXT NOT NULL, last_quantity TEXT NOT NULL, last_price TEXT NOT NULL, fees TEXT NOT NULL,
            transact_time INTEGER, recorded_at INTEGER NOT NULL) STRICT;
        CREATE UNIQUE INDEX execution_by_id ON execution (execution_id, account_id, adapter_id);
        CREATE INDEX execution_by_leg ON execution (leg_key) WHERE leg_key IS NOT NULL;
        CREATE TABLE idempotency (caller TEXT NOT NULL, key TEXT NOT NULL, fingerprint BLOB NOT NULL,
            subject TEXT NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY (caller, key)) STRICT, WITHOUT ROWID;
        CREATE INDEX idempotency_by_time ON idempotency (created_at);
        CREATE TABLE key_value (adapter_id TEXT NOT NULL, account_id TEXT NOT NULL, key TEXT NOT NULL,
            value BLOB NOT NULL, PRIMARY KEY (adapter_id, account_id, key)) STRICT, WITHOUT ROWID;
        CREATE TABLE api_key (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, secret_sha256 BLOB NOT NULL,
            scopes TEXT NOT NULL, groups TEXT, addresses TEXT, created_at INTEGER NOT NULL, expires_at INTEGER,
            revoked_at INTEGER, last_used_at INTEGER) STRICT, WITHOUT ROWID;
        """

    /// A database of version 1 with so many records.
    private func makeFirst(_ records: UInt64, then sql: String = "") throws {
        mkdir(temporary.data, 0o700)
        let queue = try DatabaseQueue(path: temporary.data + "/sluice.db")
        try queue.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;" + Self.first)
            for sequence in 0..<records {
                let record = Sample.batch(sequence + 1, legs: 0).record
                let checksum = record.bytes.withUnsafeBytes {
                    Checksum.of(
                        sequence: Int64(record.sequence), recordedAt: record.recordedAt.nanoseconds,
                        formatVersion: Int64(record.formatVersion), bytes: $0)
                }
                try database.execute(
                    sql: "INSERT INTO journal VALUES (?, ?, ?, ?, ?)",
                    arguments: [
                        record.sequence, record.recordedAt.nanoseconds, record.formatVersion, Int64(checksum),
                        Data(record.bytes),
                    ])
            }
            try database.execute(sql: sql)
        }
        try queue.close()
        chmod(temporary.data + "/sluice.db", 0o600)
    }

    @Test(
        "A database of version 1 opens, its records are chained and unchanged, and it goes on", arguments: [0, 1, 600])
    func fromFirst(records: UInt64) throws {
        try makeFirst(records)
        let store = try Store(directory: temporary.data)
        #expect(store.lastSequence == records)
        let report = try store.verifyChain()
        #expect(report.isWhole && report.records == records && report.chainedAtUpgrade == records)
        var next: UInt64 = 1
        try store.forEachRecord(from: 1) { record in
            #expect(record == Sample.batch(next, legs: 0).record)
            next += 1
        }
        try store.commit(Sample.batch(records + 1, legs: 2))
        #expect(try store.verifyChain().isWhole)
        #expect(try store.pendingMigrations().isEmpty)
    }

    @Test("An upgrade that breaks off leaves the database as it was, to be upgraded later")
    func brokenOff() throws {
        try makeFirst(
            400,
            then:
                "CREATE TRIGGER no BEFORE UPDATE ON journal WHEN new.sequence = 399 BEGIN SELECT raise(FAIL, 'no'); END"
        )
        #expect(throws: StoreFailure.self) { try Store(directory: temporary.data) }
        let inspected = try Store(inspecting: temporary.data)
        #expect(try inspected.pendingMigrations() == ["2: chain of records"])
        #expect(inspected.lastSequence == 400)
        try inspected.close()
        let queue = try DatabaseQueue(path: temporary.data + "/sluice.db")
        try queue.writeWithoutTransaction { database in
            let columns = try String.fetchAll(database, sql: "SELECT name FROM pragma_table_info('journal')")
            #expect(!columns.contains("chain"))
            try database.execute(sql: "DROP TRIGGER no")
        }
        try queue.close()
        #expect(try Store(directory: temporary.data).verifyChain().isWhole)
    }

    @Test("Version 2 differs from version 1 by the column of hashes alone")
    func tables() throws {
        try makeFirst(0)
        func shape(_ store: Store) throws -> [String] {
            try store.pool.read { database in
                try String.fetchAll(
                    database,
                    sql: """
                        SELECT m.name || '.' || p.name || ' ' || p.type || ' ' || p."notnull" || ' ' || p.pk
                        FROM sqlite_schema AS m, pragma_table_xinfo(m.name) AS p WHERE m.type = 'table' ORDER BY m.name, p.cid
                        """)
                    + String.fetchAll(
                        database,
                        sql: "SELECT name || ' on ' || tbl_name FROM sqlite_schema WHERE type = 'index' ORDER BY 1")
            }
        }
        let upgraded = try shape(try Store(directory: temporary.data))
        #expect(try shape(try Store(directory: temporary.path + "/new")) == upgraded)
        #expect(upgraded.contains("journal.chain BLOB 1 0"))
    }

    @Test("A newer database names its version and the one that this build reads")
    func newer() throws {
        let store = try Store(directory: temporary.data)
        try store.tamper("INSERT INTO grdb_migrations VALUES ('7: what is to come')")
        try store.close()
        for open in [{ _ = try Store(directory: $0) }, { _ = try Store(inspecting: $0) }] as [(String) throws -> Void] {
            let failure = #expect(throws: StoreFailure.self) { try open(temporary.data) }
            let text = "\(try #require(failure))"
            #expect(text.contains("its schema is version 7, this build reads up to version 2"), "\(text)")
        }
    }
}
