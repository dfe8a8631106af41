import AdapterKit
import Exact
import Testing

@testable import Paper

@Suite("Which events meet a fault")
struct FaultPlanTests {
    private func plan(_ frequency: FaultTrigger.Frequency..., seed: UInt64 = 1, limit: UInt64 = .max) -> FaultPlan {
        var scenario = Scenario()
        scenario.seed = seed
        scenario.rules = frequency.map { frequency in
            var trigger = FaultTrigger(events: [.submit])
            (trigger.frequency, trigger.limit) = (frequency, limit)
            return FaultRule(trigger: trigger, fault: .throttle(retryAfter: nil))
        }
        return FaultPlan(scenario, account: "P0")
    }

    /// The rules that the first events set off; -1: none.
    private func hits(_ plan: inout FaultPlan, _ count: Int) -> [Int] {
        (0..<count).map { _ in plan.meet(.submit, symbol: "S", side: .buy, elapsed: 0)?.rule ?? -1 }
    }

    @Test("nth is one, every is each n-th, limit ends it, and the first rule wins while all count")
    func frequencies() {
        var nth = plan(.nth(2))
        #expect(hits(&nth, 4) == [-1, 0, -1, -1])
        var every = plan(.every(3))
        #expect(hits(&every, 7) == [-1, -1, 0, -1, -1, 0, -1])
        var limited = plan(.always, limit: 2)
        #expect(hits(&limited, 4) == [0, 0, -1, -1])
        var both = plan(.every(2), .every(3))
        #expect(hits(&both, 6) == [-1, 0, 1, 0, -1, 0])
    }

    @Test("Time narrows from the first instant on, and not from the last")
    func window() {
        var scenario = Scenario()
        var trigger = FaultTrigger(events: [.submit])
        (trigger.from, trigger.to) = (10, 20)
        scenario.rules = [FaultRule(trigger: trigger, fault: .throttle(retryAfter: nil))]
        var plan = FaultPlan(scenario, account: "P0")
        let met = [9, 10, 19, 20].map { plan.meet(.submit, symbol: nil, side: nil, elapsed: $0) != nil }
        #expect(met == [false, true, true, false])
    }

    @Test("The same seed meets the same events, whatever other rules draw", arguments: UInt64(0)..<100)
    func determinism(seed: UInt64) {
        let chance = FaultTrigger.Frequency.chance(billionths: 300_000_000)
        var (one, same) = (plan(chance, seed: seed), plan(chance, seed: seed))
        let first = hits(&one, 200)
        #expect(hits(&same, 200) == first)
        var beside = plan(chance, chance, seed: seed)
        #expect(hits(&beside, 200).map { $0 == 0 } == first.map { $0 == 0 })
        var other = plan(chance, seed: seed &+ 1)
        #expect(hits(&other, 200) != first)
        let count = first.filter { $0 == 0 }.count
        #expect((25...95).contains(count), "a chance of 0.3 met \(count) of 200")  // five deviations
    }

    @Test("A chance of 0 meets nothing and a chance of 1 everything")
    func bounds() {
        var (never, always) = (plan(.chance(billionths: 0)), plan(.chance(billionths: 1_000_000_000)))
        #expect(Set(hits(&never, 500)) == [-1])
        #expect(Set(hits(&always, 500)) == [0])
    }

    @Test("A scenario goes on after a restart where it was", arguments: UInt64(0)..<50)
    func resume(seed: UInt64) throws {
        let chance = FaultTrigger.Frequency.chance(billionths: 500_000_000)
        var (one, other) = (plan(chance, .nth(30), seed: seed), plan(chance, .nth(30), seed: seed))
        _ = hits(&one, 20)
        _ = hits(&other, 20)
        var restarted = plan(chance, .nth(30), seed: seed)
        let record = other.takeRecord()
        try restarted.resume(try #require(record))
        let nothingNew = other.takeRecord()
        #expect(nothingNew == nil)
        #expect(hits(&restarted, 20) == hits(&one, 20))
    }

    @Test("Counts of another scenario are not taken over, and broken ones are refused")
    func foreignCounts() throws {
        var old = plan(.nth(1))
        _ = hits(&old, 1)
        let counts = old.takeRecord()
        let record = try #require(counts)
        var scenario = old.scenario
        scenario.fingerprint = 99
        var other = FaultPlan(scenario, account: "P0")
        try other.resume(record)
        #expect(hits(&other, 1) == [0])
        #expect(throws: BrokenMemory.self) {
            var broken = other
            try broken.resume([1, 2])
        }
    }

    @Test("What is due comes by time, and together in the order it was added", arguments: UInt64(0)..<50)
    func agenda(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var agenda = Agenda<Int>()
        var expected: [(at: Int64, item: Int)] = []
        for item in 0..<200 {
            let at = Int64.random(in: 0..<20, using: &random)
            let isAdded = agenda.add(item, at: Timestamp(nanoseconds: at))
            #expect(isAdded)
            expected.append((at, item))
        }
        expected.sort { ($0.at, $0.item) < ($1.at, $1.item) }
        var taken: [Int] = []
        while let item = agenda.take(by: Timestamp(nanoseconds: 19)) { taken.append(item) }
        #expect(taken == expected.map(\.item))
    }

    @Test("A full agenda says so")
    func fullAgenda() {
        var agenda = Agenda<Int>()
        for item in 0..<Agenda<Int>.most { _ = agenda.add(item, at: Timestamp(nanoseconds: 1)) }
        let isAdded = agenda.add(0, at: Timestamp(nanoseconds: 1))
        #expect(!isAdded)
        #expect(agenda.count == Agenda<Int>.most)
    }
}
