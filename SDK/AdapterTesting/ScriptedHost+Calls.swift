public import AdapterKit
import CSluice
public import Exact

// What a test asks of the adapter. Each lays its arguments out in memory that is overwritten after the call.

extension ScriptedHost {
    /// Begins the login.
    @discardableResult
    public func open() -> Sent { command { functions, session, token in functions.pointee.open(session, token) } }

    /// Ends the login.
    @discardableResult
    public func close() -> Sent { command { functions, session, token in functions.pointee.close(session, token) } }

    /// Places one order.
    @discardableResult
    public func submit(_ order: StoredOrder) -> Sent {
        command { functions, session, token in functions.pointee.submit(session, token, scratch.order(order)) }
    }

    /// Places several in one call; one token each.
    @discardableResult
    public func submitBatch(_ orders: [StoredOrder]) -> [Sent] {
        let tokens = orders.map { _ in nextToken() }
        scratch.reset()
        let span = batch(orders, tokens)
        let status = lane { functions, session in functions.pointee.submit_batch(session, span) }
        return tokens.map { settle($0, status) }
    }

    /// Changes a live order.
    @discardableResult
    public func modify(
        _ identity: OrderIdentity, lastKnown: StoredOrder? = nil, quantity: ExactDecimal? = nil,
        price: ExactDecimal? = nil, triggerPrice: ExactDecimal? = nil, disclosedQuantity: ExactDecimal? = nil,
        timeInForce: TimeInForce? = nil, orderType: OrderType? = nil, options: String? = nil,
        clientReference: ClientReference
    ) -> Sent {
        command { functions, session, token in
            var changes = sluice_changes()
            changes.struct_size = UInt32(SLUICE_SIZE_changes)
            if quantity != nil { changes.fields |= SLUICE_CHANGE_QUANTITY }
            if price != nil { changes.fields |= SLUICE_CHANGE_PRICE }
            if triggerPrice != nil { changes.fields |= SLUICE_CHANGE_TRIGGER_PRICE }
            if disclosedQuantity != nil { changes.fields |= SLUICE_CHANGE_DISCLOSED_QUANTITY }
            if timeInForce != nil { changes.fields |= SLUICE_CHANGE_TIME_IN_FORCE }
            changes.quantity = scratch.decimal(quantity)
            changes.price = scratch.decimal(price)
            changes.trigger_price = scratch.decimal(triggerPrice)
            changes.disclosed_quantity = scratch.decimal(disclosedQuantity)
            changes.time_in_force = timeInForce?.rawValue ?? 0
            if orderType != nil { changes.fields |= SLUICE_CHANGE_ORDER_TYPE }
            changes.order_type = orderType?.rawValue ?? 0
            changes.options = scratch.text(options)
            changes.client_reference = scratch.text(clientReference)
            return functions.pointee.modify(session, token, reference(identity, lastKnown), &changes)
        }
    }

    /// Cancels a live order.
    @discardableResult
    public func cancel(_ identity: OrderIdentity, lastKnown: StoredOrder? = nil) -> Sent {
        command { functions, session, token in functions.pointee.cancel(session, token, reference(identity, lastKnown))
        }
    }

    /// Cancels every live order that the filter matches.
    @discardableResult
    public func cancelAll(account: Int = 0, instrumentID: String? = nil) -> Sent {
        command { functions, session, token in
            functions.pointee.cancel_all(session, token, filter(account, instrumentID, nil, nil, nil))
        }
    }

    /// Asks what the broker would make of these orders. Rows: `rows[token].margins`.
    @discardableResult
    public func preview(_ orders: [StoredOrder]) -> Sent {
        command(
            { functions, session, token in
                functions.pointee.preview(session, token, batch(orders, orders.map { _ in 0 }))
            }, kind: .margins)
    }

