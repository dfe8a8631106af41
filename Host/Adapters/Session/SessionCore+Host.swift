import CHost
import CSluice
import Domain
import Faults
import Logging

// The host functions that only serve the adapter: log, time, randomness, metrics, timers, key-value memory, prices.

extension SessionCore {
    func log(_ level: UInt32, _ text: sluice_str, _ fields: sluice_span) {
        guard logBudget.take(now: clock.monotonic()) else {
            counters.droppedLogLines &+= 1
            return
        }
        do throws(ContractBreach) {
            let message = try text.text("text", limit: Bounds.logTextBytes) ?? ""
            let span = try SpanReader(fields, size: EntitySize.field, limit: Bounds.fieldsPerLogLine, "fields")
            var metadata: Logger.Metadata = ["adapter.text": "\(message.printableLine)"]
            for index in 0..<span.count {
                let field = try span.element(index, size: EntitySize.field, "fields")
                    .assumingMemoryBound(to: sluice_field.self)
                let key = try field.pointee.key.required("fields.key")
                let value = try field.pointee.value.text("fields.value", limit: Bounds.logTextBytes) ?? ""
                metadata["adapter.\(key.printableLine)"] = "\(value.printableLine)"
            }
            logger.log(level: Self.level(level), "Adapter says", metadata: metadata)
        } catch {
            _ = breach("log", error)
        }
    }

    private static func level(_ raw: UInt32) -> Logger.Level {
        switch raw {
        case SLUICE_LEVEL_TRACE: .trace
        case SLUICE_LEVEL_DEBUG: .debug
        case SLUICE_LEVEL_INFO: .info
        case SLUICE_LEVEL_NOTICE: .notice
        case SLUICE_LEVEL_WARNING: .warning
        default: .error
        }
    }

    func now() -> sluice_time {
        if let frozenWall { return frozenWall }
        let now = clock.wall().nanoseconds
        frozenWall = now
        return now
    }

    func random(_ bytes: UnsafeMutablePointer<UInt8>?, _ length: UInt64) -> sluice_status {
        guard let bytes, length <= Bounds.randomBytes else {
            return breach(
                "random", ContractBreach("bytes", "are null or \(length) in number; at most \(Bounds.randomBytes)"))
        }
        randomSource.fill(UnsafeMutableRawBufferPointer(start: bytes, count: Int(length)))
        return SLUICE_OK
    }

