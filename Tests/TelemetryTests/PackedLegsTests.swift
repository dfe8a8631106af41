import Domain
import Foundation
import GRDB
import Testing

@testable import Telemetry

@Suite("Legs in one piece")
struct PackedLegsTests {
    @Test("Whatever a leg holds is read back the same, whichever of it is absent", arguments: 0..<100)
    func roundTrip(seed: UInt64) {
        let legs = Self.legs(seed)
        let bytes = PackedLegs.pack(legs)
        #expect(bytes.withUnsafeBytes { PackedLegs.legs($0) } == legs)
        let ids = legs.map(\.leg.index)
        var seen: [Int] = []
        #expect(bytes.withUnsafeBytes { PackedLegs.forEach($0) { seen.append(Int($0.index)) } } && seen == ids)
    }

    @Test("A piece that was cut, changed or made by another build is no piece, and never a crash", arguments: 0..<100)
    func damage(seed: UInt64) {
        let bytes = PackedLegs.pack(Self.legs(seed))
        for count in 0..<min(bytes.count, 300) {
            #expect(Array(bytes[..<count]).withUnsafeBytes { PackedLegs.legs($0) } == nil, "the first \(count) bytes")
        }
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            var changed = bytes
            changed[Int.random(in: 0..<changed.count, using: &random)] = .random(in: 0...255, using: &random)
            changed.withUnsafeBytes { _ = PackedLegs.legs($0) }
        }
        var other = bytes
        other[0] = PackedLegs.format + 1
        #expect(other.withUnsafeBytes { PackedLegs.legs($0) } == nil)
    }

    @Test(
        "A file with a row a leg is taken over: what was kept is told as before, and an export leaves it to the journal"
    )
    func format1() throws {
        let fixture = try StoreFixture()
        let path = fixture.directory.appendingPathComponent(TelemetryStore.fileName).path
        let known = (1...5).map { Sample.run(UInt64($0), second: Int64($0), legs: 3, strategy: "orb") }
        let now = try fixture.open()
        try now.keep(known)
        let runs = try now.runs().rows
        now.close()
        let earlier = try DatabaseQueue(path: path)
        try earlier.write { try Self.makeFormat1($0, known) }
        try earlier.close()

        let store = try fixture.open()
        #expect(!store.hasMovedAside)
        #expect(try store.runs().rows.map(\.run) == runs.map(\.run), "runs are there at once")
        #expect(try store.packOldLegs(limit: 2) && store.packOldLegs(limit: 3))
        #expect(try !store.packOldLegs(), "the table is empty, and gone")
        for entry in known {
            let legs = try #require(try store.run(entry.run.run)).legs
            #expect(legs.map(\.times) == entry.legs.map(\.times) && legs.map(\.waits) == entry.legs.map(\.waits))
            #expect(legs.map(\.averagePrice) == entry.legs.map(\.averagePrice))
        }
        #expect(try store.outcomes(TelemetryFilter()).reduce(0) { $0 + $1.legs } == 15)
        var told = 0
        try store.keptLegs(from: RunID(number: 1), to: RunID(number: 9)) { _, _, _, _ in told += 1 }
        #expect(told == 0)
        try store.keep([known[0]])
        try store.keptLegs(from: RunID(number: 1), to: RunID(number: 9)) { _, _, isEnded, _ in told += isEnded ? 1 : 0 }
        #expect(told == 1, "a run that is kept anew is whole")
        store.close()
    }

    /// Turns a file of this build into one of format 1.
    private static func makeFormat1(_ database: Database, _ runs: [(run: RunSummary, legs: [LegTiming])]) throws {
        let stages = Stage.allCases.map { "\($0.rawName)_at INTEGER NOT NULL" }.joined(separator: ", ")
        try database.execute(
            sql: """
                ALTER TABLE run_summary DROP COLUMN updated_at;
                DROP TABLE run_legs;
                CREATE TABLE leg_timing (run INTEGER NOT NULL, leg INTEGER NOT NULL, \(stages),
                    group_id TEXT, account_id TEXT NOT NULL, adapter_id TEXT NOT NULL, strategy TEXT,
                    symbol TEXT NOT NULL, side TEXT NOT NULL, status TEXT NOT NULL, reject_code TEXT,
                    adapter_ns INTEGER, wire_ns INTEGER, network_ns INTEGER, broker_ns INTEGER, waits TEXT,
                    retries INTEGER NOT NULL, send_rank INTEGER, weight INTEGER NOT NULL,
                    allocated_quantity TEXT NOT NULL, ordered_quantity TEXT NOT NULL, cumulative_quantity TEXT NOT NULL,
                    average_price TEXT, slippage TEXT, slippage_cost TEXT, PRIMARY KEY (run, leg)) STRICT, WITHOUT ROWID;
                CREATE INDEX leg_timing_time ON leg_timing (received_at, run, leg);
                PRAGMA user_version = 1;
                """)
        for leg in runs.flatMap(\.legs) {
            var values: [(any DatabaseValueConvertible)?] = [Int64(leg.leg.run.number), leg.leg.index]
            for stage in Stage.allCases { values.append(leg.times[stage]) }
            values += [
                leg.group?.rawValue, leg.account.rawValue, leg.adapter.rawValue, leg.strategy, leg.symbol,
                leg.side.rawName, leg.status, leg.reject?.code, leg.adapterTime, leg.wireTime, leg.networkTime,
                leg.brokerTime, leg.waits.map { "\($0.reason.rawName):\($0.duration)" }.joined(separator: " "),
            ]
            values += [
                leg.retries?.total ?? 0, leg.sendRank, leg.weight, leg.allocatedQuantity.description,
                leg.orderedQuantity.description, leg.cumulativeQuantity.description, leg.averagePrice?.description,
                leg.slippage?.description, leg.slippageCost?.description,
            ]
            let marks = values.map { _ in "?" }.joined(separator: ",")
            try database.execute(
                sql: "INSERT INTO leg_timing VALUES (\(marks))", arguments: StatementArguments(values))
        }
    }

    static func legs(_ seed: UInt64) -> [LegTiming] {
        var random = SeededGenerator(seed: seed)
        func maybe<Value>(_ value: @autoclosure () -> Value) -> Value? { Bool.random(using: &random) ? value() : nil }
        func text() -> String {
            ["", "a", "=1+1", "\u{0}\n\"", "déjà", String(repeating: "x", count: 300)].randomElement(using: &random)!
        }
        func number() -> ExactDecimal {
            ExactDecimal(mantissa: Int128(Int64.random(in: .min ... .max, using: &random)), exponent: -4)!
        }
        func duration() -> Int64 { [0, 1, 127, 128, 1 << 40, Int64.max].randomElement(using: &random)! }
        let run = RunID(number: UInt64.random(in: 1...1 << 50, using: &random))
        let common = Sample.run(1, second: 1, legs: 1).legs[0]
        let (group, strategy, tag) = (maybe(Sample.groups[0]), maybe(text()), maybe(text()))
        let arrival = maybe(number())
        return (0..<Int.random(in: 1...20, using: &random)).map { index in
            var leg = common
            leg.leg = LegID(run: run, index: index)
            (leg.group, leg.strategy, leg.tag, leg.arrivalPrice) = (group, strategy, tag, arrival)
            leg.account = Sample.accounts.randomElement(using: &random)!
            leg.side = Bool.random(using: &random) ? .buy : .sell
            leg.reject = maybe(
                LegTiming.Reject(
                    code: "code", control: maybe("control"), message: text(), brokerCode: maybe(text()),
                    brokerText: maybe(text())))
            leg.order = LegTiming.Order(
                orderType: maybe(.stopLimit), limitPrice: maybe(number()), stopPrice: maybe(number()),
                clientOrderID: maybe(text()), brokerOrderID: maybe(text()), slices: duration(),
                canceledQuantity: number(), overfilledQuantity: number(), hasAnomaly: Bool.random(using: &random))
            for stage in Stage.allCases.dropFirst(2) {
                leg.times[stage] = maybe(leg.times[.received] + Int64.random(in: -9...1 << 50, using: &random)) ?? 0
            }
            (leg.adapterTime, leg.wireTime) = (maybe(duration()), maybe(duration()))
            (leg.networkTime, leg.brokerTime) = (maybe(duration()), maybe(duration()))
            (leg.sendRank, leg.weight) = (maybe(duration() / 2), -duration())
            func count() -> Int64 { Int64.random(in: 0...300, using: &random) }
            leg.retries = maybe(
                LegTiming.Retries(
                    cancels: count(), modifies: count(), lookUps: count(), unnamed: maybe(count()) ?? 0))
            (leg.averagePrice, leg.slippage, leg.slippageCost) = (maybe(number()), maybe(number()), maybe(number()))
            leg.waits = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                LegTiming.Wait(reason: WaitReason.allCases.randomElement(using: &random)!, duration: duration())
            }
            return leg
        }
    }
}
