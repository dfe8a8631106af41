import AdapterKit
import Exact

extension SimulatedBroker {
    /// Finds an order by what the client knows of it. A broker id that is not ours, or that contradicts the client
    /// reference, finds nothing.
    func find(brokerOrderID: String?, reference: ClientReference?) -> OrderNumber? {
        let byReference = reference.flatMap { references[$0] }
        guard let brokerOrderID else { return byReference }
        guard let number = OrderNumber(brokerOrderID), orders[number] != nil else { return nil }
        return byReference == nil || byReference == number ? number : nil
    }

    /// The working order a modify or cancel is about. Throws `NOT_FOUND`, or `ALREADY_FINAL` where it lost the race.
    private func working(_ number: OrderNumber?) throws(AdapterError) -> PaperOrder {
        guard let number, let order = orders[number] else {
            throw .init(
                .notFound, "no such order is remembered", field: "order_ref", certainty: .rejected,
                retry: .afterReconcile, brokerCode: "NOT_FOUND")
        }
        guard order.isWorking else {
            throw .init(
                .alreadyFinal, "order \(number.text) is \(order.state)", field: "order_ref", certainty: .rejected,
                retry: .afterReconcile, brokerCode: "FINAL")
        }
        return order
    }

    /// Cancels a working order. Throws `NOT_FOUND` or `ALREADY_FINAL`.
    @discardableResult
    mutating func cancel(_ number: OrderNumber?, at now: Timestamp) throws(AdapterError) -> OrderNumber {
        advance(to: now)
        let order = try working(number)
        withdraw(order.number, as: .canceled, because: .canceledByClient, at: now)
        return order.number
    }

    /// Cancels every working order, or those of one instrument, by number.
    mutating func cancelAll(instrument: Int?, at now: Timestamp) {
        advance(to: now)
        let numbers = orders.values.filter { $0.isWorking && (instrument == nil || $0.instrument == instrument) }
            .map(\.number).sorted()
        for number in numbers { withdraw(number, as: .canceled, because: .canceledByClient, at: now) }
    }

    /// Changes a working order. A new price, trigger, type or validity, or a larger quantity, costs its place in time; a
    /// smaller quantity does not. The changed order meets the market at once.
    ///
    /// Throws, having changed nothing but the passing of time: `NOT_FOUND`, `ALREADY_FINAL`, `INVALID`, `UNSUPPORTED`,
    /// `DUPLICATE`, and what `submit` throws of funds, holdings, band and a missing price.
    @discardableResult
    mutating func modify(
        _ number: OrderNumber?, _ revision: Revision, at now: Timestamp
    ) throws(AdapterError) -> OrderNumber {
        advance(to: now)
        let old = try working(number)
        let instrument = books[old.instrument].instrument
        var order = old
        if let reference = revision.reference {
            if let taken = references[reference] {
                throw .init(
                    .duplicate, "\(reference) is the client reference of order \(taken.text)",
                    field: "client_reference", certainty: .unknown, retry: .afterReconcile,
                    brokerCode: "DUPLICATE_REFERENCE")
            }
            guard order.earlierReferences.count < PaperOrder.mostModifications else {
                throw .init(
                    .brokerRisk, "the order was modified \(PaperOrder.mostModifications) times, the most allowed",
                    certainty: .rejected, brokerCode: "MODIFICATIONS")
            }
            if let earlier = order.reference { order.earlierReferences.append(earlier) }
            order.reference = reference
        }
        try apply(revision, to: &order, on: instrument)
        order.blockPrice = order.isPriced || order.orderType != .market ? blockPrice(of: order) : 0
        if order.isPriced { try checkBand(order) }
        let bucket = try cover(order, inPlaceOf: (old.leavesQuantity, old.blockPrice))
        guard
            ledger.replace(
                instrument, Ledger.index(order.instrument, order.product), with: bucket, rates: settings.margins)
        else { throw tooLarge(order) }

        if let expiresAt = order.expiresAt { nextExpiry = min(nextExpiry ?? expiresAt, expiresAt) }
        if let reference = order.reference { references[reference] = order.number }
        order.updatedAt = now
        changes.account = true
        let keepsPlace =
            order.price == old.price && order.triggerPrice == old.triggerPrice && order.quantity <= old.quantity
            && order.orderType == old.orderType && order.timeInForce == old.timeInForce
        if !keepsPlace {
            counters.sequence += 1
            order.sequence = counters.sequence
            order.workingSince = now
            order.hasRested = false
            orders[order.number] = nil
            if !order.isDelayed {
                books[order.instrument].remove(old)
                expose(&order, at: now)
            }
        }
        let changed = order.number
        keep(order)
        report(.state(changed))
        return changed
    }

