package import CSluice

// Each function lays one value out as its entity. Entities are written whole through a pointer of their own type, with
// the size that this library knows.

extension Scratch {
    package mutating func error(_ error: AdapterError?) -> UnsafePointer<sluice_error>? {
        guard let error else { return nil }
        let memory = take(SLUICE_SIZE_error).assumingMemoryBound(to: sluice_error.self)
        var entity = sluice_error()
        entity.struct_size = UInt32(SLUICE_SIZE_error)
        entity.code = error.code.rawValue
        entity.certainty = error.certainty?.rawValue ?? 0
        switch error.retry {
        case nil: break
        case .never: entity.retry = SLUICE_RETRY_NEVER
        case .now: entity.retry = SLUICE_RETRY_NOW
        case .after(let nanoseconds):
            entity.retry = SLUICE_RETRY_AFTER
            entity.retry_after_ns = nanoseconds
        case .afterLogin: entity.retry = SLUICE_RETRY_AFTER_LOGIN
        case .afterReconcile: entity.retry = SLUICE_RETRY_AFTER_RECONCILE
        }
        entity.broker_code = text(error.brokerCode)
        entity.broker_text = text(error.brokerText)
        entity.text = text(error.text)
        entity.field = text(error.field)
        entity.http_status = error.httpStatus.flatMap { UInt32(exactly: $0) } ?? 0
        memory.pointee = entity
        return UnsafePointer(memory)
    }

    @inline(__always)
    package mutating func identity(_ identity: OrderIdentity) -> sluice_order_ref {
        var entity = sluice_order_ref()
        entity.struct_size = UInt32(SLUICE_SIZE_order_ref)
        entity.account = account(identity.account)
        entity.broker_order_id = text(identity.brokerOrderID)
        entity.exchange_order_id = text(identity.exchangeOrderID)
        entity.client_reference = text(identity.clientReference)
        entity.adapter_state = bytes(identity.adapterState)
        return entity
    }

    package mutating func instrument(_ instrument: StoredInstrument) -> UnsafePointer<sluice_instrument> {
        let memory = take(SLUICE_SIZE_instrument).assumingMemoryBound(to: sluice_instrument.self)
        var entity = sluice_instrument()
        entity.struct_size = UInt32(SLUICE_SIZE_instrument)
        entity.uid = instrument.uid
        entity.id = text(instrument.id)
        entity.alias = text(instrument.alias)
        entity.broker_data = bytes(instrument.brokerData)
        entity.currency = text(instrument.currency)
        entity.lot_size = decimal(instrument.lotSize)
        entity.multiplier = decimal(instrument.multiplier)
        entity.contract_size = decimal(instrument.contractSize)
        entity.tick = decimal(instrument.tick)
        memory.pointee = entity
        return UnsafePointer(memory)
    }

    package mutating func order(_ order: StoredOrder?) -> UnsafePointer<sluice_order>? {
        guard let order else { return nil }
        let memory = take(SLUICE_SIZE_order).assumingMemoryBound(to: sluice_order.self)
        var entity = sluice_order()
        entity.struct_size = UInt32(SLUICE_SIZE_order)
        entity.account = account(order.account)
        entity.side = order.side.rawValue
        entity.order_type = order.type.rawValue
        entity.product = order.product.rawValue
        entity.time_in_force = order.timeInForce.rawValue
        entity.order_class = order.orderClass.rawValue
        entity.flags = order.flags.rawValue
        entity.client_reference = text(order.clientReference)
        entity.run_id = text(order.runID)
        entity.instrument = instrument(order.instrument)
        entity.quantity = decimal(order.quantity)
        entity.disclosed_quantity = decimal(order.disclosedQuantity)
        entity.price = decimal(order.price)
        entity.trigger_price = decimal(order.triggerPrice)
        entity.trail = decimal(order.trail)
        entity.valid_until = time(order.validUntil)
        entity.options = text(order.options)
        memory.pointee = entity
        return UnsafePointer(memory)
    }

