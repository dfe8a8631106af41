import Domain
import Testing

@testable import Engine

/// A modify makes the order that somebody would have placed instead: its prices have to fit its type, and the controls
/// judge it as that order.
@Suite("Modifies of an order's terms")
struct ModifyTests {
    private static let whole = ModifyOffer(fields: Set(OrderChanges.Field.allCases))

    /// A live order of one account at its broker.
    private static func working(_ fixture: inout EngineFixture, _ order: ParentOrder) throws -> LegID {
        let run = try fixture.admit(order)
        fixture.engine.apply(.ordersQueued(run: run.id, orders: [0], durableAt: fixture.now, queuedAt: fixture.now))
        fixture.answer(run.id)
        return LegID(run: run.id, index: 0)
    }

    private static func order(
        _ fixture: EngineFixture, _ type: OrderType, price: String? = nil, stop: String? = nil, side: Side = .buy,
        quantity: Int64 = 10
    ) -> ParentOrder {
        var order = fixture.parent(side, quantity, account: 0)
        order.orderType = type
        order.limitPrice = price.flatMap { ExactDecimal($0) }
        order.stopPrice = stop.flatMap { ExactDecimal($0) }
        return order
    }

    private static func ask(
        _ fixture: inout EngineFixture, _ id: LegID, _ changes: OrderChanges, offer: ModifyOffer = whole
    ) throws -> Result<Event, Engine.RiskRefusal> {
        try fixture.engine.requestReplace(
            id, changes, offer: offer, authority: .everything, by: "k", now: fixture.now)
    }

    private static func refusal(
        _ fixture: inout EngineFixture, _ id: LegID, _ changes: OrderChanges, offer: ModifyOffer = whole
    ) -> ParentRefusal? {
        #expect(throws: ParentRefusal.self) { try ask(&fixture, id, changes, offer: offer) }
    }

    private static func rejection(
        _ fixture: inout EngineFixture, _ id: LegID, _ changes: OrderChanges
    ) throws -> Rejection? {
        if case .failure(let refusal) = try ask(&fixture, id, changes) { refusal.rejection } else { nil }
    }

    /// Asks, lets the broker take it, and gives the order.
    private static func changed(
        _ fixture: inout EngineFixture, _ id: LegID, _ changes: OrderChanges
    ) throws -> Order {
        let event = try ask(&fixture, id, changes).get()
        let before = fixture.engine.runs[id.run]!.orders[0].terms
        fixture.engine.apply(event)
        #expect(fixture.engine.runs[id.run]!.orders[0].terms == before, "only the broker's word changes the terms")
        fixture.engine.apply(.replaceAnswered(run: id.run, order: 0, outcome: .accepted, error: nil))
        return fixture.engine.runs[id.run]!.orders[0]
    }

    private static func price(_ text: String) -> ExactDecimal { ExactDecimal(text)! }

    // MARK: Types and prices

    private static let samples: [(type: OrderType, price: String?, stop: String?)] = [
        (.market, nil, nil), (.limit, "99", nil), (.stop, nil, "101"), (.stopLimit, "102", "101"),
    ]

