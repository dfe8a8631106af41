import CSluice

/// Several modifies, each with a command of its own. A view: it lives as long as the call it came with.
public struct ModifyBatch: ~Escapable {
    let span: CellSpan
    let host: Host

    @_lifetime(immortal)
    init(_ span: CellSpan, _ host: Host) {
        self.span = span
        self.host = host
    }

    public var count: Int { span.count }

    /// Walks over them. Partial success is normal: each command is completed on its own.
    public func each(_ body: (OrderReference, Changes, Command) -> Void) {
        for index in 0..<span.count {
            let item = span[index]
            guard let reference = item.target(SLUICE_AT_modify_item_ref),
                let changes = item.target(SLUICE_AT_modify_item_changes)
            else { continue }  // checked before
            body(
                OrderReference(reference), Changes(changes),
                Command(
                    token: item.uint64(SLUICE_AT_modify_item_token),
                    account: reference.uint32(SLUICE_AT_order_ref_account), host: host))
        }
    }
}

/// Several cancels, each with a command of its own. A view: it lives as long as the call it came with.
public struct CancelBatch: ~Escapable {
    let span: CellSpan
    let host: Host

    @_lifetime(immortal)
    init(_ span: CellSpan, _ host: Host) {
        self.span = span
        self.host = host
    }

    public var count: Int { span.count }

    /// Walks over them. Partial success is normal: each command is completed on its own.
    public func each(_ body: (OrderReference, Command) -> Void) {
        for index in 0..<span.count {
            let item = span[index]
            guard let reference = item.target(SLUICE_AT_cancel_item_ref) else { continue }  // checked before
            body(
                OrderReference(reference),
                Command(
                    token: item.uint64(SLUICE_AT_cancel_item_token),
                    account: reference.uint32(SLUICE_AT_order_ref_account), host: host))
        }
    }
}

/// Instruments of a subscription or a query. A view: it lives as long as the call it came with.
public struct InstrumentList: ~Escapable {
    let span: CellSpan

    @_lifetime(immortal)
    init(_ span: CellSpan) { self.span = span }

    public var count: Int { span.count }
    public var isEmpty: Bool { span.count == 0 }

    /// Walks over them.
    public func each(_ body: (Instrument) -> Void) {
        for index in 0..<span.count { body(Instrument(span[index])) }
    }

    /// The first field of an instrument that breaks the contract, or `nil`.
    func brokenField() -> StaticString? {
        for index in 0..<span.count {
            if let field = span[index].brokenInstrumentField() { return field }
        }
        return nil
    }
}

/// A call that a broker made to us. A view: it lives as long as the call it came with.
public struct Webhook: ~Escapable {
    let cell: Cell

    @_lifetime(immortal)
    init(_ cell: Cell) { self.cell = cell }

    /// The account's place in `SessionOptions.accounts`.
    public var account: Int { Int(cell.uint32(SLUICE_AT_webhook_account)) }
    /// Raw, at most 64 KiB.
    public var body: Bytes {
        @_lifetime(copy self)
        get { Bytes(cell.memory(SLUICE_AT_webhook_body) ?? UnsafeRawBufferPointer(start: nil, count: 0)) }
    }
    public var receivedTime: Timestamp? { cell.time(SLUICE_AT_webhook_received_time) }
    /// The first header of a name (lower case), or `nil`.
    public func header(_ name: String) -> String? { cell.field(SLUICE_AT_webhook_headers, name) }
}
