import Domain
import Testing

@testable import Engine

@Suite("A broker's positions beside ours")
struct PositionComparisonTests {
    static func row(_ quantity: Int64, _ symbol: InstrumentID = EngineFixture.symbol, product: Product? = .intraday)
        -> PositionReport
    {
        PositionReport(
            account: OrderComparisonTests.account, symbol: symbol, product: product, quantity: ExactDecimal(quantity),
            averagePrice: 50)
    }

    /// An account that holds `quantity` by its executions.
    static func fixture(_ quantity: Int64) throws -> EngineFixture {
        var fixture = EngineFixture()
        guard quantity != 0 else { return fixture }
        let run = try fixture.admit(
            fixture.parent(quantity > 0 ? .buy : .sell, abs(quantity), account: 0)
        ).id
        fixture.answer(run)
        try fixture.fill(run, quantity: abs(quantity), execution: "E1")
        return fixture
    }

    @Test("A gap is there exactly where the sums differ, with both numbers", arguments: 0..<200)
    func gaps(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let ours = Int64.random(in: -3...3, using: &random)
        let parts = (0..<Int.random(in: 0...3, using: &random)).map { _ in Int64.random(in: -3...3, using: &random) }
        let products = Product.allCases.shuffled(using: &random)
        let rows = parts.enumerated().map { Self.row($1, product: products[$0]) }
        let engine = try Self.fixture(ours).engine
        let (matched, gaps) = engine.compare(rows + rows, holdings: nil, of: 0)
        let theirs = parts.reduce(0, +)
        if ours == theirs {
            #expect(gaps.isEmpty && matched == (ours == 0 ? 0 : 1))
        } else {
            let gap = try #require(gaps.first)
            #expect(gaps.count == 1 && matched == 0)
            #expect(gap.ours == ExactDecimal(ours) && gap.theirs == ExactDecimal(theirs) && gap.steps == theirs)
            #expect(gap.cause == (ours == 0 ? .positionElsewhere : .position))
        }
    }

    @Test("What settled into holdings is no gap, what is not held is")
    func holdings() throws {
        let engine = try Self.fixture(10).engine
        func held(_ quantity: Int64) -> [HoldingReport] {
            [
                HoldingReport(
                    account: OrderComparisonTests.account, symbol: EngineFixture.symbol,
                    quantity: ExactDecimal(quantity))
            ]
        }
        #expect(engine.compare([], holdings: held(10), of: 0).gaps.isEmpty)
        #expect(engine.compare([Self.row(4)], holdings: held(6), of: 0).gaps.isEmpty)
        #expect(engine.compare([], holdings: held(9), of: 0).gaps.count == 1)
        #expect(engine.compare([], holdings: nil, of: 0).gaps.count == 1)
        #expect(engine.compare([Self.row(11)], holdings: held(10), of: 0).gaps.count == 1)
    }

    @Test("A position in an instrument that is not known here is shown and cannot be adopted")
    func unknownInstrument() throws {
        let engine = EngineFixture().engine
        let other = try InstrumentID("US:EQ:OTHER")
        let gap = try #require(engine.compare([Self.row(3, other)], holdings: nil, of: 0).gaps.first)
        #expect(gap.instrument == nil && gap.cause == .positionElsewhere)
        #expect(engine.adoption(of: gap, account: 0, reason: "r", by: "b", now: EngineFixture().now) == nil)
    }

    @Test("Another account's rows are not looked at")
    func otherAccount() {
        let engine = EngineFixture(accounts: 2).engine
        #expect(engine.compare([Self.row(3)], holdings: nil, of: 1).gaps.isEmpty)
    }

    @Test(
        "An adopted position is the broker's, at its cost, and makes no result of the day", arguments: [-7, 0, 4, 25])
    func adopted(theirs: Int64) throws {
        var fixture = try Self.fixture(10)
        let instrument = fixture.engine.instruments[0].instrument
        let (cost, mark) = (try #require(instrument.points(50)), try #require(instrument.points(100)))
        let day = fixture.position.dayValue(mark: mark)
        let gap = try #require(fixture.engine.compare([Self.row(theirs)], holdings: nil, of: 0).gaps.first)
        let adoption = try #require(
            fixture.engine.adoption(of: gap, account: 0, reason: "r", by: "b", now: fixture.now))
        fixture.engine.apply(.positionAdopted(adoption))
        #expect(fixture.position.quantity == theirs && adoption.before == 10)
        #expect(fixture.position.entryValue == Int128(theirs) * Int128(cost))
        #expect(fixture.position.dayValue(mark: mark) == day)
        #expect(fixture.engine.compare([Self.row(theirs)], holdings: nil, of: 0).gaps.isEmpty)
    }

    @Test("Nothing overflows at the edge of what can be held")
    func edges() throws {
        var position = Position(account: 0, instrument: 0)
        for quantity in [Int64.min, .max, 0, -1] {
            position.adopt(quantity, price: .max, mark: .max)
            #expect(position.quantity == max(-.max, quantity))
        }
        let engine = EngineFixture().engine
        var row = Self.row(1)
        row.quantity = try #require(ExactDecimal("99999999999999999999"))
        let gap = try #require(engine.compare([row], holdings: nil, of: 0).gaps.first)
        #expect(gap.steps == nil)
        #expect(engine.adoption(of: gap, account: 0, reason: "r", by: "b", now: EngineFixture().now) == nil)
    }
}
