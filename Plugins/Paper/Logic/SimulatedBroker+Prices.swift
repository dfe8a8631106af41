import AdapterKit

/// What quotes and bars do.
extension SimulatedBroker {
    /// Takes a quote of an instrument.
    mutating func apply(_ quote: MarketQuote, to book: Int, at now: Timestamp) {
        advance(to: now)
        let mayTrade = books[book].market.apply(quote, on: books[book].instrument, settings: settings)
        markPositions(of: book)
        if mayTrade { sweep(book, at: now) }
    }

    /// Takes a finished bar of an instrument.
    ///
    /// - Returns: whether the bar was believed. One whose prices contradict one another, or that has no tick inside its
    ///   range, fills nothing and changes nothing.
    @discardableResult
    mutating func apply(_ candle: MarketCandle, to book: Int, at now: Timestamp) -> Bool {
        advance(to: now)
        guard
            let bar = GridCandle(
                candle, on: books[book].instrument, participationBasisPoints: settings.participationBasisPoints)
        else { return false }
        guard books[book].market.isDriven(byCandle: settings) else {
            books[book].market.note(bar)
            markPositions(of: book)
            return true
        }
        let latecomers = removeLatecomers(of: book, in: candle)
        books[book].market.open(bar, of: candle)
        sweep(book, at: now)
        let extremes = bar.goesLowFirst ? [bar.low, bar.high] : [bar.high, bar.low]
        var position = bar.goesLowFirst ? bar.openUp : bar.openDown
        for target in extremes + [bar.goesLowFirst ? bar.closeDown : bar.closeUp] {
            walk(book, from: position, to: target, at: now)
            position = target
        }
        books[book].market.moveLast(up: bar.closeUp, down: bar.closeDown)
        for order in latecomers { meetClose(order, at: now) }
        markPositions(of: book)
        return true
    }

    mutating func markPositions(of book: Int) {
        guard let mark = books[book].market.mark else { return }
        ledger.mark(book, books[book].instrument, at: mark, rates: settings.margins)
    }

    /// Takes over the market that another account sees of the instrument, where this one has seen none yet.
    mutating func adopt(_ market: Market, for book: Int, at now: Timestamp) {
        guard !books[book].market.hasPrice else { return }
        advance(to: now)
        books[book].market = market.rebuilt(on: books[book].instrument, settings: settings)
        markPositions(of: book)
        sweep(book, at: now)
    }

    /// The price moves straight from one point of a bar's path to another: it reaches limits on its way, and triggers stops.
    ///
    /// Falling it reaches buy limits and sell stops, the highest first; rising, sell limits and buy stops, the lowest first.
    /// A limit is filled at its own price, a triggered stop at its trigger (or worse, by slippage), each as far as the
    /// bar's size lasts. At one price the earlier order goes first.
    private mutating func walk(_ book: Int, from start: Int64, to target: Int64, at now: Timestamp) {
        guard start != target else { return }
        let isFalling = target < start
        let (limits, stops): (Book.Place, Book.Place) =
            isFalling ? (.buyLimits, .sellStops) : (.sellLimits, .buyStops)
        let bound = isFalling ? -target : target
        while true {
            let hasSize = books[book].market.left(for: .buy) > 0
            let limit = hasSize ? books[book][limits].first.flatMap { $0.rank <= bound ? $0 : nil } : nil
            let stop = books[book][stops].first.flatMap { $0.rank <= bound ? $0 : nil }
            let isStopNext = stop.map { stop in limit.map { stop.isReached(before: $0) } ?? true } ?? false
            guard let entry = isStopNext ? stop : limit else { break }
            let price = isFalling ? min(start, -entry.rank) : max(start, entry.rank)
            books[book].market.moveLast(up: price, down: price)
            if isStopNext {
                triggerAndTake(entry.number, from: stops, at: now)
            } else {
                retry(entry.number, at: now)
            }
        }
        books[book].market.moveLast(up: target, down: target)
    }

    private mutating func triggerAndTake(_ number: OrderNumber, from stops: Book.Place, at now: Timestamp) {
        guard var order = orders[number] else { return }
        orders[number] = nil
        books[order.instrument][stops].removeFirst()
        trigger(&order, at: now)
        take(&order, at: now)
        if order.isWorking { books[order.instrument].insert(order) }
        keep(order)
        report(.state(number))
    }

    /// Takes out the orders that came while the bar was under way, by time: they saw only its end.
    private mutating func removeLatecomers(of book: Int, in candle: MarketCandle) -> [PaperOrder] {
        guard books[book].mayHaveLatecomers(in: candle) else { return [] }
        var latecomers: [PaperOrder] = []
        for place in Book.Place.allCases {
            for entry in books[book][place].inOrder {
                guard let order = orders[entry.number], candle.contains(order.workingSince) else { continue }
                latecomers.append(order)
            }
        }
        for order in latecomers {
            books[book].remove(order)
            orders[order.number] = nil
        }
        return latecomers.sorted { $0.sequence < $1.sequence }
    }

    /// The bar has closed: an order that came while it was under way meets the close.
    private mutating func meetClose(_ order: PaperOrder, at now: Timestamp) {
        var order = order
        if order.isPriced {
            let before = order
            expose(&order, at: now)
            if order == before { orders[order.number] = order } else { keepAndReport(order) }
        } else {
            books[order.instrument].insert(order)
            orders[order.number] = order
            exposeUnpriced(of: order.instrument, at: now)
        }
    }

    private mutating func keepAndReport(_ order: PaperOrder) {
        let number = order.number
        keep(order)
        report(.state(number))
    }
}
