import AdapterKit
import Exact
import Testing

@testable import Zerodha

@Suite("Several orders at the broker that are one of ours")
struct OrderBookTests {
    private func row(
        _ id: String, _ status: String, quantity: Int = 100, filled: Int = 0, tags: [String] = [],
        variety: String = "regular",
        meta: String = "{}", parent: String? = nil, price: Int = 100
    ) throws -> JSONValue {
        let tagList = tags.map { "\"\($0)\"" }.joined(separator: ",")
        return try JSONValue.parse(
            """
            {"order_id":"\(id)","status":"\(status)","exchange":"NSE","tradingsymbol":"INFY","variety":"\(variety)",
            "transaction_type":"BUY","order_type":"LIMIT","product":"CNC","validity":"DAY","price":\(price),"quantity":\(quantity),
            "filled_quantity":\(filled),"pending_quantity":\(quantity - filled),"tag":null,"tags":[\(tagList)],"meta":\(meta),
            "parent_order_id":\(parent.map { "\"\($0)\"" } ?? "null")}
            """)
    }

    private func book(_ rows: JSONValue...) throws -> OrderBook { try #require(OrderBook(.array(rows))) }

    private func update(_ order: WholeOrder) -> OrderUpdate {
        order.update(account: 0, instrument: StoredInstrument(id: "NSE:EQ:INFY", lotSize: 1), withOrder: true)
    }

    private static func leg(_ leg: Int) -> String {
        #"{"iceberg":{"leg":\#(leg),"legs":3,"leg_quantity":100,"total_quantity":300,"remaining_quantity":0}}"#
    }

    @Test("An iceberg whose first leg is filled is not filled: its next leg has not appeared yet")
    func icebergBetweenLegs() throws {
        let book = try book(
            row("1", "COMPLETE", filled: 100, tags: ["r1"], variety: "iceberg", meta: Self.leg(1)))
        let update = update(try #require(book.whole().first))
        #expect(update.state == .partiallyFilled)
        #expect(update.cumulativeQuantity == 100)
        #expect(update.leavesQuantity == 200)
        #expect(update.order?.quantity == 300)
    }

    @Test("Legs of an iceberg add up to one order under the id of the first, and to its end")
    func icebergLegs() throws {
        let all = try book(
            row("3", "COMPLETE", filled: 100, tags: ["r1"], variety: "iceberg", meta: Self.leg(3)),
            row("1", "COMPLETE", filled: 100, tags: ["r1"], variety: "iceberg", meta: Self.leg(1)),
            row("2", "COMPLETE", filled: 100, tags: ["r1"], variety: "iceberg", meta: Self.leg(2)))
        let whole = all.whole()
        #expect(whole.count == 1)
        let update = update(try #require(whole.first))
        #expect(update.identity.brokerOrderID == "1")
        #expect(update.state == .filled)
        #expect(update.cumulativeQuantity == 300)

        let cancelled = try book(
            row("1", "COMPLETE", filled: 100, tags: ["r1"], variety: "iceberg", meta: Self.leg(1)),
            row("2", "CANCELLED", filled: 40, tags: ["r1"], variety: "iceberg", meta: Self.leg(2)))
        let ended = self.update(try #require(cancelled.whole().first))
        #expect(ended.state == .canceled)
        #expect(ended.cumulativeQuantity == 140)
        #expect(ended.leavesQuantity == 0)
    }

    @Test("Slices that the broker made are one order, live while one of them is")
    func slices() throws {
        let book = try book(
            row("10", "COMPLETE", filled: 100, tags: ["r2"]),
            row("11", "OPEN", filled: 30, tags: ["r2", "autoslice", "autoslice:10"]),
            row("12", "REJECTED", tags: ["autoslice", "autoslice:10"]))
        let whole = try #require(book.whole().first)
        #expect(book.whole().count == 1)
        let update = update(whole)
        #expect(update.state == .partiallyFilled)
        #expect(update.cumulativeQuantity == 130)
        #expect(whole.live.map(\.orderID) == ["11"])
        #expect(update.identity.brokerOrderID == "10" && update.identity.clientReference == ClientReference("r2"))
        #expect(update.identity.adapterState == KnownOrder.state(.regular, isSeveral: true))
        for id in ["10", "11", "12"] { #expect(book.whole(orderID: id, reference: nil)?.parts.count == 3) }
        #expect(book.whole(orderID: nil, reference: ClientReference("r2"))?.parts.count == 3)
    }

    @Test("Slices whose first is not in the book are named by it all the same, and are nobody's foreign orders")
    func slicesWithoutTheFirst() throws {
        let book = try book(
            row("11", "OPEN", filled: 30, tags: ["autoslice", "autoslice:10"]),
            row("12", "OPEN", tags: ["autoslice", "autoslice:10"]))
        let update = update(try #require(book.whole().first))
        #expect(book.whole().count == 1)
        #expect(update.identity.brokerOrderID == "10")
        #expect(update.order?.quantity == 200)
    }

    @Test("An iceberg shows the price of the leg that is live, which is the one that a modify changes")
    func icebergPrice() throws {
        let book = try book(
            row("1", "COMPLETE", filled: 100, tags: ["r1"], variety: "iceberg", meta: Self.leg(1)),
            row("2", "OPEN", tags: ["r1"], variety: "iceberg", meta: Self.leg(2), price: 105))
        #expect(update(try #require(book.whole().first)).order?.price == 105)
    }

    @Test("Orders of somebody else that share a tag stay orders of their own")
    func foreignTags() throws {
        let book = try book(
            row("20", "COMPLETE", filled: 100, tags: ["mine"]), row("21", "OPEN", tags: ["mine"]))
        #expect(book.whole().count == 2)
        #expect(book.whole(orderID: "21", reference: nil)?.parts.map(\.orderID) == ["21"])
    }

    @Test("The stop of a cover order is no part of its entry, whatever tag it carries")
    func coverStop() throws {
        let book = try book(
            row("30", "COMPLETE", filled: 100, tags: ["r3"], variety: "co"),
            row("31", "TRIGGER PENDING", tags: ["r3"], variety: "co", parent: "30"))
        #expect(book.whole(orderID: nil, reference: ClientReference("r3"))?.parts.map(\.orderID) == ["30"])
        let stop = try #require(book.whole().first { $0.first.orderID == "31" })
        #expect(update(stop).identity.clientReference == nil)
        #expect(update(stop).identity.adapterState == KnownOrder.state(.cover, parentOrderID: "30"))
    }

    @Test(
        "An after-market order is cancelled as regular once it is at the exchange",
        arguments: [("AMO REQ RECEIVED", Variety.afterMarket), ("OPEN", .regular), ("TRIGGER PENDING", .regular)])
    func afterMarket(status: String, variety: Variety) throws {
        let book = try book(row("40", status, tags: ["r4"], variety: "amo"))
        #expect(update(book.whole()[0]).identity.adapterState == KnownOrder.state(variety))
    }

    @Test("A row that names no order is counted: the book is then not taken for whole")
    func unreadable() throws {
        let book = try #require(OrderBook(.array([try row("50", "OPEN"), .object(JSONObject())])))
        #expect(book.records.count == 1)
        #expect(book.unreadable == 1)
    }

    @Test(
        "A setting that cannot be is refused by its name",
        arguments: [
            (#"{"market_protection":0}"#, "market_protection"), (#"{"market_protection":"101"}"#, "market_protection"),
            (#"{"login_url":"ftp://x"}"#, "login_url"), (#"{"poll_seconds":0}"#, "poll_seconds"),
            (#"{"stream":"yes"}"#, "stream"), (#"{"colour":1}"#, "colour"),
        ])
    func settings(config: String, name: String) throws {
        let value = try JSONValue.parse(config)
        let failure = #expect(throws: AdapterFailure.self) { try KiteSettings(value) }
        #expect(failure.map { "\($0)".contains("config.\(name)") } == true)
    }
}
