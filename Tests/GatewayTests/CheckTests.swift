import Domain
import Engine
import Foundation
import Testing

@testable import Gateway
@testable import Store

@Suite("A data directory is audited alone", .enabled(if: GatewayFixture.hasAdapters))
struct CheckTests {
    /// A directory with fills, a refusal, cancels, changes, a halt and two lives behind it.
    private static func used() async throws -> String {
        var fixture = try await GatewayFixture()
        for index in 0..<6 {
            _ = try await fixture.place(
                fixture.parent(index % 3 == 2 ? .sell : .buy, 60 + Int64(index)), key: "k\(index)")
        }
        let resting = try await fixture.place(fixture.parent(.buy, 30, price: "50"), wait: .acked)
        let run = try #require(resting.run.id)
        _ = try await fixture.gateway.cancel(
            run, by: GatewayFixture.caller, idempotency: Idempotency(key: "c", fingerprint: [1]))
        _ = try await fixture.gateway.setTradingState(
            Scope(kind: .account, id: "P1"), .halted, reason: "t", by: "ana", cancelWorking: false)
        _ = try await fixture.place(fixture.parent(.buy, 60), key: "halted")
        let directory = fixture.directory
        await fixture.stop()
        fixture = try await GatewayFixture(directory: directory)
        _ = try await fixture.place(fixture.parent(.buy, 30, price: "50", account: "P2"), wait: .acked)
        await fixture.stop()
        return directory.path + "/data"
    }

    private func tamper(_ path: String, _ sql: String) throws {
        let store = try Store(directory: path)
        try store.pool.writeWithoutTransaction { try $0.execute(sql: sql) }
        try store.close()
    }

    private func failed(_ report: CheckReport) -> [String] {
        report.items.filter { $0.verdict == .failed }.map(\.name)
    }

