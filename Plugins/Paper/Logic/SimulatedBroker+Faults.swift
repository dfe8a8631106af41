import AdapterKit

/// What a scenario makes happen at the broker itself. It goes through the same books as everything else.
extension SimulatedBroker {
    /// Executes a part of a working order, as a counterparty does that no price shows: at the market where the order may
    /// trade there, else at its limit. At least a lot, down to whole lots, and the whole only where `mayBeWhole`.
    ///
    /// - Returns: whether anything was executed. Nothing is while no price is known, nor of a stop that waits for its
    ///   trigger.
    mutating func fillPart(of number: OrderNumber, basisPoints: Int64, mayBeWhole: Bool, at now: Timestamp) -> Bool {
        guard var order = orders[number], order.isWorking, !order.awaitsTrigger else { return false }
        let market = books[order.instrument].market
        guard market.hasPrice else { return false }
        let offer = market.price(for: order.side)
        let isWithin = order.takesAnyPrice || market.isWithin(order.price, order.side)
        let price = offer > 0 && isWithin ? offer : order.takesAnyPrice ? 0 : order.price
        let lot = books[order.instrument].instrument.lot
        let product = order.leavesQuantity.multipliedFullWidth(by: basisPoints)
        let share = Int64(10_000).dividingFullWidth(product).quotient  // rules bound the rate by 10,000
        let quantity = max(lot, share / lot * lot)
        guard price > 0, quantity < order.leavesQuantity || (mayBeWhole && quantity == order.leavesQuantity) else {
            return false
        }
        orders[number] = nil
        if !order.isDelayed { books[order.instrument].remove(order) }
        fill(&order, quantity, at: price, at: now)
        if order.isWorking, !order.isDelayed { books[order.instrument].insert(order) }
        keep(order)
        report(.state(number))
        return true
    }

    /// Turns down what is left of an order that was accepted.
    mutating func rejectLate(_ number: OrderNumber, at now: Timestamp) {
        guard let order = orders[number], order.isWorking else { return }
        withdraw(number, as: .rejected, because: .refusedLate, at: now)
    }
}
