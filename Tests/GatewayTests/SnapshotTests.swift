import Domain
import Engine
import Foundation
import Logging
import Telemetry
import Testing

@testable import Gateway
@testable import Store

@Suite("A start from a snapshot is a start from the whole journal", .enabled(if: GatewayFixture.hasAdapters))
struct SnapshotTests {
    /// A directory that gateways have used and stopped on twice, and the one after it was killed: its snapshots lie behind.
    private static let shared = Task { () throws -> String in
        var fixture = try await GatewayFixture()
        let directory = fixture.directory
        for life in 0..<3 {
            for index in 0..<4 {
                _ = try await fixture.place(
                    fixture.parent(index == 2 ? .sell : .buy, 60 + Int64(index)), key: "k\(life)-\(index)")
            }
            _ = try await fixture.place(
                fixture.parent(.buy, 30, price: "50"), key: "r\(life)", wait: .acked)
            if life == 2 { break }
            await fixture.stop()
            fixture = try await GatewayFixture(directory: directory)
        }
        // What a kill leaves: the journal beyond the last snapshot.
        let copy = directory.path + "/killed"
        try FileManager.default.copyItem(atPath: directory.path + "/data", toPath: copy)
        await fixture.stop()
        return copy
    }

    private func copy() async throws -> String {
        let path = try await Self.shared.value
        let copy = path + "-" + UUID().uuidString
        try FileManager.default.copyItem(atPath: path, toPath: copy)
        return copy
    }

    private static let quiet = Logger(label: "t") { _ in SwiftLogNoOpLogHandler() }

    private func resumed(_ store: Store) throws -> (bytes: [UInt8], from: UInt64) {
        var (fold, from) = try Gateway.resume(store, 7, Self.quiet)
        try store.forEachRecord(from: from) { record in
            for event in try RecordCodec.decode(record.bytes).events { fold.apply(event, at: record.recordedAt) }
        }
        return (fold.engine.stateBytes(), from)
    }

    private func whole(_ store: Store) throws -> [UInt8] {
        var engine = Engine(clientOrderIDPrefix: 7)
        try store.forEachRecord(from: 1) { record in
            for event in try RecordCodec.decode(record.bytes).events { engine.apply(event) }
        }
        return engine.stateBytes()
    }

    private func tamper(_ store: Store, _ sql: String) throws {
        try store.pool.writeWithoutTransaction { try $0.execute(sql: sql) }
    }