    @Test(
        "Of two types each becomes the other: prices that both have stay, one that is new is asked for, one that is gone is dropped",
        arguments: 0..<4, 0..<4)
    func types(from: Int, to: Int) throws {
        guard from != to else { return }
        let (old, new) = (Self.samples[from], Self.samples[to])
        var fixture = EngineFixture()
        let id = try Self.working(&fixture, Self.order(fixture, old.type, price: old.price, stop: old.stop))
        var changes = OrderChanges(orderType: new.type)
        if new.type.hasLimitPrice, !old.type.hasLimitPrice {
            let missing = Self.refusal(&fixture, id, changes)
            #expect(missing?.code == "missing_field" && missing?.path == "/price")
            changes.limitPrice = Self.price(new.price!)
        }
        if new.type.hasStopPrice, !old.type.hasStopPrice {
            let missing = Self.refusal(&fixture, id, changes)
            #expect(missing?.code == "missing_field" && missing?.path == "/trigger_price")
            changes.stopPrice = Self.price(new.stop!)
        }
        let order = try Self.changed(&fixture, id, changes)
        #expect(order.orderType == new.type)
        #expect((order.limitPrice != 0) == new.type.hasLimitPrice && (order.stopPrice != 0) == new.type.hasStopPrice)
        if old.type.hasLimitPrice, new.type.hasLimitPrice { #expect(order.limitPrice == 10_000 * Int64(old.price!)!) }
    }

    @Test("A price that the resulting type has not is refused by name")
    func unexpectedPrice() throws {
        var fixture = EngineFixture()
        let id = try Self.working(&fixture, Self.order(fixture, .limit, price: "99"))
        let market = Self.refusal(&fixture, id, OrderChanges(limitPrice: Self.price("98"), orderType: .market))
        #expect(market?.code == "unexpected_field" && market?.path == "/price" && market?.value == "98")
        let stop = Self.refusal(&fixture, id, OrderChanges(stopPrice: Self.price("98")))
        #expect(stop?.code == "unexpected_field" && stop?.path == "/trigger_price")
    }

    @Test("A price between two ticks is refused with the two beside it")
    func offTick() throws {
        var fixture = EngineFixture(tick: "0.05")
        let id = try Self.working(&fixture, Self.order(fixture, .limit, price: "99"))
        let refusal = Self.refusal(
            &fixture, id, OrderChanges(stopPrice: Self.price("99.52"), orderType: .stopLimit))
        #expect(refusal?.code == "price_off_tick" && refusal?.path == "/trigger_price")
        #expect(refusal?.remedy.contains("99.5 or 99.55") == true)
    }

    @Test("A change to MARKET becomes a limit order where market orders are protected, as a new one would")
    func protected() throws {
        var limits = EngineFixture.open
        (limits.marketProtection.conversion, limits.marketProtection.basisPoints) = (.limit, 100)
        var fixture = EngineFixture(limits: limits)
        let id = try Self.working(&fixture, Self.order(fixture, .limit, price: "99"))
        let order = try Self.changed(&fixture, id, OrderChanges(orderType: .market))
        #expect(order.orderType == .limit && order.limitPrice == 1_010_000)
        #expect(order.terms.words.orderType == .limit)
    }

    // MARK: Other words

    @Test("What shows is at most the quantity; 0 shows all of it")
    func disclosed() throws {
        var fixture = EngineFixture()
        let id = try Self.working(&fixture, Self.order(fixture, .limit, price: "99"))
        let above = Self.refusal(&fixture, id, OrderChanges(disclosedQuantity: 11))
        #expect(above?.code == "disclosed_above_quantity" && above?.path == "/disclosed_quantity")
        #expect(above?.value == "11" && above?.remedy == "give at most 10")
        #expect(try Self.changed(&fixture, id, OrderChanges(disclosedQuantity: 4)).disclosedQuantity == 4)
        #expect(try Self.changed(&fixture, id, OrderChanges(quantity: 3)).disclosedQuantity == 4)
        #expect(try Self.changed(&fixture, id, OrderChanges(disclosedQuantity: .zero)).disclosedQuantity == nil)
    }

    @Test("A change to GTD names no date, so its broker has to have an option for it")
    func goodTillDate() throws {
        var fixture = EngineFixture()
        let id = try Self.working(&fixture, Self.order(fixture, .limit, price: "99"))
        let refusal = Self.refusal(&fixture, id, OrderChanges(timeInForce: .goodTillDate))
        #expect(refusal?.code == "missing_field" && refusal?.path == "/broker_options")
        let order = try Self.changed(&fixture, id, OrderChanges(timeInForce: .goodTillDate, options: "{\"minutes\":5}"))
        #expect(order.timeInForce == .goodTillDate && order.replacement == nil)
        #expect(try Self.changed(&fixture, id, OrderChanges(timeInForce: .day)).timeInForce == .day)
    }

    @Test("Terms that the order has already are no change")
    func nothing() throws {
        var fixture = EngineFixture()
        let id = try Self.working(&fixture, Self.order(fixture, .limit, price: "99"))
        let same = OrderChanges(
            quantity: 10, limitPrice: Self.price("99.00"), orderType: .limit, timeInForce: .day,
            disclosedQuantity: .zero)
        #expect(Self.refusal(&fixture, id, same)?.code == "nothing_changed")
    }

    // MARK: What the adapter takes

    @Test(
        "A field that the adapter does not change of a live order is refused by its name",
        arguments: OrderChanges.Field.allCases)
    func fields(field: OrderChanges.Field) throws {
        var fixture = EngineFixture()
        let id = try Self.working(&fixture, Self.order(fixture, .stopLimit, price: "102", stop: "101"))
        let changes =
            switch field {
            case .quantity: OrderChanges(quantity: 9)
            case .price: OrderChanges(limitPrice: Self.price("103"))
            case .triggerPrice: OrderChanges(stopPrice: Self.price("101.5"))
            case .orderType: OrderChanges(orderType: .limit)
            case .timeInForce: OrderChanges(timeInForce: .goodTillCancel)
            case .disclosedQuantity: OrderChanges(disclosedQuantity: 5)
            case .options: OrderChanges(options: "{}")
            }
        let offer = ModifyOffer(fields: Self.whole.fields.subtracting([field]))
        let refusal = Self.refusal(&fixture, id, changes, offer: offer)
        #expect(refusal?.code == "unsupported" && refusal?.path == "/\(field.requestName)")
        #expect(refusal?.message.contains("adapter test") == true)
        _ = try Self.ask(&fixture, id, changes, offer: ModifyOffer(fields: [field])).get()
        let none = Self.refusal(&fixture, id, changes, offer: ModifyOffer(fields: []))
        #expect(none?.message == "adapter test modifies no live order")
    }

    @Test("Words that do not hold together for the adapter are refused, with those that do")
    func combinations() throws {
        var fixture = EngineFixture()
        let id = try Self.working(&fixture, Self.order(fixture, .limit, price: "99"))
        func row(_ types: Set<OrderType>, _ validities: Set<TimeInForce>) -> ModifyOffer.Combination {
            .init(orderTypes: types, timesInForce: validities, products: [.intraday], orderClasses: [.regular])
        }
        let offer = ModifyOffer(
            fields: Self.whole.fields,
            combinations: [
                row([.market, .limit], [.day, .immediateOrCancel]), row([.stop], [.day, .goodTillCancel]),
            ])
        let type = Self.refusal(
            &fixture, id, OrderChanges(stopPrice: Self.price("98"), orderType: .stopLimit), offer: offer)
        #expect(
            type?.path == "/order_type" && type?.value == "STOP_LIMIT" && type?.remedy == "it has MARKET, LIMIT, STOP")
        let validity = Self.refusal(
            &fixture, id,
            OrderChanges(stopPrice: Self.price("98"), orderType: .stop, timeInForce: .immediateOrCancel), offer: offer)
        #expect(validity?.path == "/time_in_force" && validity?.value == "IOC")
        #expect(validity?.remedy == "with STOP, use DAY, GTC")
        _ = try Self.ask(&fixture, id, OrderChanges(timeInForce: .immediateOrCancel), offer: offer).get()
    }

