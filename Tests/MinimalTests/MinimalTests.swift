import AdapterKit
import AdapterTesting
import CSluice
import Exact
import Minimal
import Testing

/// The C template through the real boundary. What it promises is what its copies will promise.
struct MinimalTests {
    private func host(store: [StoreKey: [UInt8]] = [:]) throws -> ScriptedHost {
        let host = try ScriptedHost(
            entry: { hello, reply in
                minimal_entry(
                    hello?.assumingMemoryBound(to: sluice_hello.self), reply?.assumingMemoryBound(to: sluice_reply.self)
                )
            }, accounts: [AccountOptions(id: "A"), AccountOptions(id: "B")])
        host.open()
        #expect(host.state == .ready)
        return host
    }

    private let share = StoredInstrument(
        uid: 3, id: "NSE:EQ:RELIANCE", currency: "INR", lotSize: 1, tick: ExactDecimal(mantissa: 5, exponent: -2))

    private func order(
        _ name: String, _ side: Side = .buy, _ quantity: ExactDecimal = 10, at price: String? = "100.05",
        account: Int = 0
    ) -> StoredOrder {
        StoredOrder(
            account: account, instrument: share, side: side, type: price == nil ? .market : .limit, quantity: quantity,
            price: price.flatMap { ExactDecimal($0) }, product: .delivery, timeInForce: .day,
            clientReference: ClientReference(name))
    }

    private func identity(_ name: String, account: Int = 0) -> OrderIdentity {
        OrderIdentity(account: account, brokerOrderID: name, clientReference: ClientReference(name))
    }

    @Test(
        "A market order fills whole at the first quote, a buy at the ask and a sell at the bid",
        arguments: [Side.buy, .sell])
    func marketOrder(side: Side) throws {
        let host = try host()
        let sent = host.submit(order("m1", side, at: nil))
        #expect(host.completion(of: sent)?.outcome == .accepted)
        #expect(host.completion(of: sent)?.orderState == .open)
        #expect(host.tradeUpdates.isEmpty)
        host.quote(share, bid: 99, ask: 101)
        let trade = try #require(host.tradeUpdates.first)
        #expect(trade.price == (side == .buy ? 101 : 99))
        #expect(trade.quantity == 10)
        #expect(trade.side == side)
        #expect(trade.instrumentID == share.id)
        #expect(host.orderUpdates.map(\.state) == [.filled])
        host.quote(share, bid: 99, ask: 101)
        #expect(host.tradeUpdates.count == 1)
        #expect(host.violations.isEmpty)
    }

    @Test("A limit order waits until the quote crosses it, and never fills worse than its limit")
    func limitOrder() throws {
        let host = try host()
        host.submit(order("b1", .buy, at: "100.05"))
        host.submit(order("s1", .sell, at: "100.05"))
        host.quote(share, bid: 100, ask: ExactDecimal("100.10"))
        #expect(host.tradeUpdates.isEmpty)
        host.quote(share, bid: ExactDecimal("99.95"), ask: ExactDecimal("100.0500"))
        #expect(host.tradeUpdates.map(\.executionID) == ["b1"])
        host.quote(share, bid: ExactDecimal("100.055"), ask: 200)
        #expect(host.tradeUpdates.map(\.executionID) == ["b1", "s1"])
        #expect(host.tradeUpdates.last?.price == ExactDecimal("100.055"))
    }

    @Test("A price the host already has reaches a new order at once")
    func knownPrice() throws {
        let host = try host()
        host.quote(share, last: 50)
        host.submit(order("m1", at: nil))
        #expect(host.tradeUpdates.map(\.price) == [50])
    }

