import GRDB
import Glibc

extension Store {
    /// Copies the database of this moment to a new file while orders go on, checks the copy, and names it `path` only
    /// when it is whole and durable. The copy is one file, readable by its owner alone; put into an empty data
    /// directory as `sluice.db` it is a store.
    ///
    /// The log cannot be reset while the copy is made and grows by what is written meanwhile.
    /// - Parameter path: a file that does not exist, in a directory that does.
    package func backup(to path: String) throws(StoreFailure) -> BackupReceipt {
        try requireOpen()
        return try Self.backup(of: pool, to: path)
    }

    /// The same of a data directory, whether or not a gateway runs on it: the file is read and nothing more.
    package static func backup(of directory: String, to path: String) throws(StoreFailure) -> BackupReceipt {
        let source = directory + "/sluice.db"
        var facts = stat()
        guard stat(source, &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            throw .invalidValue(
                field: "directory", value: directory, expected: "a data directory: it holds no database sluice.db")
        }
        let pool = try open(source, isReadOnly: true)
        defer { try? pool.close() }
        return try backup(of: pool, to: path)
    }

    private static func backup(of pool: DatabasePool, to path: String) throws(StoreFailure) -> BackupReceipt {
        let partial = path + ".partial"
        guard access(path, F_OK) != 0 else {
            throw .invalidValue(field: "path", value: path, expected: "a file that does not exist")
        }
        unlink(partial)
        let descriptor = Glibc.open(partial, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw DataDirectory.failure("create", partial) }
        defer { Glibc.close(descriptor) }
        do throws(StoreFailure) {
            let last = try copy(pool, to: partial)
            guard fsync(descriptor) == 0 else { throw DataDirectory.failure("flush", partial) }
            var facts = stat()
            guard fstat(descriptor, &facts) == 0 else { throw DataDirectory.failure("read", partial) }
            // A link refuses an existing name where a rename would replace it.
            guard link(partial, path) == 0 else { throw DataDirectory.failure("create", path) }
            unlink(partial)
            if let slash = path.lastIndex(of: "/") { DataDirectory.flush(String(path[..<slash]) + "/") }
            return BackupReceipt(path: path, lastSequence: last, bytes: Int64(facts.st_size))
        } catch {
            unlink(partial)
            throw error
        }
    }

    /// - Returns: the last record in the copy.
    private static func copy(_ pool: DatabasePool, to path: String) throws(StoreFailure) -> UInt64 {
        try translatingErrors {
            var configuration = Configuration()
            configuration.busyMode = .immediateError
            let target = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? target.close() }
            try pool.backup(to: target)
            return try target.writeWithoutTransaction { database in
                // The copied header says WAL; without it the backup is a single file.
                try database.execute(sql: "PRAGMA journal_mode = DELETE")
                let findings = try String.fetchAll(database, sql: "PRAGMA quick_check(10)")
                guard findings == ["ok"] else { throw StoreFailure.damaged(path: path, findings: findings) }
                return UInt64(clamping: try Int64.fetchOne(database, sql: "SELECT max(sequence) FROM journal") ?? 0)
            }
        }
    }
}
