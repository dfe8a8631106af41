import Domain
import Glibc
import Testing

@testable import Store

@Suite struct HousekeepingTests {
    let temporary: TemporaryDirectory
    let store: Store

    init() throws {
        temporary = try TemporaryDirectory()
        store = try Store(directory: temporary.data)
    }

    // MARK: Idempotency

    @Test("An idempotency key is kept for seven days to the nanosecond, then forgotten in bounded steps, oldest first")
    func pruning() throws {
        var batch = Sample.batch(1, legs: 0)
        batch.idempotency = (0..<25).map { number in
            IdempotencyRow(
                caller: "asha", key: "k\(number)", fingerprint: [], subject: "r1",
                createdAt: Sample.start.advanced(by: Int64(number)))
        }
        try store.commit(batch)
        let sevenDaysOn = Sample.start.advanced(by: Store.idempotencyRetention)
        #expect(try store.pruneIdempotency(now: sevenDaysOn, limit: 10) == 0)
        let later = sevenDaysOn.advanced(by: 15)
        #expect(try store.pruneIdempotency(now: later, limit: 10) == 10)
        #expect(try store.idempotency(caller: "asha", key: "k9") == nil)
        #expect(try store.idempotency(caller: "asha", key: "k10") != nil)
        #expect(try store.pruneIdempotency(now: later, limit: 10) == 5)
        #expect(try store.pruneIdempotency(now: later, limit: 10) == 0)
        #expect(try store.counts().idempotencyKeys == 10)
        #expect(try store.idempotency(caller: "asha", key: "k15") != nil)
    }

    @Test("Two callers may use one key; one caller may not use it twice")
    func callers() throws {
        var batch = Sample.batch(1, legs: 0)
        batch.idempotency.append(batch.idempotency[0])
        batch.idempotency[1].caller = "ravi"
        try store.commit(batch)
        #expect(try store.idempotency(caller: "ravi", key: "key-1") == batch.idempotency[1])
    }

    // MARK: Keys

    private var sampleKey: KeyRow {
        KeyRow(
            id: "k1", name: "Asha", secretSHA256: [UInt8](repeating: 7, count: 32), scopes: "read trade",
            groups: [Sample.group], addresses: ["10.0.0.0/8", "::1"], createdAt: Sample.start,
            expiresAt: Sample.time(5))
    }

    @Test("A key lives from insertion over change, use and revocation to deletion, across reopening")
    func keyLife() throws {
        var key = sampleKey
        try store.insertKey(key)
        #expect(throws: StoreFailure.duplicateKey(id: "k1")) { try store.insertKey(key) }
        var other = key
        (other.id, other.groups, other.addresses, other.expiresAt) = ("k0", nil, nil, nil)
        try store.insertKey(other)
        #expect(try store.keys() == [other, key])

        try store.updateKey("k1", name: "Ravi", scopes: "read", groups: [], addresses: nil, expiresAt: nil)
        (key.name, key.scopes, key.groups, key.addresses, key.expiresAt) = ("Ravi", "read", [], nil, nil)
        #expect(try store.key("k1") == key)

        try store.touchKeys([("k1", Sample.time(9)), ("k1", Sample.time(8)), ("deleted", Sample.time(9))])
        key.lastUsedAt = Sample.time(9)
        try store.revokeKey("k1", at: Sample.time(20))
        try store.revokeKey("k1", at: Sample.time(30))
        key.revokedAt = Sample.time(20)
        try store.close()

        let reopened = try Store(directory: temporary.data)
        #expect(try reopened.key("k1") == key)
        try reopened.deleteKey("k1")
        #expect(try reopened.key("k1") == nil)
        #expect(try reopened.keys() == [other])
    }

    @Test("A change of a key that does not exist is an error, never a silence")
    func unknownKey() throws {
        let expected = StoreFailure.unknownKey(id: "k9")
        #expect(throws: expected) { try store.revokeKey("k9", at: Sample.start) }
        #expect(throws: expected) { try store.deleteKey("k9") }
        #expect(throws: expected) {
            try store.updateKey("k9", name: "", scopes: "", groups: nil, addresses: nil, expiresAt: nil)
        }
    }

    @Test("No list of groups or addresses can read back as another one", arguments: ["", "a\nb"])
    func unsplittableLists(item: String) throws {
        var key = sampleKey
        key.addresses = [item]
        #expect(throws: StoreFailure.self) { try store.insertKey(key) }
        key.addresses = nil
        key.secretSHA256 = [1]
        #expect(throws: StoreFailure.self) { try store.insertKey(key) }
        #expect(try store.keys().isEmpty)
    }

    // MARK: Backup and checkpoint

    @Test("A backup made between commits is a whole store of its own that goes on from its last record")
    func backup() throws {
        for sequence in 1...8 as ClosedRange<UInt64> { try store.commit(Sample.batch(sequence, legs: 4)) }
        mkdir(temporary.path + "/copy", 0o700)
        let path = temporary.path + "/copy/sluice.db"
        let receipt = try store.backup(to: path)
        #expect(receipt.lastSequence == 8)
        #expect(receipt.bytes == Int64(try #require(contents(path)).count))
        #expect(permissions(path) == 0o600)
        #expect(contents(path + ".partial") == nil)
        try store.commit(Sample.batch(9, legs: 4))

        let copy = try Store(directory: temporary.path + "/copy")
        #expect(copy.lastSequence == 8)
        #expect(try copy.counts().legs == 32)
        try copy.commit(Sample.batch(9, legs: 4))
    }

    @Test("A backup never replaces a file, and a failed one leaves nothing behind")
    func backupRefusals() throws {
        let path = temporary.path + "/there.db"
        try put([1, 2, 3], into: path)
        let failure = #expect(throws: StoreFailure.self) { try store.backup(to: path) }
        #expect(failure?.code == "invalid_value")
        #expect(contents(path) == [1, 2, 3])
        #expect(throws: StoreFailure.self) { try store.backup(to: temporary.path + "/no/such/place.db") }
        #expect(contents(path + ".partial") == nil)
        #expect(store.stopCause == nil)
    }

    @Test("Closing leaves everything in the one file: a copy of it alone is the store")
    func closing() throws {
        try store.commit(Sample.batch(1, legs: 4))
        try store.close()
        mkdir(temporary.path + "/copy", 0o700)
        let path = temporary.path + "/copy/sluice.db"
        try put(try #require(contents(temporary.data + "/sluice.db")), into: path)
        chmod(path, 0o600)
        #expect(try Store(directory: temporary.path + "/copy").lastSequence == 1)
    }

    @Test("A checkpoint carries the whole log over, so that the next commit starts it anew")
    func checkpoint() throws {
        for sequence in 1...20 as ClosedRange<UInt64> { try store.commit(Sample.batch(sequence, legs: 50)) }
        let log = temporary.data + "/sluice.db-wal"
        let before = try #require(contents(log))
        #expect(try store.checkpoint() == 0)
        try store.commit(Sample.batch(21, legs: 1))
        let after = try #require(contents(log))
        #expect(after.count == before.count, "the log is used again from its start")
        #expect(after[..<4096] != before[..<4096])
        #expect(try store.counts().legs == 1_001)
    }
}
