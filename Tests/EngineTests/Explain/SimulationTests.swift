import Domain
import Testing

@testable import Engine

@Suite("A simulation of other limits over a past")
struct SimulationTests {
    private static let always = Simulation.Window(
        from: Timestamp(nanoseconds: .min), to: Timestamp(nanoseconds: .max))

    private func simulate(
        _ history: History, _ limits: RiskLimits, window: Simulation.Window = always, maximumLegs: Int = 1_000
    ) -> SimulationResult {
        var simulation = Simulation(history.base, limits: limits, window: window, maximumLegs: maximumLegs)
        for event in history.events { simulation.apply(event) }
        return simulation.result
    }

    /// The recorded limits with some of them drawn anew: tighter, looser or both.
    private func proposal(_ limits: RiskLimits, _ random: inout SeededGenerator) -> RiskLimits {
        var proposed = limits
        proposed.version = 2
        func change(_ value: inout Int64, _ random: inout SeededGenerator) {
            guard value != .max else { return }
            value = value * Int64.random(in: 2...15, using: &random) / 10
        }
        for id in proposed.accounts.keys.sorted(by: { $0.rawValue < $1.rawValue }) {
            guard var own = proposed.accounts[id] else { continue }
            for _ in 0..<3 {
                switch Int.random(in: 0...12, using: &random) {
                case 0: own.position = .value(ExactDecimal(Int64.random(in: 5...400, using: &random)))
                case 12: own.quantity.maximum = .value(ExactDecimal(Int64.random(in: 5...100, using: &random)))
                case 1: own.collar.basisPoints = Int64.random(in: 50...1_000, using: &random)
                case 2: own.rates = [RateWindow(limit: Int.random(in: 1...3, using: &random), window: 9_000_000_000)]
                case 3: change(&own.notional.maximum, &random)
                case 4: change(&own.leverage, &random)
                case 5: change(&own.grossExposure, &random)
                case 6: change(&own.drawdown.maximum, &random)
                case 7: (own.duplicates.maximum, own.duplicates.window) = (1, 30_000_000_000)
                case 8: own.margin.basisPoints = Int64.random(in: 0...9_000, using: &random)
                case 9: change(&own.dailyLoss.maximum, &random)
                case 10: own.maximumHold = own.maximumHold == 0 ? 3_000_000_000 : 0
                default: change(&own.dailyCounts.orders, &random)
                }
            }
            proposed.accounts[id] = own
        }
        if Bool.random(using: &random) { proposed.groups[EngineFixture.group]?.aggregate?.position = .value(40) }
        return proposed
    }

    /// What a fresh engine under the proposed limits decides at each run, with the state replayed and everything known.
    private func bruteForce(_ history: History, _ limits: RiskLimits) throws -> [SimulationResult.Difference] {
        try history.moments.flatMap { moment -> [SimulationResult.Difference] in
            var engine = history.replayed(to: moment, under: limits)
            engine.inputs = moment.inputs
            let now = moment.admission.admittedAt
            let after = try engine.explain(moment.request, now: now)
            return zip(moment.admission.legs, after.legs).enumerated().compactMap {
                (index, pair) -> SimulationResult.Difference? in
                let (before, leg) = pair
                let change: SimulationResult.Change
                switch (before.rejection, leg.admission.rejection) {
                case (nil, .some): change = .refused
                case (.some, nil): change = .newlyAdmitted
                case (.some, .some): return nil
                case (nil, nil):
                    if before.orderedQuantity == leg.admission.orderedQuantity { return nil }
                    change = leg.admission.orderedQuantity < before.orderedQuantity ? .clipped : .enlarged
                }
                let clip = leg.controls.last { $0.verdict == .clip }?.rejection
                return SimulationResult.Difference(
                    leg: LegID(run: moment.admission.run, index: index), account: before.account,
                    instrument: moment.admission.instrument, side: before.side, admittedAt: now, change: change,
                    before: before.rejection, beforeQuantity: before.orderedQuantity, after: leg.admission.rejection,
                    afterQuantity: leg.admission.orderedQuantity,
                    reason: change == .newlyAdmitted ? before.rejection : leg.admission.rejection ?? clip)
            }
        }
    }

    @Test("Exactly those legs differ that a replay and a decision of its own for each run gives", arguments: 0..<12)
    func bruteForce(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let history = try History(steps: 60, &random)
        let proposed = proposal(history.limits, &random)
        let wanted = try bruteForce(history, proposed)
        let result = simulate(history, proposed)
        #expect(result.differences == wanted)
        #expect(result.runs == history.moments.count && result.undecided == 0)
        #expect(result.legs == history.moments.reduce(0) { $0 + $1.admission.legs.count })
        func count(_ change: SimulationResult.Change) -> Int { wanted.count { $0.change == change } }
        #expect(result.refused == count(.refused) && result.clipped == count(.clipped))
        #expect(result.enlarged == count(.enlarged) && result.newlyAdmitted == count(.newlyAdmitted))
        #expect(result.unchanged == result.legs - wanted.count)
        #expect(result.byControl.values.reduce(0) { $0 + $1.refused } == result.refused)
    }

