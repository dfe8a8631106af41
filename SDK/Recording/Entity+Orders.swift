import CSluice

// Entities of sluice/adapter.h, field by field. `RecordingTests` proves that no byte of an entity is left out.

extension Entity {
    package static let instrument = Entity(
        "instrument", SLUICE_SIZE_instrument,
        [
            Field("uid", SLUICE_AT_instrument_uid, .uint64),
            Field("id", SLUICE_AT_instrument_id, .text),
            Field("alias", SLUICE_AT_instrument_alias, .text),
            Field("broker_data", SLUICE_AT_instrument_broker_data, .bytes),
            Field("currency", SLUICE_AT_instrument_currency, .text),
            Field("lot_size", SLUICE_AT_instrument_lot_size, .decimal),
            Field("multiplier", SLUICE_AT_instrument_multiplier, .decimal),
            Field("contract_size", SLUICE_AT_instrument_contract_size, .decimal),
            Field("tick", SLUICE_AT_instrument_tick, .decimal),
        ])

    package static let order = Entity(
        "order", SLUICE_SIZE_order,
        [
            Field("account", SLUICE_AT_order_account, .uint32),
            Field("side", SLUICE_AT_order_side, .uint32),
            Field("order_type", SLUICE_AT_order_order_type, .uint32),
            Field("product", SLUICE_AT_order_product, .uint32),
            Field("time_in_force", SLUICE_AT_order_time_in_force, .uint32),
            Field("order_class", SLUICE_AT_order_order_class, .uint32),
            Field("flags", SLUICE_AT_order_flags, .uint32),
            Field("client_reference", SLUICE_AT_order_client_reference, .text),
            Field("run_id", SLUICE_AT_order_run_id, .text),
            Field("instrument", SLUICE_AT_order_instrument, .pointer(instrument)),
            Field("quantity", SLUICE_AT_order_quantity, .decimal),
            Field("disclosed_quantity", SLUICE_AT_order_disclosed_quantity, .decimal),
            Field("price", SLUICE_AT_order_price, .decimal),
            Field("trigger_price", SLUICE_AT_order_trigger_price, .decimal),
            Field("trail", SLUICE_AT_order_trail, .decimal),
            Field("valid_until", SLUICE_AT_order_valid_until, .time),
            Field("options", SLUICE_AT_order_options, .text),
        ])

    package static let orderRef = Entity(
        "order_ref", SLUICE_SIZE_order_ref,
        [
            Field("account", SLUICE_AT_order_ref_account, .uint32),
            Field("broker_order_id", SLUICE_AT_order_ref_broker_order_id, .text),
            Field("exchange_order_id", SLUICE_AT_order_ref_exchange_order_id, .text),
            Field("client_reference", SLUICE_AT_order_ref_client_reference, .text),
            Field("order", SLUICE_AT_order_ref_order, .pointer(order)),
            Field("adapter_state", SLUICE_AT_order_ref_adapter_state, .bytes),
        ])

    package static let batchItem = Entity(
        "batch_item", SLUICE_SIZE_batch_item,
        [
            Field("token", SLUICE_AT_batch_item_token, .uint64),
            Field("order", SLUICE_AT_batch_item_order, .pointer(order)),
        ])

    package static let changes = Entity(
        "changes", SLUICE_SIZE_changes,
        [
            Field("fields", SLUICE_AT_changes_fields, .uint32),
            Field("quantity", SLUICE_AT_changes_quantity, .decimal),
            Field("price", SLUICE_AT_changes_price, .decimal),
            Field("trigger_price", SLUICE_AT_changes_trigger_price, .decimal),
            Field("disclosed_quantity", SLUICE_AT_changes_disclosed_quantity, .decimal),
            Field("time_in_force", SLUICE_AT_changes_time_in_force, .uint32),
            Field("order_type", SLUICE_AT_changes_order_type, .uint32),
            Field("client_reference", SLUICE_AT_changes_client_reference, .text),
            Field("options", SLUICE_AT_changes_options, .text),
        ])