    func metric(_ name: sluice_str, _ kind: UInt32, _ value: Int64) -> sluice_status {
        do throws(ContractBreach) {
            let name = try name.required("name", limit: Bounds.metricNameBytes)
            guard name.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }) else {
                throw ContractBreach("name", "\(name.printableLine) is not [a-z0-9_]{1,64}")
            }
            guard let kind = UInt8(exactly: kind).flatMap(AdapterMetric.Kind.init(rawValue:)) else {
                throw ContractBreach("kind", "is \(kind); counter 1, gauge 2 or duration 3")
            }
            guard metrics[name] != nil || metrics.count < Bounds.metricNames else {
                return quota("metric names", Bounds.metricNames)
            }
            var metric = metrics[name] ?? AdapterMetric(kind: kind, value: 0, count: 0, largest: .min)
            guard metric.kind == kind else { throw ContractBreach("kind", "\(name) was reported as another kind") }
            let (sum, overflow) = metric.value.addingReportingOverflow(value)
            metric.value = kind == .gauge ? value : overflow ? (value < 0 ? .min : .max) : sum
            metric.count &+= 1
            metric.largest = max(metric.largest, value)
            metrics[name] = metric
            return SLUICE_OK
        } catch {
            return breach("metric", error)
        }
    }

    // MARK: - Timers

    func timerAfter(_ delay: Int64, _ tag: UInt64, _ timer: UnsafeMutablePointer<UInt64>?) -> sluice_status {
        guard let timer, delay >= 0 else {
            return breach("timer_after", ContractBreach("delay_ns", "is \(delay), or the place for the number is null"))
        }
        let (due, overflow) = clock.monotonic().addingReportingOverflow(delay)
        guard let number = timers.add(after: overflow ? .max : due, tag: tag) else {
            return quota("pending timers", Bounds.pendingTimers)
        }
        timer.pointee = number
        return SLUICE_OK
    }

    func timerAt(_ at: sluice_time, _ tag: UInt64, _ timer: UnsafeMutablePointer<UInt64>?) -> sluice_status {
        guard let timer, at != .min else {
            return breach("timer_at", ContractBreach("at", "is absent, or the place for the number is null"))
        }
        guard let number = timers.add(at: at, tag: tag) else { return quota("pending timers", Bounds.pendingTimers) }
        timer.pointee = number
        return SLUICE_OK
    }

    func timerCancel(_ timer: UInt64) -> sluice_status { timers.cancel(timer) ? SLUICE_OK : SLUICE_ERR_NOT_FOUND }

    // MARK: - Key-value memory

    private func key(_ account: UInt32, _ kind: UInt32?, _ key: sluice_str) throws(ContractBreach) -> [UInt8] {
        guard Int(account) < keyValues.count else {
            throw ContractBreach("account", "is \(account); the session has accounts 0 to \(keyValues.count - 1)")
        }
        if let kind, kind != SLUICE_KV_CACHE, kind != SLUICE_KV_DURABLE {
            throw ContractBreach("kv_class", "is \(kind); cache 1 or durable 2")
        }
        guard let start = key.ptr, key.len > 0, key.len <= UInt64(Bounds.keyBytes) else {
            throw ContractBreach("key", "has \(key.len) bytes; 1 to \(Bounds.keyBytes)")
        }
        return Array(UnsafeRawBufferPointer(start: start, count: Int(key.len)))
    }

    func keyValueGet(
        _ account: UInt32, _ kind: UInt32, _ key: sluice_str, _ value: UnsafeMutablePointer<sluice_bytes>?
    ) -> sluice_status {
        do throws(ContractBreach) {
            let key = try self.key(account, kind, key)
            guard let value else { throw ContractBreach("value", "is null") }
            let found =
                kind == SLUICE_KV_DURABLE
                ? keyValues[Int(account)].durable(key)
                : keyValues[Int(account)].cached(key, now: clock.monotonic())
            guard let found else {
                value.pointee = sluice_bytes()
                return SLUICE_ERR_NOT_FOUND
            }
            views.append(found)
            value.pointee = sluice_bytes(ptr: UnsafePointer(found.start), len: UInt64(found.count))
            return SLUICE_OK
        } catch {
            return breach("kv_get", error)
        }
    }

    func keyValuePut(
        _ account: UInt32, _ kind: UInt32, _ key: sluice_str, _ value: sluice_bytes, _ life: Int64
    ) -> sluice_status {
        do throws(ContractBreach) {
            let key = try self.key(account, kind, key)
            guard value.len <= UInt64(Bounds.valueBytes), value.ptr != nil || value.len == 0 else {
                throw ContractBreach("value", "has \(value.len) bytes; at most \(Bounds.valueBytes), not null")
            }
            guard life >= 0 else { throw ContractBreach("ttl_ns", "is \(life); 0 = until evicted") }
            let bytes = PinnedBytes(copying: value.ptr, count: Int(value.len))
            if kind == SLUICE_KV_DURABLE {
                guard events.count <= Bounds.eventsPerTurn else {
                    return quota("events of one turn", Bounds.eventsPerTurn)
                }
                guard keyValues[Int(account)].putDurable(key, bytes) else {
                    return quota("durable bytes of an account", keyValues[Int(account)].quotaBytes)
                }
                events.append(
                    .keyValue(KeyValueWrite(account: reader.accounts[Int(account)].id, key: key, value: bytes.array)))
                FaultPoint.hit(.laneKeyValuePut)
                return SLUICE_OK
            }
            let now = clock.monotonic()
            let (expires, overflow) = now.addingReportingOverflow(life)
            guard
                keyValues[Int(account)].putCached(
                    key, bytes, expires: life == 0 || overflow ? .max : expires, now: now)
            else { return quota("cache bytes of an account", keyValues[Int(account)].quotaBytes) }
            return SLUICE_OK
        } catch {
            return breach("kv_put", error)
        }
    }

    func keyValueDelete(_ account: UInt32, _ kind: UInt32, _ key: sluice_str) -> sluice_status {
        do throws(ContractBreach) {
            let key = try self.key(account, kind, key)
            if kind == SLUICE_KV_CACHE {
                return keyValues[Int(account)].deleteCached(key) ? SLUICE_OK : SLUICE_ERR_NOT_FOUND
            }
            guard keyValues[Int(account)].deleteDurable(key) else { return SLUICE_ERR_NOT_FOUND }
            events.append(
                .keyValue(KeyValueWrite(account: reader.accounts[Int(account)].id, key: key, value: nil)))
            return SLUICE_OK
        } catch {
            return breach("kv_delete", error)
        }
    }

    /// `each` may call no host function: while it runs the host is closed to this thread.
    func keyValueList(
        _ account: UInt32, _ prefix: sluice_str, _ context: UnsafeMutableRawPointer?,
        _ each: (@convention(c) (UnsafeMutableRawPointer?, sluice_str, sluice_bytes) -> Void)?
    ) -> sluice_status {
        guard Int(account) < keyValues.count, let each, prefix.len <= UInt64(Bounds.keyBytes),
            prefix.ptr != nil || prefix.len == 0
        else {
            return breach(
                "kv_list",
                ContractBreach("account", "is \(account), or the prefix has \(prefix.len) bytes, or each is null"))
        }
        let prefix = prefix.ptr.map { Array(UnsafeRawBufferPointer(start: $0, count: Int(prefix.len))) } ?? []
        let found = keyValues[Int(account)].durable(prefix: prefix)
        chost_lane_enter(shared.table, nil)
        for entry in found {
            let key = PinnedBytes(entry.key)
            withExtendedLifetime((key, entry.value)) {
                each(
                    context, key.text,
                    sluice_bytes(ptr: UnsafePointer(entry.value.start), len: UInt64(entry.value.count)))
            }
        }
        chost_lane_enter(shared.table, Unmanaged.passUnretained(self).toOpaque())
        let refused = shared.load(.reentrant)
        if refused > 0 {
            shared.store(.reentrant, 0)
            counters.breaches &+= refused
        }
        return SLUICE_OK
    }

    // MARK: - Prices

    func watchPrices(_ id: sluice_str, _ on: UInt32) -> sluice_status {
        guard adapter.description.capabilities.contains(.consumesPrices) else { return SLUICE_ERR_UNSUPPORTED }
        do throws(ContractBreach) {
            let symbol = try reader.requiredInstrument(id, "instrument_id")
            guard let prices = services.prices, let instrument = prices.resolve(symbol) else {
                return SLUICE_ERR_NOT_FOUND
            }
            if on == 0 {
                guard watched.removeValue(forKey: instrument) != nil else { return SLUICE_ERR_NOT_FOUND }
                session.stopPrices(instrument)
                prices.unwatch(instrument, for: session)
                return SLUICE_OK
            }
            if watched[instrument] == nil {
                guard watched.count < Bounds.watchedInstruments else {
                    return quota("watched instruments", Bounds.watchedInstruments)
                }
                watched[instrument] = PinnedBytes(symbol.text.utf8)
                session.startPrices(instrument)
                prices.watch(instrument, for: session)
            }
            if snapshots.count < Bounds.watchedInstruments, let quote = prices.snapshot(instrument) {
                snapshots.append(quote)
                snapshotInstruments.append(instrument)
            }
            return SLUICE_OK
        } catch {
            return breach("watch_prices", error)
        }
    }
}

extension String {
    /// The text with control characters escaped, so that an adapter's words cannot forge lines of a log.
    var printableLine: String {
        guard unicodeScalars.contains(where: { $0.value < 0x20 || ($0.value >= 0x7F && $0.value < 0xA0) }) else {
            return self
        }
        return unicodeScalars.map {
            $0.value < 0x20 || ($0.value >= 0x7F && $0.value < 0xA0) ? $0.escaped(asASCII: true) : String($0)
        }
        .joined()
    }
}
