import Domain
import GRDB
import Glibc

/// The master's file, `instruments.db` in the data directory: what a refresh learned, uids that are given once for ever,
/// and the names of yesterday.
///
/// A database of its own: a dump is one transaction of a hundred thousand rows, and the journal's commits, which orders
/// wait for, are not to queue behind it. WAL, `synchronous = FULL`: a uid that was shown is never given again.
/// Names are found by the index in memory (`InstrumentSearch`), not here.
final class InstrumentDatabase: Sendable {
    let path: String
    let pool: DatabasePool

    init(path: String) throws(InstrumentMasterFailure) {
        self.path = path
        // SQLite would create it with the process's mask.
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw InstrumentMasterFailure("\(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        Glibc.close(descriptor)
        do {
            var configuration = Configuration()
            configuration.label = "sluice.instruments"
            configuration.maximumReaderCount = 2
            configuration.busyMode = .timeout(5)
            configuration.prepareDatabase { database in
                try database.execute(
                    sql: "PRAGMA trusted_schema = OFF; PRAGMA temp_store = FILE; PRAGMA cache_size = -4096")
            }
            pool = try DatabasePool(path: path, configuration: configuration)
            let migrator = Self.migrator
            if try pool.read({ try migrator.hasBeenSuperseded($0) }) {
                throw InstrumentMasterFailure("\(path) was written by a later version of the gateway")
            }
            try migrator.migrate(pool)
            // The pool has set NORMAL, which may lose the last commits with the power.
            try pool.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 16777216")
                guard try Int.fetchOne(database, sql: "PRAGMA synchronous") == 2 else {
                    throw InstrumentMasterFailure("\(path): synchronous = FULL is not taken")
                }
            }
        } catch let failure as InstrumentMasterFailure {
            throw failure
        } catch {
            throw InstrumentMasterFailure(
                "\(path) cannot be opened: \(error). It holds the uids of instruments: restore it from a backup, or "
                    + "remove it to begin with new ones")
        }
    }

    func close() throws { try pool.close() }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1 instruments") { database in
            try database.execute(
                sql: """
                    CREATE TABLE instrument(
                        uid INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, isin TEXT,
                        valid_from INTEGER NOT NULL, valid_to INTEGER, named_from INTEGER NOT NULL,
                        renamed_to INTEGER, is_fixed INTEGER NOT NULL DEFAULT 0) STRICT;
                    CREATE INDEX instrument_isin ON instrument(isin) WHERE isin IS NOT NULL;
                    CREATE TABLE source(name TEXT PRIMARY KEY, refreshed_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
                    CREATE TABLE listing(
                        source TEXT NOT NULL, uid INTEGER NOT NULL, figures TEXT NOT NULL, name TEXT, price_low TEXT,
                        price_high TEXT, isin TEXT, alias TEXT, broker_data BLOB, named_from INTEGER NOT NULL,
                        PRIMARY KEY(source, uid)) STRICT, WITHOUT ROWID;
                    CREATE INDEX listing_uid ON listing(uid);
                    CREATE INDEX listing_alias ON listing(source, alias) WHERE alias IS NOT NULL;
                    CREATE TABLE alias(
                        namespace TEXT NOT NULL, text TEXT NOT NULL, uid INTEGER NOT NULL, broker_data BLOB,
                        valid_from INTEGER NOT NULL, valid_to INTEGER NOT NULL,
                        PRIMARY KEY(namespace, text, uid, valid_to)) STRICT, WITHOUT ROWID;
                    CREATE INDEX alias_uid ON alias(uid);
                    CREATE TABLE acknowledgement(
                        uid INTEGER PRIMARY KEY, source TEXT NOT NULL, stated TEXT NOT NULL, person TEXT NOT NULL,
                        reason TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
                    CREATE TABLE leader(uid INTEGER PRIMARY KEY, source TEXT NOT NULL) STRICT;
                    """)
        }
        // What a source lists no more, with its last figures and names: positions in it are valued and closed by them.
        migrator.registerMigration("2 withdrawn") { database in
            try database.execute(
                sql: """
                    CREATE TABLE withdrawn(
                        source TEXT NOT NULL, uid INTEGER NOT NULL, figures TEXT NOT NULL, name TEXT, price_low TEXT,
                        price_high TEXT, isin TEXT, alias TEXT, broker_data BLOB, at INTEGER NOT NULL,
                        PRIMARY KEY(source, uid)) STRICT, WITHOUT ROWID;
                    CREATE INDEX withdrawn_at ON withdrawn(at);
                    """)
        }
        return migrator
    }
}

/// Why the instrument master cannot be opened, or a dump not be taken.
package struct InstrumentMasterFailure: Error, Hashable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}
