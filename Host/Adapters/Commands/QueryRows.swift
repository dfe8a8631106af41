package import Domain

/// An order as the broker holds it: its state, and its terms where the adapter gives them.
package struct OrderRow: Hashable, Sendable {
    /// A broker's words for an order; what it does not say, or says in a word unknown to this host, is `nil`.
    package struct Terms: Hashable, Sendable {
        package var symbol: InstrumentID?
        package var side: Side?
        package var orderType: OrderType?
        package var product: Product?
        package var timeInForce: TimeInForce?
        package var orderClass: OrderClass?
        package var isAfterMarket = false
        package var quantity: ExactDecimal?
        package var price: ExactDecimal?
        package var triggerPrice: ExactDecimal?
        package var disclosedQuantity: ExactDecimal?
    }
    package var report: OrderReport
    package var terms: Terms?
}

/// Who an account is at the broker.
package struct ProfileRow: Hashable, Sendable {
    package var account: AccountID
    package var brokerAccountID: String?
    package var name: String?
    package var owner: String?
    package var currency: Currency?
}

/// One instrument as an adapter knows it. A figure that the broker's dump lacks is `nil`; an overlay may fill it.
package struct InstrumentRow: Hashable, Sendable {
    package var id: InstrumentID
    package var alias: String?
    package var brokerData: [UInt8]?
    package var name: String?
    package var currency: Currency?
    package var lotSize: ExactDecimal?
    package var multiplier: ExactDecimal?
    package var contractSize: ExactDecimal?
    package var tickSize: ExactDecimal?
    package var freezeQuantity: ExactDecimal?
    package var priceLow: ExactDecimal?
    package var priceHigh: ExactDecimal?
    package var minimumQuantity: ExactDecimal?
    package var maximumQuantity: ExactDecimal?
    /// As text: the master checks it.
    package var isin: String?
    package var underlying: InstrumentID?
}

/// One row of a dump: an instrument, or why this row is none. A broken row of a hundred thousand costs that instrument,
/// not the dump.
package enum InstrumentReading: Hashable, Sendable {
    case row(InstrumentRow)
    /// - Parameters:
    ///   - id: the instrument's id where it could be read.
    ///   - shown: as much of the id as is text, at most 128 bytes.
    ///   - names: as much of the adapter's own words for it as could be read.
    case refused(id: InstrumentID?, shown: String, field: String, reason: String, names: InstrumentNames)
}

/// An adapter's own words for an instrument, as far as they could be read.
package struct InstrumentNames: Hashable, Sendable {
    package var alias: String?
    package var brokerData: [UInt8]?

    package init(alias: String? = nil, brokerData: [UInt8]? = nil) {
        (self.alias, self.brokerData) = (alias, brokerData)
    }
}

/// What the broker would make of one order of a preview, or (`clientOrderID` `nil`) of the whole basket.
package struct MarginRow: Hashable, Sendable {
    package var account: AccountID
    package var clientOrderID: ClientOrderID?
    package var currency: Currency?
    package var required: ExactDecimal?
    package var charges: ExactDecimal?
    /// The broker would refuse it, and why.
    package var error: AdapterError?
}

/// Why a read brought no answer. An empty answer is a success without rows, never one of these.
package struct QueryFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Reason: String, Hashable, Sendable {
        case unsupported
        case notReady = "not_ready"
        case queueFull = "queue_full"
        case deadline, closed
        /// The rate limit of reads has no unit in time; nothing was asked.
        case rateLimited = "rate_limited"
        /// The broker has not been answering, and nothing is asked of it for a while.
        case circuitOpen = "circuit_open"
        /// The adapter's function returned a negative status.
        case refusedByAdapter = "refused_by_adapter"
        /// The broker answered with a refusal, or the adapter could not ask.
        case failed
        /// What was asked for is not what the adapter's schema describes; nothing was asked.
        case invalid
        /// A row or the completion broke the contract: part of an answer is no answer.
        case malformed
        /// More pages or rows than a query may have, or a cursor that repeats.
        case endless
    }
    package var reason: Reason
    package var text: String
    package var error: AdapterError?

    package init(_ reason: Reason, _ text: String, error: AdapterError? = nil) {
        (self.reason, self.text, self.error) = (reason, text, error)
    }
    package var description: String { "\(reason.rawValue): \(text)" }
}

/// Which of the adapter's functions answers a query.
enum QuerySubject: Sendable {
    /// `SLUICE_QUERY_*`.
    case kind(UInt32)
    case order(OrderReference)
    case preview([SubmitCommand])
}

/// What can be asked of a session, and the type of the rows that answer it.
package struct AdapterQuery<Row: Sendable>: Sendable {
    let subject: QuerySubject
    /// The capability that the adapter must have.
    let capability: AdapterCapabilities
    let name: String
    let rowSize: Int
    let symbol: InstrumentID?
    let read: @Sendable (UnsafeRawPointer, RowContext) throws -> Row

    /// Narrows the query to one instrument.
    package func on(_ symbol: InstrumentID) -> AdapterQuery {
        AdapterQuery(
            subject: subject, capability: capability, name: name, rowSize: rowSize, symbol: symbol, read: read)
    }
}
