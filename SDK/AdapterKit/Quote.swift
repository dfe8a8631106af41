import CSluice
public import Exact

/// The latest prices of a watched instrument. What is `nil` is unknown, never zero. A view: it lives as long as the call
/// it came with.
public struct Quote: ~Escapable {
    let cell: Cell

    @_lifetime(immortal)
    init(_ cell: Cell) { self.cell = cell }

    /// The host's number for the instrument: the cheap key.
    public var instrument: UInt64 { cell.uint64(SLUICE_AT_quote_instrument) }
    public var instrumentID: String { cell.text(SLUICE_AT_quote_instrument_id) ?? "" }
    public var last: ExactDecimal? { cell.decimal(SLUICE_AT_quote_last) }
    public var lastSize: ExactDecimal? { cell.decimal(SLUICE_AT_quote_last_size) }
    public var bid: ExactDecimal? { cell.decimal(SLUICE_AT_quote_bid) }
    public var bidSize: ExactDecimal? { cell.decimal(SLUICE_AT_quote_bid_size) }
    public var ask: ExactDecimal? { cell.decimal(SLUICE_AT_quote_ask) }
    public var askSize: ExactDecimal? { cell.decimal(SLUICE_AT_quote_ask_size) }
    /// The source's own stamp.
    public var exchangeTime: Timestamp? { cell.time(SLUICE_AT_quote_exchange_time) }
    /// The host's stamp at arrival.
    public var receivedTime: Timestamp? { cell.time(SLUICE_AT_quote_received_time) }
}

/// A finished bar, delivered at its end. A view: it lives as long as the call it came with.
public struct Candle: ~Escapable {
    let cell: Cell

    @_lifetime(immortal)
    init(_ cell: Cell) { self.cell = cell }

    /// The host's number for the instrument: the cheap key.
    public var instrument: UInt64 { cell.uint64(SLUICE_AT_candle_instrument) }
    public var instrumentID: String { cell.text(SLUICE_AT_candle_instrument_id) ?? "" }
    /// Where the bar begins, by the source's own clock.
    public var start: Timestamp? { cell.time(SLUICE_AT_candle_start) }
    public var lengthNanoseconds: Int64 { cell.int64(SLUICE_AT_candle_length_ns) }
    public var open: ExactDecimal? { cell.decimal(SLUICE_AT_candle_open) }
    public var high: ExactDecimal? { cell.decimal(SLUICE_AT_candle_high) }
    public var low: ExactDecimal? { cell.decimal(SLUICE_AT_candle_low) }
    public var close: ExactDecimal? { cell.decimal(SLUICE_AT_candle_close) }
    public var volume: ExactDecimal? { cell.decimal(SLUICE_AT_candle_volume) }
    /// The host's stamp at arrival.
    public var receivedTime: Timestamp? { cell.time(SLUICE_AT_candle_received_time) }
}

extension Cell {
    /// The first field of a quote that breaks the contract, or `nil`.
    func brokenQuoteField() -> StaticString? {
        if isBrokenText(SLUICE_AT_quote_instrument_id) { return "quote.instrument_id" }
        if isBrokenDecimal(SLUICE_AT_quote_last) || isBrokenDecimal(SLUICE_AT_quote_last_size) { return "quote.last" }
        if isBrokenDecimal(SLUICE_AT_quote_bid) || isBrokenDecimal(SLUICE_AT_quote_bid_size) { return "quote.bid" }
        if isBrokenDecimal(SLUICE_AT_quote_ask) || isBrokenDecimal(SLUICE_AT_quote_ask_size) { return "quote.ask" }
        return nil
    }

    /// The first field of a candle that breaks the contract, or `nil`.
    func brokenCandleField() -> StaticString? {
        if isBrokenText(SLUICE_AT_candle_instrument_id) { return "candle.instrument_id" }
        if isBrokenDecimal(SLUICE_AT_candle_open) { return "candle.open" }
        if isBrokenDecimal(SLUICE_AT_candle_high) { return "candle.high" }
        if isBrokenDecimal(SLUICE_AT_candle_low) { return "candle.low" }
        if isBrokenDecimal(SLUICE_AT_candle_close) { return "candle.close" }
        if isBrokenDecimal(SLUICE_AT_candle_volume) { return "candle.volume" }
        return nil
    }
}
