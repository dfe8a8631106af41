import AdapterKit

/// How orders meet the present market: `README.md` states these rules with worked examples.
extension SimulatedBroker {
    /// An order that is in no list meets the market for the first time under its present terms, and waits where it must.
    mutating func expose(_ order: inout PaperOrder, at now: Timestamp) {
        if order.isPriced, order.awaitsTrigger,
            books[order.instrument].market.triggers(order.side, at: order.triggerPrice)
        {
            trigger(&order, at: now)
        }
        if order.isPriced, !order.awaitsTrigger {
            take(&order, at: now)
            guard order.isWorking else { return }
        }
        books[order.instrument].insert(order)
    }

    /// An order in no list takes what it can. An IOC or FOK order then ends; any other has to be put into a list.
    mutating func take(_ order: inout PaperOrder, at now: Timestamp) {
        let book = order.instrument
        let offer = books[book].market.price(for: order.side)
        let mayTrade =
            offer > 0 && (order.takesAnyPrice || books[book].market.isWithin(order.price, order.side))
        if mayTrade {
            let left = books[book].market.left(for: order.side)
            let quantity = min(order.leavesQuantity, left)
            if quantity > 0, order.timeInForce != .fillOrKill || quantity == order.leavesQuantity {
                fill(&order, quantity, at: price(of: order, taking: offer), at: now)
            }
        } else if !order.takesAnyPrice, books[book].market.hasPrice {
            order.hasRested = true
        }
        if order.isWorking, order.timeInForce == .immediateOrCancel || order.timeInForce == .fillOrKill {
            end(&order, as: .canceled, because: .notFilledAtOnce, at: now)
        }
    }

    /// What an order pays that takes an offer: the offer itself where it rested before, with slippage where it did not,
    /// and never beyond its limit.
    private func price(of order: PaperOrder, taking offer: Int64) -> Int64 {
        guard !order.hasRested, settings.slippageBasisPoints > 0 else { return offer }
        let price = books[order.instrument].market.slipped(
            offer, order.side, basisPoints: settings.slippageBasisPoints,
            tick: books[order.instrument].instrument.tick)
        if order.takesAnyPrice { return price }
        return order.side == .buy ? min(price, order.price) : max(price, order.price)
    }

    /// The trigger of a stop is reached: it becomes a market or limit order with a new place in time.
    mutating func trigger(_ order: inout PaperOrder, at now: Timestamp) {
        counters.sequence += 1
        changes.account = true
        order.sequence = counters.sequence
        order.isTriggered = true
        order.state = .open
        order.updatedAt = now
    }

    /// Books one execution. Where its amount cannot be held, or the order has had its most executions, the rest is
    /// canceled instead.
    mutating func fill(_ order: inout PaperOrder, _ quantity: Int64, at price: Int64, at now: Timestamp) {
        let instrument = books[order.instrument].instrument
        let index = Ledger.index(order.instrument, order.product)
        guard let value = instrument.value(quantity, at: price),
            let owed = settings.fees.total(for: order.value(on: instrument) + value),
            ledger.book(
                quantity, at: price, value: value, fee: owed - order.fees, blockedAt: order.blockPrice, order.side,
                instrument, index, rates: settings.margins)
        else {
            return end(&order, as: .canceled, because: .amountTooLarge, at: now)
        }
        books[order.instrument].market.take(quantity, by: order.side)
        counters.execution += 1
        order.executions.append(
            Execution(
                number: counters.execution, quantity: quantity, price: price, fee: owed - order.fees, time: now,
                isMaker: order.hasRested))
        order.cumulativeQuantity += quantity
        order.filledProduct += Int128(quantity) * Int128(price)
        order.fees = owed
        order.updatedAt = now
        changes.account = true
        changes.buckets.append(index)
        report(.execution(order.number, order.executions.count - 1))
        if order.leavesQuantity == 0 {
            end(&order, as: .filled, because: .none, at: now)
        } else if order.executions.count >= PaperOrder.mostExecutions {
            end(&order, as: .canceled, because: .tooManyExecutions, at: now)
        } else {
            order.state = .partiallyFilled
        }
    }

