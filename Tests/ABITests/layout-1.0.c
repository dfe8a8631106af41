/* Written by generate-layout.sh from layout-1.0.golden; do not edit. */
#include <sluice/adapter.h>
#include <stddef.h>
#ifdef __cplusplus
#define CHECK(what) static_assert(what, #what)
#define ALIGNMENT(type) alignof(type)
#else
#define CHECK(what) _Static_assert(what, #what)
#define ALIGNMENT(type) _Alignof(type)
#endif

CHECK(sizeof(sluice_str) == 16);
CHECK(ALIGNMENT(sluice_str) == 8);
CHECK(offsetof(sluice_str, ptr) == 0);
CHECK(offsetof(sluice_str, len) == 8);

CHECK(sizeof(sluice_bytes) == 16);
CHECK(ALIGNMENT(sluice_bytes) == 8);
CHECK(offsetof(sluice_bytes, ptr) == 0);
CHECK(offsetof(sluice_bytes, len) == 8);

CHECK(sizeof(sluice_decimal) == 24);
CHECK(ALIGNMENT(sluice_decimal) == 8);
CHECK(offsetof(sluice_decimal, low) == 0);
CHECK(offsetof(sluice_decimal, high) == 8);
CHECK(offsetof(sluice_decimal, exponent) == 16);
CHECK(offsetof(sluice_decimal, flags) == 20);

CHECK(sizeof(sluice_span) == 24);
CHECK(ALIGNMENT(sluice_span) == 8);
CHECK(offsetof(sluice_span, ptr) == 0);
CHECK(offsetof(sluice_span, count) == 8);
CHECK(offsetof(sluice_span, stride) == 16);
CHECK(offsetof(sluice_span, reserved) == 20);

CHECK(sizeof(sluice_instrument) == 176);
CHECK(ALIGNMENT(sluice_instrument) == 8);
CHECK(offsetof(sluice_instrument, struct_size) == 0);
CHECK(offsetof(sluice_instrument, reserved) == 4);
CHECK(offsetof(sluice_instrument, uid) == 8);
CHECK(offsetof(sluice_instrument, id) == 16);
CHECK(offsetof(sluice_instrument, alias) == 32);
CHECK(offsetof(sluice_instrument, broker_data) == 48);
CHECK(offsetof(sluice_instrument, currency) == 64);
CHECK(offsetof(sluice_instrument, lot_size) == 80);
CHECK(offsetof(sluice_instrument, multiplier) == 104);
CHECK(offsetof(sluice_instrument, contract_size) == 128);
CHECK(offsetof(sluice_instrument, tick) == 152);

CHECK(sizeof(sluice_order) == 216);
CHECK(ALIGNMENT(sluice_order) == 8);
CHECK(offsetof(sluice_order, struct_size) == 0);
CHECK(offsetof(sluice_order, account) == 4);
CHECK(offsetof(sluice_order, side) == 8);
CHECK(offsetof(sluice_order, order_type) == 12);
CHECK(offsetof(sluice_order, product) == 16);
CHECK(offsetof(sluice_order, time_in_force) == 20);
CHECK(offsetof(sluice_order, order_class) == 24);
CHECK(offsetof(sluice_order, flags) == 28);
CHECK(offsetof(sluice_order, client_reference) == 32);
CHECK(offsetof(sluice_order, run_id) == 48);
CHECK(offsetof(sluice_order, instrument) == 64);
CHECK(offsetof(sluice_order, quantity) == 72);
CHECK(offsetof(sluice_order, disclosed_quantity) == 96);
CHECK(offsetof(sluice_order, price) == 120);
CHECK(offsetof(sluice_order, trigger_price) == 144);
CHECK(offsetof(sluice_order, trail) == 168);
CHECK(offsetof(sluice_order, valid_until) == 192);
CHECK(offsetof(sluice_order, options) == 200);

CHECK(sizeof(sluice_order_ref) == 80);
CHECK(ALIGNMENT(sluice_order_ref) == 8);
CHECK(offsetof(sluice_order_ref, struct_size) == 0);
CHECK(offsetof(sluice_order_ref, account) == 4);
CHECK(offsetof(sluice_order_ref, broker_order_id) == 8);
CHECK(offsetof(sluice_order_ref, exchange_order_id) == 24);
CHECK(offsetof(sluice_order_ref, client_reference) == 40);
CHECK(offsetof(sluice_order_ref, order) == 56);
CHECK(offsetof(sluice_order_ref, adapter_state) == 64);

