import AdapterKit
import Exact

extension SimulatedBroker {
    /// Takes a new order, or refuses it as a broker would. An accepted order may be filled or ended before this returns;
    /// `reports` tells.
    ///
    /// Throws, having changed nothing but the passing of time:
    /// - `DUPLICATE` (unknown): the client reference belongs to an order that is still remembered;
    /// - `INVALID`, `UNSUPPORTED` (not sent): off tick, off lot, fields that do not go together;
    /// - `INSTRUMENT`, `FUNDS`, `BROKER_RISK`, `PRICE_BAND`, `QUANTITY_RULE` (rejected): what the account does not allow.
    mutating func submit(_ ticket: Ticket, at now: Timestamp) throws(AdapterError) -> OrderNumber {
        advance(to: now)
        if settings.dedupesReferences, let reference = ticket.reference, let first = references[reference] {
            throw .init(
                .duplicate, "\(reference) is the client reference of order \(first.text)", field: "client_reference",
                certainty: .unknown, retry: .afterReconcile, brokerCode: "DUPLICATE_REFERENCE")
        }
        var order = try draft(ticket, at: now)
        try admit(&order)

        counters.order += 1
        counters.sequence += 1
        workingCount += 1
        changes.account = true
        if let reference = order.reference { references[reference] = order.number }
        if let expiresAt = order.expiresAt { nextExpiry = min(nextExpiry ?? expiresAt, expiresAt) }
        if ticket.isHeld {
            order.isDelayed = true  // and in no queue: it stays until it is turned down
        } else if order.activeAt > now {
            order.isDelayed = true
            delayed.append((order.activeAt, order.number))
        } else {
            expose(&order, at: now)
        }
        let number = order.number
        keep(order)
        report(.state(number))
        return number
    }

    /// The order that a ticket would become, checked as far as that needs no funds.
    func draft(_ ticket: Ticket, at now: Timestamp) throws(AdapterError) -> PaperOrder {
        let instrument = books[ticket.instrument].instrument
        let grid = try GridTicket(ticket, on: instrument)
        try checkKind(of: instrument, ticket.product)
        guard workingCount < settings.mostWorkingOrders else {
            throw .init(
                .brokerRisk, "the account has \(workingCount) working orders (max_working_orders)",
                certainty: .rejected,
                retry: .after(nanoseconds: 1_000_000_000), brokerCode: "WORKING_ORDERS")
        }
        let hasPrice = books[ticket.instrument].market.hasPrice
        if ticket.orderType == .market, !hasPrice, settings.rejectsMarketWithoutPrice {
            throw .init(
                .brokerRisk, "no price of \(instrument.id) is known yet (reject_market_without_price)",
                field: "order_type", certainty: .rejected, retry: .after(nanoseconds: 1_000_000_000),
                brokerCode: "NO_PRICE")
        }
        var order = PaperOrder(
            number: OrderNumber(counters.order + 1), instrument: ticket.instrument, side: ticket.side,
            orderType: ticket.orderType, product: ticket.product, timeInForce: ticket.timeInForce,
            sequence: counters.sequence + 1, quantity: grid.quantity, price: grid.price,
            triggerPrice: grid.triggerPrice, acceptedAt: now, workingSince: now,
            expiresAt: try expiry(of: ticket, at: now),
            activeAt: Timestamp(
                nanoseconds: now.nanoseconds.addingSaturating(settings.fillDelayNanoseconds)),
            updatedAt: now, reference: ticket.reference)
        order.isPriced = hasPrice
        order.state = order.isStop ? .triggerPending : .open
        order.blockPrice = blockPrice(of: order)
        return order
    }

    /// Counts a drafted order in, or says why the account does not allow it.
    private mutating func admit(_ order: inout PaperOrder) throws(AdapterError) {
        if order.isPriced { try checkBand(order) }
        let bucket = try cover(order)
        let index = Ledger.index(order.instrument, order.product)
        guard ledger.replace(books[order.instrument].instrument, index, with: bucket, rates: settings.margins) else {
            throw tooLarge(order)
        }
    }

