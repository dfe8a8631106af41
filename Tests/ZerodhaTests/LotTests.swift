import AdapterKit
import AdapterTesting
import Exact
import Testing

@testable import Zerodha

@Suite("Rows that cannot be understood, and lots that the list does not tell")
struct LotTests {
    private static let crude = "MCX:CRUDEOIL26DECFUT"
    private static let positions =
        #"{"net":[{"tradingsymbol":"CRUDEOIL26DECFUT","exchange":"MCX","product":"NRML","quantity":1,"multiplier":100,"average_price":5600}],"day":[]}"#

    private static func trade(_ id: String, _ exchange: String, _ symbol: String, quantity: Int = 2) -> String {
        #"{"trade_id":"\#(id)","order_id":"o\#(id)","exchange":"\#(exchange)","tradingsymbol":"\#(symbol)","product":"NRML","transaction_type":"BUY","quantity":\#(quantity),"average_price":100,"fill_timestamp":"2026-12-30 10:00:00"}"#
    }

    private static func order(_ id: String, _ exchange: String, _ symbol: String, _ status: String = "OPEN") -> String {
        #"{"order_id":"\#(id)","status":"\#(status)","exchange":"\#(exchange)","tradingsymbol":"\#(symbol)","variety":"regular","transaction_type":"BUY","order_type":"LIMIT","product":"NRML","validity":"DAY","price":100,"quantity":2,"filled_quantity":1,"pending_quantity":1}"#
    }

    /// A host that knows the instruments and, as from the broker's list, no lot of MCX.
    private static func desk(_ config: String = "{}") throws -> Desk {
        let desk = try Desk(config: config)
        desk.host.knowsEveryAlias = false
        desk.host.instruments = [
            crude: StoredInstrument(id: "MCX:FUT:CRUDEOIL-20261218", alias: crude),
            "MCX:GOLD26DECFUT": StoredInstrument(id: "MCX:FUT:GOLD-20261218", alias: "MCX:GOLD26DECFUT"),
        ]
        return desk
    }

    private static let mixed =
        "[\(trade("1", "MCX", "CRUDEOIL26DECFUT")),\(trade("2", "NSE", "INFY")),\(trade("3", "MCX", "GOLD26DECFUT")),"
        + #"{"trade_id":"4"},7]"#

    @Test("A list of executions tells what can be read; lots come from positions, and each other row is logged once")
    func trades() throws {
        let desk = try Self.desk()
        for _ in 0..<2 {
            let sent = desk.host.query(.trades)
            desk.answer("GET", "/trades", Self.mixed)
            desk.answer("GET", "/orders", "[]")
            // Asked for once a minute, whatever they tell.
            if desk.request("GET", "/portfolio/positions") != nil {
                desk.answer("GET", "/portfolio/positions", Self.positions)
            }
            #expect(desk.host.completion(of: sent)?.outcome == .ok)
            let rows = try #require(desk.host.rows[sent.token]?.trades)
            #expect(rows.map(\.quantity) == [200, 2])
            #expect(rows.map(\.identity.brokerOrderID) == ["o1", "o2"])
        }
        #expect(desk.host.everyRequest.count { $0.path == "/portfolio/positions" } == 1)
        #expect(desk.host.log.count { $0.level == .error } == 3)
        desk.host.advance(nanoseconds: 61_000_000_000)
        _ = desk.host.query(.trades)
        desk.answer("GET", "/trades", Self.mixed)
        desk.answer("GET", "/orders", "[]")
        #expect(desk.request("GET", "/portfolio/positions") != nil)
    }

    @Test("A list of orders counts lots by the position's multiplier, and one order of an unknown exchange hides none")
    func orders() throws {
        let desk = try Self.desk()
        let sent = desk.host.query(.orders)
        desk.answer(
            "GET", "/orders",
            "[\(Self.order("1", "MCX", "CRUDEOIL26DECFUT")),\(Self.order("2", "NSEIX", "GIFT")),\(Self.order("3", "NSE", "INFY")),{}]"
        )
        #expect(desk.request("GET", "/portfolio/positions")?.tokens == [sent.token])
        desk.answer("GET", "/portfolio/positions", Self.positions)
        #expect(desk.host.completion(of: sent)?.outcome == .ok)
        let rows = try #require(desk.host.rows[sent.token]?.orders)
        #expect(rows.map(\.identity.brokerOrderID) == ["1", "3"])
        #expect(rows[0].cumulativeQuantity == 100 && rows[0].order?.quantity == 200)
        #expect(desk.host.violations.isEmpty)
    }