CHECK(sizeof(sluice_batch_item) == 24);
CHECK(ALIGNMENT(sluice_batch_item) == 8);
CHECK(offsetof(sluice_batch_item, struct_size) == 0);
CHECK(offsetof(sluice_batch_item, reserved) == 4);
CHECK(offsetof(sluice_batch_item, token) == 8);
CHECK(offsetof(sluice_batch_item, order) == 16);

CHECK(sizeof(sluice_changes) == 128);
CHECK(ALIGNMENT(sluice_changes) == 8);
CHECK(offsetof(sluice_changes, struct_size) == 0);
CHECK(offsetof(sluice_changes, fields) == 4);
CHECK(offsetof(sluice_changes, quantity) == 8);
CHECK(offsetof(sluice_changes, price) == 32);
CHECK(offsetof(sluice_changes, trigger_price) == 56);
CHECK(offsetof(sluice_changes, disclosed_quantity) == 80);
CHECK(offsetof(sluice_changes, time_in_force) == 104);
CHECK(offsetof(sluice_changes, reserved) == 108);
CHECK(offsetof(sluice_changes, client_reference) == 112);

CHECK(sizeof(sluice_error) == 96);
CHECK(ALIGNMENT(sluice_error) == 8);
CHECK(offsetof(sluice_error, struct_size) == 0);
CHECK(offsetof(sluice_error, code) == 4);
CHECK(offsetof(sluice_error, certainty) == 8);
CHECK(offsetof(sluice_error, retry) == 12);
CHECK(offsetof(sluice_error, retry_after_ns) == 16);
CHECK(offsetof(sluice_error, broker_code) == 24);
CHECK(offsetof(sluice_error, broker_text) == 40);
CHECK(offsetof(sluice_error, text) == 56);
CHECK(offsetof(sluice_error, field) == 72);
CHECK(offsetof(sluice_error, http_status) == 88);
CHECK(offsetof(sluice_error, reserved) == 92);

CHECK(sizeof(sluice_child) == 128);
CHECK(ALIGNMENT(sluice_child) == 8);
CHECK(offsetof(sluice_child, struct_size) == 0);
CHECK(offsetof(sluice_child, role) == 4);
CHECK(offsetof(sluice_child, ref) == 8);
CHECK(offsetof(sluice_child, quantity) == 88);
CHECK(offsetof(sluice_child, outcome) == 112);
CHECK(offsetof(sluice_child, reserved) == 116);
CHECK(offsetof(sluice_child, error) == 120);

CHECK(sizeof(sluice_result) == 96);
CHECK(ALIGNMENT(sluice_result) == 8);
CHECK(offsetof(sluice_result, struct_size) == 0);
CHECK(offsetof(sluice_result, outcome) == 4);
CHECK(offsetof(sluice_result, order_state) == 8);
CHECK(offsetof(sluice_result, reserved) == 12);
CHECK(offsetof(sluice_result, order_ref) == 16);
CHECK(offsetof(sluice_result, error) == 24);
CHECK(offsetof(sluice_result, children) == 32);
CHECK(offsetof(sluice_result, replaced_by) == 56);
CHECK(offsetof(sluice_result, parent_ref) == 72);
CHECK(offsetof(sluice_result, broker_time) == 88);

CHECK(sizeof(sluice_order_update) == 208);
CHECK(ALIGNMENT(sluice_order_update) == 8);
CHECK(offsetof(sluice_order_update, struct_size) == 0);
CHECK(offsetof(sluice_order_update, state) == 4);
CHECK(offsetof(sluice_order_update, ref) == 8);
CHECK(offsetof(sluice_order_update, cumulative_quantity) == 88);
CHECK(offsetof(sluice_order_update, leaves_quantity) == 112);
CHECK(offsetof(sluice_order_update, average_price) == 136);
CHECK(offsetof(sluice_order_update, reason) == 160);
CHECK(offsetof(sluice_order_update, broker_time) == 168);
CHECK(offsetof(sluice_order_update, sequence) == 176);
CHECK(offsetof(sluice_order_update, raw_state) == 184);
CHECK(offsetof(sluice_order_update, order) == 200);

