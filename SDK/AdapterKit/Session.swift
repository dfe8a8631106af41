import CSluice

/// One session as the boundary's functions see it: the adapter, its host, and what may be asked of it.
final class Session {
    let adapter: any BrokerAdapter
    let host: Host
    let accounts: Int
    let capabilities: Capabilities
    let maxBatch: Int
    /// The adapter, where it is one that talks to a broker.
    let connected: (any ConnectedAdapter)?
    let connectedCapabilities: Connections.Capabilities
    let vendorCalls: Set<String>

    init(adapter: any BrokerAdapter, host: Host, accounts: Int, descriptor: Descriptor, connections: Connections?) {
        self.adapter = adapter
        self.host = host
        self.accounts = accounts
        capabilities = descriptor.capabilities
        maxBatch = Int(descriptor.maxBatch)
        connected = adapter as? any ConnectedAdapter
        connectedCapabilities = connections?.capabilities ?? []
        vendorCalls = Set(connections?.vendorCalls.map(\.name) ?? [])
    }

    /// Runs one lane call on the session behind a handle.
    @inline(__always)
    static func run(_ handle: OpaquePointer?, _ body: (Session) -> Int32) -> Int32 {
        guard let handle else { return SLUICE_ERR_INVALID }
        return Unmanaged<Session>.fromOpaque(UnsafeRawPointer(handle))._withUnsafeGuaranteedRef { body($0) }
    }

    /// The same for a command.
    @inline(__always)
    static func run(
        _ handle: OpaquePointer?, _ token: UInt64, needs capability: Capabilities, _ body: (Session) -> Int32
    ) -> Int32 {
        run(handle) { session in
            guard session.capabilities.contains(capability) else { return SLUICE_ERR_UNSUPPORTED }
            guard token != 0 else { return session.refuse("token") }
            return body(session)
        }
    }

    @inline(__always)
    func command(_ token: UInt64, account: UInt32 = 0) -> Command {
        Command(token: token, account: account, host: host)
    }

    /// A call that breaks the contract: it has no effect, and the operator sees which field was wrong.
    @inline(never)
    func refuse(_ field: StaticString) -> Int32 {
        host.log(.error, "Host call refused: a field breaks the contract", ["field": "\(field)"])
        return SLUICE_ERR_INVALID
    }

    /// Looks at a batch, and refuses it as a whole where any part breaks the contract.
    func batch(_ span: sluice_span, limit: Int, withTokens: Bool) -> CellSpan? {
        guard let items = CellSpan(span, limit: limit) else {
            _ = refuse("items")
            return nil
        }
        for index in 0..<items.count {
            guard let order = items[index].target(SLUICE_AT_batch_item_order) else {
                _ = refuse("items.order")
                return nil
            }
            if withTokens, items[index].uint64(SLUICE_AT_batch_item_token) == 0 {
                _ = refuse("items.token")
                return nil
            }
            if let field = order.brokenOrderField(accounts: accounts, isNew: true) {
                _ = refuse(field)
                return nil
            }
        }
        return items
    }
}

extension QueryKind {
    /// What an adapter declares to be asked for this.
    var capability: Capabilities {
        switch self {
        case .order, .orders: .queryOrders
        case .trades: .queryTrades
        case .positions: .queryPositions
        case .holdings: .queryHoldings
        case .funds: .queryFunds
        case .margins: .queryMargins
        case .instruments: .queryInstruments
        case .profile: .queryProfile
        case .orderHistory: .queryOrderHistory
        case .quotes: .queryQuotes
        case .candles: .queryCandles
        }
    }
}
