import AdapterKit
import Exact

/// How the account's facts look to the host.
extension PaperAccount {
    func identity(_ order: PaperOrder) -> OrderIdentity {
        OrderIdentity(account: index, brokerOrderID: order.number.text, clientReference: order.reference)
    }

    func tradeUpdate(_ order: PaperOrder, _ execution: Execution) -> TradeUpdate {
        let instrument = broker.books[order.instrument].instrument
        var fees: [Fee] = []
        if execution.fee != .zero {
            fees.append(Fee(name: "brokerage", currency: currency, amount: execution.fee.decimal))
        }
        return TradeUpdate(
            identity(order), executionID: execution.text, side: order.side,
            quantity: instrument.quantity(execution.quantity), price: instrument.price(execution.price),
            instrumentID: instrument.id, fees: fees, liquidity: execution.isMaker ? .maker : .taker,
            tradeTime: execution.time)
    }

    /// - Parameter isRow: whether the order itself is told too, as rows of a query do.
    func orderUpdate(_ order: PaperOrder, isRow: Bool = false) -> OrderUpdate {
        let instrument = broker.books[order.instrument].instrument
        return OrderUpdate(
            identity(order), order.state, cumulativeQuantity: instrument.quantity(order.cumulativeQuantity),
            leavesQuantity: order.isWorking ? instrument.quantity(order.leavesQuantity) : 0,
            averagePrice: order.averagePrice(on: instrument), reason: order.endReason.error(brokerFor: order),
            brokerTime: order.updatedAt, order: isRow ? storedOrder(order, on: instrument) : nil)
    }

    private func storedOrder(_ order: PaperOrder, on instrument: PaperInstrument) -> StoredOrder {
        StoredOrder(
            account: index,
            instrument: StoredInstrument(
                id: instrument.id, currency: currency, lotSize: instrument.terms.lot,
                multiplier: instrument.multiplier, tick: instrument.terms.tick),
            side: order.side, type: order.orderType, quantity: instrument.quantity(order.quantity),
            price: order.price > 0 ? instrument.price(order.price) : nil,
            triggerPrice: order.triggerPrice > 0 ? instrument.price(order.triggerPrice) : nil,
            product: order.product, timeInForce: order.timeInForce, clientReference: order.reference,
            validUntil: order.timeInForce == .goodTillDate ? order.expiresAt : nil)
    }

    /// Open positions and those that were closed since the account began, the oldest instrument first.
    func positions(of instrumentID: String?) -> [Position] {
        rows(of: instrumentID) { bucket, product, instrument in
            guard bucket.quantity != 0 || bucket.realised != .zero else { return nil }
            return Position(
                account: index, instrumentID: instrument.id, product: product,
                quantity: instrument.quantity(bucket.quantity),
                averagePrice: instrument.averagePrice(of: bucket.cost, over: bucket.quantity),
                realised: bucket.realised.decimal, overnightQuantity: instrument.quantity(bucket.overnightQuantity))
        }
    }

    /// What has settled. What was sold out of it today, or is offered for sale, is not free.
    func holdings(of instrumentID: String?) -> [Holding] {
        rows(of: instrumentID) { bucket, _, instrument in
            guard bucket.heldQuantity != 0 else { return nil }
            let bought = max(0, bucket.quantity)
            let free = bucket.heldQuantity + min(0, bucket.quantity) - max(0, bucket.openSell - bought)
            return Holding(
                account: index, instrumentID: instrument.id, quantity: instrument.quantity(bucket.heldQuantity),
                free: instrument.quantity(free), pledged: 0,
                averagePrice: instrument.averagePrice(of: bucket.heldCost, over: bucket.heldQuantity))
        }
    }

    private func rows<Row>(
        of instrumentID: String?, _ row: (Bucket, Product, PaperInstrument) -> Row?
    ) -> [Row] {
        broker.ledger.buckets.indices.compactMap { index in
            let instrument = broker.books[index / 5].instrument
            guard instrumentID == nil || instrumentID == instrument.id else { return nil }
            return row(broker.ledger.buckets[index], Ledger.product(at: index), instrument)
        }
    }

    func funds(asOf now: Timestamp) -> Funds {
        Funds(
            account: index, currency: currency, cash: broker.ledger.cash.decimal,
            available: broker.ledger.available.decimal, used: broker.ledger.usedTotal.decimal,
            equity: broker.equity?.decimal, asOf: now)
    }
}

extension EndReason {
    /// What an order update says of why the order ended; `nil` where it needs no saying.
    func error(brokerFor order: PaperOrder) -> AdapterError? {
        switch self {
        case .none, .canceledByClient: nil
        case .notFilledAtOnce:
            AdapterError(
                .other, "what could not be filled at once was canceled", brokerCode: "NOT_FILLED_AT_ONCE")
        case .expired: AdapterError(.other, "the order's time in force ended", brokerCode: "EXPIRED")
        case .funds:
            AdapterError(
                .funds, "the first price showed that the order is not covered", field: "quantity",
                certainty: .rejected, brokerCode: "FUNDS")
        case .priceBand:
            AdapterError(
                .priceBand, "the first price showed that the order is outside the band", field: "price",
                certainty: .rejected, brokerCode: "PRICE_BAND")
        case .amountTooLarge:
            AdapterError(
                .quantityRule, "the execution is worth more than the books can hold", field: "quantity",
                brokerCode: "AMOUNT")
        case .refusedLate:
            AdapterError(
                .brokerRisk, "the broker turned the order down after it had accepted it", certainty: .rejected,
                brokerCode: "REFUSED_LATE")
        case .tooManyExecutions:
            AdapterError(
                .brokerRisk, "the order had \(PaperOrder.mostExecutions) executions, the most allowed",
                brokerCode: "EXECUTIONS")
        }
    }
}
