import AdapterKit
import AdapterTesting
import Exact
import Testing

@testable import Paper

@Suite("The adapter through the boundary")
struct AdapterTests {
    private static let share = StoredInstrument(
        uid: 7, id: "NSE:EQ:ACME", currency: "INR", lotSize: 1, multiplier: 1, contractSize: 1,
        tick: Number("0.05").value)

    private func host(
        _ config: String = "{}", accounts: Int = 1, role: SessionRole = .trading, store: [StoreKey: [UInt8]] = [:],
        now: Timestamp = Timestamp(nanoseconds: 1_700_000_000_000_000_000)
    ) throws -> ScriptedHost {
        let options = (0..<accounts).map { AccountOptions(id: "P\($0)", currency: "INR", config: config) }
        let host = try ScriptedHost(PaperBroker.self, accounts: options, role: role, store: store, now: now)
        host.open()
        #expect(host.state == .ready)
        return host
    }

    private func order(
        _ reference: String, _ side: Side = .buy, _ quantity: ExactDecimal = 10, _ type: OrderType = .market,
        price: Number? = nil, account: Int = 0, product: Product = .intraday
    ) -> StoredOrder {
        StoredOrder(
            account: account, instrument: Self.share, side: side, type: type, quantity: quantity, price: price?.value,
            product: product, timeInForce: .day, clientReference: ClientReference(reference))
    }

    private func name(_ reference: String, account: Int = 0, broker: String? = nil) -> OrderIdentity {
        OrderIdentity(account: account, brokerOrderID: broker, clientReference: ClientReference(reference))
    }

    /// Sends a query and gives its rows; `nil` where there were none.
    private func rows(
        _ host: ScriptedHost, _ kind: QueryKind, account: Int = 0, instrumentID: String? = nil,
        order: OrderIdentity? = nil, limit: Int? = nil
    ) -> Rows? {
        let sent = host.query(kind, account: account, instrumentID: instrumentID, order: order, limit: limit)
        #expect(host.completion(of: sent)?.outcome == .ok)
        return host.rows[sent.token]
    }

