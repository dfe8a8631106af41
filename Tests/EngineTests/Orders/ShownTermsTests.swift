import Domain
import Testing

@testable import Engine

/// What a broker's row says of an order while a modify is open: the new terms, the old ones, or not enough.
@Suite("Terms that a broker shows of an order with an open modify")
struct ShownTermsTests {
    private static let whole = ModifyOffer(fields: Set(OrderChanges.Field.allCases))

    private struct Stage {
        var fixture = EngineFixture()
        let place: OrderPlace

        init(_ type: OrderType, price: String? = nil, stop: String? = nil, changes: OrderChanges? = nil) throws {
            var order = fixture.parent(.buy, 10, account: 0)
            order.orderType = type
            order.limitPrice = price.flatMap { ExactDecimal($0) }
            order.stopPrice = stop.flatMap { ExactDecimal($0) }
            let run = try fixture.admit(order)
            place = OrderPlace(run: run.id, order: 0)
            fixture.engine.apply(.ordersQueued(run: run.id, orders: [0], durableAt: fixture.now, queuedAt: fixture.now))
            fixture.answer(run.id)
            guard let changes else { return }
            fixture.engine.apply(
                try fixture.engine.requestReplace(
                    LegID(run: run.id, index: 0), changes, offer: whole, authority: .everything, by: "k",
                    now: fixture.now
                ).get())
        }

        var order: Order { fixture.engine.runs[place.run]!.orders[0] }

        func shown(
            _ type: OrderType?, price: String? = nil, stop: String? = nil, validity: TimeInForce? = nil,
            disclosed: ExactDecimal? = nil, quantity: ExactDecimal? = 10
        ) -> Order.Terms? {
            var row = BrokerOrder(
                OrderReport(
                    account: AccountID("A0")!, clientOrderID: nil, brokerOrderID: order.brokerOrderID,
                    exchangeOrderID: nil, state: .open))
            (row.orderType, row.quantity, row.timeInForce) = (type, quantity, validity)
            row.price = price.flatMap { ExactDecimal($0) }
            row.triggerPrice = stop.flatMap { ExactDecimal($0) }
            row.disclosedQuantity = disclosed
            return fixture.engine.terms(in: row, of: place)
        }
    }

    private static func price(_ text: String) -> ExactDecimal { ExactDecimal(text)! }

    @Test("LIMIT to STOP: the type tells, with the prices that it has")
    func limitToStop() throws {
        let stage = try Stage(
            .limit, price: "99", changes: OrderChanges(stopPrice: Self.price("101"), orderType: .stop))
        #expect(stage.shown(.limit, price: "99", stop: "0") == stage.order.terms)
        #expect(stage.shown(.stop, price: "0", stop: "101") == stage.order.wantedTerms)
        #expect(stage.shown(.stopLimit, price: "103", stop: "101") == stage.order.wantedTerms, "as brokers protect it")
        #expect(stage.shown(.stop, price: "0", stop: "0") == nil, "which trigger it has is not said")
        #expect(stage.shown(nil, price: "99") == nil, "a row without a type says nothing of a change of it")
    }

    @Test("LIMIT to MARKET: a limit at another price is what the broker made of it, at the old one it is the old order")
    func limitToMarket() throws {
        let stage = try Stage(.limit, price: "99", changes: OrderChanges(orderType: .market))
        #expect(stage.shown(.market, price: "0") == stage.order.wantedTerms)
        #expect(stage.shown(.limit, price: "99") == stage.order.terms)
        let protected = try #require(stage.shown(.limit, price: "102"))
        #expect(protected.limitPrice == 1_020_000 && protected.words.orderType == .limit)
    }

    @Test("MARKET to LIMIT: shown as a limit at the wanted price it is taken, at another it is the market order still")
    func marketToLimit() throws {
        let stage = try Stage(
            .market, changes: OrderChanges(limitPrice: Self.price("98"), orderType: .limit))
        #expect(stage.shown(.limit, price: "98") == stage.order.wantedTerms)
        #expect(stage.shown(.limit, price: "102") == stage.order.terms)
        #expect(stage.shown(.market) == stage.order.terms)
    }

    @Test("STOP to MARKET: a limit order may be either")
    func stopToMarket() throws {
        let stage = try Stage(.stop, stop: "101", changes: OrderChanges(orderType: .market))
        #expect(stage.shown(.limit, price: "103") == nil)
        #expect(stage.shown(.stop, stop: "101") == stage.order.terms)
        #expect(stage.shown(.market) == stage.order.wantedTerms)
    }

    @Test("A validity or a display that changes has to be shown before anything is said")
    func words() throws {
        let stage = try Stage(
            .limit, price: "99", changes: OrderChanges(timeInForce: .goodTillCancel, disclosedQuantity: 4))
        #expect(stage.shown(.limit, price: "99", validity: .goodTillCancel) == nil)
        #expect(stage.shown(.limit, price: "99", disclosed: 4) == nil)
        #expect(
            stage.shown(.limit, price: "99", validity: .goodTillCancel, disclosed: 4) == stage.order.wantedTerms)
        #expect(stage.shown(.limit, price: "99", validity: .day, disclosed: .zero) == stage.order.terms)
    }

    @Test("Without an open modify, a market order that its broker shows as a limit is no other order")
    func protectedAtBroker() throws {
        let market = try Stage(.market)
        #expect(market.shown(.limit, price: "102") == market.order.terms)
        let stop = try Stage(.stopLimit, price: "103", stop: "101")
        #expect(stop.shown(.limit, price: "103", stop: "0") == stop.order.terms, "triggered")
        let limit = try Stage(.limit, price: "99")
        #expect(limit.shown(.market)?.words.orderType == .market, "somebody changed it elsewhere")
        #expect(limit.shown(.stopLimit, price: "99") == nil, "a trigger that is not shown")
    }

    @Test("Terms that are found as they were do not say that options of a modify were taken")
    func optionsAlone() throws {
        var stage = try Stage(.limit, price: "99", changes: OrderChanges(options: "{}"))
        let sequence = stage.order.clientSequence
        let terms = try #require(stage.shown(.limit, price: "99"))
        stage.fixture.engine.apply(.termsFound(run: stage.place.run, order: 0, terms: terms, at: stage.fixture.now))
        #expect(stage.order.replacement == nil && stage.order.clientSequence == sequence)
    }
}
