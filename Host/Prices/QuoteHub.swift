package import Domain
import NIOConcurrencyHelpers

/// Where prices arrive, are stamped, kept and passed on.
///
/// Any thread publishes. Subscribers are called on a publishing thread, one batch at a time, no lock held; what another
/// thread (or a subscriber) publishes meanwhile is delivered by the same thread next, quotes conflated to the latest,
/// candles complete.
package final class QuoteHub: Sendable {
    /// What the hub holds at most.
    package struct Limits: Hashable, Sendable {
        /// Instruments with prices; a batch that brings more is refused.
        package var instruments = 200_000
        /// Candles waiting for subscribers; a batch that brings more is refused.
        package var waitingCandles = 65_536
        package var subscribers = 64

        package init() {}
    }

    /// A batch was refused as a whole and changed nothing. Offer it again later; nothing of it is lost here.
    package struct Overflow: Error, Hashable, Sendable, CustomStringConvertible {
        package let description: String
    }

    /// Keeps a subscriber. Ends by `cancel()` or when the last reference goes; a call that has begun may still run then.
    package final class Subscription: Sendable {
        private let end: @Sendable () -> Void
        fileprivate init(_ end: @escaping @Sendable () -> Void) { self.end = end }
        package func cancel() { end() }
        deinit { end() }
    }

    private struct State {
        var prices: [Int32: PriceState] = [:]
        var waiting = Waiting()
        var isDelivering = false
        var subscribers: [(id: UInt64, body: @Sendable (PriceBatch) -> Void)] = []
        var lastSubscriber: UInt64 = 0
    }

    private let clock: any WallClock
    private let limits: Limits
    private let state = NIOLockedValueBox(State())

    package init(clock: any WallClock, limits: Limits = Limits()) { (self.clock, self.limits) = (clock, limits) }

    // MARK: Reading

    package func state(of instrument: InstrumentIndex) -> PriceState? {
        state.withLockedValue { $0.prices[instrument.rawValue] }
    }

    package func reference(of instrument: InstrumentIndex) -> ReferencePrice? { state(of: instrument)?.reference }

    // MARK: Publishing

    /// Stamps a batch with the time of arrival and passes it on. Stamps that it has are overwritten.
    package func publish(_ batch: PriceBatch) throws(Overflow) {
        guard !batch.isEmpty else { return }
        let now = clock.now()
        let outcome = state.withLockedValue { state -> Result<Bool, Overflow> in
            if let overflow = overflow(of: batch, in: state) { return .failure(overflow) }
            for entry in batch.quotes { Self.take(entry, at: now, in: &state) }
            for entry in batch.candles {
                var candle = entry.candle
                candle.receivedTime = now
                state.waiting.candles.append(IndexedCandle(entry.instrument, candle))
            }
            defer { state.isDelivering = true }
            return .success(!state.isDelivering)
        }
        if try outcome.get() { deliver() }
    }

    /// Prices whose source is gone: from now on there are none, until the next that comes. What waits for subscribers is
    /// still passed on, with the time it arrived at.
    package func forget(_ instruments: [InstrumentIndex]) {
        state.withLockedValue { state in
            for instrument in instruments { state.prices[instrument.rawValue] = nil }
        }
    }

    private func overflow(of batch: PriceBatch, in state: State) -> Overflow? {
        if state.waiting.candles.count + batch.candles.count > limits.waitingCandles {
            return Overflow(description: "\(limits.waitingCandles) candles wait for subscribers already")
        }
        guard state.prices.count + batch.quotes.count > limits.instruments else { return nil }
        let new = Set(batch.quotes.map(\.instrument.rawValue)).filter { state.prices[$0] == nil }
        return state.prices.count + new.count > limits.instruments
            ? Overflow(description: "\(limits.instruments) instruments have prices already") : nil
    }

    private static func take(_ entry: IndexedQuote, at now: Timestamp, in state: inout State) {
        let (quote, number) = (entry.quote, entry.instrument.rawValue)
        func stamped(_ price: ExactDecimal?, _ size: ExactDecimal?) -> StampedPrice? {
            price.map { StampedPrice(price: $0, size: size, sourceTime: quote.sourceTime, receivedTime: now) }
        }
        let news = PriceState(
            last: stamped(quote.last, quote.lastSize), bid: stamped(quote.bid, quote.bidSize),
            ask: stamped(quote.ask, quote.askSize))
        guard news != PriceState() else { return }
        state.prices[number, default: PriceState()].update(with: news)
        state.waiting.add(news, to: number, symbol: quote.symbol)
    }

    /// Delivers until nothing waits. Only one thread is in here at a time.
    private func deliver() {
        while true {
            let next = state.withLockedValue { state -> (PriceBatch, [@Sendable (PriceBatch) -> Void])? in
                guard !state.waiting.isEmpty else {
                    state.isDelivering = false
                    return nil
                }
                let batch = state.waiting.batch(prices: state.prices)
                state.waiting = Waiting()
                return (batch, state.subscribers.map(\.body))
            }
            guard let (batch, subscribers) = next else { return }
            for body in subscribers { body(batch) }
        }
    }

    // MARK: Subscribing

    /// Calls `body` with every batch from now on, after the subscribers before it. `body` must not block: it holds up the
    /// source. `nil` where the hub has as many subscribers as it takes.
    package func subscribe(_ body: @escaping @Sendable (PriceBatch) -> Void) -> Subscription? {
        let id = state.withLockedValue { state -> UInt64? in
            guard state.subscribers.count < limits.subscribers else { return nil }
            state.lastSubscriber += 1
            state.subscribers.append((state.lastSubscriber, body))
            return state.lastSubscriber
        }
        return id.map { id in
            Subscription { [state] in state.withLockedValue { $0.subscribers.removeAll { $0.id == id } } }
        }
    }
}

