/// The state of an order as a broker reports it (ABI vocabulary, `SLUICE_ORDER_STATE_*`).
package enum ReportedState: UInt8, Hashable, Sendable {
    case pendingNew = 1
    case triggerPending = 2
    case open = 3
    case partiallyFilled = 4
    case filled = 5
    case pendingModify = 6
    case pendingCancel = 7
    case canceled = 8
    case rejected = 9
    case expired = 10
    case suspended = 11
    /// A state that this host does not know; nothing is concluded from it.
    case other = 255

    package var isTerminal: Bool {
        switch self {
        case .filled, .canceled, .rejected, .expired: true
        default: false
        }
    }
}

/// What went wrong, in one word (ABI vocabulary, `SLUICE_CODE_*`).
package enum AdapterErrorCode: UInt8, VocabularyWord {
    case invalid = 1
    case unsupported, clock, authExpired, authRejected, forbidden, rateLimited, funds, brokerRisk, priceBand
    case quantityRule, marketClosed, halted, instrument, duplicate, notFound, alreadyFinal, network, timeout, truncated
    case brokerServerError, protocolError, internalError
    case other = 255

    package var rawName: String {
        switch self {
        case .invalid: "INVALID"
        case .unsupported: "UNSUPPORTED"
        case .clock: "CLOCK"
        case .authExpired: "AUTH_EXPIRED"
        case .authRejected: "AUTH_REJECTED"
        case .forbidden: "FORBIDDEN"
        case .rateLimited: "RATE_LIMITED"
        case .funds: "FUNDS"
        case .brokerRisk: "BROKER_RISK"
        case .priceBand: "PRICE_BAND"
        case .quantityRule: "QUANTITY_RULE"
        case .marketClosed: "MARKET_CLOSED"
        case .halted: "HALTED"
        case .instrument: "INSTRUMENT"
        case .duplicate: "DUPLICATE"
        case .notFound: "NOT_FOUND"
        case .alreadyFinal: "ALREADY_FINAL"
        case .network: "NETWORK"
        case .timeout: "TIMEOUT"
        case .truncated: "TRUNCATED"
        case .brokerServerError: "BROKER_5XX"
        case .protocolError: "PROTOCOL"
        case .internalError: "INTERNAL"
        case .other: "OTHER"
        }
    }
}

/// Why a command did not succeed: our word, and the broker's words verbatim.
package struct AdapterError: Error, Hashable, Sendable {
    package var code: AdapterErrorCode
    package var brokerCode: String?
    package var brokerText: String?
    package var text: String?
    /// The offending field of the command.
    package var field: String?
    package var httpStatus: Int?
    package var retryAfterNanoseconds: Int64?

    package init(
        code: AdapterErrorCode, brokerCode: String? = nil, brokerText: String? = nil, text: String? = nil,
        field: String? = nil, httpStatus: Int? = nil, retryAfterNanoseconds: Int64? = nil
    ) {
        (self.code, self.brokerCode, self.brokerText, self.text) = (code, brokerCode, brokerText, text)
        (self.field, self.httpStatus, self.retryAfterNanoseconds) = (field, httpStatus, retryAfterNanoseconds)
    }
}

/// What is certain about a mutation (submit, modify, cancel) after the host's verdict (ABI.md rule 26).
package enum MutationOutcome: UInt8, Hashable, Sendable {
    case accepted = 1
    /// The broker refused; nothing is live.
    case rejected = 2
    /// Nothing left the machine.
    case notSent = 3
    /// It may be live. Never a failure: left only by evidence.
    case unknown = 4
}

/// What one look-up said of an order.
package enum LookupOutcome: UInt8, Hashable, Sendable {
    case found = 1
    case provenAbsent = 2
    case indeterminate = 3
}

/// News of one order.
package struct OrderReport: Hashable, Sendable {
    package var account: AccountID
    package var clientOrderID: ClientOrderID?
    package var brokerOrderID: String?
    package var exchangeOrderID: String?
    package var state: ReportedState
    /// Hints: positions move by executions only.
    package var cumulativeQuantity: ExactDecimal?
    package var leavesQuantity: ExactDecimal?
    package var averagePrice: ExactDecimal?
    package var reason: AdapterError?
    package var brokerTime: Timestamp?
    /// Opaque bytes of the adapter, kept with the order and handed back; at most 1 KiB.
    package var adapterState: [UInt8]?

    package init(
        account: AccountID, clientOrderID: ClientOrderID?, brokerOrderID: String?, exchangeOrderID: String? = nil,
        state: ReportedState, cumulativeQuantity: ExactDecimal? = nil, leavesQuantity: ExactDecimal? = nil,
        averagePrice: ExactDecimal? = nil, reason: AdapterError? = nil, brokerTime: Timestamp? = nil,
        adapterState: [UInt8]? = nil
    ) {
        (self.account, self.clientOrderID, self.brokerOrderID) = (account, clientOrderID, brokerOrderID)
        (self.exchangeOrderID, self.state, self.cumulativeQuantity) = (exchangeOrderID, state, cumulativeQuantity)
        (self.leavesQuantity, self.averagePrice, self.reason) = (leavesQuantity, averagePrice, reason)
        (self.brokerTime, self.adapterState) = (brokerTime, adapterState)
    }
}

