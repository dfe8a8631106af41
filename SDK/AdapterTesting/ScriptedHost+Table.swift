import AdapterKit
import CSluice

extension ScriptedHost {
    /// The scripted host behind a table.
    private static func of(_ table: UnsafePointer<sluice_host>?) -> ScriptedHost? {
        guard let data = table?.pointee.host_data else { return nil }
        return Unmanaged<ScriptedHost>.fromOpaque(data).takeUnretainedValue()
    }

    /// Runs one host function: only during a lane call, and unless the test wants it to fail.
    static func answer(
        _ table: UnsafePointer<sluice_host>?, _ name: String, _ body: (ScriptedHost) -> Int32
    ) -> Int32 {
        guard let host = of(table) else { return SLUICE_ERR_INVALID }
        guard host.isInLane else {
            host.violations.append("\(name) outside a lane call")
            return SLUICE_ERR_WRONG_LANE
        }
        if let status = host.failing.removeValue(forKey: name) { return status.rawValue }
        return body(host)
    }

    func fillTable() {
        table.pointee = sluice_host(
            struct_size: UInt32(SLUICE_SIZE_host), reserved: 0, host_data: Unmanaged.passUnretained(self).toOpaque(),
            log: { table, level, text, fields in
                _ = ScriptedHost.answer(table, "log") { host in host.didLog(level, text, fields) }
            },
            now: { table in
                var now: Int64 = 0
                _ = ScriptedHost.answer(table, "now") { host in
                    now = host.now.nanoseconds
                    return SLUICE_OK
                }
                return now
            },
            random: { table, bytes, length in
                ScriptedHost.answer(table, "random") { host in
                    guard let bytes, length <= 4096 else { return SLUICE_ERR_INVALID }
                    for index in 0..<Int(length) {
                        bytes[index] = host.nextChance()
                    }
                    return SLUICE_OK
                }
            },
            metric: { table, name, kind, value in
                ScriptedHost.answer(table, "metric") { host in
                    guard let name = ScriptedHost.text(name), !name.isEmpty else { return SLUICE_ERR_INVALID }
                    let before = kind == SLUICE_METRIC_COUNTER ? host.metrics[name] ?? 0 : 0
                    host.metrics[name] = before.addingReportingOverflow(value).partialValue
                    return SLUICE_OK
                }
            },
            timer_after: { table, delay, tag, timer in
                ScriptedHost.answer(table, "timer_after") { host in
                    let due = host.now.nanoseconds.addingReportingOverflow(max(delay, 0))
                    guard !due.overflow else { return SLUICE_ERR_INVALID }
                    return host.setTimer(due.partialValue, tag, timer)
                }
            },
            timer_at: { table, time, tag, timer in
                ScriptedHost.answer(table, "timer_at") { host in host.setTimer(time, tag, timer) }
            },
            timer_cancel: { table, timer in
                ScriptedHost.answer(table, "timer_cancel") { host in
                    host.timers.removeValue(forKey: timer) == nil ? SLUICE_ERR_NOT_FOUND : SLUICE_OK
                }
            },
            kv_get: { table, account, keyClass, key, value in
                ScriptedHost.answer(table, "kv_get") { host in
                    guard let key = host.storeKey(account, keyClass, key), let value else { return SLUICE_ERR_INVALID }
                    guard let bytes = host.store[key] else { return SLUICE_ERR_NOT_FOUND }
                    value.pointee = host.lend(bytes)
                    return SLUICE_OK
                }
            },
            kv_put: { table, account, keyClass, key, value, _ in
                ScriptedHost.answer(table, "kv_put") { host in
                    guard let key = host.storeKey(account, keyClass, key), value.len <= 65_536 else {
                        return SLUICE_ERR_INVALID
                    }
                    host.store[key] = [UInt8](UnsafeBufferPointer(start: value.ptr, count: Int(value.len)))
                    return SLUICE_OK
                }
            },
            kv_delete: { table, account, keyClass, key in
                ScriptedHost.answer(table, "kv_delete") { host in
                    guard let key = host.storeKey(account, keyClass, key) else { return SLUICE_ERR_INVALID }
                    return host.store.removeValue(forKey: key) == nil ? SLUICE_ERR_NOT_FOUND : SLUICE_OK
                }
            },
            kv_list: { table, account, prefix, context, each in
                ScriptedHost.answer(table, "kv_list") { host in
                    guard let each else { return SLUICE_ERR_INVALID }
                    let prefix = ScriptedHost.text(prefix) ?? ""
                    let durable = KeyValueStore.Class.durable.rawValue
                    let found = host.store.keys.filter {
                        $0.account == account && $0.keyClass == durable && $0.key.utf8.starts(with: prefix.utf8)
                    }
                    host.isInLane = false  // `each` may call no host function
                    for key in found.sorted() {
                        let text = host.lend([UInt8](key.key.utf8))
                        let view = sluice_str(
                            ptr: UnsafeRawPointer(text.ptr)?.assumingMemoryBound(to: CChar.self), len: text.len)
                        each(context, view, host.lend(host.store[key] ?? []))
                    }
                    host.isInLane = true
                    return SLUICE_OK
                }
            },
            watch_prices: { table, instrument, on in
                ScriptedHost.answer(table, "watch_prices") { host in
                    guard let id = ScriptedHost.text(instrument) else { return SLUICE_ERR_INVALID }
                    guard host.declares(SLUICE_CONSUMES_PRICES) else { return SLUICE_ERR_UNSUPPORTED }
                    if on == 0 {
                        host.watched.remove(id)
                    } else if host.watched.insert(id).inserted {
                        host.newlyWatched.append(id)
                    }
                    return SLUICE_OK
                }
            },
            session_state: { table, state, expiresAt, error in
                ScriptedHost.answer(table, "session_state") { host in host.didReport(state, expiresAt, error) }
            },
            complete: { table, token, result in
                ScriptedHost.answer(table, "complete") { host in host.didComplete(token, result) }
            },
            rows: { table, token, rows in
                ScriptedHost.answer(table, "rows") { host in host.didSend(token, rows) }
            },
            order_update: { table, updates in
                ScriptedHost.answer(table, "order_update") { host in
                    guard let span = CellSpan(updates, limit: 10_000) else {
                        return host.isBroken("order_update: the span")
                    }
                    host.orderUpdates += span.cells.map { $0.orderUpdate() }
                    return SLUICE_OK
                }
            },
            trade_update: { table, updates in
                ScriptedHost.answer(table, "trade_update") { host in
                    guard let span = CellSpan(updates, limit: 10_000) else {
                        return host.isBroken("trade_update: the span")
                    }
                    let read = span.cells.compactMap { $0.tradeUpdate() }
                    host.tradeUpdates += read
                    return read.count == span.count ? SLUICE_OK : host.isBroken("trade_update: an element")
                }
            },
            get_extension: { table, id in
                var services: UnsafeRawPointer?
                _ = ScriptedHost.answer(table, "get_extension") { host in
                    if ScriptedHost.text(id) == SLUICE_SERVICES { services = UnsafeRawPointer(host.services.table) }
                    return SLUICE_OK
                }
                return services
            })
    }

