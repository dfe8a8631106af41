import Glibc
import NIOConcurrencyHelpers

/// The directory that one gateway process owns, and the lock that says so.
///
/// Nobody but its owner may write to it: whoever can replace the database or the lock file owns the gateway's truth.
/// The lock lives until `release()` and goes with the process, however it ends; the file itself stays behind.
final class DataDirectory: Sendable {
    let path: String
    private let lock: NIOLockedValueBox<CInt?>

    var databasePath: String { path + "/sluice.db" }

    /// Creates the directory (0700, missing parents too) or checks the one that exists, then takes the lock.
    init(path: String) throws(StoreFailure) {
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw .invalidValue(field: "directory", value: "\"\(path)\"", expected: "a path")
        }
        let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        self.path = trimmed
        try Self.create(trimmed)
        try Self.refuseOthers(trimmed, kind: S_IFDIR)
        lock = NIOLockedValueBox(try Self.takeLock(trimmed))
        do throws(StoreFailure) {
            try Self.createPrivateFile(databasePath, directory: trimmed)
        } catch {
            release()
            throw error
        }
    }

    /// Takes the lock of a directory that exists, and creates nothing in it but the lock's file.
    init(existing path: String) throws(StoreFailure) {
        let trimmed = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
        self.path = trimmed
        var facts = stat()
        guard stat(trimmed + "/sluice.db", &facts) == 0, facts.st_mode & S_IFMT == S_IFREG else {
            throw .invalidValue(
                field: "directory", value: trimmed, expected: "a data directory: it holds no database sluice.db")
        }
        lock = NIOLockedValueBox(try Self.takeLock(trimmed))
    }

    deinit { release() }

    /// Lets another process have the directory. Releasing twice is no error.
    func release() {
        lock.withLockedValue { descriptor in
            guard let held = descriptor else { return }
            // Before the descriptor goes: a child process that was forked a moment ago holds a copy until it runs its own
            // program, and would keep the lock with it.
            flock(held, LOCK_UN)
            Glibc.close(held)
            descriptor = nil
        }
    }

    private static func create(_ path: String) throws(StoreFailure) {
        if mkdir(path, 0o700) == 0 {
            flush(parent(of: path))
            return
        }
        switch errno {
        case EEXIST: return
        case ENOENT:
            let parent = parent(of: path)
            guard parent != path else { throw failure("create", path) }
            try create(parent)
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failure("create", path) }
            flush(parent)
        default: throw failure("create", path)
        }
    }

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// `path` must be of `kind`, belong to this user and be writable by nobody else.
    private static func refuseOthers(_ path: String, kind: mode_t) throws(StoreFailure) {
        var facts = stat()
        guard stat(path, &facts) == 0 else { throw failure("read", path) }
        guard facts.st_mode & S_IFMT == kind else {
            throw .invalidValue(
                field: "directory", value: path,
                expected: kind == S_IFDIR ? "a directory" : "a regular file")
        }
        guard facts.st_uid == geteuid() else {
            throw .unsafeDirectory(
                path: path, problem: "belongs to user \(facts.st_uid), not to user \(geteuid()) who runs the gateway",
                remedy: "chown \(geteuid()) '\(path)'")
        }
        guard facts.st_mode & 0o022 == 0 else {
            throw .unsafeDirectory(path: path, problem: "may be written by others", remedy: "chmod go-w '\(path)'")
        }
    }

    private static func takeLock(_ directory: String) throws(StoreFailure) -> CInt {
        let path = directory + "/sluice.lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure("open", path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            defer { Glibc.close(descriptor) }
            guard reason == EWOULDBLOCK else { throw failure("lock", path, reason) }
            throw .inUse(path: directory, processID: holder(descriptor))
        }
        let text = Array("\(getpid())\n".utf8)
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, text, text.count, 0) == text.count else {
            let reason = errno
            Glibc.close(descriptor)
            throw failure("write", path, reason)
        }
        return descriptor
    }

    private static func holder(_ descriptor: CInt) -> Int32? {
        var text = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &text, text.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: text.prefix(count).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }

    /// An empty database file that only its owner can read; SQLite gives its companions the same mode.
    private static func createPrivateFile(_ path: String, directory: String) throws(StoreFailure) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure("open", path) }
        Glibc.close(descriptor)
        try refuseOthers(path, kind: S_IFREG)
        flush(directory)
    }

    /// Makes the names in a directory durable. Best effort: some file systems refuse it and need it not.
    static func flush(_ directory: String) {
        let descriptor = open(directory, O_RDONLY | O_CLOEXEC | O_DIRECTORY)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        Glibc.close(descriptor)
    }

    static func failure(_ verb: String, _ path: String, _ code: CInt = errno) -> StoreFailure {
        let message = "cannot \(verb) \(path): \(String(cString: strerror(code)))"
        return switch code {
        case ENOSPC, EDQUOT: .diskFull(message)
        case EROFS, EACCES, EPERM: .readOnly(message)
        default: .inputOutput(message)
        }
    }
}
