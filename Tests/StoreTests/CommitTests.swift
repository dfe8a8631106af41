import Domain
import Testing

@testable import Store

@Suite struct CommitTests {
    let temporary: TemporaryDirectory
    let store: Store

    init() throws {
        temporary = try TemporaryDirectory()
        store = try Store(directory: temporary.data)
    }

    @Test("What was committed is read back unchanged, also after reopening")
    func roundTrip() throws {
        var batch = Sample.batch(1, legs: 5)
        var foreign = Sample.execution(1, 99)
        (foreign.leg, foreign.symbol, foreign.kind, foreign.replaces) = (nil, nil, "BUST", "T1-3")
        foreign.executionID = ""
        batch.executions.append(foreign)
        batch.runs[0].body = []
        batch.legs[2].status = "naïve – \u{0} ₹"
        batch.meta = [MetaWrite(name: "prefix", value: "4711"), MetaWrite(name: "empty", value: "")]
        try store.commit(batch)
        try store.close()

        let store = try Store(directory: temporary.data)
        let run = try #require(try store.run(RunID(number: 1)))
        #expect(run.run == batch.runs[0])
        #expect(run.legs == batch.legs)
        #expect(try store.executions(.all, limit: 100).rows == batch.executions.reversed())
        #expect(try store.record(1) == batch.record)
        #expect(try store.idempotency(caller: "asha", key: "key-1") == batch.idempotency[0])
        #expect(try store.idempotency(caller: "asha", key: "key-2") == nil)
        #expect(try store.meta("prefix") == "4711")
        #expect(try store.meta("empty") == "")
        #expect(try store.meta("absent") == nil)
        #expect(try store.leg(clientOrderID: batch.legs[3].clientOrderID) == batch.legs[3])
        #expect(try store.run(RunID(number: 2)) == nil)
        let counts = try store.counts()
        #expect(
            counts
                == StoreCounts(records: 1, runs: 1, legs: 5, executions: 6, idempotencyKeys: 1, keyValues: 0))
    }

    @Test("Runs and legs keep their last state")
    func lastStateHolds() throws {
        try store.commit(Sample.batch(1, legs: 3))
        var second = Sample.batch(2, legs: 0)
        second.runs = [Sample.run(1, status: "WORKING"), Sample.run(1, status: "DONE")]
        second.legs = [Sample.leg(1, 1, status: "SENT"), Sample.leg(1, 1, status: "FILLED")]
        second.legs[1].body = [42]
        try store.commit(second)
        let run = try #require(try store.run(RunID(number: 1)))
        #expect(run.run.status == "DONE")
        #expect(run.legs.map(\.status) == ["RESERVED", "FILLED", "RESERVED"])
        #expect(run.legs[1].body == [42])
    }

    @Test("A record's number is the last one's plus one, or nothing is written", arguments: [0, 1, 3, UInt64.max])
    func sequenceWithoutGaps(wrong: UInt64) throws {
        try store.commit(Sample.batch(1, legs: 1))
        var batch = Sample.batch(2, legs: 1)
        batch.record.sequence = wrong
        #expect(throws: StoreFailure.sequence(expected: 2, found: wrong)) { try store.commit(batch) }
        #expect(try store.counts().legs == 1)
        #expect(store.lastSequence == 1)
    }

    @Test("A batch that must not be written leaves nothing and stops the store", arguments: Mistake.allCases)
    func nothingOfAFailedBatch(mistake: Mistake) throws {
        try store.commit(Sample.batch(1, legs: 3))
        let before = try store.counts()
        var batch = Sample.batch(2, legs: 3)
        let expected = mistake.spoil(&batch)
        #expect(throws: expected) { try store.commit(batch) }
        #expect(try store.counts() == before)
        #expect(store.lastSequence == 1)
        #expect(try store.record(2) == nil)
        #expect(try store.keyValues(adapterID: Sample.adapter, accountID: Sample.account(0)).isEmpty)

        #expect(store.stopCause == expected)
        #expect(throws: StoreFailure.stopped(cause: expected)) { try store.commit(Sample.batch(2, legs: 1)) }
        #expect(throws: StoreFailure.stopped(cause: expected)) { try store.setMeta("a", to: "b") }

        try store.close()
        let reopened = try Store(directory: temporary.data)
        try reopened.commit(Sample.batch(2, legs: 3))
        #expect(reopened.lastSequence == 2)
    }

    enum Mistake: CaseIterable {
        case execution, clientOrderID, idempotencyKey, legAccount, runGroup, legIndex, runNumber, record

        func spoil(_ batch: inout CommitBatch) -> StoreFailure {
            batch.keyValues = [
                KeyValueWrite(
                    adapterID: Sample.adapter, accountID: Sample.account(0), key: "token", value: [1])
            ]
            switch self {
            case .execution:
                let known = Sample.execution(1, 2)
                batch.executions.append(known)
                return .duplicateExecution(
                    adapterID: known.adapterID, accountID: known.accountID, executionID: known.executionID)
            case .clientOrderID:
                batch.legs[2].clientOrderID = Sample.leg(1, 0).clientOrderID
                return .duplicateClientOrderID(batch.legs[2].clientOrderID, leg: batch.legs[2].leg)
            case .idempotencyKey:
                batch.idempotency[0].key = "key-1"
                return .duplicateIdempotencyKey(caller: "asha", key: "key-1")
            case .legAccount:
                batch.legs.append(Sample.leg(1, 0))
                batch.legs[3].accountID = Sample.account(6)
                return .contradiction(
                    subject: "leg r1-1",
                    problem: "is stored with another client order id, account, adapter, symbol or side")
            case .runGroup:
                batch.runs.append(Sample.run(1))
                batch.runs[1].groupID = nil
                return .contradiction(
                    subject: "run r1", problem: "is stored with another group, account or creation time")
            case .legIndex:
                batch.legs[2].leg = LegID(run: RunID(number: 2), index: 1_000_000)
                return .invalidValue(field: "leg_index", value: "1000000", expected: "0 to 999999")
            case .runNumber:
                batch.touchedRuns.append(RunID(number: 1 << 43))
                return .invalidValue(field: "run_number", value: "\(1 << 43)", expected: "1 to \(1 << 43 - 1)")
            case .record:
                batch.record.bytes = [UInt8](repeating: 0, count: JournalRecord.maximumBytes + 1)
                return .invalidValue(
                    field: "record.bytes", value: "\(JournalRecord.maximumBytes + 1) bytes",
                    expected: "at most \(JournalRecord.maximumBytes)")
            }
        }
    }

    @Test("10,000 legs with executions are one batch: all of it or nothing")
    func largeBatch() throws {
        let batch = Sample.batch(1, legs: 10_000, bytes: 1 << 20)
        try store.commit(batch)
        let run = try #require(try store.run(RunID(number: 1)))
        #expect(run.legs == batch.legs)
        var spoiled = Sample.batch(2, legs: 10_000)
        spoiled.executions[9_999] = Sample.execution(1, 9_999)
        #expect(throws: StoreFailure.self) { try store.commit(spoiled) }
        #expect(try store.counts().legs == 10_000)
        #expect(try store.counts().executions == 10_000)
    }

    @Test("An execution id is unique within adapter and account, not beyond")
    func executionScope() throws {
        var batch = Sample.batch(1, legs: 1)
        var other = batch.executions[0]
        other.accountID = Sample.account(6)
        var elsewhere = batch.executions[0]
        elsewhere.adapterID = AdapterID("other")!
        batch.executions += [other, elsewhere]
        try store.commit(batch)
        #expect(try store.counts().executions == 3)
    }

    @Test("Key-values are put, replaced and deleted, by adapter and account, in batches and alone")
    func keyValues() throws {
        func write(_ key: String, _ value: [UInt8]?, account: Int = 0) -> KeyValueWrite {
            KeyValueWrite(
                adapterID: Sample.adapter, accountID: Sample.account(account), key: key, value: value)
        }
        func read(account: Int = 0) throws -> [KeyValue] {
            try store.keyValues(adapterID: Sample.adapter, accountID: Sample.account(account))
        }
        var batch = Sample.batch(1, legs: 0)
        batch.keyValues = [write("b", [1]), write("a", []), write("b", [2]), write("c", [3]), write("c", nil)]
        try store.commit(batch)
        #expect(try read() == [KeyValue(key: "a", value: []), KeyValue(key: "b", value: [2])])
        #expect(try read(account: 1).isEmpty)
        try store.write([write("a", nil), write("never there", nil), write("z", [7], account: 1)])
        #expect(try read() == [KeyValue(key: "b", value: [2])])
        #expect(try read(account: 1) == [KeyValue(key: "z", value: [7])])
        #expect(store.lastSequence == 1)
    }
}
