import CSluice

/// How an order is found again, as the host passes it. A view: it lives as long as the call it came with; `identity()`
/// makes a value to keep.
public struct OrderReference: ~Escapable {
    let cell: Cell

    @_lifetime(immortal)
    package init(_ cell: Cell) { self.cell = cell }

    /// The account's place in `SessionOptions.accounts`.
    public var account: Int { Int(cell.uint32(SLUICE_AT_order_ref_account)) }
    public var brokerOrderID: String? { cell.text(SLUICE_AT_order_ref_broker_order_id) }
    public var exchangeOrderID: String? { cell.text(SLUICE_AT_order_ref_exchange_order_id) }
    public var clientReference: ClientReference? { cell.clientReference(SLUICE_AT_order_ref_client_reference) }
    /// The order as last acknowledged, where the host knows it.
    public var order: Order? {
        @_lifetime(copy self)
        get {
            guard let target = cell.target(SLUICE_AT_order_ref_order) else { return nil }
            return Order(target)
        }
    }
    /// What the adapter last gave for this order, at most 1 KiB.
    public var adapterState: [UInt8]? { cell.bytes(SLUICE_AT_order_ref_adapter_state) }

    /// A copy to keep after the call, without the order itself.
    public func identity() -> OrderIdentity {
        OrderIdentity(
            account: account, brokerOrderID: brokerOrderID, clientReference: clientReference,
            exchangeOrderID: exchangeOrderID, adapterState: adapterState)
    }
}

/// What an order is called: by the host, by the broker and by the exchange.
public struct OrderIdentity: Hashable, Sendable {
    /// The account's place in `SessionOptions.accounts`.
    public var account: Int
    public var brokerOrderID: String?
    public var clientReference: ClientReference?
    public var exchangeOrderID: String?
    /// At most 1 KiB that the host keeps with the order and hands back with every reference to it. `nil` leaves what
    /// the host keeps.
    public var adapterState: [UInt8]?

    /// An order's names, as far as they are known.
    public init(
        account: Int, brokerOrderID: String? = nil, clientReference: ClientReference? = nil,
        exchangeOrderID: String? = nil, adapterState: [UInt8]? = nil
    ) {
        self.account = account
        self.brokerOrderID = brokerOrderID
        self.clientReference = clientReference
        self.exchangeOrderID = exchangeOrderID
        self.adapterState = adapterState
    }
}

extension Cell {
    /// The first field of an order reference that breaks the contract, or `nil`.
    func brokenReferenceField(accounts: Int) -> StaticString? {
        if uint32(SLUICE_AT_order_ref_account) >= accounts { return "order_ref.account" }
        if isBrokenText(SLUICE_AT_order_ref_broker_order_id) { return "order_ref.broker_order_id" }
        if isBrokenText(SLUICE_AT_order_ref_exchange_order_id) { return "order_ref.exchange_order_id" }
        if isBrokenReference(SLUICE_AT_order_ref_client_reference) { return "order_ref.client_reference" }
        if areBrokenBytes(SLUICE_AT_order_ref_adapter_state, limit: 1024) { return "order_ref.adapter_state" }
        return target(SLUICE_AT_order_ref_order)?.brokenOrderField(accounts: accounts, isNew: false)
    }
}
