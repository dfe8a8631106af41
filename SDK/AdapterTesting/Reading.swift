import AdapterKit
import CSluice

// The adapter's entities as values. Reads by offset and never past an entity's own size, like the kit itself.

extension Cell {
    /// An order reference at `offset`, by value.
    func identity(at offset: Int) -> OrderIdentity { embedded(offset, room: SLUICE_SIZE_order_ref).identity() }

    func identity() -> OrderIdentity { OrderReference(self).identity() }

    func error(_ offset: Int) -> AdapterError? {
        guard let cell = target(offset) else { return nil }
        var error = AdapterError(AdapterError.Code(rawValue: cell.uint32(SLUICE_AT_error_code)) ?? .other)
        error.certainty = AdapterError.Certainty(rawValue: cell.uint32(SLUICE_AT_error_certainty))
        switch cell.uint32(SLUICE_AT_error_retry) {
        case SLUICE_RETRY_NEVER: error.retry = .never
        case SLUICE_RETRY_NOW: error.retry = .now
        case SLUICE_RETRY_AFTER: error.retry = .after(nanoseconds: cell.int64(SLUICE_AT_error_retry_after_ns))
        case SLUICE_RETRY_AFTER_LOGIN: error.retry = .afterLogin
        case SLUICE_RETRY_AFTER_RECONCILE: error.retry = .afterReconcile
        default: break
        }
        error.brokerCode = cell.text(SLUICE_AT_error_broker_code)
        error.brokerText = cell.text(SLUICE_AT_error_broker_text)
        error.text = cell.text(SLUICE_AT_error_text)
        error.field = cell.text(SLUICE_AT_error_field)
        let status = cell.uint32(SLUICE_AT_error_http_status)
        error.httpStatus = status == 0 ? nil : Int(status)
        return error
    }

    /// The elements of a span field.
    func elements(_ offset: Int) -> [Cell] {
        guard has(offset, SLUICE_SIZE_span) else { return [] }
        let span = sluice_span(
            ptr: pointer(offset), count: uint64(offset + SLUICE_AT_span_count),
            stride: uint32(offset + SLUICE_AT_span_stride), reserved: 0)
        return CellSpan(span, limit: 10_000)?.cells ?? []
    }

    func orderUpdate() -> OrderUpdate {
        OrderUpdate(
            identity(at: SLUICE_AT_order_update_ref),
            OrderState(rawValue: uint32(SLUICE_AT_order_update_state)) ?? .other,
            cumulativeQuantity: decimal(SLUICE_AT_order_update_cumulative_quantity),
            leavesQuantity: decimal(SLUICE_AT_order_update_leaves_quantity),
            averagePrice: decimal(SLUICE_AT_order_update_average_price), reason: error(SLUICE_AT_order_update_reason),
            brokerTime: time(SLUICE_AT_order_update_broker_time), sequence: uint64(SLUICE_AT_order_update_sequence),
            rawState: text(SLUICE_AT_order_update_raw_state),
            order: target(SLUICE_AT_order_update_order).map { Order($0).copy() })
    }

    func tradeUpdate() -> TradeUpdate? {
        guard let quantity = decimal(SLUICE_AT_trade_update_quantity),
            let price = decimal(SLUICE_AT_trade_update_price),
            let side = Side(rawValue: uint32(SLUICE_AT_trade_update_side)),
            let kind = TradeKind(rawValue: uint32(SLUICE_AT_trade_update_kind)),
            let executionID = text(SLUICE_AT_trade_update_execution_id)
        else { return nil }
        return TradeUpdate(
            identity(at: SLUICE_AT_trade_update_ref), executionID: executionID, side: side, quantity: quantity,
            price: price, instrumentID: text(SLUICE_AT_trade_update_instrument_id),
            fees: elements(SLUICE_AT_trade_update_fees).compactMap { cell in
                guard let amount = cell.decimal(SLUICE_AT_fee_amount) else { return nil }
                return Fee(
                    name: cell.text(SLUICE_AT_fee_name) ?? "", currency: cell.text(SLUICE_AT_fee_currency) ?? "",
                    amount: amount)
            }, liquidity: Liquidity(rawValue: uint32(SLUICE_AT_trade_update_liquidity)),
            tradeTime: time(SLUICE_AT_trade_update_trade_time), kind: kind,
            replaces: text(SLUICE_AT_trade_update_replaces))
    }

