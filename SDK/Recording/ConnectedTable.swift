import CSluice

// The functions of an adapter's other half, `sluice_connected`.

extension SessionRecorder {
    private static func tell(
        _ session: OpaquePointer?, _ name: String, _ arguments: HostEnd.Arguments,
        _ body: (UnsafePointer<sluice_connected>, OpaquePointer?) -> Void
    ) {
        _ = of(session)?.connectedLane(name, arguments) {
            body($0, $1)
            return SLUICE_OK
        }
    }

    private static func ask(
        _ session: OpaquePointer?, _ name: String, _ arguments: HostEnd.Arguments,
        _ body: (UnsafePointer<sluice_connected>, OpaquePointer?) -> sluice_status
    ) -> sluice_status {
        of(session)?.connectedLane(name, arguments, body) ?? SLUICE_ERR_STATE
    }

    static func connectedTable(_ real: sluice_connected) -> sluice_connected {
        var table = sluice_connected()
        table.struct_size = UInt32(SLUICE_SIZE_connected)
        table.describe = real.describe
        addCommands(&table)
        addEvents(&table)
        return table
    }

    private static func addCommands(_ table: inout sluice_connected) {
        table.auth_reply = { session, token, challenge, fields in
            SessionRecorder.ask(
                session, "auth_reply",
                {
                    $0.uint64("token", token)
                    $0.text("challenge_id", challenge)
                    $0.list("fields", fields, .namedSecret)
                }, { $0.pointee.auth_reply($1, token, challenge, fields) })
        }
        table.command_reply = { session, token, question, option in
            SessionRecorder.ask(
                session, "command_reply",
                {
                    $0.uint64("token", token)
                    $0.text("question_id", question)
                    $0.text("option_id", option)
                }, { $0.pointee.command_reply($1, token, question, option) })
        }
        table.modify_batch = { session, items in
            SessionRecorder.ask(
                session, "modify_batch", { $0.list("items", items, .modifyItem) },
                {
                    $0.pointee.modify_batch($1, items)
                })
        }
        table.cancel_batch = { session, items in
            SessionRecorder.ask(
                session, "cancel_batch", { $0.list("items", items, .cancelItem) },
                {
                    $0.pointee.cancel_batch($1, items)
                })
        }
        table.subscribe = { session, token, mode, instruments in
            SessionRecorder.ask(
                session, "subscribe",
                {
                    $0.uint64("token", token)
                    $0.uint32("mode", mode)
                    $0.list("instruments", instruments, .instrument)
                }, { $0.pointee.subscribe($1, token, mode, instruments) })
        }
        table.unsubscribe = { session, token, instruments in
            SessionRecorder.ask(
                session, "unsubscribe",
                {
                    $0.uint64("token", token)
                    $0.list("instruments", instruments, .instrument)
                }, { $0.pointee.unsubscribe($1, token, instruments) })
        }
        table.vendor_call = { session, token, account, name, arguments in
            SessionRecorder.ask(
                session, "vendor_call",
                {
                    $0.uint64("token", token)
                    $0.uint32("account", account)
                    $0.text("name", name)
                    $0.text("arguments", arguments)
                }, { $0.pointee.vendor_call($1, token, account, name, arguments) })
        }
    }

    private static func addEvents(_ table: inout sluice_connected) {
        table.on_http = { session, answer in
            SessionRecorder.tell(
                session, "on_http", { $0.entity("answer", answer, .answer) },
                {
                    $0.pointee.on_http($1, answer)
                })
        }
        table.on_http_chunk = { session, tag, part in
            SessionRecorder.tell(
                session, "on_http_chunk",
                {
                    $0.uint64("tag", tag)
                    $0.bytes("part", part)
                }, { $0.pointee.on_http_chunk($1, tag, part) })
        }
        table.on_sent = { session, transport in
            SessionRecorder.tell(
                session, "on_sent", { $0.entity("transport", transport, .transport) },
                {
                    $0.pointee.on_sent($1, transport)
                })
        }
        table.on_ws = { session, stream, kind, payload in
            SessionRecorder.tell(
                session, "on_ws",
                {
                    $0.uint64("stream", stream)
                    $0.uint32("kind", kind)
                    $0.bytes("payload", payload)
                }, { $0.pointee.on_ws($1, stream, kind, payload) })
        }
        table.on_stream = { session, stream, payload in
            SessionRecorder.tell(
                session, "on_stream",
                {
                    $0.uint64("stream", stream)
                    $0.bytes("payload", payload)
                }, { $0.pointee.on_stream($1, stream, payload) })
        }
        table.on_stream_state = { session, stream, state, status, reason in
            SessionRecorder.tell(
                session, "on_stream_state",
                {
                    $0.uint64("stream", stream)
                    $0.uint32("state", state)
                    $0.uint32("http_status", status)
                    $0.text("reason", reason)
                }, { $0.pointee.on_stream_state($1, stream, state, status, reason) })
        }
        table.on_webhook = { session, webhook in
            SessionRecorder.tell(
                session, "on_webhook", { $0.entity("webhook", webhook, .webhook) },
                {
                    $0.pointee.on_webhook($1, webhook)
                })
        }
        table.on_config = { session, account, config in
            SessionRecorder.tell(
                session, "on_config",
                {
                    $0.uint32("account", account)
                    $0.text("config", config)
                }, { $0.pointee.on_config($1, account, config) })
        }
    }
}
