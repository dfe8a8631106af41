import Dispatch
import Domain
import NIOConcurrencyHelpers
import Testing

@testable import Store

@Suite struct ListTests {
    let temporary: TemporaryDirectory
    let store: Store

    init() throws {
        temporary = try TemporaryDirectory()
        store = try Store(directory: temporary.data)
        try store.tamper("PRAGMA synchronous = OFF")  // many commits, and none of them is about the disk
    }

    private func commit(_ range: ClosedRange<UInt64>, legs: Int = 9) throws {
        for sequence in range { try store.commit(Sample.batch(sequence, legs: legs)) }
    }

    @Test("Paging through a list that grows meanwhile gives every old row once, newest first", arguments: [1, 7, 90])
    func pagingWhileWriting(limit: Int) throws {
        try commit(1...10)
        var sequence: UInt64 = 10
        func writeMore() throws {
            sequence += 1
            try store.commit(Sample.batch(sequence, legs: 9))
        }

        var legs: [LegID] = []
        var legQuery = LegQuery(limit: limit)
        repeat {
            let page = try store.legs(legQuery)
            legs += page.rows.map(\.leg)
            legQuery.before = page.next
            try writeMore()
        } while legQuery.before != nil
        let old = (1...10).reversed().flatMap { run in
            (0..<9).reversed().map { LegID(run: RunID(number: run), index: $0) }
        }
        #expect(legs == old)

        var runs: [UInt64] = []
        let newest = sequence
        var runQuery = RunQuery(limit: limit)
        repeat {
            let page = try store.runs(runQuery)
            runs += page.rows.map(\.run.number)
            runQuery.before = page.next
            try writeMore()
        } while runQuery.before != nil
        #expect(runs == Array((1...newest).reversed()))

        var executions: [String] = []
        let last = sequence
        var cursor: ExecutionCursor?
        repeat {
            let page = try store.executions(.all, before: cursor, limit: limit)
            executions += page.rows.map(\.executionID)
            cursor = page.next
            try writeMore()
        } while cursor != nil
        #expect(
            executions == (1...last).reversed().flatMap { run in (0..<9).reversed().map { "T\(run)-\($0)" } })
    }

    @Test("Filters give just the rows that match, in order")
    func filters() throws {
        try commit(1...12)
        var batch = Sample.batch(13, legs: 0)
        batch.runs = [Sample.run(4, status: "DONE"), Sample.run(5, status: "DONE")]
        batch.legs = [Sample.leg(4, 2, status: "FILLED"), Sample.leg(6, 3, status: "FILLED")]
        try store.commit(batch)

        func runs(_ query: RunQuery) throws -> [UInt64] { try store.runs(query).rows.map(\.run.number) }
        #expect(try runs(RunQuery(groupID: Sample.group, limit: 100)) == [12, 11, 9, 8, 7, 6, 4, 3, 2, 1])
        #expect(try runs(RunQuery(accountID: Sample.account(1), limit: 100)) == [10, 5])
        #expect(try runs(RunQuery(status: "DONE", limit: 100)) == [5, 4])
        #expect(try runs(RunQuery(groupID: Sample.group, status: "DONE", limit: 100)) == [4])
        #expect(try runs(RunQuery(groupID: Sample.group, accountID: Sample.account(1), limit: 100)).isEmpty)
        #expect(try runs(RunQuery(groupID: GroupID("other"), limit: 100)).isEmpty)

        func legs(_ query: LegQuery) throws -> [String] { try store.legs(query).rows.map(\.leg.description) }
        #expect(try legs(LegQuery(status: "FILLED", limit: 100)) == ["r6-4", "r4-3"])
        #expect(try legs(LegQuery(status: "FILLED", symbol: "NSE:EQ:SBIN", limit: 100)) == ["r4-3"])
        #expect(try legs(LegQuery(status: "FILLED", before: LegID("r6-4"), limit: 100)) == ["r4-3"])
        #expect(
            try legs(LegQuery(accountID: Sample.account(2), limit: 100))
                == (1...12).reversed().map { "r\($0)-3" })
        // `FILL` begins like `FILLED` and is another word.
        #expect(try legs(LegQuery(status: "FILL", limit: 100)).isEmpty)

        let ofRun = try store.executions(.run(RunID(number: 3)), limit: 100).rows
        #expect(ofRun.map(\.executionID) == (0..<9).reversed().map { "T3-\($0)" })
        let ofAccount = try store.executions(.account(Sample.account(0)), limit: 5).rows
        #expect(ofAccount.map(\.executionID) == ["T12-7", "T12-0", "T11-7", "T11-0", "T10-7"])
    }

    @Test("A page that finds nothing within its bound says where to go on")
    func boundedExamination() throws {
        try commit(1...5, legs: 10)
        var found: [Int64] = []
        var before = Int64.max
        var pages = 0
        while true {
            let page = try store.read { database throws(StoreFailure) in
                var statement = try RawStatement(
                    database, "SELECT leg_key FROM leg WHERE leg_key < ? ORDER BY leg_key DESC")
                statement.bind(1, before)
                return try Store.collect(&statement, limit: 3, examining: 7, key: 0) {
                    row throws(StoreFailure) -> Int64? in row.integer(0) & 0xFFFFF == 4 ? row.integer(0) : nil
                }
            }
            pages += 1
            found += page.rows
            guard let next = page.next else { break }
            before = next
        }
        #expect(found == (1...5).reversed().map { Int64($0) << 20 | 4 })
        #expect(pages == 8)
    }

    @Test("A page is 1 to 1,000 rows long; another length is refused, not trimmed", arguments: [0, -1, 1_001, .max])
    func limits(limit: Int) throws {
        let expected = StoreFailure.invalidValue(field: "limit", value: "\(limit)", expected: "1 to 1000")
        #expect(throws: expected) { try store.legs(LegQuery(limit: limit)) }
        #expect(throws: expected) { try store.runs(RunQuery(limit: limit)) }
        #expect(throws: expected) { try store.executions(.all, limit: limit) }
        #expect(throws: expected) { try store.journalSequences(of: RunID(number: 1), limit: limit) }
    }

    @Test(
        "The lists that have an index use it",
        arguments: [
            ("SELECT 1 FROM run WHERE group_id = 'g' AND run_number < 9 ORDER BY run_number DESC", "run_by_group"),
            (
                "SELECT 1 FROM execution WHERE leg_key > 1 AND row_number < 5 ORDER BY +row_number DESC",
                "execution_by_leg"
            ),
            ("SELECT 1 FROM leg WHERE leg_key < 9 ORDER BY leg_key DESC", "PRIMARY KEY"),
            (
                "SELECT caller, key FROM idempotency WHERE created_at < 9 ORDER BY created_at LIMIT 5",
                "idempotency_by_time"
            ),
        ])
    func plans(sql: String, index: String) throws {
        try commit(1...3)
        try store.read { database throws(StoreFailure) in
            var statement = try RawStatement(database, "EXPLAIN QUERY PLAN " + sql)
            var plan = ""
            while try statement.next() { plan += statement.text(3) + ";" }
            #expect(plan.contains(index), "\(plan)")
        }
    }

    @Test("Readers see whole batches while commits go on, and commits do not fail for readers")
    func concurrency() throws {
        let batches: UInt64 = 60
        let failures = NIOLockedValueBox<[String]>([])
        DispatchQueue.concurrentPerform(iterations: 4) { worker in
            do {
                if worker == 0 {
                    for sequence in 1...batches { try store.commit(Sample.batch(sequence, legs: 9)) }
                    return
                }
                while store.lastSequence < batches {
                    let known = store.lastSequence
                    let counts = try store.counts()
                    let whole =
                        counts.legs == counts.records * 9 && counts.executions == counts.legs
                        && counts.runs == counts.records && counts.idempotencyKeys == counts.records
                    if !whole || counts.records < Int(known) {
                        failures.withLockedValue { $0.append("\(known): \(counts)") }
                        return
                    }
                    _ = try store.legs(LegQuery(limit: 10))
                }
            } catch {
                failures.withLockedValue { $0.append("\(error)") }
            }
        }
        #expect(failures.withLockedValue { $0 } == [])
        #expect(store.lastSequence == batches)
    }
}
