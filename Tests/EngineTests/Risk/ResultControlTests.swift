import Domain
import Testing

@testable import Engine

@Suite("Controls that look at results")
struct ResultControlTests {
    private static let account = Scope("account:A0")!
    private static let group = Scope("group:g")!

    /// What Gateway does on every tick.
    private func tick(_ fixture: inout EngineFixture) {
        for event in fixture.engine.dayEvents(now: fixture.now, mayLackPrices: true) { fixture.engine.apply(event) }
        for breach in fixture.engine.lossEvents(now: fixture.now) {
            fixture.engine.apply(.stateChanged(breach.change))
        }
    }

    private func resume(_ fixture: inout EngineFixture, _ scope: Scope) {
        fixture.engine.apply(
            .stateChanged(TradingStateChange(scope: scope, status: .active, reason: "t", by: "ann", at: fixture.now)))
    }

    // MARK: C26

    @Test("C26: a fall from the highest equity refuses at its limit, closes the account for opening, and stays")
    func drawdown() throws {
        let limits = EngineFixture.limits {
            $0.drawdown.maximum = 10_000
            $0.collar.maximumAge = .max
        }
        var fixture = EngineFixture(limits: limits)
        #expect(try fixture.refusal(fixture.parent(.buy, 1, account: 0))?.code == "drawdown_no_input")
        fixture.setFunds(1_000)
        tick(&fixture)
        fixture.setFunds(1_500)
        tick(&fixture)
        try fixture.hold(10)
        fixture.setFunds(1_401)
        #expect(try fixture.refusal(fixture.parent(.buy, 1, account: 0)) == nil, "99 below a limit of 100")
        fixture.setFunds(1_400)
        let refused = try #require(try fixture.refusal(fixture.parent(.buy, 1, account: 0)))
        #expect(refused.code == "drawdown" && refused.limit == 10_000 && refused.observed == 10_000)
        #expect(refused.unit == .money && refused.inputAge == 0)
        #expect(try fixture.refusal(fixture.parent(.sell, 10, account: 0)) == nil)
        tick(&fixture)
        let state = try #require(fixture.engine.tradingStates[Self.account])
        #expect(state.status == .reducing && state.by == "rule:drawdown")
        #expect(fixture.engine.lossEvents(now: fixture.now).isEmpty, "once")
        fixture.advance(61)
        #expect(try fixture.refusal(fixture.parent(.buy, 1, account: 0))?.code == "trading_state")
        resume(&fixture, Self.account)
        #expect(try fixture.refusal(fixture.parent(.buy, 1, account: 0))?.code == "drawdown_stale")
        fixture.setFunds(1_400)
        tick(&fixture)
        #expect(fixture.engine.tradingStates.isEmpty, "a person's resume begins the mark anew")
        #expect(try fixture.refusal(fixture.parent(.buy, 1, account: 0)) == nil)
    }

    @Test("C26: the session's mark goes with the day, the one of all time stays; only a rise is recorded")
    func epochs() throws {
        for epoch in [DrawdownLimit.Epoch.session, .allTime] {
            let limits = EngineFixture.limits {
                $0.drawdown.basisPoints = 1_000
                $0.drawdown.epoch = epoch
                $0.drawdown.response.action = .halted
            }
            var fixture = EngineFixture(limits: limits)
            fixture.setFunds(1_000)
            tick(&fixture)
            fixture.setFunds(950)
            #expect(fixture.engine.dayEvents(now: fixture.now, mayLackPrices: true).isEmpty)
            tick(&fixture)
            fixture.advance(86_400)
            fixture.setFunds(901)
            tick(&fixture)
            #expect(fixture.engine.tradingStates.isEmpty, "9.9 % below the mark of all time")
            fixture.setFunds(900)
            tick(&fixture)
            #expect(fixture.engine.tradingStates[Self.account]?.status == (epoch == .session ? nil : .halted))
        }
    }

    @Test("C26: a mark survives a restart that lost the funds")
    func markSurvives() throws {
        var fixture = EngineFixture(limits: EngineFixture.limits { $0.drawdown.maximum = 10_000 })
        fixture.setFunds(1_000)
        let events = fixture.engine.dayEvents(now: fixture.now, mayLackPrices: true)
        var restarted = EngineFixture(limits: fixture.limits)
        for event in events { restarted.engine.apply(event) }
        restarted.setFunds(850)
        #expect(try restarted.refusal(restarted.parent(.buy, 1, account: 0))?.observed == 15_000)
    }

    // MARK: C27

    /// A group of two accounts with a loss limit of 50.00.
    private func groupFixture(_ change: (inout GroupLossLimit) -> Void = { _ in }) throws -> EngineFixture {
        var fixture = EngineFixture(accounts: 2)
        fixture.setLimits(EngineFixture.open) {
            var totals = TotalLimits()
            totals.loss.maximum = [EngineFixture.currency: 5_000]
            change(&totals.loss)
            $0.groups[EngineFixture.group] = totals
        }
        tick(&fixture)
        return fixture
    }

