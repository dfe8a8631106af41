import AdapterKit
import Exact
import Testing

@testable import Paper

@Suite("Fills from candles")
struct CandleFillTests {
    /// A desk that has seen one bar closing at 100.
    private func desk(_ settings: Settings = Settings()) throws -> Desk {
        var desk = Desk(settings)
        try desk.candle("100", "101", "99", "100")
        return desk
    }

    struct LimitCase: Sendable {
        var side: Side
        var price: Number
        var bar: (Number, Number, Number, Number)
        var fill: String?
    }

    @Test(
        "A resting limit fills at its price when the bar reaches it, and at the open when that is through",
        arguments: [
            LimitCase(side: .buy, price: "98", bar: ("100", "101", "98", "99"), fill: "10@98"),
            LimitCase(side: .buy, price: "98", bar: ("100", "101", "98.05", "99"), fill: nil),
            LimitCase(side: .buy, price: "98", bar: ("97", "99", "96", "98"), fill: "10@97"),
            LimitCase(side: .buy, price: "98", bar: ("98", "99", "96", "98"), fill: "10@98"),
            LimitCase(side: .sell, price: "102", bar: ("100", "102", "99", "101"), fill: "10@102"),
            LimitCase(side: .sell, price: "102", bar: ("100", "101.95", "99", "101"), fill: nil),
            LimitCase(side: .sell, price: "102", bar: ("103", "104", "101", "102"), fill: "10@103"),
        ])
    func restingLimit(_ row: LimitCase) throws {
        var desk = try desk()
        let number = try desk.submit(row.side, 10, .limit, price: row.price)
        try desk.candle(row.bar.0, row.bar.1, row.bar.2, row.bar.3)
        #expect(try desk.fills(number) == [row.fill].compactMap(\.self))
    }

    @Test(
        "A stop triggers where the bar reaches it and fills there, or at the open when that is through",
        arguments: [
            LimitCase(side: .sell, price: "98", bar: ("100", "101", "97", "99"), fill: "10@98"),
            LimitCase(side: .sell, price: "98", bar: ("97", "99", "96", "98"), fill: "10@97"),
            LimitCase(side: .sell, price: "98", bar: ("100", "101", "98.05", "99"), fill: nil),
            LimitCase(side: .buy, price: "102", bar: ("100", "103", "99", "101"), fill: "10@102"),
            LimitCase(side: .buy, price: "102", bar: ("103", "104", "101", "102"), fill: "10@103"),
            LimitCase(side: .buy, price: "102", bar: ("100", "101.95", "99", "101"), fill: nil),
        ])
    func stop(_ row: LimitCase) throws {
        var desk = try desk()
        let number = try desk.submit(row.side, 10, .stop, trigger: row.price)
        try desk.candle(row.bar.0, row.bar.1, row.bar.2, row.bar.3)
        #expect(try desk.fills(number) == [row.fill].compactMap(\.self))
    }

    @Test(
        "A market order between bars fills at the last close, as far as the bar's size lasts, and then at the next open"
    )
    func marketBetweenBars() throws {
        var desk = Desk()
        try desk.candle("100", "101", "99", "100.5", volume: 300)  // 10 % of it: 30
        let number = try desk.submit(.buy, 50)
        #expect(try desk.fills(number) == ["30@100.5"])
        try desk.candle("102", "103", "101", "102", volume: 1_000)
        #expect(try desk.fills(number) == ["30@100.5", "20@102"])
    }

    @Test("The path goes to the nearer extreme first: a stop-limit fills in the same bar only if the price comes back")
    func pathOrder() throws {
        var desk = try desk()
        // Triggers at 102, wants 101 or less.
        let number = try desk.submit(.buy, 10, .stopLimit, price: "101", trigger: "102")
        // Open 100, high 103, low 90: the high is nearer, so the price comes down through 101 after the trigger.
        try desk.candle("100", "103", "90", "95")
        #expect(try desk.fills(number) == ["10@101"])

        let other = try desk.submit(.buy, 10, .stopLimit, price: "97", trigger: "98")
        // Open 95, low 93, high 99: the low is nearer; after the trigger the price closes at 98.5 and never falls to 97.
        try desk.candle("95", "99", "93", "98.5")
        #expect(try desk.state(other) == .open)
        #expect(try desk.fills(other) == [])
    }

