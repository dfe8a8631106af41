import AdapterKit
import CSluice
import Signing

extension ScriptedServices {
    func fill() {
        table.pointee = sluice_services(
            struct_size: UInt32(SLUICE_SIZE_services), reserved: 0,
            http_send: { table, request in
                ScriptedHost.answer(table, "http_send") { host in
                    guard let cell = Cell(UnsafeRawPointer(request)) else { return SLUICE_ERR_INVALID }
                    return host.send(cell)
                }
            },
            http_abort: { table, tag in
                ScriptedHost.answer(table, "http_abort") { host in
                    host.requests.contains { $0.tag == tag } ? SLUICE_OK : SLUICE_ERR_NOT_FOUND
                }
            },
            ws_open: { table, connection, stream in
                ScriptedHost.answer(table, "ws_open") { host in
                    guard let cell = Cell(UnsafeRawPointer(connection)) else { return SLUICE_ERR_INVALID }
                    return host.openStream(cell, isWebSocket: true, stream)
                }
            },
            ws_send: { table, stream, frame in
                ScriptedHost.answer(table, "ws_send") { host in
                    guard let cell = Cell(UnsafeRawPointer(frame)) else { return SLUICE_ERR_INVALID }
                    return host.sendFrame(stream, cell, isWebSocket: true)
                }
            },
            ws_close: { table, stream, _, _ in
                ScriptedHost.answer(table, "ws_close") { host in host.closeStream(stream) }
            },
            stream_open: { table, connection, stream in
                ScriptedHost.answer(table, "stream_open") { host in
                    guard let cell = Cell(UnsafeRawPointer(connection)) else { return SLUICE_ERR_INVALID }
                    return host.openStream(cell, isWebSocket: false, stream)
                }
            },
            stream_send: { table, stream, frame in
                ScriptedHost.answer(table, "stream_send") { host in
                    guard let cell = Cell(UnsafeRawPointer(frame)) else { return SLUICE_ERR_INVALID }
                    return host.sendFrame(stream, cell, isWebSocket: false)
                }
            },
            stream_close: { table, stream in
                ScriptedHost.answer(table, "stream_close") { host in host.closeStream(stream) }
            },
            secret_open: { table, account, name, handle in
                ScriptedHost.answer(table, "secret_open") { host in
                    guard let name = ScriptedHost.text(name), let handle else { return SLUICE_ERR_INVALID }
                    guard let known = host.services.names[SecretName(account: account, name: name)],
                        host.services.value(known) != nil
                    else { return SLUICE_ERR_NOT_FOUND }
                    handle.pointee = known
                    return SLUICE_OK
                }
            },
            secret_put: { table, account, name, value, handle in
                ScriptedHost.answer(table, "secret_put") { host in
                    guard let name = ScriptedHost.text(name), !name.isEmpty, let handle, value.len <= 65_536 else {
                        return SLUICE_ERR_INVALID
                    }
                    let bytes = UnsafeBufferPointer(start: value.ptr, count: Int(value.len))
                    handle.pointee = host.services.put(SecretName(account: account, name: name), Signing.Secret(bytes))
                    return SLUICE_OK
                }
            },
            secret_store: { table, account, name, handle, expiresAt in
                ScriptedHost.answer(table, "secret_store") { host in
                    guard let name = ScriptedHost.text(name), host.services.value(handle) != nil else {
                        return SLUICE_ERR_NOT_FOUND
                    }
                    host.services.kept[SecretName(account: account, name: name)] = expiresAt
                    return SLUICE_OK
                }
            },
            secret_erase: { table, account, name in
                ScriptedHost.answer(table, "secret_erase") { host in
                    guard let name = ScriptedHost.text(name) else { return SLUICE_ERR_INVALID }
                    let key = SecretName(account: account, name: name)
                    host.services.kept[key] = nil
                    guard let handle = host.services.names[key], host.services.value(handle) != nil else {
                        return SLUICE_ERR_NOT_FOUND
                    }
                    host.services.secrets[Int(handle) - 1] = nil
                    return SLUICE_OK
                }
            },
            secret_expiry: { table, account, name, expiresAt in
                ScriptedHost.answer(table, "secret_expiry") { host in
                    guard let name = ScriptedHost.text(name), let expiresAt else { return SLUICE_ERR_INVALID }
                    guard let kept = host.services.kept[SecretName(account: account, name: name)] else {
                        return SLUICE_ERR_NOT_FOUND
                    }
                    expiresAt.pointee = kept
                    return SLUICE_OK
                }
            },
            secret_reveal: { table, handle, value in
                ScriptedHost.answer(table, "secret_reveal") { host in
                    guard host.grants.contains(.reveal), let value else { return SLUICE_ERR_UNSUPPORTED }
                    guard let secret = host.services.value(handle) else { return SLUICE_ERR_NOT_FOUND }
                    value.pointee = host.lend(secret.withBytes { Array($0) })
                    return SLUICE_OK
                }
            },
            crypto: { table, template, result in
                ScriptedHost.answer(table, "crypto") { host in
                    guard let result, let made = host.made(alone: template, mayShow: false) else {
                        return SLUICE_ERR_INVALID
                    }
                    result.pointee = host.lend(made)
                    return SLUICE_OK
                }
            },
            crypto_derive: { table, account, name, template, handle in
                ScriptedHost.answer(table, "crypto_derive") { host in
                    guard let handle, let name = ScriptedHost.text(name),
                        let made = host.made(alone: template, mayShow: true)
                    else { return SLUICE_ERR_INVALID }
                    handle.pointee = host.services.put(SecretName(account: account, name: name), Signing.Secret(made))
                    return SLUICE_OK
                }
            },
            rate_feedback: { table, feedback in
                ScriptedHost.answer(table, "rate_feedback") { host in
                    guard let cell = Cell(UnsafeRawPointer(feedback)) else { return SLUICE_ERR_INVALID }
                    let remaining = cell.int64(SLUICE_AT_rate_feedback_remaining)
                    host.rateNotes.append(
                        RateNote(
                            bucket: cell.text(SLUICE_AT_rate_feedback_bucket) ?? "",
                            scope: cell.text(SLUICE_AT_rate_feedback_scope), remaining: remaining < 0 ? nil : remaining,
                            resetAt: cell.time(SLUICE_AT_rate_feedback_reset_at),
                            retryAfterNanoseconds: cell.int64(SLUICE_AT_rate_feedback_retry_after_ns)))
                    return SLUICE_OK
                }
            },
            server_time: { table, time in
                ScriptedHost.answer(table, "server_time") { host in
                    host.services.clockOffset = time &- host.now.nanoseconds
                    return SLUICE_OK
                }
            },
            session_report: { table, report in
                ScriptedHost.answer(table, "session_report") { host in
                    guard let cell = Cell(UnsafeRawPointer(report)) else { return SLUICE_ERR_INVALID }
                    return host.report(cell)
                }
            },
            progress: { table, token, question in
                ScriptedHost.answer(table, "progress") { host in
                    guard let cell = Cell(UnsafeRawPointer(question)) else { return SLUICE_ERR_INVALID }
                    return host.ask(token, cell)
                }
            },
            ticks: { table, span in
                ScriptedHost.answer(table, "ticks") { host in
                    guard let span = CellSpan(span, limit: 10_000) else { return host.isBroken("ticks: the span") }
                    host.ticks += span.cells.map { $0.tick() }
                    return SLUICE_OK
                }
            },
            instrument_by_alias: { table, alias, instrument in
                ScriptedHost.answer(table, "instrument_by_alias") { host in
                    guard let alias = ScriptedHost.text(alias), let instrument else { return SLUICE_ERR_INVALID }
                    guard let known = host.instrument(alias: alias) else { return SLUICE_ERR_NOT_FOUND }
                    instrument.pointee = host.lend(known)
                    return SLUICE_OK
                }
            })
    }
}
