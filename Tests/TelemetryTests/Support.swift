import Domain
import Foundation
import Telemetry

/// The same numbers for the same seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678_9ABC_DEF1 }
    mutating func next() -> UInt64 {
        state = state &+ 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// A store in a directory of its own, which goes with the value.
final class StoreFixture: Sendable {
    let directory: URL

    init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("telemetry-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    func open() throws -> TelemetryStore { try TelemetryStore(directory: directory.path) }
}

enum Sample {
    static let start: Int64 = 1_764_000_000_000_000_000
    static let accounts = (1...4).map { AccountID(unchecked: "P\($0)") }
    static let adapter = AdapterID("paper")!
    static let groups = ["family", "others"].map { GroupID(unchecked: $0) }
    static let currency = Currency("USD")!

    /// A run of `legs` legs, received `second` seconds after the start.
    static func run(
        _ number: UInt64, second: Int64, legs: Int, group: GroupID? = groups[0], strategy: String? = nil,
        isDone: Bool = true
    ) -> (run: RunSummary, legs: [LegTiming]) {
        let received = Timestamp(nanoseconds: start + second * 1_000_000_000)
        let id = RunID(number: number)
        let timings = (0..<legs).map { index -> LegTiming in
            var times = StageInstants()
            for stage in Stage.allCases where isDone || stage.rawValue < Stage.firstFill.rawValue {
                times[stage] = received.nanoseconds + Int64(stage.rawValue) * 1_000 * Int64(index + 1)
            }
            times[.admitted] = received.nanoseconds + 1_000
            var timing = LegTiming(
                leg: LegID(run: id, index: index), group: group, account: accounts[index % accounts.count],
                adapter: adapter, strategy: strategy, symbol: "US:EQ:AAPL", currency: currency, side: .buy,
                status: isDone ? "FILLED" : "WORKING", order: LegTiming.Order(orderType: .limit, slices: 1),
                times: times, weight: Int64(index),
                allocatedQuantity: 10, orderedQuantity: 10, cumulativeQuantity: isDone ? 10 : 0,
                averagePrice: isDone ? ExactDecimal("100.25") : nil, slippage: isDone ? ExactDecimal("0.25") : nil,
                slippageCost: isDone ? ExactDecimal("2.50") : nil)
            timing.sendRank = Int64(index)
            timing.waits = [
                LegTiming.Wait(reason: .rate, duration: 1_200), LegTiming.Wait(reason: .session, duration: 7),
            ]
            return timing
        }
        let summary = RunSummary(
            run: id, group: group, groupVersion: 1, riskVersion: 2, strategy: strategy, symbol: "US:EQ:AAPL",
            currency: currency, side: .buy, mode: "best_effort", status: isDone ? "DONE" : "WORKING",
            receivedAt: received, admittedAt: received.advanced(by: 1_000), durableAt: received.advanced(by: 2_000),
            firstSentAt: received.advanced(by: 4_000), lastSentAt: received.advanced(by: 4_000 * Int64(legs)),
            doneAt: isDone ? received.advanced(by: 90_000) : nil, updatedAt: received.advanced(by: 90_000),
            requestedQuantity: ExactDecimal(Int64(legs * 10)),
            unallocatedQuantity: 0, rotation: 0, legCount: Int64(legs), refusedCount: 0, leftOutCount: 1,
            arrivalPrice: 100, filledQuantity: isDone ? ExactDecimal(Int64(legs * 10)) : 0,
            slippageCost: isDone ? ExactDecimal("2.50") : nil, lowestPrice: isDone ? ExactDecimal("100.25") : nil,
            highestPrice: isDone ? ExactDecimal("100.25") : nil)
        return (summary, timings)
    }
}