    package static let error = Entity(
        "error", SLUICE_SIZE_error,
        [
            Field("code", SLUICE_AT_error_code, .uint32),
            Field("certainty", SLUICE_AT_error_certainty, .uint32),
            Field("retry", SLUICE_AT_error_retry, .uint32),
            Field("retry_after_ns", SLUICE_AT_error_retry_after_ns, .int64),
            Field("broker_code", SLUICE_AT_error_broker_code, .text),
            Field("broker_text", SLUICE_AT_error_broker_text, .text),
            Field("text", SLUICE_AT_error_text, .text),
            Field("field", SLUICE_AT_error_field, .text),
            Field("http_status", SLUICE_AT_error_http_status, .uint32),
        ])

    package static let child = Entity(
        "child", SLUICE_SIZE_child,
        [
            Field("role", SLUICE_AT_child_role, .uint32),
            Field("ref", SLUICE_AT_child_ref, .embedded(orderRef)),
            Field("quantity", SLUICE_AT_child_quantity, .decimal),
            Field("outcome", SLUICE_AT_child_outcome, .uint32),
            Field("error", SLUICE_AT_child_error, .pointer(error)),
        ])

    package static let result = Entity(
        "result", SLUICE_SIZE_result,
        [
            Field("outcome", SLUICE_AT_result_outcome, .uint32),
            Field("order_state", SLUICE_AT_result_order_state, .uint32),
            Field("order_ref", SLUICE_AT_result_order_ref, .pointer(orderRef)),
            Field("error", SLUICE_AT_result_error, .pointer(error)),
            Field("children", SLUICE_AT_result_children, .list(child)),
            Field("replaced_by", SLUICE_AT_result_replaced_by, .text),
            Field("parent_ref", SLUICE_AT_result_parent_ref, .text),
            Field("broker_time", SLUICE_AT_result_broker_time, .time),
            Field("document", SLUICE_AT_result_document, .text),
        ])

    package static let orderUpdate = Entity(
        "order_update", SLUICE_SIZE_order_update,
        [
            Field("state", SLUICE_AT_order_update_state, .uint32),
            Field("ref", SLUICE_AT_order_update_ref, .embedded(orderRef)),
            Field("cumulative_quantity", SLUICE_AT_order_update_cumulative_quantity, .decimal),
            Field("leaves_quantity", SLUICE_AT_order_update_leaves_quantity, .decimal),
            Field("average_price", SLUICE_AT_order_update_average_price, .decimal),
            Field("reason", SLUICE_AT_order_update_reason, .pointer(error)),
            Field("broker_time", SLUICE_AT_order_update_broker_time, .time),
            Field("sequence", SLUICE_AT_order_update_sequence, .uint64),
            Field("raw_state", SLUICE_AT_order_update_raw_state, .text),
            Field("order", SLUICE_AT_order_update_order, .pointer(order)),
        ])

    package static let fee = Entity(
        "fee", SLUICE_SIZE_fee,
        [
            Field("name", SLUICE_AT_fee_name, .text),
            Field("currency", SLUICE_AT_fee_currency, .text),
            Field("amount", SLUICE_AT_fee_amount, .decimal),
        ])

    package static let tradeUpdate = Entity(
        "trade_update", SLUICE_SIZE_trade_update,
        [
            Field("kind", SLUICE_AT_trade_update_kind, .uint32),
            Field("ref", SLUICE_AT_trade_update_ref, .embedded(orderRef)),
            Field("execution_id", SLUICE_AT_trade_update_execution_id, .text),
            Field("replaces", SLUICE_AT_trade_update_replaces, .text),
            Field("side", SLUICE_AT_trade_update_side, .uint32),
            Field("liquidity", SLUICE_AT_trade_update_liquidity, .uint32),
            Field("instrument_id", SLUICE_AT_trade_update_instrument_id, .text),
            Field("quantity", SLUICE_AT_trade_update_quantity, .decimal),
            Field("price", SLUICE_AT_trade_update_price, .decimal),
            Field("fees", SLUICE_AT_trade_update_fees, .list(fee)),
            Field("trade_time", SLUICE_AT_trade_update_trade_time, .time),
        ])

    package static let position = Entity(
        "position", SLUICE_SIZE_position,
        [
            Field("account", SLUICE_AT_position_account, .uint32),
            Field("instrument_id", SLUICE_AT_position_instrument_id, .text),
            Field("product", SLUICE_AT_position_product, .uint32),
            Field("quantity", SLUICE_AT_position_quantity, .decimal),
            Field("average_price", SLUICE_AT_position_average_price, .decimal),
            Field("realised", SLUICE_AT_position_realised, .decimal),
            Field("overnight_quantity", SLUICE_AT_position_overnight_quantity, .decimal),
        ])