    /// An order that is in no list ends: what it still blocks is given back.
    mutating func end(_ order: inout PaperOrder, as state: OrderState, because reason: EndReason, at now: Timestamp) {
        ledger.release(
            order.leavesQuantity, at: order.blockPrice, order.side, books[order.instrument].instrument,
            Ledger.index(order.instrument, order.product), rates: settings.margins)
        counters.end += 1
        changes.account = true
        order.state = state
        order.endReason = reason
        order.endSequence = counters.end
        order.updatedAt = now
        order.isDelayed = false
        workingCount -= 1
        ended.append(order.number)
    }

    /// Puts an order back, to be written down.
    mutating func keep(_ order: consuming PaperOrder) {
        if !order.isDirty {
            order.isDirty = true
            changes.orders.append(order.number)
        }
        let number = order.number
        orders[number] = order
    }

    mutating func report(_ report: Report) {
        reports.append(report)
    }
}

// MARK: - After a change of the market

extension SimulatedBroker {
    /// The market has new prices: stops trigger, then orders that take any price trade by time, then limits by price and
    /// time, buys before sells; last come orders that waited for a first price, by time.
    mutating func sweep(_ book: Int, at now: Timestamp) {
        triggerStops(of: book, .buyStops, at: now)
        triggerStops(of: book, .sellStops, at: now)
        if !books[book].takers.isEmpty {
            for entry in books[book].takers.inOrder { retry(entry.number, at: now) }
        }
        sweepLimits(of: book, .buyLimits, at: now)
        sweepLimits(of: book, .sellLimits, at: now)
        exposeUnpriced(of: book, at: now)
    }

    private mutating func triggerStops(of book: Int, _ place: Book.Place, at now: Timestamp) {
        while let entry = books[book][place].first, var order = orders[entry.number],
            books[book].market.triggers(order.side, at: order.triggerPrice)
        {
            books[book][place].removeFirst()
            trigger(&order, at: now)
            books[book].insert(order)
            let number = order.number
            keep(order)
            report(.state(number))
        }
    }

    private mutating func sweepLimits(of book: Int, _ place: Book.Place, at now: Timestamp) {
        while let entry = books[book][place].first, let order = orders[entry.number],
            books[book].market.isWithin(order.price, order.side), books[book].market.left(for: order.side) > 0
        {
            retry(entry.number, at: now)
        }
    }

    /// A waiting order meets the market again; it keeps its place where something of it is left.
    mutating func retry(_ number: OrderNumber, at now: Timestamp) {
        guard var order = orders[number], order.isWorking, books[order.instrument].market.left(for: order.side) > 0
        else { return }
        orders[number] = nil  // the only copy from here on, so that its executions grow in place
        books[order.instrument].remove(order)
        take(&order, at: now)
        if order.isWorking { books[order.instrument].insert(order) }
        keep(order)
        report(.state(number))
    }

    /// A first price is known: orders that waited for it are checked against it, late, and meet the market.
    mutating func exposeUnpriced(of book: Int, at now: Timestamp) {
        guard !books[book].unpriced.isEmpty, books[book].market.hasPrice else { return }
        let waiting = books[book].unpriced.inOrder.map(\.number)
        books[book].unpriced = PriorityList()
        for number in waiting {
            guard var order = orders[number] else { continue }
            orders[number] = nil
            order.isPriced = true
            if let reason = lateObjection(to: &order) {
                end(&order, as: .rejected, because: reason, at: now)
            } else {
                expose(&order, at: now)
            }
            keep(order)
            report(.state(number))
        }
    }

    /// What the account's rules say of an accepted order now that a price is known; counts it in at that price.
    private mutating func lateObjection(to order: inout PaperOrder) -> EndReason? {
        do throws(AdapterError) {
            try checkBand(order)
        } catch { return .priceBand }
        let price = blockPrice(of: order)
        guard price != order.blockPrice else { return nil }
        let old = (order.leavesQuantity, order.blockPrice)
        var priced = order
        priced.blockPrice = price
        do throws(AdapterError) {
            let bucket = try cover(priced, inPlaceOf: old)
            let index = Ledger.index(order.instrument, order.product)
            guard ledger.replace(books[order.instrument].instrument, index, with: bucket, rates: settings.margins)
            else {
                return .amountTooLarge
            }
        } catch { return error.code == .funds ? .funds : .amountTooLarge }
        order = priced
        return nil
    }
}
