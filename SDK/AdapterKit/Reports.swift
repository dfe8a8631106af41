public import Exact

/// The state of one order as the broker reports it. Cumulative quantity here is a hint: positions move only by
/// `TradeUpdate`.
public struct OrderUpdate: Hashable, Sendable {
    public var identity: OrderIdentity
    public var state: OrderState
    public var cumulativeQuantity: ExactDecimal?
    public var leavesQuantity: ExactDecimal?
    public var averagePrice: ExactDecimal?
    /// Why, where the state is not what was hoped for.
    public var reason: AdapterError?
    public var brokerTime: Timestamp?
    /// The broker's own order of reports, 0: none.
    public var sequence: UInt64
    /// The broker's word, where the state is `.other`.
    public var rawState: String?
    /// In rows of a query: the order as the broker holds it; else `nil`.
    public var order: StoredOrder?

    /// News of an order.
    public init(
        _ identity: OrderIdentity, _ state: OrderState, cumulativeQuantity: ExactDecimal? = nil,
        leavesQuantity: ExactDecimal? = nil, averagePrice: ExactDecimal? = nil, reason: AdapterError? = nil,
        brokerTime: Timestamp? = nil, sequence: UInt64 = 0, rawState: String? = nil, order: StoredOrder? = nil
    ) {
        self.identity = identity
        self.state = state
        self.cumulativeQuantity = cumulativeQuantity
        self.leavesQuantity = leavesQuantity
        self.averagePrice = averagePrice
        self.reason = reason
        self.brokerTime = brokerTime
        self.sequence = sequence
        self.rawState = rawState
        self.order = order
    }
}

/// One fee of a trade; positive is paid by the account.
public struct Fee: Hashable, Sendable {
    public var name: String
    public var currency: String
    public var amount: ExactDecimal

    /// A fee by its name, in a currency.
    public init(name: String, currency: String, amount: ExactDecimal) {
        self.name = name
        self.currency = currency
        self.amount = amount
    }
}

/// One execution: the only thing that moves positions.
public struct TradeUpdate: Hashable, Sendable {
    public var identity: OrderIdentity
    public var kind: TradeKind
    /// The broker's id of the execution (FIX 17), never invented.
    public var executionID: String
    /// The execution that a correction replaces or a bust takes back.
    public var replaces: String?
    public var side: Side
    public var liquidity: Liquidity?
    /// The canonical id; needed where the order is not the host's own.
    public var instrumentID: String?
    /// In units, above zero.
    public var quantity: ExactDecimal
    public var price: ExactDecimal
    public var fees: [Fee]
    public var tradeTime: Timestamp?

    /// News of an execution.
    public init(
        _ identity: OrderIdentity, executionID: String, side: Side, quantity: ExactDecimal, price: ExactDecimal,
        instrumentID: String? = nil, fees: [Fee] = [], liquidity: Liquidity? = nil, tradeTime: Timestamp? = nil,
        kind: TradeKind = .new, replaces: String? = nil
    ) {
        self.identity = identity
        self.kind = kind
        self.executionID = executionID
        self.replaces = replaces
        self.side = side
        self.liquidity = liquidity
        self.instrumentID = instrumentID
        self.quantity = quantity
        self.price = price
        self.fees = fees
        self.tradeTime = tradeTime
    }
}

/// One of several orders that a single command made at the broker.
public struct ChildOrder: Hashable, Sendable {
    public var role: ChildRole
    public var identity: OrderIdentity
    public var quantity: ExactDecimal
    public var outcome: Outcome
    public var error: AdapterError?

    /// A child by what it is and how it ended.
    public init(
        _ role: ChildRole, _ identity: OrderIdentity, quantity: ExactDecimal, outcome: Outcome,
        error: AdapterError? = nil
    ) {
        self.role = role
        self.identity = identity
        self.quantity = quantity
        self.outcome = outcome
        self.error = error
    }
}