    // MARK: Controls

    @Test("A change to MARKET or to words that the account may not send is refused as such an order would be")
    func allowList() throws {
        var limits = EngineFixture.open
        limits.allowList = [
            AllowRule(
                segments: ["US"], products: Set(Product.allCases), orderTypes: [.limit], timesInForce: [.day],
                sides: Set(Side.allCases), orderClasses: Set(OrderClass.allCases), allowsShortSelling: true,
                allowsOptionSelling: true)
        ]
        var fixture = EngineFixture(limits: limits)
        let id = try Self.working(&fixture, Self.order(fixture, .limit, price: "99"))
        #expect(try Self.rejection(&fixture, id, OrderChanges(orderType: .market))?.code == "allow_list")
        #expect(try Self.rejection(&fixture, id, OrderChanges(timeInForce: .immediateOrCancel))?.code == "allow_list")
        #expect(try Self.rejection(&fixture, id, OrderChanges(limitPrice: Self.price("99.5"))) == nil)
    }

    @Test("A market order is valued at the collar, so a change to one meets the notional limit that its price kept")
    func notional() throws {
        var limits = EngineFixture.open
        (limits.collar.basisPoints, limits.notional.maximum) = (1_000, 100_500)
        var fixture = EngineFixture(limits: limits)
        let id = try Self.working(&fixture, Self.order(fixture, .limit, price: "99"))
        #expect(try Self.rejection(&fixture, id, OrderChanges(orderType: .market))?.code == "notional_limits")
        #expect(try Self.rejection(&fixture, id, OrderChanges(limitPrice: Self.price("100.1"))) == nil)
    }