CHECK(sizeof(sluice_fee) == 64);
CHECK(ALIGNMENT(sluice_fee) == 8);
CHECK(offsetof(sluice_fee, struct_size) == 0);
CHECK(offsetof(sluice_fee, reserved) == 4);
CHECK(offsetof(sluice_fee, name) == 8);
CHECK(offsetof(sluice_fee, currency) == 24);
CHECK(offsetof(sluice_fee, amount) == 40);

CHECK(sizeof(sluice_trade_update) == 224);
CHECK(ALIGNMENT(sluice_trade_update) == 8);
CHECK(offsetof(sluice_trade_update, struct_size) == 0);
CHECK(offsetof(sluice_trade_update, kind) == 4);
CHECK(offsetof(sluice_trade_update, ref) == 8);
CHECK(offsetof(sluice_trade_update, execution_id) == 88);
CHECK(offsetof(sluice_trade_update, replaces) == 104);
CHECK(offsetof(sluice_trade_update, side) == 120);
CHECK(offsetof(sluice_trade_update, liquidity) == 124);
CHECK(offsetof(sluice_trade_update, instrument_id) == 128);
CHECK(offsetof(sluice_trade_update, quantity) == 144);
CHECK(offsetof(sluice_trade_update, price) == 168);
CHECK(offsetof(sluice_trade_update, fees) == 192);
CHECK(offsetof(sluice_trade_update, trade_time) == 216);

CHECK(sizeof(sluice_position) == 128);
CHECK(ALIGNMENT(sluice_position) == 8);
CHECK(offsetof(sluice_position, struct_size) == 0);
CHECK(offsetof(sluice_position, account) == 4);
CHECK(offsetof(sluice_position, instrument_id) == 8);
CHECK(offsetof(sluice_position, product) == 24);
CHECK(offsetof(sluice_position, reserved) == 28);
CHECK(offsetof(sluice_position, quantity) == 32);
CHECK(offsetof(sluice_position, average_price) == 56);
CHECK(offsetof(sluice_position, realised) == 80);
CHECK(offsetof(sluice_position, overnight_quantity) == 104);

CHECK(sizeof(sluice_holding) == 120);
CHECK(ALIGNMENT(sluice_holding) == 8);
CHECK(offsetof(sluice_holding, struct_size) == 0);
CHECK(offsetof(sluice_holding, account) == 4);
CHECK(offsetof(sluice_holding, instrument_id) == 8);
CHECK(offsetof(sluice_holding, quantity) == 24);
CHECK(offsetof(sluice_holding, free) == 48);
CHECK(offsetof(sluice_holding, pledged) == 72);
CHECK(offsetof(sluice_holding, average_price) == 96);

CHECK(sizeof(sluice_funds) == 128);
CHECK(ALIGNMENT(sluice_funds) == 8);
CHECK(offsetof(sluice_funds, struct_size) == 0);
CHECK(offsetof(sluice_funds, account) == 4);
CHECK(offsetof(sluice_funds, currency) == 8);
CHECK(offsetof(sluice_funds, cash) == 24);
CHECK(offsetof(sluice_funds, available) == 48);
CHECK(offsetof(sluice_funds, used) == 72);
CHECK(offsetof(sluice_funds, equity) == 96);
CHECK(offsetof(sluice_funds, as_of) == 120);

CHECK(sizeof(sluice_margin) == 96);
CHECK(ALIGNMENT(sluice_margin) == 8);
CHECK(offsetof(sluice_margin, struct_size) == 0);
CHECK(offsetof(sluice_margin, account) == 4);
CHECK(offsetof(sluice_margin, client_reference) == 8);
CHECK(offsetof(sluice_margin, currency) == 24);
CHECK(offsetof(sluice_margin, required) == 40);
CHECK(offsetof(sluice_margin, charges) == 64);
CHECK(offsetof(sluice_margin, error) == 88);

CHECK(sizeof(sluice_instrument_row) == 256);
CHECK(ALIGNMENT(sluice_instrument_row) == 8);
CHECK(offsetof(sluice_instrument_row, struct_size) == 0);
CHECK(offsetof(sluice_instrument_row, reserved) == 4);
CHECK(offsetof(sluice_instrument_row, id) == 8);
CHECK(offsetof(sluice_instrument_row, alias) == 24);
CHECK(offsetof(sluice_instrument_row, broker_data) == 40);
CHECK(offsetof(sluice_instrument_row, name) == 56);
CHECK(offsetof(sluice_instrument_row, currency) == 72);
CHECK(offsetof(sluice_instrument_row, lot_size) == 88);
CHECK(offsetof(sluice_instrument_row, multiplier) == 112);
CHECK(offsetof(sluice_instrument_row, contract_size) == 136);
CHECK(offsetof(sluice_instrument_row, tick) == 160);
CHECK(offsetof(sluice_instrument_row, freeze_quantity) == 184);
CHECK(offsetof(sluice_instrument_row, price_low) == 208);
CHECK(offsetof(sluice_instrument_row, price_high) == 232);

