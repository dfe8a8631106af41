import Domain
import Foundation
import Testing

@testable import Telemetry

@Suite("The telemetry file")
struct StoreTests {
    @Test("What was kept of a run and its legs is read back whole")
    func roundTrip() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        let kept = Sample.run(1, second: 5, legs: 3, strategy: "orb")
        try store.keep([kept])
        let found = try #require(try store.run(RunID(number: 1)))
        #expect(found.run == kept.run && found.legs == kept.legs)
        #expect(try store.run(RunID(number: 2)) == nil)
        store.close()
    }

    @Test(
        "Pages show each row once and in order, also while rows are added in front and behind", arguments: [1, 2, 3, 7])
    func paging(size: Int) throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        try store.keep((1...10).map { Sample.run(UInt64($0), second: Int64($0), legs: 2) })
        var (seen, cursor): ([RunID], TelemetryCursor?) = ([], nil)
        repeat {
            let page = try store.runs(after: cursor, limit: size)
            seen += page.rows.map(\.run)
            cursor = page.next
            // An old run is written anew, and a newer one comes.
            try store.keep([Sample.run(1, second: 1, legs: 2), Sample.run(11, second: 11, legs: 2)])
        } while cursor != nil
        #expect(seen == (1...11).map { RunID(number: UInt64($0)) })
        store.close()
    }

    @Test("A filter leaves out what does not match, for legs and for runs")
    func filters() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        try store.keep([
            Sample.run(1, second: 10, legs: 1, group: Sample.groups[0]),
            Sample.run(2, second: 20, legs: 4, group: Sample.groups[1], strategy: "orb"),
            Sample.run(3, second: 30, legs: 2, group: nil, isDone: false),
        ])
        func runs(_ filter: TelemetryFilter) throws -> [UInt64] { try store.runs(filter).rows.map(\.run.number) }
        func at(_ second: Int64) -> Timestamp { Timestamp(nanoseconds: Sample.start + second * 1_000_000_000) }
        #expect(try runs(TelemetryFilter()) == [1, 2, 3])
        #expect(try runs(TelemetryFilter(from: at(20), to: at(30))) == [2], "from is within, to is not")
        #expect(try runs(TelemetryFilter(groups: [Sample.groups[0]])) == [1])
        #expect(try runs(TelemetryFilter(groups: [])).isEmpty, "a key bound to no group sees nothing")
        #expect(try runs(TelemetryFilter(account: Sample.accounts[3])) == [2])
        #expect(try runs(TelemetryFilter(status: "WORKING")) == [3])
        #expect(try runs(TelemetryFilter(strategy: "orb")) == [2])
        #expect(try runs(TelemetryFilter(account: Sample.accounts[1])) == [2, 3])
        let ofOne = try store.outcomes(TelemetryFilter(account: Sample.accounts[1]))
        #expect(ofOne.map(\.legs) == [1, 1] && ofOne.allSatisfy { $0.account == Sample.accounts[1] })
        store.close()
    }

    @Test("Histograms of a minute add up over writes, and what a question does not tell apart is merged")
    func latencies() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        func window(_ minute: Int64, _ account: Int, _ microseconds: [Int64]) throws {
            var stages = StageHistograms()
            for value in microseconds { stages.record(.acknowledged, nanoseconds: value * 1_000) }
            let key = LatencyWindowKey(
                minute: minute, adapter: Sample.adapter, account: Sample.accounts[account], group: Sample.groups[0])
            try store.keep([key: stages])
        }
        try window(100, 0, [10, 20, 30])
        try window(100, 0, [40])
        try window(101, 1, [1_000, 2_000])
        let merged = try store.latencies(LatencyQuestion())
        #expect(merged.count == 1 && merged[0].stage == .acknowledged && merged[0].summary.count == 6)
        #expect(merged[0].summary.p50 == 30 && merged[0].account == nil)
        let apart = try store.latencies(LatencyQuestion(by: [.account]))
        #expect(
            apart.map(\.summary.count) == [4, 2] && apart.map(\.account) == [Sample.accounts[0], Sample.accounts[1]])
        let stepped = try store.latencies(LatencyQuestion(by: [], step: 60))
        #expect(stepped.map(\.start) == [100, 101].map { Timestamp(nanoseconds: $0 * 60_000_000_000) })
        #expect(try store.latencies(LatencyQuestion(stage: .durable)).isEmpty)
        #expect(try store.latencies(LatencyQuestion(groups: [Sample.groups[1]])).isEmpty)
        store.close()
    }

    @Test("Reports count every leg and run once, and sum money exactly")
    func reports() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        try store.keep(
            (1...40).map { number in
                Sample.run(
                    UInt64(number), second: Int64(number), legs: 1 + number % 4,
                    strategy: number % 2 == 0 ? "orb" : nil,
                    isDone: number % 5 != 0)
            })
        let totals = try store.totals(TelemetryFilter())
        let legs = (1...40).reduce(0) { $0 + 1 + $1 % 4 }
        #expect(totals.runs == ["DONE": 32, "WORKING": 8])
        #expect(try store.legCounts(TelemetryFilter()).statuses.values.reduce(0, +) == Int64(legs))
        #expect(totals.longestSpread == 12_000)
        #expect(try store.outcomes(TelemetryFilter()).reduce(0) { $0 + $1.legs } == Int64(legs))
        let strategies = try store.strategies(TelemetryFilter())
        #expect(strategies.map(\.strategy) == [nil, "orb"])
        #expect(strategies.reduce(0) { $0 + $1.priced } == 32)
        // 16 runs of each at 2.50.
        #expect(strategies.map(\.slippageCost) == [ExactDecimal("40.00"), ExactDecimal("40.00")])
        store.close()
    }

    @Test("A report that would be longer than an answer is refused as too wide, never cut short")
    func tooWide() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        let count = TelemetryStore.maximumReportRows + 1
        let many = (1...count).map { number in
            var row = Sample.run(UInt64(number), second: 1, legs: 1, strategy: "s\(number)")
            row.legs[0].account = AccountID("A\(number)")!
            return row
        }
        try store.keep(many)
        for body in [
            { _ = try store.outcomes(TelemetryFilter()) }, { _ = try store.strategies(TelemetryFilter()) },
        ] as [() throws -> Void] {
            do {
                try body()
                Issue.record("it was answered")
            } catch let failure as TelemetryStore.Failure { #expect(failure.isTooWide) }
        }
        #expect(try store.legCounts(TelemetryFilter()).statuses.values.reduce(0, +) == Int64(count))
        let one = many[7].legs[0].account
        #expect(try store.outcomes(TelemetryFilter(account: one)).map(\.account) == [one])
        store.close()
    }

    @Test("Latencies asked for series by series are those that are asked for at once", arguments: 0..<10)
    func series(seed: UInt64) throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        var random = SeededGenerator(seed: seed)
        var windows: [LatencyWindowKey: StageHistograms] = [:]
        for _ in 0..<60 {
            let key = LatencyWindowKey(
                minute: Int64.random(in: 10...14, using: &random),
                adapter: AdapterID(["one", "two"].randomElement(using: &random)!)!,
                account: AccountID(["A", "a", "B-1", "Z"].randomElement(using: &random)!)!,
                group: [Sample.groups[0], Sample.groups[1], nil].randomElement(using: &random)!)
            for stage in Stage.allCases.dropFirst() where Bool.random(using: &random) {
                windows[key, default: StageHistograms()].record(
                    stage, nanoseconds: Int64.random(in: 0...9_000_000, using: &random))
            }
        }
        try store.keep(windows)
        var question = LatencyQuestion(by: Set(LatencyQuestion.Dimension.allCases))
        if Bool.random(using: &random) { question.from = Timestamp(nanoseconds: 12 * 60_000_000_000) }
        let all = try store.latencySeries(question)
        let width = Int.random(in: 1...7, using: &random)
        let parts = try stride(from: 0, to: all.count, by: width).flatMap { start in
            try store.latencies(question, from: all[start], to: all[min(start + width, all.count) - 1])
        }
        #expect(all == all.sorted() && Set(all).count == all.count)
        #expect(parts == (try store.latencies(question)) && !parts.isEmpty)
        store.close()
    }

    @Test("What is too old goes in bounded parts, runs with their legs and windows; the rest stays")
    func age() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        try store.keep((1...1_200).map { Sample.run(UInt64($0), second: Int64($0), legs: 2) })
        let retention = TelemetryStore.Retention(maximumAge: 100_000_000_000, maximumSize: 1 << 40)
        let now = Timestamp(nanoseconds: Sample.start + 1_201 * 1_000_000_000)
        var steps = 1
        while try store.trim(retention, now: now) { steps += 1 }
        #expect(steps == 3, "500 runs at once at most")
        #expect(try store.runs().rows.map(\.run.number) == Array(1_101...1_200))
        #expect(try store.outcomes(TelemetryFilter()).reduce(0) { $0 + $1.legs } == 200)
        store.close()
    }

    @Test("A file beyond its size loses the oldest runs first, until it is within")
    func size() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        try store.keep((1...2_000).map { Sample.run(UInt64($0), second: Int64($0), legs: 2) })
        let full = try store.sizeInUse()
        let retention = TelemetryStore.Retention(maximumAge: .max / 20, maximumSize: full / 2)
        let now = Timestamp(nanoseconds: Sample.start + 3_000 * 1_000_000_000)
        for _ in 0..<20 where try store.trim(retention, now: now) {}
        let left = try store.runs().rows.map(\.run.number)
        #expect(try store.sizeInUse() <= full / 2 && !left.isEmpty && left.count < 2_000)
        #expect(left == Array((2_001 - UInt64(left.count))...2_000), "the newest stay")
        store.close()
    }

    @Test("A session without an end was killed; one that ended says when and why")
    func sessions() throws {
        let fixture = try StoreFixture()
        let first = try fixture.open()
        let at = Timestamp(nanoseconds: Sample.start)
        _ = try first.beginSession(at: at, version: "0.1.0", configurationHash: "aa")
        first.close()
        let second = try fixture.open()
        let session = try second.beginSession(at: at.advanced(by: 10), version: "0.1.0", configurationHash: "bb")
        try second.endSession(session.id, at: at.advanced(by: 20), reason: "stopped")
        let rows = try second.sessions().rows
        #expect(rows.map(\.reason) == ["killed", "stopped"] && rows.map(\.endedAt) == [nil, at.advanced(by: 20)])
        #expect(rows.map(\.configurationHash) == ["aa", "bb"])
        second.close()
    }

    @Test("A file that cannot be read is moved aside and a new one begun", arguments: [true, false])
    func aside(isNewer: Bool) throws {
        let fixture = try StoreFixture()
        let path = fixture.directory.appendingPathComponent(TelemetryStore.fileName)
        try Data((isNewer ? "SQLite format 3\0 but no more" : "no database at all").utf8).write(to: path)
        let store = try fixture.open()
        #expect(store.hasMovedAside && FileManager.default.fileExists(atPath: path.path + ".aside"))
        try store.keep([Sample.run(1, second: 1, legs: 1)])
        store.close()
        let again = try fixture.open()
        let count = try again.runs().rows.count
        #expect(!again.hasMovedAside && count == 1)
        again.close()
    }

    @Test(
        "A cursor's text is read back, and nothing else is one",
        arguments: ["1-2-3", "1-2", "-1-2-3", "a-b-c", "01-2-3", ""])
    func cursors(text: String) {
        #expect(TelemetryCursor(text)?.description == (text == "1-2-3" ? text : nil))
    }
}
