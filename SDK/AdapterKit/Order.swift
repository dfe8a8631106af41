import CSluice
public import Exact

/// One order as the host wants it at the broker. A view: it lives as long as the call it came with, and the compiler
/// refuses to store it; `copy()` makes a value to keep.
///
/// Fields are read when they are asked for, so an adapter pays for what it uses. The engine has rounded prices and
/// quantities: an adapter refuses what is off tick or off step, it never rounds, and it substitutes nothing.
public struct Order: ~Escapable {
    let cell: Cell

    @_lifetime(immortal)
    package init(_ cell: Cell) { self.cell = cell }

    /// The account's place in `SessionOptions.accounts`.
    public var account: Int { Int(cell.uint32(SLUICE_AT_order_account)) }
    public var side: Side { word(SLUICE_AT_order_side) == Side.sell.rawValue ? .sell : .buy }
    public var type: OrderType { OrderType(rawValue: word(SLUICE_AT_order_order_type)) ?? .market }
    public var product: Product { Product(rawValue: word(SLUICE_AT_order_product)) ?? .intraday }
    public var timeInForce: TimeInForce { TimeInForce(rawValue: word(SLUICE_AT_order_time_in_force)) ?? .day }
    public var orderClass: OrderClass { OrderClass(rawValue: word(SLUICE_AT_order_order_class)) ?? .regular }
    public var flags: OrderFlags { OrderFlags(rawValue: word(SLUICE_AT_order_flags)) }
    /// The host's own name for the order. `.absent` only in an acknowledged order that somebody else placed.
    public var clientReference: ClientReference {
        cell.clientReference(SLUICE_AT_order_client_reference) ?? .absent
    }
    /// The run the order belongs to, for log lines.
    public var runID: String? { cell.text(SLUICE_AT_order_run_id) }
    public var instrument: Instrument {
        @_lifetime(copy self)
        get { Instrument(cell.target(SLUICE_AT_order_instrument) ?? Cell(base: cell.base, size: 0)) }
    }
    /// In units, above zero.
    public var quantity: ExactDecimal { cell.decimal(SLUICE_AT_order_quantity) ?? 0 }
    public var disclosedQuantity: ExactDecimal? { cell.decimal(SLUICE_AT_order_disclosed_quantity) }
    /// Of limit and stop-limit orders.
    public var price: ExactDecimal? { cell.decimal(SLUICE_AT_order_price) }
    /// Of stop and stop-limit orders.
    public var triggerPrice: ExactDecimal? { cell.decimal(SLUICE_AT_order_trigger_price) }
    public var trail: ExactDecimal? { cell.decimal(SLUICE_AT_order_trail) }
    /// Of orders that are good till date.
    public var validUntil: Timestamp? { cell.time(SLUICE_AT_order_valid_until) }
    /// A JSON object that the host validated by `Descriptor.orderOptionsSchema`.
    public var options: String? { cell.text(SLUICE_AT_order_options) }

    // The words were checked before the adapter saw the order (`brokenOrderField`), so no default above is ever taken.
    @inline(__always)
    private func word(_ offset: Int) -> UInt32 { cell.uint32(offset) }

    /// A copy to keep after the call.
    public func copy() -> StoredOrder {
        StoredOrder(
            account: account, instrument: instrument.copy(), side: side, type: type, quantity: quantity, price: price,
            triggerPrice: triggerPrice, product: product, timeInForce: timeInForce, orderClass: orderClass,
            flags: flags, clientReference: clientReference.isAbsent ? nil : clientReference, runID: runID,
            disclosedQuantity: disclosedQuantity,
            trail: trail, validUntil: validUntil, options: options)
    }
}

/// An order that an adapter keeps, or reports as the broker holds it.
public struct StoredOrder: Hashable, Sendable {
    public var account: Int
    public var instrument: StoredInstrument
    public var side: Side
    public var type: OrderType
    public var quantity: ExactDecimal
    public var price: ExactDecimal?
    public var triggerPrice: ExactDecimal?
    public var product: Product
    public var timeInForce: TimeInForce
    public var orderClass: OrderClass
    public var flags: OrderFlags
    public var clientReference: ClientReference?
    public var runID: String?
    public var disclosedQuantity: ExactDecimal?
    public var trail: ExactDecimal?
    public var validUntil: Timestamp?
    public var options: String?

    /// An order by its parts; see `Order` for what each means.
    public init(
        account: Int, instrument: StoredInstrument, side: Side, type: OrderType, quantity: ExactDecimal,
        price: ExactDecimal? = nil, triggerPrice: ExactDecimal? = nil, product: Product, timeInForce: TimeInForce,
        orderClass: OrderClass = .regular, flags: OrderFlags = [], clientReference: ClientReference? = nil,
        runID: String? = nil, disclosedQuantity: ExactDecimal? = nil, trail: ExactDecimal? = nil,
        validUntil: Timestamp? = nil, options: String? = nil
    ) {
        self.account = account
        self.instrument = instrument
        self.side = side
        self.type = type
        self.quantity = quantity
        self.price = price
        self.triggerPrice = triggerPrice
        self.product = product
        self.timeInForce = timeInForce
        self.orderClass = orderClass
        self.flags = flags
        self.clientReference = clientReference
        self.runID = runID
        self.disclosedQuantity = disclosedQuantity
        self.trail = trail
        self.validUntil = validUntil
        self.options = options
    }
}

extension Cell {
    /// The first field of an order that breaks the contract, or `nil`. `isNew`: it is to be placed, so it is complete.
    @inline(__always)
    package func brokenOrderField(accounts: Int, isNew: Bool) -> StaticString? {
        if uint32(SLUICE_AT_order_account) >= accounts { return "account" }
        if uint32(SLUICE_AT_order_side) &- 1 >= 2 { return "side" }
        if uint32(SLUICE_AT_order_order_type) &- 1 >= 4 { return "order_type" }
        if uint32(SLUICE_AT_order_product) &- 1 >= 5 { return "product" }
        if uint32(SLUICE_AT_order_time_in_force) &- 1 >= 5 { return "time_in_force" }
        if uint32(SLUICE_AT_order_order_class) &- 1 >= 5 { return "order_class" }
        if isBrokenReference(SLUICE_AT_order_client_reference) { return "client_reference" }
        if isNew, memory(SLUICE_AT_order_client_reference) == nil { return "client_reference" }
        if isBrokenText(SLUICE_AT_order_run_id) { return "run_id" }
        guard let instrument = target(SLUICE_AT_order_instrument) else { return "instrument" }
        if let field = instrument.brokenInstrumentField() { return field }
        if isBrokenDecimal(SLUICE_AT_order_quantity) || !isPositiveDecimal(SLUICE_AT_order_quantity) {
            return "quantity"
        }
        if isBrokenDecimal(SLUICE_AT_order_disclosed_quantity) { return "disclosed_quantity" }
        if isBrokenDecimal(SLUICE_AT_order_price) { return "price" }
        if isBrokenDecimal(SLUICE_AT_order_trigger_price) { return "trigger_price" }
        if isBrokenDecimal(SLUICE_AT_order_trail) { return "trail" }
        if isBrokenText(SLUICE_AT_order_options) { return "options" }
        return nil
    }
}
