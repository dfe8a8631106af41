import Domain
import Foundation
import Telemetry
import Testing

@testable import Engine
@testable import Gateway

/// Days, corrections and busts by numbers worked out on paper. Prices are dollars and cents, fees cents.
@Suite("Days, corrections and busts, by numbers worked out on paper")
struct DayFoldTests {
    private static let account = AccountID("A1")!
    /// Points of a cent.
    private static let points: Int64 = 100
    private static let day: Int64 = 86_400_000_000_000
    private static let start = Timestamp(nanoseconds: 20_000 * day + 10 * 3_600_000_000_000)
    private static let definitions: [Event] = [
        .accountDefined(Account(id: account, adapter: AdapterID("test")!, currency: Currency("USD")!)),
        .instrumentDefined(
            number: 0,
            InstrumentRecord(
                id: GatewayFixture.symbol, currency: Currency("USD")!, tickSize: ExactDecimal("0.01")!, lotSize: 1,
                source: "test")),
    ]

    private static func execution(
        _ id: String, _ side: Side, _ quantity: Int64, _ cents: Int64, fees: Int64 = 0,
        _ kind: ExecutionReport.Kind = .new, replaces: String? = nil, days: Int64 = 0
    ) -> Event {
        let at = start.advanced(by: days * day)
        return .executed(
            Execution(
                adapter: AdapterID("test")!, account: 0, instrument: 0, executionID: id, kind: kind, replaces: replaces,
                run: nil, order: 0, side: side, lastQuantity: quantity, lastPrice: cents * points, fees: fees,
                transactTime: nil, at: at))
    }

    private static func rows(_ events: [(days: Int64, event: Event)]) -> [DailyResult] {
        var fold = DailyResultReader.Fold()
        for event in definitions { fold.apply(event, at: start) }
        for (days, event) in events { fold.apply(event, at: start.advanced(by: days * day)) }
        fold.finish()
        return fold.rows
    }

    @Test(
        "Bought 10 at 100 and 10 at 110, sold 5 at 120: 75 realised, 15 held at 105, fees summed, and the next day is its own"
    )
    func days() throws {
        let rows = Self.rows([
            (0, Self.execution("E1", .buy, 10, 100_00, fees: 10)),
            (0, Self.execution("E2", .buy, 10, 110_00, fees: 10)),
            (0, Self.execution("E3", .sell, 5, 120_00, fees: 5)), (2, Self.execution("E4", .sell, 15, 104_00)),
        ])
        #expect(rows.map(\.day.description) == ["2024-10-04", "2024-10-06"])
        let (first, second) = (rows[0], rows[1])
        #expect(first.executions == 3 && first.boughtQuantity == 20 && first.soldQuantity == 5)
        #expect(first.boughtValue?.amount == 2_100 && first.soldValue?.amount == 600)
        #expect(first.realised?.amount == 75 && first.fees.amount == ExactDecimal("0.25"))
        #expect(first.quantity == 15 && first.averagePrice == 105)
        // 15 × (104 − 105).
        #expect(second.realised?.amount == -15 && second.quantity == 0 && second.averagePrice == nil)
        #expect(second.soldValue?.amount == 1_560 && second.boughtQuantity == 0 && second.fees.minorUnits == 0)
    }

    @Test(
        "A correction and a bust count in the day they came, by what they changed: quantities, values and fees are exact"
    )
    func takenBack() throws {
        let rows = Self.rows([
            (0, Self.execution("E1", .buy, 10, 100_00, fees: 10)),
            (0, Self.execution("E2", .buy, 10, 110_00, fees: 10)),
            (0, Self.execution("E3", .sell, 5, 120_00, fees: 5)),
            // Ten at 108 instead of 110, and nothing was sold after all.
            (1, Self.execution("C2", .buy, 10, 108_00, fees: 12, .correct, replaces: "E2", days: 1)),
            (1, Self.execution("B3", .sell, 5, 120_00, .bust, replaces: "E3", days: 1)),
        ])
        try #require(rows.count == 2)
        let second = rows[1]
        #expect(second.executions == 2 && second.boughtQuantity == 0 && second.soldQuantity == -5)
        #expect(second.boughtValue?.amount == -20 && second.soldValue?.amount == -600)
        #expect(second.fees.amount == ExactDecimal("-0.03"))
        #expect(second.quantity == 20)
        // What stands is 20 bought for 2,080: what is realised and what is held at its cost say the same together.
        let realised = try #require(rows[0].realised?.amount.adding(rows[1].realised?.amount ?? 0))
        let cost = try #require(second.averagePrice?.multiplied(by: second.quantity))
        #expect(cost.subtracting(realised) == 2_080, "\(realised) \(cost)")
    }

