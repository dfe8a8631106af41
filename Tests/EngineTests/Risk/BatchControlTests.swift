import Domain
import Testing

@testable import Engine

@Suite("Controls over all legs of a parent")
struct BatchControlTests {
    private func fixture(
        _ owners: SelfTradeLimit.Owners, _ action: SelfTradeLimit.Action = .reject, accounts: Int = 1
    ) -> EngineFixture {
        EngineFixture(
            accounts: accounts,
            limits: EngineFixture.limits {
                $0.selfTrade.owners = owners
                $0.selfTrade.action = action
            })
    }

    private func rest(_ fixture: inout EngineFixture, _ side: Side, _ price: String?, account: Int = 0) throws -> RunID
    {
        let run = try fixture.admit(fixture.parent(side, 1, account: account, price: price))
        #expect(run.admission.legs[0].rejection == nil)
        fixture.engine.apply(.ordersQueued(run: run.id, orders: [0], durableAt: fixture.now, queuedAt: fixture.now))
        fixture.answer(run.id)
        return run.id
    }

    // MARK: C29

    @Test("C29: a buy at or above a live sell of the owner conflicts, one below does not; the other way round alike")
    func crossing() throws {
        var fixture = fixture(.owner)
        let sell = try rest(&fixture, .sell, "101")
        _ = try rest(&fixture, .sell, "102")
        #expect(try fixture.refusal(fixture.parent(.buy, 1, account: 0, price: "100.99")) == nil)
        let refused = try #require(try fixture.refusal(fixture.parent(.buy, 1, account: 0, price: "101")))
        #expect(refused.code == "self_trade" && refused.sentence == .selfTrade && refused.unit == .price)
        #expect(refused.limit == 1_010_000 && refused.observed == 1_000_000 && refused.projected == 1_010_000)
        #expect(try fixture.refusal(fixture.parent(.buy, 1, account: 0)) != nil, "a market order trades at any price")
        fixture.engine.apply(.orderReported(run: sell, order: 0, report: .state(.canceled, at: fixture.now)))
        #expect(try fixture.refusal(fixture.parent(.buy, 1, account: 0, price: "101.99")) == nil, "it is gone")
        _ = try rest(&fixture, .buy, "99")
        #expect(try fixture.refusal(fixture.parent(.sell, 1, account: 0, price: "99")) != nil)
        #expect(try fixture.refusal(fixture.parent(.sell, 1, account: 0, price: "99.01")) == nil)
    }

    @Test(
        "C29: stop orders are tested at limit or reference, market orders at any price, a pending modify at its sooner price"
    )
    func prices() throws {
        var fixture = fixture(.owner)
        var stop = fixture.parent(.sell, 1, account: 0)
        stop.orderType = .stop
        stop.stopPrice = 90
        try fixture.admit(stop)
        #expect(try fixture.refusal(fixture.parent(.buy, 1, account: 0, price: "99.99")) == nil)
        #expect(try fixture.refusal(fixture.parent(.buy, 1, account: 0, price: "100")) != nil, "at the reference")
        fixture = self.fixture(.owner)
        let run = try rest(&fixture, .sell, "105")
        fixture.engine.apply(
            .replaceRequested(
                run: run, order: 0,
                replacement: Order.Replacement(
                    clientSequence: fixture.engine.nextClientSequence, quantity: 1, limitPrice: 1_030_000, stopPrice: 0),
                by: "k"))
        #expect(try fixture.refusal(fixture.parent(.buy, 1, account: 0, price: "103")) != nil)
        fixture.engine.apply(.replaceAnswered(run: run, order: 0, outcome: .rejected, error: nil))
        #expect(try fixture.refusal(fixture.parent(.buy, 1, account: 0, price: "103")) == nil)
        #expect(try fixture.refusal(fixture.parent(.buy, 1, account: 0, price: "105")) != nil)
        fixture = self.fixture(.owner)
        _ = try rest(&fixture, .sell, nil)
        #expect(try fixture.refusal(fixture.parent(.buy, 1, account: 0, price: "71")) != nil)
    }

    @Test("C29: a modify to a price that meets a live order of the owner is refused")
    func modify() throws {
        var fixture = fixture(.owner, .cancelResting)
        _ = try rest(&fixture, .sell, "101")
        let buy = try rest(&fixture, .buy, "99")
        func modified(_ price: String) throws -> Rejection? {
            switch try fixture.engine.requestReplace(
                LegID(run: buy, index: 0), OrderChanges(limitPrice: ExactDecimal(price)),
                authority: .everything, by: "k", now: fixture.now)
            {
            case .failure(let refusal): refusal.rejection
            case .success: nil
            }
        }
        #expect(try modified("100.99") == nil)
        #expect(try modified("101")?.sentence == .selfTrade)
        #expect(fixture.engine.selfTradeCancels.isEmpty)
    }

