import GRDB

/// The tables, by migration. A migration that has left the house is never edited; the next one mends.
///
/// `journal` is the truth, each record with a hash that binds it to the one before (`ChainHash`); the rest is derived
/// from it, but for `meta`, `key_value` and `api_key`. Times are nanoseconds since 1970, decimals are text. What a commit costs is the number of pages it touches, and three choices
/// keep that low:
/// - a leg's key is one integer, `run_number * 2^20 + leg_index`, so that the table is a plain row-id tree that new
///   legs append to, and each index carries eight bytes for its row. `run_number` and `leg_index` are computed columns.
/// - no index by account, symbol or status: a fan-out would touch a page of it for every account, which halves the
///   rate. Lists filtered by those walk the table from its new end, a bounded stretch at a time (`Page`).
/// - `execution_by_id` begins with the execution id, since most brokers count those upwards, and so grows at its end.
enum Schema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: journal and projections") { database in
            try database.execute(sql: first)
        }
        migrator.registerMigration("2: chain of records") { try addChain($0) }
        return migrator
    }

    /// The number that this build's last migration has.
    static var version: Int { migrator.migrations.count }

    /// The number that a migration's name begins with; `nil` for one that was not made here.
    static func version(of migration: String) -> Int? {
        migration.split(separator: ":").first.flatMap { Int($0) }
    }

    private static let first = """
        CREATE TABLE meta (
            name TEXT NOT NULL PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE journal (
            sequence INTEGER PRIMARY KEY,
            recorded_at INTEGER NOT NULL,
            format_version INTEGER NOT NULL,
            checksum INTEGER NOT NULL,
            bytes BLOB NOT NULL
        ) STRICT;

        CREATE TABLE run_journal (
            run_number INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            PRIMARY KEY (run_number, sequence)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE run (
            run_number INTEGER PRIMARY KEY,
            group_id TEXT,
            account_id TEXT,
            status TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        CREATE INDEX run_by_group ON run (group_id) WHERE group_id IS NOT NULL;

        CREATE TABLE leg (
            leg_key INTEGER PRIMARY KEY,
            run_number INTEGER NOT NULL GENERATED ALWAYS AS (leg_key >> 20) VIRTUAL,
            leg_index INTEGER NOT NULL GENERATED ALWAYS AS (leg_key & 1048575) VIRTUAL,
            client_order_id TEXT NOT NULL,
            account_id TEXT NOT NULL,
            adapter_id TEXT NOT NULL,
            symbol TEXT NOT NULL,
            side TEXT NOT NULL,
            status TEXT NOT NULL,
            updated_at INTEGER NOT NULL,
            body BLOB NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX leg_by_client_order_id ON leg (client_order_id);

        CREATE TABLE execution (
            row_number INTEGER PRIMARY KEY,
            adapter_id TEXT NOT NULL,
            account_id TEXT NOT NULL,
            execution_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            replaces TEXT,
            leg_key INTEGER,
            run_number INTEGER GENERATED ALWAYS AS (leg_key >> 20) VIRTUAL,
            leg_index INTEGER GENERATED ALWAYS AS (leg_key & 1048575) VIRTUAL,
            symbol TEXT,
            side TEXT NOT NULL,
            last_quantity TEXT NOT NULL,
            last_price TEXT NOT NULL,
            fees TEXT NOT NULL,
            transact_time INTEGER,
            recorded_at INTEGER NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX execution_by_id ON execution (execution_id, account_id, adapter_id);
        CREATE INDEX execution_by_leg ON execution (leg_key) WHERE leg_key IS NOT NULL;

        CREATE TABLE idempotency (
            caller TEXT NOT NULL,
            key TEXT NOT NULL,
            fingerprint BLOB NOT NULL,
            subject TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            PRIMARY KEY (caller, key)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX idempotency_by_time ON idempotency (created_at);

        CREATE TABLE key_value (
            adapter_id TEXT NOT NULL,
            account_id TEXT NOT NULL,
            key TEXT NOT NULL,
            value BLOB NOT NULL,
            PRIMARY KEY (adapter_id, account_id, key)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE api_key (
            id TEXT NOT NULL PRIMARY KEY,
            name TEXT NOT NULL,
            secret_sha256 BLOB NOT NULL,
            scopes TEXT NOT NULL,
            groups TEXT,
            addresses TEXT,
            created_at INTEGER NOT NULL,
            expires_at INTEGER,
            revoked_at INTEGER,
            last_used_at INTEGER
        ) STRICT, WITHOUT ROWID;
        """
}
