package import CSluice

extension Scratch {
    package mutating func positions(_ rows: [Position]) -> sluice_span {
        let start = take(rows.count * SLUICE_SIZE_position)
        for (index, row) in rows.enumerated() {
            var entity = sluice_position()
            entity.struct_size = UInt32(SLUICE_SIZE_position)
            entity.account = account(row.account)
            entity.instrument_id = text(row.instrumentID)
            entity.product = row.product.rawValue
            entity.quantity = decimal(row.quantity)
            entity.average_price = decimal(row.averagePrice)
            entity.realised = decimal(row.realised)
            entity.overnight_quantity = decimal(row.overnightQuantity)
            (start + index * SLUICE_SIZE_position).assumingMemoryBound(to: sluice_position.self).pointee = entity
        }
        return span(start, count: rows.count, stride: SLUICE_SIZE_position)
    }

    package mutating func holdings(_ rows: [Holding]) -> sluice_span {
        let start = take(rows.count * SLUICE_SIZE_holding)
        for (index, row) in rows.enumerated() {
            var entity = sluice_holding()
            entity.struct_size = UInt32(SLUICE_SIZE_holding)
            entity.account = account(row.account)
            entity.instrument_id = text(row.instrumentID)
            entity.quantity = decimal(row.quantity)
            entity.free = decimal(row.free)
            entity.pledged = decimal(row.pledged)
            entity.average_price = decimal(row.averagePrice)
            (start + index * SLUICE_SIZE_holding).assumingMemoryBound(to: sluice_holding.self).pointee = entity
        }
        return span(start, count: rows.count, stride: SLUICE_SIZE_holding)
    }

    package mutating func funds(_ rows: [Funds]) -> sluice_span {
        let start = take(rows.count * SLUICE_SIZE_funds)
        for (index, row) in rows.enumerated() {
            var entity = sluice_funds()
            entity.struct_size = UInt32(SLUICE_SIZE_funds)
            entity.account = account(row.account)
            entity.currency = text(row.currency)
            entity.cash = decimal(row.cash)
            entity.available = decimal(row.available)
            entity.used = decimal(row.used)
            entity.equity = decimal(row.equity)
            entity.as_of = time(row.asOf)
            (start + index * SLUICE_SIZE_funds).assumingMemoryBound(to: sluice_funds.self).pointee = entity
        }
        return span(start, count: rows.count, stride: SLUICE_SIZE_funds)
    }

    package mutating func margins(_ rows: [Margin]) -> sluice_span {
        let start = take(rows.count * SLUICE_SIZE_margin)
        for (index, row) in rows.enumerated() {
            var entity = sluice_margin()
            entity.struct_size = UInt32(SLUICE_SIZE_margin)
            entity.account = account(row.account)
            entity.client_reference = text(row.clientReference)
            entity.currency = text(row.currency)
            entity.required = decimal(row.required)
            entity.charges = decimal(row.charges)
            entity.error = error(row.error)
            (start + index * SLUICE_SIZE_margin).assumingMemoryBound(to: sluice_margin.self).pointee = entity
        }
        return span(start, count: rows.count, stride: SLUICE_SIZE_margin)
    }

    package mutating func instruments(_ rows: [InstrumentRow]) -> sluice_span {
        let start = take(rows.count * SLUICE_SIZE_instrument_row)
        for (index, row) in rows.enumerated() {
            var entity = sluice_instrument_row()
            entity.struct_size = UInt32(SLUICE_SIZE_instrument_row)
            entity.id = text(row.instrument.id)
            entity.alias = text(row.instrument.alias)
            entity.broker_data = bytes(row.instrument.brokerData)
            entity.name = text(row.name)
            entity.currency = text(row.instrument.currency)
            entity.lot_size = decimal(row.instrument.lotSize)
            entity.multiplier = decimal(row.instrument.multiplier)
            entity.contract_size = decimal(row.instrument.contractSize)
            entity.tick = decimal(row.instrument.tick)
            entity.freeze_quantity = decimal(row.freezeQuantity)
            entity.price_low = decimal(row.priceLow)
            entity.price_high = decimal(row.priceHigh)
            entity.min_quantity = decimal(row.minQuantity)
            entity.max_quantity = decimal(row.maxQuantity)
            entity.isin = text(row.isin)
            entity.underlying = text(row.underlying)
            entity.last_trading = time(row.lastTrading)
            (start + index * SLUICE_SIZE_instrument_row).assumingMemoryBound(to: sluice_instrument_row.self).pointee =
                entity
        }
        return span(start, count: rows.count, stride: SLUICE_SIZE_instrument_row)
    }

    package mutating func quotes(_ rows: [QuoteRow]) -> sluice_span {
        let start = take(rows.count * SLUICE_SIZE_quote)
        for (index, row) in rows.enumerated() {
            var entity = sluice_quote()
            entity.struct_size = UInt32(SLUICE_SIZE_quote)
            entity.instrument = row.instrument
            entity.instrument_id = text(row.instrumentID)
            entity.last = decimal(row.last)
            entity.last_size = decimal(row.lastSize)
            entity.bid = decimal(row.bid)
            entity.bid_size = decimal(row.bidSize)
            entity.ask = decimal(row.ask)
            entity.ask_size = decimal(row.askSize)
            entity.exchange_time = time(row.exchangeTime)
            (start + index * SLUICE_SIZE_quote).assumingMemoryBound(to: sluice_quote.self).pointee = entity
        }
        return span(start, count: rows.count, stride: SLUICE_SIZE_quote)
    }

    package mutating func candles(_ rows: [CandleRow]) -> sluice_span {
        let start = take(rows.count * SLUICE_SIZE_candle)
        for (index, row) in rows.enumerated() {
            var entity = sluice_candle()
            entity.struct_size = UInt32(SLUICE_SIZE_candle)
            entity.instrument = row.instrument
            entity.instrument_id = text(row.instrumentID)
            entity.start = time(row.start)
            entity.length_ns = row.lengthNanoseconds
            entity.open = decimal(row.open)
            entity.high = decimal(row.high)
            entity.low = decimal(row.low)
            entity.close = decimal(row.close)
            entity.volume = decimal(row.volume)
            (start + index * SLUICE_SIZE_candle).assumingMemoryBound(to: sluice_candle.self).pointee = entity
        }
        return span(start, count: rows.count, stride: SLUICE_SIZE_candle)
    }

    package mutating func profiles(_ rows: [Profile]) -> sluice_span {
        let start = take(rows.count * SLUICE_SIZE_profile)
        for (index, row) in rows.enumerated() {
            var entity = sluice_profile()
            entity.struct_size = UInt32(SLUICE_SIZE_profile)
            entity.account = account(row.account)
            entity.account_id = text(row.accountID)
            entity.name = text(row.name)
            entity.owner = text(row.owner)
            entity.currency = text(row.currency)
            (start + index * SLUICE_SIZE_profile).assumingMemoryBound(to: sluice_profile.self).pointee = entity
        }
        return span(start, count: rows.count, stride: SLUICE_SIZE_profile)
    }
}