extension PriceState {
    /// Takes the parts that `news` has.
    fileprivate mutating func update(with news: PriceState) {
        last = news.last ?? last
        bid = news.bid ?? bid
        ask = news.ask ?? ask
    }
}

/// What subscribers have not seen yet: one state an instrument, every candle.
private struct Waiting {
    var order: [Int32] = []
    var quotes: [Int32: (symbol: InstrumentID, news: PriceState)] = [:]
    var candles: [IndexedCandle] = []

    var isEmpty: Bool { order.isEmpty && candles.isEmpty }

    mutating func add(_ news: PriceState, to number: Int32, symbol: InstrumentID) {
        if quotes[number] == nil {
            order.append(number)
            quotes[number] = (symbol, news)
        } else {
            quotes[number]?.news.update(with: news)
        }
    }

    func batch(prices: [Int32: PriceState]) -> PriceBatch {
        var batch = PriceBatch(candles: candles)
        for number in order {
            guard let (symbol, news) = quotes[number] else { continue }
            let index = InstrumentIndex(number)
            for quote in Self.quotes(of: symbol, news) { batch.quotes.append(IndexedQuote(index, quote)) }
            guard let state = prices[number], let reference = state.reference else { continue }
            if reference.kind == .mid || news.last != nil { batch.references[index] = reference }
        }
        return batch
    }

    /// One quote for parts that came together, several where they came one after the other.
    private static func quotes(of symbol: InstrumentID, _ news: PriceState) -> [Quote] {
        var result: [Quote] = []
        func place(_ part: StampedPrice?, _ set: (inout Quote, StampedPrice) -> Void) {
            guard let part else { return }
            let found = result.firstIndex {
                $0.receivedTime == part.receivedTime && $0.sourceTime == part.sourceTime
            }
            if let found {
                set(&result[found], part)
            } else {
                var quote = Quote(symbol: symbol, sourceTime: part.sourceTime, receivedTime: part.receivedTime)
                set(&quote, part)
                result.append(quote)
            }
        }
        place(news.last) { ($0.last, $0.lastSize) = ($1.price, $1.size) }
        place(news.bid) { ($0.bid, $0.bidSize) = ($1.price, $1.size) }
        place(news.ask) { ($0.ask, $0.askSize) = ($1.price, $1.size) }
        return result
    }
}
