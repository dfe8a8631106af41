import AdapterKit
import AdapterTesting
import Exact
import Testing

@testable import Zerodha

@Suite("Modify and cancel")
struct ChangeTests {
    private static let fresh = ClientReference("a00000000000000002")

    private static func identity(_ variety: Variety, _ id: String = "5001", parent: String? = nil) -> OrderIdentity {
        OrderIdentity(
            account: 0, brokerOrderID: id, clientReference: ClientReference("a00000000000000001"),
            adapterState: KnownOrder.state(variety, parentOrderID: parent))
    }

    private static func modify(
        _ desk: Desk, _ variety: Variety, quantity: ExactDecimal? = nil, price: ExactDecimal? = 105
    ) throws -> Sent {
        desk.host.modify(
            identity(variety), lastKnown: Desk.order(orderClass: variety == .iceberg ? .iceberg : .regular),
            quantity: quantity, price: price, clientReference: try #require(fresh))
    }

    private static func leg(_ id: String, _ status: String, _ number: Int) -> String {
        """
        {"order_id":"\(id)","status":"\(status)","exchange":"NSE","tradingsymbol":"INFY","variety":"iceberg",
        "transaction_type":"BUY","order_type":"LIMIT","product":"CNC","validity":"DAY","price":100,"quantity":100,
        "filled_quantity":\(status == "COMPLETE" ? 100 : 0),"tag":"a00000000000000001",
        "meta":{"iceberg":{"leg":\(number),"legs":3,"leg_quantity":100,"total_quantity":300}}}
        """
    }

    @Test(
        "An answer that names no order accepts nothing: what became of the wish is unknown",
        arguments: ["null", "{}", "[]", "true", #"{"order_id":null}"#, #"{"order_id":""}"#])
    func namesNoOrder(data: String) throws {
        let desk = try Desk()
        let modified = try Self.modify(desk, .regular)
        desk.answer("PUT", "/orders/regular/5001", data)
        #expect(desk.host.completion(of: modified)?.outcome == .unknown)
        let cancelled = desk.host.cancel(Self.identity(.regular), lastKnown: Desk.order())
        desk.answer("DELETE", "/orders/regular/5001", data)
        #expect(desk.host.completion(of: cancelled)?.outcome == .unknown)
    }

    @Test("A modify of an iceberg whose first leg has filled reaches the leg that is live")
    func icebergModify() throws {
        let desk = try Desk()
        let sent = try Self.modify(desk, .iceberg)
        desk.refuse("PUT", "/orders/iceberg/5001", 400, "InputException")
        #expect(desk.request("GET", "/orders")?.tokens == [sent.token])
        desk.answer("GET", "/orders", "[\(Self.leg("5001", "COMPLETE", 1)),\(Self.leg("5002", "OPEN", 2))]")
        let again = try #require(desk.request("PUT", "/orders/iceberg/5002"))
        #expect(Desk.form(again) == ["price": "105"] && again.tokens == [sent.token])
        desk.answer("PUT", "/orders/iceberg/5002", #"{"order_id":"5002"}"#)
        let completion = try #require(desk.host.completion(of: sent))
        #expect(completion.outcome == .accepted && completion.identity?.brokerOrderID == "5001")
        #expect(desk.host.violations.isEmpty)
    }

    @Test("The total of an iceberg cannot be changed by one of its later legs, and that is said")
    func icebergQuantity() throws {
        let desk = try Desk()
        let sent = try Self.modify(desk, .iceberg, quantity: 200)
        desk.refuse("PUT", "/orders/iceberg/5001", 400, "InputException")
        desk.answer("GET", "/orders", "[\(Self.leg("5001", "COMPLETE", 1)),\(Self.leg("5002", "OPEN", 2))]")
        #expect(desk.host.requests.isEmpty)
        let completion = try #require(desk.host.completion(of: sent))
        #expect(completion.outcome == .rejected && completion.error?.field == "changes.quantity")
    }

    @Test(
        "A modify of an iceberg between two legs, or that its live leg refuses, is refused as the broker said; not as ended"
    )
    func icebergRefusals() throws {
        for (rows, code) in [
            ([Self.leg("5001", "COMPLETE", 1)], AdapterError.Code.invalid),
            ([Self.leg("5001", "OPEN", 1)], .invalid),
            ([Self.leg("5001", "CANCELLED", 1)], .alreadyFinal),
        ] {
            let desk = try Desk()
            let sent = try Self.modify(desk, .iceberg)
            desk.refuse("PUT", "/orders/iceberg/5001", 400, "InputException")
            desk.answer("GET", "/orders", "[\(rows.joined(separator: ","))]")
            let completion = try #require(desk.host.completion(of: sent))
            #expect(completion.outcome == .rejected && completion.error?.code == code)
        }
    }

    @Test("Nothing more is sent for a wish that the host has ended meanwhile")
    func over() throws {
        let desk = try Desk()
        let sent = desk.host.cancel(Self.identity(.iceberg), lastKnown: Desk.order())
        desk.refuse("DELETE", "/orders/iceberg/5001", 400, "InputException")
        let asked = try #require(desk.request("GET", "/orders"))
        desk.host.expire(sent)
        desk.host.answer(
            asked, headers: ["content-type": "application/json"],
            text: #"{"status":"success","data":[\#(Self.leg("5001", "COMPLETE", 1)),\#(Self.leg("5002", "OPEN", 2))]}"#)
        #expect(desk.request("DELETE", "/orders/iceberg/5002") == nil)
        #expect(desk.host.violations.isEmpty)
    }

    @Test("A cancel under a wrong name goes out once more under the one that the order's record has")
    func wrongName() throws {
        let desk = try Desk()
        let sent = desk.host.cancel(Self.identity(.regular), lastKnown: Desk.order())
        desk.refuse("DELETE", "/orders/regular/5001", 400, "InputException")
        desk.answer(
            "GET", "/orders/5001",
            #"[{"order_id":"5001","status":"TRIGGER PENDING","exchange":"NSE","tradingsymbol":"INFY","variety":"co","parent_order_id":"5000"}]"#
        )
        #expect(desk.request("DELETE", "/orders/co/5001")?.query == "parent_order_id=5000")
        desk.refuse("DELETE", "/orders/co/5001", 400, "InputException")
        desk.answer(
            "GET", "/orders/5001",
            #"[{"order_id":"5001","status":"TRIGGER PENDING","exchange":"NSE","tradingsymbol":"INFY","variety":"co","parent_order_id":"5000"}]"#
        )
        #expect(desk.host.completion(of: sent)?.outcome == .rejected)
    }

    @Test("The second try of an after-market modify counts against the broker's 25 as well")
    func counts() throws {
        let desk = try Desk()
        let record = Self.leg("5001", "OPEN", 1).replacing("iceberg", with: "amo")
        for _ in 0..<12 {
            let sent = try Self.modify(desk, .afterMarket)
            desk.refuse("PUT", "/orders/amo/5001", 400, "InputException")
            #expect(desk.request("GET", "/orders/5001")?.tokens == [sent.token])
            desk.answer("GET", "/orders/5001", "[\(record)]")
            desk.answer("PUT", "/orders/regular/5001", #"{"order_id":"5001"}"#)
            #expect(desk.host.completion(of: sent)?.outcome == .accepted)
        }
        let last = try Self.modify(desk, .regular)
        desk.answer("PUT", "/orders/regular/5001", #"{"order_id":"5001"}"#)
        #expect(desk.host.completion(of: last)?.outcome == .accepted)
        let over = try Self.modify(desk, .regular)
        #expect(desk.host.completion(of: over)?.outcome == .notSent)
    }
}

@Suite("Reading the books without a stream")
struct PollTests {
    private static let row =
        #"{"order_id":"1","status":"STATUS","exchange":"NSE","tradingsymbol":"INFY","variety":"regular","transaction_type":"BUY","order_type":"LIMIT","product":"CNC","validity":"DAY","price":100,"quantity":10,"filled_quantity":0,"tag":"a00000000000000001"}"#
    private static let other =
        #"[{"order_id":"7","status":"CANCELLED","exchange":"NSE","tradingsymbol":"SBIN","quantity":1,"filled_quantity":0}]"#

    private static func desk() throws -> Desk { try Desk(config: #"{"stream":false,"poll_seconds":1}"#) }

    /// Whether the books are asked for within a poll's time.
    private static func polls(_ desk: Desk) -> Bool {
        desk.host.advance(nanoseconds: 1_000_000_000)
        return desk.request("GET", "/orders") != nil
    }

    @Test(
        "An accepted order is looked for until the book has shown its end, or has had its time",
        arguments: ["[]", other])
    func accepted(book: String) throws {
        let desk = try Self.desk()
        desk.host.submit(Desk.order())
        desk.answer("POST", "/orders/regular", #"{"order_id":"1"}"#)
        for _ in 0..<3 {
            #expect(Self.polls(desk))
            desk.answer("GET", "/orders", book)
        }
        #expect(Self.polls(desk))
        desk.answer("GET", "/orders", "[\(Self.row.replacing("STATUS", with: "OPEN"))]")
        // Seen live and not seen to end: a book that lacks it does not end it.
        #expect(Self.polls(desk))
        desk.answer("GET", "/orders", book)
        desk.host.advance(nanoseconds: 60_000_000_000)
        #expect(desk.request("GET", "/orders") != nil)
        desk.answer("GET", "/orders", "[\(Self.row.replacing("STATUS", with: "CANCELLED"))]")
        #expect(!Self.polls(desk))
    }

    @Test("What the book never shows is not looked for for ever")
    func neverShown() throws {
        let desk = try Self.desk()
        desk.host.submit(Desk.order())
        desk.answer("POST", "/orders/regular", #"{"order_id":"1"}"#)
        desk.host.advance(nanoseconds: 46_000_000_000)
        desk.answer("GET", "/orders", "[]")
        #expect(!Self.polls(desk))
    }

    @Test("An order whose answer was lost is looked for")
    func unknown() throws {
        let desk = try Self.desk()
        desk.host.submit(Desk.order())
        desk.host.fail(try #require(desk.request("POST", "/orders/regular")), .sentNoReply)
        #expect(Self.polls(desk))
        desk.answer("GET", "/orders", "[]")
        #expect(Self.polls(desk))
    }

    @Test("Orders that are live at the login are followed from then on")
    func atLogin() throws {
        let host = try Desk(config: #"{"stream":false,"poll_seconds":1}"#, isBookAnswered: false)
        host.answer("GET", "/orders", "[\(Self.row.replacing("STATUS", with: "OPEN"))]")
        #expect(Self.polls(host))
    }
}
