package import CSluice

extension Scratch {
    package mutating func positions(_ rows: [Position]) -> sluice_span {
        list(rows, of: sluice_position(), size: SLUICE_SIZE_position) { scratch, row, entity in
            entity.account = scratch.account(row.account)
            entity.instrument_id = scratch.text(row.instrumentID)
            entity.product = row.product.rawValue
            entity.quantity = scratch.decimal(row.quantity)
            entity.average_price = scratch.decimal(row.averagePrice)
            entity.realised = scratch.decimal(row.realised)
            entity.overnight_quantity = scratch.decimal(row.overnightQuantity)
        }
    }

    package mutating func holdings(_ rows: [Holding]) -> sluice_span {
        list(rows, of: sluice_holding(), size: SLUICE_SIZE_holding) { scratch, row, entity in
            entity.account = scratch.account(row.account)
            entity.instrument_id = scratch.text(row.instrumentID)
            entity.quantity = scratch.decimal(row.quantity)
            entity.free = scratch.decimal(row.free)
            entity.pledged = scratch.decimal(row.pledged)
            entity.average_price = scratch.decimal(row.averagePrice)
        }
    }

    package mutating func funds(_ rows: [Funds]) -> sluice_span {
        list(rows, of: sluice_funds(), size: SLUICE_SIZE_funds) { scratch, row, entity in
            entity.account = scratch.account(row.account)
            entity.currency = scratch.text(row.currency)
            entity.cash = scratch.decimal(row.cash)
            entity.available = scratch.decimal(row.available)
            entity.used = scratch.decimal(row.used)
            entity.equity = scratch.decimal(row.equity)
            entity.as_of = scratch.time(row.asOf)
        }
    }

    package mutating func margins(_ rows: [Margin]) -> sluice_span {
        list(rows, of: sluice_margin(), size: SLUICE_SIZE_margin) { scratch, row, entity in
            entity.account = scratch.account(row.account)
            entity.client_reference = scratch.text(row.clientReference)
            entity.currency = scratch.text(row.currency)
            entity.required = scratch.decimal(row.required)
            entity.charges = scratch.decimal(row.charges)
            entity.error = scratch.error(row.error)
        }
    }

    package mutating func instruments(_ rows: [InstrumentRow]) -> sluice_span {
        list(rows, of: sluice_instrument_row(), size: SLUICE_SIZE_instrument_row) { scratch, row, entity in
            entity.id = row.instrument.id.isEmpty ? sluice_str() : scratch.text(row.instrument.id)
            entity.alias = scratch.text(row.instrument.alias)
            entity.broker_data = scratch.bytes(row.instrument.brokerData)
            entity.name = scratch.text(row.name)
            entity.currency = scratch.text(row.instrument.currency)
            entity.lot_size = scratch.decimal(row.instrument.lotSize)
            entity.multiplier = scratch.decimal(row.instrument.multiplier)
            entity.contract_size = scratch.decimal(row.instrument.contractSize)
            entity.tick = scratch.decimal(row.instrument.tick)
            entity.freeze_quantity = scratch.decimal(row.freezeQuantity)
            entity.price_low = scratch.decimal(row.priceLow)
            entity.price_high = scratch.decimal(row.priceHigh)
            entity.min_quantity = scratch.decimal(row.minQuantity)
            entity.max_quantity = scratch.decimal(row.maxQuantity)
            entity.isin = scratch.text(row.isin)
            entity.underlying = scratch.text(row.underlying)
            entity.last_trading = scratch.time(row.lastTrading)
        }
    }

    package mutating func quotes(_ rows: [QuoteRow]) -> sluice_span {
        list(rows, of: sluice_quote(), size: SLUICE_SIZE_quote) { scratch, row, entity in
            entity.instrument = row.instrument
            entity.instrument_id = scratch.text(row.instrumentID)
            entity.last = scratch.decimal(row.last)
            entity.last_size = scratch.decimal(row.lastSize)
            entity.bid = scratch.decimal(row.bid)
            entity.bid_size = scratch.decimal(row.bidSize)
            entity.ask = scratch.decimal(row.ask)
            entity.ask_size = scratch.decimal(row.askSize)
            entity.exchange_time = scratch.time(row.exchangeTime)
        }
    }

    package mutating func candles(_ rows: [CandleRow]) -> sluice_span {
        list(rows, of: sluice_candle(), size: SLUICE_SIZE_candle) { scratch, row, entity in
            entity.instrument = row.instrument
            entity.instrument_id = scratch.text(row.instrumentID)
            entity.start = scratch.time(row.start)
            entity.length_ns = row.lengthNanoseconds
            entity.open = scratch.decimal(row.open)
            entity.high = scratch.decimal(row.high)
            entity.low = scratch.decimal(row.low)
            entity.close = scratch.decimal(row.close)
            entity.volume = scratch.decimal(row.volume)
        }
    }

    package mutating func profiles(_ rows: [Profile]) -> sluice_span {
        list(rows, of: sluice_profile(), size: SLUICE_SIZE_profile) { scratch, row, entity in
            entity.account = scratch.account(row.account)
            entity.account_id = scratch.text(row.accountID)
            entity.name = scratch.text(row.name)
            entity.owner = scratch.text(row.owner)
            entity.currency = scratch.text(row.currency)
        }
    }
}
