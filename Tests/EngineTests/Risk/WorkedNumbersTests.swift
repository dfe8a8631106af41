import Domain
import Testing

@testable import Engine

@Suite("The worked numbers of the risk page (§4.5)")
struct WorkedNumbersTests {
    /// P = 50, live buys 60, live sells 20, limit 150, lots of 25 where asked.
    private func positionFixture(lot: String = "1") throws -> EngineFixture {
        var limits = EngineFixture.open
        limits.position = .value(150)
        var fixture = EngineFixture(limits: EngineFixture.open, lot: lot)
        let opened = try fixture.admit(fixture.parent(.buy, 50, account: 0))
        fixture.answer(opened.id)
        try fixture.fill(opened.id, quantity: 50, execution: "e1")
        fixture.engine.apply(.runAdmitted(Self.raw(fixture, .buy, 60)))
        fixture.engine.apply(.runAdmitted(Self.raw(fixture, .sell, 20)))
        fixture.setLimits(limits)
        let position = fixture.position
        #expect(position.quantity == 50 && position.openBuy == 60 && position.openSell == 20)
        return fixture
    }

    /// An admission as it would stand in the journal: not decided here, so that any quantity can rest.
    static func raw(_ fixture: EngineFixture, _ side: Side, _ quantity: Int64) -> RunAdmission {
        RunAdmission(
            run: fixture.engine.runs.nextRun, group: nil, groupVersion: 0, riskVersion: 1,
            order: fixture.parent(side, quantity, account: 0), origin: Origin(caller: "k", idempotencyKey: "i"),
            instrument: 0, mode: .bestEffort, onLegFailure: .leave, receivedAt: fixture.now, admittedAt: fixture.now,
            requestedQuantity: quantity, unallocatedQuantity: 0, leftOut: [], reference: nil, rotation: 0, carry: [],
            firstClientSequence: fixture.engine.nextClientSequence,
            legs: [
                LegAdmission(
                    account: 0, side: side, weight: 1, allocatedQuantity: quantity, orderedQuantity: quantity,
                    limitPrice: 0, stopPrice: 0, orderType: .market, isClosing: false, rejection: nil, alerts: [],
                    slices: [quantity], heldUntil: nil, margin: 0)
            ], isGatewayClosing: false)
    }

    @Test("Position: W' = 160 > 150 refuses a buy of 50; a sell of 60 passes")
    func position() throws {
        var fixture = try positionFixture()
        let buy = try fixture.decide(fixture.parent(.buy, 50, account: 0))
        let rejection = try #require(buy.legs[0].rejection)
        #expect(rejection.code == "max_position" && rejection.limit == 150)
        #expect(rejection.observed == 110 && rejection.projected == 160)
        let sell = try fixture.decide(fixture.parent(.sell, 60, account: 0))
        #expect(sell.legs[0].rejection == nil)
    }

    @Test("Position: clipping to lots of 25 leaves 25")
    func clip() throws {
        var fixture = EngineFixture(lot: "25")
        let opened = try fixture.admit(fixture.parent(.buy, 50, account: 0))
        fixture.answer(opened.id)
        try fixture.fill(opened.id, quantity: 50, execution: "e1")
        fixture.engine.apply(.runAdmitted(Self.raw(fixture, .buy, 60)))
        var limits = EngineFixture.open
        limits.position = .value(150)
        fixture.setLimits(limits)
        var order = fixture.parent(.buy, 50, account: 0)
        order.mode = .clip
        #expect(try fixture.decide(order).legs[0].orderedQuantity == 25)
    }

    @Test("Position: in reducing a sell of 60 (S + q = 80 > P) is refused, 30 passes")
    func reducing() throws {
        var fixture = try positionFixture()
        fixture.engine.apply(
            .stateChanged(TradingStateChange(scope: .firm, status: .reducing, reason: "t", by: "t", at: fixture.now)))
        let large = try #require(try fixture.decide(fixture.parent(.sell, 60, account: 0)).legs[0].rejection)
        #expect(large.code == "trading_state" && large.projected == 80 && large.limit == 50)
        #expect(try fixture.decide(fixture.parent(.sell, 30, account: 0)).legs[0].rejection == nil)
    }

