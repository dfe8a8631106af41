import CSluice

// Entities of sluice/services.h, field by field.

extension Entity {
    package static let node = Entity(
        "node", SLUICE_SIZE_node,
        [
            Field("kind", SLUICE_AT_node_kind, .uint32),
            Field("format", SLUICE_AT_node_format, .uint32),
            Field("bytes", SLUICE_AT_node_bytes, .bytes),
            Field("secret", SLUICE_AT_node_secret, .uint64),
            Field("number", SLUICE_AT_node_number, .int64),
            Field("operands", SLUICE_AT_node_operands, .numbers(width: 4)),
        ])

    package static let template = Entity(
        "template", SLUICE_SIZE_template,
        [
            Field("nodes", SLUICE_AT_template_nodes, .list(node))
        ])

    package static let header = Entity(
        "header", SLUICE_SIZE_header,
        [
            Field("name", SLUICE_AT_header_name, .text),
            Field("value", SLUICE_AT_header_value, .embedded(template)),
        ])

    package static let cost = Entity(
        "cost", SLUICE_SIZE_cost,
        [
            Field("units", SLUICE_AT_cost_units, .uint32),
            Field("bucket", SLUICE_AT_cost_bucket, .text),
            Field("scope", SLUICE_AT_cost_scope, .text),
        ])

    package static let capture = Entity(
        "capture", SLUICE_SIZE_capture,
        [
            Field("source", SLUICE_AT_capture_source, .uint32),
            Field("flags", SLUICE_AT_capture_flags, .uint32),
            Field("pointer", SLUICE_AT_capture_pointer, .text),
            Field("secret", SLUICE_AT_capture_secret, .text),
            Field("expires_at", SLUICE_AT_capture_expires_at, .time),
        ])

    package static let request = Entity(
        "request", SLUICE_SIZE_request,
        [
            Field("effect", SLUICE_AT_request_effect, .uint32),
            Field("tag", SLUICE_AT_request_tag, .uint64),
            Field("tokens", SLUICE_AT_request_tokens, .numbers(width: 8)),
            Field("account", SLUICE_AT_request_account, .uint32),
            Field("flags", SLUICE_AT_request_flags, .uint32),
            Field("endpoint", SLUICE_AT_request_endpoint, .text),
            Field("host", SLUICE_AT_request_host, .text),
            Field("method", SLUICE_AT_request_method, .text),
            Field("values", SLUICE_AT_request_values, .list(template)),
            Field("target", SLUICE_AT_request_target, .embedded(template)),
            Field("headers", SLUICE_AT_request_headers, .list(header)),
            Field("body", SLUICE_AT_request_body, .embedded(template)),
            Field("idempotency_key", SLUICE_AT_request_idempotency_key, .text),
            Field("costs", SLUICE_AT_request_costs, .list(cost)),
            Field("captures", SLUICE_AT_request_captures, .list(capture)),
            Field("connect_timeout_ns", SLUICE_AT_request_connect_timeout_ns, .int64),
            Field("first_byte_timeout_ns", SLUICE_AT_request_first_byte_timeout_ns, .int64),
            Field("total_timeout_ns", SLUICE_AT_request_total_timeout_ns, .int64),
            Field("not_after", SLUICE_AT_request_not_after, .time),
            Field("max_body", SLUICE_AT_request_max_body, .uint64),
        ])

    package static let transport = Entity(
        "transport", SLUICE_SIZE_transport,
        [
            Field("result", SLUICE_AT_transport_result, .uint32),
            Field("tag", SLUICE_AT_transport_tag, .uint64),
            Field("tries", SLUICE_AT_transport_tries, .uint32),
            Field("queued", SLUICE_AT_transport_queued, .time),
            Field("written", SLUICE_AT_transport_written, .time),
            Field("first_byte", SLUICE_AT_transport_first_byte, .time),
            Field("done", SLUICE_AT_transport_done, .time),
            Field("text", SLUICE_AT_transport_text, .text),
        ])

    package static let namedSecret = Entity(
        "named_secret", SLUICE_SIZE_named_secret,
        [
            Field("name", SLUICE_AT_named_secret_name, .text),
            Field("handle", SLUICE_AT_named_secret_handle, .uint64),
        ])