CHECK(sizeof(sluice_profile) == 72);
CHECK(ALIGNMENT(sluice_profile) == 8);
CHECK(offsetof(sluice_profile, struct_size) == 0);
CHECK(offsetof(sluice_profile, account) == 4);
CHECK(offsetof(sluice_profile, account_id) == 8);
CHECK(offsetof(sluice_profile, name) == 24);
CHECK(offsetof(sluice_profile, owner) == 40);
CHECK(offsetof(sluice_profile, currency) == 56);

CHECK(sizeof(sluice_quote) == 192);
CHECK(ALIGNMENT(sluice_quote) == 8);
CHECK(offsetof(sluice_quote, struct_size) == 0);
CHECK(offsetof(sluice_quote, reserved) == 4);
CHECK(offsetof(sluice_quote, instrument) == 8);
CHECK(offsetof(sluice_quote, instrument_id) == 16);
CHECK(offsetof(sluice_quote, last) == 32);
CHECK(offsetof(sluice_quote, last_size) == 56);
CHECK(offsetof(sluice_quote, bid) == 80);
CHECK(offsetof(sluice_quote, bid_size) == 104);
CHECK(offsetof(sluice_quote, ask) == 128);
CHECK(offsetof(sluice_quote, ask_size) == 152);
CHECK(offsetof(sluice_quote, exchange_time) == 176);
CHECK(offsetof(sluice_quote, received_time) == 184);

CHECK(sizeof(sluice_candle) == 176);
CHECK(ALIGNMENT(sluice_candle) == 8);
CHECK(offsetof(sluice_candle, struct_size) == 0);
CHECK(offsetof(sluice_candle, reserved) == 4);
CHECK(offsetof(sluice_candle, instrument) == 8);
CHECK(offsetof(sluice_candle, instrument_id) == 16);
CHECK(offsetof(sluice_candle, start) == 32);
CHECK(offsetof(sluice_candle, length_ns) == 40);
CHECK(offsetof(sluice_candle, open) == 48);
CHECK(offsetof(sluice_candle, high) == 72);
CHECK(offsetof(sluice_candle, low) == 96);
CHECK(offsetof(sluice_candle, close) == 120);
CHECK(offsetof(sluice_candle, volume) == 144);
CHECK(offsetof(sluice_candle, received_time) == 168);

CHECK(sizeof(sluice_field) == 40);
CHECK(ALIGNMENT(sluice_field) == 8);
CHECK(offsetof(sluice_field, struct_size) == 0);
CHECK(offsetof(sluice_field, reserved) == 4);
CHECK(offsetof(sluice_field, key) == 8);
CHECK(offsetof(sluice_field, value) == 24);

CHECK(sizeof(sluice_filter) == 56);
CHECK(ALIGNMENT(sluice_filter) == 8);
CHECK(offsetof(sluice_filter, struct_size) == 0);
CHECK(offsetof(sluice_filter, account) == 4);
CHECK(offsetof(sluice_filter, instrument_id) == 8);
CHECK(offsetof(sluice_filter, order_ref) == 24);
CHECK(offsetof(sluice_filter, cursor) == 32);
CHECK(offsetof(sluice_filter, limit) == 48);
CHECK(offsetof(sluice_filter, reserved) == 52);

CHECK(sizeof(sluice_reconcile_item) == 104);
CHECK(ALIGNMENT(sluice_reconcile_item) == 8);
CHECK(offsetof(sluice_reconcile_item, struct_size) == 0);
CHECK(offsetof(sluice_reconcile_item, reserved) == 4);
CHECK(offsetof(sluice_reconcile_item, token) == 8);
CHECK(offsetof(sluice_reconcile_item, ref) == 16);
CHECK(offsetof(sluice_reconcile_item, written_time) == 96);

