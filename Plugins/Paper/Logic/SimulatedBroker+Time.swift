import AdapterKit

/// What the passing of time does.
extension SimulatedBroker {
    /// Brings the account to an instant: orders expire, the trading day ends, delayed orders reach the market, in this
    /// order. Idempotent; every other step calls it first.
    mutating func advance(to now: Timestamp) {
        if let nextExpiry, nextExpiry <= now { expireOrders(at: now) }
        if nextDayEnd <= now {
            for index in ledger.buckets.indices {
                ledger.settle(books[index / 5].instrument, index, rates: settings.margins)
                if ledger.buckets[index].isDirty { changes.buckets.append(index) }
            }
            nextDayEnd = settings.dayEnd(after: now)
            changes.account = true
        }
        while let first = delayed.first, first.at <= now {
            _ = delayed.removeFirst()
            guard var order = orders[first.number], order.isDelayed, order.activeAt == first.at else { continue }
            orders[first.number] = nil
            order.isDelayed = false
            order.workingSince = first.at
            if !order.isPriced, books[order.instrument].market.hasPrice {
                books[order.instrument].insert(order)
                keep(order)
                exposeUnpriced(of: order.instrument, at: now)
            } else {
                expose(&order, at: now)
                keep(order)
                report(.state(first.number))
            }
        }
    }

    private mutating func expireOrders(at now: Timestamp) {
        nextExpiry = nil
        var due: [OrderNumber] = []
        for order in orders.values where order.isWorking {
            guard let expiresAt = order.expiresAt else { continue }
            if expiresAt <= now {
                due.append(order.number)
            } else {
                nextExpiry = min(nextExpiry ?? expiresAt, expiresAt)
            }
        }
        for number in due.sorted() { withdraw(number, as: .expired, because: .expired, at: now) }
    }

    /// Takes a working order out of wherever it waits and ends it.
    mutating func withdraw(_ number: OrderNumber, as state: OrderState, because reason: EndReason, at now: Timestamp) {
        guard var order = orders[number] else { return }
        orders[number] = nil
        if !order.isDelayed { books[order.instrument].remove(order) }
        end(&order, as: state, because: reason, at: now)
        keep(order)
        report(.state(number))
    }

    /// Forgets the oldest ended orders beyond the bound. Called once their reports are read.
    mutating func forgetOldest() {
        while ended.count > settings.mostRememberedOrders, let number = ended.removeFirst() {
            guard let order = orders.removeValue(forKey: number) else { continue }
            for reference in order.earlierReferences where references[reference] == number {
                references[reference] = nil
            }
            if let reference = order.reference, references[reference] == number { references[reference] = nil }
            forgottenThrough = max(forgottenThrough ?? order.acceptedAt, order.acceptedAt)
            changes.account = true
            changes.forgotten.append((number, order.sealedRecords))
        }
    }

    /// Whether an order that is not remembered was never here: nothing was forgotten that could have been it.
    ///
    /// - Parameter time: when it was handed over; `nil` = not known.
    func provesAbsence(writtenAt time: Timestamp?) -> Bool {
        guard let forgottenThrough else { return true }
        return time.map { $0 > forgottenThrough } ?? false
    }
}
