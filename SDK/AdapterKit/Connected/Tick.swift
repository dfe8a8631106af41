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
        var start = 0
        while start < ticks.count {
            let end = min(start + Host.chunk, ticks.count)
            let status = callServices { table, services, scratch in
                services.pointee.ticks(table, scratch.pointee.ticks(ticks[start..<end]))
            }
            guard status.isOK else { return status }
            start = end
        }
        return .ok
    }
}

extension Scratch {
    mutating func ticks(_ ticks: ArraySlice<Tick>) -> sluice_span {
        let start = take(ticks.count * SLUICE_SIZE_tick)
        for (index, tick) in ticks.enumerated() {
            var entity = sluice_tick()
            entity.struct_size = UInt32(SLUICE_SIZE_tick)
            entity.instrument = tick.instrument
            entity.instrument_id = text(tick.instrumentID)
            entity.last = decimal(tick.last)
            entity.last_quantity = decimal(tick.lastQuantity)
            entity.average_price = decimal(tick.averagePrice)
            entity.volume = decimal(tick.volume)
            entity.total_bid_quantity = decimal(tick.totalBidQuantity)
            entity.total_ask_quantity = decimal(tick.totalAskQuantity)
            entity.open = decimal(tick.open)
            entity.high = decimal(tick.high)
            entity.low = decimal(tick.low)
            entity.close = decimal(tick.close)
            entity.open_interest = decimal(tick.openInterest)
            entity.open_interest_high = decimal(tick.openInterestHigh)
            entity.open_interest_low = decimal(tick.openInterestLow)
            entity.last_trade_time = time(tick.lastTradeTime)
            entity.exchange_time = time(tick.exchangeTime)
            entity.bids = levels(tick.bids)
            entity.asks = levels(tick.asks)
            (start + index * SLUICE_SIZE_tick).assumingMemoryBound(to: sluice_tick.self).pointee = entity
        }
        return span(start, count: ticks.count, stride: SLUICE_SIZE_tick)
    }

    private mutating func levels(_ levels: [BookLevel]) -> sluice_span {
        guard !levels.isEmpty else { return sluice_span() }
        let start = take(levels.count * SLUICE_SIZE_level)
        for (index, level) in levels.enumerated() {
            var entity = sluice_level()
            entity.struct_size = UInt32(SLUICE_SIZE_level)
            entity.orders = level.orders
            entity.price = decimal(level.price)
            entity.quantity = decimal(level.quantity)
            (start + index * SLUICE_SIZE_level).assumingMemoryBound(to: sluice_level.self).pointee = entity
        }
        return span(start, count: levels.count, stride: SLUICE_SIZE_level)
    }
}
