import Domain
import Testing

@testable import Engine

/// What a modify needs of margin is reserved with its check, as it is with a new order's (RISK.md §2, `M_res`).
@Suite("Margin of a modify")
struct ModifyMarginTests {
    private static let everything = ModifyOffer(fields: Set(OrderChanges.Field.allCases))

    /// 500,000 free of 1,000,000, of which 100,000 stay; a lot of 600 needs 60,000. Two lots are with their broker.
    private static func fixture() throws -> (EngineFixture, LegID) {
        var fixture = EngineFixture.withMargin()
        let run = try fixture.admit(fixture.parent(.buy, 1_200, account: 0))
        fixture.engine.apply(.ordersQueued(run: run.id, orders: [0], durableAt: fixture.now, queuedAt: fixture.now))
        fixture.answer(run.id)
        #expect(fixture.engine.reservedMargin(0) == 12_000_000)
        return (fixture, LegID(run: run.id, index: 0))
    }

    private static func ask(
        _ fixture: inout EngineFixture, _ id: LegID, _ quantity: ExactDecimal
    ) throws -> Result<Event, Engine.RiskRefusal> {
        try fixture.engine.requestReplace(
            id, OrderChanges(quantity: quantity), offer: everything, authority: .everything, by: "k", now: fixture.now)
    }

    private static func modify(_ fixture: inout EngineFixture, _ id: LegID, _ quantity: ExactDecimal) throws {
        fixture.engine.apply(try ask(&fixture, id, quantity).get())
        fixture.engine.apply(.replaceAnswered(run: id.run, order: 0, outcome: .accepted, error: nil))
    }

    @Test("What is added is reserved at once: the next order sees what is left")
    func reserved() throws {
        var (fixture, id) = try Self.fixture()
        try Self.modify(&fixture, id, 2_400)
        #expect(fixture.engine.reservedMargin(0) == 24_000_000)
        // 500,000 - 240,000 - 180,000 = 80,000, below 100,000.
        let next = try fixture.decide(fixture.parent(.buy, 1_800, account: 0)).legs[0]
        #expect(next.rejection?.code == "margin_buffer" && next.rejection?.projected == 8_000_000)
        // Six lots in the place of four leave 140,000; seven would leave 80,000.
        guard case .failure(let refusal) = try Self.ask(&fixture, id, 4_200) else {
            Issue.record("seven lots passed")
            return
        }
        #expect(refusal.rejection.code == "margin_buffer" && refusal.rejection.projected == 8_000_000)
        try Self.modify(&fixture, id, 3_600)
        #expect(fixture.engine.reservedMargin(0) == 36_000_000)
    }

    @Test(
        "It is reserved while nobody knows what became of the modify, and after it was refused, until newer figures come"
    )
    func refused() throws {
        var (fixture, id) = try Self.fixture()
        fixture.engine.apply(try Self.ask(&fixture, id, 2_400).get())
        #expect(fixture.engine.reservedMargin(0) == 24_000_000)
        fixture.engine.apply(.replaceAnswered(run: id.run, order: 0, outcome: .rejected, error: nil))
        #expect(fixture.engine.reservedMargin(0) == 24_000_000)
        fixture.now = fixture.now.advanced(by: 1_000_000_000)
        fixture.setFunds(available: 380_000)
        #expect(fixture.engine.reservedMargin(0) == 0)
    }

    @Test("Where the broker's figures hold the order already, a modify reserves what it adds alone")
    func settled() throws {
        var (fixture, id) = try Self.fixture()
        fixture.now = fixture.now.advanced(by: 1_000_000_000)
        fixture.setFunds(available: 380_000)
        #expect(fixture.engine.reservedMargin(0) == 0)
        try Self.modify(&fixture, id, 2_400)
        #expect(fixture.engine.reservedMargin(0) == 12_000_000)
    }

    @Test("Less takes nothing, and an order that ends without a fill gives all of it back")
    func given() throws {
        var (fixture, id) = try Self.fixture()
        try Self.modify(&fixture, id, 2_400)
        try Self.modify(&fixture, id, 600)
        #expect(fixture.engine.reservedMargin(0) == 24_000_000)
        fixture.engine.apply(
            .orderReported(
                run: id.run, order: 0,
                report: ReportedOrder(
                    state: .canceled, cumulativeQuantity: 0, adapterState: [], at: fixture.now)))
        #expect(fixture.engine.reservedMargin(0) == 0)
    }
}
