import CSluice

/// The connected half of every adapter of this image: one table, made once, never given back.
///
/// `nonisolated(unsafe)`: written here before anyone sees it, read only afterwards.
nonisolated(unsafe) let connectedFunctions: UnsafePointer<sluice_connected> = {
    let memory = UnsafeMutableRawPointer.allocate(byteCount: SLUICE_SIZE_connected, alignment: 16)
        .assumingMemoryBound(to: sluice_connected.self)
    memory.pointee = sluice_connected(
        struct_size: UInt32(SLUICE_SIZE_connected), reserved: 0,
        describe: { module in ModuleRecord.of(module)?.staticConnections },
        auth_reply: { handle, token, challenge, fields in
            Session.connected(handle, token, needs: []) { session, adapter in
                guard let id = checkedText(challenge) else { return session.refuse("challenge_id") }
                guard let fields = CellSpan(fields, limit: 1_000) else { return session.refuse("fields") }
                for index in 0..<fields.count where fields[index].isBrokenText(SLUICE_AT_named_secret_name) {
                    return session.refuse("fields.name")
                }
                adapter.authReply(ChallengeAnswer(id, fields), session.command(token))
                return SLUICE_OK
            }
        },
        command_reply: { handle, token, question, option in
            Session.connected(handle, token, needs: .asksQuestions) { session, adapter in
                guard let question = checkedText(question) else { return session.refuse("question_id") }
                guard let option = checkedText(option) else { return session.refuse("option_id") }
                adapter.commandReply(token: token, question: question, option: option)
                return SLUICE_OK
            }
        },
        modify_batch: { handle, span in
            Session.connected(handle, needs: .modifyBatch) { session, adapter in
                guard let items = CellSpan(span, limit: 10_000) else { return session.refuse("items") }
                for index in 0..<items.count {
                    guard items[index].uint64(SLUICE_AT_modify_item_token) != 0 else {
                        return session.refuse("items.token")
                    }
                    guard let reference = items[index].target(SLUICE_AT_modify_item_ref),
                        let changes = items[index].target(SLUICE_AT_modify_item_changes)
                    else { return session.refuse("items") }
                    if let field = reference.brokenReferenceField(accounts: session.accounts)
                        ?? changes.brokenChangesField()
                    {
                        return session.refuse(field)
                    }
                }
                adapter.modifyBatch(ModifyBatch(items, session.host))
                return SLUICE_OK
            }
        },
        cancel_batch: { handle, span in
            Session.connected(handle, needs: .cancelBatch) { session, adapter in
                guard let items = CellSpan(span, limit: 10_000) else { return session.refuse("items") }
                for index in 0..<items.count {
                    guard items[index].uint64(SLUICE_AT_cancel_item_token) != 0 else {
                        return session.refuse("items.token")
                    }
                    guard let reference = items[index].target(SLUICE_AT_cancel_item_ref) else {
                        return session.refuse("items.ref")
                    }
                    if let field = reference.brokenReferenceField(accounts: session.accounts) {
                        return session.refuse(field)
                    }
                }
                adapter.cancelBatch(CancelBatch(items, session.host))
                return SLUICE_OK
            }
        },
        subscribe: { handle, token, rawMode, span in
            Session.connected(handle, token, needs: .subscribe) { session, adapter in
                guard let mode = SubscriptionMode(rawValue: rawMode) else { return session.refuse("mode") }
                guard let cells = CellSpan(span, limit: 100_000) else { return session.refuse("instruments") }
                let list = InstrumentList(cells)
                if let field = list.brokenField() { return session.refuse(field) }
                adapter.subscribe(list, mode, session.command(token))
                return SLUICE_OK
            }
        },
        unsubscribe: { handle, token, span in
            Session.connected(handle, token, needs: .subscribe) { session, adapter in
                guard let cells = CellSpan(span, limit: 100_000) else { return session.refuse("instruments") }
                let list = InstrumentList(cells)
                if let field = list.brokenField() { return session.refuse(field) }
                adapter.unsubscribe(list, session.command(token))
                return SLUICE_OK
            }
        },
        vendor_call: { handle, token, account, name, arguments in
            Session.connected(handle, token, needs: .vendorCall) { session, adapter in
                guard account < session.accounts else { return session.refuse("account") }
                guard let name = checkedText(name) else { return session.refuse("name") }
                guard let arguments = checkedText(arguments) else { return session.refuse("arguments") }
                guard session.vendorCalls.contains(name) else { return SLUICE_ERR_UNSUPPORTED }
                adapter.vendorCall(name, arguments, session.command(token, account: account))
                return SLUICE_OK
            }
        },
        on_http: { handle, answer in
            _ = Session.connected(handle, needs: []) { session, _ in
                guard let cell = Cell(answer), cell.has(SLUICE_AT_answer_transport, 16) else {
                    return session.refuse("answer")
                }
                session.host.answer(cell)
                return SLUICE_OK
            }
        },
        on_http_chunk: { handle, tag, part in
            _ = Session.connected(handle, needs: []) { session, _ in
                guard let bytes = checkedBytes(part) else { return session.refuse("part") }
                session.host.part(tag, bytes)
                return SLUICE_OK
            }
        },
        on_sent: { handle, transport in
            _ = Session.connected(handle, needs: []) { session, adapter in
                guard let cell = Cell(transport) else { return session.refuse("transport") }
                adapter.onSent(Transport(cell))
                return SLUICE_OK
            }
        },
        on_ws: { handle, stream, rawKind, payload in
            _ = Session.connected(handle, needs: []) { session, adapter in
                guard let kind = FrameKind(rawValue: rawKind) else { return session.refuse("kind") }
                guard let bytes = checkedBytes(payload) else { return session.refuse("payload") }
                adapter.onFrame(StreamID(rawValue: stream), kind, Bytes(bytes))
                return SLUICE_OK
            }
        },
        on_stream: { handle, stream, payload in
            _ = Session.connected(handle, needs: []) { session, adapter in
                guard let bytes = checkedBytes(payload) else { return session.refuse("payload") }
                adapter.onBytes(StreamID(rawValue: stream), Bytes(bytes))
                return SLUICE_OK
            }
        },
        on_stream_state: { handle, stream, rawState, status, reason in
            _ = Session.connected(handle, needs: []) { session, adapter in
                guard let state = StreamState(rawValue: rawState) else { return session.refuse("state") }
                adapter.onStream(
                    StreamID(rawValue: stream), state, httpStatus: Int(status), reason: checkedText(reason))
                return SLUICE_OK
            }
        },
        on_webhook: { handle, webhook in
            _ = Session.connected(handle, needs: .takesWebhooks) { session, adapter in
                guard let cell = Cell(webhook) else { return session.refuse("webhook") }
                guard cell.uint32(SLUICE_AT_webhook_account) < session.accounts else {
                    return session.refuse("webhook.account")
                }
                if cell.areBrokenBytes(SLUICE_AT_webhook_body, limit: 64 << 10) {
                    return session.refuse("webhook.body")
                }
                adapter.onWebhook(Webhook(cell))
                return SLUICE_OK
            }
        },
        on_config: { handle, account, config in
            _ = Session.connected(handle, needs: .takesConfigChanges) { session, adapter in
                guard account < session.accounts else { return session.refuse("account") }
                guard let config = checkedText(config) else { return session.refuse("config") }
                adapter.onConfig(account: Int(account), config)
                return SLUICE_OK
            }
        })
    return UnsafePointer(memory)
}()