CHECK(sizeof(sluice_limits) == 16);
CHECK(ALIGNMENT(sluice_limits) == 4);
CHECK(offsetof(sluice_limits, struct_size) == 0);
CHECK(offsetof(sluice_limits, max_batch) == 4);
CHECK(offsetof(sluice_limits, client_reference_max) == 8);
CHECK(offsetof(sluice_limits, max_in_flight) == 12);

CHECK(sizeof(sluice_rate_window) == 16);
CHECK(ALIGNMENT(sluice_rate_window) == 8);
CHECK(offsetof(sluice_rate_window, struct_size) == 0);
CHECK(offsetof(sluice_rate_window, units) == 4);
CHECK(offsetof(sluice_rate_window, window_ns) == 8);

CHECK(sizeof(sluice_rate_bucket) == 64);
CHECK(ALIGNMENT(sluice_rate_bucket) == 8);
CHECK(offsetof(sluice_rate_bucket, struct_size) == 0);
CHECK(offsetof(sluice_rate_bucket, reserved) == 4);
CHECK(offsetof(sluice_rate_bucket, id) == 8);
CHECK(offsetof(sluice_rate_bucket, scope_key) == 24);
CHECK(offsetof(sluice_rate_bucket, windows) == 40);

CHECK(sizeof(sluice_descriptor) == 264);
CHECK(ALIGNMENT(sluice_descriptor) == 8);
CHECK(offsetof(sluice_descriptor, struct_size) == 0);
CHECK(offsetof(sluice_descriptor, reserved) == 4);
CHECK(offsetof(sluice_descriptor, id) == 8);
CHECK(offsetof(sluice_descriptor, name) == 24);
CHECK(offsetof(sluice_descriptor, vendor) == 40);
CHECK(offsetof(sluice_descriptor, version) == 56);
CHECK(offsetof(sluice_descriptor, licence) == 72);
CHECK(offsetof(sluice_descriptor, homepage) == 88);
CHECK(offsetof(sluice_descriptor, language) == 104);
CHECK(offsetof(sluice_descriptor, sdk_version) == 120);
CHECK(offsetof(sluice_descriptor, capabilities) == 136);
CHECK(offsetof(sluice_descriptor, visibility_delay_ns) == 168);
CHECK(offsetof(sluice_descriptor, config_schema) == 176);
CHECK(offsetof(sluice_descriptor, capability_document) == 192);
CHECK(offsetof(sluice_descriptor, order_options_schema) == 208);
CHECK(offsetof(sluice_descriptor, rate_buckets) == 224);
CHECK(offsetof(sluice_descriptor, limits) == 248);

CHECK(sizeof(sluice_account) == 56);
CHECK(ALIGNMENT(sluice_account) == 8);
CHECK(offsetof(sluice_account, struct_size) == 0);
CHECK(offsetof(sluice_account, index) == 4);
CHECK(offsetof(sluice_account, id) == 8);
CHECK(offsetof(sluice_account, currency) == 24);
CHECK(offsetof(sluice_account, config) == 40);

CHECK(sizeof(sluice_session_options) == 56);
CHECK(ALIGNMENT(sluice_session_options) == 8);
CHECK(offsetof(sluice_session_options, struct_size) == 0);
CHECK(offsetof(sluice_session_options, role) == 4);
CHECK(offsetof(sluice_session_options, environment) == 8);
CHECK(offsetof(sluice_session_options, reserved) == 12);
CHECK(offsetof(sluice_session_options, login) == 16);
CHECK(offsetof(sluice_session_options, accounts) == 32);

CHECK(sizeof(sluice_host) == 160);
CHECK(ALIGNMENT(sluice_host) == 8);
CHECK(offsetof(sluice_host, struct_size) == 0);
CHECK(offsetof(sluice_host, reserved) == 4);
CHECK(offsetof(sluice_host, host_data) == 8);
CHECK(offsetof(sluice_host, log) == 16);
CHECK(offsetof(sluice_host, now) == 24);
CHECK(offsetof(sluice_host, random) == 32);
CHECK(offsetof(sluice_host, metric) == 40);
CHECK(offsetof(sluice_host, timer_after) == 48);
CHECK(offsetof(sluice_host, timer_at) == 56);
CHECK(offsetof(sluice_host, timer_cancel) == 64);
CHECK(offsetof(sluice_host, kv_get) == 72);
CHECK(offsetof(sluice_host, kv_put) == 80);
CHECK(offsetof(sluice_host, kv_delete) == 88);
CHECK(offsetof(sluice_host, kv_list) == 96);
CHECK(offsetof(sluice_host, watch_prices) == 104);
CHECK(offsetof(sluice_host, session_state) == 112);
CHECK(offsetof(sluice_host, complete) == 120);
CHECK(offsetof(sluice_host, rows) == 128);
CHECK(offsetof(sluice_host, order_update) == 136);
CHECK(offsetof(sluice_host, trade_update) == 144);
CHECK(offsetof(sluice_host, get_extension) == 152);