    @Test("Size is a share of the bar's volume in whole lots, used along the path: nearer prices first, then time")
    func sizeAlongThePath() throws {
        var desk = try desk()
        let deep = try desk.submit(.buy, 40, .limit, price: "97")
        let near = try desk.submit(.buy, 40, .limit, price: "98")
        let late = try desk.submit(.buy, 40, .limit, price: "98")
        try desk.candle("99", "100", "96", "99", volume: 1_009)  // 100 units
        #expect(try desk.fills(near) == ["40@98"])
        #expect(try desk.fills(late) == ["40@98"])
        #expect(try desk.fills(deep) == ["20@97"])
    }

    @Test("A bar without trades fills nothing; a bar without a volume bounds nothing")
    func volumeZeroAndAbsent() throws {
        var desk = try desk()
        let number = try desk.submit(.buy, 10_000, .limit, price: "98", .goodTillCancel)
        #expect(try desk.state(number) == .open)
        try desk.candle("99", "100", "96", "99", volume: 0)
        #expect(try desk.fills(number) == [])
        try desk.candle("99", "100", "96", "99", volume: nil)
        #expect(try desk.fills(number) == ["10000@98"])
    }

    @Test("Slippage never leaves the bar's range")
    func slippageStaysInRange() throws {
        var settings = Settings()
        settings.slippageBasisPoints = 500
        var desk = try desk(settings)
        #expect(try desk.fillsOf(.buy, 1) == ["1@101"])  // close 100 + 5, high 101
        let stop = try desk.submit(.sell, 1, .stop, trigger: "98")
        try desk.candle("100", "101", "97", "99")
        #expect(try desk.fills(stop) == ["1@97"])
    }

    @Test("Prices off the tick are rounded inward: no fill outside the range")
    func offTickBar() throws {
        var desk = try desk()
        let number = try desk.submit(.buy, 10, .limit, price: "98")
        try desk.candle("100", "101", "98.01", "99")
        #expect(try desk.fills(number) == [])
        try desk.candle("97.99", "98.02", "97.96", "98.01")
        #expect(try desk.fills(number) == ["10@98"])
    }

    @Test("An order that comes while a bar is under way meets only its close")
    func latecomer() throws {
        var desk = try desk()
        let start = Timestamp(nanoseconds: desk.now.nanoseconds - 30_000_000_000)
        let touched = try desk.submit(.buy, 10, .limit, price: "98")
        let stop = try desk.submit(.sell, 10, .stop, trigger: "98")
        let crossed = try desk.submit(.buy, 10, .limit, price: "99.5")
        try desk.candle("100", "101", "97", "99", start: start)
        #expect(try desk.fills(touched) == [])
        #expect(try desk.fills(stop) == [])
        #expect(try desk.fills(crossed) == ["10@99"])
    }

    @Test("A bar that contradicts itself is not believed")
    func impossibleBar() throws {
        var desk = try desk()
        let number = try desk.submit(.buy, 10, .limit, price: "98")
        try desk.candle("100", "99", "97", "98")
        try desk.candle("100", "101", "102", "98")
        #expect(try desk.fills(number) == [])
    }

    @Test("Two-sided quotes drive fills until two bars pass without one")
    func quotesAndBars() throws {
        var desk = Desk()
        try desk.quote(bid: "99.5", ask: "100.5")
        let number = try desk.submit(.buy, 10, .limit, price: "98")
        try desk.candle("100", "101", "97", "99")
        #expect(try desk.fills(number) == [])
        try desk.candle("100", "101", "97", "99")
        #expect(try desk.fills(number) == ["10@98"])
    }

    @Test("A last price alone moves nothing but the reference where bars fill, and stays in the bar")
    func lastPriceBesideBars() throws {
        var desk = try desk()
        let limit = try desk.submit(.buy, 10, .limit, price: "99.5")
        try desk.quote(last: "99")
        #expect(try desk.fills(limit) == [])
        #expect(try desk.fillsOf(.buy, 1) == ["1@99"])
        try desk.quote(last: "150")
        #expect(try desk.fillsOf(.buy, 1) == ["1@101"])
    }

    @Test("The setting decides what fills where both kinds of prices come")
    func fillsFromSetting() throws {
        var settings = Settings()
        settings.fillsFrom = .candles
        var desk = Desk(settings)
        let number = try desk.submit(.buy, 10)
        try desk.quote(bid: "99", ask: "100")
        #expect(try desk.fills(number) == [])
        try desk.candle("101", "102", "100", "101")
        #expect(try desk.fills(number) == ["10@101"])
    }
}
