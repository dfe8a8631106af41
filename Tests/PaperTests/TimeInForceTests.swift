import AdapterKit
import Exact
import Testing

@testable import Paper

@Suite("Time in force")
struct TimeInForceTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var timeInForce: TimeInForce
        var price: Number?
        var fills: [String]
        var state: OrderState
        var testDescription: String { "\(timeInForce) \(price == nil ? "market" : "limit") \(fills)" }
    }

    @Test(
        "DAY and GTC keep the rest, IOC cancels it, FOK fills whole or not at all",
        arguments: [
            Row(timeInForce: .day, price: nil, fills: ["30@100"], state: .partiallyFilled),
            Row(timeInForce: .goodTillCancel, price: nil, fills: ["30@100"], state: .partiallyFilled),
            Row(timeInForce: .immediateOrCancel, price: nil, fills: ["30@100"], state: .canceled),
            Row(timeInForce: .fillOrKill, price: nil, fills: [], state: .canceled),
            Row(timeInForce: .day, price: "100", fills: ["30@100"], state: .partiallyFilled),
            Row(timeInForce: .immediateOrCancel, price: "100", fills: ["30@100"], state: .canceled),
            Row(timeInForce: .fillOrKill, price: "100", fills: [], state: .canceled),
            Row(timeInForce: .day, price: "99", fills: [], state: .open),
            Row(timeInForce: .goodTillCancel, price: "99", fills: [], state: .open),
            Row(timeInForce: .immediateOrCancel, price: "99", fills: [], state: .canceled),
            Row(timeInForce: .fillOrKill, price: "99", fills: [], state: .canceled),
        ])
    func matrix(_ row: Row) throws {
        var desk = Desk()
        try desk.quote(bid: "98", ask: "100", askSize: 30)
        let type: OrderType = row.price == nil ? .market : .limit
        let number = try desk.submit(.buy, 50, type, price: row.price, row.timeInForce)
        #expect(try desk.fills(number) == row.fills)
        #expect(try desk.state(number) == row.state)
    }

    @Test("A FOK order for exactly what is on offer fills")
    func fillOrKillFits() throws {
        var desk = Desk()
        try desk.quote(bid: "98", ask: "100", askSize: 30)
        #expect(try desk.fillsOf(.buy, 30, .limit, price: "100", .fillOrKill) == ["30@100"])
    }

    @Test("A stop takes neither IOC nor FOK", arguments: [TimeInForce.immediateOrCancel, .fillOrKill])
    func stopsWait(_ timeInForce: TimeInForce) throws {
        var desk = Desk()
        let error = refusal { try desk.submit(.buy, 1, .stop, trigger: "101", timeInForce) }
        #expect(error?.code == .unsupported)
        #expect(error?.field == "time_in_force")
    }

    @Test("A DAY order expires at the end of the day, GTC lives on, GTD ends at its own time")
    func expiry() throws {
        var settings = Settings()
        settings.dayEndNanoseconds = 10 * 3_600_000_000_000  // 10:00 UTC
        var desk = Desk(settings)
        try desk.quote(bid: "98", ask: "100")
        let day = try desk.submit(.buy, 1, .limit, price: "90")
        let forever = try desk.submit(.buy, 1, .limit, price: "90", .goodTillCancel)
        let soon = Timestamp(nanoseconds: desk.now.nanoseconds + 5_000_000_000)
        let dated = try desk.submit(.buy, 1, .limit, price: "90", .goodTillDate, validUntil: soon)
        #expect(desk.broker.nextWake == soon)
        desk.broker.advance(to: soon)
        #expect(try desk.state(dated) == .expired)
        #expect(try desk.state(day) == .open)
        let end = settings.dayEnd(after: desk.now)
        #expect(end.nanoseconds % 86_400_000_000_000 == settings.dayEndNanoseconds)
        desk.broker.advance(to: Timestamp(nanoseconds: end.nanoseconds - 1))
        #expect(try desk.state(day) == .open)
        desk.broker.advance(to: end)
        #expect(try desk.state(day) == .expired)
        #expect(try desk.state(forever) == .open)
        #expect(desk.broker.workingCount == 1)
    }

    @Test("An order that is due to expire is not filled by a price that comes later")
    func expiryBeforeFill() throws {
        var desk = Desk()
        try desk.quote(bid: "98", ask: "100")
        let day = try desk.submit(.buy, 1, .limit, price: "90")
        desk.advance(seconds: 100_000)
        try desk.quote(bid: "80", ask: "85")
        #expect(try desk.state(day) == .expired)
        #expect(try desk.fills(day) == [])
    }

    @Test("A GTD order whose end has passed is refused")
    func pastDate() throws {
        var desk = Desk()
        let now = desk.now
        let error = refusal { try desk.submit(.buy, 1, .limit, price: "90", .goodTillDate, validUntil: now) }
        #expect(error?.field == "valid_until")
    }

    @Test("The fill delay keeps an order from the market until its time")
    func fillDelay() throws {
        var settings = Settings()
        settings.fillDelayNanoseconds = 3_000_000_000
        var desk = Desk(settings)
        try desk.quote(bid: "98", ask: "100")
        let number = try desk.submit(.buy, 10)
        let due = Timestamp(nanoseconds: desk.now.nanoseconds + 3_000_000_000)
        #expect(try desk.fills(number) == [])
        #expect(desk.broker.nextWake == due)
        try desk.quote(bid: "98", ask: "101")
        #expect(try desk.fills(number) == [])
        desk.broker.advance(to: due)
        #expect(try desk.fills(number) == ["10@101"])
        let canceled = try desk.submit(.buy, 10)
        try desk.cancel(canceled)
        desk.advance(seconds: 10)
        desk.broker.advance(to: desk.now)
        #expect(try desk.state(canceled) == .canceled)
    }
}