    package static let answer = Entity(
        "answer", SLUICE_SIZE_answer,
        [
            Field("status", SLUICE_AT_answer_status, .uint32),
            Field("transport", SLUICE_AT_answer_transport, .embedded(transport)),
            Field("headers", SLUICE_AT_answer_headers, .list(field)),
            Field("body", SLUICE_AT_answer_body, .bytes),
            Field("captured", SLUICE_AT_answer_captured, .list(namedSecret)),
        ])

    package static let connection = Entity(
        "connection", SLUICE_SIZE_connection,
        [
            Field("account", SLUICE_AT_connection_account, .uint32),
            Field("endpoint", SLUICE_AT_connection_endpoint, .text),
            Field("host", SLUICE_AT_connection_host, .text),
            Field("target", SLUICE_AT_connection_target, .embedded(template)),
            Field("headers", SLUICE_AT_connection_headers, .list(header)),
            Field("subprotocol", SLUICE_AT_connection_subprotocol, .text),
            Field("ping_interval_ns", SLUICE_AT_connection_ping_interval_ns, .int64),
            Field("idle_timeout_ns", SLUICE_AT_connection_idle_timeout_ns, .int64),
            Field("max_frame", SLUICE_AT_connection_max_frame, .uint64),
            Field("costs", SLUICE_AT_connection_costs, .list(cost)),
        ])

    package static let frame = Entity(
        "frame", SLUICE_SIZE_frame,
        [
            Field("kind", SLUICE_AT_frame_kind, .uint32),
            Field("tag", SLUICE_AT_frame_tag, .uint64),
            Field("tokens", SLUICE_AT_frame_tokens, .numbers(width: 8)),
            Field("effect", SLUICE_AT_frame_effect, .uint32),
            Field("flags", SLUICE_AT_frame_flags, .uint32),
            Field("payload", SLUICE_AT_frame_payload, .embedded(template)),
            Field("costs", SLUICE_AT_frame_costs, .list(cost)),
            Field("not_after", SLUICE_AT_frame_not_after, .time),
        ])

    package static let challengeField = Entity(
        "challenge_field", SLUICE_SIZE_challenge_field,
        [
            Field("is_secret", SLUICE_AT_challenge_field_is_secret, .uint32),
            Field("name", SLUICE_AT_challenge_field_name, .text),
            Field("label", SLUICE_AT_challenge_field_label, .text),
            Field("pattern", SLUICE_AT_challenge_field_pattern, .text),
        ])

    package static let challenge = Entity(
        "challenge", SLUICE_SIZE_challenge,
        [
            Field("kind", SLUICE_AT_challenge_kind, .uint32),
            Field("id", SLUICE_AT_challenge_id, .text),
            Field("url", SLUICE_AT_challenge_url, .embedded(template)),
            Field("prompt", SLUICE_AT_challenge_prompt, .text),
            Field("fields", SLUICE_AT_challenge_fields, .list(challengeField)),
            Field("deadline", SLUICE_AT_challenge_deadline, .time),
        ])

    package static let sessionReport = Entity(
        "session_report", SLUICE_SIZE_session_report,
        [
            Field("state", SLUICE_AT_session_report_state, .uint32),
            Field("account", SLUICE_AT_session_report_account, .uint32),
            Field("expires_at", SLUICE_AT_session_report_expires_at, .time),
            Field("renew_at", SLUICE_AT_session_report_renew_at, .time),
            Field("error", SLUICE_AT_session_report_error, .pointer(error)),
            Field("challenge", SLUICE_AT_session_report_challenge, .pointer(challenge)),
            Field("capability_document", SLUICE_AT_session_report_capability_document, .text),
        ])

    package static let option = Entity(
        "option", SLUICE_SIZE_option,
        [
            Field("meaning", SLUICE_AT_option_meaning, .uint32),
            Field("id", SLUICE_AT_option_id, .text),
            Field("text", SLUICE_AT_option_text, .text),
        ])

