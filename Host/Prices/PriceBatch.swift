package import Domain

/// A price with its stamps.
package struct StampedPrice: Hashable, Sendable {
    package var price: ExactDecimal
    package var size: ExactDecimal?
    /// The source's own time.
    package var sourceTime: Timestamp?
    /// When it reached us: what its age is counted from.
    package var receivedTime: Timestamp

    package init(
        price: ExactDecimal, size: ExactDecimal? = nil, sourceTime: Timestamp? = nil, receivedTime: Timestamp
    ) {
        (self.price, self.size, self.sourceTime, self.receivedTime) = (price, size, sourceTime, receivedTime)
    }
}

/// The price that controls measure with, and whose age they judge by its stamp.
package struct ReferencePrice: Hashable, Sendable {
    package enum Kind: Hashable, Sendable { case lastTrade, mid }
    package var kind: Kind
    package var price: ExactDecimal
    package var sourceTime: Timestamp?
    package var receivedTime: Timestamp
}

/// What is known of one instrument's prices. Each part has a stamp of its own: a new bid makes no trade younger.
package struct PriceState: Hashable, Sendable {
    package var last: StampedPrice?
    package var bid: StampedPrice?
    package var ask: StampedPrice?

    package init(last: StampedPrice? = nil, bid: StampedPrice? = nil, ask: StampedPrice? = nil) {
        (self.last, self.bid, self.ask) = (last, bid, ask)
    }

    /// Halfway between bid and ask, as old as the older of them. `nil` without both, and where they are crossed.
    package var mid: StampedPrice? {
        guard let bid, let ask, bid.price <= ask.price,
            let sum = bid.price.adding(ask.price), let half = ExactDecimal(mantissa: 5, exponent: -1),
            let price = sum.multiplied(by: half)
        else { return nil }
        let sourceTime: Timestamp? =
            if let first = bid.sourceTime, let second = ask.sourceTime { min(first, second) } else { nil }
        return StampedPrice(
            price: price, sourceTime: sourceTime, receivedTime: min(bid.receivedTime, ask.receivedTime))
    }

    /// The last trade; without one the mid; else nothing.
    package var reference: ReferencePrice? {
        if let last {
            return ReferencePrice(
                kind: .lastTrade, price: last.price, sourceTime: last.sourceTime, receivedTime: last.receivedTime)
        }
        return mid.map {
            ReferencePrice(kind: .mid, price: $0.price, sourceTime: $0.sourceTime, receivedTime: $0.receivedTime)
        }
    }

    /// Everything known as one quote, stamped with the oldest of its parts. `nil` where nothing is known.
    package func quote(of symbol: InstrumentID) -> Quote? {
        let parts = [last, bid, ask].compactMap(\.self)
        guard let oldest = parts.map(\.receivedTime).min() else { return nil }
        let sourceTimes = parts.compactMap(\.sourceTime)
        return Quote(
            symbol: symbol, last: last?.price, lastSize: last?.size, bid: bid?.price, bidSize: bid?.size,
            ask: ask?.price, askSize: ask?.size,
            sourceTime: sourceTimes.count == parts.count ? sourceTimes.min() : nil, receivedTime: oldest)
    }
}

package struct IndexedQuote: Hashable, Sendable {
    package var instrument: InstrumentIndex
    package var quote: Quote
    package init(_ instrument: InstrumentIndex, _ quote: Quote) { (self.instrument, self.quote) = (instrument, quote) }
}

package struct IndexedCandle: Hashable, Sendable {
    package var instrument: InstrumentIndex
    package var candle: Candle
    package init(_ instrument: InstrumentIndex, _ candle: Candle) {
        (self.instrument, self.candle) = (instrument, candle)
    }
}

/// News of prices: what a source hands in, and what subscribers get.
///
/// To subscribers: every quote holds what arrived together and nothing older, so its stamp holds for each of its fields;
/// of several for one instrument only the latest of each part is left. Candles are all there, in order.
package struct PriceBatch: Hashable, Sendable {
    package var quotes: [IndexedQuote] = []
    package var candles: [IndexedCandle] = []
    /// To subscribers: the reference price of every instrument whose reference is new. Sources leave it empty.
    package var references: [InstrumentIndex: ReferencePrice] = [:]

    package init(quotes: [IndexedQuote] = [], candles: [IndexedCandle] = []) {
        (self.quotes, self.candles) = (quotes, candles)
    }

    package var isEmpty: Bool { quotes.isEmpty && candles.isEmpty }
}
