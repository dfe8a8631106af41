import GRDB

extension Store {
    /// Seconds for which an opening waits for a stranger's lock. A monitor or a backup that reads the file just when it is
    /// opened after a crash takes the lock for a moment, to read what is left of the log: no reason not to start.
    static let patience = 2.0

    static func open(_ path: String, isReadOnly: Bool = false) throws(StoreFailure) -> DatabasePool {
        var configuration = Configuration()
        configuration.readonly = isReadOnly
        configuration.label = "sluice"
        configuration.maximumReaderCount = readers
        configuration.persistentReadOnlyConnections = true
        configuration.busyMode = .timeout(patience)
        // A transaction that cannot even be rolled back stops the store; it is no reason to trap.
        configuration.allowsUnsafeTransactions = true
        configuration.prepareDatabase { database in
            try database.execute(
                sql: """
                    PRAGMA trusted_schema = OFF;
                    PRAGMA cell_size_check = ON;
                    PRAGMA temp_store = MEMORY;
                    PRAGMA cache_size = -4096;
                    """)
        }
        let opened = configuration
        return try translatingErrors { try DatabasePool(path: path, configuration: opened) }
    }

    static func quickCheck(_ pool: DatabasePool, path: String) throws(StoreFailure) {
        let findings = try translatingErrors {
            try pool.writeWithoutTransaction { try String.fetchAll($0, sql: "PRAGMA quick_check(10)") }
        }
        guard findings == ["ok"] else { throw .damaged(path: path, findings: findings) }
    }

    /// The pool has set its writer to `synchronous = NORMAL`, which may lose the last commits with the power.
    static func setUpWriter(_ pool: DatabasePool) throws(StoreFailure) {
        try translatingErrors {
            try pool.writeWithoutTransaction { database in
                try database.execute(
                    sql: """
                        PRAGMA synchronous = FULL;
                        PRAGMA cache_size = -32768;
                        PRAGMA wal_autocheckpoint = \(checkpointPages);
                        PRAGMA journal_size_limit = 67108864;
                        """)
            }
        }
        let found = try settings(pool)
        guard found.synchronous == 2 else {
            throw .setting(name: "synchronous", expected: "2", found: "\(found.synchronous)")
        }
        guard found.journalMode == "wal" else {
            throw .setting(name: "journal_mode", expected: "wal", found: found.journalMode)
        }
    }

    static func migrate(_ pool: DatabasePool, path: String) throws(StoreFailure) {
        try refuseNewer(pool, path: path)
        try translatingErrors { try Schema.migrator.migrate(pool) }
    }

    static func refuseNewer(_ pool: DatabasePool, path: String) throws(StoreFailure) {
        let migrator = Schema.migrator
        let unknown = try translatingErrors {
            try pool.read { database in
                try migrator.hasBeenSuperseded(database)
                    ? migrator.appliedIdentifiers(database).subtracting(migrator.migrations).sorted() : []
            }
        }
        guard unknown.isEmpty else { throw .newerDatabase(path: path, migrations: unknown) }
    }

    /// The last record, which must be the one that was written last: from a journal that was cut off, orders that are at
    /// their brokers would be unknown.
    static func checkedHead(_ pool: DatabasePool, path: String) throws(StoreFailure) -> ChainAnchor {
        let (found, noted) = try translatingErrors { try pool.read { try readHead($0) } }
        guard noted ?? ChainAnchor.beginning.description == found.description else {
            throw .brokenChain(path: path, noted: noted ?? "nothing", found: found.description)
        }
        return found
    }

    /// From here on a stranger's lock fails a commit at once: orders wait for it, and this store is the only writer.
    static func endPatience(_ pool: DatabasePool) throws(StoreFailure) {
        try translatingErrors { try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA busy_timeout = 0") } }
    }

    private static func settings(_ pool: DatabasePool) throws(StoreFailure) -> StoreSettings {
        try translatingErrors {
            try pool.writeWithoutTransaction { database in
                StoreSettings(
                    journalMode: try String.fetchOne(database, sql: "PRAGMA journal_mode") ?? "nothing",
                    synchronous: try Int.fetchOne(database, sql: "PRAGMA synchronous") ?? -1)
            }
        }
    }

    /// Migrations of this build that the file lacks: it was written by an older one and not opened since.
    package func pendingMigrations() throws(StoreFailure) -> [String] {
        try translatingErrors {
            try pool.read { database in
                let applied = try Schema.migrator.appliedIdentifiers(database)
                return Schema.migrator.migrations.filter { !applied.contains($0) }
            }
        }
    }

    /// The settings that durability rests on, read from the writer connection now.
    package func settings() throws(StoreFailure) -> StoreSettings { try Store.settings(pool) }
}

/// What `PRAGMA journal_mode` and `PRAGMA synchronous` answer: `wal` and 2 in a store that keeps its word.
package struct StoreSettings: Hashable, Sendable {
    package var journalMode: String
    package var synchronous: Int
}
