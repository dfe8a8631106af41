import Domain
import Testing

@testable import Engine

@Suite("The worked numbers of the risk page (§4.5), seen in the rows of an explanation")
struct ExplainNumbersTests {
    private func explain(_ fixture: inout EngineFixture, _ order: ParentOrder) throws -> Explanation.Leg {
        let request = AdmissionRequest(
            order: order, origin: Origin(caller: "k", idempotencyKey: "i"), authority: .everything,
            receivedAt: fixture.now)
        return try fixture.engine.explain(request, now: fixture.now).legs[0]
    }

    private func row(_ leg: Explanation.Leg, _ control: ControlID) throws -> ControlRow {
        try #require(leg.row(control))
    }

    /// P = 50, live buys 60, live sells 20, limit 150.
    private func positionFixture(lot: String = "1", sells: Int64 = 20) throws -> EngineFixture {
        var fixture = EngineFixture(limits: EngineFixture.open, lot: lot)
        try fixture.trade(50)
        fixture.engine.apply(.runAdmitted(WorkedNumbersTests.raw(fixture, .buy, 60)))
        fixture.engine.apply(.runAdmitted(WorkedNumbersTests.raw(fixture, .sell, sells)))
        fixture.setLimits(EngineFixture.limits { $0.position = .value(150) })
        return fixture
    }

    @Test("Position: 110 is observed, 160 projected against 150; a sell of 60 passes at 110")
    func position() throws {
        var fixture = try positionFixture()
        let buy = try row(try explain(&fixture, fixture.parent(.buy, 50, account: 0)), .maxPosition)
        #expect(buy.verdict == .refused && buy.code == "max_position")
        let measure = try #require(buy.measure)
        #expect(measure.limit == 150 && measure.observed == 110 && measure.projected == 160)
        #expect(measure.unit == .quantity && measure.scope == .account)
        // Behind the refusal the others are asked all the same.
        let leg = try explain(&fixture, fixture.parent(.buy, 50, account: 0))
        #expect(leg.row(.dailyLoss)?.verdict == .pass && leg.row(.dailyLoss)?.measure?.isUnlimited == true)
        #expect(leg.row(.groupAggregate)?.verdict == .notReached)
        let sell = try row(try explain(&fixture, fixture.parent(.sell, 80, account: 0)), .maxPosition)
        #expect(sell.verdict == .pass && sell.measure?.projected == 110 && sell.measure?.limit == 150)
        let closing = try row(try explain(&fixture, fixture.parent(.sell, 30, account: 0)), .maxPosition)
        #expect(closing.verdict == .pass && closing.isExempt && closing.measure == nil)
    }

    @Test("Position: in lots of 25 a clip leaves 25")
    func clip() throws {
        var fixture = try positionFixture(lot: "25")
        var order = fixture.parent(.buy, 50, account: 0)
        order.mode = .clip
        let leg = try explain(&fixture, order)
        #expect(leg.verdict == .clip && leg.admission.orderedQuantity == 25)
        let row = try row(leg, .maxPosition)
        #expect(row.verdict == .clip && row.measure?.observed == 110 && row.measure?.projected == 160)
    }

    @Test("Position: in reducing a sell of 60 would close 80 of 50, 30 would close 50 of 50")
    func reducing() throws {
        var fixture = try positionFixture()
        fixture.engine.apply(
            .stateChanged(TradingStateChange(scope: .firm, status: .reducing, reason: "t", by: "t", at: fixture.now)))
        let large = try row(try explain(&fixture, fixture.parent(.sell, 60, account: 0)), .tradingState)
        #expect(large.verdict == .refused && large.measure?.projected == 80 && large.measure?.limit == 50)
        #expect(large.measure?.scope == .firm)
        let small = try row(try explain(&fixture, fixture.parent(.sell, 30, account: 0)), .tradingState)
        #expect(small.verdict == .pass && small.measure?.projected == 50 && small.measure?.limit == 50)
    }