    @Test("V18: what only takes risk away passes a halt; all else does not", arguments: [Side.buy, .sell])
    func halted(side: Side) throws {
        var fixture = EngineFixture()
        let id = try Self.working(
            &fixture, Self.order(fixture, .limit, price: side == .buy ? "95" : "105", side: side))
        fixture.engine.apply(
            .stateChanged(
                TradingStateChange(scope: .firm, status: .halted, reason: "", by: "p", at: fixture.now)))
        let (further, nearer) = side == .buy ? ("94", "96") : ("106", "104")
        func rejection(_ changes: OrderChanges) throws -> ControlID? {
            try Self.rejection(&fixture, id, changes)?.control
        }
        #expect(try rejection(OrderChanges(quantity: 9)) == nil)
        #expect(try rejection(OrderChanges(limitPrice: Self.price(further))) == nil)
        #expect(try rejection(OrderChanges(quantity: 9, limitPrice: Self.price(further))) == nil)
        #expect(try rejection(OrderChanges(disclosedQuantity: 5)) == nil)
        #expect(try rejection(OrderChanges(limitPrice: Self.price(nearer))) == .tradingState)
        #expect(try rejection(OrderChanges(quantity: 11, limitPrice: Self.price(further))) == .tradingState)
        #expect(try rejection(OrderChanges(orderType: .market)) == .tradingState)
        #expect(try rejection(OrderChanges(timeInForce: .immediateOrCancel)) == .tradingState)
        #expect(try rejection(OrderChanges(options: "{\"protection\":\"9\"}")) == .tradingState)
    }

    @Test("An order that closes a position takes less risk away the further it is: a halt stops that")
    func haltedClosing() throws {
        var fixture = EngineFixture()
        let bought = try Self.working(&fixture, Self.order(fixture, .limit, price: "100"))
        try fixture.fill(bought.run, quantity: 10, execution: "e")
        let id = try Self.working(&fixture, Self.order(fixture, .limit, price: "101", side: .sell))
        fixture.engine.apply(
            .stateChanged(
                TradingStateChange(scope: .firm, status: .halted, reason: "", by: "p", at: fixture.now)))
        #expect(try Self.rejection(&fixture, id, OrderChanges(limitPrice: Self.price("105")))?.control == .tradingState)
        #expect(try Self.rejection(&fixture, id, OrderChanges(quantity: 5)) == nil)
    }

    @Test("C6: an order that only reduces is not enlarged beyond what is held")
    func reduceOnly() throws {
        var fixture = EngineFixture()
        let bought = try Self.working(&fixture, Self.order(fixture, .limit, price: "100"))
        try fixture.fill(bought.run, quantity: 10, execution: "e")
        var order = Self.order(fixture, .limit, price: "101", side: .sell, quantity: 5)
        order.isReduceOnly = true
        let id = try Self.working(&fixture, order)
        #expect(try Self.rejection(&fixture, id, OrderChanges(quantity: 11))?.control == .tradingState)
        #expect(try Self.rejection(&fixture, id, OrderChanges(quantity: 10, orderType: .market)) == nil)
    }

    @Test("C29: until its answer comes, a change to MARKET counts as a market order")
    func pendingMarket() throws {
        var limits = EngineFixture.open
        (limits.selfTrade.owners, limits.selfTrade.action) = (.owner, .reject)
        var fixture = EngineFixture(limits: limits)
        let id = try Self.working(&fixture, Self.order(fixture, .limit, price: "90"))
        let sell = fixture.parent(.sell, 1, account: 0, price: "99")
        #expect(try fixture.refusal(sell) == nil)
        fixture.engine.apply(try Self.ask(&fixture, id, OrderChanges(orderType: .market)).get())
        #expect(try fixture.refusal(sell)?.code == "self_trade")
        fixture.engine.apply(.replaceAnswered(run: id.run, order: 0, outcome: .rejected, error: nil))
        #expect(try fixture.refusal(sell) == nil)
        fixture.engine.apply(try Self.ask(&fixture, id, OrderChanges(orderType: .market)).get())
        fixture.engine.apply(.replaceAnswered(run: id.run, order: 0, outcome: .accepted, error: nil))
        #expect(try fixture.refusal(sell)?.code == "self_trade")
    }

