import CSluice
public import Exact

/// One level of a book.
public struct BookLevel: Hashable, Sendable {
    public var price: ExactDecimal
    public var quantity: ExactDecimal
    /// Orders that stand there; 0: not said.
    public var orders: UInt32

    /// A level by its price and quantity.
    public init(price: ExactDecimal, quantity: ExactDecimal, orders: UInt32 = 0) {
        self.price = price
        self.quantity = quantity
        self.orders = orders
    }
}

/// One price of a subscription. What is `nil` is unknown, never zero.
public struct Tick: Hashable, Sendable {
    /// As the subscription named it, 0: not known.
    public var instrument: UInt64
    /// Where the number is not known.
    public var instrumentID: String?
    public var last: ExactDecimal?
    public var lastQuantity: ExactDecimal?
    public var averagePrice: ExactDecimal?
    public var volume: ExactDecimal?
    public var totalBidQuantity: ExactDecimal?
    public var totalAskQuantity: ExactDecimal?
    public var open: ExactDecimal?
    public var high: ExactDecimal?
    public var low: ExactDecimal?
    public var close: ExactDecimal?
    public var openInterest: ExactDecimal?
    public var openInterestHigh: ExactDecimal?
    public var openInterestLow: ExactDecimal?
    public var lastTradeTime: Timestamp?
    public var exchangeTime: Timestamp?
    /// Best first.
    public var bids: [BookLevel] = []
    public var asks: [BookLevel] = []

    /// A tick of an instrument; set what the broker told.
    public init(instrument: UInt64, instrumentID: String? = nil) {
        self.instrument = instrument
        self.instrumentID = instrumentID
    }
}

extension Host {
    /// Prices of subscribed instruments.
    @discardableResult
    public func ticks(_ ticks: [Tick]) -> HostStatus {
        inChunks(ticks) { chunk in
            callServices { table, services, scratch in services.pointee.ticks(table, scratch.pointee.ticks(chunk)) }
        }
    }
}

extension Scratch {
    mutating func ticks(_ ticks: ArraySlice<Tick>) -> sluice_span {
        list(ticks, of: sluice_tick(), size: SLUICE_SIZE_tick) { scratch, tick, entity in
            entity.instrument = tick.instrument
            entity.instrument_id = scratch.text(tick.instrumentID)
            entity.last = scratch.decimal(tick.last)
            entity.last_quantity = scratch.decimal(tick.lastQuantity)
            entity.average_price = scratch.decimal(tick.averagePrice)
            entity.volume = scratch.decimal(tick.volume)
            entity.total_bid_quantity = scratch.decimal(tick.totalBidQuantity)
            entity.total_ask_quantity = scratch.decimal(tick.totalAskQuantity)
            entity.open = scratch.decimal(tick.open)
            entity.high = scratch.decimal(tick.high)
            entity.low = scratch.decimal(tick.low)
            entity.close = scratch.decimal(tick.close)
            entity.open_interest = scratch.decimal(tick.openInterest)
            entity.open_interest_high = scratch.decimal(tick.openInterestHigh)
            entity.open_interest_low = scratch.decimal(tick.openInterestLow)
            entity.last_trade_time = scratch.time(tick.lastTradeTime)
            entity.exchange_time = scratch.time(tick.exchangeTime)
            entity.bids = scratch.levels(tick.bids)
            entity.asks = scratch.levels(tick.asks)
        }
    }

    private mutating func levels(_ levels: [BookLevel]) -> sluice_span {
        list(levels, of: sluice_level(), size: SLUICE_SIZE_level) { scratch, level, entity in
            entity.orders = level.orders
            entity.price = scratch.decimal(level.price)
            entity.quantity = scratch.decimal(level.quantity)
        }
    }
}
