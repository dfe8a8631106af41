import Domain
import InstrumentKit
import NIOConcurrencyHelpers
import Prices
import Testing

private let a = InstrumentIndex(0)
private let b = InstrumentIndex(1)

private func quote(
    last: ExactDecimal? = nil, bid: ExactDecimal? = nil, ask: ExactDecimal? = nil, source: Int64? = nil
) -> Quote {
    Quote(
        symbol: id("US:EQ:A"), last: last, bid: bid, ask: ask, sourceTime: source.map { Timestamp(nanoseconds: $0) },
        receivedTime: Timestamp(nanoseconds: 0))
}

private func candle(_ close: ExactDecimal) -> Candle {
    Candle(
        symbol: id("US:EQ:A"), start: Timestamp(nanoseconds: 5), lengthNanoseconds: 60, open: close, high: close,
        low: close,
        close: close, volume: 1, receivedTime: Timestamp(nanoseconds: 0))
}

@Suite("Quote hub")
struct QuoteHubTests {
    private let clock = ManualClock()

    @Test("What arrives is stamped with the clock, and the source's time is kept apart")
    func stamps() throws {
        let hub = QuoteHub(clock: clock)
        let recorder = Recorder()
        let subscription = try #require(hub.subscribe(recorder.record))
        try hub.publish(PriceBatch(quotes: [.init(a, quote(last: 5, source: 42))], candles: [.init(a, candle(5))]))
        #expect(
            recorder.quotes.map(\.receivedTime) == [clock.now()]
                && recorder.quotes.map(\.sourceTime?.nanoseconds) == [42])
        #expect(
            recorder.candles.map(\.receivedTime) == [clock.now()] && recorder.candles.map(\.start.nanoseconds) == [5])
        subscription.cancel()
    }

    @Test("The reference is the last trade, else the mid, else nothing, each with its own stamp")
    func reference() throws {
        let hub = QuoteHub(clock: clock)
        #expect(hub.reference(of: a) == nil)
        try hub.publish(PriceBatch(quotes: [.init(a, quote(bid: 10))]))
        #expect(hub.reference(of: a) == nil)
        let bidTime = clock.now()
        clock.advance(1_000)
        try hub.publish(PriceBatch(quotes: [.init(a, quote(ask: 11))]))
        #expect(hub.reference(of: a)?.kind == .mid)
        #expect(hub.reference(of: a)?.price == ExactDecimal("10.5"))
        #expect(hub.reference(of: a)?.receivedTime == bidTime)
        clock.advance(1_000)
        try hub.publish(PriceBatch(quotes: [.init(a, quote(last: 12))]))
        let tradeTime = clock.now()
        clock.advance(1_000)
        try hub.publish(PriceBatch(quotes: [.init(a, quote(bid: 13, ask: 14))]))
        #expect(hub.reference(of: a)?.price == 12)
        #expect(hub.reference(of: a)?.receivedTime == tradeTime)
        #expect(hub.state(of: a)?.quote(of: id("US:EQ:A"))?.receivedTime == tradeTime)
    }

    @Test("Prices whose source is gone are none until the next that comes")
    func forgotten() throws {
        let hub = QuoteHub(clock: clock)
        try hub.publish(PriceBatch(quotes: [IndexedQuote(a, quote(last: 100)), IndexedQuote(b, quote(last: 200))]))
        hub.forget([a, InstrumentIndex(7)])
        #expect(hub.reference(of: a) == nil)
        #expect(hub.reference(of: b)?.price == 200)
        try hub.publish(PriceBatch(quotes: [IndexedQuote(a, quote(last: 101))]))
        #expect(hub.reference(of: a)?.price == 101)
    }

    @Test("A crossed book has no mid")
    func crossed() throws {
        let hub = QuoteHub(clock: clock)
        try hub.publish(PriceBatch(quotes: [.init(a, quote(bid: 11, ask: 10))]))
        #expect(hub.reference(of: a) == nil)
        try hub.publish(PriceBatch(quotes: [.init(a, quote(bid: 10))]))
        #expect(hub.reference(of: a)?.price == 10)
    }

    @Test("Within a batch only the latest quote of an instrument is left, and every candle")
    func conflation() throws {
        let hub = QuoteHub(clock: clock)
        let recorder = Recorder()
        let subscription = try #require(hub.subscribe(recorder.record))
        let quotes = (1...50).map { IndexedQuote($0 % 2 == 0 ? a : b, quote(last: ExactDecimal(Int64($0)))) }
        try hub.publish(
            PriceBatch(quotes: quotes, candles: (1...50).map { IndexedCandle(a, candle(ExactDecimal(Int64($0)))) }))
        #expect(recorder.quotes.map(\.last) == [49, 50])
        #expect(recorder.candles.map(\.close) == (1...50).map { ExactDecimal(Int64($0)) })
        #expect(recorder.all.first?.references.mapValues(\.price) == [a: 50, b: 49])
        subscription.cancel()
    }

    @Test("What is published during a delivery comes after it: conflated, but never with a stamp that is not its own")
    func reentrantPublishing() throws {
        let hub = QuoteHub(clock: clock)
        let recorder = Recorder()
        let isFirst = NIOLockedValueBox(true)
        let clock = self.clock
        let publisher = try #require(
            hub.subscribe { _ in
                guard isFirst.withLockedValue({ exchange(&$0, with: false) }) else { return }
                for price: ExactDecimal in [1, 2, 3] {
                    clock.advance(10)
                    try? hub.publish(
                        PriceBatch(quotes: [.init(a, quote(last: price))], candles: [.init(a, candle(price))]))
                }
                clock.advance(10)
                try? hub.publish(PriceBatch(quotes: [.init(a, quote(bid: 4))]))
            })
        let subscription = try #require(hub.subscribe(recorder.record))
        let start = clock.now()
        try hub.publish(PriceBatch(quotes: [.init(b, quote(last: 9))]))
        #expect(recorder.all.count == 2)
        let quotes = recorder.all.last?.quotes.map(\.quote) ?? []
        #expect(quotes.map(\.last) == [3, nil] && quotes.map(\.bid) == [nil, 4])
        #expect(quotes.map { $0.receivedTime.since(start) } == [30, 40])
        #expect(recorder.candles.map(\.close) == [1, 2, 3])
        _ = (publisher, subscription)
    }

    @Test("A hub that is full refuses the whole batch and changes nothing")
    func bounds() throws {
        var limits = QuoteHub.Limits()
        (limits.instruments, limits.waitingCandles, limits.subscribers) = (1, 3, 1)
        let hub = QuoteHub(clock: clock, limits: limits)
        try hub.publish(PriceBatch(quotes: [.init(a, quote(last: 1))]))
        #expect(throws: QuoteHub.Overflow.self) {
            try hub.publish(PriceBatch(quotes: [.init(a, quote(last: 2)), .init(b, quote(last: 2))]))
        }
        #expect(throws: QuoteHub.Overflow.self) {
            try hub.publish(
                PriceBatch(quotes: [.init(a, quote(last: 2))], candles: (0..<4).map { _ in .init(a, candle(1)) }))
        }
        #expect(hub.reference(of: a)?.price == 1)
        let subscription = hub.subscribe { _ in }
        #expect(subscription != nil && hub.subscribe { _ in } == nil)
        subscription?.cancel()
        #expect(hub.subscribe { _ in } != nil)
    }

    @Test("A subscription ends when it is cancelled or let go")
    func subscriptions() throws {
        let hub = QuoteHub(clock: clock)
        let recorder = Recorder()
        var subscription = hub.subscribe(recorder.record)
        subscription?.cancel()
        try hub.publish(PriceBatch(quotes: [.init(a, quote(last: 1))]))
        subscription = hub.subscribe(recorder.record)
        subscription = nil
        try hub.publish(PriceBatch(quotes: [.init(a, quote(last: 2))]))
        #expect(recorder.all.isEmpty && subscription == nil)
    }

    @Test("Publishing from many threads loses no candle and ends at the latest quote")
    func manyThreads() async throws {
        let hub = QuoteHub(clock: clock)
        let recorder = Recorder()
        let subscription = try #require(hub.subscribe(recorder.record))
        await withTaskGroup { group in
            for thread in 0..<8 {
                group.addTask {
                    for number in 0..<200 {
                        let price = ExactDecimal(Int64(thread * 1_000 + number))
                        try? hub.publish(
                            PriceBatch(
                                quotes: [.init(InstrumentIndex(Int32(thread)), quote(last: price))],
                                candles: [.init(InstrumentIndex(Int32(thread)), candle(price))]))
                    }
                }
            }
        }
        #expect(recorder.candles.count == 1_600)
        for thread in 0..<8 {
            let closes = recorder.candles.map(\.close).filter { ($0.int64 ?? 0) / 1_000 == thread }
            #expect(closes == closes.sorted())
            #expect(
                hub.reference(of: InstrumentIndex(Int32(thread)))?.price == ExactDecimal(Int64(thread * 1_000 + 199)))
        }
        subscription.cancel()
    }

    private func exchange<Value>(_ value: inout Value, with new: Value) -> Value {
        defer { value = new }
        return value
    }
}
