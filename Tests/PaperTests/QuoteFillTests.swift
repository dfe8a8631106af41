import AdapterKit
import Exact
import Testing

@testable import Paper

@Suite("Fills from quotes")
struct QuoteFillTests {
    @Test("A market buy lifts the ask and a market sell hits the bid")
    func marketTakesTheOtherSide() throws {
        var desk = Desk()
        try desk.quote(last: "100", bid: "99.95", ask: "100.05")
        let buy = try desk.submit(.buy, 10)
        let sell = try desk.submit(.sell, 4)
        #expect(try desk.fills(buy) == ["10@100.05"])
        #expect(try desk.fills(sell) == ["4@99.95"])
        #expect(try desk.state(buy) == .filled)
    }

    @Test("Where only a last price is known an order fills at it")
    func lastPriceFills() throws {
        var desk = Desk()
        try desk.quote(last: "100")
        let buy = try desk.submit(.buy, 10)
        #expect(try desk.fills(buy) == ["10@100"])
    }

    @Test("A price off the tick is rounded against the order")
    func offTickPrices() throws {
        var desk = Desk()
        try desk.quote(last: "100.02")
        #expect(try desk.fillsOf(.buy, 1) == ["1@100.05"])
        #expect(try desk.fillsOf(.sell, 1) == ["1@100"])
    }

    @Test("A market order fills up to the size on offer and goes on with the next quote")
    func partialFill() throws {
        var desk = Desk()
        try desk.quote(bid: "99", bidSize: 5, ask: "100", askSize: 30)
        let buy = try desk.submit(.buy, 70)
        #expect(try desk.state(buy) == .partiallyFilled)
        try desk.quote(bid: "99", bidSize: 5, ask: "100.50", askSize: 15)
        try desk.quote(bid: "99", bidSize: 5, ask: "101", askSize: 100)
        #expect(try desk.fills(buy) == ["30@100", "15@100.5", "25@101"])
        #expect(try desk.state(buy) == .filled)
    }

    @Test("What one order took is gone for the next, until a new quote shows new size")
    func sizeIsShared() throws {
        var desk = Desk()
        try desk.quote(bid: "99", ask: "100", askSize: 30)
        try desk.submit(.buy, 20)
        let second = try desk.submit(.buy, 20)
        #expect(try desk.fills(second) == ["10@100"])
        try desk.quote(bid: "99", ask: "100", askSize: 30)
        #expect(try desk.fills(second) == ["10@100", "10@100"])
    }

    @Test("A quote that repeats the last one in every field shows no new size")
    func repeatedQuoteIsNoNews() throws {
        var desk = Desk()
        let instrument = try desk.broker.resolve(Desk.share)
        let quote = MarketQuote(bid: 99, ask: 100, askSize: 30, exchangeTime: Timestamp(nanoseconds: 5))
        desk.broker.apply(quote, to: instrument, at: desk.now)
        let buy = try desk.submit(.buy, 50)
        desk.broker.apply(quote, to: instrument, at: desk.now)
        #expect(try desk.fills(buy) == ["30@100"])
    }

    @Test("The setting for quote sizes scales what is on offer, in whole lots")
    func quoteSizeSetting() throws {
        var settings = Settings()
        settings.quoteSizeBasisPoints = 2_500
        var desk = Desk(settings)
        try desk.quote(bid: "99", ask: "100", askSize: 30)
        #expect(try desk.fillsOf(.buy, 50) == ["7@100"])
    }

    @Test("A limit order rests until the other side reaches it, and then takes the better price")
    func limitRests() throws {
        var desk = Desk()
        try desk.quote(bid: "99", ask: "101")
        let buy = try desk.submit(.buy, 10, .limit, price: "100")
        let sell = try desk.submit(.sell, 10, .limit, price: "102")
        #expect(try desk.state(buy) == .open)
        try desk.quote(bid: "98.5", ask: "99.5")
        #expect(try desk.fills(buy) == ["10@99.5"])
        #expect(try desk.state(sell) == .open)
        try desk.quote(bid: "102", ask: "103")
        #expect(try desk.fills(sell) == ["10@102"])
        #expect(try desk.order(sell).executions[0].isMaker)
    }

    @Test("Own orders share the size by price, then by time")
    func priceTimePriority() throws {
        var desk = Desk()
        try desk.quote(bid: "90", ask: "110")
        let low = try desk.submit(.buy, 10, .limit, price: "100")
        let early = try desk.submit(.buy, 10, .limit, price: "101")
        let late = try desk.submit(.buy, 10, .limit, price: "101")
        try desk.quote(bid: "90", ask: "100", askSize: 15)
        #expect(try desk.fills(early) == ["10@100"])
        #expect(try desk.fills(late) == ["5@100"])
        #expect(try desk.fills(low) == [])
    }

    @Test("A market order goes before limits, whenever it came")
    func marketGoesFirst() throws {
        var desk = Desk()
        try desk.quote(bid: "90", ask: "110", askSize: 0)
        let limit = try desk.submit(.buy, 10, .limit, price: "105")
        let market = try desk.submit(.buy, 10)
        try desk.quote(bid: "90", ask: "100", askSize: 15)
        #expect(try desk.fills(market) == ["10@100"])
        #expect(try desk.fills(limit) == ["5@100"])
    }

    @Test("A stop waits for its trigger, compared with the last price, and then takes the other side")
    func stopTriggers() throws {
        var desk = Desk()
        try desk.quote(last: "100", bid: "99.9", ask: "100.1")
        let stop = try desk.submit(.sell, 10, .stop, trigger: "95")
        #expect(try desk.state(stop) == .triggerPending)
        try desk.quote(last: "95.05", bid: "94.5", ask: "95.1")
        #expect(try desk.state(stop) == .triggerPending)
        try desk.quote(last: "95", bid: "94.5", ask: "95.1")
        #expect(try desk.fills(stop) == ["10@94.5"])
    }

