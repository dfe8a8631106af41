import CSluice

/// Something the host asked for, to be ended exactly once: within the call that brought it, or later within any other.
///
/// A command may be stored. Ending it a second time does nothing but tell the operator (the adapter has a fault); ending
/// it after the host's own deadline is normal, and the host takes the answer as a hint to look the order up.
public struct Command {
    /// The host's number for it, never 0.
    public let token: UInt64
    /// The place of the account it concerns in `SessionOptions.accounts`; 0 for a command of the whole session.
    let account: UInt32
    /// The session's host.
    public let host: Host

    @inline(__always)
    init(token: UInt64, account: UInt32, host: Host) {
        self.token = token
        self.account = account
        self.host = host
    }

    /// Ends the command. `fill` lays out what the outcome carries.
    @inline(__always)
    private func end(
        _ outcome: Outcome, _ fill: (UnsafeMutablePointer<Scratch>, inout sluice_result) -> Void
    ) -> HostStatus {
        let status = host.call { table, scratch in
            let memory = scratch.pointee.take(SLUICE_SIZE_result).assumingMemoryBound(to: sluice_result.self)
            memory.pointee = sluice_result()
            memory.pointee.struct_size = UInt32(SLUICE_SIZE_result)
            memory.pointee.outcome = outcome.rawValue
            fill(scratch, &memory.pointee)
            return table.pointee.complete(table, token, memory)
        }
        if status == .notFound { host.noteStrayCompletion(token) }
        return status
    }

    @inline(__always)
    private func end(_ outcome: Outcome, _ error: AdapterError?) -> HostStatus {
        end(outcome) { scratch, result in result.error = scratch.pointee.error(error) }
    }
}

// MARK: - Orders

extension Command {
    /// The broker took it: a submit, a modify, a cancel.
    ///
    /// - Parameters:
    ///   - brokerOrderID: The broker's name for the order.
    ///   - state: What the order is now, where the broker said so.
    ///   - adapterState: At most 1 KiB that comes back with every reference to this order; `nil` keeps what there is.
    ///   - children: The orders that this one command made, where it made several.
    ///   - replacedBy: The broker's id of the order that took this one's place.
    ///   - parentReference: The broker's id of the order this one belongs to.
    @discardableResult
    public func accept(
        brokerOrderID: String? = nil, state: OrderState? = nil, adapterState: [UInt8]? = nil,
        exchangeOrderID: String? = nil, clientReference: ClientReference? = nil, brokerTime: Timestamp? = nil,
        children: [ChildOrder] = [], replacedBy: String? = nil, parentReference: String? = nil
    ) -> HostStatus {
        end(.accepted) { scratch, result in
            let identity = scratch.pointee.take(SLUICE_SIZE_order_ref).assumingMemoryBound(to: sluice_order_ref.self)
            identity.pointee = sluice_order_ref()
            identity.pointee.struct_size = UInt32(SLUICE_SIZE_order_ref)
            identity.pointee.account = account
            identity.pointee.broker_order_id = scratch.pointee.text(brokerOrderID)
            identity.pointee.exchange_order_id = scratch.pointee.text(exchangeOrderID)
            identity.pointee.client_reference = scratch.pointee.text(clientReference)
            identity.pointee.adapter_state = scratch.pointee.bytes(adapterState)
            result.order_ref = UnsafePointer(identity)
            result.order_state = state?.rawValue ?? 0
            result.broker_time = scratch.pointee.time(brokerTime)
            if !children.isEmpty { result.children = scratch.pointee.children(children) }
            result.replaced_by = scratch.pointee.text(replacedBy)
            result.parent_ref = scratch.pointee.text(parentReference)
        }
    }

    /// The broker refused: nothing of it is live.
    @discardableResult
    public func reject(_ error: AdapterError) -> HostStatus { end(.rejected, error) }

    /// Nothing left the machine.
    @discardableResult
    public func notSent(_ error: AdapterError) -> HostStatus { end(.notSent, error) }

    /// It may be live. Never called a failure: the host looks the order up until it knows.
    @discardableResult
    public func unknown(_ error: AdapterError) -> HostStatus { end(.unknown, error) }
}

// MARK: - Reads and the session