    @Test("What is ours is told by its id and state, though its row names no instrument that is known")
    func ours() throws {
        let desk = try Self.desk()
        let sent = desk.host.query(.orders)
        let tag = #""tag":"a00000000000000001""#
        desk.answer(
            "GET", "/orders",
            #"[{"order_id":"1","status":"CANCELLED",\#(tag)},{"order_id":"2",\#(tag),"exchange":"NSEIX"}]"#)
        let rows = try #require(desk.host.rows[sent.token]?.orders)
        #expect(rows.map(\.state) == [.canceled, .other])
        #expect(rows.allSatisfy { $0.order == nil && $0.cumulativeQuantity == nil && $0.rawState == nil })
        #expect(desk.host.violations.isEmpty)
    }

    @Test("Positions of an exchange that nobody here knows hide none of the others")
    func positionsElsewhere() throws {
        let desk = try Self.desk()
        let sent = desk.host.query(.positions)
        desk.answer(
            "GET", "/portfolio/positions",
            #"{"net":[{"tradingsymbol":"GIFT","exchange":"NSEIX","product":"NRML","quantity":5},{"tradingsymbol":"INFY","exchange":"NSE","product":"NEW","quantity":0},{"tradingsymbol":"INFY","exchange":"NSE","product":"CNC","quantity":3}]}"#
        )
        #expect(desk.host.completion(of: sent)?.outcome == .ok)
        #expect(desk.host.rows[sent.token]?.positions.map(\.quantity) == [3])
    }

    @Test("An execution that cannot be read does not keep the books being read when all has ended")
    func polls() throws {
        let desk = try Self.desk(#"{"stream":false,"poll_seconds":1}"#)
        desk.host.submit(Desk.order())
        desk.answer("POST", "/orders/regular", #"{"order_id":"1"}"#)
        desk.host.advance(nanoseconds: 46_000_000_000)
        desk.answer("GET", "/orders", "[\(Self.order("9", "MCX", "GOLD26DECFUT", "CANCELLED"))]")
        desk.answer("GET", "/portfolio/positions", Self.positions)
        desk.answer("GET", "/trades", "[\(Self.trade("9", "MCX", "GOLD26DECFUT"))]")
        desk.host.advance(nanoseconds: 5_000_000_000)
        #expect(desk.host.requests.isEmpty)
    }

    @Test("A look-up is open where one of its own executions cannot be read, and is not by those of others")
    func lookUps() throws {
        for (row, outcome) in [
            (Self.trade("7", "NSE", "INFY").replacing("o7", with: "7"), Outcome.found),
            (#"{"trade_id":"7","order_id":"7"}"#, .indeterminate), (#"{"trade_id":"8","order_id":"8"}"#, .found),
        ] {
            let desk = try Self.desk()
            let sent = desk.host.reconcile([(identity: OrderIdentity(account: 0, brokerOrderID: "7"), written: nil)])
            desk.answer("GET", "/orders", "[\(Self.order("7", "NSE", "INFY"))]")
            desk.answer("GET", "/trades", "[\(row),{}]")
            #expect(desk.host.completion(of: try #require(sent.first))?.outcome == outcome, "\(row)")
        }
    }

    @Test("A segment that the broker does not tell is none, and an account without any has nothing")
    func funds() throws {
        let equity = #""equity":{"enabled":true,"net":10,"available":{"cash":10},"utilised":{"debits":0}}"#
        let off = #"{"enabled":false,"net":0,"available":{"cash":0},"utilised":{"debits":0}}"#
        for (body, available) in [
            (#"{\#(equity),"commodity":null}"#, 10), (#"{"equity":\#(off),"commodity":\#(off)}"#, 0),
        ] as [(String, ExactDecimal)] {
            let rows = Portfolio.funds(try JSONValue.parse(body), account: 0, now: Timestamp(nanoseconds: 1))
            #expect(rows.map(\.available) == [available], "\(body)")
        }
        for body in ["{}", #"{"equity":null,"commodity":null}"#, #"{"equity":{}}"#] {
            #expect(Portfolio.funds(try JSONValue.parse(body), account: 0, now: Timestamp(nanoseconds: 1)).isEmpty)
        }
    }
}
