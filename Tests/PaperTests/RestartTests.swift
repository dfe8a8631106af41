import AdapterKit
import Exact
import Testing

@testable import Paper

@Suite("Restart from the durable store")
struct RestartTests {
    private func facts(_ instrument: PaperInstrument) -> [String] {
        [
            instrument.id, "\(instrument.priceExponent) \(instrument.quantityExponent)",
            "\(instrument.tick) \(instrument.lot) \(instrument.multiplier) \(instrument.unit)",
        ]
    }

    /// Everything of an account that must survive; prices need not.
    private func expectSame(_ left: SimulatedBroker, _ right: SimulatedBroker) {
        #expect(left.orders == right.orders)
        #expect(left.references == right.references)
        #expect(left.counters == right.counters)
        #expect(left.workingCount == right.workingCount)
        #expect(left.instruments == right.instruments)
        #expect(left.ledger.cash == right.ledger.cash)
        #expect(left.ledger.fees == right.ledger.fees)
        #expect(left.ledger.usedTotal == right.ledger.usedTotal)
        #expect(left.nextDayEnd == right.nextDayEnd)
        #expect(left.forgottenThrough == right.forgottenThrough)
        for (before, after) in zip(left.ledger.buckets, right.ledger.buckets) {
            var (before, after) = (before, after)
            (before.mark, before.unrealised) = (0, .zero)
            (after.mark, after.unrealised) = (0, .zero)
            #expect(before == after)
        }
        for (before, after) in zip(left.books, right.books) {
            #expect(facts(before.instrument) == facts(after.instrument))
            for place in Book.Place.allCases { #expect(before[place] == after[place]) }
        }
    }

    @Test("A restarted account is the same account, at any moment", arguments: UInt64(0)..<50)
    func sameAccount(seed: UInt64) throws {
        var drill = Drill(seed: seed)
        for step in 0..<160 {
            drill.step()
            if step % 20 == 19 { expectSame(drill.desk.broker, try drill.desk.restarted().broker) }
        }
    }

    @Test(
        "A restarted account lives on like the one that did not restart, once it has prices", arguments: UInt64(0)..<40)
    func sameLife(seed: UInt64) throws {
        var (one, other) = (Drill(seed: seed), Drill(seed: seed))
        for _ in 0..<80 {
            one.step()
            other.step()
        }
        other.desk = try other.desk.restarted()
        for terms in Drill.listed {
            try one.desk.quote(bid: "100", ask: "100.05", on: terms)
            try other.desk.quote(bid: "100", ask: "100.05", on: terms)
        }
        // Two-sided quotes make the markets the same again, unless the settings wait for a bar, or an order that a delay
        // kept was let go against the old prices in the one and against none in the other.
        let settings = one.desk.broker.settings
        guard settings.fillsFrom != .candles, settings.fillDelayNanoseconds == 0 else { return }
        expectSame(one.desk.broker, other.desk.broker)
    }

    @Test("Executions beyond a record's room are sealed and come back")
    func sealedExecutions() throws {
        var desk = Desk()
        let number = try desk.submit(.buy, 100)
        for _ in 0..<50 { try desk.quote(bid: "99", ask: "100", askSize: 1) }
        #expect(desk.memory.keys.filter { $0.hasPrefix("x") }.sorted() == ["x1.0", "x1.1", "x1.2"])
        let restarted = try desk.restarted()
        #expect(try restarted.order(number).executions.count == 50)
        expectSame(desk.broker, restarted.broker)
    }

    @Test("Forgotten orders leave the store, and absence is proven only after the last of them")
    func forgetting() throws {
        var settings = Settings()
        settings.mostRememberedOrders = 3
        var desk = Desk(settings)
        try desk.quote(last: "100")
        var last = desk.now
        for index in 0..<5 {
            last = desk.now
            try desk.submit(.buy, 1, reference: "f\(index)")
            desk.advance(seconds: 1)
        }
        #expect(desk.memory.keys.filter { $0.hasPrefix("o") }.sorted() == ["o3", "o4", "o5"])
        #expect(desk.broker.references.count == 3)
        let forgotten = Timestamp(nanoseconds: last.nanoseconds - 3_000_000_000)
        #expect(desk.broker.forgottenThrough == forgotten)
        #expect(!desk.broker.provesAbsence(writtenAt: forgotten))
        #expect(!desk.broker.provesAbsence(writtenAt: nil))
        #expect(desk.broker.provesAbsence(writtenAt: Timestamp(nanoseconds: forgotten.nanoseconds + 1)))
        expectSame(desk.broker, try desk.restarted().broker)
    }

    @Test("A forgotten order takes all of its references along")
    func forgettingReferences() throws {
        var settings = Settings()
        settings.mostRememberedOrders = 0
        var desk = Desk(settings)
        try desk.quote(bid: "98", ask: "100")
        let number = try desk.submit(.buy, 10, .limit, price: "90", reference: "old")
        try desk.modify(number, quantity: 5, reference: "new")
        #expect(desk.broker.references.count == 2)
        try desk.cancel(number)
        #expect(desk.broker.references.isEmpty)
        #expect(desk.broker.orders.isEmpty)
        #expect(desk.memory.keys.sorted() == ["a", "i0"])
    }

    @Test("Without anything forgotten, absence is proven")
    func nothingForgotten() {
        #expect(Desk().broker.provesAbsence(writtenAt: nil))
    }

    @Test("Orders that fell due while nobody watched expire with the first step")
    func expiryWhileDown() throws {
        var desk = Desk()
        try desk.quote(bid: "98", ask: "100")
        let number = try desk.submit(.buy, 1, .limit, price: "90")
        var restarted = try desk.restarted()
        restarted.advance(seconds: 200_000)
        try restarted.quote(bid: "80", ask: "81")
        #expect(try restarted.state(number) == .expired)
    }

    @Test("A working order of a restarted account asks for prices; an idle instrument does not")
    func watches() throws {
        var desk = Desk()
        try desk.quote(last: "100", on: Desk.coin)
        try desk.submit(.buy, 1, .limit, price: "90")
        let restarted = try desk.restarted()
        #expect(restarted.broker.wantsPrices.map { restarted.broker.books[$0].instrument.id } == [Desk.share.id])
    }

    @Test("A broken record stops the account instead of being guessed at", arguments: UInt64(0)..<200)
    func brokenRecords(seed: UInt64) throws {
        var drill = Drill(seed: seed % 10)
        for _ in 0..<60 { drill.step() }
        var random = SeededGenerator(seed: seed)
        var desk = drill.desk
        let key = try #require(desk.memory.keys.sorted().randomElement(using: &random))
        var record = try #require(desk.memory[key])
        if Bool.random(using: &random) {
            record.removeLast(Int.random(in: 1...record.count, using: &random))
        } else {
            record[0] = UInt8.random(in: 2...255, using: &random)
        }
        desk.memory[key] = record
        #expect(throws: BrokenMemory.self) { _ = try desk.restarted() }
    }

    @Test("No bytes crash the reader", arguments: UInt64(0)..<200)
    func garbage(seed: UInt64) throws {
        var drill = Drill(seed: seed % 20)
        for _ in 0..<60 { drill.step() }
        var random = SeededGenerator(seed: seed)
        var desk = drill.desk
        for _ in 0..<3 {
            let key = try #require(desk.memory.keys.sorted().randomElement(using: &random))
            guard var record = desk.memory[key], !record.isEmpty else { continue }
            record[Int.random(in: 0..<record.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            desk.memory[key] = record
        }
        guard var other = try? desk.restarted() else { return }  // refused is fine
        try? other.quote(bid: "99", ask: "101")
        try? other.candle("100", "110", "90", "100")
    }

    @Test("What a filled order writes stays within 200 bytes")
    func recordSize() throws {
        var settings = Settings()
        settings.fees = Fees(perOrder: Money(20) ?? .zero, rate: 325_00)
        var desk = Desk(settings)
        try desk.quote(bid: "2500.05", ask: "2500.10")
        try desk.submit(.buy, 100, reference: "abcdefghijklmnopqr")
        let size = desk.memory.filter { ["a", "o1"].contains($0.key) || $0.key.hasPrefix("p") }
            .reduce(0) { $0 + $1.key.utf8.count + $1.value.count }
        #expect(size <= 200, "\(size) bytes")
    }
}