    // MARK: States

    @Test("An order that is held, waits, or has an open change is not modified, and the refusal says what to do")
    func held() throws {
        var fixture = EngineFixture(
            limits: EngineFixture.limits {
                $0.rates = [RateWindow(limit: 1, window: 1_000_000_000)]
                $0.maximumHold = 5_000_000_000
            })
        try fixture.admit(Self.order(fixture, .limit, price: "99"))
        let run = try fixture.admit(Self.order(fixture, .limit, price: "98"))
        let id = LegID(run: run.id, index: 0)
        #expect(run.legStatus(0) == .held)
        let waiting = Self.refusal(&fixture, id, OrderChanges(quantity: 5))
        #expect(waiting?.code == "not_modifiable" && waiting?.value == "HELD")
        #expect(waiting?.remedy.contains("cancel it and place a new one") == true)
        fixture.engine.apply(.ordersReleased(run: run.id, orders: [0]))
        #expect(Self.refusal(&fixture, id, OrderChanges(quantity: 5))?.value == "RESERVED")
        fixture.engine.apply(.ordersQueued(run: run.id, orders: [0], durableAt: fixture.now, queuedAt: fixture.now))
        #expect(Self.refusal(&fixture, id, OrderChanges(quantity: 5))?.value == "SENT")
        fixture.answer(run.id)
        fixture.engine.apply(try Self.ask(&fixture, id, OrderChanges(quantity: 5)).get())
        let open = Self.refusal(&fixture, id, OrderChanges(quantity: 4))
        #expect(open?.value == "PENDING_REPLACE" && open?.remedy.contains("earlier change") == true)
    }

    @Test("A change whose answer is lost keeps the old terms until evidence comes; the snapshot keeps both")
    func unknown() throws {
        var fixture = EngineFixture()
        let id = try Self.working(&fixture, Self.order(fixture, .limit, price: "99"))
        let wish = OrderChanges(
            quantity: 12, stopPrice: Self.price("101"), orderType: .stop, timeInForce: .goodTillCancel,
            disclosedQuantity: 4, options: "{\"a\":1}")
        fixture.engine.apply(try Self.ask(&fixture, id, wish).get())
        fixture.engine.apply(.replaceAnswered(run: id.run, order: 0, outcome: .unknown, error: nil))
        var order = fixture.engine.runs[id.run]!.orders[0]
        #expect(order.status == .pendingReplace && order.orderType == .limit && order.reservedQuantity == 12)
        let bytes = fixture.engine.stateBytes()
        let restored = try Engine(clientOrderIDPrefix: 7, stateBytes: bytes)
        #expect(restored.runs[id.run]!.orders[0] == order)
        #expect(restored.runs[id.run]!.orders[0].replacement?.options == "{\"a\":1}")
        let wanted = try #require(order.wantedTerms)
        _ = order.apply(found: wanted)
        #expect(order.terms == wanted && order.orderType == .stop && order.timeInForce == .goodTillCancel)
        #expect(order.disclosedQuantity == 4 && order.limitPrice == 0 && order.replacement == nil)
        fixture.engine.apply(.termsFound(run: id.run, order: 0, terms: wanted, at: fixture.now))
        let again = try Engine(clientOrderIDPrefix: 7, stateBytes: fixture.engine.stateBytes())
        #expect(again.runs[id.run]!.orders[0] == fixture.engine.runs[id.run]!.orders[0])
    }

    @Test("A record of a modify from before words could change leaves them as they are")
    func oldRecords() throws {
        var fixture = EngineFixture()
        let id = try Self.working(&fixture, Self.order(fixture, .stopLimit, price: "102", stop: "101"))
        fixture.engine.apply(
            .replaceRequested(
                run: id.run, order: 0,
                replacement: Order.Replacement(
                    clientSequence: 50, quantity: 8, limitPrice: 1_030_000, stopPrice: 1_010_000), by: "k"))
        fixture.engine.apply(.replaceAnswered(run: id.run, order: 0, outcome: .accepted, error: nil))
        let order = fixture.engine.runs[id.run]!.orders[0]
        #expect(order.orderType == .stopLimit && order.quantity == 8 && order.timeInForce == .day)
    }
}
