package import Domain

/// A broker's list of one account's orders beside ours. Every row and every order of ours stands in one place only,
/// whatever the order of the rows and however often one comes.
package struct OrderComparison: Sendable {
    /// Live on both sides, with the same terms and as much executed.
    package var matched: [OrderPlace] = []
    /// Rows of ours, live or ended, whose news is to be taken: one for each order.
    package var ours: [BrokerOrder] = []
    /// Live on both sides with other terms than ours.
    package var otherTerms: [(place: OrderPlace, terms: Order.Terms)] = []
    /// Live on both sides, and the broker counts more as executed.
    package var behind: [OrderPlace] = []
    /// Live here and at the broker by its own word, and not in its list.
    package var localOnly: [OrderPlace] = []
    /// Live at the broker and not from here.
    package var brokerOnly: [BrokerOrder] = []
    /// Ended here and live at the broker.
    package var ended: [(place: OrderPlace, row: BrokerOrder)] = []
    /// Live here, without an answer of the broker's yet: look-ups settle them.
    package var open: [OrderPlace] = []
}

extension RunAdmission {
    /// Taken over from a broker's list: nobody here asked for it, and no control decided it.
    package var isAdopted: Bool { origin.caller == "broker" }
}

extension Engine {
    /// Compares a broker's list with the orders of an account. Pure: what follows is the caller's to decide.
    ///
    /// - Parameters:
    ///   - rows: The whole list; an empty one says that the broker has none, a failed question is no list.
    ///   - askedAt: When the question left. What changed here after it, or shortly before, is not held against the list.
    ///   - visibilityDelay: How long a change may take to show there, nanoseconds.
    package func compare(
        _ rows: [BrokerOrder], of account: Int32, askedAt: Timestamp, visibilityDelay: Int64
    ) -> OrderComparison {
        var comparison = OrderComparison()
        var known: [OrderPlace: BrokerOrder] = [:]
        var foreign: [String: BrokerOrder] = [:]
        for row in rows {
            if let place = place(row.report.clientOrderID, row.report.brokerOrderID, account: account) {
                known[place] = row
            } else if let id = row.report.brokerOrderID, !row.report.state.isTerminal {
                foreign[id] = row
            }
        }
        let settled = askedAt.advanced(by: -max(0, visibilityDelay))
        for place in known.keys.sorted(by: Self.isBefore) {
            guard let row = known[place], let run = runs[place.run] else { continue }
            comparison.ours.append(row)
            let order = run.orders[Int(place.order)]
            guard !row.report.state.isTerminal else { continue }
            if order.status.isTerminal {
                if run.updatedAt < settled { comparison.ended.append((place, row)) }
                continue
            }
            if let terms = terms(in: row, of: place), terms != order.terms, order.replacement == nil {
                if run.updatedAt < settled { comparison.otherTerms.append((place, terms)) }
            } else if missingExecutions(row.report) != nil {
                comparison.behind.append(place)
            } else {
                comparison.matched.append(place)
            }
        }
        comparison.brokerOnly = foreign.keys.sorted().compactMap { foreign[$0] }
        runs.forEachLive { run in
            for (index, order) in run.orders.enumerated() where order.isAtBroker {
                let place = OrderPlace(run: run.id, order: Int32(index))
                guard run.admission(of: order).account == account, known[place] == nil else { continue }
                switch order.status {
                case .sent, .unknown: comparison.open.append(place)
                default: if run.updatedAt < settled { comparison.localOnly.append(place) }
                }
            }
        }
        comparison.open.sort(by: Self.isBefore)
        comparison.localOnly.sort(by: Self.isBefore)
        return comparison
    }

    private static func isBefore(_ first: OrderPlace, _ second: OrderPlace) -> Bool {
        (first.run, first.order) < (second.run, second.order)
    }

    /// Whether an order of ours without a broker's id could be this one: then it is not known to be somebody else's.
    package func mayBeOurs(_ row: BrokerOrder, account: Int32) -> Bool {
        var may = false
        runs.forEachLive { run in
            for order in run.orders where order.isAtBroker && order.brokerOrderID == nil {
                let leg = run.admission(of: order)
                guard leg.account == account else { continue }
                let isSameSymbol = row.symbol.map { instruments[Int(run.instrument(of: order))].id == $0 } ?? true
                if isSameSymbol, row.side.map({ $0 == leg.side }) ?? true { may = true }
            }
        }
        return may
    }

    /// An order that was entered elsewhere as a run of one leg, so that it counts, shows and can be canceled like ours.
    ///
    /// - Parameter executedBefore: Steps of it whose executions are booked already, or were before the account came here.
    /// - Returns: `nil` where the broker's row does not say enough, in the instrument's own numbers.
    package func adoption(
        of row: BrokerOrder, account: Int32, executedBefore: Int64, now: Timestamp
    ) -> RunAdmission? {
        guard let symbol = row.symbol, let number = instrumentNumbers[symbol], let side = row.side,
            let orderType = row.orderType, let product = row.product, let timeInForce = row.timeInForce,
            let stated = row.quantity, let brokerOrderID = row.report.brokerOrderID
        else { return nil }
        let instrument = instruments[Int(number)].instrument
        let entry = accounts[Int(account)].account
        guard let total = instrument.steps(stated), total <= Self.maximumExecution, executedBefore >= 0 else {
            return nil
        }
        let quantity = total - executedBefore
        let limit = row.price.flatMap { instrument.points($0) } ?? 0
        let stop = row.triggerPrice.flatMap { instrument.points($0) } ?? 0
        let needsLimit = orderType == .limit || orderType == .stopLimit
        let needsStop = orderType == .stop || orderType == .stopLimit
        // Some brokers tell the stop of a cover order with its second leg alone.
        let hasStop = needsStop || (row.orderClass == .cover && stop > 0)
        guard quantity > 0, !needsLimit || limit > 0, !needsStop || stop > 0 else { return nil }
        var order = ParentOrder(
            target: .account(entry.id), symbol: symbol, side: side, orderType: orderType, product: product)
        order.quantity = instrument.quantity(quantity)
        order.limitPrice = needsLimit ? row.price : nil
        order.stopPrice = hasStop ? row.triggerPrice : nil
        order.timeInForce = timeInForce
        order.orderClass = row.orderClass ?? .regular
        order.isAfterMarket = row.isAfterMarket
        order.disclosedQuantity = row.disclosedQuantity.flatMap { $0 > .zero ? $0 : nil }
        order.tag = "entered elsewhere"
        let leg = LegAdmission(
            account: account, side: side, weight: 0, allocatedQuantity: quantity, orderedQuantity: quantity,
            limitPrice: needsLimit ? limit : 0, stopPrice: hasStop ? stop : 0, orderType: orderType,
            isClosing: book.facts(account, number).isClosing(quantity, side: side), rejection: nil,
            alerts: [], slices: [quantity], heldUntil: nil, margin: 0)
        return RunAdmission(
            run: runs.nextRun, group: nil, groupVersion: 0, riskVersion: riskVersion, order: order,
            origin: Origin(caller: "broker", idempotencyKey: "adopted:\(entry.id):\(brokerOrderID)"),
            instrument: number, mode: .bestEffort, onLegFailure: .leave, receivedAt: now, admittedAt: now,
            requestedQuantity: quantity, unallocatedQuantity: 0, leftOut: [], reference: nil, rotation: 0, carry: [],
            firstClientSequence: nextClientSequence, legs: [leg], isGatewayClosing: false)
    }
}
