import CSluice

// What a host calls in the place of an adapter's own functions.

extension SessionRecorder {
    private static func tell(
        _ session: OpaquePointer?, _ name: String, _ arguments: HostEnd.Arguments,
        _ body: (UnsafePointer<sluice_session_functions>, OpaquePointer?) -> Void
    ) {
        _ = of(session)?.lane(name, arguments) {
            body($0, $1)
            return SLUICE_OK
        }
    }

    private static func ask(
        _ session: OpaquePointer?, _ name: String, _ arguments: HostEnd.Arguments,
        _ body: (UnsafePointer<sluice_session_functions>, OpaquePointer?) -> sluice_status
    ) -> sluice_status {
        of(session)?.lane(name, arguments, body) ?? SLUICE_ERR_STATE
    }

    static func sessionTable() -> sluice_session_functions {
        var table = sluice_session_functions()
        table.struct_size = UInt32(SLUICE_SIZE_session_functions)
        table.open = { session, token in
            SessionRecorder.ask(session, "open", { $0.uint64("token", token) }, { $0.pointee.open($1, token) })
        }
        table.close = { session, token in
            SessionRecorder.ask(session, "close", { $0.uint64("token", token) }, { $0.pointee.close($1, token) })
        }
        table.destroy = { session in
            SessionRecorder.tell(session, "destroy", { _ in }, { $0.pointee.destroy($1) })
            SessionRecorder.of(session)?.finish()
        }
        addOrders(&table)
        table.preview = { session, token, orders in
            SessionRecorder.of(session)?.expectRows(.margin, of: token)
            return SessionRecorder.ask(
                session, "preview",
                {
                    $0.uint64("token", token)
                    $0.list("orders", orders, .batchItem)
                }, { $0.pointee.preview($1, token, orders) })
        }
        table.query = { session, kind, token, filter in
            SessionRecorder.of(session)?.expectRows(Entity.row(ofQuery: kind), of: token)
            return SessionRecorder.ask(
                session, "query",
                {
                    $0.uint32("kind", kind)
                    $0.uint64("token", token)
                    $0.entity("filter", filter, .filter)
                }, { $0.pointee.query($1, kind, token, filter) })
        }
        table.reconcile = { session, items in
            SessionRecorder.ask(
                session, "reconcile", { $0.list("items", items, .reconcileItem) },
                {
                    $0.pointee.reconcile($1, items)
                })
        }
        table.on_timer = { session, timer, tag in
            SessionRecorder.tell(
                session, "on_timer",
                {
                    $0.uint64("timer", timer)
                    $0.uint64("tag", tag)
                }, { $0.pointee.on_timer($1, timer, tag) })
        }
        table.on_quote = { session, quotes in
            SessionRecorder.tell(
                session, "on_quote", { $0.list("quotes", quotes, .quote) },
                {
                    $0.pointee.on_quote($1, quotes)
                })
        }
        table.on_candle = { session, candles in
            SessionRecorder.tell(
                session, "on_candle", { $0.list("candles", candles, .candle) },
                {
                    $0.pointee.on_candle($1, candles)
                })
        }
        table.on_cancelled = { session, token in
            SessionRecorder.tell(
                session, "on_cancelled", { $0.uint64("token", token) },
                {
                    $0.pointee.on_cancelled($1, token)
                })
        }
        return table
    }

    private static func addOrders(_ table: inout sluice_session_functions) {
        table.submit = { session, token, order in
            SessionRecorder.ask(
                session, "submit",
                {
                    $0.uint64("token", token)
                    $0.entity("order", order, .order)
                }, { $0.pointee.submit($1, token, order) })
        }
        table.submit_batch = { session, items in
            SessionRecorder.ask(
                session, "submit_batch", { $0.list("items", items, .batchItem) },
                {
                    $0.pointee.submit_batch($1, items)
                })
        }
        table.modify = { session, token, reference, changes in
            SessionRecorder.ask(
                session, "modify",
                {
                    $0.uint64("token", token)
                    $0.entity("ref", reference, .orderRef)
                    $0.entity("changes", changes, .changes)
                }, { $0.pointee.modify($1, token, reference, changes) })
        }
        table.cancel = { session, token, reference in
            SessionRecorder.ask(
                session, "cancel",
                {
                    $0.uint64("token", token)
                    $0.entity("ref", reference, .orderRef)
                }, { $0.pointee.cancel($1, token, reference) })
        }
        table.cancel_all = { session, token, filter in
            SessionRecorder.ask(
                session, "cancel_all",
                {
                    $0.uint64("token", token)
                    $0.entity("filter", filter, .filter)
                }, { $0.pointee.cancel_all($1, token, filter) })
        }
    }
}
