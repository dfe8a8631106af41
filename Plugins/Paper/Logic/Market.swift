import AdapterKit
import Exact

/// What one account sees of one instrument's market: the present prices, and how much of each is still to be had.
///
/// Pure: eats quotes and bars, answers at which price and for how much an order may trade now. Prices stand on the
/// instrument's ticks, rounded against the account. Sizes shrink as the account trades and are fresh with each event.
struct Market: Sendable {
    /// What the present prices come from.
    enum Source: UInt8, Sendable { case nothing, lastPrice, quotes, candles }

    private(set) var source = Source.nothing
    /// Ticks; 0 = not on offer.
    private var bid: Int64 = 0
    private var ask: Int64 = 0
    private var bidLeft: Int64 = 0
    private var askLeft: Int64 = 0
    /// The last price for a buyer and for a seller: the ticks around it.
    private var lastUp: Int64 = 0
    private var lastDown: Int64 = 0
    /// Shared by both sides. In candles: what is left of the bar.
    private var lastLeft: Int64 = 0
    /// The range of the present bar; no taker is filled outside it.
    private(set) var low: Int64 = 0
    private(set) var high: Int64 = 0
    /// What stop triggers are compared with: the last price, else the side that the triggered order would take.
    private var triggerUp: Int64 = 0
    private var triggerDown: Int64 = 0
    private var hasQuoteSinceCandle = false
    /// The events that made this market, so that it can be made again on another grid or for another account. Kept apart:
    /// they are large and seldom read.
    private var origins = Origins()

    private final class Origins: Sendable {
        let quote: MarketQuote?
        let sides: MarketQuote?
        let candle: MarketCandle?

        init(quote: MarketQuote? = nil, sides: MarketQuote? = nil, candle: MarketCandle? = nil) {
            (self.quote, self.sides, self.candle) = (quote, sides, candle)
        }
    }

    var hasPrice: Bool { source != .nothing }

    /// The price that positions are marked at: the last price, else the middle, else the one side there is.
    var mark: Int64? {
        if lastDown > 0 { return lastDown }
        if bid > 0 && ask > 0 { return (bid + ask) / 2 }
        return bid > 0 ? bid : ask > 0 ? ask : nil
    }

    /// The trigger reference for an order of this side.
    func triggerReference(_ side: Side) -> Int64 { side == .buy ? triggerUp : triggerDown }

    /// Whether a stop with this trigger price is triggered now.
    func triggers(_ side: Side, at trigger: Int64) -> Bool {
        let reference = triggerReference(side)
        guard reference > 0 else { return false }
        return side == .buy ? reference >= trigger : reference <= trigger
    }

    /// The price that an order of this side would take now, whatever is left at it; 0 = none.
    func price(for side: Side) -> Int64 {
        switch source {
        case .nothing: 0
        case .quotes: side == .buy ? ask : bid
        case .lastPrice, .candles: side == .buy ? lastUp : lastDown
        }
    }

    /// How much is left at that price.
    func left(for side: Side) -> Int64 {
        source == .quotes ? (side == .buy ? askLeft : bidLeft) : lastLeft
    }

    /// Whether an order of this side may trade now.
    func isWithin(_ limit: Int64, _ side: Side) -> Bool {
        let price = price(for: side)
        return price > 0 && (side == .buy ? price <= limit : price >= limit)
    }

    /// Counts a fill against what is on offer.
    mutating func take(_ quantity: Int64, by side: Side) {
        func less(_ left: Int64) -> Int64 { left == .max ? left : left - quantity }
        if source != .quotes {
            lastLeft = less(lastLeft)
        } else if side == .buy {
            askLeft = less(askLeft)
        } else {
            bidLeft = less(bidLeft)
        }
    }

    /// A taker's price: `slippage` basis points worse than the offer, to the tick, never below one tick, never outside the
    /// present bar.
    func slipped(_ price: Int64, _ side: Side, basisPoints: Int64, tick: Int64) -> Int64 {
        var price = price
        if basisPoints > 0 {
            let product = price.multipliedFullWidth(by: basisPoints)
            // Settings bound the rate by 10,000, so the quotient is at most the price.
            let (whole, rest) = Int64(10_000).dividingFullWidth(product)
            let slip = PaperInstrument.roundedUp(whole + (rest > 0 ? 1 : 0), to: tick)
            price = side == .buy ? price + slip : max(tick, price - slip)
        }
        return source == .candles ? min(max(price, low), high) : price
    }
}

// MARK: - Events