    @Test("C29: who is one owner follows the scope", arguments: [SelfTradeLimit.Owners.owner, .group, .firm])
    func scopes(owners: SelfTradeLimit.Owners) throws {
        // A0 and A1 share a group, A0 and A2 an owner, A3 nothing.
        var fixture = fixture(owners, accounts: 2)
        for (index, owner) in [(0, "PAN1"), (2, "PAN1"), (3, "PAN2")] {
            fixture.engine.apply(
                .accountDefined(
                    Account(
                        id: AccountID("A\(index)")!, adapter: EngineFixture.adapter, owner: owner,
                        currency: EngineFixture.currency)))
            fixture.engine.setReadiness(Int32(index), .ready)
        }
        _ = try rest(&fixture, .sell, "101", account: 0)
        let refused = try (0..<4).map { try fixture.refusal(fixture.parent(.buy, 1, account: $0, price: "101")) != nil }
        let expected: [Bool] =
            switch owners {
            case .none: []
            case .owner: [true, false, true, false]
            case .group: [true, true, true, false]
            case .firm: [true, true, true, true]
            }
        #expect(refused == expected)
    }

    @Test("C29: tag lets the leg go with an alert; observe does the same")
    func tag() throws {
        var fixture = fixture(.owner, .tag)
        _ = try rest(&fixture, .sell, "101")
        let leg = try fixture.decide(fixture.parent(.buy, 1, account: 0, price: "101")).legs[0]
        #expect(leg.rejection == nil && leg.alerts.map(\.code) == ["self_trade"])
        var limits = fixture.limits
        limits.selfTrade.action = .reject
        limits.observed = [.selfTrade]
        fixture.setLimits(limits)
        let observed = try fixture.decide(fixture.parent(.buy, 1, account: 0, price: "101")).legs[0]
        #expect(observed.rejection == nil && observed.alerts.map(\.code) == ["self_trade"])
        #expect(fixture.position.openBuy == 0, "nothing of a decision stays")
    }

