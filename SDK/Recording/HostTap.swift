package import CSluice

/// Where the host calls of a tapped session end: at a real host, or in a recording.
package protocol HostEnd: AnyObject {
    typealias Arguments = (inout FrameWriter) -> Void
    typealias Forward = (UnsafePointer<sluice_host>, UnsafePointer<sluice_services>) -> sluice_status
    typealias Each = @convention(c) (UnsafeMutableRawPointer?, sluice_str, sluice_bytes) -> Void

    /// One host call. Whoever has a real host runs `forward`, writes `arguments` and then `yields`; a replay compares
    /// `arguments` and fills `yields`.
    func call(
        _ name: String, _ arguments: Arguments, _ yields: (inout Yields) -> Void, _ forward: Forward
    ) -> sluice_status

    func now() -> sluice_time

    /// `kv_list`, whose answer comes by calls.
    func list(_ account: UInt32, _ prefix: sluice_str, _ context: UnsafeMutableRawPointer?, _ each: Each?)
        -> sluice_status

    /// Whether the adapter finds services at all.
    var hasServices: Bool { get }
}

/// The tables of one tapped session: the adapter is given them in the host's place, and every call of theirs comes to
/// `end` with its arguments ready to be written.
///
/// The tables are never freed: an adapter that calls late must find one that refuses.
package final class HostTap {
    package let table: UnsafeMutablePointer<sluice_host>
    let services: UnsafeMutablePointer<sluice_services>
    package unowned let end: any HostEnd
    /// What the rows of an open query are, by token.
    package var rows: [UInt64: Entity] = [:]

    package init(_ end: any HostEnd) {
        self.end = end
        table = .allocate(capacity: 1)
        services = .allocate(capacity: 1)
        table.initialize(to: Self.hostTable(Unmanaged.passUnretained(self).toOpaque()))
        services.initialize(to: Self.servicesTable())
    }

    static func of(_ host: UnsafePointer<sluice_host>?) -> HostTap? {
        guard let data = host?.pointee.host_data else { return nil }
        return Unmanaged<HostTap>.fromOpaque(data).takeUnretainedValue()
    }

    static func call(
        _ host: UnsafePointer<sluice_host>?, _ name: String, _ arguments: HostEnd.Arguments,
        yields: (inout Yields) -> Void = { _ in },
        _ forward: (UnsafePointer<sluice_host>) -> sluice_status
    ) -> sluice_status {
        guard let tap = of(host) else { return SLUICE_ERR_INVALID }
        return tap.end.call(name, arguments, yields) { real, _ in forward(real) }
    }

    private static func hostTable(_ data: UnsafeMutableRawPointer) -> sluice_host {
        var table = sluice_host()
        table.struct_size = UInt32(SLUICE_SIZE_host)
        table.host_data = data
        table.log = { host, level, text, fields in
            _ = HostTap.call(
                host, "log",
                {
                    $0.uint32("level", level)
                    $0.text("text", text)
                    $0.list("fields", fields, .field)
                },
                {
                    $0.pointee.log($0, level, text, fields)
                    return SLUICE_OK
                })
        }
        table.now = { host in HostTap.of(host)?.end.now() ?? Int64.min }
        table.random = { host, bytes, length in
            HostTap.call(
                host, "random", { $0.uint64("length", length) }, yields: { $0.fill("bytes", bytes, length) },
                { $0.pointee.random($0, bytes, length) })
        }
        table.metric = { host, name, kind, value in
            HostTap.call(
                host, "metric",
                {
                    $0.text("name", name)
                    $0.uint32("kind", kind)
                    $0.int64("value", value)
                }, { $0.pointee.metric($0, name, kind, value) })
        }
        addTimers(&table)
        addKeyValues(&table)
        addReports(&table)
        table.get_extension = { host, id in
            guard let tap = HostTap.of(host), tap.end.hasServices, let start = id.ptr,
                UnsafeRawBufferPointer(start: start, count: Int(truncatingIfNeeded: min(id.len, 128)))
                    .elementsEqual(SLUICE_SERVICES.utf8)
            else { return nil }
            return UnsafeRawPointer(tap.services)
        }
        return table
    }

    private static func addTimers(_ table: inout sluice_host) {
        table.timer_after = { host, delay, tag, timer in
            HostTap.call(
                host, "timer_after",
                {
                    $0.int64("delay_ns", delay)
                    $0.uint64("tag", tag)
                }, yields: { $0.uint64("timer", timer) }, { $0.pointee.timer_after($0, delay, tag, timer) })
        }
        table.timer_at = { host, at, tag, timer in
            HostTap.call(
                host, "timer_at",
                {
                    $0.time("at", at)
                    $0.uint64("tag", tag)
                }, yields: { $0.uint64("timer", timer) }, { $0.pointee.timer_at($0, at, tag, timer) })
        }
        table.timer_cancel = { host, timer in
            HostTap.call(host, "timer_cancel", { $0.uint64("timer", timer) }, { $0.pointee.timer_cancel($0, timer) })
        }
    }

    private static func addKeyValues(_ table: inout sluice_host) {
        table.kv_get = { host, account, kind, key, value in
            HostTap.call(
                host, "kv_get",
                {
                    $0.uint32("account", account)
                    $0.uint32("kv_class", kind)
                    $0.text("key", key)
                }, yields: { $0.bytes("value", value) }, { $0.pointee.kv_get($0, account, kind, key, value) })
        }
        table.kv_put = { host, account, kind, key, value, life in
            HostTap.call(
                host, "kv_put",
                {
                    $0.uint32("account", account)
                    $0.uint32("kv_class", kind)
                    $0.text("key", key)
                    $0.bytes("value", value)
                    $0.int64("ttl_ns", life)
                }, { $0.pointee.kv_put($0, account, kind, key, value, life) })
        }
        table.kv_delete = { host, account, kind, key in
            HostTap.call(
                host, "kv_delete",
                {
                    $0.uint32("account", account)
                    $0.uint32("kv_class", kind)
                    $0.text("key", key)
                }, { $0.pointee.kv_delete($0, account, kind, key) })
        }
        table.kv_list = { host, account, prefix, context, each in
            HostTap.of(host)?.end.list(account, prefix, context, each) ?? SLUICE_ERR_INVALID
        }
        table.watch_prices = { host, id, on in
            HostTap.call(
                host, "watch_prices",
                {
                    $0.text("instrument_id", id)
                    $0.uint32("on", on)
                }, { $0.pointee.watch_prices($0, id, on) })
        }
    }

    private static func addReports(_ table: inout sluice_host) {
        table.session_state = { host, state, expires, error in
            HostTap.call(
                host, "session_state",
                {
                    $0.uint32("state", state)
                    $0.time("expires_at", expires)
                    $0.entity("error", error, .error)
                }, { $0.pointee.session_state($0, state, expires, error) })
        }
        table.complete = { host, token, result in
            let status = HostTap.call(
                host, "complete",
                {
                    $0.uint64("token", token)
                    $0.entity("result", result, .result)
                }, { $0.pointee.complete($0, token, result) })
            if status == SLUICE_OK, let tap = HostTap.of(host), !tap.rows.isEmpty { tap.rows[token] = nil }
            return status
        }
        table.rows = { host, token, rows in
            HostTap.call(
                host, "rows",
                {
                    $0.uint64("token", token)
                    $0.list("rows", rows, HostTap.of(host)?.rows[token])
                }, { $0.pointee.rows($0, token, rows) })
        }
        table.order_update = { host, updates in
            HostTap.call(
                host, "order_update", { $0.list("updates", updates, .orderUpdate) },
                {
                    $0.pointee.order_update($0, updates)
                })
        }
        table.trade_update = { host, updates in
            HostTap.call(
                host, "trade_update", { $0.list("updates", updates, .tradeUpdate) },
                {
                    $0.pointee.trade_update($0, updates)
                })
        }
    }
}