    /// Reads. Rows: `rows[token]`.
    @discardableResult
    public func query(
        _ kind: QueryKind, account: Int = 0, instrumentID: String? = nil, order: OrderIdentity? = nil,
        cursor: String? = nil, limit: Int? = nil, instruments: [StoredInstrument] = [], from: Timestamp? = nil,
        to: Timestamp? = nil, intervalNanoseconds: Int64 = 0
    ) -> Sent {
        command(
            { functions, session, token in
                let memory = UnsafeMutablePointer(mutating: filter(account, instrumentID, order, cursor, limit))
                memory.pointee.instruments = list(instruments)
                memory.pointee.from = scratch.time(from)
                memory.pointee.to = scratch.time(to)
                memory.pointee.interval_ns = intervalNanoseconds
                return functions.pointee.query(session, kind.rawValue, token, memory)
            }, kind: kind)
    }

    /// Looks orders up; one token each.
    @discardableResult
    public func reconcile(_ items: [(identity: OrderIdentity, written: Timestamp?)]) -> [Sent] {
        let tokens = items.map { _ in nextToken() }
        scratch.reset()
        let sought = Array(zip(tokens, items))
        let span = scratch.list(sought, of: sluice_reconcile_item(), size: SLUICE_SIZE_reconcile_item) {
            scratch, sought, entity in
            entity.token = sought.0
            entity.ref = scratch.identity(sought.1.identity)
            entity.written_time = scratch.time(sought.1.written)
        }
        let status = lane { functions, session in functions.pointee.reconcile(session, span) }
        return tokens.map { settle($0, status) }
    }

    /// The host's deadline: it ends the command itself and says so.
    public func expire(_ sent: Sent) {
        guard openTokens.remove(sent.token) != nil else { return }
        lane { functions, session in
            functions.pointee.on_cancelled(session, sent.token)
            return SLUICE_OK
        }
    }

    /// How a command ended; `nil` while it waits.
    public func completion(of sent: Sent) -> Completion? { completions.last { $0.token == sent.token } }
}

// MARK: - Time and prices

/// A price that a test plays.
public struct TestQuote: Hashable, Sendable {
    public var instrument: UInt64
    public var instrumentID: String
    public var last: ExactDecimal?
    public var bid: ExactDecimal?
    public var ask: ExactDecimal?
    public var bidSize: ExactDecimal?
    public var askSize: ExactDecimal?
    public var lastSize: ExactDecimal?
    public var exchangeTime: Timestamp?
}

extension ScriptedHost {
    /// Moves the clock, firing each timer that falls due at its own instant, in order.
    public func advance(nanoseconds: Int64) {
        let target = now.nanoseconds.addingReportingOverflow(nanoseconds)
        precondition(!target.overflow && nanoseconds >= 0, "time goes forward, and not for ever")
        while let next = timers.filter({ $0.value.due.nanoseconds <= target.partialValue })
            .min(by: { ($0.value.due, $0.key) < ($1.value.due, $1.key) })
        {
            now = max(now, next.value.due)
            fire(next.key)
        }
        now = Timestamp(nanoseconds: target.partialValue)
    }

    /// Fires one timer now, due or not.
    public func fire(_ timer: UInt64) {
        guard let waiting = timers.removeValue(forKey: timer) else { return }
        lane { functions, session in
            functions.pointee.on_timer(session, timer, waiting.tag)
            return SLUICE_OK
        }
    }

    /// Plays a price. It reaches the adapter if the adapter watches the instrument, and again when it begins to.
    public func quote(
        _ instrument: StoredInstrument, last: ExactDecimal? = nil, bid: ExactDecimal? = nil, ask: ExactDecimal? = nil,
        bidSize: ExactDecimal? = nil, askSize: ExactDecimal? = nil, lastSize: ExactDecimal? = nil,
        exchangeTime: Timestamp? = nil
    ) {
        let quote = TestQuote(
            instrument: instrument.uid, instrumentID: instrument.id, last: last, bid: bid, ask: ask, bidSize: bidSize,
            askSize: askSize, lastSize: lastSize, exchangeTime: exchangeTime)
        lastQuotes[instrument.id] = quote
        if watched.contains(instrument.id) { deliver(quote) }
    }

