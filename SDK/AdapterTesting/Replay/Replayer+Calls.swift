import CSluice
import Exact
import Recording

extension Replayer {
    /// Calls the adapter's function of this name. `nil`: the library has none.
    func perform(_ name: String, _ arguments: JSONObject) -> Int32? {
        if name == "session_create" { return create(arguments) }
        guard let session else { return nil }
        let functions = module.pointee.session.pointee
        let token = EntityMemory.uint64(arguments["token"])
        func entity<Value>(_ name: String, _ entity: Entity, as _: Value.Type) -> UnsafePointer<Value>? {
            memory.entity(arguments[name], entity).map { UnsafePointer($0.assumingMemoryBound(to: Value.self)) }
        }
        switch name {
        case "open": return functions.open(session, token)
        case "close": return functions.close(session, token)
        case "destroy":
            self.session = nil
            functions.destroy(session)
        case "submit": return functions.submit(session, token, entity("order", .order, as: sluice_order.self))
        case "submit_batch": return functions.submit_batch(session, memory.list(arguments["items"], .batchItem))
        case "modify":
            return functions.modify(
                session, token, entity("ref", .orderRef, as: sluice_order_ref.self),
                entity("changes", .changes, as: sluice_changes.self))
        case "cancel": return functions.cancel(session, token, entity("ref", .orderRef, as: sluice_order_ref.self))
        case "cancel_all":
            return functions.cancel_all(session, token, entity("filter", .filter, as: sluice_filter.self))
        case "preview":
            tap.rows[token] = .margin
            return functions.preview(session, token, memory.list(arguments["orders"], .batchItem))
        case "query":
            let kind = UInt32(truncatingIfNeeded: EntityMemory.uint64(arguments["kind"]))
            tap.rows[token] = Entity.row(ofQuery: kind)
            return functions.query(session, kind, token, entity("filter", .filter, as: sluice_filter.self))
        case "reconcile": return functions.reconcile(session, memory.list(arguments["items"], .reconcileItem))
        case "on_timer":
            functions.on_timer(
                session, EntityMemory.uint64(arguments["timer"]), EntityMemory.uint64(arguments["tag"]))
        case "on_quote": functions.on_quote(session, memory.list(arguments["quotes"], .quote))
        case "on_candle": functions.on_candle(session, memory.list(arguments["candles"], .candle))
        case "on_cancelled": functions.on_cancelled(session, token)
        default:
            guard let connected else { return nil }
            return performConnected(connected.pointee, session, name, token, arguments)
        }
        return SLUICE_OK
    }

    private func create(_ arguments: JSONObject) -> Int32 {
        let options = memory.entity(arguments["options"], .sessionOptions)
        var error = sluice_str()
        return module.pointee.session_create(
            module, tap.table,
            options.map { UnsafePointer($0.assumingMemoryBound(to: sluice_session_options.self)) }, &session, &error)
    }

    private func performConnected(
        _ functions: sluice_connected, _ session: OpaquePointer, _ name: String, _ token: UInt64,
        _ arguments: JSONObject
    ) -> Int32? {
        func entity<Value>(_ name: String, _ entity: Entity, as _: Value.Type) -> UnsafePointer<Value>? {
            memory.entity(arguments[name], entity).map { UnsafePointer($0.assumingMemoryBound(to: Value.self)) }
        }
        func number(_ name: String) -> UInt32 { UInt32(truncatingIfNeeded: EntityMemory.uint64(arguments[name])) }
        let stream = EntityMemory.uint64(arguments["stream"])
        switch name {
        case "auth_reply":
            return functions.auth_reply(
                session, token, memory.text(arguments["challenge_id"]),
                memory.list(arguments["fields"], .namedSecret))
        case "command_reply":
            return functions.command_reply(
                session, token, memory.text(arguments["question_id"]), memory.text(arguments["option_id"]))
        case "modify_batch": return functions.modify_batch(session, memory.list(arguments["items"], .modifyItem))
        case "cancel_batch": return functions.cancel_batch(session, memory.list(arguments["items"], .cancelItem))
        case "subscribe":
            return functions.subscribe(
                session, token, number("mode"), memory.list(arguments["instruments"], .instrument))
        case "unsubscribe":
            return functions.unsubscribe(session, token, memory.list(arguments["instruments"], .instrument))
        case "vendor_call":
            return functions.vendor_call(
                session, token, number("account"), memory.text(arguments["name"]),
                memory.text(arguments["arguments"]))
        case "on_http": functions.on_http(session, entity("answer", .answer, as: sluice_answer.self))
        case "on_http_chunk":
            functions.on_http_chunk(session, EntityMemory.uint64(arguments["tag"]), memory.bytes(arguments["part"]))
        case "on_sent": functions.on_sent(session, entity("transport", .transport, as: sluice_transport.self))
        case "on_ws": functions.on_ws(session, stream, number("kind"), memory.bytes(arguments["payload"]))
        case "on_stream": functions.on_stream(session, stream, memory.bytes(arguments["payload"]))
        case "on_stream_state":
            functions.on_stream_state(
                session, stream, number("state"), number("http_status"), memory.text(arguments["reason"]))
        case "on_webhook": functions.on_webhook(session, entity("webhook", .webhook, as: sluice_webhook.self))
        case "on_config": functions.on_config(session, number("account"), memory.text(arguments["config"]))
        default: return nil
        }
        return SLUICE_OK
    }
}