    @Test("C27: the group answers for its own fills alone, marked and with fees, and only the group is stopped")
    func groupLoss() throws {
        var fixture = try groupFixture()
        try fixture.trade(100, account: 0)  // not the group's
        try fixture.fillAll(try fixture.admit(fixture.parent(.buy, 10)), fees: ExactDecimal("0.5")!)
        fixture.setPrice("95.11")
        #expect(fixture.engine.groupResult(0, currency: EngineFixture.currency) == -4_990)
        #expect(try fixture.decide(fixture.parent(.buy, 2)).legs.allSatisfy { $0.rejection == nil })
        fixture.setPrice("95.10")
        let refused = try #require(try fixture.decide(fixture.parent(.buy, 2)).legs[0].rejection)
        #expect(refused.code == "group_loss" && refused.scope == .group)
        #expect(refused.limit == -5_000 && refused.observed == -5_000)
        #expect(try fixture.decide(fixture.parent(.sell, 2)).legs.allSatisfy { $0.rejection == nil })
        #expect(try fixture.refusal(fixture.parent(.buy, 1, account: 0)) == nil, "the account is not the group")
        tick(&fixture)
        #expect(fixture.engine.tradingStates.keys.sorted { $0.description < $1.description } == [Self.group])
        #expect(fixture.engine.tradingStates[Self.group]?.status == .reducing)
        fixture.advance(86_400)
        fixture.setPrice("95.10")
        tick(&fixture)
        #expect(fixture.engine.groupResult(0, currency: EngineFixture.currency) == 0, "a new day, from its marks")
    }

