import GRDB

extension TelemetryStore {
    /// Times are nanoseconds since 1970 and 0 where not reached; durations are nanoseconds; exact numbers are text.
    static func create(_ database: Database) throws {
        // Before the first table: only then does it take effect.
        try database.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL; VACUUM;")
        try database.inTransaction {
            try database.execute(
                sql: """
                    CREATE TABLE process_session (
                        id INTEGER PRIMARY KEY AUTOINCREMENT, started_at INTEGER NOT NULL, ended_at INTEGER,
                        reason TEXT, version TEXT NOT NULL, configuration_hash TEXT NOT NULL) STRICT;
                    CREATE TABLE run_summary (\(runColumns.map { "\($0.name) \($0.type)" }.joined(separator: ", ")),
                        PRIMARY KEY (run)) STRICT;
                    CREATE INDEX run_summary_time ON run_summary (received_at, run);
                    \(legsTable)
                    CREATE TABLE latency_window (
                        minute INTEGER NOT NULL, adapter_id TEXT NOT NULL, account_id TEXT NOT NULL,
                        group_id TEXT NOT NULL, histograms BLOB NOT NULL,
                        PRIMARY KEY (minute, adapter_id, account_id, group_id)) STRICT, WITHOUT ROWID;
                    CREATE TABLE day_result (
                        account_id TEXT NOT NULL, day INTEGER NOT NULL, currency TEXT NOT NULL, minor_units INTEGER,
                        fees INTEGER NOT NULL, at INTEGER NOT NULL, is_closed INTEGER NOT NULL,
                        PRIMARY KEY (account_id, day, currency)) STRICT, WITHOUT ROWID;
                    PRAGMA user_version = \(version);
                    """)
            return .commit
        }
    }

    /// `bytes` as `PackedLegs` makes them.
    private static let legsTable = "CREATE TABLE run_legs (run INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;"

    /// Takes a file of format 1 over, where legs had a row each: they stay where they are, and the background packs them run
    /// by run (`packOldLegs`), so that no start waits for it.
    static func migrate(_ database: Database) throws {
        try database.inTransaction {
            try database.execute(
                sql: """
                    ALTER TABLE run_summary ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
                    DROP INDEX leg_timing_time;
                    \(legsTable)
                    PRAGMA user_version = \(version);
                    """)
            return .commit
        }
    }

    typealias Column = (name: String, type: String)

    /// In the order in which rows are bound and read.
    static let runColumns: [Column] = [
        ("run", "INTEGER NOT NULL"), ("received_at", "INTEGER NOT NULL"), ("admitted_at", "INTEGER NOT NULL"),
        ("durable_at", "INTEGER NOT NULL"), ("first_sent_at", "INTEGER NOT NULL"),
        ("last_sent_at", "INTEGER NOT NULL"), ("done_at", "INTEGER NOT NULL"), ("group_id", "TEXT"),
        ("group_version", "INTEGER NOT NULL"), ("risk_version", "INTEGER NOT NULL"), ("strategy", "TEXT"),
        ("symbol", "TEXT NOT NULL"), ("side", "TEXT"), ("mode", "TEXT NOT NULL"), ("status", "TEXT NOT NULL"),
        ("requested_quantity", "TEXT NOT NULL"), ("unallocated_quantity", "TEXT NOT NULL"),
        ("rotation", "INTEGER NOT NULL"), ("legs", "INTEGER NOT NULL"), ("legs_refused", "INTEGER NOT NULL"),
        ("left_out", "INTEGER NOT NULL"), ("arrival_price", "TEXT"), ("filled_quantity", "TEXT NOT NULL"),
        ("slippage_cost", "TEXT"), ("lowest_price", "TEXT"), ("highest_price", "TEXT"),
        ("currency", "TEXT NOT NULL"), ("updated_at", "INTEGER NOT NULL"),
    ]
}
