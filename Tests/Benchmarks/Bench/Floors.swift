import CBench
import GRDBSQLite
import Glibc

/// Names of the floors that others are compared with.
enum Floor {
    static let pointer = "a call through a function pointer"
    static let sync = "append of 512 bytes + fdatasync"
    static let commit1 = "bare SQLite commit, WAL, FULL, 1 row"
    static let commit100 = "bare SQLite commit, WAL, FULL, 100 rows"
    static let wake = "wake of a parked thread, one way, other core"
}

func measureFloors(_ bench: Bench) async throws {
    let pointer = bench.sample(calls: 4_096) { _ = cbench_pointer_calls(UInt64($0)) }
    bench.report(Row(Floor.pointer, pointer))
    bench.report(Row("clock read", bench.sample(calls: 1_024) { for _ in 0..<$0 { _ = Clock.now() } }))
    let directory = try Scratch()
    bench.report(Row(Floor.sync, try appends(bench, directory)))
    bench.report(Row(Floor.commit1, try commits(bench, directory, rows: 1)))
    bench.report(Row(Floor.commit100, try commits(bench, directory, rows: 100)))
    bench.report(Row(Floor.wake, wakes(bench, from: 0, to: 1), note: "pinned to cores 0 and 1"))
    bench.report(
        Row("wake of a parked thread, one way, same core", wakes(bench, from: 0, to: 0), note: "pinned to core 0"))
}

private func appends(_ bench: Bench, _ directory: Scratch) throws -> Samples {
    let descriptor = open(directory.path + "/append", O_WRONLY | O_CREAT | O_APPEND, 0o600)
    guard descriptor >= 0 else { throw BenchFailure("cannot open \(directory.path)/append") }
    defer { close(descriptor) }
    let bytes = [UInt8](repeating: 0x2e, count: 512)
    var samples = Samples()
    for _ in 0..<bench.size(2_000, quick: 50) {
        let start = Clock.now()
        guard write(descriptor, bytes, bytes.count) == bytes.count, fdatasync(descriptor) == 0 else {
            throw BenchFailure("the append failed")
        }
        samples.add(Clock.now() - start)
    }
    return samples
}

/// Commits of rows like a leg's into a table keyed by number with one unique text index.
private func commits(_ bench: Bench, _ directory: Scratch, rows: Int) throws -> Samples {
    let database = try BareDatabase(directory.path + "/floor\(rows).db")
    var samples = Samples()
    for _ in 0..<bench.size(2_000, quick: 30) {
        let start = Clock.now()
        try database.commit(rows: rows)
        samples.add(Clock.now() - start)
    }
    return samples
}

/// SQLite and nothing else.
final class BareDatabase {
    private var connection: OpaquePointer?
    private var insert: OpaquePointer?
    private var begin: OpaquePointer?
    private var end: OpaquePointer?
    private var number: Int64 = 0
    private let body = String(repeating: "x", count: 120)

    init(_ path: String) throws {
        guard sqlite3_open(path, &connection) == SQLITE_OK else { throw BenchFailure("cannot open \(path)") }
        for statement in [
            "PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL", "PRAGMA wal_autocheckpoint = 8192",
            "CREATE TABLE row (number INTEGER PRIMARY KEY, name TEXT NOT NULL, body TEXT NOT NULL) STRICT",
            "CREATE UNIQUE INDEX row_by_name ON row (name)",
        ] {
            guard sqlite3_exec(connection, statement, nil, nil, nil) == SQLITE_OK else { throw BenchFailure(statement) }
        }
        sqlite3_prepare_v2(connection, "INSERT INTO row VALUES (?, ?, ?)", -1, &insert, nil)
        sqlite3_prepare_v2(connection, "BEGIN IMMEDIATE", -1, &begin, nil)
        sqlite3_prepare_v2(connection, "COMMIT", -1, &end, nil)
    }

    deinit {
        for statement in [insert, begin, end] { sqlite3_finalize(statement) }
        sqlite3_close(connection)
    }

    func commit(rows: Int) throws {
        sqlite3_step(begin)
        sqlite3_reset(begin)
        for _ in 0..<rows {
            number += 1
            let name = "a\(1_000_000_000_000_000_0 + number)"
            sqlite3_bind_int64(insert, 1, number)
            sqlite3_bind_text(insert, 2, name, -1, unsafeBitCast(-1, to: sqlite3_destructor_type.self))
            sqlite3_bind_text(insert, 3, body, -1, unsafeBitCast(-1, to: sqlite3_destructor_type.self))
            sqlite3_step(insert)
            sqlite3_reset(insert)
        }
        guard sqlite3_step(end) == SQLITE_DONE else { throw BenchFailure("COMMIT failed") }
        sqlite3_reset(end)
    }
}

/// Two threads that wake each other in turn; half of a round is one way.
private func wakes(_ bench: Bench, from first: Int32, to second: Int32) -> Samples {
    let rounds = bench.size(4_000, quick: 200)
    let there = Gate()
    let back = Gate()
    var partner = pthread_t()
    final class Job {
        let (there, back, rounds, core): (Gate, Gate, Int, Int32)
        init(_ there: Gate, _ back: Gate, _ rounds: Int, _ core: Int32) {
            (self.there, self.back, self.rounds, self.core) = (there, back, rounds, core)
        }
    }
    let job = Unmanaged.passRetained(Job(there, back, rounds, second))
    pthread_create(
        &partner, nil,
        { argument in
            guard let argument else { return nil }
            let job = Unmanaged<Job>.fromOpaque(argument).takeRetainedValue()
            cbench_pin(job.core)
            for _ in 0..<job.rounds {
                job.there.wait()
                job.back.open()
            }
            return nil
        }, job.toOpaque())
    cbench_pin(first)
    defer { cbench_pin(-1) }
    var samples = Samples()
    for _ in 0..<rounds {
        usleep(50)  // long enough for the partner to be parked
        let start = Clock.now()
        there.open()
        back.wait()
        samples.add((Clock.now() - start) / 2)
    }
    pthread_join(partner, nil)
    return samples
}

/// Parks a thread until another opens it.
///
/// `@unchecked Sendable`: `isOpen` is touched under the mutex alone.
final class Gate: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var isOpen = false

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    func open() {
        pthread_mutex_lock(mutex)
        isOpen = true
        pthread_cond_signal(condition)
        pthread_mutex_unlock(mutex)
    }

    func wait() {
        pthread_mutex_lock(mutex)
        while !isOpen { pthread_cond_wait(condition, mutex) }
        isOpen = false
        pthread_mutex_unlock(mutex)
    }
}

struct BenchFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A directory of one benchmark, gone with it.
final class Scratch: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/sluice-bench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw BenchFailure("no directory could be made in /tmp") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit {
        // nftw needs a C function; the few levels of a data directory are walked by hand.
        Self.remove(path)
    }

    private static func remove(_ path: String) {
        if let directory = opendir(path) {
            var names: [String] = []
            while let entry = readdir(directory) {
                let name = withUnsafeBytes(of: entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name != ".", name != ".." { names.append(name) }
            }
            closedir(directory)
            for name in names { remove("\(path)/\(name)") }
            rmdir(path)
        } else {
            unlink(path)
        }
    }
}