extension Session {
    /// Runs one lane call on a connected session.
    @inline(__always)
    static func connected(
        _ handle: OpaquePointer?, needs capability: Connections.Capabilities,
        _ body: (Session, any ConnectedAdapter) -> Int32
    ) -> Int32 {
        run(handle) { session in
            guard let adapter = session.connected, session.connectedCapabilities.contains(capability) else {
                return SLUICE_ERR_UNSUPPORTED
            }
            return body(session, adapter)
        }
    }

    /// The same for a command.
    @inline(__always)
    static func connected(
        _ handle: OpaquePointer?, _ token: UInt64, needs capability: Connections.Capabilities,
        _ body: (Session, any ConnectedAdapter) -> Int32
    ) -> Int32 {
        connected(handle, needs: capability) { session, adapter in
            guard token != 0 else { return session.refuse("token") }
            return body(session, adapter)
        }
    }
}

/// Text that the host passed, or `nil` where it is absent or breaks the contract.
private func checkedText(_ text: sluice_str) -> String? {
    guard let start = text.ptr, text.len <= Cell.longestText, isUTF8(start, Int(text.len)) else { return nil }
    return String(decoding: UnsafeRawBufferPointer(start: start, count: Int(text.len)), as: UTF8.self)
}

/// Bytes that the host passed, or `nil` where they break the contract. Absent ones are empty.
private func checkedBytes(_ bytes: sluice_bytes) -> UnsafeRawBufferPointer? {
    guard bytes.len <= 128 << 20, bytes.len == 0 || bytes.ptr != nil else { return nil }
    return UnsafeRawBufferPointer(start: bytes.ptr, count: Int(bytes.len))
}
