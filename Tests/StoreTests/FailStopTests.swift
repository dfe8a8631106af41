import Domain
import GRDB
import Testing

@testable import Store

@Suite struct FailStopTests {
    let temporary: TemporaryDirectory
    let store: Store

    init() throws {
        temporary = try TemporaryDirectory()
        store = try Store(directory: temporary.data)
    }

    private func expectStopped(by code: String, failing batch: CommitBatch) throws {
        let before = try store.counts()
        let failure = #expect(throws: StoreFailure.self) { try store.commit(batch) }
        #expect(failure?.code == code)
        #expect(failure?.isStorageFault == true)
        #expect(try store.counts() == before, "reading goes on, and nothing of the batch is seen")
        let stopped = StoreFailure.stopped(cause: try #require(failure))
        #expect(throws: stopped) { try store.commit(Sample.batch(2, legs: 1)) }
        #expect(throws: stopped) { try store.setMeta("a", to: "b") }
        #expect(throws: stopped) { try store.pruneIdempotency(now: Sample.start, limit: 1) }
    }

    @Test("A full disk fails the batch as such and stops the store until it is reopened with room")
    func fullDisk() throws {
        try store.commit(Sample.batch(1, legs: 1))
        try store.tamper("PRAGMA max_page_count = 60")
        try expectStopped(by: "disk_full", failing: Sample.batch(2, legs: 5_000))
        try store.tamper("PRAGMA max_page_count = 1000000")
        #expect(throws: StoreFailure.self) { try store.commit(Sample.batch(2, legs: 1)) }
        try store.close()
        let reopened = try Store(directory: temporary.data)
        try reopened.commit(Sample.batch(2, legs: 5_000))
        #expect(try reopened.counts().legs == 5_001)
    }

    @Test("A database that cannot be written fails the batch as such")
    func readOnly() throws {
        try store.commit(Sample.batch(1, legs: 1))
        try store.tamper("PRAGMA query_only = ON")
        try expectStopped(by: "read_only", failing: Sample.batch(2, legs: 1))
    }

    @Test("A lock held by a stranger fails the batch at once instead of waiting")
    func locked() throws {
        try store.commit(Sample.batch(1, legs: 1))
        let stranger = try DatabaseQueue(path: temporary.data + "/sluice.db")
        try stranger.write { database in
            try database.execute(sql: "INSERT INTO meta VALUES ('stranger', '1')")
            try expectStopped(by: "locked", failing: Sample.batch(2, legs: 1))
        }
    }

    @Test("A caller's mistake in a write of its own does not stop the orders")
    func mistakesOfOthers() throws {
        #expect(throws: StoreFailure.unknownKey(id: "nobody")) { try store.deleteKey("nobody") }
        #expect(throws: StoreFailure.self) { try store.pruneIdempotency(now: Sample.start, limit: 0) }
        #expect(store.stopCause == nil)
        try store.commit(Sample.batch(1, legs: 1))
    }

    @Test("A fault of the medium in any write stops the store")
    func sideWrites() throws {
        try store.tamper("PRAGMA query_only = ON")
        #expect(throws: StoreFailure.self) { try store.setMeta("a", to: "b") }
        try store.tamper("PRAGMA query_only = OFF")
        let failure = #expect(throws: StoreFailure.self) { try store.commit(Sample.batch(1, legs: 1)) }
        #expect(failure?.code == "stopped")
    }
}
