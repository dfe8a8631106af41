public import Exact

/// A row of a quotes query. What is `nil` is unknown, never zero.
public struct QuoteRow: Hashable, Sendable {
    /// The host's number for the instrument, as the filter named it.
    public var instrument: UInt64
    public var instrumentID: String?
    public var last: ExactDecimal?
    public var lastSize: ExactDecimal?
    public var bid: ExactDecimal?
    public var bidSize: ExactDecimal?
    public var ask: ExactDecimal?
    public var askSize: ExactDecimal?
    /// The broker's own stamp.
    public var exchangeTime: Timestamp?

    /// A quote of an instrument.
    public init(
        instrument: UInt64, instrumentID: String? = nil, last: ExactDecimal? = nil, lastSize: ExactDecimal? = nil,
        bid: ExactDecimal? = nil, bidSize: ExactDecimal? = nil, ask: ExactDecimal? = nil, askSize: ExactDecimal? = nil,
        exchangeTime: Timestamp? = nil
    ) {
        self.instrument = instrument
        self.instrumentID = instrumentID
        self.last = last
        self.lastSize = lastSize
        self.bid = bid
        self.bidSize = bidSize
        self.ask = ask
        self.askSize = askSize
        self.exchangeTime = exchangeTime
    }
}

/// A row of a candles query: one finished bar.
public struct CandleRow: Hashable, Sendable {
    /// The host's number for the instrument, as the filter named it.
    public var instrument: UInt64
    public var instrumentID: String?
    public var start: Timestamp
    public var lengthNanoseconds: Int64
    public var open: ExactDecimal
    public var high: ExactDecimal
    public var low: ExactDecimal
    public var close: ExactDecimal
    public var volume: ExactDecimal?

    /// A bar of an instrument.
    public init(
        instrument: UInt64, instrumentID: String? = nil, start: Timestamp, lengthNanoseconds: Int64, open: ExactDecimal,
        high: ExactDecimal, low: ExactDecimal, close: ExactDecimal, volume: ExactDecimal? = nil
    ) {
        self.instrument = instrument
        self.instrumentID = instrumentID
        self.start = start
        self.lengthNanoseconds = lengthNanoseconds
        self.open = open
        self.high = high
        self.low = low
        self.close = close
        self.volume = volume
    }
}
