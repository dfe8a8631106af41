import CSluice

/// The session functions of every adapter of this image: one table, made once, never given back.
///
/// `nonisolated(unsafe)`: written here before anyone sees it, read only afterwards.
nonisolated(unsafe) let sessionFunctions: UnsafePointer<sluice_session_functions> = {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: SLUICE_SIZE_session_functions, alignment: 16)
        .assumingMemoryBound(to: sluice_session_functions.self)
    memory.pointee = sluice_session_functions(
        struct_size: UInt32(SLUICE_SIZE_session_functions), reserved: 0,
        open: { handle, token in
            Session.run(handle, token, needs: []) { session in
                session.adapter.open(session.command(token))
                return SLUICE_OK
            }
        },
        close: { handle, token in
            Session.run(handle, token, needs: []) { session in
                session.adapter.close(session.command(token))
                return SLUICE_OK
            }
        },
        destroy: { handle in
            guard let handle else { return }
            let session = Unmanaged<Session>.fromOpaque(UnsafeRawPointer(handle)).takeRetainedValue()
            session.host.detach()  // before anything else, so that not even a deinit reaches the host
        },
        submit: { handle, token, order in
            Session.run(handle, token, needs: .submit) { session in
                guard let cell = Cell(order) else { return session.refuse("order") }
                if let field = cell.brokenOrderField(accounts: session.accounts, isNew: true) {
                    return session.refuse(field)
                }
                session.adapter.submit(
                    Order(cell), session.command(token, account: cell.uint32(SLUICE_AT_order_account)))
                return SLUICE_OK
            }
        },
        submit_batch: { handle, span in
            Session.run(handle) { session in
                guard session.capabilities.contains(.submitBatch) else { return SLUICE_ERR_UNSUPPORTED }
                guard let items = session.batch(span, limit: session.maxBatch, withTokens: true) else {
                    return SLUICE_ERR_INVALID
                }
                session.adapter.submitBatch(OrderBatch(items, session.host))
                return SLUICE_OK
            }
        },
        modify: { handle, token, reference, changes in
            Session.run(handle, token, needs: .modify) { session in
                guard let reference = Cell(reference) else { return session.refuse("order_ref") }
                guard let changes = Cell(changes) else { return session.refuse("changes") }
                if let field = reference.brokenReferenceField(accounts: session.accounts)
                    ?? changes.brokenChangesField()
                {
                    return session.refuse(field)
                }
                session.adapter.modify(
                    OrderReference(reference), Changes(changes),
                    session.command(token, account: reference.uint32(SLUICE_AT_order_ref_account)))
                return SLUICE_OK
            }
        },
        cancel: { handle, token, reference in
            Session.run(handle, token, needs: .cancel) { session in
                guard let cell = Cell(reference) else { return session.refuse("order_ref") }
                if let field = cell.brokenReferenceField(accounts: session.accounts) { return session.refuse(field) }
                session.adapter.cancel(
                    OrderReference(cell), session.command(token, account: cell.uint32(SLUICE_AT_order_ref_account)))
                return SLUICE_OK
            }
        },
        cancel_all: { handle, token, filter in
            Session.run(handle, token, needs: .cancelAll) { session in
                guard let cell = Cell(filter) else { return session.refuse("filter") }
                if let field = cell.brokenFilterField(accounts: session.accounts) { return session.refuse(field) }
                session.adapter.cancelAll(
                    Filter(cell), session.command(token, account: cell.uint32(SLUICE_AT_filter_account)))
                return SLUICE_OK
            }
        },
        preview: { handle, token, span in
            Session.run(handle, token, needs: .preview) { session in
                guard let orders = session.batch(span, limit: 10_000, withTokens: false) else {
                    return SLUICE_ERR_INVALID
                }
                session.adapter.preview(OrderBasket(orders), session.command(token))
                return SLUICE_OK
            }
        },
        query: { handle, rawKind, token, filter in
            Session.run(handle, token, needs: []) { session in
                guard let kind = QueryKind(rawValue: rawKind), session.capabilities.contains(kind.capability) else {
                    return SLUICE_ERR_UNSUPPORTED
                }
                guard let cell = Cell(filter) else { return session.refuse("filter") }
                if let field = cell.brokenFilterField(accounts: session.accounts) { return session.refuse(field) }
                if kind == .order || kind == .orderHistory, cell.target(SLUICE_AT_filter_order_ref) == nil {
                    return session.refuse("filter.order_ref")
                }
                session.adapter.query(
                    kind, Filter(cell), session.command(token, account: cell.uint32(SLUICE_AT_filter_account)))
                return SLUICE_OK
            }
        },
        reconcile: { handle, span in
            Session.run(handle) { session in
                guard session.capabilities.contains(.reconcile) else { return SLUICE_ERR_UNSUPPORTED }
                guard let items = CellSpan(span, limit: 10_000) else { return session.refuse("items") }
                for index in 0..<items.count {
                    if items[index].uint64(SLUICE_AT_reconcile_item_token) == 0 { return session.refuse("items.token") }
                    let reference = items[index].embeddedReference
                    if let field = reference.brokenReferenceField(accounts: session.accounts) {
                        return session.refuse(field)
                    }
                }
                session.adapter.reconcile(ReconcileItems(items, session.host))
                return SLUICE_OK
            }
        },
        on_timer: { handle, timer, tag in
            _ = Session.run(handle) { session in
                session.adapter.onTimer(TimerID(rawValue: timer), tag: tag)
                return SLUICE_OK
            }
        },
        on_quote: { handle, span in
            _ = Session.run(handle) { session in
                guard session.capabilities.contains(.consumesPrices) else { return SLUICE_ERR_UNSUPPORTED }
                guard let quotes = CellSpan(span, limit: 1_000_000) else { return session.refuse("quotes") }
                for index in 0..<quotes.count {
                    if let field = quotes[index].brokenQuoteField() {
                        _ = session.refuse(field)
                    } else {
                        session.adapter.onQuote(Quote(quotes[index]))
                    }
                }
                return SLUICE_OK
            }
        },
        on_candle: { handle, span in
            _ = Session.run(handle) { session in
                guard session.capabilities.contains(.consumesPrices) else { return SLUICE_ERR_UNSUPPORTED }
                guard let candles = CellSpan(span, limit: 1_000_000) else { return session.refuse("candles") }
                for index in 0..<candles.count {
                    if let field = candles[index].brokenCandleField() {
                        _ = session.refuse(field)
                    } else {
                        session.adapter.onCandle(Candle(candles[index]))
                    }
                }
                return SLUICE_OK
            }
        },
        on_cancelled: { handle, token in
            _ = Session.run(handle) { session in
                session.host.noteEndedByHost(token)
                session.adapter.onCancelled(token: token)
                return SLUICE_OK
            }
        })
    return UnsafePointer(memory)
}()
