import AdapterKit
import AdapterTesting
import Exact
import Testing

@testable import Zerodha

/// An order of 38 that the broker cuts into 18, 18 and 2.
@Suite("Orders that the broker slices")
struct SlicesTests {
    private static let reference = ClientReference("a00000000000000001")

    /// A row of the book. The first slice carries our tag and no mark of slicing, the others what FACTS.md promises.
    private static func row(
        _ id: String, _ status: String, _ quantity: Int, filled: Int? = nil, isTagged: Bool = false,
        variety: String = "regular"
    ) -> String {
        let filled = filled ?? (status == "COMPLETE" ? quantity : 0)
        let own = id == "9500" || isTagged ? [#""a00000000000000001""#] : []
        let marks = id == "9500" ? [] : [#""autoslice""#, #""autoslice:9500""#]
        return """
            {"order_id":"\(id)","status":"\(status)","exchange":"NSE","tradingsymbol":"INFY","variety":"\(variety)",
            "transaction_type":"BUY","order_type":"LIMIT","product":"CNC","validity":"DAY","price":100,
            "quantity":\(quantity),"filled_quantity":\(filled),"pending_quantity":\(quantity - filled),
            "tag":\(own.first ?? "null"),"tags":[\((own + marks).joined(separator: ","))],"meta":{}}
            """
    }

    private static func book(_ rows: String...) -> String { "[\(rows.joined(separator: ","))]" }

    /// A session without a stream whose order of 38 was cut.
    private static func desk(
        _ answer: String = #"{"order_id":"9500","children":[{"order_id":"9501"},{"order_id":"9502"}]}"#,
        flags: OrderFlags = []
    ) throws -> Desk {
        let desk = try Desk(config: #"{"stream":false,"poll_seconds":1}"#)
        desk.host.submit(Desk.order(quantity: 38, flags: flags, options: #"{"autoslice":true}"#))
        desk.answer("POST", flags.contains(.afterMarket) ? "/orders/amo" : "/orders/regular", answer)
        return desk
    }

    /// Reads the books as they are now; the last that was told of the order.
    private static func poll(_ desk: Desk, _ rows: String, trades: String = "[]") -> OrderUpdate? {
        desk.host.advance(nanoseconds: 1_000_000_000)
        desk.answer("GET", "/orders", rows)
        if desk.request("GET", "/trades") != nil { desk.answer("GET", "/trades", trades) }
        return desk.host.orderUpdates.last
    }

    @Test("It has ended when every slice has, whether or not slices carry our tag", arguments: [true, false])
    func ends(isTagged: Bool) throws {
        let desk = try Self.desk()
        let first = Self.row("9500", "COMPLETE", 18)
        func slices(_ status: String, _ last: String) -> [String] {
            [
                first, Self.row("9501", status, 18, isTagged: isTagged), Self.row("9502", last, 2, isTagged: isTagged),
            ]
        }
        var told = try #require(
            Self.poll(desk, "[\(slices("OPEN", "OPEN").joined(separator: ","))]"))
        #expect(told.state == .partiallyFilled && told.cumulativeQuantity == 18 && told.leavesQuantity == 20)
        #expect(told.identity.brokerOrderID == "9500" && told.identity.clientReference == Self.reference)
        #expect(told.identity.adapterState == KnownOrder.state(.regular, isSeveral: true))
        told = try #require(Self.poll(desk, "[\(slices("COMPLETE", "CANCELLED").joined(separator: ","))]"))
        #expect(told.state == .canceled && told.cumulativeQuantity == 36 && told.leavesQuantity == 0)
        #expect(desk.host.orderUpdates.allSatisfy { $0.identity.brokerOrderID == "9500" })
    }

    @Test("A slice that the book does not show yet keeps the order open, until the book has had its time")
    func hidden() throws {
        let desk = try Self.desk()
        var told = try #require(Self.poll(desk, Self.book(Self.row("9500", "COMPLETE", 18))))
        #expect(told.state == .partiallyFilled && told.cumulativeQuantity == 18)
        let two = Self.book(Self.row("9500", "COMPLETE", 18), Self.row("9501", "COMPLETE", 18))
        told = try #require(Self.poll(desk, two))
        #expect(told.state == .partiallyFilled && told.leavesQuantity == 2)
        desk.host.advance(nanoseconds: 45_000_000_000)
        told = try #require(Self.poll(desk, two))
        #expect(told.state == .canceled && told.cumulativeQuantity == 36)
    }

    @Test("Slices that the broker refused are not waited for, those of which it does not know are")
    func refused() throws {
        let error = { (code: Int, kind: String) in
            #"{"order_id":"9500","children":[{"order_id":"9501"},{"error":{"code":\#(code),"error_type":"\#(kind)","message":"no"}}]}"#
        }
        let two = Self.book(Self.row("9500", "COMPLETE", 18), Self.row("9501", "COMPLETE", 18))
        let refused = try Self.desk(error(400, "MarginException"))
        #expect(Self.poll(refused, two)?.state == .canceled)
        let unknown = try Self.desk(error(503, "NetworkException"))
        #expect(Self.poll(unknown, two)?.state == .partiallyFilled)
    }

    @Test("News of one slice alone tell nothing of the order, and the books are read", arguments: ["9500", "9501"])
    func news(id: String) throws {
        let desk = try Desk()
        let stream = try #require(desk.host.streams.last)
        desk.host.stream(stream.id, is: .open)
        desk.answer("GET", "/orders", "[]")
        desk.host.submit(Desk.order(quantity: 38, options: #"{"autoslice":true}"#))
        // The answer is on its way when the stream speaks.
        desk.host.receive(stream.id, text: #"{"type":"order","data":\#(Self.row(id, "COMPLETE", 18))}"#)
        #expect(desk.host.orderUpdates.isEmpty)
        desk.answer(
            "POST", "/orders/regular", #"{"order_id":"9500","children":[{"order_id":"9501"},{"order_id":"9502"}]}"#)
        desk.host.receive(stream.id, text: #"{"type":"order","data":\#(Self.row(id, "COMPLETE", 18))}"#)
        #expect(desk.host.orderUpdates.isEmpty)
        desk.host.advance(nanoseconds: 250_000_000)
        #expect(desk.request("GET", "/orders") != nil)
    }

    @Test("After a lost answer the book says what was cut, and one slice alone is not the order")
    func lostAnswer() throws {
        let desk = try Desk(config: #"{"stream":false,"poll_seconds":1}"#)
        let sent = desk.host.submit(Desk.order(quantity: 38, options: #"{"autoslice":true}"#))
        desk.host.fail(try #require(desk.request("POST", "/orders/regular")), .sentNoReply)
        #expect(desk.host.completion(of: sent)?.outcome == .unknown)
        var told = try #require(Self.poll(desk, Self.book(Self.row("9500", "COMPLETE", 18))))
        #expect(told.state == .partiallyFilled && told.leavesQuantity == 20)
        told = try #require(
            Self.poll(
                desk,
                Self.book(
                    Self.row("9500", "COMPLETE", 18), Self.row("9501", "COMPLETE", 18), Self.row("9502", "COMPLETE", 2))
            ))
        #expect(told.state == .filled && told.cumulativeQuantity == 38)
        #expect(told.identity.brokerOrderID == "9500" && told.identity.clientReference == Self.reference)
    }

    @Test("A book that is read before the answer arrives takes nothing from it")
    func bookBeforeAnswer() throws {
        let desk = try Desk(config: #"{"stream":false,"poll_seconds":1}"#, isBookAnswered: false)
        desk.host.submit(Desk.order(quantity: 38, options: #"{"autoslice":true}"#))
        desk.answer("GET", "/orders", Self.book(Self.row("9500", "COMPLETE", 18)))
        #expect(desk.host.orderUpdates.last?.state == .partiallyFilled)
        desk.answer("GET", "/trades", "[]")
        desk.answer(
            "POST", "/orders/regular",
            #"{"order_id":"9500","children":[{"order_id":"9501"},{"error":{"code":400,"error_type":"MarginException"}}]}"#
        )
        let told = try #require(
            Self.poll(desk, Self.book(Self.row("9500", "COMPLETE", 18), Self.row("9501", "OPEN", 18))))
        #expect(told.state == .partiallyFilled && told.leavesQuantity == 20)
    }

    @Test("After a lost answer an order that was not cut is one order, whatever becomes of its quantity")
    func lostAnswerOfOne() throws {
        let desk = try Desk(config: #"{"stream":false,"poll_seconds":1}"#)
        desk.host.submit(Desk.order(quantity: 38, options: #"{"autoslice":true}"#))
        desk.host.fail(try #require(desk.request("POST", "/orders/regular")), .sentNoReply)
        #expect(Self.poll(desk, Self.book(Self.row("9500", "OPEN", 38)))?.state == .open)
        let told = try #require(Self.poll(desk, Self.book(Self.row("9500", "COMPLETE", 20))))
        #expect(told.state == .filled && told.identity.adapterState == KnownOrder.state(.regular))
    }

    @Test("Executions of every slice belong to the order")
    func executions() throws {
        let desk = try Self.desk()
        let trades = ["9500", "9501"].map {
            #"{"trade_id":"t\#($0)","order_id":"\#($0)","exchange":"NSE","tradingsymbol":"INFY","product":"CNC","transaction_type":"BUY","quantity":18,"average_price":100,"fill_timestamp":"2026-12-30 10:00:00"}"#
        }
        _ = Self.poll(
            desk,
            Self.book(Self.row("9500", "COMPLETE", 18), Self.row("9501", "COMPLETE", 18), Self.row("9502", "OPEN", 2)),
            trades: "[\(trades.joined(separator: ","))]")
        #expect(desk.host.tradeUpdates.count == 2)
        for trade in desk.host.tradeUpdates {
            #expect(trade.identity.clientReference == Self.reference && trade.identity.brokerOrderID == "9500")
        }
    }

    @Test("A list of the orders has it once, under its first slice")
    func list() throws {
        let desk = try Self.desk()
        let sent = desk.host.query(.orders)
        desk.answer(
            "GET", "/orders",
            Self.book(Self.row("9500", "COMPLETE", 18), Self.row("9501", "OPEN", 18), Self.row("9502", "OPEN", 2)))
        let rows = try #require(desk.host.rows[sent.token]?.orders)
        #expect(rows.map(\.identity.brokerOrderID) == ["9500"])
        #expect(rows[0].order?.quantity == 38)
        #expect(rows[0].order?.clientReference == Self.reference)
    }

    @Test("A cancel reaches every live slice, also those that the book does not show yet, and names its command")
    func cancels() throws {
        let desk = try Self.desk()
        // What the host kept may be from before the broker said that it is several.
        let sent = desk.host.cancel(
            OrderIdentity(
                account: 0, brokerOrderID: "9500", clientReference: Self.reference,
                adapterState: KnownOrder.state(.regular)), lastKnown: Desk.order(quantity: 38))
        #expect(desk.request("GET", "/orders")?.tokens == [sent.token])
        desk.answer("GET", "/orders", Self.book(Self.row("9500", "COMPLETE", 18), Self.row("9501", "OPEN", 18)))
        let deletes = desk.host.requests.filter { $0.method == "DELETE" }
        #expect(deletes.map(\.path).sorted() == ["/orders/regular/9501", "/orders/regular/9502"])
        #expect(deletes.allSatisfy { $0.tokens == [sent.token] && $0.isUrgent })
        desk.answer("DELETE", "/orders/regular/9501", #"{"order_id":"9501"}"#)
        #expect(desk.host.completion(of: sent) == nil)
        desk.answer("DELETE", "/orders/regular/9502", #"{"order_id":"9502"}"#)
        #expect(desk.host.completion(of: sent)?.outcome == .accepted)
        #expect(desk.host.violations.isEmpty)
    }

    @Test("Slices of an after-market order are cancelled under the name that holds, once more where it has changed")
    func afterMarket() throws {
        let desk = try Self.desk(flags: .afterMarket)
        let sent = desk.host.cancel(
            OrderIdentity(
                account: 0, brokerOrderID: "9500", clientReference: Self.reference,
                adapterState: KnownOrder.state(.afterMarket, isSeveral: true)), lastKnown: Desk.order(quantity: 38))
        desk.answer(
            "GET", "/orders",
            Self.book(
                Self.row("9500", "COMPLETE", 18, variety: "amo"), Self.row("9501", "OPEN", 18, variety: "amo"),
                Self.row("9502", "AMO REQ RECEIVED", 2, variety: "amo")))
        desk.answer("DELETE", "/orders/regular/9501", #"{"order_id":"9501"}"#)
        desk.refuse("DELETE", "/orders/amo/9502", 400, "InputException")
        desk.answer("DELETE", "/orders/regular/9502", #"{"order_id":"9502"}"#)
        #expect(desk.host.completion(of: sent)?.outcome == .accepted)
    }

    @Test("It cannot be modified, whatever the host kept of it")
    func modify() throws {
        let desk = try Self.desk()
        let sent = desk.host.modify(
            OrderIdentity(account: 0, brokerOrderID: "9500", adapterState: KnownOrder.state(.regular)),
            lastKnown: Desk.order(quantity: 38), price: 99,
            clientReference: try #require(ClientReference("a00000000000000002")))
        #expect(desk.host.completion(of: sent)?.outcome == .notSent)
    }

    @Test("An order that the broker did not have to cut is told like any other")
    func uncut() throws {
        let desk = try Self.desk(#"{"order_id":"9500"}"#)
        let told = try #require(Self.poll(desk, Self.book(Self.row("9500", "COMPLETE", 38))))
        #expect(told.state == .filled && told.identity.adapterState == KnownOrder.state(.regular))
    }

    @Test("The memory is bounded, and what it forgot the tags tell again")
    func bounded() throws {
        var slices = Slices()
        let now = Timestamp(nanoseconds: 1)
        for number in 0..<Slices.most {
            slices.wasTaken(
                ["\(number)", "\(number)a"], .absent, isSeveral: true, isOpen: false, hiddenUntil: now)
        }
        #expect(slices.family(of: "0") == nil && slices.family(of: "\(Slices.most - 1)a") != nil)
        slices.learn([try #require(OrderRecord(JSONValue.parse(Self.row("9501", "OPEN", 18))))])
        #expect(slices.family(of: "9500")?.ids == ["9500", "9501"])
    }
}