    @Test("C27: by accounts the whole results of the members count; a held instrument without price refuses")
    func groupLossByAccounts() throws {
        var fixture = try groupFixture {
            $0.countsAccounts = true
            $0.response.action = .halted
        }
        try fixture.trade(100, account: 0)
        fixture.setPrice("99.50")
        #expect(try fixture.decide(fixture.parent(.buy, 2)).legs[0].rejection?.code == "group_loss")
        tick(&fixture)
        #expect(fixture.engine.tradingStates[Self.group]?.status == .halted)
        fixture = try groupFixture()
        try fixture.fillAll(try fixture.admit(fixture.parent(.buy, 10)))
        fixture.engine.inputs.references[0] = Inputs.Reference()
        var order = fixture.parent(.buy, 2, price: "100")
        #expect(fixture.engine.groupResult(0, currency: EngineFixture.currency) == nil)
        order.side = .sell
        #expect(try fixture.decide(order).legs.allSatisfy { $0.rejection == nil })
        #expect(fixture.engine.lossEvents(now: fixture.now).isEmpty)
        let state = fixture.engine.groupLoss(0, fixture.engine.resolved.groups[0].loss)
        var none = NoTrace()
        #expect(state.phase == .unknown)
        #expect(
            GroupLoss.refusal(
                state, fixture.engine.resolved.groups[0].loss, EngineFixture.currency, .groupLoss, .groupLossReached,
                &none)?
                .code == "group_loss_no_input")
    }

    @Test("Fills of groups and strategies add up to the account's, by average cost", arguments: 0..<20)
    func attribution(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var fixture = EngineFixture(accounts: 1)
        var names: Set<String> = []
        for _ in 0..<60 {
            var order = fixture.parent(
                Bool.random(using: &random) ? .buy : .sell, Int64.random(in: 1...9, using: &random),
                account: Bool.random(using: &random) ? 0 : nil)
            let name = "s\(Int.random(in: 0...2, using: &random))"
            order.strategy = name
            names.insert(name)
            try fixture.fillAll(
                try fixture.admit(order), price: "\(Int64.random(in: 90...110, using: &random))", fees: 1)
        }
        let whole = fixture.position
        let parts = names.compactMap { fixture.engine.attribution.strategyNumber($0) }
            .flatMap { fixture.engine.attribution.positions(of: AttributionBook.strategy($0)) }
        #expect(parts.reduce(0) { $0 + $1.quantity } == whole.quantity)
        #expect(parts.reduce(0) { $0 + $1.fees } == whole.fees)
        // Where the parts net out differently, realised and unrealised differ, but never their sum.
        let mark: Int64 = 1_000_000
        func value(_ position: Position) -> Int128 { position.realisedValue + position.unrealisedValue(mark: mark) }
        #expect(parts.reduce(Int128(0)) { $0 + value($1) } == value(whole))
        #expect(parts.reduce(Int128(0)) { $0 + ($1.dayValue(mark: mark) ?? 0) } == whole.dayValue(mark: mark))
    }

    // MARK: C28

    @Test("Streak: -500, -20 (eps 50), -300, +30, -200 count 1, 1, 2, 2, 3 and cool the account off")
    func streak() throws {
        let limits = EngineFixture.limits {
            $0.lossStreak.count = 3
            $0.lossStreak.epsilon = 5_000
            $0.lossStreak.coolOff = 600_000_000_000
            $0.collar.maximumAge = .max
        }
        var fixture = EngineFixture(limits: limits)
        var counts: [Int64] = []
        for result in [-500, -20, -300, 30, -200] as [Int64] {
            try fixture.trade(10)
            try fixture.trade(-10, price: "\(100 + result / 10)")
            counts.append(fixture.engine.streak(0, epsilon: 5_000))
        }
        #expect(counts == [1, 1, 2, 2, 3])
        let refused = try #require(try fixture.refusal(fixture.parent(.buy, 1, account: 0)))
        #expect(refused.code == "loss_streak" && refused.limit == 3 && refused.observed == 3)
        let changes = fixture.engine.lossEvents(now: fixture.now).map(\.change)
        #expect(changes.map(\.status) == [.coolOff] && changes[0].by == "rule:loss-streak")
        #expect(changes[0].until == fixture.now.advanced(by: 600_000_000_000))
        tick(&fixture)
        let cooling = try #require(try fixture.refusal(fixture.parent(.buy, 1, account: 0)))
        #expect(cooling.code == "trading_state" && cooling.sentence == .coolingOff && cooling.scope == .account)
        fixture.advance(599)
        tick(&fixture)
        #expect(try fixture.refusal(fixture.parent(.buy, 1, account: 0)) != nil)
        fixture.advance(1)
        #expect(fixture.engine.tradingStates[Self.account]?.status(at: fixture.now) == .active)
        tick(&fixture)
        #expect(fixture.engine.tradingStates.isEmpty && fixture.engine.streak(0, epsilon: 5_000) == 0)
        #expect(try fixture.refusal(fixture.parent(.buy, 1, account: 0)) == nil)
    }

    @Test("C28: results are net of fees, a flip ends a trip, a profit ends the streak, closing passes a cool-off")
    func trips() throws {
        var fixture = EngineFixture(limits: EngineFixture.limits { $0.lossStreak.count = 2 })
        try fixture.trade(10, fees: 1)
        try fixture.trade(-10, fees: 1)
        #expect(fixture.engine.streak(0, epsilon: 199) == 1 && fixture.engine.streak(0, epsilon: 200) == 0)
        try fixture.hold(10)
        try fixture.trade(-15, price: "101")
        #expect(fixture.engine.streak(0, epsilon: 0) == 0, "+10.00 on the way to the other side")
        try fixture.trade(5, price: "102")
        try fixture.trade(5)
        try fixture.trade(-4, price: "99")
        #expect(fixture.engine.streak(0, epsilon: 0) == 1, "a trip that is not over is no result")
        try fixture.trade(-1, price: "99")
        #expect(fixture.engine.streak(0, epsilon: 0) == 2)
        try fixture.hold(3)
        for breach in fixture.engine.lossEvents(now: fixture.now) {
            fixture.engine.apply(.stateChanged(breach.change))
        }
        #expect(try fixture.refusal(fixture.parent(.sell, 3, account: 0)) == nil)
    }

    @Test("A cool-off leaves live orders alone and withdraws opening ones that wait; it never weakens a stronger state")
    func coolOffConsequences() throws {
        var fixture = EngineFixture()
        let sent = try fixture.admit(fixture.parent(.buy, 1, account: 0))
        fixture.engine.apply(.ordersQueued(run: sent.id, orders: [0], durableAt: fixture.now, queuedAt: fixture.now))
        fixture.answer(sent.id)
        let waiting = try fixture.admit(fixture.parent(.buy, 1, account: 0))
        let change = TradingStateChange(
            scope: Self.account, status: .coolOff, reason: "t", by: "rule:loss-streak", at: fixture.now,
            until: fixture.now.advanced(by: 1))
        fixture.engine.apply(.stateChanged(change))
        #expect(
            fixture.engine.consequences(of: change, cancelWorking: false)
                == [.ordersCanceledLocally(run: waiting.id, orders: [0], reason: .halted)])
        #expect(
            TradingStatus.active < .coolOff && TradingStatus.coolOff < .reducing && .reducing < TradingStatus.halted)
        fixture.setLimits(EngineFixture.limits { $0.lossStreak.count = 0 })
        fixture.engine.apply(
            .stateChanged(
                TradingStateChange(scope: Self.account, status: .reducing, reason: "t", by: "t", at: fixture.now)))
        #expect(fixture.engine.lossEvents(now: fixture.now).isEmpty)
    }
}
