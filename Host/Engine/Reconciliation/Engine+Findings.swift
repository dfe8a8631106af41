package import Domain

extension AdapterErrorCode {
    /// A cancel refused with it cannot succeed later either. The order's end, if that is why, comes by a look-up.
    package var endsCancel: Bool {
        switch self {
        case .alreadyFinal, .unsupported, .invalid, .forbidden: true
        default: false
        }
    }
}

/// An order as a broker's list shows it. What the broker does not say is `nil`.
package struct BrokerOrder: Hashable, Sendable {
    package var report: OrderReport
    package var symbol: InstrumentID?
    package var side: Side?
    package var orderType: OrderType?
    package var product: Product?
    package var timeInForce: TimeInForce?
    package var orderClass: OrderClass?
    /// It waits for the venue to open.
    package var isAfterMarket = false
    package var quantity: ExactDecimal?
    package var price: ExactDecimal?
    package var triggerPrice: ExactDecimal?
    /// Zero where all of it shows.
    package var disclosedQuantity: ExactDecimal?

    package init(_ report: OrderReport) { self.report = report }
}

extension Engine {
    /// The order that a broker's row or report is about; `nil` = none of ours in memory.
    package func place(of report: OrderReport) -> OrderPlace? {
        guard let account = accountNumber(report.account) else { return nil }
        return place(report.clientOrderID, report.brokerOrderID, account: account)
    }

    /// What contradicts what was known, after `event` was applied to this order and counted as an anomaly.
    package func anomaly(at place: OrderPlace, after event: Event, now: Timestamp) -> Anomaly? {
        guard let run = runs[place.run], run.orders.indices.contains(Int(place.order)) else { return nil }
        let order = run.orders[Int(place.order)]
        let kind: Anomaly.Kind
        var excess: Int64 = 0
        if case .gapClosed = event {
            kind = .executionsMissing
            excess = max(0, saturatingDifference(order.promisedQuantity, order.knownExecuted))
        } else if order.isTakenBackBeyond {
            kind = .takenBackBeyond
        } else if event.movesQuantities, order.overfilledQuantity > 0 {
            (kind, excess) = (.overfill, order.overfilledQuantity)
        } else if !order.status.isTerminal {
            kind = .revived
        } else if case .executed(let execution) = event {
            (kind, excess) = (.fillAfterEnd, execution.lastQuantity)
        } else {
            return nil
        }
        return Anomaly(
            run: place.run, order: place.order, kind: kind, ordered: order.quantity, executed: order.knownExecuted,
            excess: excess, at: now)
    }

    /// How much more the broker counts as executed of a live order than executions are known for, steps.
    package func missingExecutions(_ report: OrderReport) -> (place: OrderPlace, missing: Int64)? {
        guard let stated = report.cumulativeQuantity, !stated.isZero, let place = place(of: report) else { return nil }
        // In place: every report is asked this.
        let missing = runs.look(place.run) { run -> Int64? in
            let order = run.orders[Int(place.order)]
            guard let steps = instruments[Int(run.instrument(of: order))].instrument.steps(stated) else { return nil }
            return saturatingDifference(saturatingDifference(steps, order.executedBefore), order.knownExecuted)
        }
        guard let missing = missing ?? nil, missing > 0 else { return nil }
        return (place, missing)
    }

    /// The terms that a row shows of one of our orders, where it says enough: every field that a pending modify changes,
    /// else the quantity. `nil` = it does not, or in numbers that are not the instrument's.
    package func terms(in row: BrokerOrder, of place: OrderPlace) -> Order.Terms? {
        guard let run = runs[place.run], run.orders.indices.contains(Int(place.order)) else { return nil }
        let order = run.orders[Int(place.order)]
        let instrument = instruments[Int(run.instrument(of: order))].instrument
        let wanted = order.wantedTerms ?? order.terms
        var found = order.terms
        if let quantity = row.quantity {
            guard let steps = instrument.steps(quantity), steps > order.executedBefore else { return nil }
            found.quantity = steps - order.executedBefore
        } else if wanted.quantity != found.quantity || order.replacement == nil {
            return nil
        }
        guard let orderType = shownType(in: row, of: order, wanted, instrument) else { return nil }
        found.words.orderType = orderType
        // A price that the order's type does not have is not looked at: some brokers show the last trade there, or 0.
        func points(_ price: ExactDecimal?, isNeeded: Bool, _ known: Int64, _ wanted: Int64) -> Int64? {
            guard isNeeded else { return 0 }
            if let price, price > .zero { return instrument.points(price) }
            return known != 0 && known == wanted ? known : nil
        }
        let isCover = run.admission.order.orderClass == .cover
        guard
            let limit = points(
                row.price, isNeeded: orderType.hasLimitPrice, found.limitPrice, wanted.limitPrice),
            let stop = points(
                row.triggerPrice, isNeeded: orderType.hasStopPrice || (isCover && found.stopPrice != 0),
                found.stopPrice, wanted.stopPrice)
        else { return nil }
        (found.limitPrice, found.stopPrice) = (limit, stop)
        // Other words are looked at where a modify changes them: brokers have words of their own for the rest.
        if wanted.words.timeInForce != found.words.timeInForce {
            guard let shown = row.timeInForce else { return nil }
            found.words.timeInForce = shown
        }
        if wanted.words.disclosedQuantity != found.words.disclosedQuantity {
            guard let shown = row.disclosedQuantity else { return nil }
            found.words.disclosedQuantity = shown
        }
        return found
    }

    /// The type that a row shows of an order; `nil` = it does not tell a type that is wanted from the one before.
    ///
    /// Brokers show a market order as the limit order that they made of it, and a stop as what it became: that is the order
    /// as it was.
    private func shownType(
        in row: BrokerOrder, of order: Order, _ wanted: Order.Terms, _ instrument: Instrument
    ) -> OrderType? {
        let known = order.orderType
        let wish = wanted.words.orderType ?? known
        guard let shown = row.orderType else { return wish == known ? known : nil }
        guard shown != known else { return known }
        let isOldForm = shown.mayStand(for: known)
        guard wish != known else { return isOldForm ? known : shown }
        if shown == wish {
            // The limit order that is wanted, or the one that was made of a market order: the price tells.
            guard isOldForm, wish.hasLimitPrice else { return shown }
            return row.price.flatMap { instrument.points($0) } == wanted.limitPrice ? shown : known
        }
        guard shown.mayStand(for: wish) else { return isOldForm ? known : shown }
        return isOldForm ? nil : wish
    }
}

extension OrderType {
    /// Whether a broker may show an order of `type` so: protected from the market, or triggered.
    fileprivate func mayStand(for type: OrderType) -> Bool {
        switch type {
        case .market: self == .limit
        case .limit: false
        case .stop: self != .stop
        case .stopLimit: self == .limit
        }
    }
}

extension Event {
    /// Whether it changes what is executed of an order, or how much was ordered.
    fileprivate var movesQuantities: Bool {
        switch self {
        case .executed, .replaceAnswered, .termsFound: true
        default: false
        }
    }
}