    @Test(
        "Collar: 40 % above 50, 20.00 below",
        arguments: [
            ("80.00", Side.buy, "112.00", true), ("80.00", .buy, "112.01", false), ("80.00", .sell, "48.00", true),
            ("80.00", .sell, "47.99", false), ("45.00", .buy, "65.00", true), ("45.00", .buy, "65.01", false),
            ("45.00", .sell, "25.00", true), ("45.00", .sell, "24.99", false),
        ])
    func collar(reference: String, side: Side, price: String, passes: Bool) throws {
        var limits = EngineFixture.open
        limits.collar.basisPoints = 4_000
        limits.collar.absolute = 20
        var fixture = EngineFixture(limits: limits, price: reference)
        let rejection = try fixture.decide(fixture.parent(side, 1, account: 0, price: price)).legs[0].rejection
        #expect((rejection == nil) == passes)
        if !passes { #expect(rejection?.code == "price_collar") }
    }

    @Test("Freeze: 4,950 in lots of 75 under 1,800 is 3 × 1,650; 5,100 is 1,725 1,725 1,650")
    func freeze() throws {
        var fixture = EngineFixture(lot: "75", freeze: "1800")
        #expect(try fixture.decide(fixture.parent(.buy, 4_950, account: 0)).legs[0].slices == [1_650, 1_650, 1_650])
        #expect(try fixture.decide(fixture.parent(.buy, 5_100, account: 0)).legs[0].slices == [1_725, 1_725, 1_650])
    }

    @Test("Freeze: an iceberg is cut by its broker, so it stays one order, opening or closing")
    func iceberg() throws {
        var fixture = EngineFixture(lot: "75", freeze: "1800")
        var order = fixture.parent(.buy, 4_950, account: 0)
        order.orderClass = .iceberg
        #expect(try fixture.decide(order).legs[0].slices == [4_950])
        try fixture.trade(4_950)
        order.side = .sell
        let leg = try fixture.decide(order).legs[0]
        #expect(leg.isClosing && leg.slices == [4_950])
    }

    @Test("Margin: 80,000 left is below the buffer of 100,000; clipped to four lots of 60,000")
    func margin() throws {
        var fixture = EngineFixture.withMargin()
        // Two lots rest: M_res = 120,000.
        try fixture.admit(fixture.parent(.buy, 1_200, account: 0))
        #expect(fixture.engine.reservedMargin(0) == 12_000_000)
        let rejection = try #require(try fixture.decide(fixture.parent(.buy, 3_000, account: 0)).legs[0].rejection)
        #expect(rejection.code == "margin_buffer")
        #expect(rejection.limit == 10_000_000 && rejection.projected == 8_000_000)
        var order = fixture.parent(.buy, 3_000, account: 0)
        order.mode = .clip
        #expect(try fixture.decide(order).legs[0].orderedQuantity == 2_400)
    }

    @Test("Rate: six at 0, three more at 400 ms under 8 a second wait until 1,000 ms")
    func rate() {
        var log = SlidingLog(limit: 8, window: 1_000_000_000)
        let start = Timestamp(nanoseconds: 0)
        log.record(6, at: start)
        let asked = Timestamp(nanoseconds: 400_000_000)
        #expect(log.earliest(2, now: asked) == asked)
        #expect(log.earliest(3, now: asked) == Timestamp(nanoseconds: 1_000_000_000))
        #expect(log.earliest(9, now: asked) == nil)
    }

    @Test("R13: no window holds more than the limit, whatever is asked when", arguments: 0..<100)
    func slidingLog(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let limit = Int.random(in: 1...10, using: &random)
        let window = Int64.random(in: 1...50, using: &random)
        var log = SlidingLog(limit: limit, window: window)
        var sent: [Int64] = []
        var now: Int64 = 0
        for _ in 0..<200 {
            now += Int64.random(in: 0...8, using: &random)
            let messages = Int.random(in: 1...limit, using: &random)
            if log.earliest(messages, now: Timestamp(nanoseconds: now)) == Timestamp(nanoseconds: now) {
                log.record(messages, at: Timestamp(nanoseconds: now))
                sent += Array(repeating: now, count: messages)
            }
            #expect(sent.filter { $0 > now - window && $0 <= now }.count <= limit)
        }
        #expect(!sent.isEmpty)
    }
}
