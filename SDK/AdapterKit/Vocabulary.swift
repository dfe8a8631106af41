import CSluice

// Words that the host says. A host sends only words of the vocabulary that was agreed at the entry, so each of these is
// closed: a raw value outside it refuses the call.

/// Which way an order trades (FIX 54).
public enum Side: UInt32, Sendable {
    case buy = 1
    case sell
}

/// How an order meets the market (FIX 40).
public enum OrderType: UInt32, Sendable {
    case market = 1
    case limit
    /// A market order once the trigger price trades.
    case stop
    /// A limit order once the trigger price trades.
    case stopLimit
}

/// What becomes of the position overnight, and who pays for it.
public enum Product: UInt32, Sendable {
    /// Squared off by the broker at the end of the day.
    case intraday = 1
    /// Fully paid, settled into holdings.
    case delivery
    /// A derivative carried overnight.
    case carry
    /// Financed.
    case margin
    /// Unfinanced, where the venue knows no delivery product.
    case cash
}

/// How long an order lives (FIX 59).
public enum TimeInForce: UInt32, Sendable {
    case day = 1
    case immediateOrCancel, fillOrKill, goodTillCancel
    /// Until `validUntil`.
    case goodTillDate
}

/// The shape of an order at the broker.
public enum OrderClass: UInt32, Sendable {
    case regular = 1
    case cover, bracket, iceberg, auction
}

/// Further wishes of an order.
public struct OrderFlags: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// The host judged the order strictly closing; it is taken in a degraded session too.
    public static let closing = OrderFlags(rawValue: SLUICE_ORDER_CLOSING)
    public static let reduceOnly = OrderFlags(rawValue: SLUICE_ORDER_REDUCE_ONLY)
    public static let postOnly = OrderFlags(rawValue: SLUICE_ORDER_POST_ONLY)
    public static let afterMarket = OrderFlags(rawValue: SLUICE_ORDER_AFTER_MARKET)
}

/// Whether a session trades or only reads instruments and market data.
public enum SessionRole: UInt32, Sendable {
    case trading = 1
    case data
}

/// Whose money a session moves.
public enum SessionEnvironment: UInt32, Sendable {
    case live = 1
    case sandbox, replay
}

/// What a query asks for.
public enum QueryKind: UInt32, Sendable {
    case order = 1
    case orders, trades, positions, holdings, funds, margins, instruments, profile
    /// Of one order, oldest first.
    case orderHistory, quotes, candles
}

// Words that an adapter says.

/// What an order is at the broker. A broker's word that has no place here travels as `other`, with the word itself in
/// `OrderUpdate.rawState`.
public enum OrderState: UInt32, Sendable {
    case pendingNew = 1
    case triggerPending, open, partiallyFilled, filled, pendingModify, pendingCancel, canceled, rejected
    case expired, suspended
    case other = 255
}

/// Where a session stands.
public enum SessionState: UInt32, Sendable {
    case opening = 1
    /// Waits for a person.
    case challenge
    /// Takes every command.
    case ready
    /// Takes cancels, queries, reconcile, and orders flagged closing.
    case degraded
    case closing, closed, failed
}

/// How loud a log line is.
public enum LogLevel: UInt32, Sendable {
    case trace = 1
    case debug, info, notice, warning, error
}

/// What a metric's number does to the ones before it.
public enum MetricKind: UInt32, Sendable {
    /// The value is added.
    case counter = 1
    /// The value replaces.
    case gauge
    /// The value goes into a histogram of nanoseconds.
    case durationNanoseconds
}

/// What an execution report says about an execution.
public enum TradeKind: UInt32, Sendable {
    case new = 1
    /// Replaces the execution named in `replaces`.
    case correct
    /// Takes the execution named in `replaces` back.
    case bust
}

/// Whether an execution gave or took liquidity.
public enum Liquidity: UInt32, Sendable {
    case maker = 1
    case taker
}

/// What an order among several of one command is.
public enum ChildRole: UInt32, Sendable {
    case slice = 1
    case leg, stop, target, replacement
}

/// How a command, or one order of it, ended.
public enum Outcome: UInt32, Sendable {
    case ok = 1
    case accepted
    /// The broker refused; nothing is live.
    case rejected
    /// Nothing left the machine.
    case notSent
    /// It may be live: never a failure, left only by evidence.
    case unknown
    case found
    /// An authoritative look-up says that the broker never had it.
    case provenAbsent
    case indeterminate
}