    package static let question = Entity(
        "question", SLUICE_SIZE_question,
        [
            Field("id", SLUICE_AT_question_id, .text),
            Field("broker_message_id", SLUICE_AT_question_broker_message_id, .text),
            Field("text", SLUICE_AT_question_text, .text),
            Field("options", SLUICE_AT_question_options, .list(option)),
            Field("deadline", SLUICE_AT_question_deadline, .time),
        ])

    package static let rateFeedback = Entity(
        "rate_feedback", SLUICE_SIZE_rate_feedback,
        [
            Field("account", SLUICE_AT_rate_feedback_account, .uint32),
            Field("bucket", SLUICE_AT_rate_feedback_bucket, .text),
            Field("scope", SLUICE_AT_rate_feedback_scope, .text),
            Field("remaining", SLUICE_AT_rate_feedback_remaining, .int64),
            Field("reset_at", SLUICE_AT_rate_feedback_reset_at, .time),
            Field("retry_after_ns", SLUICE_AT_rate_feedback_retry_after_ns, .int64),
        ])

    package static let level = Entity(
        "level", SLUICE_SIZE_level,
        [
            Field("orders", SLUICE_AT_level_orders, .uint32),
            Field("price", SLUICE_AT_level_price, .decimal),
            Field("quantity", SLUICE_AT_level_quantity, .decimal),
        ])

    package static let tick = Entity(
        "tick", SLUICE_SIZE_tick,
        [
            Field("instrument", SLUICE_AT_tick_instrument, .uint64),
            Field("instrument_id", SLUICE_AT_tick_instrument_id, .text),
            Field("last", SLUICE_AT_tick_last, .decimal),
            Field("last_quantity", SLUICE_AT_tick_last_quantity, .decimal),
            Field("average_price", SLUICE_AT_tick_average_price, .decimal),
            Field("volume", SLUICE_AT_tick_volume, .decimal),
            Field("total_bid_quantity", SLUICE_AT_tick_total_bid_quantity, .decimal),
            Field("total_ask_quantity", SLUICE_AT_tick_total_ask_quantity, .decimal),
            Field("open", SLUICE_AT_tick_open, .decimal),
            Field("high", SLUICE_AT_tick_high, .decimal),
            Field("low", SLUICE_AT_tick_low, .decimal),
            Field("close", SLUICE_AT_tick_close, .decimal),
            Field("open_interest", SLUICE_AT_tick_open_interest, .decimal),
            Field("open_interest_high", SLUICE_AT_tick_open_interest_high, .decimal),
            Field("open_interest_low", SLUICE_AT_tick_open_interest_low, .decimal),
            Field("last_trade_time", SLUICE_AT_tick_last_trade_time, .time),
            Field("exchange_time", SLUICE_AT_tick_exchange_time, .time),
            Field("bids", SLUICE_AT_tick_bids, .list(level)),
            Field("asks", SLUICE_AT_tick_asks, .list(level)),
        ])

    package static let modifyItem = Entity(
        "modify_item", SLUICE_SIZE_modify_item,
        [
            Field("token", SLUICE_AT_modify_item_token, .uint64),
            Field("ref", SLUICE_AT_modify_item_ref, .pointer(orderRef)),
            Field("changes", SLUICE_AT_modify_item_changes, .pointer(changes)),
        ])

    package static let cancelItem = Entity(
        "cancel_item", SLUICE_SIZE_cancel_item,
        [
            Field("token", SLUICE_AT_cancel_item_token, .uint64),
            Field("ref", SLUICE_AT_cancel_item_ref, .pointer(orderRef)),
        ])

    package static let webhook = Entity(
        "webhook", SLUICE_SIZE_webhook,
        [
            Field("account", SLUICE_AT_webhook_account, .uint32),
            Field("headers", SLUICE_AT_webhook_headers, .list(field)),
            Field("body", SLUICE_AT_webhook_body, .bytes),
            Field("received_time", SLUICE_AT_webhook_received_time, .time),
        ])

    static let services: [Entity] = [
        node, template, header, cost, capture, request, transport, namedSecret, answer, connection, frame,
        challengeField, challenge, sessionReport, option, question, rateFeedback, level, tick, modifyItem, cancelItem,
        webhook,
    ]
}