    private func snapshots(_ path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path + "/snapshots").sorted()
    }

    @Test("Two snapshots are kept, and the newest with the records after it gives the bytes of the whole journal (V16)")
    func resumes() async throws {
        let path = try await copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try snapshots(path).count == 2)
        let store = try Store(directory: path)
        defer { try? store.close() }
        let (bytes, from) = try resumed(store)
        #expect(from > 1 && from <= store.lastSequence)
        let isSame = try bytes == whole(store)
        #expect(isSame)
    }

    @Test(
        "A damaged snapshot is not used and said so; the older one serves, and without one the whole journal",
        arguments: [0, 20, 60, 200, -1])
    func damaged(byte: Int) async throws {
        let path = try await copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let store = try Store(directory: path)
        defer { try? store.close() }
        let expected = try whole(store)
        var (last, names) = (UInt64.max, try snapshots(path))
        while true {
            let (bytes, from) = try resumed(store)
            let isSame = bytes == expected
            #expect(isSame && from < last, "from \(from)")
            last = from
            guard let newest = names.popLast() else { break }
            let file = path + "/snapshots/" + newest
            var content = try Data(contentsOf: URL(fileURLWithPath: file))
            if byte < 0 { content.removeLast(10) } else { content[byte] ^= 4 }
            try content.write(to: URL(fileURLWithPath: file))
            let refusals = try store.newestSnapshot(layout: Engine.stateLayout).refusals
            #expect(refusals.contains { $0.file == "snapshots/" + newest }, "\(refusals)")
        }
        #expect(last == 1)
    }

    @Test("A snapshot of another journal, of a record that is gone or of another build is not used")
    func foreign() async throws {
        let path = try await copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let store = try Store(directory: path)
        defer { try? store.close() }
        let last = try #require(try store.chainAnchor(of: store.lastSequence))
        let cases: [(Int, ChainAnchor, String)] = [
            (Engine.stateLayout + 1, last, "another build"),
            (
                Engine.stateLayout, ChainAnchor(sequence: last.sequence, hash: [UInt8](repeating: 1, count: 32)),
                "another journal"
            ),
            (Engine.stateLayout, ChainAnchor(sequence: last.sequence + 5, hash: last.hash), "another journal"),
        ]
        for (layout, anchor, words) in cases {
            try store.write(StateSnapshot(layout: layout, anchor: anchor, state: [1, 2, 3]))
            let refusals = try store.newestSnapshot(layout: Engine.stateLayout).refusals
            #expect(refusals.first?.reason.contains(words) == true, "\(refusals)")
        }
        // One with the right hash and place whose bytes are no state.
        try store.write(StateSnapshot(layout: Engine.stateLayout, anchor: last, state: [1, 2, 3]))
        for name in try snapshots(path) where !name.hasSuffix("\(last.sequence).state") {
            try FileManager.default.removeItem(atPath: path + "/snapshots/" + name)
        }
        let (bytes, from) = try resumed(store)
        let isSame = try bytes == whole(store)
        #expect(isSame && from == 1)
    }

    @Test("The auditor comes to the state of the journal, writes snapshots of it, and takes the time it says")
    func audits() async throws {
        let path = try await copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try FileManager.default.removeItem(atPath: path + "/snapshots")
        let store = try Store(directory: path)
        defer { try? store.close() }
        let auditor = BackgroundAuditor(
            store: store, fold: JournalFold(clientOrderIDPrefix: 7), anchor: .beginning,
            logger: Self.quiet, snapshotInterval: 5)
        while auditor.state.behind > 0 { #expect(auditor.step() > 0) }
        let state = auditor.state
        #expect(state.findings == [] && state.records == store.lastSequence && state.snapshots >= 1)
        #expect(state.processorNanoseconds > 0)
        let (bytes, from) = try resumed(store)
        let isSame = try bytes == whole(store)
        #expect(isSame && from > 1)
    }

    @Test(
        "The auditor finds what the chain shows, tells each finding once, and writes no snapshot from then on",
        arguments: [
            ("UPDATE journal SET recorded_at = recorded_at + 1 WHERE sequence = 9", "record 9 was altered"),
            ("UPDATE journal SET chain = zeroblob(32) WHERE sequence = 9", "record 9 was altered"),
            ("DELETE FROM journal WHERE sequence = 9", "record 9 is missing"),
            ("UPDATE journal SET bytes = zeroblob(40) WHERE sequence = 9", "record 9 was altered"),
        ])
    func finds(change: String, words: String) async throws {
        let path = try await copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        try FileManager.default.removeItem(atPath: path + "/snapshots")
        let store = try Store(directory: path)
        defer { try? store.close() }
        try tamper(store, change)
        let auditor = BackgroundAuditor(
            store: store, fold: JournalFold(clientOrderIDPrefix: 7), anchor: .beginning,
            logger: Self.quiet, snapshotInterval: 1)
        for _ in 0..<5 { _ = auditor.step() }
        #expect(auditor.state.findings.contains { $0.contains(words) }, "\(auditor.state.findings)")
        #expect(Set(auditor.state.findings).count == auditor.state.findings.count)
        #expect(auditor.state.snapshots == 0)
    }

    @Test("What was written before the start is walked while nothing is new, and an alteration there is found")
    func walksEarlier() async throws {
        let path = try await copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let store = try Store(directory: path)
        defer { try? store.close() }
        let (fold, _) = try Gateway.resume(store, 7, Self.quiet)
        let anchor = try #require(try store.chainAnchor(of: store.lastSequence))
        func audited() -> AuditState {
            let auditor = BackgroundAuditor(store: store, fold: fold, anchor: anchor, logger: Self.quiet)
            #expect(auditor.state.earlier == anchor.sequence)
            while auditor.state.earlier > 0 { _ = auditor.step() }
            return auditor.state
        }
        #expect(audited().findings == [])
        try tamper(store, "UPDATE journal SET recorded_at = recorded_at + 1 WHERE sequence = 3")
        #expect(audited().findings.contains { $0.contains("record 3 was altered") })
    }

    @Test("A state in memory that the records do not make is found at the stop and not written (V16)")
    func contradicts() async throws {
        let path = try await copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let store = try Store(directory: path)
        defer { try? store.close() }
        let anchor = try #require(try store.chainAnchor(of: store.lastSequence))
        func auditor() -> BackgroundAuditor {
            BackgroundAuditor(
                store: store, fold: JournalFold(clientOrderIDPrefix: 7), anchor: .beginning, logger: Self.quiet)
        }
        var snapshot = StateSnapshot(layout: Engine.stateLayout, anchor: anchor, state: try whole(store))
        #expect(auditor().confirms(snapshot))
        snapshot.state[snapshot.state.count / 2] ^= 1
        let other = auditor()
        #expect(!other.confirms(snapshot))
        #expect(other.state.findings.contains { $0.hasPrefix("V16") }, "\(other.state.findings)")
    }

    @Test("The check tells of a snapshot that holds another state than its records make")
    func checked() async throws {
        let path = try await copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(try DirectoryCheck.run(path).items.contains { $0.name == "replay" && $0.verdict == .ok })
        let store = try Store(directory: path)
        let last = try #require(try store.chainAnchor(of: store.lastSequence))
        let older = try #require(try store.newestSnapshot(layout: Engine.stateLayout).0)
        #expect(older.anchor != last)
        try store.write(StateSnapshot(layout: Engine.stateLayout, anchor: last, state: older.state))
        try store.close()
        let replay = try #require(try DirectoryCheck.run(path).items.first { $0.name == "replay" })
        #expect(replay.verdict == .failed)
        #expect(replay.findings.contains { $0.contains("\(last.sequence).state holds another state") })
    }

    @Test("A snapshot that cannot be written leaves the ones before it and nothing half-written")
    func unwritable() async throws {
        let path = try await copy()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let store = try Store(directory: path)
        defer { try? store.close() }
        let before = try snapshots(path)
        let last = try #require(try store.chainAnchor(of: store.lastSequence))
        // What a kill in the middle leaves behind.
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path + "/snapshots/partial"))
        // The name is taken by something that no file can replace.
        let digits = "\(last.sequence)"
        let taken = path + "/snapshots/" + String(repeating: "0", count: 20 - digits.count) + digits + ".state"
        try FileManager.default.createDirectory(atPath: taken + "/inside", withIntermediateDirectories: true)
        let snapshot = StateSnapshot(layout: Engine.stateLayout, anchor: last, state: [1, 2, 3])
        #expect(throws: StoreFailure.self) { try store.write(snapshot) }
        try FileManager.default.removeItem(atPath: taken)
        #expect(try snapshots(path) == before)
        try store.write(snapshot)
        #expect(try snapshots(path).count == Store.keptSnapshots)
    }

    @Test("A snapshot holds the results of ended days, whoever took them, and hands them out once")
    func closedDays() throws {
        let account = try #require(AccountID("A1"))
        let currency = try #require(Currency("INR"))
        let results = (0..<3).map { day in
            DayResult(
                account: account, day: Int64(day) - 1, currency: currency, result: day == 1 ? nil : -7_000 + Int64(day),
                fees: 12, at: Timestamp(nanoseconds: 1_764_000_000_000_000_000), isClosed: true)
        }
        var days = ClosedDays()
        days.add(Array(results[..<2]))
        #expect(days.take() == Array(results[..<2]))
        days.add([results[2]])
        #expect(days.take() == [results[2]] && days.take() == [])
        var read = try ClosedDays(bytes: days.bytes)
        #expect(read.take() == results && read.take() == [] && read.bytes == days.bytes)
        for cut in 0..<days.bytes.count {
            #expect(throws: EventCodingError.self) { try ClosedDays(bytes: Array(days.bytes[..<cut])) }
        }
    }

    @Test("A restart gives no one's window of message rates free, neither at the decision nor at the send (C13)")
    func rates() async throws {
        let rms = """
            rms: 1
            accounts: [ { id: P1, limits: { message-rate: { windows: [ { limit: 2, per: 1h } ], max_hold: 0s } } } ]

            """
        var fixture = try await GatewayFixture(accounts: 1, rms: rms)
        let directory = fixture.directory
        for _ in 0..<2 { _ = try await fixture.place(fixture.parent(.buy, 5)) }
        func windows() -> (decided: Int, sent: Int) {
            let now = fixture.gateway.clock.wall()
            return fixture.gateway.state.withLockedValue { state in
                (
                    state.engine.sendWindows(account: 0, group: nil, strategy: nil) { kind, _ in kind }.count,
                    state.sendRates.values.map { $0.observed(at: now) }.max() ?? 0
                )
            }
        }
        #expect(windows() == (1, 2))
        await fixture.stop()
        fixture = try await GatewayFixture(directory: directory, accounts: 1, rms: rms)
        #expect(windows() == (1, 2))
        let third = try await fixture.place(fixture.parent(.buy, 5))
        #expect(third.run.status == .refused && third.run.legs.first?.reject?.control == "message-rate", "\(third.run)")
        await fixture.stop()
    }
}
