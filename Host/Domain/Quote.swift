/// The latest prices of one instrument. An absent field is unknown, never zero.
package struct Quote: Hashable, Sendable {
    package var symbol: InstrumentID
    package var last: ExactDecimal?
    package var lastSize: ExactDecimal?
    package var bid: ExactDecimal?
    package var bidSize: ExactDecimal?
    package var ask: ExactDecimal?
    package var askSize: ExactDecimal?
    /// The source's own stamp.
    package var sourceTime: Timestamp?
    /// The host's stamp at arrival: what the age of a reference price is counted from.
    package var receivedTime: Timestamp

    package init(
        symbol: InstrumentID, last: ExactDecimal? = nil, lastSize: ExactDecimal? = nil, bid: ExactDecimal? = nil,
        bidSize: ExactDecimal? = nil, ask: ExactDecimal? = nil, askSize: ExactDecimal? = nil,
        sourceTime: Timestamp? = nil, receivedTime: Timestamp
    ) {
        (self.symbol, self.last, self.lastSize) = (symbol, last, lastSize)
        (self.bid, self.bidSize, self.ask, self.askSize) = (bid, bidSize, ask, askSize)
        (self.sourceTime, self.receivedTime) = (sourceTime, receivedTime)
    }
}

/// A finished bar.
package struct Candle: Hashable, Sendable {
    package var symbol: InstrumentID
    /// Start of the bar, the source's own time.
    package var start: Timestamp
    package var lengthNanoseconds: Int64
    package var open: ExactDecimal
    package var high: ExactDecimal
    package var low: ExactDecimal
    package var close: ExactDecimal
    package var volume: ExactDecimal
    package var receivedTime: Timestamp

    package init(
        symbol: InstrumentID, start: Timestamp, lengthNanoseconds: Int64, open: ExactDecimal, high: ExactDecimal,
        low: ExactDecimal, close: ExactDecimal, volume: ExactDecimal, receivedTime: Timestamp
    ) {
        (self.symbol, self.start, self.lengthNanoseconds) = (symbol, start, lengthNanoseconds)
        (self.open, self.high, self.low, self.close) = (open, high, low, close)
        (self.volume, self.receivedTime) = (volume, receivedTime)
    }
}