extension Command {
    /// Done: an open, a close, a cancel-all, or a query whose rows have been sent.
    ///
    /// - Parameter nextCursor: Where the next page of a query begins; `nil`: this was the last.
    @discardableResult
    public func ok(nextCursor: String? = nil) -> HostStatus {
        end(.ok) { scratch, result in
            guard let nextCursor else { return }
            let identity = scratch.pointee.take(SLUICE_SIZE_order_ref).assumingMemoryBound(to: sluice_order_ref.self)
            identity.pointee = sluice_order_ref()
            identity.pointee.struct_size = UInt32(SLUICE_SIZE_order_ref)
            identity.pointee.account = account
            identity.pointee.broker_order_id = scratch.pointee.text(nextCursor)
            result.order_ref = UnsafePointer(identity)
        }
    }

    /// Done: a vendor call, whose result is a JSON document.
    @discardableResult
    public func ok(document: String) -> HostStatus {
        end(.ok) { scratch, result in result.document = scratch.pointee.text(document) }
    }

    /// Ends the command by what an error proves: not sent, rejected, or unknown, never more than is known.
    @discardableResult
    public func fail(_ error: AdapterError) -> HostStatus {
        switch error.certainty ?? error.code.defaultCertainty {
        case .notSent: notSent(error)
        case .rejected: reject(error)
        case .accepted, .unknown: unknown(error)
        }
    }

    /// A reconcile found the order. Its trade updates have been reported before.
    @discardableResult
    public func found(_ identity: OrderIdentity, _ state: OrderState, brokerTime: Timestamp? = nil) -> HostStatus {
        end(.found) { scratch, result in
            let memory = scratch.pointee.take(SLUICE_SIZE_order_ref).assumingMemoryBound(to: sluice_order_ref.self)
            memory.pointee = scratch.pointee.identity(identity)
            result.order_ref = UnsafePointer(memory)
            result.order_state = state.rawValue
            result.broker_time = scratch.pointee.time(brokerTime)
        }
    }

    /// An authoritative look-up says that the broker never had the order.
    @discardableResult
    public func provenAbsent() -> HostStatus { end(.provenAbsent, nil) }

    /// The look-up settled nothing.
    @discardableResult
    public func indeterminate(_ error: AdapterError? = nil) -> HostStatus { end(.indeterminate, error) }
}

// MARK: - Rows

extension Command {
    /// Rows of an order or orders query. Any number of calls before the completion, none after it; so for all rows.
    @discardableResult
    public func send(orders rows: [OrderUpdate]) -> HostStatus { send(rows) { $0.pointee.orderUpdates($1) } }

    /// Rows of a trades query.
    @discardableResult
    public func send(trades rows: [TradeUpdate]) -> HostStatus { send(rows) { $0.pointee.tradeUpdates($1) } }

    /// Rows of a positions query.
    @discardableResult
    public func send(positions rows: [Position]) -> HostStatus { send(rows) { $0.pointee.positions($1) } }

    /// Rows of a holdings query.
    @discardableResult
    public func send(holdings rows: [Holding]) -> HostStatus { send(rows) { $0.pointee.holdings($1) } }

    /// Rows of a funds query.
    @discardableResult
    public func send(funds rows: [Funds]) -> HostStatus { send(rows) { $0.pointee.funds($1) } }

    /// Rows of a margins query or a preview: one an order by client reference, then one for the basket.
    @discardableResult
    public func send(margins rows: [Margin]) -> HostStatus { send(rows) { $0.pointee.margins($1) } }

    /// Rows of an instruments query.
    @discardableResult
    public func send(instruments rows: [InstrumentRow]) -> HostStatus { send(rows) { $0.pointee.instruments($1) } }

    /// Rows of a quotes query.
    @discardableResult
    public func send(quotes rows: [QuoteRow]) -> HostStatus { send(rows) { $0.pointee.quotes($1) } }

    /// Rows of a candles query, oldest first.
    @discardableResult
    public func send(candles rows: [CandleRow]) -> HostStatus { send(rows) { $0.pointee.candles($1) } }

    /// The rows of a profile query.
    @discardableResult
    public func send(profiles rows: [Profile]) -> HostStatus { send(rows) { $0.pointee.profiles($1) } }

    private func send<Row>(
        _ rows: [Row], _ lay: (UnsafeMutablePointer<Scratch>, [Row]) -> sluice_span
    ) -> HostStatus {
        host.inChunks(rows) { table, scratch, chunk in table.pointee.rows(table, token, lay(scratch, chunk)) }
    }
}
