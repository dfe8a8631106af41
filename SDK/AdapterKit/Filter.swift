import CSluice

/// Narrows a query or a cancel-all. What is `nil` does not narrow. A view: it lives as long as the call it came with.
public struct Filter: ~Escapable {
    let cell: Cell

    @_lifetime(immortal)
    init(_ cell: Cell) { self.cell = cell }

    /// The account's place in `SessionOptions.accounts`.
    public var account: Int { Int(cell.uint32(SLUICE_AT_filter_account)) }
    public var instrumentID: String? { cell.text(SLUICE_AT_filter_instrument_id) }
    /// The order that a query of kind `.order` or `.orderHistory` asks for.
    public var reference: OrderReference? {
        @_lifetime(copy self)
        get {
            guard let target = cell.target(SLUICE_AT_filter_order_ref) else { return nil }
            return OrderReference(target)
        }
    }
    /// Where the page begins, as the last completion's `nextCursor` gave it; `nil`: the first page.
    public var cursor: String? { cell.text(SLUICE_AT_filter_cursor) }
    /// Rows a page; `nil`: the adapter's choice.
    public var limit: Int? {
        let limit = cell.uint32(SLUICE_AT_filter_limit)
        return limit == 0 ? nil : Int(limit)
    }
    /// What a query of kind `.quotes` or `.candles` asks for.
    public var instruments: InstrumentList {
        @_lifetime(copy self)
        get { InstrumentList(cell.span(SLUICE_AT_filter_instruments, limit: 100_000) ?? .empty) }
    }
    /// Not before: of candles the first bar's start.
    public var from: Timestamp? { cell.time(SLUICE_AT_filter_from) }
    /// Exclusive.
    public var to: Timestamp? { cell.time(SLUICE_AT_filter_to) }
    /// The length of a bar; `nil`: not said.
    public var intervalNanoseconds: Int64? {
        let interval = cell.int64(SLUICE_AT_filter_interval_ns)
        return interval > 0 ? interval : nil
    }
}

extension Cell {
    /// The first field of a filter that breaks the contract, or `nil`.
    func brokenFilterField(accounts: Int) -> StaticString? {
        if uint32(SLUICE_AT_filter_account) >= accounts { return "filter.account" }
        if isBrokenText(SLUICE_AT_filter_instrument_id) { return "filter.instrument_id" }
        if isBrokenText(SLUICE_AT_filter_cursor) { return "filter.cursor" }
        guard let instruments = span(SLUICE_AT_filter_instruments, limit: 100_000) else { return "filter.instruments" }
        for index in 0..<instruments.count {
            if let field = instruments[index].brokenInstrumentField() { return field }
        }
        return target(SLUICE_AT_filter_order_ref)?.brokenReferenceField(accounts: accounts)
    }
}