    func completion(_ token: UInt64) -> Completion? {
        guard let outcome = Outcome(rawValue: uint32(SLUICE_AT_result_outcome)) else { return nil }
        let state = uint32(SLUICE_AT_result_order_state)
        return Completion(
            token: token, outcome: outcome, orderState: state == 0 ? nil : OrderState(rawValue: state) ?? .other,
            identity: target(SLUICE_AT_result_order_ref)?.identity(), error: error(SLUICE_AT_result_error),
            children: elements(SLUICE_AT_result_children).compactMap { $0.child() },
            replacedBy: text(SLUICE_AT_result_replaced_by), parentReference: text(SLUICE_AT_result_parent_ref),
            brokerTime: time(SLUICE_AT_result_broker_time), document: text(SLUICE_AT_result_document))
    }

    func tick() -> Tick {
        var tick = Tick(
            instrument: uint64(SLUICE_AT_tick_instrument), instrumentID: text(SLUICE_AT_tick_instrument_id))
        tick.last = decimal(SLUICE_AT_tick_last)
        tick.lastQuantity = decimal(SLUICE_AT_tick_last_quantity)
        tick.averagePrice = decimal(SLUICE_AT_tick_average_price)
        tick.volume = decimal(SLUICE_AT_tick_volume)
        tick.totalBidQuantity = decimal(SLUICE_AT_tick_total_bid_quantity)
        tick.totalAskQuantity = decimal(SLUICE_AT_tick_total_ask_quantity)
        tick.open = decimal(SLUICE_AT_tick_open)
        tick.high = decimal(SLUICE_AT_tick_high)
        tick.low = decimal(SLUICE_AT_tick_low)
        tick.close = decimal(SLUICE_AT_tick_close)
        tick.openInterest = decimal(SLUICE_AT_tick_open_interest)
        tick.openInterestHigh = decimal(SLUICE_AT_tick_open_interest_high)
        tick.openInterestLow = decimal(SLUICE_AT_tick_open_interest_low)
        tick.lastTradeTime = time(SLUICE_AT_tick_last_trade_time)
        tick.exchangeTime = time(SLUICE_AT_tick_exchange_time)
        tick.bids = levels(SLUICE_AT_tick_bids)
        tick.asks = levels(SLUICE_AT_tick_asks)
        return tick
    }

    private func levels(_ offset: Int) -> [BookLevel] {
        elements(offset).compactMap { level in
            guard let price = level.decimal(SLUICE_AT_level_price),
                let quantity = level.decimal(SLUICE_AT_level_quantity)
            else { return nil }
            return BookLevel(price: price, quantity: quantity, orders: level.uint32(SLUICE_AT_level_orders))
        }
    }

    private func child() -> ChildOrder? {
        guard let role = ChildRole(rawValue: uint32(SLUICE_AT_child_role)),
            let quantity = decimal(SLUICE_AT_child_quantity),
            let outcome = Outcome(rawValue: uint32(SLUICE_AT_child_outcome))
        else { return nil }
        return ChildOrder(
            role, identity(at: SLUICE_AT_child_ref), quantity: quantity, outcome: outcome,
            error: error(SLUICE_AT_child_error))
    }
}

extension CellSpan {
    var cells: [Cell] { (0..<count).map { self[$0] } }
}