    func isBroken(_ what: String) -> Int32 {
        violations.append("\(what) breaks the contract")
        return SLUICE_ERR_INVALID
    }

    private func declares(_ capability: UInt64) -> Bool {
        (module.pointee.describe(module)?.pointee.capabilities.0 ?? 0) & capability != 0
    }

    private func storeKey(_ account: UInt32, _ keyClass: UInt32, _ key: sluice_str) -> StoreKey? {
        guard key.len > 0, key.len <= 256, KeyValueStore.Class(rawValue: keyClass) != nil,
            let text = ScriptedHost.text(key)
        else { return nil }
        return StoreKey(account: account, rawClass: keyClass, text)
    }

    /// Memory that stays valid until the lane call returns.
    /// An instrument that stays valid until the lane call returns.
    func lend(_ instrument: StoredInstrument) -> UnsafePointer<sluice_instrument> {
        lentScratch.instrument(instrument)
    }

    func lend(_ bytes: [UInt8]) -> sluice_bytes {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(bytes.count, 1), alignment: 1)
        bytes.withUnsafeBytes { source in
            if let start = source.baseAddress { memory.copyMemory(from: start, byteCount: source.count) }
        }
        lent.append(memory)
        return sluice_bytes(
            ptr: UnsafePointer(memory.assumingMemoryBound(to: UInt8.self)), len: UInt64(bytes.count))
    }

    private func setTimer(_ due: Int64, _ tag: UInt64, _ timer: UnsafeMutablePointer<UInt64>?) -> Int32 {
        guard let timer else { return SLUICE_ERR_INVALID }
        guard timers.count < 4096 else { return SLUICE_ERR_QUOTA }
        lastTimer += 1
        timers[lastTimer] = (Timestamp(nanoseconds: due), tag)
        timer.pointee = lastTimer
        return SLUICE_OK
    }

    private func didLog(_ level: UInt32, _ text: sluice_str, _ fields: sluice_span) -> Int32 {
        guard let level = LogLevel(rawValue: level), let span = CellSpan(fields, limit: 100) else {
            return isBroken("log: level or fields")
        }
        var facts: [String: String] = [:]
        for cell in span.cells { facts[cell.text(SLUICE_AT_field_key) ?? ""] = cell.text(SLUICE_AT_field_value) ?? "" }
        log.append(LogLine(level: level, text: ScriptedHost.text(text) ?? "", fields: facts))
        return SLUICE_OK
    }

    private func didReport(_ state: UInt32, _ expiresAt: Int64, _ error: UnsafePointer<sluice_error>?) -> Int32 {
        guard let state = SessionState(rawValue: state) else { return isBroken("session_state: state") }
        self.state = state
        let reason = withUnsafePointer(to: UInt64(UInt(bitPattern: error))) {
            Cell(base: UnsafeRawPointer($0), size: 8).error(0)
        }
        let expires = expiresAt == Int64.min || expiresAt == 0 ? nil : Timestamp(nanoseconds: expiresAt)
        states.append(StateReport(state: state, expiresAt: expires, error: reason))
        return SLUICE_OK
    }

    private func didComplete(_ token: UInt64, _ result: UnsafePointer<sluice_result>?) -> Int32 {
        guard let completion = Cell(result)?.completion(token) else { return isBroken("complete: result") }
        guard openTokens.remove(token) != nil else {
            violations.append("completion of a token that is not open: \(token)")
            return SLUICE_ERR_NOT_FOUND
        }
        completions.append(completion)
        return SLUICE_OK
    }

    private func didSend(_ token: UInt64, _ span: sluice_span) -> Int32 {
        guard openTokens.contains(token), let kind = kinds[token] else {
            violations.append("rows of a token that is not an open query: \(token)")
            return SLUICE_ERR_NOT_FOUND
        }
        guard let cells = CellSpan(span, limit: 10_000)?.cells else { return isBroken("rows: the span") }
        let lost = rows[token, default: Rows()].add(kind, cells)
        return lost == 0 ? SLUICE_OK : isBroken("rows: \(lost) elements")
    }
}
