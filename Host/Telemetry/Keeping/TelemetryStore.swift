import GRDB
import Glibc
import NIOConcurrencyHelpers

/// What telemetry keeps: a SQLite file of its own, `telemetry.db` in the data directory.
///
/// It is apart from the journal so that no write of it ever holds up a commit. Losing it, or the last moments of it
/// (`synchronous = NORMAL`), loses timing only; outcomes stand in the journal. A file that cannot be read, or that a newer
/// build wrote, is moved aside to `telemetry.db.aside` and a new one begun: telemetry never keeps a gateway from starting.
///
/// **Threads.** All methods may be called from any thread and block on the disk, so never from an event loop. One writer
/// at a time; `readers` readings at once, each of one consistent state of the file.
package final class TelemetryStore: Sendable {
    package static let fileName = "telemetry.db"
    static let readers = 3
    static let version = 2

    package let path: String
    /// Whether an unreadable file was moved aside when this one was opened.
    package let hasMovedAside: Bool
    let pool: DatabasePool

    /// Why telemetry cannot be kept or read.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
        /// A question that asks for more than an answer holds: a narrower one is answered.
        package private(set) var isTooWide = false

        init(description: String) { self.description = description }

        static func tooManyRows(_ bound: Int) -> Failure {
            var failure = Failure(description: "the answer would have more than \(bound) rows")
            failure.isTooWide = true
            return failure
        }
    }

    /// Opens or creates the file in `directory`, which the caller owns.
    package init(directory: String) throws(Failure) {
        path = directory + "/" + Self.fileName
        do {
            pool = try Self.open(path)
            hasMovedAside = false
        } catch {
            for suffix in ["-wal", "-shm"] { unlink(path + suffix) }
            guard rename(path, path + ".aside") == 0 else {
                throw Failure(description: "\(path) cannot be opened: \(error)")
            }
            do { pool = try Self.open(path) } catch {
                throw Failure(description: "\(path) cannot be created: \(error)")
            }
            hasMovedAside = true
        }
    }

    deinit { try? pool.close() }

    private static func open(_ path: String) throws -> DatabasePool {
        let descriptor = Glibc.open(path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Failure(description: "errno \(errno)") }
        Glibc.close(descriptor)
        var configuration = Configuration()
        configuration.label = "sluice.telemetry"
        configuration.maximumReaderCount = readers
        configuration.busyMode = .timeout(1)
        configuration.prepareDatabase { database in
            database.add(function: hasLeg)
            try database.execute(
                sql: "PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2048;")
        }
        let pool = try DatabasePool(path: path, configuration: configuration)
        do {
            try pool.writeWithoutTransaction { database in
                let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
                guard (0...version).contains(found) else {
                    throw Failure(description: "it has format \(found), this build reads up to \(version)")
                }
                guard try String.fetchAll(database, sql: "PRAGMA quick_check(1)") == ["ok"] else {
                    throw Failure(description: "it is damaged")
                }
                if found == 0 { try create(database) } else if found < version { try migrate(database) }
            }
        } catch {
            try? pool.close()
            throw error
        }
        return pool
    }

    /// Empties the log and closes the file. Nothing may be called after it.
    package func close() {
        try? pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        try? pool.close()
    }

    func read<Value>(_ body: (Database) throws -> Value) throws(Failure) -> Value {
        do { return try pool.read(body) } catch let failure as Failure { throw failure } catch {
            throw Failure(description: "telemetry cannot be read: \(error)")
        }
    }

    func write<Value>(_ body: (Database) throws -> Value) throws(Failure) -> Value {
        do { return try pool.write(body) } catch { throw Failure(description: "telemetry cannot be kept: \(error)") }
    }
}
