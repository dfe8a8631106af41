import Domain
import Testing

@testable import Engine

@Suite("A tick that depends on the price")
struct TickTableTests {
    private static let table = "0:0.01 250:0.05 1000:0.1"

    private func fixture(limits: AccountLimits = EngineFixture.open, price: String = "249.98") throws -> EngineFixture {
        var fixture = EngineFixture(limits: limits, price: nil)
        fixture.engine.apply(
            .instrumentDefined(
                number: 0,
                InstrumentRecord(
                    id: EngineFixture.symbol, currency: EngineFixture.currency, tickSize: 1, source: "test",
                    tickTable: try TickTable(Self.table))))
        fixture.setPrice(price)
        return fixture
    }

    @Test(
        "A table begins at 0, ascends, and each band begins on a multiple of its own tick",
        arguments: [
            ("", "the first band begins at 0"), ("1:0.01", "the first band begins at 0"),
            ("0:0.01 0:0.05", "does not begin above"), ("0:0.01 250:0.05 100:0.1", "does not begin above"),
            ("0:0.01 250.03:0.05", "250.03 is no multiple of the tick 0.05"), ("0:0", "is not positive"),
            ("0:-1", "is not positive"), ("0", "with a colon between"), ("0:a", "with a colon between"),
            ((0..<65).map { "\($0):1" }.joined(separator: " "), "at most 64 bands"),
        ])
    func malformed(text: String, reason: String) {
        #expect {
            try TickTable(text)
        } throws: {
            "\($0)".contains(reason)
        }
    }

    @Test("What all ticks are multiples of stands for the tick, and one spelling for a table")
    func step() throws {
        #expect(try TickTable("0:0.02 100:0.05").step == ExactDecimal("0.01"))
        #expect(try TickTable("0:0.5 100:2.5 1000:10").step == ExactDecimal("0.5"))
        #expect(try TickTable("0.0:0.010  250.00:0.05").description == "0:0.01 250:0.05")
    }

    @Test(
        "A price and a trigger are multiples of the tick of their band, and the remedy names the prices beside it",
        arguments: [
            ("249.99", nil), ("250", nil), ("250.01", "use 250 or 250.05"), ("999.95", nil),
            ("999.99", "use 999.95 or 1000"),
            ("1000.05", "use 1000 or 1000.1"), ("249.995", "use 249.99 or 250"), ("100000.1", nil),
        ])
    func parents(price: String, remedy: String?) throws {
        for isStop in [false, true] {
            let fixture = try fixture()
            var order = fixture.parent(.buy, 1, account: 0, price: isStop ? nil : price)
            if isStop { (order.orderType, order.stopPrice) = (.stop, ExactDecimal(price)) }
            do {
                _ = try ParentTerms(fixture.request(order), engine: fixture.engine)
                #expect(remedy == nil)
            } catch {
                let refusal = error
                #expect(refusal.code == "price_off_tick" && refusal.path == (isStop ? "/trigger_price" : "/price"))
                #expect(refusal.remedy.hasPrefix(try #require(remedy)), "\(refusal.remedy)")
            }
        }
    }

    @Test(
        "Rounding never leaves the side it is asked for, lands on a tick, and moves less than a tick",
        arguments: 0..<200)
    func rounding(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let fixture = try fixture()
        let entry = fixture.engine.instruments[0]
        let price = Int64.random(in: 0...12_000_000, using: &random)
        let (down, up) = (entry.roundedDown(price), entry.roundedUp(price))
        #expect(entry.isOnTick(down) && entry.isOnTick(up))
        #expect(
            down <= price && price <= up && price - down < entry.tick(at: price) && up - price < entry.tick(at: price))
        #expect((down == price) == entry.isOnTick(price) && (up == price) == entry.isOnTick(price))
        // One by one, by the words of the rule.
        let bands: [(from: Int64, tick: Int64)] = [(0, 100), (2_500_000, 500), (10_000_000, 1_000)]
        func isOnTick(_ price: Int64) -> Bool { price % (bands.last { $0.from <= price }?.tick ?? 1) == 0 }
        #expect(
            isOnTick(down) && isOnTick(up) && !(down + 1..<max(down + 1, up)).contains { $0 != price && isOnTick($0) })
    }

    @Test("Market protection ends on a tick of the band that it leads into")
    func protection() throws {
        var limits = EngineFixture.open
        limits.marketProtection.conversion = .limit
        limits.marketProtection.absolute = ExactDecimal("0.04")!
        let buy = { (price: String, side: Side) in
            var fixture = try fixture(limits: limits, price: price)
            let admission = try fixture.decide(fixture.parent(side, 1, account: 0))
            return fixture.engine.preview(of: admission).legs[0].limitPrice
        }
        #expect(try buy("249.98", .buy) == 250, "250.02 is between two ticks, and is rounded toward the reference")
        #expect(try buy("249.94", .buy) == ExactDecimal("249.98"))
        #expect(try buy("250.05", .sell) == ExactDecimal("250.05"), "250.01 rounded toward the reference")
        #expect(try buy("250.02", .sell) == ExactDecimal("249.98"))
        #expect(try buy("999.97", .sell) == ExactDecimal("999.95"))
    }

    @Test("A closing order is limited on a tick, and the record keeps the table")
    func closing() throws {
        var fixture = try fixture()
        let run = try fixture.admit(fixture.parent(.buy, 10, account: 0))
        fixture.answer(run.id)
        try fixture.fill(run.id, quantity: 10, price: "249.98", execution: "E1")
        var limits = EngineFixture.open
        limits.collar.basisPoints = 100
        fixture.setLimits(limits)
        fixture.setPrice("252.51")
        let order = fixture.engine.closingOrder(0, 0, .sell, 10, .intraday)
        #expect(order.limitPrice == ExactDecimal("249.99"), "252.51 less 1 % is 249.9849, in the band of 0.01")
        fixture.setPrice("255.01")
        #expect(
            fixture.engine.closingOrder(0, 0, .sell, 10, .intraday).limitPrice == ExactDecimal("252.5"),
            "252.4599, in the band of 0.05")
        var writer = EventWriter(base: fixture.now)
        let record = fixture.engine.instruments[0].record
        writer.write(.instrumentDefined(number: 0, record))
        let event = try writer.bytes.withUnsafeBytes { buffer in
            var reader = EventReader(buffer, base: fixture.now)
            return try reader.readEvent()
        }
        #expect(event == .instrumentDefined(number: 0, record) && record.tickTable?.description == Self.table)
    }

    @Test("A modify to a price off the tick of its band is refused")
    func modify() throws {
        var fixture = try fixture()
        let run = try fixture.admit(fixture.parent(.buy, 1, account: 0, price: "249.99"))
        fixture.engine.apply(.ordersQueued(run: run.id, orders: [0], durableAt: fixture.now, queuedAt: fixture.now))
        fixture.answer(run.id)
        func change(_ price: String) throws {
            _ = try fixture.engine.requestReplace(
                LegID(run: run.id, index: 0), OrderChanges(limitPrice: ExactDecimal(price)), authority: .everything,
                by: "k", now: fixture.now
            ).get()
        }
        #expect(throws: ParentRefusal.self) { try change("250.01") }
        try change("250.05")
    }
}