    @Test("C29: cancel_resting cancels what is in the way, refuses the leg, and takes it once the way is free")
    func cancelResting() throws {
        var fixture = fixture(.owner, .cancelResting)
        let crossing = try rest(&fixture, .sell, "101")
        _ = try rest(&fixture, .sell, "103")
        let waiting = try fixture.admit(fixture.parent(.sell, 1, account: 0, price: "102")).id
        let order = fixture.parent(.buy, 1, account: 0, price: "102")
        let rejection = try #require(try fixture.admit(order).admission.legs[0].rejection)
        #expect(rejection.sentence == .selfTradeCanceling && rejection.code == "self_trade")
        let events = fixture.engine.dayEvents(now: fixture.now, mayLackPrices: true).filter { $0.kind != .dayOpened }
        #expect(
            events == [
                .cancelRequested(run: crossing, order: 0, by: "rule:self-trade"),
                .ordersCanceledLocally(run: waiting, orders: [0], reason: .requested),
            ])
        for event in events { fixture.engine.apply(event) }
        #expect(
            fixture.engine.dayEvents(now: fixture.now, mayLackPrices: true).allSatisfy { $0.kind == .dayOpened },
            "asked for once")
        #expect(try fixture.refusal(order)?.sentence == .selfTradeCanceling, "not confirmed yet")
        fixture.engine.apply(.orderReported(run: crossing, order: 0, report: .state(.canceled, at: fixture.now)))
        #expect(try fixture.refusal(order) == nil)
    }

    @Test("C29: a closing leg is never locked in: what rests in its way is canceled, also with action reject")
    func closingIsFreed() throws {
        var fixture = fixture(.owner)
        try fixture.hold(5)
        let resting = try rest(&fixture, .buy, "100")
        let close = fixture.parent(.sell, 5, account: 0, price: "99")
        #expect(try fixture.admit(close).admission.legs[0].rejection?.sentence == .selfTradeCanceling)
        #expect(fixture.engine.selfTradeCancels == [OrderPlace(run: resting, order: 0)])
        #expect(try fixture.refusal(fixture.parent(.sell, 6, account: 0, price: "99"))?.sentence == .selfTrade)
    }

    @Test("C29: legs of one parent are tested against each other, and a refused leg keeps nothing")
    func legsOfOneParent() throws {
        var fixture = EngineFixture(accounts: 2, policy: .percentChange)
        try fixture.hold(100, account: 0)
        try fixture.hold(-100, account: 1)
        fixture.setLimits(EngineFixture.limits { $0.selfTrade.owners = .firm })
        var order = fixture.parent(.buy, 1)
        order.side = nil
        order.quantity = nil
        order.percent = 50
        let legs = try fixture.admit(order).admission.legs
        #expect(legs.map(\.side) == [.buy, .sell])
        #expect(legs.map { $0.rejection?.sentence } == [nil, .selfTrade], "at market a buy meets a sell")
        #expect(fixture.engine.book.position(0, 0)?.openBuy == 50 && fixture.engine.book.position(1, 0)?.openSell == 0)
        fixture.setLimits(EngineFixture.limits { $0.selfTrade.owners = .owner })
        #expect(try fixture.decide(order).legs.allSatisfy { $0.rejection == nil }, "two owners")
    }

    @Test("The index of live prices is what a walk over all live orders finds, kept up or made anew", arguments: 0..<25)
    func index(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var fixture = fixture(.firm, .tag, accounts: 2)
        for step in 0..<120 {
            switch Int.random(in: 0...3, using: &random) {
            case 0, 1:
                try fixture.admit(
                    fixture.parent(
                        Bool.random(using: &random) ? .buy : .sell, 5, account: Int.random(in: 0...1, using: &random),
                        price: "\(Int64.random(in: 95...105, using: &random))"))
            case 2:
                guard let run = fixture.engine.runs.live.randomElement(using: &random) else { continue }
                fixture.answer(run.id)
                try fixture.fill(
                    run.id, quantity: Int64.random(in: 1...run.orders[0].leavesQuantity, using: &random),
                    execution: "e\(step)")
            default:
                guard let run = fixture.engine.runs.live.randomElement(using: &random) else { continue }
                fixture.engine.apply(.orderReported(run: run.id, order: 0, report: .state(.canceled, at: fixture.now)))
            }
            let live = fixture.engine.runs.live.map { ($0.admission.legs[0].side, $0.orders[0].limitPrice) }
            var anew = fixture.engine
            anew.setLimits(RiskLimits(version: 0))
            anew.setLimits(fixture.engine.limits)
            for engine in [fixture.engine, anew] {
                func best(_ side: Side) -> Int64? {
                    engine.resting.bestOpposite(
                        of: side, account: 0, instrument: 0, owners: .firm, reference: 1_000_000)
                }
                #expect(best(.buy) == live.filter { $0.0 == .sell }.map(\.1).min())
                #expect(best(.sell) == live.filter { $0.0 == .buy }.map(\.1).max())
            }
        }
    }

    // MARK: C30

    private func aggregate(_ change: (inout AggregateLimit) -> Void) -> EngineFixture {
        var fixture = EngineFixture(accounts: 2)
        fixture.setLimits(EngineFixture.open) {
            var limit = AggregateLimit()
            change(&limit)
            $0.groups[EngineFixture.group] = TotalLimits()
            $0.groups[EngineFixture.group]?.aggregate = limit
        }
        return fixture
    }

    @Test("C30: at the limit of the totals all legs pass, beyond it none, with the total's numbers", arguments: 0..<6)
    func aggregates(which: Int) throws {
        let currency = EngineFixture.currency
        var fixture = aggregate {
            switch which {
            case 0: $0.notional = [currency: 200_000]
            case 1: $0.position = .value(20)
            case 2: $0.grossExposure = [currency: 200_000]
            case 3: $0.netExposure = [currency: 200_000]
            case 4: $0.openOrders = 2
            default: $0.rates = [RateWindow(limit: 2, window: 1_000_000_000)]
            }
        }
        #expect(try fixture.decide(fixture.parent(.buy, 20, price: "100")).legs.allSatisfy { $0.rejection == nil })
        if which >= 4 { try fixture.admit(fixture.parent(.buy, 2, price: "100")) }
        let legs = try fixture.decide(fixture.parent(.buy, which >= 4 ? 2 : 21, price: "100")).legs
        #expect(legs.count == 2)
        for leg in legs {
            let refused = try #require(leg.rejection)
            #expect(refused.code == "group_aggregate" && refused.scope == .group)
            let numbers: [Int64] = [refused.limit, refused.observed, refused.projected]
            #expect(
                numbers
                    == [
                        [200_000, 0, 210_000], [20, 0, 21], [200_000, 0, 210_000], [200_000, 0, 210_000], [2, 2, 4],
                        [2, 2, 4],
                    ][which])
            #expect(leg.orderedQuantity == 0 && leg.slices.isEmpty)
        }
        #expect(fixture.engine.book.totals[1].sum(0).worst == (which >= 4 ? 2 : 0), "refused legs keep nothing")
    }

    @Test(
        "C30: live parents of the group count, closing legs stay, a loss refuses, a missing price and currency refuse")
    func aggregateRest() throws {
        var fixture = aggregate { $0.position = .value(20) }
        try fixture.admit(fixture.parent(.buy, 12))
        #expect(try fixture.decide(fixture.parent(.buy, 8)).legs.allSatisfy { $0.rejection == nil })
        #expect(try fixture.decide(fixture.parent(.buy, 9)).legs[0].rejection?.observed == 12)
        fixture = aggregate { $0.loss.maximum = [EngineFixture.currency: 1_000] }
        try fixture.fillAll(try fixture.admit(fixture.parent(.buy, 10)))
        fixture.setPrice("99")
        #expect(try fixture.decide(fixture.parent(.buy, 2)).legs[0].rejection?.sentence == .aggregateLoss)
        #expect(try fixture.decide(fixture.parent(.sell, 10)).legs.allSatisfy { $0.rejection == nil })
        #expect(fixture.engine.lossEvents(now: fixture.now).map(\.change.scope) == [Scope("group:g")!])
        fixture = aggregate { $0.grossExposure = [Currency("EUR")!: 1] }
        #expect(try fixture.decide(fixture.parent(.buy, 2)).legs[0].rejection?.code == "group_aggregate_no_input")
    }
}
