import CSluice

/// Several orders of one batch, each with a command of its own. A view: it lives as long as the call it came with.
public struct OrderBatch: ~Escapable {
    let span: CellSpan
    let host: Host

    @_lifetime(immortal)
    init(_ span: CellSpan, _ host: Host) {
        self.span = span
        self.host = host
    }

    public var count: Int { span.count }

    /// Walks over the orders. Partial success is normal: each command is completed on its own.
    public func each(_ body: (Order, Command) -> Void) {
        for index in 0..<span.count {
            let item = span[index]
            guard let order = item.target(SLUICE_AT_batch_item_order) else { continue }  // checked before
            let token = item.uint64(SLUICE_AT_batch_item_token)
            body(Order(order), Command(token: token, account: order.uint32(SLUICE_AT_order_account), host: host))
        }
    }
}

/// The orders of a preview. A view: it lives as long as the call it came with.
public struct OrderBasket: ~Escapable {
    let span: CellSpan

    @_lifetime(immortal)
    init(_ span: CellSpan) { self.span = span }

    public var count: Int { span.count }

    /// Walks over the orders.
    public func each(_ body: (Order) -> Void) {
        for index in 0..<span.count {
            guard let order = span[index].target(SLUICE_AT_batch_item_order) else { continue }  // checked before
            body(Order(order))
        }
    }
}

/// The orders of a reconcile. A view: it lives as long as the call it came with.
public struct ReconcileItems: ~Escapable {
    let span: CellSpan
    let host: Host

    @_lifetime(immortal)
    init(_ span: CellSpan, _ host: Host) {
        self.span = span
        self.host = host
    }

    public var count: Int { span.count }

    /// Walks over the orders to look up. Each command ends in `found`, `provenAbsent` or `indeterminate`.
    public func each(_ body: (ReconcileItem, Command) -> Void) {
        for index in 0..<span.count {
            let item = ReconcileItem(span[index])
            let token = item.cell.uint64(SLUICE_AT_reconcile_item_token)
            body(item, Command(token: token, account: UInt32(item.reference.account), host: host))
        }
    }
}

/// One order to look up. One call is one look-up; the host repeats it after the declared visibility delay.
public struct ReconcileItem: ~Escapable {
    let cell: Cell

    @_lifetime(immortal)
    init(_ cell: Cell) { self.cell = cell }

    public var reference: OrderReference {
        @_lifetime(copy self)
        get { OrderReference(cell.embeddedReference) }
    }
    /// When the submit was handed over; `nil`: not known to have been.
    public var writtenTime: Timestamp? { cell.time(SLUICE_AT_reconcile_item_written_time) }
}

extension Cell {
    /// The order reference that stands within a reconcile item.
    var embeddedReference: Cell { embedded(SLUICE_AT_reconcile_item_ref, room: SLUICE_SIZE_order_ref) }
}
