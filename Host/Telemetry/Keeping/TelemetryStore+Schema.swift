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
                    CREATE TABLE leg_timing (\(legColumns.map { "\($0.name) \($0.type)" }.joined(separator: ", ")),
                        PRIMARY KEY (run, leg)) STRICT, WITHOUT ROWID;
                    CREATE INDEX leg_timing_time ON leg_timing (received_at, run, leg);
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
        ("currency", "TEXT NOT NULL"),
    ]

    static let legColumns: [Column] =
        [("run", "INTEGER NOT NULL"), ("leg", "INTEGER NOT NULL")]
        + Stage.allCases.map { (stageColumn($0), "INTEGER NOT NULL") }
        + [
            ("group_id", "TEXT"), ("account_id", "TEXT NOT NULL"), ("adapter_id", "TEXT NOT NULL"),
            ("strategy", "TEXT"), ("symbol", "TEXT NOT NULL"), ("side", "TEXT NOT NULL"), ("status", "TEXT NOT NULL"),
            ("reject_code", "TEXT"), ("adapter_ns", "INTEGER"), ("wire_ns", "INTEGER"), ("network_ns", "INTEGER"),
            ("broker_ns", "INTEGER"), ("waits", "TEXT"), ("retries", "INTEGER NOT NULL"), ("send_rank", "INTEGER"),
            ("weight", "INTEGER NOT NULL"), ("allocated_quantity", "TEXT NOT NULL"),
            ("ordered_quantity", "TEXT NOT NULL"), ("cumulative_quantity", "TEXT NOT NULL"), ("average_price", "TEXT"),
            ("slippage", "TEXT"), ("slippage_cost", "TEXT"),
        ]

    /// `received_at` … `done_at`.
    static func stageColumn(_ stage: Stage) -> String { "\(stage.rawName)_at" }
}