    @Test("Without a last price a buy stop looks at the ask and a sell stop at the bid")
    func stopWithoutLast() throws {
        var desk = Desk()
        try desk.quote(bid: "99", ask: "101")
        let buy = try desk.submit(.buy, 1, .stop, trigger: "102")
        let sell = try desk.submit(.sell, 1, .stop, trigger: "98")
        try desk.quote(bid: "98.05", ask: "101.95")
        #expect(try desk.state(buy) == .triggerPending)
        #expect(try desk.state(sell) == .triggerPending)
        try desk.quote(bid: "98", ask: "102")
        #expect(try desk.fills(buy) == ["1@102"])
        #expect(try desk.fills(sell) == ["1@98"])
    }

    @Test("A last price alone triggers stops between two-sided quotes, and brings no new size")
    func lastBetweenQuotes() throws {
        var desk = Desk()
        try desk.quote(last: "100", bid: "99", ask: "101", askSize: 10)
        let limit = try desk.submit(.buy, 15, .limit, price: "101")
        let stop = try desk.submit(.sell, 5, .stop, trigger: "98")
        try desk.quote(last: "98")
        #expect(try desk.fills(stop) == ["5@99"])
        #expect(try desk.fills(limit) == ["10@101"])
    }

    @Test("A stop whose trigger is reached already when it comes is triggered at once")
    func stopBehindTheMarket() throws {
        var desk = Desk()
        try desk.quote(last: "100", bid: "99", ask: "101")
        #expect(try desk.fillsOf(.buy, 1, .stop, trigger: "99") == ["1@101"])
    }

    @Test("A triggered stop-limit is a limit order: it may rest")
    func stopLimit() throws {
        var desk = Desk()
        try desk.quote(last: "100", bid: "99.5", ask: "100.5")
        let stop = try desk.submit(.buy, 10, .stopLimit, price: "102", trigger: "101")
        try desk.quote(last: "101", bid: "102", ask: "103")
        #expect(try desk.state(stop) == .open)
        #expect(try desk.fills(stop) == [])
        try desk.quote(last: "102", bid: "101", ask: "102")
        #expect(try desk.fills(stop) == ["10@102"])
    }

    @Test("Slippage is against a taker, to the tick, and never beyond a limit; a maker has none")
    func slippage() throws {
        var settings = Settings()
        settings.slippageBasisPoints = 7
        var desk = Desk(settings)
        try desk.quote(bid: "100", ask: "100")
        #expect(try desk.fillsOf(.buy, 1) == ["1@100.1"])  // 0.07, up to two ticks
        #expect(try desk.fillsOf(.sell, 1) == ["1@99.9"])
        #expect(try desk.fillsOf(.buy, 1, .limit, price: "100.05") == ["1@100.05"])
        let resting = try desk.submit(.buy, 1, .limit, price: "99")
        try desk.quote(bid: "98", ask: "98.5")
        #expect(try desk.fills(resting) == ["1@98.5"])
    }

    @Test("Orders that come before any price wait, and meet the first one as if they had come with it")
    func firstPrice() throws {
        var desk = Desk()
        let market = try desk.submit(.buy, 10)
        let limit = try desk.submit(.buy, 10, .limit, price: "101")
        let immediate = try desk.submit(.buy, 10, .limit, price: "101", .immediateOrCancel)
        let whole = try desk.submit(.buy, 100, .limit, price: "101", .fillOrKill)
        let stop = try desk.submit(.sell, 5, .stop, trigger: "100")
        for number in [market, limit, immediate, whole] { #expect(try desk.state(number) == .open) }
        try desk.quote(last: "100", bid: "99", ask: "100.5", askSize: 25)
        #expect(try desk.fills(market) == ["10@100.5"])
        #expect(try desk.fills(limit) == ["10@100.5"])
        #expect(try desk.fills(immediate) == ["5@100.5"])
        #expect(try desk.state(immediate) == .canceled)
        #expect(try desk.state(whole) == .canceled)
        #expect(try desk.fills(stop) == ["5@99"])
    }

    @Test("Crossed and senseless quotes move nothing")
    func senselessQuotes() throws {
        var desk = Desk()
        try desk.quote(bid: "99", ask: "101")
        let buy = try desk.submit(.buy, 1, .limit, price: "100")
        try desk.quote(bid: "105", ask: "95")
        try desk.quote(bid: "0", ask: "0")
        try desk.quote(last: "-5")
        #expect(try desk.state(buy) == .open)
        #expect(try desk.fillsOf(.buy, 1) == ["1@101"])
    }

    @Test("A side that is not quoted fills nothing while the other side is")
    func oneSidedMarket() throws {
        var desk = Desk()
        try desk.quote(last: "100", bid: "99")
        #expect(try desk.fillsOf(.buy, 1) == [])
        #expect(try desk.fillsOf(.sell, 1) == ["1@99"])
    }

    @Test("Two accounts share nothing, not even size")
    func accountsAreApart() throws {
        var (first, second) = (Desk(), Desk())
        try first.quote(bid: "99", ask: "100", askSize: 10)
        try second.quote(bid: "99", ask: "100", askSize: 10)
        #expect(try first.fillsOf(.buy, 10) == ["10@100"])
        #expect(try second.fillsOf(.buy, 10) == ["10@100"])
    }
}