    @Test("The first order asks for prices, waits, and is filled when the price comes right after the call")
    func firstOrder() throws {
        let host = try host(#"{"fees":{"per_order":"20"}}"#)
        host.quote(Self.share, bid: 99, ask: 100)
        let sent = host.submit(order("ref1"))
        #expect(host.watched == ["NSE:EQ:ACME"])
        let completion = try #require(host.completion(of: sent))
        #expect(completion.outcome == .accepted)
        #expect(completion.orderState == .open)
        #expect(completion.identity == name("ref1", broker: "P1"))
        #expect(host.tradeUpdates.count == 1)
        let trade = try #require(host.tradeUpdates.first)
        #expect(trade.executionID == "E1")
        #expect(trade.identity == name("ref1", broker: "P1"))
        #expect((trade.quantity, trade.price) == (10, 100))
        #expect(trade.fees == [Fee(name: "brokerage", currency: "INR", amount: 20)])
        #expect(trade.instrumentID == "NSE:EQ:ACME")
        #expect(host.orderUpdates.map(\.state) == [.open, .filled])
        #expect(host.orderUpdates.last?.averagePrice == 100)
        #expect(host.violations.isEmpty)
    }

    @Test("Refusals carry the outcome that their certainty claims, and the field")
    func refusals() throws {
        let host = try host(#"{"starting_cash":"1000"}"#)
        host.quote(Self.share, last: 100)
        host.submit(order("ref1"))
        var tick = order("ref2", price: "100.01")
        tick.type = .limit
        var iceberg = order("ref3")
        iceberg.disclosedQuantity = 1
        var reduce = order("ref4")
        reduce.flags = .reduceOnly
        var cover = order("ref5")
        cover.orderClass = .cover
        let rows: [(StoredOrder, Outcome, AdapterError.Code, String?)] = [
            (tick, .notSent, .invalid, "price"), (iceberg, .notSent, .unsupported, "disclosed_quantity"),
            (reduce, .notSent, .unsupported, "flags"), (cover, .notSent, .unsupported, "order_class"),
            (order("ref6", .buy, 1_000), .rejected, .funds, "quantity"),
            (order("ref1"), .unknown, .duplicate, "client_reference"),
        ]
        for (order, outcome, code, field) in rows {
            let completion = try #require(host.completion(of: host.submit(order)))
            #expect(completion.outcome == outcome)
            #expect(completion.error?.code == code)
            #expect(completion.error?.field == field)
        }
        #expect(host.violations.isEmpty)
    }

    @Test("Modify and cancel: accepted first, the new state by report; lost races tell why")
    func modifyAndCancel() throws {
        let host = try host()
        host.quote(Self.share, bid: 99, ask: 101)
        host.submit(order("ref1", .buy, 10, .limit, price: 100))
        let modify = host.modify(
            name("ref1", broker: "P1"), quantity: 20, clientReference: try #require(ClientReference("ref2")))
        #expect(host.completion(of: modify)?.outcome == .accepted)
        #expect(host.completion(of: modify)?.identity == name("ref2", broker: "P1"))
        #expect(host.orderUpdates.last?.identity.clientReference == ClientReference("ref2"))
        #expect(host.orderUpdates.last?.leavesQuantity == 20)
        let cancel = host.cancel(name("ref2"))
        #expect(host.completion(of: cancel)?.outcome == .accepted)
        #expect(host.orderUpdates.last?.state == .canceled)
        let again = try #require(host.completion(of: host.cancel(name("ref2"))))
        #expect(again.outcome == .rejected)
        #expect(again.error?.code == .alreadyFinal)
        #expect(host.completion(of: host.cancel(name("none")))?.error?.code == .notFound)
        let other = host.modify(
            name("ref2"), disclosedQuantity: 5, clientReference: try #require(ClientReference("ref3")))
        #expect(host.completion(of: other)?.error?.field == "disclosed_quantity")
        let options = host.modify(
            name("ref2"), options: "{}", clientReference: try #require(ClientReference("ref3")))
        #expect(host.completion(of: options)?.error?.field == "options")
        #expect(host.violations.isEmpty)
    }

    @Test("A batch completes each order on its own")
    func batch() throws {
        let host = try host(accounts: 2)
        host.quote(Self.share, last: 100)
        let sent = host.submitBatch([order("ref1"), order("ref2", account: 1), order("ref1"), order("ref3", .buy, 5)])
        #expect(sent.map { host.completion(of: $0)?.outcome } == [.accepted, .accepted, .unknown, .accepted])
        #expect(host.tradeUpdates.count == 3)
        #expect(Set(host.tradeUpdates.map(\.identity.account)) == [0, 1])
        #expect(host.violations.isEmpty)
    }

    @Test("An account that meets an instrument later than its neighbour has its price at once")
    func laterAccount() throws {
        let host = try host(accounts: 2)
        host.quote(Self.share, bid: 99, ask: 100, askSize: 10)
        host.submit(order("ref1"))
        host.submit(order("ref2", account: 1))
        #expect(host.tradeUpdates.map(\.identity.account) == [0, 1])
        #expect(host.tradeUpdates.map(\.quantity) == [10, 10])
        #expect(host.violations.isEmpty)
    }

    @Test("A restarted session knows its orders, positions and money, and goes on working")
    func restart() throws {
        let first = try host(accounts: 2)
        first.quote(Self.share, bid: 99, ask: 100)
        first.submit(order("ref1"))
        first.submit(order("ref2", .buy, 10, .limit, price: 95))
        let second = try host(accounts: 2, store: first.store, now: first.now)
        #expect(second.watched == ["NSE:EQ:ACME"])
        let positions = rows(second, .positions)?.positions
        #expect(positions?.map(\.quantity) == [10])
        second.quote(Self.share, bid: 94, ask: 95)
        #expect(second.tradeUpdates.map(\.executionID) == ["E2"])
        #expect(second.orderUpdates.last?.state == .filled)
        let duplicate = second.submit(order("ref1"))
        #expect(second.completion(of: duplicate)?.outcome == .unknown)
        #expect(second.violations.isEmpty)
    }

    @Test("Nothing is written for a refused order but its instrument, and one record each for an accepted one")
    func fewWrites() throws {
        let host = try host()
        host.quote(Self.share, last: 100)
        host.submit(order("ref1"))
        let keys = host.store.keys.map(\.key).sorted()
        #expect(keys == ["a", "i0", "o1", "p0.1"])
        host.submit(order("ref1"))
        #expect(host.store.keys.count == 4)
        host.submit(order("ref2"))
        #expect(host.store.keys.map(\.key).sorted() == ["a", "i0", "o1", "o2", "p0.1"])
    }

    @Test("A look-up finds an order with its executions, proves absence, and says when it cannot")
    func reconcile() throws {
        let host = try host(#"{"max_remembered_orders":1}"#)
        host.quote(Self.share, last: 100)
        let early = host.now
        host.submit(order("ref1"))
        host.advance(nanoseconds: 1_000_000_000)
        host.submit(order("ref2"))
        host.advance(nanoseconds: 1_000_000_000)
        let before = host.tradeUpdates.count
        let sent = host.reconcile([
            (name("ref2"), host.now), (name("ref9"), host.now), (name("ref1"), early), (name("ref9"), nil),
        ])
        #expect(
            sent.map { host.completion(of: $0)?.outcome } == [.found, .provenAbsent, .indeterminate, .indeterminate])
        #expect(host.completion(of: sent[0])?.orderState == .filled)
        #expect(host.tradeUpdates.dropFirst(before).map(\.executionID) == ["E2"])
        #expect(host.violations.isEmpty)
    }

    @Test("With an acknowledgement delay a request travels: nothing is known of it until it arrives")
    func acknowledgementDelay() throws {
        let host = try host(#"{"ack_delay_ms":50}"#)
        host.quote(Self.share, last: 100)
        let sent = host.submit(order("ref1"))
        let cancel = host.cancel(name("ref1"))
        #expect(host.completion(of: sent) == nil)
        let lookUp = host.reconcile([(name("ref1"), host.now)])
        #expect(host.completion(of: lookUp[0])?.outcome == .indeterminate)
        host.advance(nanoseconds: 49_000_000)
        #expect(host.completion(of: sent) == nil)
        host.advance(nanoseconds: 1_000_000)
        #expect(host.completion(of: sent)?.outcome == .accepted)
        #expect(host.completion(of: cancel)?.outcome == .accepted)  // both arrive together, in order
        let late = host.submit(order("ref2"))
        host.close()
        #expect(host.completion(of: late)?.outcome == .accepted)
        #expect(host.openTokens.isEmpty)
        #expect(host.violations.isEmpty)
    }

    @Test("A slow account holds up no other account of its session")
    func delaysAreApart() throws {
        let accounts = [
            AccountOptions(id: "P0", currency: "INR", config: #"{"ack_delay_ms":60000}"#),
            AccountOptions(id: "P1", currency: "INR", config: #"{"ack_delay_ms":5}"#),
        ]
        let host = try ScriptedHost(PaperBroker.self, accounts: accounts)
        host.open()
        let slow = host.submit(order("ref1"))
        let fast = host.submit(order("ref2", account: 1))
        host.advance(nanoseconds: 5_000_000)
        #expect(host.completion(of: fast)?.outcome == .accepted)
        #expect(host.completion(of: slow) == nil)
        host.advance(nanoseconds: 60_000_000_000)
        #expect(host.completion(of: slow)?.outcome == .accepted)
    }

    @Test("A request that the host gave up on arrives all the same, and is reported")
    func deadline() throws {
        let host = try host(#"{"ack_delay_ms":50}"#)
        host.quote(Self.share, last: 100)
        let sent = host.submit(order("ref1"))
        host.expire(sent)
        host.advance(nanoseconds: 60_000_000)
        #expect(host.tradeUpdates.count == 1)
        #expect(host.orderUpdates.last?.state == .filled)
    }

    @Test("Timers expire DAY orders and let delayed orders go")
    func timers() throws {
        let host = try host(#"{"fill_delay_ms":1000,"day_end":"10:00"}"#)
        host.quote(Self.share, bid: 99, ask: 100)
        host.submit(order("ref1"))
        host.submit(order("ref2", .buy, 1, .limit, price: 90))
        #expect(host.tradeUpdates.isEmpty)
        host.advance(nanoseconds: 1_000_000_000)
        #expect(host.tradeUpdates.count == 1)
        host.advance(nanoseconds: 86_400_000_000_000)
        #expect(host.orderUpdates.last?.state == .expired)
        #expect(host.orderUpdates.last?.reason?.brokerCode == "EXPIRED")
        #expect(host.timers.count == 1)
        #expect(host.violations.isEmpty)
    }

    @Test("Queries tell orders, trades, positions, holdings, funds and the profile, page by page")
    func queries() throws {
        let host = try host(
            #"{"positions":[{"instrument":"NSE:EQ:ACME","product":"DELIVERY","quantity":"5","average_price":"90"}]}"#)
        host.quote(Self.share, last: 100)
        for index in 0..<5 { host.submit(order("ref\(index)")) }
        host.submit(order("sell", .sell, 3, .limit, price: 120, product: .delivery))
        var cursor: String?
        var seen: [String?] = []
        repeat {
            let sent = host.query(.orders, cursor: cursor, limit: 2)
            seen += host.rows[sent.token]?.orders.map(\.identity.brokerOrderID) ?? []
            cursor = host.completion(of: sent)?.nextCursor
        } while cursor != nil
        #expect(seen == ["P1", "P2", "P3", "P4", "P5", "P6"])
        let row = rows(host, .order, order: name("sell"))?.orders.first
        #expect(row?.order?.quantity == 3)
        #expect(row?.order?.price == 120)
        #expect(row?.order?.instrument.id == "NSE:EQ:ACME")
        #expect(row?.state == .open)
        #expect(rows(host, .trades, limit: 3)?.trades.map(\.executionID) == ["E1", "E2", "E3"])
        let position = rows(host, .positions)?.positions.first
        #expect(position?.quantity == 50)
        #expect(position?.averagePrice == 100)
        let holding = rows(host, .holdings)?.holdings.first
        #expect((holding?.quantity, holding?.free, holding?.averagePrice) == (5, 2, 90))
        let funds = rows(host, .funds)?.funds.first
        #expect(funds?.cash == 1_000_000)
        #expect(funds?.used == 1_000)
        #expect(funds?.available == 999_000)
        #expect(funds?.equity == 1_000_500)
        #expect(rows(host, .margins)?.margins.first?.required == 1_000)
        #expect(rows(host, .profile)?.profiles.first?.accountID == "P0")
        #expect(host.completion(of: host.query(.orders, cursor: "x"))?.error?.field == "filter.cursor")
        #expect(rows(host, .orders, instrumentID: "NSE:EQ:OTHER") == nil)
        #expect(host.violations.isEmpty)
    }

    @Test("A preview tells each order's need and the basket's, and changes nothing")
    func preview() throws {
        let host = try host(#"{"starting_cash":"1000","fees":{"bps":"1"}}"#)
        host.quote(Self.share, last: 100)
        host.submit(order("ref1", .buy, 10))
        let before = host.store
        let sent = host.preview([order("ref2", .buy, 20), order("ref3", .buy, 20), order("ref4", .buy, 20)])
        let rows = host.rows[sent.token]?.margins ?? []
        #expect(rows.map(\.required) == [400, nil, nil, 400])
        #expect(rows.map(\.charges) == [Number("0.2").value, nil, nil, Number("0.2").value])
        #expect(rows.map { $0.error?.code } == [nil, .funds, .funds, nil])
        #expect(rows.last?.clientReference == nil)
        #expect(host.store == before)
        #expect(host.violations.isEmpty)
    }

    @Test("Cancel-all ends before its reports come")
    func cancelAll() throws {
        let host = try host()
        host.quote(Self.share, bid: 99, ask: 101)
        for index in 0..<20 { host.submit(order("ref\(index)", .buy, 1, .limit, price: 95)) }
        let reports = host.orderUpdates.count
        let none = host.cancelAll(instrumentID: "NSE:EQ:OTHER")
        #expect(host.completion(of: none)?.outcome == .ok)
        #expect(host.orderUpdates.count == reports)
        let sent = host.cancelAll()
        #expect(host.completion(of: sent)?.outcome == .ok)
        #expect(host.orderUpdates.dropFirst(reports).map(\.state) == Array(repeating: .canceled, count: 20))
        #expect(host.violations.isEmpty)
    }

    @Test("Where the memory cannot be written nothing is claimed, and the account stops")
    func failedWrite() throws {
        let host = try host()
        host.quote(Self.share, last: 100)
        host.submit(order("ref1"))
        let (trades, states) = (host.tradeUpdates.count, host.orderUpdates.count)
        host.failing["kv_put"] = .quota
        let sent = host.submit(order("ref2"))
        #expect(host.completion(of: sent)?.outcome == .unknown)
        #expect(host.tradeUpdates.count == trades)
        #expect(host.orderUpdates.count == states)
        #expect(host.state == .failed)
        #expect(host.completion(of: host.submit(order("ref3")))?.outcome == .notSent)
        host.open()
        #expect(host.state == .ready)
        let lookUp = host.reconcile([(name("ref2"), host.now)])
        #expect(host.completion(of: lookUp[0])?.outcome == .provenAbsent)
        #expect(host.violations.isEmpty)
    }

    @Test("A memory that cannot be read fails the session instead of starting the account anew")
    func brokenMemory() throws {
        let first = try host()
        first.quote(Self.share, last: 100)
        first.submit(order("ref1"))
        var store = first.store
        store[StoreKey("a")] = nil
        let second = try ScriptedHost(
            PaperBroker.self, accounts: [AccountOptions(id: "P0", currency: "INR")], store: store)
        let sent = second.open()
        #expect(second.completion(of: sent)?.outcome == .rejected)
        #expect(second.state == .failed)
        #expect(second.store == store)
    }

    @Test("Many accounts are restored over several calls")
    func openInSteps() throws {
        let first = try host(accounts: 3)
        first.quote(Self.share, last: 100)
        for account in 0..<3 {
            first.submitBatch((0..<1_000).map { order("r\(account)x\($0)", .buy, 1, account: account) })
        }
        let options = (0..<3).map { AccountOptions(id: "P\($0)", currency: "INR") }
        let second = try ScriptedHost(PaperBroker.self, accounts: options, store: first.store, now: first.now)
        let sent = second.open()
        #expect(second.state == .opening)
        #expect(second.completion(of: sent) == nil)
        second.advance(nanoseconds: 1)
        #expect(second.state == .ready)
        #expect(second.completion(of: sent)?.outcome == .ok)
        #expect(rows(second, .positions, account: 2)?.positions.first?.quantity == 1_000)
        #expect(second.violations.isEmpty)
    }

    @Test("A data session lists instruments and trades nothing")
    func dataSession() throws {
        let config = #"{"instruments":[{"id":"NSE:EQ:ACME","tick":"0.05","lot_size":"1","name":"Acme"}]}"#
        let host = try host(config, role: .data)
        let sent = host.query(.instruments)
        #expect(host.rows[sent.token]?.instruments.map(\.name) == ["Acme"])
        #expect(host.completion(of: host.submit(order("ref1")))?.outcome == .notSent)
        #expect(host.violations.isEmpty)
    }

    @Test("Bars reach the simulation, and a senseless one is counted")
    func bars() throws {
        let host = try host()
        host.submit(order("ref1", .buy, 10, .limit, price: 99))
        host.candle(
            Self.share, start: Timestamp(nanoseconds: 1), lengthNanoseconds: 60, open: 100, high: 101, low: 98,
            close: 100, volume: 10_000)
        #expect(host.tradeUpdates.map(\.price) == [99])
        host.candle(
            Self.share, start: Timestamp(nanoseconds: 1), lengthNanoseconds: 60, open: 100, high: 90, low: 98,
            close: 100, volume: 10_000)
        #expect(host.metrics["paper_candles_not_believed"] == 1)
        #expect(host.violations.isEmpty)
    }

    @Test(
        "Every host function may fail once without a crash or a broken promise",
        arguments: [
            "log", "now", "metric", "timer_after", "timer_at", "timer_cancel", "kv_put", "kv_delete", "kv_list",
            "watch_prices", "session_state", "rows", "order_update", "trade_update",
        ])
    func hostFailures(_ function: String) throws {
        let host = try ScriptedHost(
            PaperBroker.self,
            accounts: [AccountOptions(id: "P0", currency: "INR", config: #"{"ack_delay_ms":5}"#)])
        for step in 0..<12 {
            host.failing[function] = .hostFault
            switch step % 6 {
            case 0: host.open()
            case 1: host.submit(order("ref\(step)", .buy, 10, .limit, price: 95))
            case 2: host.quote(Self.share, bid: 90, ask: 91)
            case 3: host.advance(nanoseconds: 10_000_000)
            case 4: host.query(.orders)
            default: host.cancelAll()
            }
        }
        host.failing.removeAll()
        host.close()
        #expect(host.openTokens.isEmpty)
        #expect(host.violations.isEmpty)
    }
}
