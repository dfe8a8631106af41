public import Exact

/// A row of a positions query.
public struct Position: Hashable, Sendable {
    public var account: Int
    public var instrumentID: String
    public var product: Product
    /// Signed, in units.
    public var quantity: ExactDecimal
    public var averagePrice: ExactDecimal?
    public var realised: ExactDecimal?
    public var overnightQuantity: ExactDecimal?

    /// A position; what is `nil` is unknown, never zero.
    public init(
        account: Int, instrumentID: String, product: Product, quantity: ExactDecimal,
        averagePrice: ExactDecimal? = nil, realised: ExactDecimal? = nil, overnightQuantity: ExactDecimal? = nil
    ) {
        self.account = account
        self.instrumentID = instrumentID
        self.product = product
        self.quantity = quantity
        self.averagePrice = averagePrice
        self.realised = realised
        self.overnightQuantity = overnightQuantity
    }
}

/// A row of a holdings query.
public struct Holding: Hashable, Sendable {
    public var account: Int
    public var instrumentID: String
    public var quantity: ExactDecimal
    public var free: ExactDecimal?
    public var pledged: ExactDecimal?
    public var averagePrice: ExactDecimal?

    /// A holding; what is `nil` is unknown, never zero.
    public init(
        account: Int, instrumentID: String, quantity: ExactDecimal, free: ExactDecimal? = nil,
        pledged: ExactDecimal? = nil, averagePrice: ExactDecimal? = nil
    ) {
        self.account = account
        self.instrumentID = instrumentID
        self.quantity = quantity
        self.free = free
        self.pledged = pledged
        self.averagePrice = averagePrice
    }
}

/// A row of a funds query: one currency of one account.
public struct Funds: Hashable, Sendable {
    public var account: Int
    public var currency: String
    public var cash: ExactDecimal?
    /// Free margin.
    public var available: ExactDecimal?
    /// Blocked margin.
    public var used: ExactDecimal?
    /// Cash and the value of positions.
    public var equity: ExactDecimal?
    /// The instant the figures hold for.
    public var asOf: Timestamp?

    /// Funds; what is `nil` is unknown, never zero.
    public init(
        account: Int, currency: String, cash: ExactDecimal? = nil, available: ExactDecimal? = nil,
        used: ExactDecimal? = nil, equity: ExactDecimal? = nil, asOf: Timestamp? = nil
    ) {
        self.account = account
        self.currency = currency
        self.cash = cash
        self.available = available
        self.used = used
        self.equity = equity
        self.asOf = asOf
    }
}

/// A row of a margins query or of a preview.
public struct Margin: Hashable, Sendable {
    public var account: Int
    /// `nil`: the whole basket.
    public var clientReference: ClientReference?
    public var currency: String
    public var required: ExactDecimal?
    public var charges: ExactDecimal?
    /// Set: the broker would refuse this order, and why.
    public var error: AdapterError?

    /// What an order, or the whole basket, would block and cost.
    public init(
        account: Int, clientReference: ClientReference? = nil, currency: String, required: ExactDecimal? = nil,
        charges: ExactDecimal? = nil, error: AdapterError? = nil
    ) {
        self.account = account
        self.clientReference = clientReference
        self.currency = currency
        self.required = required
        self.charges = charges
        self.error = error
    }
}

/// A row of an instruments query: one instrument as the adapter knows it.
public struct InstrumentRow: Hashable, Sendable {
    public var instrument: StoredInstrument
    public var name: String?
    public var freezeQuantity: ExactDecimal?
    /// The day's range.
    public var priceLow: ExactDecimal?
    public var priceHigh: ExactDecimal?
    public var minQuantity: ExactDecimal?
    public var maxQuantity: ExactDecimal?
    public var isin: String?
    /// The canonical id of what it derives from.
    public var underlying: String?
    /// The last moment it trades; `nil` for what does not end.
    public var lastTrading: Timestamp?

    /// An instrument with what only a master list tells. The instrument's `uid` is the host's and is not sent.
    public init(
        _ instrument: StoredInstrument, name: String? = nil, freezeQuantity: ExactDecimal? = nil,
        priceLow: ExactDecimal? = nil, priceHigh: ExactDecimal? = nil, minQuantity: ExactDecimal? = nil,
        maxQuantity: ExactDecimal? = nil, isin: String? = nil, underlying: String? = nil, lastTrading: Timestamp? = nil
    ) {
        self.minQuantity = minQuantity
        self.maxQuantity = maxQuantity
        self.isin = isin
        self.underlying = underlying
        self.lastTrading = lastTrading
        self.instrument = instrument
        self.name = name
        self.freezeQuantity = freezeQuantity
        self.priceLow = priceLow
        self.priceHigh = priceHigh
    }

    /// A part of the list that could not be read, with as much of its names as could be.
    ///
    /// Sent so that the host withdraws nothing that this part may be: not the instrument with this alias or broker data,
    /// and where one of them is missing too and the other is not known, none that has not expired. What belongs to no
    /// venue of the adapter is left out instead.
    ///
    /// - Parameter reason: what is wrong with it, for a person.
    public static func unreadable(alias: String? = nil, brokerData: [UInt8]? = nil, reason: String) -> InstrumentRow {
        InstrumentRow(StoredInstrument(id: "", alias: alias, brokerData: brokerData), name: reason)
    }
}

/// The row of a profile query.
public struct Profile: Hashable, Sendable {
    public var account: Int
    /// The broker's own number of the account.
    public var accountID: String?
    public var name: String?
    public var owner: String?
    public var currency: String?

    /// Who an account belongs to.
    public init(
        account: Int, accountID: String? = nil, name: String? = nil, owner: String? = nil, currency: String? = nil
    ) {
        self.account = account
        self.accountID = accountID
        self.name = name
        self.owner = owner
        self.currency = currency
    }
}