    package static let holding = Entity(
        "holding", SLUICE_SIZE_holding,
        [
            Field("account", SLUICE_AT_holding_account, .uint32),
            Field("instrument_id", SLUICE_AT_holding_instrument_id, .text),
            Field("quantity", SLUICE_AT_holding_quantity, .decimal),
            Field("free", SLUICE_AT_holding_free, .decimal),
            Field("pledged", SLUICE_AT_holding_pledged, .decimal),
            Field("average_price", SLUICE_AT_holding_average_price, .decimal),
        ])

    package static let funds = Entity(
        "funds", SLUICE_SIZE_funds,
        [
            Field("account", SLUICE_AT_funds_account, .uint32),
            Field("currency", SLUICE_AT_funds_currency, .text),
            Field("cash", SLUICE_AT_funds_cash, .decimal),
            Field("available", SLUICE_AT_funds_available, .decimal),
            Field("used", SLUICE_AT_funds_used, .decimal),
            Field("equity", SLUICE_AT_funds_equity, .decimal),
            Field("as_of", SLUICE_AT_funds_as_of, .time),
        ])

    package static let margin = Entity(
        "margin", SLUICE_SIZE_margin,
        [
            Field("account", SLUICE_AT_margin_account, .uint32),
            Field("client_reference", SLUICE_AT_margin_client_reference, .text),
            Field("currency", SLUICE_AT_margin_currency, .text),
            Field("required", SLUICE_AT_margin_required, .decimal),
            Field("charges", SLUICE_AT_margin_charges, .decimal),
            Field("error", SLUICE_AT_margin_error, .pointer(error)),
        ])

    package static let instrumentRow = Entity(
        "instrument_row", SLUICE_SIZE_instrument_row,
        [
            Field("id", SLUICE_AT_instrument_row_id, .text),
            Field("alias", SLUICE_AT_instrument_row_alias, .text),
            Field("broker_data", SLUICE_AT_instrument_row_broker_data, .bytes),
            Field("name", SLUICE_AT_instrument_row_name, .text),
            Field("currency", SLUICE_AT_instrument_row_currency, .text),
            Field("lot_size", SLUICE_AT_instrument_row_lot_size, .decimal),
            Field("multiplier", SLUICE_AT_instrument_row_multiplier, .decimal),
            Field("contract_size", SLUICE_AT_instrument_row_contract_size, .decimal),
            Field("tick", SLUICE_AT_instrument_row_tick, .decimal),
            Field("freeze_quantity", SLUICE_AT_instrument_row_freeze_quantity, .decimal),
            Field("price_low", SLUICE_AT_instrument_row_price_low, .decimal),
            Field("price_high", SLUICE_AT_instrument_row_price_high, .decimal),
            Field("min_quantity", SLUICE_AT_instrument_row_min_quantity, .decimal),
            Field("max_quantity", SLUICE_AT_instrument_row_max_quantity, .decimal),
            Field("isin", SLUICE_AT_instrument_row_isin, .text),
            Field("underlying", SLUICE_AT_instrument_row_underlying, .text),
            Field("last_trading", SLUICE_AT_instrument_row_last_trading, .time),
        ])

    package static let profile = Entity(
        "profile", SLUICE_SIZE_profile,
        [
            Field("account", SLUICE_AT_profile_account, .uint32),
            Field("account_id", SLUICE_AT_profile_account_id, .text),
            Field("name", SLUICE_AT_profile_name, .text),
            Field("owner", SLUICE_AT_profile_owner, .text),
            Field("currency", SLUICE_AT_profile_currency, .text),
        ])

    package static let quote = Entity(
        "quote", SLUICE_SIZE_quote,
        [
            Field("instrument", SLUICE_AT_quote_instrument, .uint64),
            Field("instrument_id", SLUICE_AT_quote_instrument_id, .text),
            Field("last", SLUICE_AT_quote_last, .decimal),
            Field("last_size", SLUICE_AT_quote_last_size, .decimal),
            Field("bid", SLUICE_AT_quote_bid, .decimal),
            Field("bid_size", SLUICE_AT_quote_bid_size, .decimal),
            Field("ask", SLUICE_AT_quote_ask, .decimal),
            Field("ask_size", SLUICE_AT_quote_ask_size, .decimal),
            Field("exchange_time", SLUICE_AT_quote_exchange_time, .time),
            Field("received_time", SLUICE_AT_quote_received_time, .time),
        ])