    private func apply(
        _ revision: Revision, to order: inout PaperOrder, on instrument: PaperInstrument
    ) throws(AdapterError) {
        if let quantity = revision.quantity {
            order.quantity = try instrument.checked(quantity: quantity, "quantity")
            guard order.leavesQuantity > 0 else {
                throw .init(
                    .quantityRule,
                    "\(quantity) is not above the \(instrument.quantity(order.cumulativeQuantity)) already executed",
                    field: "quantity", certainty: .rejected, brokerCode: "BELOW_EXECUTED")
            }
        }
        if let type = revision.orderType, type != order.orderType { try restate(&order, as: type, revision) }
        if let price = revision.price {
            guard order.orderType == .limit || order.orderType == .stopLimit else {
                throw .init(.invalid, "the order has no price to change", field: "price", certainty: .notSent)
            }
            order.price = try instrument.checked(price: price, "price")
        }
        if let triggerPrice = revision.triggerPrice {
            guard order.awaitsTrigger else {
                throw .init(
                    .invalid, "the order has no trigger price, or it was triggered", field: "trigger_price",
                    certainty: .notSent)
            }
            order.triggerPrice = try instrument.checked(price: triggerPrice, "trigger_price")
        }
        if let timeInForce = revision.timeInForce, timeInForce != order.timeInForce {
            guard timeInForce != .goodTillDate else {
                throw .init(
                    .unsupported, "a modify names no date, so it makes no order GTD", field: "time_in_force",
                    certainty: .notSent)
            }
            order.timeInForce = timeInForce
            order.expiresAt = timeInForce == .goodTillCancel ? nil : nextDayEnd
        }
        guard !order.isStop || order.timeInForce.mayWait else { throw .stopMustWait }
    }

    /// Makes an order one of another type: a price that the type has not goes, one that it lacks must come with the
    /// revision, and a stop waits for its trigger from now on.
    private func restate(
        _ order: inout PaperOrder, as type: OrderType, _ revision: Revision
    ) throws(AdapterError) {
        let market = books[order.instrument].market
        if type == .market, !market.hasPrice, settings.rejectsMarketWithoutPrice {
            throw .init(
                .brokerRisk, "no price of the instrument is known yet (reject_market_without_price)",
                field: "order_type", certainty: .rejected, retry: .after(nanoseconds: 1_000_000_000),
                brokerCode: "NO_PRICE")
        }
        order.orderType = type
        order.isTriggered = false
        if order.takesAnyPrice {
            order.price = 0
        } else if order.price == 0, revision.price == nil {
            throw .init(.invalid, "a \(type) order needs a price", field: "price", certainty: .notSent)
        }
        if !order.isStop {
            order.triggerPrice = 0
        } else if order.triggerPrice == 0, revision.triggerPrice == nil {
            throw .init(.invalid, "a \(type) order needs a trigger price", field: "trigger_price", certainty: .notSent)
        }
        order.state = order.isStop ? .triggerPending : order.cumulativeQuantity > 0 ? .partiallyFilled : .open
    }
}