    func deliver(_ quote: TestQuote) {
        scratch.reset()
        let memory = scratch.take(SLUICE_SIZE_quote)
        var entity = sluice_quote()
        entity.struct_size = UInt32(SLUICE_SIZE_quote)
        entity.instrument = quote.instrument
        entity.instrument_id = scratch.text(quote.instrumentID)
        entity.last = scratch.decimal(quote.last)
        entity.last_size = scratch.decimal(quote.lastSize)
        entity.bid = scratch.decimal(quote.bid)
        entity.bid_size = scratch.decimal(quote.bidSize)
        entity.ask = scratch.decimal(quote.ask)
        entity.ask_size = scratch.decimal(quote.askSize)
        entity.exchange_time = scratch.time(quote.exchangeTime)
        entity.received_time = scratch.time(now)
        memory.assumingMemoryBound(to: sluice_quote.self).pointee = entity
        let span = scratch.span(memory, count: 1, stride: SLUICE_SIZE_quote)
        lane { functions, session in
            functions.pointee.on_quote(session, span)
            return SLUICE_OK
        }
    }

    /// Plays a finished bar. It reaches the adapter if the adapter watches the instrument.
    public func candle(
        _ instrument: StoredInstrument, start: Timestamp, lengthNanoseconds: Int64, open: ExactDecimal,
        high: ExactDecimal, low: ExactDecimal, close: ExactDecimal, volume: ExactDecimal? = nil
    ) {
        guard watched.contains(instrument.id) else { return }
        scratch.reset()
        let memory = scratch.take(SLUICE_SIZE_candle)
        var entity = sluice_candle()
        entity.struct_size = UInt32(SLUICE_SIZE_candle)
        entity.instrument = instrument.uid
        entity.instrument_id = scratch.text(instrument.id)
        entity.start = start.nanoseconds
        entity.length_ns = lengthNanoseconds
        entity.open = scratch.decimal(open)
        entity.high = scratch.decimal(high)
        entity.low = scratch.decimal(low)
        entity.close = scratch.decimal(close)
        entity.volume = scratch.decimal(volume)
        entity.received_time = now.nanoseconds
        memory.assumingMemoryBound(to: sluice_candle.self).pointee = entity
        let span = scratch.span(memory, count: 1, stride: SLUICE_SIZE_candle)
        lane { functions, session in
            functions.pointee.on_candle(session, span)
            return SLUICE_OK
        }
    }
}

// MARK: - Laying out

extension ScriptedHost {
    func reference(_ identity: OrderIdentity, _ order: StoredOrder?) -> UnsafePointer<sluice_order_ref> {
        let memory = scratch.take(SLUICE_SIZE_order_ref).assumingMemoryBound(to: sluice_order_ref.self)
        memory.pointee = scratch.identity(identity)
        memory.pointee.order = scratch.order(order)
        return UnsafePointer(memory)
    }

    private func batch(_ orders: [StoredOrder], _ tokens: [UInt64]) -> sluice_span {
        let items = Array(zip(tokens, orders))
        return scratch.list(items, of: sluice_batch_item(), size: SLUICE_SIZE_batch_item) { scratch, item, entity in
            entity.token = item.0
            entity.order = scratch.order(item.1)
        }
    }

    private func filter(
        _ account: Int, _ instrumentID: String?, _ order: OrderIdentity?, _ cursor: String?, _ limit: Int?
    ) -> UnsafePointer<sluice_filter> {
        let memory = scratch.take(SLUICE_SIZE_filter).assumingMemoryBound(to: sluice_filter.self)
        memory.pointee = sluice_filter()
        memory.pointee.struct_size = UInt32(SLUICE_SIZE_filter)
        memory.pointee.account = scratch.account(account)
        memory.pointee.instrument_id = scratch.text(instrumentID)
        if let order { memory.pointee.order_ref = reference(order, nil) }
        memory.pointee.cursor = scratch.text(cursor)
        memory.pointee.limit = limit.flatMap { UInt32(exactly: $0) } ?? 0
        return UnsafePointer(memory)
    }
}