    @Test("What is off the grid or unknown is refused by name, and nothing is taken for something like it")
    func refusals() throws {
        let host = try host()
        var offLot = order("a", .buy, ExactDecimal("1.5") ?? 0)
        var cases: [(StoredOrder, String, AdapterError.Code)] = [(offLot, "quantity", .invalid)]
        offLot.instrument.lotSize = nil
        cases.append((offLot, "quantity", .invalid))
        cases.append((order("b", at: "100.06"), "price", .invalid))
        var noTick = order("c")
        noTick.instrument.tick = nil
        cases.append((noTick, "price", .invalid))
        var stop = order("d")
        stop.type = .stop
        cases.append((stop, "order_type", .unsupported))
        var lasting = order("e")
        lasting.timeInForce = .goodTillCancel
        cases.append((lasting, "time_in_force", .unsupported))
        var hidden = order("f")
        hidden.orderClass = .iceberg
        cases.append((hidden, "order_class", .unsupported))
        var post = order("g")
        post.flags = [.postOnly]
        cases.append((post, "flags", .unsupported))
        var nameless = order("h")
        nameless.instrument.id = ""
        cases.append((nameless, "instrument", .invalid))
        for (order, field, code) in cases {
            let completion = host.completion(of: host.submit(order))
            #expect(completion?.outcome == .notSent)
            #expect(completion?.error?.field == field)
            #expect(completion?.error?.code == code)
        }
        var closing = order("i")
        closing.flags = [.closing]
        #expect(host.completion(of: host.submit(closing))?.outcome == .accepted)
    }

    @Test("A reference that was seen is unknown, never a second order and never a failure")
    func duplicate() throws {
        let host = try host()
        host.submit(order("twice"))
        let second = host.completion(of: host.submit(order("twice")))
        #expect(second?.outcome == .unknown)
        #expect(second?.error?.code == .duplicate)
        let sent = host.query(.orders)
        #expect(host.rows[sent.token]?.orders.count == 1)
    }

    @Test("A cancel takes an order out of the market, and is told when it comes too late")
    func cancel() throws {
        let host = try host()
        host.submit(order("c1"))
        #expect(host.completion(of: host.cancel(identity("c1")))?.outcome == .accepted)
        #expect(host.orderUpdates.map(\.state) == [.canceled])
        host.quote(share, bid: 1, ask: 2)
        #expect(host.tradeUpdates.isEmpty)
        let again = host.completion(of: host.cancel(identity("c1")))
        #expect(again?.outcome == .rejected)
        #expect(again?.error?.code == .alreadyFinal)
        #expect(host.completion(of: host.cancel(identity("never")))?.error?.code == .notFound)
        #expect(host.completion(of: host.cancel(identity("c1", account: 1)))?.error?.code == .notFound)
    }

    @Test("A modify changes all it names or nothing, and renames the order")
    func modify() throws {
        let host = try host()
        host.submit(order("m1", at: "90"))
        let fresh = ClientReference("m2")
        let name = try #require(fresh)
        let bad = host.modify(identity("m1"), quantity: 20, price: ExactDecimal("90.01"), clientReference: name)
        #expect(host.completion(of: bad)?.error?.field == "price")
        let unknown = host.modify(identity("m1"), timeInForce: .immediateOrCancel, clientReference: name)
        #expect(host.completion(of: unknown)?.error?.code == .unsupported)
        let good = host.modify(identity("m1"), quantity: 20, price: 95, clientReference: name)
        #expect(host.completion(of: good)?.outcome == .accepted)
        #expect(host.completion(of: good)?.identity?.clientReference == fresh)
        host.quote(share, ask: 95)
        #expect(host.tradeUpdates.map(\.quantity) == [20])
        #expect(host.tradeUpdates.map(\.identity.clientReference) == [fresh])
        let late = host.modify(identity("m1"), price: 96, clientReference: name)
        #expect(host.completion(of: late)?.error?.code == .alreadyFinal)
    }

