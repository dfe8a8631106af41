import Dispatch
import Domain
import Foundation
import GRDB
import Glibc
import NIOConcurrencyHelpers
import Testing

@testable import Store

@Suite struct OpeningTests {
    let temporary: TemporaryDirectory

    init() throws { temporary = try TemporaryDirectory() }

    @Test("The writer runs with WAL and synchronous FULL, as read back from its own connection")
    func settingsReadBack() throws {
        let store = try Store(directory: temporary.data)
        #expect(try store.settings() == StoreSettings(journalMode: "wal", synchronous: 2))
        #expect(store.lastSequence == 0)
    }

    @Test("A new data directory, parents included, belongs to its owner alone, and so does the database")
    func permissionsOfNewDirectory() throws {
        let path = temporary.path + "/a/b/data"
        let store = try Store(directory: path + "/")
        #expect(store.directory == path)
        #expect(permissions(path) == 0o700)
        #expect(permissions(temporary.path + "/a") == 0o700)
        for file in ["sluice.db", "sluice.db-wal", "sluice.db-shm", "sluice.lock"] {
            #expect(permissions(path + "/" + file) == 0o600, "\(file)")
        }
    }

    @Test("A directory that others may write to is refused with the command that mends it", arguments: [0o720, 0o702])
    func writableByOthers(mode: mode_t) throws {
        mkdir(temporary.data, 0o700)
        chmod(temporary.data, mode)
        #expect(
            throws: StoreFailure.unsafeDirectory(
                path: temporary.data, problem: "may be written by others", remedy: "chmod go-w '\(temporary.data)'")
        ) { try Store(directory: temporary.data) }
        chmod(temporary.data, 0o755)
        _ = try Store(directory: temporary.data)
    }

    @Test("A database file that others may write to is refused too")
    func fileWritableByOthers() throws {
        try Store(directory: temporary.data).close()
        chmod(temporary.data + "/sluice.db", 0o666)
        let failure = #expect(throws: StoreFailure.self) { try Store(directory: temporary.data) }
        #expect(failure?.code == "unsafe_directory")
        #expect("\(try #require(failure))".contains("chmod go-w '\(temporary.data)/sluice.db'"))
    }

    @Test("A file in place of the directory is refused")
    func notADirectory() throws {
        try put([1], into: temporary.data)
        let failure = #expect(throws: StoreFailure.self) { try Store(directory: temporary.data) }
        #expect(failure?.code == "invalid_value")
    }

    @Test("A reader that holds the file for a moment, as one does that reads what a crash left, delays an opening only")
    func readerInTheWay() throws {
        try Store(directory: temporary.data).close()
        var reader: DatabaseQueue? = try DatabaseQueue(path: temporary.data + "/sluice.db")
        try reader?.inDatabase { database in
            try database.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
            try database.execute(sql: "CREATE TABLE held (a)")
        }
        let (failure, ended) = (NIOLockedValueBox<(any Error)?>(nil), DispatchSemaphore(value: 0))
        Thread.detachNewThread { [path = temporary.data] in
            do {
                try Store(directory: path).close()
            } catch {
                failure.withLockedValue { $0 = error }
            }
            ended.signal()
        }
        #expect(ended.wait(timeout: .now() + .milliseconds(100)) == .timedOut, "it waits")
        reader = nil
        #expect(ended.wait(timeout: .now() + .seconds(60)) == .success)
        #expect(failure.withLockedValue { $0 } == nil)
    }

    @Test("The directory has one owner at a time; the second one learns the first one's process id")
    func oneOwner() throws {
        let store = try Store(directory: temporary.data)
        #expect(throws: StoreFailure.inUse(path: temporary.data, processID: getpid())) {
            try Store(directory: temporary.data)
        }
        try store.commit(Sample.batch(1, legs: 1))
        try store.close()
        try store.close()
        let next = try Store(directory: temporary.data)
        #expect(next.lastSequence == 1)
    }

    @Test("A closed store answers that it is closed")
    func closed() throws {
        let store = try Store(directory: temporary.data)
        try store.close()
        #expect(throws: StoreFailure.closed) { try store.commit(Sample.batch(1, legs: 1)) }
        #expect(throws: StoreFailure.closed) { try store.run(RunID(number: 1)) }
        #expect(throws: StoreFailure.closed) { try store.backup(to: temporary.path + "/copy.db") }
    }

    @Test("A database written by a newer build is refused and named")
    func downgrade() throws {
        let store = try Store(directory: temporary.data)
        try store.tamper("INSERT INTO grdb_migrations VALUES ('9: what is to come')")
        try store.close()
        let failure = #expect(throws: StoreFailure.self) { try Store(directory: temporary.data) }
        #expect(
            failure
                == .newerDatabase(path: temporary.data + "/sluice.db", migrations: ["9: what is to come"]))
        #expect(contents(temporary.data + "/sluice.lock") != nil)
        // The refusal has let go of the lock.
        #expect(throws: StoreFailure.self) { try Store(directory: temporary.data) }
    }

    @Test("A damaged file is found before anything is written to it")
    func damaged() throws {
        let store = try Store(directory: temporary.data)
        for sequence in 1...20 as ClosedRange<UInt64> { try store.commit(Sample.batch(sequence, legs: 20)) }
        try store.close()
        var bytes = try #require(contents(temporary.data + "/sluice.db"))
        for index in stride(from: 8192, to: bytes.count, by: 4096) {
            bytes[index..<(index + 64)] = [0xFF][...] + [UInt8](repeating: 0xFF, count: 63)
        }
        try put(bytes, into: temporary.data + "/sluice.db")
        let failure = #expect(throws: StoreFailure.self) { try Store(directory: temporary.data) }
        #expect(["damaged", "corrupt"].contains(try #require(failure).code), "\(String(describing: failure))")
    }

    @Test("A file that is no database is refused as such")
    func noDatabase() throws {
        mkdir(temporary.data, 0o700)
        try put([UInt8](repeating: 65, count: 8192), into: temporary.data + "/sluice.db")
        chmod(temporary.data + "/sluice.db", 0o600)
        let failure = #expect(throws: StoreFailure.self) { try Store(directory: temporary.data) }
        #expect(failure?.code == "corrupt")
    }
}