extension Market {
    /// Takes over a quote.
    ///
    /// - A quote with a bid or an ask replaces both sides; the instrument is then driven by quotes. Where they cross, the
    ///   quote is not believed and only its last price is taken.
    /// - A quote with a last price alone moves the last price, which may trigger stops where quotes fill. It fills orders
    ///   only where neither quotes nor bars do.
    /// - A quote that repeats the one before it in every field, times included, is no news.
    ///
    /// - Returns: whether orders may trade because of it.
    mutating func apply(_ quote: MarketQuote, on instrument: PaperInstrument, settings: Settings) -> Bool {
        guard quote != origins.quote else { return false }
        func size(_ size: ExactDecimal?) -> Int64 {
            size.map { instrument.lots(in: $0, basisPoints: settings.quoteSizeBasisPoints) } ?? .max
        }
        var isLastNew = false
        if let last = quote.last, last > 0, let up = instrument.tickAbove(last), let down = instrument.tickBelow(last) {
            (lastUp, lastDown) = (up, down)
            (triggerUp, triggerDown) = (down, up)  // a trigger is reached when the price itself reaches it
            isLastNew = true
        }
        let newBid = quote.bid.flatMap { $0 > 0 ? instrument.tickBelow($0) : nil } ?? 0
        let newAsk = quote.ask.flatMap { $0 > 0 ? instrument.tickAbove($0) : nil } ?? 0
        let isCrossed = newBid > 0 && newAsk > 0 && newAsk < newBid
        let hasSides = (newBid > 0 || newAsk > 0) && !isCrossed
        origins = Origins(quote: quote, sides: hasSides ? quote : origins.sides, candle: origins.candle)
        if hasSides {
            (bid, ask) = (newBid, newAsk)
            hasQuoteSinceCandle = true
            if !isLastNew {
                triggerUp = quote.ask.flatMap(instrument.tickBelow) ?? 0
                triggerDown = quote.bid.flatMap(instrument.tickAbove) ?? 0
            }
            guard settings.fillsFrom != .candles else { return moveLast(isLastNew) }
            (bidLeft, askLeft) = (size(quote.bidSize), size(quote.askSize))
            source = .quotes
            if !isLastNew { (lastUp, lastDown) = (0, 0) }  // of unknown age beside these sides
            return true
        }
        guard isLastNew else { return false }
        switch source {
        case .quotes: return true  // it may trigger stops; sizes stay as they are
        case .candles: return moveLast(true)
        case .nothing, .lastPrice:
            guard settings.fillsFrom != .candles else { return moveLast(true) }
            source = .lastPrice
            lastLeft = size(quote.lastSize)
            return true
        }
    }

    /// A new last price where bars decide fills: it is the reference, and nothing more, until the next bar. It stays within
    /// the present one, and what is left of that is all there is.
    private mutating func moveLast(_ isNew: Bool) -> Bool {
        guard isNew, source == .candles else { return false }
        (lastUp, lastDown) = (min(max(lastUp, low), high), min(max(lastDown, low), high))
        return false
    }

    /// Whether a bar fills orders: always, unless the settings or a live two-sided quote stream say otherwise. Where two
    /// bars follow one another without such a quote between them, the bars take over again.
    mutating func isDriven(byCandle settings: Settings) -> Bool {
        defer { hasQuoteSinceCandle = false }
        switch settings.fillsFrom {
        case .candles: return true
        case .quotes: return false
        case .automatic: return source != .quotes || !hasQuoteSinceCandle
        }
    }

    /// A bar begins: its open is the last price, its volume is what may be traded.
    mutating func open(_ bar: GridCandle, of candle: MarketCandle) {
        source = .candles
        origins = Origins(quote: origins.quote, sides: origins.sides, candle: candle)
        (low, high, lastLeft) = (bar.low, bar.high, bar.available)
        moveLast(up: bar.openUp, down: bar.openDown)
    }

    /// The path of the bar has reached a price.
    mutating func moveLast(up: Int64, down: Int64) {
        (lastUp, lastDown) = (up, down)
        (triggerUp, triggerDown) = (down, up)
    }

    /// A bar that drives nothing still tells the last price.
    mutating func note(_ candle: GridCandle) {
        if source != .quotes || lastDown == 0 { (lastUp, lastDown) = (candle.closeUp, candle.closeDown) }
    }

    /// The same market on the present grid of its instrument, as an account sees it that has taken nothing of it yet.
    func rebuilt(on instrument: PaperInstrument, settings: Settings) -> Market {
        var market = Market()
        if source == .candles, let candle = origins.candle,
            let bar = GridCandle(
                candle, on: instrument, participationBasisPoints: settings.participationBasisPoints)
        {
            market.open(bar, of: candle)
            market.moveLast(up: bar.closeUp, down: bar.closeDown)
        } else if let sides = origins.sides {
            _ = market.apply(sides, on: instrument, settings: settings)
        }
        // Where bars drive the market, the sides of an older quote would take it back.
        if let quote = origins.quote, market.source != .candles || (quote.bid == nil && quote.ask == nil) {
            _ = market.apply(quote, on: instrument, settings: settings)
        }
        market.hasQuoteSinceCandle = hasQuoteSinceCandle
        return market
    }

    /// The same market on a finer grid: what the account has taken of it stays taken.
    func refined(on instrument: PaperInstrument, settings: Settings, quantityFactor: Int64) -> Market {
        func fewer(_ fresh: Int64, _ old: Int64) -> Int64 {
            guard old != .max else { return fresh }
            let (scaled, overflow) = old.multipliedReportingOverflow(by: quantityFactor)
            return overflow ? fresh : min(fresh, scaled)
        }
        var market = rebuilt(on: instrument, settings: settings)
        market.bidLeft = fewer(market.bidLeft, bidLeft)
        market.askLeft = fewer(market.askLeft, askLeft)
        market.lastLeft = fewer(market.lastLeft, lastLeft)
        return market
    }
}