    @Test("Whatever is corrected or taken back, the values of all days sum up to what stands", arguments: 0..<60)
    func sums(seed: UInt64) throws {
        var random = DayDice(state: seed &+ 1)
        var standing: [(id: String, side: Side, quantity: Int64, price: Int64)] = []
        var events: [(days: Int64, event: Event)] = []
        for number in 0..<40 {
            let days = Int64(number / 10)
            let (quantity, price) = (
                Int64.random(in: 1...50, using: &random), Int64.random(in: 90_00...110_00, using: &random)
            )
            let place = standing.indices.randomElement(using: &random)
            switch (Int.random(in: 0..<5, using: &random), place) {
            case (0, let place?):
                let old = standing[place]
                events.append(
                    (
                        days,
                        Self.execution("C\(number)", old.side, quantity, price, .correct, replaces: old.id, days: days)
                    ))
                standing[place] = ("C\(number)", old.side, quantity, price)
            case (1, let place?):
                let old = standing.remove(at: place)
                events.append(
                    (
                        days,
                        Self.execution(
                            "B\(number)", old.side, old.quantity, old.price, .bust, replaces: old.id, days: days)
                    ))
            default:
                let side = Bool.random(using: &random) ? Side.buy : .sell
                events.append((days, Self.execution("E\(number)", side, quantity, price, days: days)))
                standing.append(("E\(number)", side, quantity, price))
            }
        }
        let rows = Self.rows(events)
        func sum(_ value: (DailyResult) -> ExactDecimal?) -> ExactDecimal? {
            rows.reduce(.zero as ExactDecimal?) { sum, row in value(row).flatMap { sum?.adding($0) } }
        }
        for side in [Side.buy, .sell] {
            let stands = standing.filter { $0.side == side }
            #expect(
                sum { side == .buy ? $0.boughtQuantity : $0.soldQuantity }
                    == ExactDecimal(stands.reduce(0) { $0 + $1.quantity }))
            let cents = stands.reduce(0) { $0 + $1.quantity * $1.price }
            #expect(
                sum { side == .buy ? $0.boughtValue?.amount : $0.soldValue?.amount }
                    == ExactDecimal(mantissa: Int128(cents), exponent: -2))
        }
        #expect(rows.last?.quantity == ExactDecimal(standing.reduce(0) { $0 + $1.quantity * $1.side.sign }))
        #expect(rows.reduce(0) { $0 + $1.executions } == 40)
    }

    @Test(
        "A day closes at the mark that the next one opens with: 10 bought at 100 are 30 at 103, and the next day counts from 103"
    )
    func closing() throws {
        var engine = Engine(clientOrderIDPrefix: 0)
        for event in Self.definitions { engine.apply(event) }
        let today = Self.start.nanoseconds / Self.day
        func open(_ day: Int64, mark: Int64?) -> (opening: DayOpening, closed: [DayResult]) {
            let opening = DayOpening(
                account: 0, day: day, marks: mark.map { [.init(instrument: 0, points: $0 * Self.points)] } ?? [])
            return (opening, Gateway.closedDay(opening, engine, at: Self.start))
        }
        func result(mark: Int64?) -> [Int64?] {
            engine.dayFigures(of: 0) { _ in mark.map { $0 * Self.points } }.map(\.result)
        }
        let first = open(today, mark: nil)
        #expect(first.closed.isEmpty, "no day was under way")
        engine.apply(.dayOpened(first.opening))
        engine.apply(Self.execution("E1", .buy, 10, 100_00, fees: 50))
        #expect(result(mark: 101_00) == [9_50] as [Int64?])
        #expect(result(mark: nil) == [nil] as [Int64?], "no mark, no result")
        let second = open(today + 1, mark: 103_00)
        #expect(second.closed.map(\.result) == [29_50] as [Int64?] && second.closed.map(\.fees) == [50])
        #expect(second.closed.map(\.day) == [today] && second.closed.map(\.isClosed) == [true])
        engine.apply(.dayOpened(second.opening))
        #expect(result(mark: 103_00) == [0] as [Int64?], "the new day begins at nothing")
        // Four sold at 105, six held at 104: 4 × 2 + 6 × 1; fees of the day alone.
        engine.apply(Self.execution("E2", .sell, 4, 105_00, fees: 20, days: 1))
        #expect(result(mark: 104_00) == [13_80] as [Int64?])
        // The purchase of the day before was at 99, not at 100: that is a dollar a share, today, and no fee at all.
        engine.apply(Self.execution("C1", .buy, 10, 99_00, .correct, replaces: "E1", days: 1))
        #expect(result(mark: 104_00) == [24_30] as [Int64?])
        // A bust of today's sale: ten are held again, at 104.
        engine.apply(Self.execution("B2", .sell, 4, 105_00, .bust, replaces: "E2", days: 1))
        let third = open(today + 2, mark: 104_00)
        #expect(third.closed.map(\.result) == [20_50] as [Int64?])
        #expect(open(today + 2, mark: nil).closed.map(\.result) == [nil] as [Int64?], "a close without a mark says so")
    }

    @Test("What was kept of a closed day is not opened again")
    func kept() throws {
        let directory = GatewayFixture.makeDirectory()
        defer { try? FileManager.default.removeItem(at: directory) }
        let store = try TelemetryStore(directory: directory.path)
        func day(_ cents: Int64?, closed: Bool) -> DayResult {
            DayResult(
                account: Self.account, day: 20_000, currency: Currency("USD")!, result: cents, fees: 0, at: Self.start,
                isClosed: closed)
        }
        for (cents, closed, wanted) in [(5, false, 5), (7, false, 7), (9, true, 9), (1, false, 9), (11, true, 11)] {
            try store.keep([day(Int64(cents), closed: closed)])
            #expect(try store.dayResults(from: 20_000, to: 20_000).map(\.result) == [Int64(wanted)])
        }
        #expect(try store.dayResults(from: 20_001, to: .max).isEmpty)
        #expect(try store.dayResults(from: .min, to: 20_000, accounts: [AccountID("B")!]).isEmpty)
        store.close()
    }
}

/// The same numbers for the same seed.
private struct DayDice: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state ^ (state >> 29)) &* 0x9E37_79B9_7F4A_7C15
    }
}
