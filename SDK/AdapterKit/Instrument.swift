import CSluice
public import Exact

/// The instrument of an order, as the host passes it. A view: it lives as long as the call it came with.
///
/// Quantity everywhere counts units, as the venue's order book counts them; an adapter whose broker counts lots or
/// contracts divides exactly by `lotSize` or refuses.
public struct Instrument: ~Escapable {
    let cell: Cell

    @_lifetime(immortal)
    package init(_ cell: Cell) { self.cell = cell }

    /// The host's number for it, stable within a process.
    public var uid: UInt64 { cell.uint64(SLUICE_AT_instrument_uid) }
    /// The canonical id, `NFO:OPT:NIFTY:20261231:26000:C`.
    public var id: String { cell.text(SLUICE_AT_instrument_id) ?? "" }
    /// The adapter's own name for it, as it gave it in its instrument rows.
    public var alias: String? { cell.text(SLUICE_AT_instrument_alias) }
    /// What the adapter gave with that row, at most 256 bytes.
    public var brokerData: [UInt8]? { cell.bytes(SLUICE_AT_instrument_broker_data) }
    /// The currency of price and money.
    public var currency: String? { cell.text(SLUICE_AT_instrument_currency) }
    /// The smallest tradable multiple, in units; `nil` where nobody knows it.
    public var lotSize: ExactDecimal? { cell.decimal(SLUICE_AT_instrument_lot_size) }
    /// Money per unit and price point.
    public var multiplier: ExactDecimal? { cell.decimal(SLUICE_AT_instrument_multiplier) }
    /// What one contract stands for.
    public var contractSize: ExactDecimal? { cell.decimal(SLUICE_AT_instrument_contract_size) }
    /// The smallest price step.
    public var tick: ExactDecimal? { cell.decimal(SLUICE_AT_instrument_tick) }

    /// A copy to keep after the call.
    public func copy() -> StoredInstrument {
        StoredInstrument(
            uid: uid, id: id, alias: alias, brokerData: brokerData, currency: currency, lotSize: lotSize,
            multiplier: multiplier, contractSize: contractSize, tick: tick)
    }
}

/// An instrument that an adapter keeps, or describes in an order of its own.
public struct StoredInstrument: Hashable, Sendable {
    public var uid: UInt64
    public var id: String
    public var alias: String?
    public var brokerData: [UInt8]?
    public var currency: String?
    public var lotSize: ExactDecimal?
    public var multiplier: ExactDecimal?
    public var contractSize: ExactDecimal?
    public var tick: ExactDecimal?

    /// An instrument by its canonical id and whatever else is known. `uid` 0: the host looks it up by `id`.
    public init(
        uid: UInt64 = 0, id: String, alias: String? = nil, brokerData: [UInt8]? = nil, currency: String? = nil,
        lotSize: ExactDecimal? = nil, multiplier: ExactDecimal? = nil, contractSize: ExactDecimal? = nil,
        tick: ExactDecimal? = nil
    ) {
        self.uid = uid
        self.id = id
        self.alias = alias
        self.brokerData = brokerData
        self.currency = currency
        self.lotSize = lotSize
        self.multiplier = multiplier
        self.contractSize = contractSize
        self.tick = tick
    }
}

extension Cell {
    /// The first field of an instrument that breaks the contract, or `nil`.
    @inline(__always)
    func brokenInstrumentField() -> StaticString? {
        if memory(SLUICE_AT_instrument_id) == nil || isBrokenText(SLUICE_AT_instrument_id) { return "instrument.id" }
        if isBrokenText(SLUICE_AT_instrument_alias) { return "instrument.alias" }
        if areBrokenBytes(SLUICE_AT_instrument_broker_data, limit: 256) { return "instrument.broker_data" }
        if isBrokenText(SLUICE_AT_instrument_currency) { return "instrument.currency" }
        if isBrokenDecimal(SLUICE_AT_instrument_lot_size) { return "instrument.lot_size" }
        if isBrokenDecimal(SLUICE_AT_instrument_multiplier) { return "instrument.multiplier" }
        if isBrokenDecimal(SLUICE_AT_instrument_contract_size) { return "instrument.contract_size" }
        if isBrokenDecimal(SLUICE_AT_instrument_tick) { return "instrument.tick" }
        return nil
    }
}