    @Test(
        "Collar: the bounds of 80.00 are 48.00 and 112.00, of 45.00 they are 25.00 and 65.00",
        arguments: [("80.00", Side.buy, "112"), ("80.00", .sell, "48"), ("45.00", .buy, "65"), ("45.00", .sell, "25")])
    func collar(reference: String, side: Side, bound: String) throws {
        var limits = EngineFixture.open
        limits.collar.basisPoints = 4_000
        limits.collar.absolute = 20
        var fixture = EngineFixture(limits: limits, price: reference)
        let instrument = fixture.engine.instruments[0].instrument
        for price in [bound, nil] {
            let row = try row(try explain(&fixture, fixture.parent(side, 1, account: 0, price: price)), .priceCollar)
            let figures = try #require(row.figures(instrument))
            #expect(row.verdict == .pass && figures.limit == .value(ExactDecimal(bound)!))
            #expect(
                figures.observed == ExactDecimal(reference)! && figures.projected == price.map { ExactDecimal($0)! })
            #expect(figures.inputAge == 0 && figures.unit == .price && figures.scope == .instrument)
        }
    }

    @Test("Freeze: 4,950 and 5,100 in lots of 75 under 1,800 are three slices of ten")
    func freeze() throws {
        var fixture = EngineFixture(lot: "75", freeze: "1800")
        for (quantity, sizes) in [(4_950, [1_650, 1_650, 1_650]), (5_100, [1_725, 1_725, 1_650])] as [(Int64, [Int64])]
        {
            let leg = try explain(&fixture, fixture.parent(.buy, quantity, account: 0))
            let measure = try #require(try row(leg, .freezeSlicing).measure)
            #expect(measure.unit == .count && measure.projected == 3 && measure.limit == 10)
            #expect(leg.admission.slices.elementsEqual(sizes))
        }
    }

    @Test("Margin: 380,000 free, 80,000 left against a buffer of 100,000; four lots leave 140,000")
    func margin() throws {
        var fixture = EngineFixture.withMargin()
        try fixture.admit(fixture.parent(.buy, 1_200, account: 0))
        let refused = try row(try explain(&fixture, fixture.parent(.buy, 3_000, account: 0)), .marginBuffer)
        let measure = try #require(refused.measure)
        #expect(refused.verdict == .refused && measure.limit == 10_000_000)
        #expect(measure.observed == 38_000_000 && measure.projected == 8_000_000)
        let passed = try row(try explain(&fixture, fixture.parent(.buy, 2_400, account: 0)), .marginBuffer)
        #expect(passed.verdict == .pass && passed.measure?.projected == 14_000_000 && passed.measure?.isFloor == true)
        #expect(passed.measure?.limit == 10_000_000 && passed.measure?.inputAge == 0)
    }

    @Test("Rate: six messages in the second, three more under 8 wait until it is over")
    func rate() throws {
        let limits = EngineFixture.limits {
            $0.rates = [RateWindow(limit: 8, window: 1_000_000_000)]
            $0.maximumHold = 1_000_000_000
        }
        var fixture = EngineFixture(limits: limits, lot: "75", freeze: "1800")
        for _ in 0..<6 { try fixture.admit(fixture.parent(.buy, 75, account: 0)) }
        fixture.now = fixture.now.advanced(by: 400_000_000)
        let leg = try explain(&fixture, fixture.parent(.buy, 4_950, account: 0))
        let row = try row(leg, .messageRate)
        #expect(row.verdict == .hold && leg.verdict == .hold)
        #expect(row.measure?.limit == 8 && row.measure?.observed == 6 && row.measure?.projected == 9)
        #expect(leg.admission.heldUntil == fixture.now.advanced(by: 600_000_000))
    }

    @Test("Streak: -500, -20, -300, +30, -200 with an epsilon of 50 are three losses of three")
    func streak() throws {
        var fixture = EngineFixture(
            limits: EngineFixture.limits {
                $0.lossStreak.count = 3
                $0.lossStreak.epsilon = 5_000
            })
        var seen: [Int64?] = []
        for result in [-500, -20, -300, 30, -200] as [Int64] {
            let limits = fixture.limits
            fixture.setLimits(EngineFixture.open)
            try fixture.trade(1, price: "1000")
            try fixture.trade(-1, price: "\(1_000 + result)")
            fixture.setLimits(limits)
            seen.append(
                try row(try explain(&fixture, fixture.parent(.buy, 1, account: 0)), .lossStreak).measure?.projected)
        }
        #expect(seen == [1, 1, 2, 2, 3])
        #expect(
            try row(try explain(&fixture, fixture.parent(.buy, 1, account: 0)), .lossStreak).verdict == .refused)
    }

    @Test("Self-trade shows both prices, whether they meet or not")
    func selfTrade() throws {
        var fixture = EngineFixture(limits: EngineFixture.limits { $0.selfTrade.owners = .owner })
        try fixture.admit(fixture.parent(.sell, 5, account: 0, price: "101"))
        let apart = try row(try explain(&fixture, fixture.parent(.buy, 5, account: 0, price: "100")), .selfTrade)
        #expect(apart.verdict == .pass && apart.measure?.limit == 10_100_00 && apart.measure?.projected == 10_000_00)
        let met = try row(try explain(&fixture, fixture.parent(.buy, 5, account: 0, price: "101")), .selfTrade)
        #expect(met.verdict == .refused && met.measure?.limit == met.measure?.projected)
    }

    @Test("A group's aggregate shows what all legs come to, in every leg's row")
    func aggregate() throws {
        var fixture = EngineFixture(accounts: 2)
        fixture.setLimits(EngineFixture.open) {
            var limit = AggregateLimit()
            limit.position = .value(100)
            limit.openOrders = 50
            $0.groups[EngineFixture.group] = TotalLimits()
            $0.groups[EngineFixture.group]?.aggregate = limit
        }
        let request = AdmissionRequest(
            order: fixture.parent(.buy, 90), origin: Origin(caller: "k", idempotencyKey: "i"), authority: .everything,
            receivedAt: fixture.now)
        let legs = try fixture.engine.explain(request, now: fixture.now).legs
        #expect(legs.count == 2)
        for leg in legs {
            let row = try row(leg, .groupAggregate)
            #expect(row.verdict == .pass && row.measure?.limit == 100 && row.measure?.projected == 90)
            #expect(row.measures.contains { $0.unit == .count && $0.projected == 2 && $0.limit == 50 })
        }
    }

    @Test("All or none: the leg that passed is shown as refused for its mate, its own rows as passed")
    func mates() throws {
        var fixture = EngineFixture(accounts: 2)
        fixture.setLimits(EngineFixture.open) {
            $0.accounts[AccountID("A1")!] = EngineFixture.limits { $0.position = .value(1) }
        }
        var order = fixture.parent(.buy, 20)
        order.mode = .allOrNone
        let request = AdmissionRequest(
            order: order, origin: Origin(caller: "k", idempotencyKey: "i"), authority: .everything,
            receivedAt: fixture.now)
        let legs = try fixture.engine.explain(request, now: fixture.now).legs
        #expect(legs.map(\.verdict) == [.refused, .refused])
        #expect(legs[0].controls.last?.control == .modeNotMet && legs[0].controls.last?.verdict == .refused)
        #expect(legs[0].controls.count { $0.verdict == .refused } == 1)
        #expect(legs[1].row(.maxPosition)?.verdict == .refused)
    }
}
