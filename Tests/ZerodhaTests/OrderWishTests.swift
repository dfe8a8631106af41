import AdapterKit
import AdapterTesting
import Exact
import Testing

@testable import Zerodha

@Suite("What is sent for an order, and what is refused before anything is sent")
struct OrderWishTests {
    @Test(
        "An order whose fields do not hold together is refused by the name of the field, and nothing leaves",
        arguments: [
            ("price", Desk.order(.limit, price: nil)),
            ("price", Desk.order(.stopLimit, price: nil, trigger: 99)),
            ("price", Desk.order(.market)),
            ("trigger_price", Desk.order(.stop, price: nil)),
            ("trigger_price", Desk.order(.limit, trigger: 99)),
            ("trigger_price", Desk.order(.limit, product: .intraday, orderClass: .cover)),
            (
                "price",
                Desk.order(price: ExactDecimal("100.03"), instrument: Desk.instrument(tick: ExactDecimal("0.05")))
            ),
            (
                "trigger_price",
                Desk.order(
                    .stop, price: nil, trigger: ExactDecimal("100.03"),
                    instrument: Desk.instrument(tick: ExactDecimal("0.05")))
            ),
            ("quantity", Desk.order(quantity: 70, instrument: Desk.instrument("NFO:NIFTY26DECFUT", lot: 65))),
            ("quantity", Desk.order(quantity: ExactDecimal("1.5") ?? 0)),
            ("disclosed_quantity", Desk.order(instrument: Desk.instrument("NFO:NIFTY26DECFUT"), disclosed: 1)),
            ("instrument.lot_size", Desk.order(instrument: Desk.instrument("MCX:CRUDEOIL26DECFUT", lot: nil))),
            ("time_in_force", Desk.order(timeInForce: .goodTillCancel)),
            ("time_in_force", Desk.order(timeInForce: .fillOrKill)),
            ("time_in_force", Desk.order(timeInForce: .goodTillDate)),
            ("order_class", Desk.order(orderClass: .bracket)),
            ("order_class", Desk.order(orderClass: .iceberg, flags: .afterMarket)),
            ("product", Desk.order(product: .cash)),
            ("flags", Desk.order(flags: .postOnly)),
            ("flags", Desk.order(flags: .reduceOnly)),
            ("options", Desk.order(orderClass: .iceberg)),
            ("options", Desk.order(options: #"{"iceberg_legs":5}"#)),
            // 5 legs of 20 are not 34, and 10 of 20 not 100.
            (
                "options",
                Desk.order(
                    quantity: 34, orderClass: .iceberg, options: #"{"iceberg_legs":5,"iceberg_quantity":20}"#)
            ),
            (
                "options",
                Desk.order(
                    quantity: 100, orderClass: .iceberg, options: #"{"iceberg_legs":10,"iceberg_quantity":20}"#)
            ),
            ("options", Desk.order(options: #"{"market_protection":2}"#)),
            ("options", Desk.order(options: #"{"validity_minutes":2}"#)),
            ("options", Desk.order(options: #"{"something":2}"#)),
        ])
    func refused(field: String, order: StoredOrder) throws {
        let desk = try Desk()
        let mark = desk.host.everyRequest.count
        let sent = desk.host.submit(order)
        let completion = try #require(desk.host.completion(of: sent))
        #expect(completion.outcome == .notSent)
        #expect(completion.error?.field == field, "\(completion.error?.text ?? "")")
        #expect(desk.host.everyRequest.count == mark)
        #expect(desk.host.violations.isEmpty)
    }

    @Test(
        "The legs of an iceberg make its quantity, to within what a division leaves over",
        arguments: [
            (100, "NSE:INFY", 1, 5, "20"), (100, "NSE:INFY", 1, 3, "33"), (100, "NSE:INFY", 1, 3, "34"),
            (650, "NFO:NIFTY26DECFUT", 65, 3, "195"), (650, "NFO:NIFTY26DECFUT", 65, 3, "260"),
            (1_000, "MCX:CRUDEOIL26DECFUT", 100, 5, "200"),
        ] as [(Int64, String, Int64, Int, String)])
    func legs(quantity: Int64, alias: String, lot: Int64, legs: Int, each: String) throws {
        let desk = try Desk()
        desk.host.submit(
            Desk.order(
                quantity: ExactDecimal(quantity), instrument: Desk.instrument(alias, lot: ExactDecimal(lot)),
                orderClass: .iceberg,
                options: #"{"iceberg_legs":\#(legs),"iceberg_quantity":"\#(each)"}"#))
        #expect(desk.request("POST", "/orders/iceberg") != nil)
    }

    @Test("A modify may be of options alone")
    func optionsAlone() throws {
        for (options, field, value) in [
            (#"{"validity_minutes":10}"#, "validity_ttl", "10"),
            (#"{"market_protection":2.5}"#, "market_protection", "2.5"),
        ] {
            let desk = try Desk()
            desk.host.modify(
                OrderIdentity(account: 0, brokerOrderID: "1", adapterState: KnownOrder.state(.regular)),
                lastKnown: Desk.order(), options: options,
                clientReference: try #require(ClientReference("a00000000000000002")))
            let request = try #require(desk.request("PUT", "/orders/regular/1"))
            #expect(Desk.form(request) == [field: value])
        }
    }

    @Test(
        "A market order says how far its price may move: what it asks for, else what the account's config says",
        arguments: [(nil, "-1"), ("\"AUTO\"", "-1"), ("-1", "-1"), ("2.5", "2.5"), ("0", "0"), ("100", "100")])
    func protection(wish: String?, sent: String) throws {
        let desk = try Desk()
        desk.host.submit(
            Desk.order(.market, price: nil, options: wish.map { "{\"market_protection\":\($0)}" }))
        let request = try #require(desk.request("POST", "/orders/regular"))
        #expect(Desk.form(request)["market_protection"] == sent)
    }

    @Test("New orders alone count against the day: cancels and modifies never use it up")
    func costs() throws {
        let desk = try Desk()
        desk.host.submit(Desk.order())
        #expect(try #require(desk.request("POST", "/orders/regular")).costs.map(\.bucket) == ["placements"])
        let known = OrderIdentity(account: 0, brokerOrderID: "1")
        desk.host.cancel(known, lastKnown: Desk.order())
        #expect(try #require(desk.request("DELETE", "/orders/regular/1")).costs.isEmpty)
    }

    // MARK: Modify

    private func modify(
        _ desk: Desk, _ order: StoredOrder = Desk.order(), price: ExactDecimal? = nil, disclosed: ExactDecimal? = nil,
        type: OrderType? = nil, timeInForce: TimeInForce? = nil, options: String? = nil
    ) throws -> Sent {
        desk.host.modify(
            OrderIdentity(account: 0, brokerOrderID: "7"), lastKnown: order, price: price, disclosedQuantity: disclosed,
            timeInForce: timeInForce, orderType: type, options: options,
            clientReference: try #require(ClientReference("a00000000000000002")))
    }

    @Test(
        "A modify sends what changes and nothing else, its options included",
        arguments: [
            (#"{"market_protection":3}"#, ["price": "101", "market_protection": "3"]),
            (#"{"validity_minutes":9}"#, ["price": "101", "validity_ttl": "9"]),
            (#"{"parent_order_id":"6"}"#, ["price": "101", "parent_order_id": "6"]),
            ("{}", ["price": "101"]),
        ])
    func modified(options: String, fields: [String: String]) throws {
        let desk = try Desk()
        _ = try modify(desk, price: 101, options: options)
        #expect(Desk.form(try #require(desk.request("PUT", "/orders/regular/7"))) == fields)
    }

    @Test(
        "What a modify cannot change is refused by name, not dropped",
        arguments: [
            #"{"iceberg_legs":5}"#, #"{"iceberg_quantity":5}"#, #"{"auction_number":"5"}"#, #"{"autoslice":true}"#,
            #"{"algo_id":"5"}"#,
        ])
    func fixed(options: String) throws {
        let desk = try Desk()
        let sent = try modify(desk, price: 101, options: options)
        #expect(desk.host.completion(of: sent)?.error?.field == "options")
        #expect(desk.request("PUT", "/orders/regular/7") == nil)
    }

    @Test("The 26th modification of an order is refused before it is sent")
    func tooMany() throws {
        let desk = try Desk()
        for _ in 0..<25 {
            _ = try modify(desk, price: 101)
            desk.answer("PUT", "/orders/regular/7", #"{"order_id":"7"}"#)
        }
        let last = try modify(desk, price: 101)
        #expect(desk.host.completion(of: last)?.outcome == .notSent)
        #expect(desk.request("PUT", "/orders/regular/7") == nil)
    }

    // MARK: After-market orders

    @Test("An after-market order that has gone to the exchange is cancelled under the name that holds then")
    func opened() throws {
        let desk = try Desk()
        let sent = desk.host.cancel(
            OrderIdentity(account: 0, brokerOrderID: "7"), lastKnown: Desk.order(flags: .afterMarket))
        desk.refuse("DELETE", "/orders/amo/7", 400, "OrderException")
        desk.answer(
            "GET", "/orders/7",
            #"[{"order_id":"7","status":"OPEN","exchange":"NSE","tradingsymbol":"INFY","variety":"amo"}]"#)
        #expect(desk.host.completion(of: sent) == nil)
        desk.answer("DELETE", "/orders/regular/7", #"{"order_id":"7"}"#)
        #expect(desk.host.completion(of: sent)?.outcome == .accepted)
    }

    @Test("A refused cancel is tried once under another name and no more, and stays refused where none is better")
    func stillRefused() throws {
        let desk = try Desk()
        let order = #"[{"order_id":"7","status":"OPEN","exchange":"NSE","tradingsymbol":"INFY","variety":"amo"}]"#
        let sent = desk.host.cancel(
            OrderIdentity(account: 0, brokerOrderID: "7"), lastKnown: Desk.order(flags: .afterMarket))
        desk.refuse("DELETE", "/orders/amo/7", 400, "OrderException")
        desk.answer("GET", "/orders/7", order)
        desk.refuse("DELETE", "/orders/regular/7", 400, "OrderException")
        desk.answer("GET", "/orders/7", order)
        #expect(desk.host.completion(of: sent)?.outcome == .rejected)
        #expect(desk.request("DELETE", "/orders/regular/7") == nil)
    }
}