CHECK(sizeof(sluice_session_functions) == 128);
CHECK(ALIGNMENT(sluice_session_functions) == 8);
CHECK(offsetof(sluice_session_functions, struct_size) == 0);
CHECK(offsetof(sluice_session_functions, reserved) == 4);
CHECK(offsetof(sluice_session_functions, open) == 8);
CHECK(offsetof(sluice_session_functions, close) == 16);
CHECK(offsetof(sluice_session_functions, destroy) == 24);
CHECK(offsetof(sluice_session_functions, submit) == 32);
CHECK(offsetof(sluice_session_functions, submit_batch) == 40);
CHECK(offsetof(sluice_session_functions, modify) == 48);
CHECK(offsetof(sluice_session_functions, cancel) == 56);
CHECK(offsetof(sluice_session_functions, cancel_all) == 64);
CHECK(offsetof(sluice_session_functions, preview) == 72);
CHECK(offsetof(sluice_session_functions, query) == 80);
CHECK(offsetof(sluice_session_functions, reconcile) == 88);
CHECK(offsetof(sluice_session_functions, on_timer) == 96);
CHECK(offsetof(sluice_session_functions, on_quote) == 104);
CHECK(offsetof(sluice_session_functions, on_candle) == 112);
CHECK(offsetof(sluice_session_functions, on_cancelled) == 120);

CHECK(sizeof(sluice_module) == 56);
CHECK(ALIGNMENT(sluice_module) == 8);
CHECK(offsetof(sluice_module, struct_size) == 0);
CHECK(offsetof(sluice_module, reserved) == 4);
CHECK(offsetof(sluice_module, module_data) == 8);
CHECK(offsetof(sluice_module, session) == 16);
CHECK(offsetof(sluice_module, describe) == 24);
CHECK(offsetof(sluice_module, session_create) == 32);
CHECK(offsetof(sluice_module, get_extension) == 40);
CHECK(offsetof(sluice_module, explain) == 48);

CHECK(sizeof(sluice_hello) == 72);
CHECK(ALIGNMENT(sluice_hello) == 8);
CHECK(offsetof(sluice_hello, struct_size) == 0);
CHECK(offsetof(sluice_hello, mode) == 4);
CHECK(offsetof(sluice_hello, magic) == 8);
CHECK(offsetof(sluice_hello, abi_minor_min) == 16);
CHECK(offsetof(sluice_hello, abi_minor_max) == 20);
CHECK(offsetof(sluice_hello, vocabulary_min) == 24);
CHECK(offsetof(sluice_hello, vocabulary_max) == 28);
CHECK(offsetof(sluice_hello, host_features) == 32);
CHECK(offsetof(sluice_hello, host_name) == 40);
CHECK(offsetof(sluice_hello, host_version) == 56);

CHECK(sizeof(sluice_reply) == 40);
CHECK(ALIGNMENT(sluice_reply) == 8);
CHECK(offsetof(sluice_reply, struct_size) == 0);
CHECK(offsetof(sluice_reply, abi_minor) == 4);
CHECK(offsetof(sluice_reply, vocabulary) == 8);
CHECK(offsetof(sluice_reply, refusal) == 12);
CHECK(offsetof(sluice_reply, module) == 16);
CHECK(offsetof(sluice_reply, refusal_text) == 24);

CHECK(sizeof(sluice_note_descriptor) == 104);
CHECK(ALIGNMENT(sluice_note_descriptor) == 4);
CHECK(offsetof(sluice_note_descriptor, abi_major) == 0);
CHECK(offsetof(sluice_note_descriptor, abi_minor) == 4);
CHECK(offsetof(sluice_note_descriptor, id) == 8);
CHECK(offsetof(sluice_note_descriptor, version) == 40);
CHECK(offsetof(sluice_note_descriptor, swift_release) == 72);