    /// The bucket with an order counted in, where the account can bear it.
    ///
    /// - Parameter old: leaves of the same order that the new ones take the place of.
    func cover(
        _ order: PaperOrder, inPlaceOf old: (quantity: Int64, price: Int64) = (0, 0)
    ) throws(AdapterError) -> Bucket {
        let instrument = books[order.instrument].instrument
        let index = Ledger.index(order.instrument, order.product)
        if order.product.isPaidInFull, order.side == .sell {
            let free = ledger.buckets[index].sellable + old.quantity
            guard order.leavesQuantity <= free else {
                throw .init(
                    .brokerRisk,
                    "selling \(instrument.quantity(order.leavesQuantity)) of \(instrument.id) needs holdings;"
                        + " \(instrument.quantity(free)) are free",
                    field: "quantity", certainty: .rejected, brokerCode: "HOLDINGS")
            }
        }
        guard
            let (bucket, increase) = ledger.reservation(
                of: order.leavesQuantity, at: order.blockPrice, order.side, instrument, index, rates: settings.margins,
                inPlaceOf: old),
            let fee = estimatedFee(of: order)
        else { throw tooLarge(order) }
        guard increase.atoms <= 0 || increase + fee <= ledger.available else {
            throw .init(
                .funds,
                "the order needs \(increase + fee) \(currency) (margin \(increase), fees \(fee)); "
                    + "\(ledger.available) are available",
                field: "quantity", certainty: .rejected, brokerCode: "FUNDS")
        }
        return bucket
    }

    func tooLarge(_ order: PaperOrder) -> AdapterError {
        .init(
            .quantityRule, "the order, or the account with it, is worth more than the books can hold",
            field: "quantity", certainty: .rejected, brokerCode: "AMOUNT")
    }

    /// What the fees of an order would be if it filled whole at its block price; `nil` beyond what can be held.
    func estimatedFee(of order: PaperOrder) -> Money? {
        let instrument = books[order.instrument].instrument
        guard let value = instrument.value(order.leavesQuantity, at: order.blockPrice),
            let total = settings.fees.total(for: order.value(on: instrument) + value)
        else { return nil }
        return total - order.fees
    }

    /// The price at which an order's leaves count against funds: its limit, else its trigger, else what a taker would pay
    /// now; 0 where no price is known yet.
    func blockPrice(of order: PaperOrder) -> Int64 {
        switch order.orderType {
        case .limit, .stopLimit: return order.price
        case .stop: return order.triggerPrice
        case .market:
            let price = books[order.instrument].market.price(for: order.side)
            guard price > 0 else { return books[order.instrument].market.mark ?? 0 }
            return books[order.instrument].market.slipped(
                price, order.side, basisPoints: settings.slippageBasisPoints,
                tick: books[order.instrument].instrument.tick)
        }
    }

    /// Throws `PRICE_BAND` where a limit or trigger price lies too far from the last price.
    func checkBand(_ order: PaperOrder) throws(AdapterError) {
        guard let band = settings.priceBandBasisPoints, let mark = books[order.instrument].market.mark else { return }
        let instrument = books[order.instrument].instrument
        let width = Int128(mark) * Int128(band)
        for (price, field) in [(order.price, "price"), (order.triggerPrice, "trigger_price")] where price > 0 {
            guard Int128((price - mark).magnitude) * 10_000 <= width else {
                throw .init(
                    .priceBand,
                    "\(instrument.price(price)) is more than \(band) basis points from \(instrument.price(mark))"
                        + " (price_band_bps)",
                    field: field, certainty: .rejected, brokerCode: "PRICE_BAND")
            }
        }
    }

    private func checkKind(of instrument: PaperInstrument, _ product: Product) throws(AdapterError) {
        switch instrument.kind {
        case .index:
            throw .init(
                .instrument, "\(instrument.id) is an index and does not trade", field: "instrument.id",
                certainty: .rejected)
        case .future where product.isPaidInFull:
            throw .init(
                .unsupported, "a future or perpetual is traded on margin, not paid in full", field: "product",
                certainty: .notSent)
        case .future, .option, .other: break
        }
    }

    private func expiry(of ticket: Ticket, at now: Timestamp) throws(AdapterError) -> Timestamp? {
        switch ticket.timeInForce {
        case .goodTillCancel: return nil
        case .day, .immediateOrCancel, .fillOrKill: return nextDayEnd
        case .goodTillDate:
            guard let validUntil = ticket.validUntil, validUntil > now else {
                throw .init(
                    .invalid, "a GTD order needs an end in the future", field: "valid_until", certainty: .notSent)
            }
            return validUntil
        }
    }
}

extension Int64 {
    /// The sum, or the largest value where it would not fit. Both are instants or lengths of time.
    func addingSaturating(_ other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

extension SimulatedBroker {
    /// What a new order would block and cost; counts it in without matching it, so that a basket adds up. To be asked of a
    /// copy of the account.
    mutating func preview(_ ticket: Ticket, at now: Timestamp) throws(AdapterError) -> (margin: Money, fees: Money) {
        advance(to: now)
        let before = ledger.usedTotal
        var order = try draft(ticket, at: now)
        let fees = estimatedFee(of: order)
        try admit(&order)
        workingCount += 1
        return (ledger.usedTotal - before, fees ?? .zero)
    }
}
