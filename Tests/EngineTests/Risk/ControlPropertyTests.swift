import Domain
import Testing

@testable import Engine

@Suite("Properties of all controls together (§4.4)")
struct ControlPropertyTests {
    /// Every control that this target can feed, at limits drawn from a seed.
    static func limits(_ random: inout SeededGenerator) -> AccountLimits {
        var limits = EngineFixture.open
        func draw(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &random) }
        limits.duplicates.maximum = draw(1...3)
        limits.dailyCounts.orders = draw(5...60)
        limits.dailyCounts.lots = draw(50...2_000)
        limits.dailyCountsPerInstrument.orders = draw(5...60)
        limits.dailyCounts.cancels = draw(0...3)
        limits.strategyRuns = draw(1...30)
        limits.netExposure.maximum = draw(10_000...3_000_000)
        limits.concentration = draw(1_000...60_000)
        limits.leverage = draw(1_000...60_000)
        limits.position = .value(ExactDecimal(draw(20...300)))
        limits.grossExposure = draw(10_000...3_000_000)
        limits.drawdown.maximum = draw(1_000...500_000)
        limits.lossStreak.count = draw(1...5)
        limits.lossStreak.coolOff = 5_000_000_000
        limits.selfTrade.owners = .owner
        limits.selfTrade.action = [.reject, .cancelResting, .tag].randomElement(using: &random) ?? .reject
        return limits
    }

    /// Makes what a venue, a broker and a person could do, and gives the events.
    static func run(_ fixture: inout EngineFixture, steps: Int, _ random: inout SeededGenerator) throws -> [Event] {
        var events: [Event] = []
        func keep(_ new: [Event]) {
            for event in new { fixture.engine.apply(event) }
            events += new
        }
        for step in 0..<steps {
            fixture.now = fixture.now.advanced(by: Int64.random(in: 0...3_000_000_000, using: &random))
            let live = fixture.engine.runs.live
            switch Int.random(in: 0...9, using: &random) {
            case 0...3:
                var order = fixture.parent(
                    Bool.random(using: &random) ? .buy : .sell, Int64.random(in: 3...40, using: &random),
                    account: Bool.random(using: &random) ? 0 : nil,
                    price: Bool.random(using: &random) ? nil : "\(Int64.random(in: 97...103, using: &random))")
                order.strategy = ["a", "b", nil].randomElement(using: &random) ?? nil
                order.product = Bool.random(using: &random) ? .intraday : .delivery
                if let admission = try? fixture.decide(order) { keep([.runAdmitted(admission)]) }
            case 4, 5:
                guard let run = live.randomElement(using: &random),
                    let order = run.orders.indices.randomElement(using: &random), run.orders[order].leavesQuantity > 0
                else { continue }
                let leg = run.admission(of: run.orders[order])
                var report = ExecutionReport(
                    account: fixture.engine.accounts[Int(leg.account)].account.id, executionID: "e\(step)",
                    clientOrderID: fixture.engine.clientOrderID(run.orders[order].clientSequence), brokerOrderID: nil,
                    symbol: nil, side: leg.side,
                    lastQuantity: ExactDecimal(Int64.random(in: 1...run.orders[order].leavesQuantity, using: &random)),
                    lastPrice: ExactDecimal(Int64.random(in: 95...105, using: &random)))
                report.fees = 1
                keep([try fixture.engine.event(for: report, at: fixture.now)])
            case 6:
                guard let run = live.randomElement(using: &random) else { continue }
                keep([.orderReported(run: run.id, order: 0, report: .state(.canceled, at: fixture.now))])
            case 7:
                guard let run = live.randomElement(using: &random) else { continue }
                keep(fixture.engine.requestCancel(run.id, by: "t"))
            case 8:
                fixture.setPrice("\(Int64.random(in: 95...105, using: &random))")
                fixture.setFunds(Int64.random(in: 5_000...20_000, using: &random))
            default:
                keep(fixture.engine.dayEvents(now: fixture.now, mayLackPrices: true))
                for breach in fixture.engine.lossEvents(now: fixture.now) {
                    let change = breach.change
                    keep([.stateChanged(change)])
                    keep(fixture.engine.consequences(of: change, cancelWorking: false))
                }
                if Int.random(in: 0...3, using: &random) == 0 {
                    for scope in fixture.engine.tradingStates.keys.sorted(by: { $0.description < $1.description }) {
                        keep([
                            .stateChanged(
                                TradingStateChange(
                                    scope: scope, status: .active, reason: "t", by: "ann", at: fixture.now))
                        ])
                    }
                }
            }
        }
        return events
    }

    @Test("R9: replaying the journal gives the state of every control", arguments: 0..<30)
    func replay(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var fixture = EngineFixture(accounts: 3, policy: .proportional, limits: Self.limits(&random))
        var replayed = fixture.engine
        // A restart replays before any limits are known.
        replayed.setLimits(RiskLimits(version: 0))
        fixture.setFunds(10_000)
        let events = try Self.run(&fixture, steps: 150, &random)
        var bytes: [UInt8] = []
        JournalRecord.encode(events: events, sequence: 1, at: fixture.now, into: &bytes)
        for event in try JournalRecord.decode(bytes).events { replayed.apply(event) }
        replayed.setLimits(fixture.engine.limits)
        let live = fixture.engine
        #expect(replayed.runs.all == live.runs.all)
        #expect(replayed.book.positions == live.book.positions)
        #expect(replayed.attribution.positions == live.attribution.positions)
        #expect(replayed.attribution.strategyRuns == live.attribution.strategyRuns)
        #expect(replayed.duplicates == live.duplicates)
        #expect(replayed.selfTradeCancels == live.selfTradeCancels)
        #expect(replayed.tradingStates == live.tradingStates)
        for (one, other) in zip(replayed.accounts, live.accounts) {
            #expect(one.trips == other.trips && one.day == other.day)
            #expect(one.equityHigh == other.equityHigh && one.sessionEquityHigh == other.sessionEquityHigh)
            #expect(
                [one.dayOrders, one.dayModifications, one.dayCancels]
                    == [other.dayOrders, other.dayModifications, other.dayCancels])
        }
        for account in 0..<3 as Range<Int32> {
            #expect(replayed.book.busyLots(of: account) == live.book.busyLots(of: account))
            for side in [Side.buy, .sell] {
                func best(_ engine: Engine) -> Int64? {
                    engine.resting.bestOpposite(of: side, account: account, instrument: 0, owners: .owner, reference: 1)
                }
                #expect(best(replayed) == best(live))
            }
        }
    }

    @Test("A decision leaves no trace, whatever it decides", arguments: 0..<30)
    func noTrace(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var fixture = EngineFixture(accounts: 3, limits: Self.limits(&random))
        fixture.setFunds(10_000)
        _ = try Self.run(&fixture, steps: 60, &random)
        let before = fixture.engine
        let order = fixture.parent(Bool.random(using: &random) ? .buy : .sell, 30, price: "100")
        let first = try fixture.decide(order)
        #expect(try fixture.decide(order) == first)
        #expect(fixture.engine.book.positions.prefix(before.book.positions.count) == before.book.positions[...])
        #expect(
            fixture.engine.duplicates == before.duplicates
                && fixture.engine.accounts.map(\.trips) == before.accounts.map(\.trips))
        #expect((0..<2).allSatisfy { fixture.engine.book.totals[$0].sum(0) == before.book.totals[$0].sum(0) })
    }

    @Test("R1: tightening any limit of these controls never turns a refusal into an admission", arguments: 0..<150)
    func tighter(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var fixture = EngineFixture(limits: Self.limits(&random))
        fixture.setFunds(10_000)
        _ = try Self.run(&fixture, steps: 20, &random)
        let loose = fixture.limits
        var tight = loose
        switch Int.random(in: 0...8, using: &random) {
        case 0: tight.duplicates.maximum -= 1
        case 1: tight.dailyCounts.orders -= 1
        case 2: tight.dailyCounts.lots /= 2
        case 3: tight.netExposure.maximum /= 2
        case 4: tight.concentration /= 2
        case 5: tight.leverage /= 2
        case 6: tight.drawdown.maximum /= 2
        case 7: tight.lossStreak.count = 1
        default: tight.strategyRuns -= 1
        }
        var order = fixture.parent(
            Bool.random(using: &random) ? .buy : .sell, Int64.random(in: 1...60, using: &random), account: 0)
        order.strategy = "a"
        let wide = try fixture.refusal(order)
        fixture.setLimits(tight)
        let narrow = try fixture.refusal(order)
        #expect(wide == nil || narrow != nil)
    }

    @Test(
        "R2: without group limits the admitted set does not depend on the order of legs in distinct accounts",
        arguments: 0..<40)
    func legOrder(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let limits = (0..<4).map { _ in Self.limits(&random) }
        var results: [[String: Bool]] = []
        for order in [Array(0..<4), Array((0..<4).reversed())] {
            var fixture = EngineFixture(accounts: 4)
            fixture.engine.apply(
                .groupDefined(
                    ExecutionGroup(
                        id: EngineFixture.group, policy: .equal,
                        members: order.map { ExecutionGroup.Member(account: AccountID("A\($0)")!) },
                        createdAt: fixture.now, updatedAt: fixture.now)))
            fixture.setLimits(EngineFixture.open) {
                for (index, limits) in limits.enumerated() { $0.accounts[AccountID("A\(index)")!] = limits }
            }
            for index in 0..<4 as Range<Int32> { fixture.setFunds(3_000, account: index) }
            let legs = try fixture.decide(fixture.parent(.buy, 200)).legs
            results.append(
                Dictionary(
                    uniqueKeysWithValues: legs.map {
                        ("\(fixture.engine.accounts[Int($0.account)].account.id)", $0.rejection == nil)
                    }))
        }
        #expect(results[0] == results[1])
    }

    @Test("R6: parents one after the other never pass a group's aggregate together", arguments: 0..<30)
    func jointAggregate(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var fixture = EngineFixture(accounts: 3)
        fixture.setLimits(EngineFixture.open) {
            var limit = AggregateLimit()
            limit.position = .value(100)
            limit.grossExposure = [EngineFixture.currency: 1_000_000]
            $0.groups[EngineFixture.group] = TotalLimits()
            $0.groups[EngineFixture.group]?.aggregate = limit
        }
        for _ in 0..<30 {
            try fixture.admit(fixture.parent(.buy, Int64.random(in: 3...40, using: &random)))
            #expect(fixture.engine.book.totals[1].sum(0).worst <= 100)
        }
        #expect(fixture.engine.book.totals[1].sum(0).worst > 60)
    }

    @Test(
        "R12: slices are the leg, none is above the freeze quantity, none differs by more than a lot",
        arguments: 0..<100)
    func slices(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let lot = Int64.random(in: 1...9, using: &random)
        let freeze = lot * Int64.random(in: 1...20, using: &random) + Int64.random(in: 0..<lot, using: &random)
        let quantity = lot * Int64.random(in: 1...150, using: &random)
        var fixture = EngineFixture(lot: "\(lot)", freeze: "\(freeze)")
        let leg = try fixture.decide(fixture.parent(.buy, quantity, account: 0)).legs[0]
        guard leg.rejection == nil else {
            #expect((quantity - 1) / (freeze / lot * lot) + 1 > 10)
            return
        }
        #expect(leg.slices.reduce(0, +) == quantity && leg.slices.allSatisfy { $0 % lot == 0 && $0 <= freeze })
        #expect((leg.slices.max() ?? 0) - (leg.slices.min() ?? 0) <= lot)
    }

    @Test("R14: new limits bind the next admission as a whole, which names their version")
    func atomicLimits() throws {
        var fixture = EngineFixture()
        let first = try fixture.admit(fixture.parent(.buy, 50, account: 0))
        var limits = RiskLimits(version: 2)
        limits.defaults[EngineFixture.currency] = EngineFixture.limits { $0.position = .value(10) }
        fixture.engine.apply(
            .riskConfigured(RiskVersion(version: 2, document: "", reason: "", by: "", at: fixture.now)))
        fixture.engine.setLimits(limits)
        #expect(fixture.engine.runs[first.id]?.status == .admitted, "what was admitted stays")
        let next = try fixture.decide(fixture.parent(.buy, 1, account: 0))
        #expect(next.riskVersion == 2 && next.legs[0].rejection?.limit == 10)
    }

    @Test("Closing passes every one of these controls at its tightest, without any input")
    func closing() throws {
        var fixture = EngineFixture(accounts: 2)
        try fixture.fillAll(try fixture.admit(fixture.parent(.buy, 20)))
        var limits = EngineFixture.open
        limits.strategyRuns = 0
        limits.duplicates.maximum = 0
        limits.dailyCounts = DailyCountLimit()
        limits.dailyCounts.orders = 0
        limits.dailyCounts.lots = 0
        limits.dailyCountsPerInstrument = limits.dailyCounts
        limits.netExposure.maximum = 0
        limits.concentration = 0
        limits.leverage = 0
        limits.shortRules.delivery = .free
        limits.shortRules.allowsNakedOptions = false
        limits.drawdown.maximum = 0
        limits.lossStreak.count = 0
        fixture.setLimits(limits) {
            var totals = TotalLimits()
            totals.netExposure = [EngineFixture.currency: 0]
            totals.position = .value(0)
            totals.loss.maximum = [EngineFixture.currency: 0]
            var aggregate = AggregateLimit()
            aggregate.openOrders = 0
            aggregate.position = .value(0)
            aggregate.notional = [EngineFixture.currency: 0]
            totals.aggregate = aggregate
            $0.groups[EngineFixture.group] = totals
            $0.firm.netExposure = [Currency("EUR")!: 0]
        }
        var order = fixture.parent(.sell, 20, price: "100")
        order.strategy = "s"
        order.product = .delivery
        #expect(try fixture.decide(order).legs.map { $0.rejection?.code } == [nil, nil])
        #expect(try fixture.decide(fixture.parent(.buy, 2, price: "100")).legs.allSatisfy { $0.rejection != nil })
    }
}
