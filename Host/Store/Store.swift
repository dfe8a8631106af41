import Faults
import GRDB
import NIOConcurrencyHelpers

/// The durable store: one SQLite database in one data directory, owned by one process.
///
/// **Connections.** A `DatabasePool`: one writer connection behind a serial queue and a few read-only ones, each
/// reading a consistent snapshot, so that readers never hold up a commit nor the other way round. A queue with a read
/// pool of our own would be the same thing written again; the one trait of the pool that does not suit, `synchronous =
/// NORMAL` on its writer, is set right after opening and read back. Every write *and every checkpoint* runs on the
/// writer connection: SQLite before 3.51.3 (and 3.44.6, 3.50.7) can lose a commit where one connection checkpoints
/// while another resets the log.
///
/// **Durability.** WAL with `synchronous = FULL`: `commit` returns after the flush. A log of `checkpointPages` pages is
/// carried over into the database inside the commit that reaches it; `checkpoint()` in a quiet moment keeps that away
/// from orders.
///
/// **Fail-stop.** Any failed commit, and any other write that the medium fails, stops the store: each later write
/// answers `.stopped` with the first cause until the store is opened again. Reading goes on.
///
/// **Threads.** All methods may be called from any thread and block on the disk, so never from an event loop. Writes
/// queue behind each other; at most `readers` readings run at once, further ones wait for a free connection. `close()`
/// comes after the last call has returned.
package final class Store: Sendable {
    package let directory: String
    let pool: DatabasePool
    let state: NIOLockedValueBox<State>
    private let lock: DataDirectory

    struct State {
        var lastSequence: UInt64
        /// The hash of the last durable record.
        var head: [UInt8]
        var stopped: StoreFailure?
        var isClosed = false
    }

    /// Read-only connections.
    static let readers = 4
    /// 32 MiB of log before a commit carries it over by itself.
    package static let checkpointPages = 8192

    /// Opens or creates the store in `directory`, in this order: directory, lock, quick check, settings, migrations,
    /// the end of the journal.
    ///
    /// The quick check reads the whole file, so opening takes time in proportion to it.
    package init(directory: String) throws(StoreFailure) {
        let lock = try DataDirectory(path: directory)
        FaultPoint.hit(.storeLocked)
        let pool = try Store.open(lock.databasePath)
        let last: ChainAnchor
        do {
            try Store.quickCheck(pool, path: lock.databasePath)
            FaultPoint.hit(.storeChecked)
            try Store.setUpWriter(pool)
            try Store.migrate(pool, path: lock.databasePath)
            FaultPoint.hit(.storeMigrated)
            last = try Store.checkedHead(pool, path: lock.databasePath)
            try Store.endPatience(pool)
        } catch {
            try? pool.close()
            throw error
        }
        self.lock = lock
        self.directory = lock.path
        self.pool = pool
        state = NIOLockedValueBox(State(lastSequence: last.sequence, head: last.hash))
        FaultPoint.hit(.storeOpened)
    }

    /// Opens a store that exists to look at it and at nothing else: whatever is wrong with it is for the caller to find.
    /// No migration is made and no write is taken.
    ///
    /// - Throws: where it cannot be opened at all, `.inUse` while a gateway runs, `.newerDatabase` for one of a newer
    ///   build.
    package init(inspecting directory: String) throws(StoreFailure) {
        let lock = try DataDirectory(existing: directory)
        let pool = try Store.open(lock.databasePath, isReadOnly: true)
        do {
            try Store.refuseNewer(pool, path: lock.databasePath)
            let last = try translatingErrors {
                try pool.read { try Int64.fetchOne($0, sql: "SELECT max(sequence) FROM journal") }
            }
            state = NIOLockedValueBox(
                State(
                    lastSequence: UInt64(clamping: last ?? 0), head: [],
                    stopped: .readOnly("the store was opened to be looked at")))
        } catch {
            try? pool.close()
            throw error
        }
        self.lock = lock
        self.directory = lock.path
        self.pool = pool
    }

    deinit { try? pool.close() }

    /// The number of the last durable record, 0 in an empty journal. Never blocks.
    package var lastSequence: UInt64 { state.withLockedValue { $0.lastSequence } }

    /// The failure that stopped the store, if one did.
    package var stopCause: StoreFailure? { state.withLockedValue { $0.stopped } }

    /// Carries the log over into the database, closes it and frees the directory. Closing twice is no error.
    package func close() throws(StoreFailure) {
        let first = state.withLockedValue { state in
            defer { state.isClosed = true }
            return !state.isClosed
        }
        guard first else { return }
        defer { lock.release() }
        let failure = Result { () throws(StoreFailure) in try emptyLog() }
        try translatingErrors { try pool.close() }
        try failure.get()
    }
}

// MARK: - Access

extension Store {
    /// Runs `body` on the writer connection, outside of a transaction, unless the store is stopped or closed.
    ///
    /// - Parameter stopsOnAnyFailure: whether a failure of the caller's making stops the store as one of the medium
    ///   does.
    func write<Value>(
        stopsOnAnyFailure: Bool = false, _ body: (Database) throws(StoreFailure) -> Value
    ) throws(StoreFailure) -> Value {
        try requireOpen()
        return try translatingErrors {
            try pool.writeWithoutTransaction { database in
                if let cause = stopCause { throw StoreFailure.stopped(cause: cause) }
                do throws(StoreFailure) {
                    return try body(database)
                } catch let failure {
                    if stopsOnAnyFailure || failure.isStorageFault {
                        state.withLockedValue { $0.stopped = failure }
                    }
                    throw failure
                }
            }
        }
    }

    /// `write` in a transaction of its own: durable on return, or nothing of it.
    func transaction<Value>(
        stopsOnAnyFailure: Bool = false, _ body: (Database) throws(StoreFailure) -> Value
    ) throws(StoreFailure) -> Value {
        try write(stopsOnAnyFailure: stopsOnAnyFailure) { database throws(StoreFailure) in
            try Store.inTransaction(database, body)
        }
    }

    static func inTransaction<Value>(
        _ database: Database, _ body: (Database) throws(StoreFailure) -> Value
    ) throws(StoreFailure) -> Value {
        var begin = try RawStatement(database, "BEGIN IMMEDIATE")
        try begin.run()
        do throws(StoreFailure) {
            let value = try body(database)
            var commit = try RawStatement(database, "COMMIT")
            try commit.run()
            return value
        } catch {
            // Some failures have ended the transaction already, and closing the connection undoes the rest.
            if database.isInsideTransaction, var undo = try? RawStatement(database, "ROLLBACK") {
                try? undo.run()
            }
            throw error
        }
    }

    /// Runs `body` with one read-only connection. `isolated` gives all its statements one snapshot; a single statement
    /// has one by itself and is spared the cost.
    func read<Value>(
        isolated: Bool = false, _ body: (Database) throws(StoreFailure) -> Value
    ) throws(StoreFailure) -> Value {
        try requireOpen()
        return try translatingErrors {
            isolated ? try pool.read { try body($0) } : try pool.unsafeRead { try body($0) }
        }
    }

    func requireOpen() throws(StoreFailure) {
        if state.withLockedValue({ $0.isClosed }) { throw .closed }
    }
}
