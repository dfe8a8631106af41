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
        list(updates, of: sluice_order_update(), size: SLUICE_SIZE_order_update) { scratch, update, entity in
            entity.state = update.state.rawValue
            entity.ref = scratch.identity(update.identity)
            entity.cumulative_quantity = scratch.decimal(update.cumulativeQuantity)
            entity.leaves_quantity = scratch.decimal(update.leavesQuantity)
            entity.average_price = scratch.decimal(update.averagePrice)
            entity.reason = scratch.error(update.reason)
            entity.broker_time = scratch.time(update.brokerTime)
            entity.sequence = update.sequence
            entity.raw_state = scratch.text(update.rawState)
            entity.order = scratch.order(update.order)
        }
    }

    package mutating func tradeUpdates(_ updates: [TradeUpdate]) -> sluice_span {
        list(updates, of: sluice_trade_update(), size: SLUICE_SIZE_trade_update) { scratch, update, entity in
            entity.kind = update.kind.rawValue
            entity.ref = scratch.identity(update.identity)
            entity.execution_id = scratch.text(update.executionID)
            entity.replaces = scratch.text(update.replaces)
            entity.side = update.side.rawValue
            entity.liquidity = update.liquidity?.rawValue ?? 0
            entity.instrument_id = scratch.text(update.instrumentID)
            entity.quantity = scratch.decimal(update.quantity)
            entity.price = scratch.decimal(update.price)
            entity.fees = scratch.fees(update.fees)
            entity.trade_time = scratch.time(update.tradeTime)
        }
    }

    private mutating func fees(_ fees: [Fee]) -> sluice_span {
        list(fees, of: sluice_fee(), size: SLUICE_SIZE_fee) { scratch, fee, entity in
            entity.name = scratch.text(fee.name)
            entity.currency = scratch.text(fee.currency)
            entity.amount = scratch.decimal(fee.amount)
        }
    }

    package mutating func children(_ children: [ChildOrder]) -> sluice_span {
        list(children, of: sluice_child(), size: SLUICE_SIZE_child) { scratch, child, entity in
            entity.role = child.role.rawValue
            entity.ref = scratch.identity(child.identity)
            entity.quantity = scratch.decimal(child.quantity)
            entity.outcome = child.outcome.rawValue
            entity.error = scratch.error(child.error)
        }
    }

    package mutating func fields(_ fields: some Collection<(key: String, value: String)>) -> sluice_span {
        list(fields, of: sluice_field(), size: SLUICE_SIZE_field) { scratch, field, entity in
            entity.key = scratch.text(field.key)
            entity.value = scratch.text(field.value)
        }
    }
}