    @Test("A directory that was only ever used by a gateway is sound, and looking at it changes no byte of it")
    func sound() async throws {
        let path = try await Self.used()
        let before = FileManager.default.contents(atPath: path + "/sluice.db")
        let report = try DirectoryCheck.run(path)
        #expect(report.isSound, "\(report.items.flatMap(\.findings))")
        #expect(
            report.items.map(\.name) == [
                "file", "chain", "journal", "replay", "invariants", "tables", "idempotency", "keys",
            ])
        #expect(report.items.allSatisfy { $0.verdict == .ok })
        #expect(report.runs == 9 && report.orders > 9 && report.openOrders >= 1)
        #expect(FileManager.default.contents(atPath: path + "/sluice.db") == before)
        #expect(try DirectoryCheck.verifyChain(path, against: nil).anchor.description == report.anchor)
    }

    @Test(
        "Any row of a table that is not what the journal says is found, and --rebuild mends it",
        arguments: [
            "UPDATE run SET status = 'DONE' WHERE status = 'WORKING'",
            "UPDATE run SET group_id = 'x' WHERE run_number = 1",
            "DELETE FROM run WHERE run_number = 2", "UPDATE leg SET status = 'FILLED' WHERE status = 'CANCELED'",
            "UPDATE leg SET account_id = 'P9' WHERE leg_key = (SELECT min(leg_key) FROM leg)",
            "DELETE FROM leg WHERE leg_key = (SELECT max(leg_key) FROM leg)",
            "UPDATE execution SET last_quantity = '1' WHERE row_number = 1",
            "DELETE FROM execution WHERE row_number = 2",
            "INSERT INTO execution SELECT NULL, adapter_id, account_id, 'x9', kind, replaces, leg_key, symbol, side, last_quantity, last_price, fees, transact_time, recorded_at FROM execution LIMIT 1",
            "DELETE FROM run_journal WHERE run_number = 1", "INSERT INTO run_journal VALUES (1, 1)",
        ])
    func tables(change: String) async throws {
        let path = try await Self.shared.value
        let copy = path + "-" + UUID().uuidString
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        defer { try? FileManager.default.removeItem(atPath: copy) }
        // The execution table has computed columns, which an insertion must leave out.
        let sql = change.replacingOccurrences(
            of: "INSERT INTO execution SELECT NULL,",
            with:
                "INSERT INTO execution (row_number, adapter_id, account_id, execution_id, kind, replaces, leg_key, symbol, side, last_quantity, last_price, fees, transact_time, recorded_at) SELECT NULL,"
        )
        try tamper(copy, sql)
        let report = try DirectoryCheck.run(copy)
        #expect(failed(report) == ["tables"], "\(report.items.flatMap(\.findings))")
        let mended = try DirectoryCheck.run(copy, rebuilds: true)
        #expect(mended.isSound && mended.isRebuilt, "\(mended.items.flatMap(\.findings))")
    }

    private static let shared = Task { try await used() }

    @Test(
        "What was done to records, keys and idempotency is found by the check that is about it",
        arguments: [
            ("UPDATE journal SET recorded_at = recorded_at + 1 WHERE sequence = 4", "chain"),
            ("DELETE FROM journal WHERE sequence = 5", "chain"),
            (
                "UPDATE meta SET value = substr(value, 1, length(value) - 1) || CASE substr(value, -1) WHEN '0' THEN '1' ELSE '0' END WHERE name = 'journal_state'",
                "replay"
            ),
            ("UPDATE idempotency SET key = 'other' WHERE key = 'k3'", "idempotency"),
            ("DELETE FROM idempotency WHERE key = 'k3'", "idempotency"),
            ("UPDATE idempotency SET subject = 'r9999' WHERE key = 'k3'", "idempotency"),
            (
                "INSERT INTO api_key VALUES ('abcdefabcdef', 'mallory', zeroblob(32), 'admin', NULL, NULL, 1, NULL, NULL, NULL)",
                "keys"
            ),
            (
                "CREATE INDEX torn ON run (status); PRAGMA writable_schema = ON; DELETE FROM sqlite_schema WHERE name = 'torn'",
                "file"
            ),
        ])
    func others(change: String, name: String) async throws {
        let path = try await Self.shared.value
        let copy = path + "-" + UUID().uuidString
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        defer { try? FileManager.default.removeItem(atPath: copy) }
        try tamper(copy, change)
        let report = try DirectoryCheck.run(copy)
        #expect(failed(report).contains(name), "\(report.items)")
        if name == "chain" {
            let failure = #expect(throws: DirectoryCheck.Failure.self) { try DirectoryCheck.run(copy, rebuilds: true) }
            #expect("\(try #require(failure))".contains("the journal is not whole"))
        }
    }

    @Test("A step that no order may take is found in a journal whose chain is whole (V11)")
    func steps() async throws {
        try await judge { admission in
            let (run, now) = (admission.run, admission.admittedAt)
            let answer = OrderAnswer(
                run: run, order: 0, outcome: .unknown, brokerOrderID: nil, exchangeOrderID: nil, error: nil,
                adapterState: [], dispatchedAt: now, writtenAt: nil, firstByteAt: nil, answeredAt: now)
            let events: [Event] = [
                .runAdmitted(admission), .ordersQueued(run: run, orders: [0], durableAt: now, queuedAt: now),
                .orderAnswered(answer), .ordersCanceledLocally(run: run, orders: [0], reason: .requested),
            ]
            return ([events], ["V11: order 0 of run \(run) left unknown for canceledLocally without evidence"])
        }
    }

    @Test("An order that went to its lane while its scope was halted is found (V18); before, and elsewhere, none is")
    func halted() async throws {
        try await judge { admission in
            let (run, now) = (admission.run, admission.admittedAt)
            func state(_ scope: Scope, _ status: TradingStatus) -> Event {
                .stateChanged(TradingStateChange(scope: scope, status: status, reason: "test", by: "t", at: now))
            }
            let elsewhere = Scope(kind: .instrument, id: "US:EQ:MSFT")
            let events: [Event] = [
                state(elsewhere, .halted), .runAdmitted(admission),
                .ordersQueued(run: run, orders: [0], durableAt: now, queuedAt: now), state(.firm, .halted),
                .ordersQueued(run: run, orders: [1], durableAt: now, queuedAt: now), state(.firm, .active),
                .ordersQueued(run: run, orders: [2], durableAt: now, queuedAt: now),
            ]
            return ([events], ["V18: order 1 of run \(run) went to its lane while firm was halted"])
        }
    }

    @Test(
        "An order that nobody answered for while a gateway ran is found (V10); while it was down, time does not count")
    func overdue() async throws {
        for (apart, isFound) in [(Int64(50), true), (70, false)] {
            try await judge(secondsApart: apart) { admission in
                let (run, now) = (admission.run, admission.admittedAt)
                let start: [Event] = [
                    .runAdmitted(admission), .ordersQueued(run: run, orders: [0], durableAt: now, queuedAt: now),
                    .ordersCanceledLocally(run: run, orders: [1, 2], reason: .requested),
                ]
                let later = (0..<14).map { _ in
                    [
                        Event.stateChanged(
                            TradingStateChange(scope: .firm, status: .active, reason: "t", by: "t", at: now))
                    ]
                }
                let found = "V10: order 0 of run \(run) is sent for 700 s longer than its time"
                return ([start] + later, isFound ? [found] : [])
            }
        }
    }

    /// Adds records to a sound journal, of the events that are made of one more run like its last; expects of the
    /// invariants what the maker says.
    private func judge(
        secondsApart: Int64 = 0, _ make: (RunAdmission) -> (records: [[Event]], findings: [String])
    ) async throws {
        let path = try await Self.shared.value
        let copy = path + "-" + UUID().uuidString
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        defer { try? FileManager.default.removeItem(atPath: copy) }
        let store = try Store(directory: copy)
        var known: RunAdmission?
        var last: UInt64 = 0
        try store.forEachRecord(from: 1) { record in
            for case .runAdmitted(let admission) in try RecordCodec.decode(record.bytes).1 {
                last = max(last, admission.run.number)
                if admission.legs.count == 3 { known = admission }
            }
        }
        var admission = try #require(known)
        admission.run = RunID(number: last + 1)
        admission.firstClientSequence += 1_000
        let made = make(admission)
        for (index, events) in made.records.enumerated() {
            let sequence = store.lastSequence + 1
            let at = admission.admittedAt.advanced(by: Int64(index) * secondsApart * 1_000_000_000)
            var bytes: [UInt8] = []
            RecordCodec.encode(events: events, sequence: sequence, at: at, into: &bytes)
            try store.commit(
                CommitBatch(
                    record: StoredRecord(
                        sequence: sequence, recordedAt: at, formatVersion: UInt32(RecordCodec.formatVersion),
                        bytes: bytes)))
        }
        try store.close()
        let report = try DirectoryCheck.run(copy)
        #expect(report.items.first { $0.name == "chain" }?.verdict == .ok)
        #expect(report.items.first { $0.name == "invariants" }?.findings == made.findings)
    }

    @Test("A running gateway's directory, and one without a database, cannot be looked at")
    func refused() async throws {
        let fixture = try await GatewayFixture()
        let failure = #expect(throws: DirectoryCheck.Failure.self) {
            try DirectoryCheck.run(fixture.directory.path + "/data")
        }
        #expect("\(try #require(failure))".contains("is in use by process"))
        await fixture.stop()
        #expect(throws: DirectoryCheck.Failure.self) { try DirectoryCheck.run(fixture.directory.path) }
        #expect(!FileManager.default.fileExists(atPath: fixture.directory.path + "/sluice.lock"))
    }
}