    @Test("A reconcile tells found from proven absent from what it cannot know")
    func reconcile() throws {
        let host = try host()
        host.submit(order("open1"))
        host.submit(order("done1", at: nil))
        host.quote(share, last: 200)
        let before = host.tradeUpdates.count
        let sent = host.reconcile([
            (identity("open1"), host.now), (identity("done1"), nil), (identity("lost1"), host.now),
            (identity("old1"), Timestamp(nanoseconds: host.now.nanoseconds - 1)), (identity("old2"), nil),
        ])
        let ends = sent.compactMap { host.completion(of: $0) }
        #expect(ends.map(\.outcome) == [.found, .found, .provenAbsent, .indeterminate, .indeterminate])
        #expect(ends.map(\.orderState) == [.open, .filled, nil, nil, nil])
        #expect(host.tradeUpdates.count == before + 1)  // the filled one tells its execution again, by the same id
        #expect(Set(host.tradeUpdates.map(\.executionID)).count == 1)
    }

    @Test("Queries show an account its own orders, all or one")
    func query() throws {
        let host = try host()
        for name in ["q1", "q2", "q3"] { host.submit(order(name)) }
        host.submit(order("other", account: 1))
        host.cancel(identity("q2"))
        let all = host.query(.orders)
        let rows = host.rows[all.token]?.orders ?? []
        #expect(Set(rows.compactMap(\.identity.brokerOrderID)) == ["q1", "q2", "q3"])
        #expect(rows.first { $0.identity.brokerOrderID == "q2" }?.state == .canceled)
        let one = host.query(.order, order: identity("q3"))
        #expect(host.rows[one.token]?.orders.map(\.identity.brokerOrderID) == ["q3"])
        let none = host.query(.order, order: identity("q9"))
        #expect(host.rows[none.token] == nil)
        #expect(host.completion(of: none)?.outcome == .ok)
        #expect(host.query(.funds).status == .unsupported)
    }

    @Test("The table is bounded: full of live orders it refuses, and finished orders make room")
    func bound() throws {
        let host = try host()
        var refused = 0
        for index in 0..<3000 {
            let completion = host.completion(of: host.submit(order("r\(index)", at: "1")))
            if completion?.outcome == .notSent { refused += 1 }
        }
        #expect(refused >= 3000 - 1024)
        #expect(refused < 3000 - 900)  // nearly every place is used
        host.quote(share, ask: 1)
        let filled = host.tradeUpdates.count
        #expect(filled == 3000 - refused)
        host.advance(nanoseconds: 10)
        for index in 0..<500 {
            #expect(host.completion(of: host.submit(order("n\(index)", at: "1")))?.outcome == .accepted)
        }
        // Orders were forgotten, so silence about what was handed over before proves nothing any more.
        let sent = host.reconcile([(identity("gone"), Timestamp(nanoseconds: host.now.nanoseconds - 10))])
        #expect(host.completion(of: sent[0])?.outcome == .indeterminate)
    }

    @Test("Every failing host function ends in a refusal, not in silence")
    func failingHost() throws {
        let host = try host()
        host.failing["watch_prices"] = .notFound
        let completion = host.completion(of: host.submit(order("w")))
        #expect(completion?.outcome == .notSent)
        #expect(completion?.error?.code == .instrument)
        #expect(host.completion(of: host.submit(order("w")))?.outcome == .accepted)
    }

    @Test("No slot is null, and two sessions share nothing")
    func tables() throws {
        let (one, two) = (try host(), try host())
        #expect(one.module == two.module)
        let start = UnsafeRawPointer(one.module.pointee.session)
        try #require(start != nil)
        for offset in stride(from: SLUICE_AT_session_functions_open, to: SLUICE_SIZE_session_functions, by: 8) {
            #expect(start?.load(fromByteOffset: offset, as: UInt.self) != 0)
        }
        one.submit(order("same"))
        #expect(two.completion(of: two.submit(order("same")))?.outcome == .accepted)
        let sent = two.query(.orders)
        #expect(two.rows[sent.token]?.orders.count == 1)
    }

    @Test("Sessions come and go without end")
    func sessions() throws {
        for _ in 0..<1000 { try host().destroy() }
    }
}
