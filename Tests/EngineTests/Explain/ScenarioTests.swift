import Domain
import Testing

@testable import Engine

@Suite("A scenario plays on a copy")
struct ScenarioTests {
    private static let account = AccountID("A0")!

    private func play(_ fixture: EngineFixture, _ steps: [Scenario.Step], _ limits: AccountLimits? = nil) throws
        -> [Scenario.Outcome]
    {
        var all = RiskLimits(version: 2)
        all.defaults[EngineFixture.currency] = limits ?? fixture.limits
        return try fixture.engine.play(Scenario(steps), limits: all, now: fixture.now)
    }

    @Test("An admitted order works, its fills make the position that the next order meets; the engine stays as it was")
    func fills() throws {
        var fixture = EngineFixture()
        fixture.engine.setReadiness(0, .notReady)
        let outcomes = try play(
            fixture,
            [
                .order(fixture.parent(.buy, 60, account: 0, price: "100")),
                .fill(order: 1, account: nil, quantity: 20, price: nil),
                .order(fixture.parent(.buy, 50, account: 0, price: "100")), .cancel(order: 1),
                .order(fixture.parent(.buy, 50, account: 0, price: "100")),
                .order(fixture.parent(.sell, 20, account: 0, price: "100")),
            ], EngineFixture.limits { $0.position = .value(100) })
        #expect(outcomes.map(\.step) == Array(1...6) && outcomes.allSatisfy { $0.refusal == nil })
        #expect(outcomes[0].admission?.legs[0].rejection == nil && outcomes[0].run?.id == nil)
        let refused = try #require(outcomes[2].admission?.legs[0].rejection)
        #expect(refused.control == .maxPosition && refused.observed == 60 && refused.projected == 110)
        #expect(outcomes[4].admission?.legs[0].rejection == nil, "the rest was canceled: 20 and 50")
        #expect(outcomes[5].admission?.legs[0].isClosing == true)
        #expect(fixture.engine.runs.count == 0 && fixture.engine.book.positions.isEmpty)
    }

    @Test("A loss by a price puts the account into reducing, and a halt refuses everything")
    func rules() throws {
        let fixture = EngineFixture()
        let outcomes = try play(
            fixture,
            [
                .position(Self.account, EngineFixture.symbol, quantity: 100, price: 100),
                .price(EngineFixture.symbol, 89), .order(fixture.parent(.buy, 1, account: 0, price: "89")),
                .state(Scope("account:A0")!, .active), .state(.firm, .halted),
                .order(fixture.parent(.sell, 1, account: 0, price: "89")),
            ], EngineFixture.limits { $0.dailyLoss.maximum = 100_000 })
        #expect(outcomes[0].changes.isEmpty)
        #expect(outcomes[1].changes.map(\.by) == ["rule:daily-loss"])
        #expect(outcomes[2].admission?.legs[0].rejection?.control == .tradingState)
        #expect(outcomes[5].admission?.legs[0].rejection?.sentence == .halted)
    }

    @Test("Time passes: prices age, a day begins the results anew, a short position is reached through zero")
    func time() throws {
        let fixture = EngineFixture()
        let outcomes = try play(
            fixture,
            [
                .position(Self.account, EngineFixture.symbol, quantity: 10, price: 100),
                .position(Self.account, EngineFixture.symbol, quantity: -10, price: 100),
                .wait(31_000_000_000), .order(fixture.parent(.sell, 1, account: 0, price: "100")),
                .price(EngineFixture.symbol, 150), .day, .price(EngineFixture.symbol, 150),
                .order(fixture.parent(.buy, 11, account: 0, price: "150")),
                .funds(Self.account, available: 1, equity: 1),
            ], EngineFixture.limits { $0.dailyLoss.maximum = 60_000 })
        #expect(outcomes[3].admission?.legs[0].rejection?.code == "price_collar_stale")
        #expect(outcomes.allSatisfy { $0.changes.isEmpty }, "a loss of 500 on the day before is no loss of the day")
        #expect(outcomes[7].admission?.legs[0].rejection == nil)
    }

    @Test("What cannot be done is said of its step, and the story goes on")
    func errors() throws {
        let fixture = EngineFixture()
        let other = try InstrumentID("US:EQ:OTHER")
        var unknown = fixture.parent(.buy, 1, account: 0)
        unknown.symbol = other
        let outcomes = try play(
            fixture,
            [
                .fill(order: 1, account: nil, quantity: nil, price: nil), .price(other, 1), .order(unknown),
                .cancel(order: 1), .order(fixture.parent(.buy, 1, account: 0)),
                .fill(order: 2, account: nil, quantity: ExactDecimal("0.5"), price: nil),
                .fill(order: 2, account: nil, quantity: 1, price: -1),
                .position(AccountID("ZZ")!, EngineFixture.symbol, quantity: 1, price: 1),
                .state(Scope("group:none")!, .halted),
            ])
        #expect(
            outcomes.map { $0.refusal?.code } == [
                "unknown_order", "unknown_instrument", "unknown_instrument", "unknown_order", nil,
                "quantity_out_of_range", "impossible_fill", "unknown_account", "unknown_scope",
            ])
        #expect(outcomes[4].admission != nil)
        #expect(throws: ParentRefusal.self) {
            try fixture.engine.play(
                Scenario(Array(repeating: .day, count: Scenario.maximumSteps + 1)), now: fixture.now)
        }
    }
}
