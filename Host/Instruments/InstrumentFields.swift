package import Domain

/// What one source says of an instrument. `nil` = it does not say.
///
/// Quantities are in units of the instrument, prices in its currency (INTERFACES.md §2).
package struct InstrumentFields: Hashable, Sendable {
    package var id: InstrumentID
    package var name: String?
    package var currency: Currency?
    package var tickSize: ExactDecimal?
    /// In the place of `tickSize`, where the tick depends on the price.
    package var tickTable: TickTable?
    package var lotSize: ExactDecimal?
    package var multiplier: ExactDecimal?
    package var contractSize: ExactDecimal?
    package var freezeQuantity: ExactDecimal?
    package var minimumQuantity: ExactDecimal?
    package var maximumQuantity: ExactDecimal?
    package var priceLow: ExactDecimal?
    package var priceHigh: ExactDecimal?
    package var expiry: CivilDate?
    package var isTradable: Bool?
    /// Where the figures come from, in the words of an overlay; adapters' rows leave it out.
    package var source: String?
    /// International securities identification number, where the source names it.
    package var isin: ISIN?
    /// What a derivative is derived from.
    package var underlying: InstrumentID?
    /// The adapter's own name for it, at most 256 bytes of UTF-8; overlays have none.
    package var alias: String?
    /// What the adapter wants back with every order beside its name, at most 256 bytes.
    package var brokerData: [UInt8]?

    package init(id: InstrumentID) { self.id = id }

    /// Everything a whole record says.
    package init(_ record: InstrumentRecord) {
        id = record.id
        (name, currency, lotSize) = (record.name, record.currency, record.lotSize)
        (tickSize, tickTable) = (record.tickTable == nil ? record.tickSize : nil, record.tickTable)
        (multiplier, contractSize) = (record.multiplier, record.contractSize)
        (freezeQuantity, minimumQuantity, maximumQuantity) =
            (record.freezeQuantity, record.minimumQuantity, record.maximumQuantity)
        (priceLow, priceHigh, expiry) = (record.priceLow, record.priceHigh, record.expiry)
        (isTradable, source) = (record.isTradable, record.source)
    }
}

/// The part of an instrument's figures that many instruments share: a whole option chain has one tick, lot and expiry.
/// Held once for all of them, which is what keeps a hundred thousand instruments small.
struct InstrumentTerms: Hashable, Sendable {
    var currency: Currency?
    var tickSize: ExactDecimal?
    /// In the place of `tickSize`.
    var tickTable: TickTable?
    var lotSize: ExactDecimal?
    var multiplier: ExactDecimal?
    var contractSize: ExactDecimal?
    var freezeQuantity: ExactDecimal?
    var minimumQuantity: ExactDecimal?
    var maximumQuantity: ExactDecimal?
    var expiry: CivilDate?
    var isTradable: Bool?
    var underlying: InstrumentID?

    init(_ fields: InstrumentFields) {
        (currency, lotSize) = (fields.currency, fields.lotSize)
        (tickSize, tickTable) = (fields.tickTable == nil ? fields.tickSize : nil, fields.tickTable)
        (multiplier, contractSize) = (fields.multiplier, fields.contractSize)
        (freezeQuantity, minimumQuantity, maximumQuantity) =
            (fields.freezeQuantity, fields.minimumQuantity, fields.maximumQuantity)
        (expiry, isTradable, underlying) = (fields.expiry, fields.isTradable, fields.underlying)
    }

    /// Takes from `other` what is not said here.
    mutating func fill(from other: InstrumentTerms) {
        currency = currency ?? other.currency
        // One tick and a table are two answers to one question.
        if tickSize == nil, tickTable == nil { (tickSize, tickTable) = (other.tickSize, other.tickTable) }
        lotSize = lotSize ?? other.lotSize
        multiplier = multiplier ?? other.multiplier
        contractSize = contractSize ?? other.contractSize
        freezeQuantity = freezeQuantity ?? other.freezeQuantity
        minimumQuantity = minimumQuantity ?? other.minimumQuantity
        maximumQuantity = maximumQuantity ?? other.maximumQuantity
        expiry = expiry ?? other.expiry
        isTradable = isTradable ?? other.isTradable
        underlying = underlying ?? other.underlying
    }

    /// What two sources must not say differently of one instrument, as text, by field. The strike is part of the id.
    static let compared: [(field: String, text: @Sendable (InstrumentTerms) -> String?)] = [
        ("currency", { $0.currency?.description }), ("tick", { $0.tickTable?.description ?? $0.tickSize?.description }),
        ("lot_size", { $0.lotSize?.description }), ("multiplier", { $0.multiplier?.description }),
        ("freeze_quantity", { $0.freezeQuantity?.description }), ("expiry", { $0.expiry?.description }),
    ]

    /// The field that is missing for prices and quantities to be counted, if one is.
    ///
    /// Where a unit is a share or a coin, money per unit and price point is 1 by definition; what stands behind one unit
    /// of a derivative is not ours to assume.
    func missingField(of kind: InstrumentKind) -> String? {
        if currency == nil { return "currency" }
        // An index is a number to look at: it is priced, and no order needs its steps.
        if kind == .index { return nil }
        if tickSize == nil, tickTable == nil { return "tick" }
        if lotSize == nil { return "lot_size" }
        let isDerivative = kind == .future || kind == .option || kind == .perpetual
        return isDerivative && multiplier == nil ? "multiplier" : nil
    }
}

/// Instruments in integers, held once for all that have the same figures but for their day range.
struct InstrumentForms: Sendable {
    struct Key: Hashable, Sendable {
        /// A number of `TermsTable`.
        let terms: Int32
        let kind: InstrumentKind
        let expiry: CivilDate?
    }

    private var all: [Instrument] = []
    private var numbers: [Key: Int32] = [:]

    func number(_ key: Key) -> Int32? { numbers[key] }

    mutating func add(_ form: Instrument, _ key: Key) -> Int32 {
        let number = Int32(truncatingIfNeeded: all.count)  // no more forms than instruments, bounded there
        all.append(form)
        numbers[key] = number
        return number
    }

    subscript(number: Int32) -> Instrument { all[Int(number)] }
}

/// Terms by number, each held once.
struct TermsTable: Sendable {
    private(set) var all: [InstrumentTerms] = []
    private var numbers: [InstrumentTerms: Int32] = [:]

    mutating func intern(_ terms: InstrumentTerms) -> Int32 {
        if let number = numbers[terms] { return number }
        let number = Int32(truncatingIfNeeded: all.count)  // no more terms than instruments and sources, bounded there
        all.append(terms)
        numbers[terms] = number
        return number
    }

    subscript(number: Int32) -> InstrumentTerms { all[Int(number)] }
}
