public import AdapterKit

/// Why no session could be made.
public struct ScriptedHostError: Error, Hashable, Sendable {
    public let status: HostStatus
    /// The adapter's reason.
    public let text: String
}

/// A command that was handed to the adapter.
public struct Sent: Hashable, Sendable {
    public let token: UInt64
    /// `.ok`: accepted, a completion follows or has come. Anything else: the call had no effect.
    public let status: HostStatus
}

/// How a command ended.
public struct Completion: Hashable, Sendable {
    public var token: UInt64
    public var outcome: Outcome
    public var orderState: OrderState?
    public var identity: OrderIdentity?
    public var error: AdapterError?
    public var children: [ChildOrder]
    public var replacedBy: String?
    public var parentReference: String?
    public var brokerTime: Timestamp?
    /// The result of a vendor call: JSON.
    public var document: String?

    /// Where the next page of a query begins.
    public var nextCursor: String? { outcome == .ok ? identity?.brokerOrderID : nil }
}

/// What one command sent as rows.
public struct Rows: Hashable, Sendable {
    public var orders: [OrderUpdate] = []
    public var trades: [TradeUpdate] = []
    public var positions: [Position] = []
    public var holdings: [Holding] = []
    public var funds: [Funds] = []
    public var margins: [Margin] = []
    public var instruments: [InstrumentRow] = []
    public var profiles: [Profile] = []
    public var quotes: [QuoteRow] = []
    public var candles: [CandleRow] = []

    /// How many there are.
    public var count: Int {
        orders.count + trades.count + positions.count + holdings.count + funds.count + margins.count
            + instruments.count + profiles.count + quotes.count + candles.count
    }

    /// Rows to compare with; what is left out is empty.
    public init(
        orders: [OrderUpdate] = [], trades: [TradeUpdate] = [], positions: [Position] = [], holdings: [Holding] = [],
        funds: [Funds] = [], margins: [Margin] = [], instruments: [InstrumentRow] = [], profiles: [Profile] = [],
        quotes: [QuoteRow] = [], candles: [CandleRow] = []
    ) {
        self.quotes = quotes
        self.candles = candles
        self.orders = orders
        self.trades = trades
        self.positions = positions
        self.holdings = holdings
        self.funds = funds
        self.margins = margins
        self.instruments = instruments
        self.profiles = profiles
    }
}

/// A report of where the session stands.
public struct StateReport: Hashable, Sendable {
    public var state: SessionState
    public var expiresAt: Timestamp?
    public var error: AdapterError?

    /// A report to compare with.
    public init(state: SessionState, expiresAt: Timestamp? = nil, error: AdapterError? = nil) {
        self.state = state
        self.expiresAt = expiresAt
        self.error = error
    }
}

/// One line of the operator's log.
public struct LogLine: Hashable, Sendable {
    public var level: LogLevel
    public var text: String
    public var fields: [String: String]

    /// A line to compare with.
    public init(level: LogLevel, text: String, fields: [String: String] = [:]) {
        self.level = level
        self.text = text
        self.fields = fields
    }
}

/// A key of the host's key-value store.
public struct StoreKey: Hashable, Sendable, Comparable {
    public var account: UInt32
    public var keyClass: UInt32
    public var key: String

    /// A key by its account, its class (`KeyValueStore.Class`) and its text.
    public init(account: UInt32 = 0, keyClass: KeyValueStore.Class = .durable, _ key: String) {
        self.account = account
        self.keyClass = keyClass.rawValue
        self.key = key
    }

    init(account: UInt32, rawClass: UInt32, _ key: String) {
        self.account = account
        keyClass = rawClass
        self.key = key
    }

    /// By account, class, and the bytes of the key.
    public static func < (left: StoreKey, right: StoreKey) -> Bool {
        if left.account != right.account { return left.account < right.account }
        if left.keyClass != right.keyClass { return left.keyClass < right.keyClass }
        return left.key.utf8.lexicographicallyPrecedes(right.key.utf8)
    }
}
