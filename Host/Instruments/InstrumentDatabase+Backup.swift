import GRDB
import Glibc

extension InstrumentMaster {
    /// Copies `instruments.db` of a data directory to a new file, whether or not a gateway runs on it, and checks the copy.
    ///
    /// - Parameter path: a file that does not exist, in a directory that does. It is readable by its owner alone.
    /// - Returns: bytes of the copy; `nil` = the directory has no such file, since no gateway ever ran on it.
    package static func backup(of directory: String, to path: String) throws(InstrumentMasterFailure) -> Int64? {
        let source = directory + "/instruments.db"
        guard access(source, F_OK) == 0 else { return nil }
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else {
            throw InstrumentMasterFailure("\(path) cannot be created: \(String(cString: strerror(errno)))")
        }
        defer { Glibc.close(descriptor) }
        do {
            try copy(source, to: path)
            var facts = stat()
            guard fsync(descriptor) == 0, fstat(descriptor, &facts) == 0 else {
                throw InstrumentMasterFailure("\(path) cannot be flushed: \(String(cString: strerror(errno)))")
            }
            return Int64(facts.st_size)
        } catch {
            unlink(path)
            throw error as? InstrumentMasterFailure ?? InstrumentMasterFailure("\(source) cannot be copied: \(error)")
        }
    }

    private static func copy(_ source: String, to path: String) throws {
        var reading = Configuration()
        reading.readonly = true
        reading.busyMode = .timeout(5)
        let pool = try DatabasePool(path: source, configuration: reading)
        defer { try? pool.close() }
        let target = try DatabaseQueue(path: path)
        defer { try? target.close() }
        try pool.backup(to: target)
        try target.writeWithoutTransaction { database in
            // The copied header says WAL; without it the copy is a single file.
            try database.execute(sql: "PRAGMA journal_mode = DELETE")
            let findings = try String.fetchAll(database, sql: "PRAGMA quick_check(10)")
            guard findings == ["ok"] else {
                throw InstrumentMasterFailure("\(source) is damaged (\(findings.joined(separator: "; ")))")
            }
        }
    }
}