    @Test("The limits that were in force make no difference", arguments: 0..<12)
    func sameLimits(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let history = try History(steps: 60, &random)
        let result = simulate(history, history.limits)
        #expect(result.differences == [] && result.unchanged == result.legs && result.legs > 0)
    }

    @Test("The histories of these tests are rich enough to differ in every way")
    func coverage() throws {
        var changes: Set<SimulationResult.Change> = []
        var controls: Set<ControlID> = []
        for seed in 0..<12 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let history = try History(steps: 60, &random)
            let result = simulate(history, proposal(history.limits, &random))
            changes.formUnion(result.differences.map(\.change))
            controls.formUnion(result.byControl.keys)
        }
        #expect(changes == [.refused, .clipped, .enlarged, .newlyAdmitted])
        #expect(controls.count >= 8, "\(controls)")
    }

    @Test("Legs of one parent count together under the proposed limits, in their order")
    func accumulation() throws {
        var fixture = EngineFixture(accounts: 3, policy: .equal)
        let base = fixture.engine
        let admission = try fixture.decide(fixture.parent(.buy, 30))
        var limits = RiskLimits(version: 2)
        limits.defaults[EngineFixture.currency] = EngineFixture.open
        limits.groups[EngineFixture.group] = TotalLimits()
        limits.groups[EngineFixture.group]?.position = .value(25)
        var simulation = Simulation(base, limits: limits, window: Self.always)
        simulation.apply(.runAdmitted(admission))
        let result = simulation.result
        #expect(result.refused == 1 && result.unchanged == 2)
        let difference = try #require(result.differences.first)
        #expect(difference.leg.index == 2 && difference.reason?.control == .maxPosition)
        #expect(difference.reason?.observed == 20 && difference.reason?.projected == 30)
        #expect(difference.beforeQuantity == 10 && difference.afterQuantity == 0)
    }

    @Test("History goes on as it happened: what is refused here still counts in what comes after")
    func historyStands() throws {
        var fixture = EngineFixture()
        let base = fixture.engine
        var limits = RiskLimits(version: 2)
        limits.defaults[EngineFixture.currency] = EngineFixture.limits { $0.position = .value(15) }
        var simulation = Simulation(base, limits: limits, window: Self.always)
        for quantity in [20, 1, 1] as [Int64] {
            let admission = try fixture.decide(fixture.parent(.buy, quantity, account: 0))
            fixture.engine.apply(.runAdmitted(admission))
            simulation.apply(.runAdmitted(admission))
        }
        #expect(simulation.result.refused == 3)
        #expect(simulation.result.differences.map { $0.reason?.observed } == [0, 20, 21])
    }

    @Test("Only runs of the window and the group are decided; counts are exact beyond the legs that are kept")
    func bounds() throws {
        var random = SeededGenerator(seed: 3)
        let history = try History(steps: 80, &random)
        var proposed = history.limits
        for id in proposed.accounts.keys { proposed.accounts[id]?.allowList = [] }
        let all = simulate(history, proposed)
        #expect(all.refused > 6 && !all.isTruncated)
        let few = simulate(history, proposed, maximumLegs: 2)
        #expect(few.refused == all.refused && few.differences == Array(all.differences.prefix(2)) && few.isTruncated)
        #expect(few.byControl == all.byControl && all.byControl[.allowList]?.refused == all.refused)
        let middle = history.moments[history.moments.count / 2].admission.admittedAt
        let early = simulate(history, proposed, window: .init(from: .init(nanoseconds: .min), to: middle))
        let late = simulate(
            history, proposed, window: .init(from: middle.advanced(by: 1), to: .init(nanoseconds: .max)))
        #expect(early.runs + late.runs == all.runs && early.refused + late.refused == all.refused)
        #expect(early.runs > 0 && late.runs > 0)
        let group = simulate(
            history, proposed,
            window: .init(from: Self.always.from, to: Self.always.to, group: EngineFixture.group))
        #expect(group.runs == history.moments.count { $0.admission.group == EngineFixture.group })
        #expect(simulate(history, proposed, maximumLegs: 0).differences.isEmpty)
    }

    @Test("Records without funds: controls that need them decide nothing, and the notes say so")
    func withoutFunds() throws {
        var fixture = EngineFixture()
        let base = fixture.engine
        var admission = try fixture.decide(fixture.parent(.buy, 20, account: 0))
        admission.isFundsRecorded = false
        var limits = RiskLimits(version: 2)
        limits.defaults[EngineFixture.currency] = EngineFixture.limits { $0.leverage = 1 }
        var simulation = Simulation(base, limits: limits, window: Self.always)
        simulation.apply(.runAdmitted(admission))
        #expect(simulation.result.unchanged == 1 && simulation.result.notes.contains(InputGap.funds.text))
        admission.isFundsRecorded = true
        simulation = Simulation(base, limits: limits, window: Self.always)
        simulation.apply(.runAdmitted(admission))
        #expect(simulation.result.differences.first?.reason?.code == "leverage_no_input")
    }
}
