import Domain
import Testing

@testable import Engine

@Suite("What is resolved once stays true")
struct ResolvedLimitsTests {
    @Test("A leg meets the limits in force, whatever was resolved for an earlier one")
    func newLimitsCount() throws {
        var fixture = EngineFixture()
        var limits = EngineFixture.open
        limits.position = .value(100)
        fixture.setLimits(limits)
        #expect(try fixture.decide(fixture.parent(.buy, 100, account: 0)).legs[0].rejection == nil)
        limits.position = .value(99)
        fixture.setLimits(limits)
        #expect(try fixture.decide(fixture.parent(.buy, 100, account: 0)).legs[0].rejection?.limit == 99)
        limits.position = .value(100)
        fixture.setLimits(limits)
        #expect(try fixture.decide(fixture.parent(.buy, 100, account: 0)).legs[0].rejection == nil)
    }

    @Test("A leg meets the instrument as it is defined now")
    func newInstrumentCounts() throws {
        var fixture = EngineFixture()
        #expect(try fixture.decide(fixture.parent(.buy, 10, account: 0)).legs[0].rejection == nil)
        fixture.engine.apply(
            .instrumentDefined(
                number: 0,
                InstrumentRecord(
                    id: EngineFixture.symbol, currency: EngineFixture.currency,
                    tickSize: try #require(ExactDecimal("0.01")), minimumQuantity: 20, maximumQuantity: 30,
                    source: "test")))
        #expect(
            try fixture.decide(fixture.parent(.buy, 10, account: 0)).legs[0].rejection?.sentence == .belowMinimum)
        #expect(
            try fixture.decide(fixture.parent(.buy, 40, account: 0)).legs[0].rejection?.sentence == .aboveMaximum)
    }

    @Test("An account that changes its currency meets the limits of the new one")
    func newCurrencyCounts() throws {
        var fixture = EngineFixture(accounts: 2)
        #expect(try fixture.decide(fixture.parent(.buy, 10)).legs.allSatisfy { $0.rejection == nil })
        fixture.engine.apply(
            .accountDefined(
                Account(
                    id: try #require(AccountID("A1")), adapter: EngineFixture.adapter,
                    currency: try #require(Currency("INR")))))
        let legs = try fixture.decide(fixture.parent(.buy, 10)).legs
        #expect(legs[0].rejection == nil && legs[1].rejection?.control == .allowList)
    }

    @Test("A limit of a position in lots is that many lots, also where a lot is a fraction of a unit")
    func positionInLots() throws {
        var fixture = EngineFixture(lot: "0.001")
        var limits = EngineFixture.open
        (limits.position, limits.positionUnit) = (.value(5), .lots)
        fixture.setLimits(limits)
        var order = fixture.parent(.buy, 1, account: 0)
        for (lots, passes) in [(Int64(5), true), (6, false)] {
            (order.quantity, order.lots) = (nil, lots)
            #expect(try fixture.decide(order).legs[0].rejection == nil ? passes : !passes, "\(lots)")
        }
    }

    @Test("More pairs than are kept are resolved anew, with the same result")
    func tableIsBounded() throws {
        var fixture = EngineFixture()
        let limits = fixture.engine.legLimits(0, 0)
        var table = LegLimitsTable()
        for number in 0..<Int32(LegLimitsTable.capacity) { table.insert(limits, limits: number, instrument: 0) }
        #expect(table[0, 0] === limits && table[Int32(LegLimitsTable.capacity) - 1, 0] === limits)
        table.insert(limits, limits: 77_777, instrument: 0)
        #expect(table[0, 0] == nil && table[77_777, 0] === limits)
        #expect(try fixture.decide(fixture.parent(.buy, 10, account: 0)).legs[0].rejection == nil)
    }

    @Test("Members' terms are those of the group and its accounts as they are now")
    func newMembersCount() throws {
        var fixture = EngineFixture(accounts: 2, policy: .proportional)
        #expect(try fixture.decide(fixture.parent(.buy, 30)).legs.map(\.allocatedQuantity) == [10, 20])
        var group = try #require(fixture.engine.group(EngineFixture.group))
        group.members[0].capital = 4_000
        fixture.engine.apply(.groupDefined(group))
        #expect(try fixture.decide(fixture.parent(.buy, 30)).legs.map(\.allocatedQuantity) == [20, 10])
        fixture.engine.apply(.accountRemoved(group.members[0].account))
        let alone = try fixture.decide(fixture.parent(.buy, 30))
        #expect(alone.legs.map(\.allocatedQuantity) == [30] && alone.leftOut.map(\.reason) == ["account_removed"])
        group.members[1].capital = ExactDecimal("0.001")
        fixture.engine.apply(.groupDefined(group))
        #expect(throws: ParentRefusal.self) { try fixture.decide(fixture.parent(.buy, 30)) }
    }
}

@Suite("Numbers that stand for a search or a division")
struct FastNumbersTests {
    @Test("Dividing by multiplication is division, rounded up and down", arguments: 0..<50)
    func fixedDivisor(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<200 {
            let divisor = Int64.random(in: 1...(Int64.max >> Int64.random(in: 0...62, using: &random)), using: &random)
            let fixed = FixedDivisor(divisor)
            let near = (Int64.max / divisor) * divisor
            let edges: [Int64] = [.min, .min + 1, -divisor, -1, 0, 1, divisor - 1, divisor, near, near - 1, .max]
            let some = (0..<8).map { _ in
                Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0...62, using: &random)
            }
            for dividend in edges + some {
                let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
                #expect(fixed.ceiling(dividend) == quotient + (remainder > 0 ? 1 : 0), "\(dividend) / \(divisor)")
                #expect(fixed.floor(dividend) == quotient - (remainder < 0 ? 1 : 0), "\(dividend) / \(divisor)")
            }
        }
    }

    @Test(
        "The value that controls compare is the instrument's notional, also where products are wide", arguments: 0..<50)
    func valueIsNotional(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let record = InstrumentRecord(
            id: EngineFixture.symbol, currency: EngineFixture.currency,
            tickSize: try #require(ExactDecimal(mantissa: 1, exponent: -Int.random(in: 0...8, using: &random))),
            multiplier: ExactDecimal(Int64.random(in: 1...1_000, using: &random)), source: "test")
        let instrument = try Instrument(record, index: InstrumentIndex(0))
        for _ in 0..<200 {
            let quantity = Int64.random(in: .min ... .max, using: &random) >> Int64.random(in: 0...63, using: &random)
            let price = Int64.random(in: 0 ... .max, using: &random) >> Int64.random(in: 0...62, using: &random)
            let exact = Int128(quantity) * Int128(price)
            #expect(instrument.value(of: quantity, at: price) == instrument.notional(quantity: quantity, price: price))
            #expect(instrument.result(of: exact) == instrument.money(value: exact, rounding: .floor))
        }
    }

    @Test("A client sequence names its run as long as the run is held", arguments: 0..<20)
    func runSequences(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var sequences = RunSequences()
        var known: [UInt64: OrderPlace] = [:]
        var held: Set<UInt64> = []
        var next: UInt64 = 1
        for run in UInt64(1)...4_000 {
            // Gaps are sequences of replaces.
            next += UInt64.random(in: 0...2, using: &random)
            let count = Int.random(in: 0...4, using: &random)
            let isKept = sequences.append(next, count: count, run: RunID(number: run))
            #expect(isKept)
            for order in 0..<count {
                known[next + UInt64(order)] = OrderPlace(run: RunID(number: run), order: Int32(order))
            }
            next += UInt64(count)
            held.insert(run)
            if Int.random(in: 0...9, using: &random) < 8, let gone = held.randomElement(using: &random) {
                held.remove(gone)
                sequences.dropOne { held.contains($0) }
            }
        }
        for sequence in 0..<next + 3 {
            let found = sequences.place(of: sequence)
            if let place = known[sequence], held.contains(place.run.number) {
                #expect(found == place)
            } else {
                #expect(found.map { !held.contains($0.run.number) } ?? true)
            }
        }
        let isKept = sequences.append(0, count: 1, run: RunID(number: 9_999))
        #expect(!isKept)
    }

    @Test("What an account comes to in one pass is what its sums come to one by one", arguments: 0..<40)
    func exposureInOnePass(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var fixture = EngineFixture(accounts: 2)
        for number in 1...4 {
            let currency = try #require(Currency(number == 4 ? "INR" : "USD"))
            fixture.engine.apply(
                .instrumentDefined(
                    number: Int32(number),
                    InstrumentRecord(
                        id: try InstrumentID("US:EQ:S\(number)"), currency: currency,
                        tickSize: try #require(ExactDecimal("0.01")), source: "test")))
        }
        for number in Int32(0)...4 where Int.random(in: 0...9, using: &random) > 0 {
            fixture.engine.setReference(number, price: ExactDecimal(Int64(number) * 7 + 90), at: fixture.now)
        }
        for number in Int32(0)...4 where Bool.random(using: &random) {
            fixture.engine.book.update(0, number) { position in
                position.quantity = Int64.random(in: -50...50, using: &random)
                position.openBuy = Int64.random(in: 0...20, using: &random)
                position.openSell = Int64.random(in: 0...20, using: &random)
            }
        }
        let engine = fixture.engine
        // The last one is in another currency, for which there is no rate.
        for instrument in Int32(0)...3 {
            let currency = engine.instruments[Int(instrument)].instrument.currency
            var found = AccountExposure()
            engine.findExposure(of: 0, like: instrument, isByInstrument: true, &found)
            #expect(found.gross == engine.grossExposure(account: 0, currency: currency))
            let position = engine.book.position(0, instrument) ?? Position(account: 0, instrument: instrument)
            let points = engine.inputs.reference(instrument).points
            if position.worstCase == 0 {
                #expect(found.net == NetSums())
            } else if points == 0 {
                #expect(found.net == nil)
            } else {
                let terms = engine.instruments[Int(instrument)].instrument
                #expect(found.net?.long == terms.notional(quantity: position.longest, price: points))
                #expect(found.net?.short == terms.notional(quantity: position.shortest, price: points))
            }
            let foreign = engine.book.positions(of: 0).contains { $0.instrument == 4 && $0.worstCase != 0 }
            #expect(found.isUnconvertible == foreign)
        }
    }
}