    package mutating func orderUpdates(_ updates: [OrderUpdate]) -> sluice_span {
        let start = take(updates.count * SLUICE_SIZE_order_update)
        for (index, update) in updates.enumerated() {
            var entity = sluice_order_update()
            entity.struct_size = UInt32(SLUICE_SIZE_order_update)
            entity.state = update.state.rawValue
            entity.ref = identity(update.identity)
            entity.cumulative_quantity = decimal(update.cumulativeQuantity)
            entity.leaves_quantity = decimal(update.leavesQuantity)
            entity.average_price = decimal(update.averagePrice)
            entity.reason = error(update.reason)
            entity.broker_time = time(update.brokerTime)
            entity.sequence = update.sequence
            entity.raw_state = text(update.rawState)
            entity.order = order(update.order)
            (start + index * SLUICE_SIZE_order_update).assumingMemoryBound(to: sluice_order_update.self).pointee =
                entity
        }
        return span(start, count: updates.count, stride: SLUICE_SIZE_order_update)
    }

    package mutating func tradeUpdates(_ updates: [TradeUpdate]) -> sluice_span {
        let start = take(updates.count * SLUICE_SIZE_trade_update)
        for (index, update) in updates.enumerated() {
            var entity = sluice_trade_update()
            entity.struct_size = UInt32(SLUICE_SIZE_trade_update)
            entity.kind = update.kind.rawValue
            entity.ref = identity(update.identity)
            entity.execution_id = text(update.executionID)
            entity.replaces = text(update.replaces)
            entity.side = update.side.rawValue
            entity.liquidity = update.liquidity?.rawValue ?? 0
            entity.instrument_id = text(update.instrumentID)
            entity.quantity = decimal(update.quantity)
            entity.price = decimal(update.price)
            entity.fees = fees(update.fees)
            entity.trade_time = time(update.tradeTime)
            (start + index * SLUICE_SIZE_trade_update).assumingMemoryBound(to: sluice_trade_update.self).pointee =
                entity
        }
        return span(start, count: updates.count, stride: SLUICE_SIZE_trade_update)
    }

    private mutating func fees(_ fees: [Fee]) -> sluice_span {
        guard !fees.isEmpty else { return sluice_span() }
        let start = take(fees.count * SLUICE_SIZE_fee)
        for (index, fee) in fees.enumerated() {
            var entity = sluice_fee()
            entity.struct_size = UInt32(SLUICE_SIZE_fee)
            entity.name = text(fee.name)
            entity.currency = text(fee.currency)
            entity.amount = decimal(fee.amount)
            (start + index * SLUICE_SIZE_fee).assumingMemoryBound(to: sluice_fee.self).pointee = entity
        }
        return span(start, count: fees.count, stride: SLUICE_SIZE_fee)
    }

    package mutating func children(_ children: [ChildOrder]) -> sluice_span {
        guard !children.isEmpty else { return sluice_span() }
        let start = take(children.count * SLUICE_SIZE_child)
        for (index, child) in children.enumerated() {
            var entity = sluice_child()
            entity.struct_size = UInt32(SLUICE_SIZE_child)
            entity.role = child.role.rawValue
            entity.ref = identity(child.identity)
            entity.quantity = decimal(child.quantity)
            entity.outcome = child.outcome.rawValue
            entity.error = error(child.error)
            (start + index * SLUICE_SIZE_child).assumingMemoryBound(to: sluice_child.self).pointee = entity
        }
        return span(start, count: children.count, stride: SLUICE_SIZE_child)
    }

    package mutating func fields(_ fields: KeyValuePairs<String, String>) -> sluice_span {
        guard !fields.isEmpty else { return sluice_span() }
        let start = take(fields.count * SLUICE_SIZE_field)
        for (index, field) in fields.enumerated() {
            var entity = sluice_field()
            entity.struct_size = UInt32(SLUICE_SIZE_field)
            entity.key = text(field.key)
            entity.value = text(field.value)
            (start + index * SLUICE_SIZE_field).assumingMemoryBound(to: sluice_field.self).pointee = entity
        }
        return span(start, count: fields.count, stride: SLUICE_SIZE_field)
    }
}
