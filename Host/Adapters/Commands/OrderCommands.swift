package import Domain

/// What the engine decided about an order beside its terms (ABI `SLUICE_ORDER_*` flags).
package struct OrderFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The engine judged the order strictly closing: a degraded session takes it too.
    package static let closing = OrderFlags(rawValue: 0x1)
    package static let reduceOnly = OrderFlags(rawValue: 0x2)
    package static let postOnly = OrderFlags(rawValue: 0x4)
    package static let afterMarket = OrderFlags(rawValue: 0x8)
}

/// One order to place, durable before it comes here.
///
/// The engine has rounded price and quantity already; nothing here or in the adapter rounds. `deadline` is monotonic
/// nanoseconds of the session's clock: past it a command still in the queue ends as not-sent, one in flight as unknown.
package struct SubmitCommand: Sendable {
    /// The caller's own number, handed back with the completion.
    package var id: UInt64
    /// Place of the account in the session's `accounts`.
    package var accountIndex: Int32
    package var side: Side
    package var orderType: OrderType
    package var product: Product
    package var timeInForce: TimeInForce
    package var orderClass: OrderClass
    package var flags: OrderFlags
    /// FIX 11.
    package var clientOrderID: ClientOrderID
    /// The run's name, for the adapter's log lines.
    package var runText: String
    package var instrument: AdapterInstrument
    /// Units of the venue's order book, positive.
    package var quantity: ExactDecimal
    package var disclosedQuantity: ExactDecimal?
    package var price: ExactDecimal?
    package var triggerPrice: ExactDecimal?
    package var trail: ExactDecimal?
    package var validUntil: Timestamp?
    /// A JSON object for this adapter.
    package var options: String?
    package var deadline: Int64?
    /// Monotonic nanoseconds, where it is earlier than `deadline`: past it a command still in a queue ends as not-sent,
    /// while one in flight has until `deadline`.
    package var sendBefore: Int64?

    package init(
        id: UInt64, accountIndex: Int32, side: Side, orderType: OrderType, product: Product, timeInForce: TimeInForce,
        orderClass: OrderClass = .regular, flags: OrderFlags = [], clientOrderID: ClientOrderID, runText: String,
        instrument: AdapterInstrument, quantity: ExactDecimal, disclosedQuantity: ExactDecimal? = nil,
        price: ExactDecimal? = nil, triggerPrice: ExactDecimal? = nil, trail: ExactDecimal? = nil,
        validUntil: Timestamp? = nil, options: String? = nil, deadline: Int64? = nil,
        sendBefore: Int64? = nil
    ) {
        (self.id, self.accountIndex, self.side, self.orderType) = (id, accountIndex, side, orderType)
        (self.product, self.timeInForce, self.orderClass, self.flags) = (product, timeInForce, orderClass, flags)
        (self.clientOrderID, self.runText, self.instrument) = (clientOrderID, runText, instrument)
        self.sendBefore = sendBefore
        (self.quantity, self.disclosedQuantity, self.price) = (quantity, disclosedQuantity, price)
        (self.triggerPrice, self.trail, self.validUntil) = (triggerPrice, trail, validUntil)
        (self.options, self.deadline) = (options, deadline)
    }
}

/// An order as the broker last acknowledged it: boxed, since a reference to an order is small and seldom needs it.
package final class AcknowledgedOrder: Sendable {
    package let terms: SubmitCommand
    let prepared: PreparedOrder

    package init(_ terms: SubmitCommand) {
        self.terms = terms
        prepared = PreparedOrder(terms)
    }
}

/// How an order is found again at the broker, also after a restart (ABI.md rule 28).
package struct OrderReference: Sendable {
    package var accountIndex: Int32
    package var brokerOrderID: String?
    package var exchangeOrderID: String?
    package var clientOrderID: ClientOrderID?
    /// The adapter's own bytes, as it last gave them for this order; at most 1 KiB.
    package var adapterState: [UInt8]?
    package var order: AcknowledgedOrder?

    package init(
        accountIndex: Int32, brokerOrderID: String? = nil, exchangeOrderID: String? = nil,
        clientOrderID: ClientOrderID? = nil, adapterState: [UInt8]? = nil, order: AcknowledgedOrder? = nil
    ) {
        (self.accountIndex, self.brokerOrderID, self.exchangeOrderID) = (accountIndex, brokerOrderID, exchangeOrderID)
        (self.clientOrderID, self.adapterState, self.order) = (clientOrderID, adapterState, order)
    }
}

/// Changes a live order.
package struct ModifyCommand: Sendable {
    package var id: UInt64
    package var reference: OrderReference
    package var changes: OrderChanges
    /// The fresh id of the replacing order.
    package var clientOrderID: ClientOrderID
    package var deadline: Int64?
    package init(
        id: UInt64, reference: OrderReference, changes: OrderChanges, clientOrderID: ClientOrderID,
        deadline: Int64? = nil
    ) {
        (self.id, self.reference, self.changes) = (id, reference, changes)
        (self.clientOrderID, self.deadline) = (clientOrderID, deadline)
    }
}

/// Cancels a live order. Overtakes queued submits, except the submit of the very order it names.
package struct CancelCommand: Sendable {
    package var id: UInt64
    package var reference: OrderReference
    package var deadline: Int64?
    package init(id: UInt64, reference: OrderReference, deadline: Int64? = nil) {
        (self.id, self.reference, self.deadline) = (id, reference, deadline)
    }
}

/// Cancels every live order of an account, or of one of its instruments.
package struct CancelAllCommand: Sendable {
    package var id: UInt64
    package var accountIndex: Int32
    package var symbol: InstrumentID?
    package var deadline: Int64?
    package init(id: UInt64, accountIndex: Int32, symbol: InstrumentID? = nil, deadline: Int64? = nil) {
        (self.id, self.accountIndex, self.symbol, self.deadline) = (id, accountIndex, symbol, deadline)
    }
}

/// Looks one order up at the broker, once (ABI.md rule 30): the caller repeats it after the visibility delay.
package struct LookupCommand: Sendable {
    package var id: UInt64
    package var reference: OrderReference
    /// When the submit was handed over; `nil` where that is not known to have happened.
    package var writtenTime: Timestamp?
    package var deadline: Int64?
    package init(id: UInt64, reference: OrderReference, writtenTime: Timestamp? = nil, deadline: Int64? = nil) {
        (self.id, self.reference, self.writtenTime, self.deadline) = (id, reference, writtenTime, deadline)
    }
}

/// Whether a command was taken onto the lane's queue.
package enum QueueVerdict: Hashable, Sendable {
    /// Exactly one completion follows.
    case taken
    /// Nothing was sent and no completion follows.
    case refused(HostCause)
}
