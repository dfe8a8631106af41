import CSluice
public import Exact

/// What a modify changes. A field is `nil` where it stays as it is. A view: it lives as long as the call it came with.
public struct Changes: ~Escapable {
    let cell: Cell

    @_lifetime(immortal)
    init(_ cell: Cell) { self.cell = cell }

    /// The new total quantity of the order, filled part included.
    public var quantity: ExactDecimal? { decimal(SLUICE_CHANGE_QUANTITY, SLUICE_AT_changes_quantity) }
    public var price: ExactDecimal? { decimal(SLUICE_CHANGE_PRICE, SLUICE_AT_changes_price) }
    public var triggerPrice: ExactDecimal? { decimal(SLUICE_CHANGE_TRIGGER_PRICE, SLUICE_AT_changes_trigger_price) }
    public var disclosedQuantity: ExactDecimal? {
        decimal(SLUICE_CHANGE_DISCLOSED_QUANTITY, SLUICE_AT_changes_disclosed_quantity)
    }
    public var timeInForce: TimeInForce? {
        guard names(SLUICE_CHANGE_TIME_IN_FORCE) else { return nil }
        return TimeInForce(rawValue: cell.uint32(SLUICE_AT_changes_time_in_force))
    }
    public var orderType: OrderType? {
        guard names(SLUICE_CHANGE_ORDER_TYPE) else { return nil }
        return OrderType(rawValue: cell.uint32(SLUICE_AT_changes_order_type))
    }
    /// As `Order.options`, of this modify alone.
    public var options: String? { cell.text(SLUICE_AT_changes_options) }
    /// The name that the order carries once the modify is accepted.
    public var clientReference: ClientReference? { cell.clientReference(SLUICE_AT_changes_client_reference) }

    private func names(_ bit: UInt32) -> Bool { cell.uint32(SLUICE_AT_changes_fields) & bit != 0 }

    private func decimal(_ bit: UInt32, _ offset: Int) -> ExactDecimal? { names(bit) ? cell.decimal(offset) : nil }
}

extension Cell {
    /// The first field of a modify's changes that breaks the contract, or `nil`. A field that is named must be there.
    func brokenChangesField() -> StaticString? {
        let fields = uint32(SLUICE_AT_changes_fields)
        // A field that this library does not know would be silently left unchanged, so it refuses the whole modify.
        if fields & ~0x3f != 0 { return "changes.fields" }
        if isBrokenText(SLUICE_AT_changes_options) { return "changes.options" }
        // A modify may be of options alone.
        if fields == 0, memory(SLUICE_AT_changes_options)?.isEmpty ?? true { return "changes.fields" }
        func isBroken(_ bit: UInt32, _ offset: Int) -> Bool {
            isBrokenDecimal(offset) || (fields & bit != 0 && !isPositiveDecimal(offset))
        }
        if isBroken(SLUICE_CHANGE_QUANTITY, SLUICE_AT_changes_quantity) { return "changes.quantity" }
        // A price may be zero or below (spreads), so it only has to be there.
        if isBrokenDecimal(SLUICE_AT_changes_price)
            || (fields & SLUICE_CHANGE_PRICE != 0 && decimal(SLUICE_AT_changes_price) == nil)
        {
            return "changes.price"
        }
        if isBrokenDecimal(SLUICE_AT_changes_trigger_price)
            || (fields & SLUICE_CHANGE_TRIGGER_PRICE != 0 && decimal(SLUICE_AT_changes_trigger_price) == nil)
        {
            return "changes.trigger_price"
        }
        if isBrokenDecimal(SLUICE_AT_changes_disclosed_quantity)
            || (fields & SLUICE_CHANGE_DISCLOSED_QUANTITY != 0
                && decimal(SLUICE_AT_changes_disclosed_quantity) == nil)
        {
            return "changes.disclosed_quantity"
        }
        if fields & SLUICE_CHANGE_TIME_IN_FORCE != 0, uint32(SLUICE_AT_changes_time_in_force) &- 1 >= 5 {
            return "changes.time_in_force"
        }
        if fields & SLUICE_CHANGE_ORDER_TYPE != 0, uint32(SLUICE_AT_changes_order_type) &- 1 >= 4 {
            return "changes.order_type"
        }
        if isBrokenReference(SLUICE_AT_changes_client_reference) { return "changes.client_reference" }
        return nil
    }
}