/// One execution (FIX 35=8 with ExecType F, G or H): the only thing that moves a position.
package struct ExecutionReport: Hashable, Sendable {
    package enum Kind: UInt8, Hashable, Sendable {
        case new = 1
        case correct = 2
        case bust = 3
    }

    package var account: AccountID
    package var kind: Kind
    /// The broker's own (FIX 17), unique within adapter and account.
    package var executionID: String
    /// The execution that a correction or bust takes the place of (FIX 19).
    package var replaces: String?
    package var clientOrderID: ClientOrderID?
    package var brokerOrderID: String?
    package var symbol: InstrumentID?
    package var side: Side
    package var lastQuantity: ExactDecimal
    package var lastPrice: ExactDecimal
    /// In the account's currency; positive is paid. The sum of the adapter's fee lines.
    package var fees: ExactDecimal
    package var transactTime: Timestamp?

    package init(
        account: AccountID, kind: Kind = .new, executionID: String, replaces: String? = nil,
        clientOrderID: ClientOrderID?, brokerOrderID: String?, symbol: InstrumentID?, side: Side,
        lastQuantity: ExactDecimal, lastPrice: ExactDecimal, fees: ExactDecimal = .zero, transactTime: Timestamp? = nil
    ) {
        (self.account, self.kind, self.executionID, self.replaces) = (account, kind, executionID, replaces)
        (self.clientOrderID, self.brokerOrderID, self.symbol) = (clientOrderID, brokerOrderID, symbol)
        (self.side, self.lastQuantity, self.lastPrice) = (side, lastQuantity, lastPrice)
        (self.fees, self.transactTime) = (fees, transactTime)
    }
}

/// A broker's figures for one account and currency.
package struct FundsReport: Hashable, Sendable {
    package var account: AccountID
    package var currency: Currency
    package var cash: ExactDecimal?
    package var available: ExactDecimal?
    package var used: ExactDecimal?
    package var equity: ExactDecimal?
    /// When the query left: what the figures cannot contain happened after it.
    package var asOf: Timestamp

    package init(
        account: AccountID, currency: Currency, cash: ExactDecimal? = nil, available: ExactDecimal? = nil,
        used: ExactDecimal? = nil, equity: ExactDecimal? = nil, asOf: Timestamp
    ) {
        (self.account, self.currency, self.cash, self.available) = (account, currency, cash, available)
        (self.used, self.equity, self.asOf) = (used, equity, asOf)
    }
}

package struct PositionReport: Hashable, Sendable {
    package var account: AccountID
    package var symbol: InstrumentID
    package var product: Product?
    /// Signed units.
    package var quantity: ExactDecimal
    package var averagePrice: ExactDecimal?
    package var realised: ExactDecimal?

    package init(
        account: AccountID, symbol: InstrumentID, product: Product?, quantity: ExactDecimal,
        averagePrice: ExactDecimal? = nil, realised: ExactDecimal? = nil
    ) {
        (self.account, self.symbol, self.product, self.quantity) = (account, symbol, product, quantity)
        (self.averagePrice, self.realised) = (averagePrice, realised)
    }
}

package struct HoldingReport: Hashable, Sendable {
    package var account: AccountID
    package var symbol: InstrumentID
    package var quantity: ExactDecimal
    package var free: ExactDecimal?
    package var pledged: ExactDecimal?
    package var averagePrice: ExactDecimal?

    package init(
        account: AccountID, symbol: InstrumentID, quantity: ExactDecimal, free: ExactDecimal? = nil,
        pledged: ExactDecimal? = nil, averagePrice: ExactDecimal? = nil
    ) {
        (self.account, self.symbol, self.quantity, self.free) = (account, symbol, quantity, free)
        (self.pledged, self.averagePrice) = (pledged, averagePrice)
    }
}

/// A connection's state (ABI.md rule 15).
package enum SessionState: UInt8, VocabularyWord {
    case created = 8
    case opening = 1
    case challenge = 2
    case ready = 3
    case degraded = 4
    case closing = 5
    case closed = 6
    case failed = 7

    package var rawName: String {
        switch self {
        case .created: "created"
        case .opening: "opening"
        case .challenge: "challenge"
        case .ready: "ready"
        case .degraded: "degraded"
        case .closing: "closing"
        case .closed: "closed"
        case .failed: "failed"
        }
    }
}