extension Rows {
    /// Adds rows of a kind; returns how many could not be read.
    mutating func add(_ kind: QueryKind, _ cells: [Cell]) -> Int {
        switch kind {
        case .order, .orders, .orderHistory: orders += cells.map { $0.orderUpdate() }
        case .trades:
            let read = cells.compactMap { $0.tradeUpdate() }
            trades += read
            return cells.count - read.count
        case .positions:
            let read = cells.compactMap { cell -> Position? in
                guard let product = Product(rawValue: cell.uint32(SLUICE_AT_position_product)),
                    let quantity = cell.decimal(SLUICE_AT_position_quantity)
                else { return nil }
                return Position(
                    account: Int(cell.uint32(SLUICE_AT_position_account)),
                    instrumentID: cell.text(SLUICE_AT_position_instrument_id) ?? "", product: product,
                    quantity: quantity, averagePrice: cell.decimal(SLUICE_AT_position_average_price),
                    realised: cell.decimal(SLUICE_AT_position_realised),
                    overnightQuantity: cell.decimal(SLUICE_AT_position_overnight_quantity))
            }
            positions += read
            return cells.count - read.count
        case .holdings:
            let read = cells.compactMap { cell -> Holding? in
                guard let quantity = cell.decimal(SLUICE_AT_holding_quantity) else { return nil }
                return Holding(
                    account: Int(cell.uint32(SLUICE_AT_holding_account)),
                    instrumentID: cell.text(SLUICE_AT_holding_instrument_id) ?? "", quantity: quantity,
                    free: cell.decimal(SLUICE_AT_holding_free), pledged: cell.decimal(SLUICE_AT_holding_pledged),
                    averagePrice: cell.decimal(SLUICE_AT_holding_average_price))
            }
            holdings += read
            return cells.count - read.count
        case .funds:
            funds += cells.map { cell in
                Funds(
                    account: Int(cell.uint32(SLUICE_AT_funds_account)),
                    currency: cell.text(SLUICE_AT_funds_currency) ?? "", cash: cell.decimal(SLUICE_AT_funds_cash),
                    available: cell.decimal(SLUICE_AT_funds_available), used: cell.decimal(SLUICE_AT_funds_used),
                    equity: cell.decimal(SLUICE_AT_funds_equity), asOf: cell.time(SLUICE_AT_funds_as_of))
            }
        case .margins:
            margins += cells.map { cell in
                Margin(
                    account: Int(cell.uint32(SLUICE_AT_margin_account)),
                    clientReference: cell.clientReference(SLUICE_AT_margin_client_reference),
                    currency: cell.text(SLUICE_AT_margin_currency) ?? "",
                    required: cell.decimal(SLUICE_AT_margin_required), charges: cell.decimal(SLUICE_AT_margin_charges),
                    error: cell.error(SLUICE_AT_margin_error))
            }
        case .instruments:
            instruments += cells.map { cell in
                InstrumentRow(
                    StoredInstrument(
                        id: cell.text(SLUICE_AT_instrument_row_id) ?? "",
                        alias: cell.text(SLUICE_AT_instrument_row_alias),
                        brokerData: cell.bytes(SLUICE_AT_instrument_row_broker_data),
                        currency: cell.text(SLUICE_AT_instrument_row_currency),
                        lotSize: cell.decimal(SLUICE_AT_instrument_row_lot_size),
                        multiplier: cell.decimal(SLUICE_AT_instrument_row_multiplier),
                        contractSize: cell.decimal(SLUICE_AT_instrument_row_contract_size),
                        tick: cell.decimal(SLUICE_AT_instrument_row_tick)),
                    name: cell.text(SLUICE_AT_instrument_row_name),
                    freezeQuantity: cell.decimal(SLUICE_AT_instrument_row_freeze_quantity),
                    priceLow: cell.decimal(SLUICE_AT_instrument_row_price_low),
                    priceHigh: cell.decimal(SLUICE_AT_instrument_row_price_high),
                    minQuantity: cell.decimal(SLUICE_AT_instrument_row_min_quantity),
                    maxQuantity: cell.decimal(SLUICE_AT_instrument_row_max_quantity),
                    isin: cell.text(SLUICE_AT_instrument_row_isin),
                    underlying: cell.text(SLUICE_AT_instrument_row_underlying),
                    lastTrading: cell.time(SLUICE_AT_instrument_row_last_trading))
            }
        case .quotes:
            quotes += cells.map { cell in
                QuoteRow(
                    instrument: cell.uint64(SLUICE_AT_quote_instrument),
                    instrumentID: cell.text(SLUICE_AT_quote_instrument_id), last: cell.decimal(SLUICE_AT_quote_last),
                    lastSize: cell.decimal(SLUICE_AT_quote_last_size), bid: cell.decimal(SLUICE_AT_quote_bid),
                    bidSize: cell.decimal(SLUICE_AT_quote_bid_size), ask: cell.decimal(SLUICE_AT_quote_ask),
                    askSize: cell.decimal(SLUICE_AT_quote_ask_size),
                    exchangeTime: cell.time(SLUICE_AT_quote_exchange_time))
            }
        case .candles:
            let read = cells.compactMap { cell -> CandleRow? in
                guard let start = cell.time(SLUICE_AT_candle_start), let open = cell.decimal(SLUICE_AT_candle_open),
                    let high = cell.decimal(SLUICE_AT_candle_high), let low = cell.decimal(SLUICE_AT_candle_low),
                    let close = cell.decimal(SLUICE_AT_candle_close)
                else { return nil }
                return CandleRow(
                    instrument: cell.uint64(SLUICE_AT_candle_instrument),
                    instrumentID: cell.text(SLUICE_AT_candle_instrument_id), start: start,
                    lengthNanoseconds: cell.int64(SLUICE_AT_candle_length_ns), open: open, high: high, low: low,
                    close: close, volume: cell.decimal(SLUICE_AT_candle_volume))
            }
            candles += read
            return cells.count - read.count
        case .profile:
            profiles += cells.map { cell in
                Profile(
                    account: Int(cell.uint32(SLUICE_AT_profile_account)),
                    accountID: cell.text(SLUICE_AT_profile_account_id), name: cell.text(SLUICE_AT_profile_name),
                    owner: cell.text(SLUICE_AT_profile_owner), currency: cell.text(SLUICE_AT_profile_currency))
            }
        }
        return 0
    }
}
