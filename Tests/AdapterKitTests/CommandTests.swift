import AdapterKit
import AdapterTesting
import Exact
import Testing

/// Each command on its way there and back.
struct CommandTests {
    @Test("An order arrives whole, and its copy outlives the call")
    func orderArrives() throws {
        let script = Script()
        var kept: StoredOrder?
        script.submit = { order, command in
            kept = order.copy()
            command.accept(
                brokerOrderID: "B1", state: .pendingNew, adapterState: [9, 8], exchangeOrderID: "X1",
                brokerTime: Timestamp(nanoseconds: 5))
        }
        let host = try script.host()
        let sent = host.submit(limitOrder())
        #expect(sent.status == .ok)
        #expect(kept == limitOrder())
        let completion = try #require(host.completion(of: sent))
        #expect(completion.outcome == .accepted)
        #expect(completion.orderState == .pendingNew)
        #expect(
            completion.identity
                == OrderIdentity(account: 0, brokerOrderID: "B1", exchangeOrderID: "X1", adapterState: [9, 8]))
        #expect(completion.brokerTime == Timestamp(nanoseconds: 5))
        #expect(host.openTokens.isEmpty)
        #expect(host.violations.isEmpty)
    }

    @Test("What an order leaves out is absent, not zero")
    func absentIsAbsent() throws {
        let script = Script()
        var kept: StoredOrder?
        script.submit = { order, command in
            kept = order.copy()
            command.accept()
        }
        let order = StoredOrder(
            account: 0, instrument: StoredInstrument(id: "US:EQ:BRK.B"), side: .buy, type: .market, quantity: 1,
            product: .cash, timeInForce: .day, clientReference: reference("a"))
        let host = try script.host()
        let sent = host.submit(order)
        #expect(kept == order)
        #expect(host.completion(of: sent)?.error == nil)
        #expect(host.completion(of: sent)?.brokerTime == nil)
    }

    @Test("Every outcome carries its error whole")
    func outcomes() throws {
        let error = AdapterError(
            .rateLimited, "slow down", field: "price", certainty: .rejected, retry: .after(nanoseconds: 7),
            brokerCode: "E42", brokerText: "zu schnell ☂", httpStatus: 429)
        let script = Script()
        let host = try script.host()
        let ends: [(Outcome, (Command) -> Void)] = [
            (.rejected, { $0.reject(error) }), (.notSent, { $0.notSent(error) }), (.unknown, { $0.unknown(error) }),
            (.indeterminate, { $0.indeterminate(error) }),
        ]
        for (outcome, end) in ends {
            script.submit = { end($1) }
            let completion = host.completion(of: host.submit(limitOrder()))
            #expect(completion?.outcome == outcome)
            #expect(completion?.error == error)
        }
    }

    @Test("One completion may describe several orders")
    func children() throws {
        let script = Script()
        let children = [
            ChildOrder(.slice, OrderIdentity(account: 0, brokerOrderID: "S1"), quantity: 75, outcome: .accepted),
            ChildOrder(
                .stop, OrderIdentity(account: 0, brokerOrderID: "S2"), quantity: 75, outcome: .rejected,
                error: AdapterError(.funds, "not enough")),
        ]
        script.submit = { $1.accept(brokerOrderID: "P", children: children, replacedBy: "R", parentReference: "Q") }
        let host = try script.host()
        let completion = host.completion(of: host.submit(limitOrder()))
        #expect(completion?.children == children)
        #expect(completion?.replacedBy == "R")
        #expect(completion?.parentReference == "Q")
    }

    @Test("A batch has a command an order, and partial success is normal")
    func batch() throws {
        let script = Script()
        script.submit = { order, command in
            if order.price == 3 {
                command.reject(AdapterError(.priceBand))
            } else {
                command.accept(brokerOrderID: "B")
            }
        }
        let host = try script.host()
        let sent = host.submitBatch((1...4).map { limitOrder("ref\($0)", price: ExactDecimal(Int64($0))) })
        #expect(sent.map { host.completion(of: $0)?.outcome } == [.accepted, .accepted, .rejected, .accepted])
    }

    @Test("A modify names what changes and leaves the rest alone")
    func modify() throws {
        let script = Script()
        var seen: [ExactDecimal?] = []
        var names: [String?] = []
        script.modify = { reference, changes, command in
            seen = [changes.quantity, changes.price, changes.triggerPrice, changes.disclosedQuantity]
            names = [
                reference.brokerOrderID, changes.clientReference?.description, "\(reference.order?.quantity ?? 0)",
            ]
            command.accept(brokerOrderID: "B2", clientReference: changes.clientReference)
        }
        let host = try script.host()
        let sent = host.modify(
            OrderIdentity(account: 0, brokerOrderID: "B1"), lastKnown: limitOrder(), quantity: 75,
            triggerPrice: ExactDecimal("-1.5"), clientReference: reference("fresh"))
        #expect(seen == [75, nil, ExactDecimal("-1.5"), nil])
        #expect(names == ["B1", "fresh", "150"])
        #expect(host.completion(of: sent)?.identity?.clientReference == reference("fresh"))
    }

    @Test("A cancel hands the adapter what it gave for the order, byte for byte")
    func cancel() throws {
        let script = Script()
        var identity: OrderIdentity?
        script.cancel = { reference, command in
            identity = reference.identity()
            command.accept()
        }
        let given = OrderIdentity(
            account: 1, brokerOrderID: "B1", clientReference: reference("abc"), exchangeOrderID: "X",
            adapterState: [UInt8](0...255))
        let host = try script.host(accounts: [AccountOptions(id: "A"), AccountOptions(id: "B")])
        #expect(host.completion(of: host.cancel(given))?.outcome == .accepted)
        #expect(identity == given)
    }

    @Test("Queries page to the end, and rows come before the completion")
    func queries() throws {
        let script = Script()
        let funds = Funds(
            account: 0, currency: "INR", cash: ExactDecimal("-0.01"), equity: 5, asOf: Timestamp(nanoseconds: 9))
        script.query = { kind, filter, command in
            #expect(kind == .funds)
            #expect(filter.instrumentID == "X")
            #expect(filter.limit == 2)
            command.send(funds: [funds])
            command.ok(nextCursor: filter.cursor == nil ? "page2" : nil)
        }
        let host = try script.host()
        let first = host.query(.funds, instrumentID: "X", limit: 2)
        #expect(host.completion(of: first)?.nextCursor == "page2")
        let second = host.query(.funds, instrumentID: "X", cursor: "page2", limit: 2)
        #expect(host.completion(of: second)?.nextCursor == nil)
        #expect(host.rows[second.token]?.funds == [funds])
    }

    @Test("Every kind of row arrives as it was sent")
    func rows() throws {
        let identity = OrderIdentity(account: 0, brokerOrderID: "B", clientReference: reference("c"), adapterState: [])
        let error = AdapterError(.funds, "short by 5")
        let expected = Rows(
            orders: [
                OrderUpdate(
                    identity, .other, cumulativeQuantity: 1, leavesQuantity: 2, averagePrice: ExactDecimal("1.25"),
                    reason: error, brokerTime: Timestamp(nanoseconds: 3), sequence: 4, rawState: "ODD",
                    order: limitOrder())
            ],
            trades: [
                TradeUpdate(
                    identity, executionID: "E", side: .sell, quantity: 3, price: ExactDecimal("0.05") ?? 0,
                    instrumentID: "I", fees: [Fee(name: "stamp", currency: "INR", amount: ExactDecimal("0.01") ?? 0)],
                    liquidity: .maker, tradeTime: Timestamp(nanoseconds: 8), kind: .correct, replaces: "D")
            ],
            positions: [Position(account: 0, instrumentID: "I", product: .margin, quantity: -3, realised: 7)],
            holdings: [Holding(account: 0, instrumentID: "I", quantity: 4, free: 1, pledged: 3)],
            funds: [Funds(account: 0, currency: "USD")],
            margins: [
                Margin(account: 0, clientReference: reference("c"), currency: "INR", required: 9, error: error),
                Margin(account: 0, currency: "INR", charges: 1),
            ],
            instruments: [
                InstrumentRow(
                    StoredInstrument(id: "I", alias: "i", brokerData: [7], currency: "INR", lotSize: 75, tick: 1),
                    name: "N", freezeQuantity: 1800, priceLow: 1, priceHigh: 2)
            ],
            profiles: [Profile(account: 0, accountID: "Z1", owner: "PAN1")],
            quotes: [
                QuoteRow(instrument: 3, instrumentID: "I", last: 5, bid: 4, exchangeTime: Timestamp(nanoseconds: 9))
            ],
            candles: [
                CandleRow(
                    instrument: 3, start: Timestamp(nanoseconds: 60), lengthNanoseconds: 60, open: 1, high: 4, low: 1,
                    close: 3, volume: 8)
            ])
        let script = Script()
        script.query = { kind, _, command in
            switch kind {
            case .order, .orders, .orderHistory: command.send(orders: expected.orders)
            case .quotes: command.send(quotes: expected.quotes)
            case .candles: command.send(candles: expected.candles)
            case .trades: command.send(trades: expected.trades)
            case .positions: command.send(positions: expected.positions)
            case .holdings: command.send(holdings: expected.holdings)
            case .funds: command.send(funds: expected.funds)
            case .margins: command.send(margins: expected.margins)
            case .instruments: command.send(instruments: expected.instruments)
            case .profile: command.send(profiles: expected.profiles)
            }
            command.ok()
        }
        let host = try script.host()
        func rows(_ kind: QueryKind) -> Rows {
            let sent = host.query(kind)
            return host.rows[sent.token] ?? Rows()
        }
        #expect(rows(.orders).orders == expected.orders)
        #expect(rows(.quotes).quotes == expected.quotes)
        #expect(rows(.candles).candles == expected.candles)
        #expect(rows(.trades).trades == expected.trades)
        #expect(rows(.positions).positions == expected.positions)
        #expect(rows(.holdings).holdings == expected.holdings)
        #expect(rows(.funds).funds == expected.funds)
        #expect(rows(.margins).margins == expected.margins)
        #expect(rows(.instruments).instruments == expected.instruments)
        #expect(rows(.profile).profiles == expected.profiles)
        #expect(host.violations.isEmpty)
    }

    @Test(
        "More rows than one call takes travel in several, in order, none lost", arguments: [0, 999, 1000, 1001, 2500])
    func chunks(count: Int) throws {
        let script = Script()
        let all = (0..<count).map { Funds(account: 0, currency: "C\($0)") }
        script.query = { _, _, command in
            command.send(funds: all)
            command.ok()
        }
        let host = try script.host()
        let sent = host.query(.funds)
        let arrived = host.rows[sent.token]?.funds ?? []
        #expect(arrived.count == count)
        let isSame = arrived == all
        #expect(isSame)
    }

    @Test("A preview sees every order and answers with margins")
    func preview() throws {
        let script = Script()
        script.preview = { orders, command in
            orders.each { order in
                command.send(margins: [
                    Margin(account: order.account, clientReference: order.clientReference, currency: "INR", required: 1)
                ])
            }
            command.ok()
        }
        let host = try script.host()
        let sent = host.preview([limitOrder("one"), limitOrder("two")])
        #expect(host.rows[sent.token]?.margins.map(\.clientReference) == [reference("one"), reference("two")])
    }

    @Test("A reconcile answers for each order on its own")
    func reconcile() throws {
        let script = Script()
        script.reconcile = { item, command in
            switch item.reference.brokerOrderID {
            case "B1": command.found(item.reference.identity(), .filled, brokerTime: item.writtenTime)
            case "B2": command.provenAbsent()
            default: command.indeterminate()
            }
        }
        let host = try script.host()
        let sent = host.reconcile([
            (OrderIdentity(account: 0, brokerOrderID: "B1"), Timestamp(nanoseconds: 4)),
            (OrderIdentity(account: 0, brokerOrderID: "B2"), nil), (OrderIdentity(account: 0), nil),
        ])
        let ends = sent.compactMap { host.completion(of: $0) }
        #expect(ends.map(\.outcome) == [.found, .provenAbsent, .indeterminate])
        #expect(ends.first?.orderState == .filled)
        #expect(ends.first?.brokerTime == Timestamp(nanoseconds: 4))
    }

    @Test("What is declared and not implemented says so, and nothing is taken for sent")
    func hollow() throws {
        let host = try ScriptedHost(Hollow.self)
        let identity = OrderIdentity(account: 0, brokerOrderID: "B")
        for sent in [
            host.submit(limitOrder()), host.modify(identity, price: 1, clientReference: reference("r")),
            host.cancel(identity), host.cancelAll(), host.preview([limitOrder()]), host.query(.funds),
        ] {
            #expect(host.completion(of: sent)?.outcome == .notSent)
            #expect(host.completion(of: sent)?.error?.code == .unsupported)
        }
        let looked = host.reconcile([(identity, nil)])
        #expect(host.completion(of: looked[0])?.outcome == .indeterminate)
        #expect(host.openTokens.isEmpty)
    }

    @Test("A session opens and closes by itself")
    func lifecycle() throws {
        let host = try ScriptedHost(Hollow.self)
        #expect(host.completion(of: host.open())?.outcome == .ok)
        #expect(host.state == .ready)
        #expect(host.completion(of: host.close())?.outcome == .ok)
        #expect(host.states.map(\.state) == [.ready, .closed])
    }
}