    package static let candle = Entity(
        "candle", SLUICE_SIZE_candle,
        [
            Field("instrument", SLUICE_AT_candle_instrument, .uint64),
            Field("instrument_id", SLUICE_AT_candle_instrument_id, .text),
            Field("start", SLUICE_AT_candle_start, .time),
            Field("length_ns", SLUICE_AT_candle_length_ns, .int64),
            Field("open", SLUICE_AT_candle_open, .decimal),
            Field("high", SLUICE_AT_candle_high, .decimal),
            Field("low", SLUICE_AT_candle_low, .decimal),
            Field("close", SLUICE_AT_candle_close, .decimal),
            Field("volume", SLUICE_AT_candle_volume, .decimal),
            Field("received_time", SLUICE_AT_candle_received_time, .time),
        ])

    package static let field = Entity(
        "field", SLUICE_SIZE_field,
        [
            Field("key", SLUICE_AT_field_key, .text),
            Field("value", SLUICE_AT_field_value, .text),
        ])

    package static let filter = Entity(
        "filter", SLUICE_SIZE_filter,
        [
            Field("account", SLUICE_AT_filter_account, .uint32),
            Field("instrument_id", SLUICE_AT_filter_instrument_id, .text),
            Field("order_ref", SLUICE_AT_filter_order_ref, .pointer(orderRef)),
            Field("cursor", SLUICE_AT_filter_cursor, .text),
            Field("limit", SLUICE_AT_filter_limit, .uint32),
            Field("instruments", SLUICE_AT_filter_instruments, .list(instrument)),
            Field("from", SLUICE_AT_filter_from, .time),
            Field("to", SLUICE_AT_filter_to, .time),
            Field("interval_ns", SLUICE_AT_filter_interval_ns, .int64),
        ])

    package static let reconcileItem = Entity(
        "reconcile_item", SLUICE_SIZE_reconcile_item,
        [
            Field("token", SLUICE_AT_reconcile_item_token, .uint64),
            Field("ref", SLUICE_AT_reconcile_item_ref, .embedded(orderRef)),
            Field("written_time", SLUICE_AT_reconcile_item_written_time, .time),
        ])

    package static let account = Entity(
        "account", SLUICE_SIZE_account,
        [
            Field("index", SLUICE_AT_account_index, .uint32),
            Field("id", SLUICE_AT_account_id, .text),
            Field("currency", SLUICE_AT_account_currency, .text),
            Field("config", SLUICE_AT_account_config, .text),
        ])

    package static let sessionOptions = Entity(
        "session_options", SLUICE_SIZE_session_options,
        [
            Field("role", SLUICE_AT_session_options_role, .uint32),
            Field("environment", SLUICE_AT_session_options_environment, .uint32),
            Field("login", SLUICE_AT_session_options_login, .text),
            Field("accounts", SLUICE_AT_session_options_accounts, .list(account)),
            Field("grants", SLUICE_AT_session_options_grants, .uint64),
        ])

    static let orders: [Entity] = [
        instrument, order, orderRef, batchItem, changes, error, child, result, orderUpdate, fee, tradeUpdate, position,
        holding, funds, margin, instrumentRow, profile, quote, candle, field, filter, reconcileItem, account,
        sessionOptions,
    ]

    static let rows: [UInt32: Entity] = [
        SLUICE_QUERY_ORDER: orderUpdate, SLUICE_QUERY_ORDERS: orderUpdate, SLUICE_QUERY_ORDER_HISTORY: orderUpdate,
        SLUICE_QUERY_TRADES: tradeUpdate, SLUICE_QUERY_POSITIONS: position, SLUICE_QUERY_HOLDINGS: holding,
        SLUICE_QUERY_FUNDS: funds, SLUICE_QUERY_MARGINS: margin, SLUICE_QUERY_INSTRUMENTS: instrumentRow,
        SLUICE_QUERY_PROFILE: profile, SLUICE_QUERY_QUOTES: quote, SLUICE_QUERY_CANDLES: candle,
    ]
}
