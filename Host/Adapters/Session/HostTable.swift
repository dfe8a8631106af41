import CHost
import CSluice

/// The functions of `sluice_host` as C sees them: each finds its session by the thread it is called on, or refuses.
///
/// Every function may be called only during a lane call of its own session (header, "re-entrancy"). The thread-local
/// of `CHost` says which call that is; a call on another thread, after the call, or with another session's table
/// finds nothing.
enum HostTable {
    static func make(hostData: UnsafeMutableRawPointer) -> sluice_host {
        var table = sluice_host()
        table.struct_size = UInt32(MemoryLayout<sluice_host>.size)
        table.host_data = hostData
        table.log = { host, level, text, fields in
            HostTable.with(host, otherwise: ()) { $0.log(level, text, fields) }
        }
        table.now = { host in HostTable.with(host, otherwise: sluice_time.min) { $0.now() } }
        table.random = { host, bytes, length in HostTable.with(host) { $0.random(bytes, length) } }
        table.metric = { host, name, kind, value in HostTable.with(host) { $0.metric(name, kind, value) } }
        table.timer_after = { host, delay, tag, timer in HostTable.with(host) { $0.timerAfter(delay, tag, timer) } }
        table.timer_at = { host, at, tag, timer in HostTable.with(host) { $0.timerAt(at, tag, timer) } }
        table.timer_cancel = { host, timer in HostTable.with(host) { $0.timerCancel(timer) } }
        table.kv_get = { host, account, kind, key, value in
            HostTable.with(host) { $0.keyValueGet(account, kind, key, value) }
        }
        table.kv_put = { host, account, kind, key, value, life in
            HostTable.with(host) { $0.keyValuePut(account, kind, key, value, life) }
        }
        table.kv_delete = { host, account, kind, key in
            HostTable.with(host) { $0.keyValueDelete(account, kind, key) }
        }
        table.kv_list = { host, account, prefix, context, each in
            HostTable.with(host) { $0.keyValueList(account, prefix, context, each) }
        }
        table.watch_prices = { host, id, on in HostTable.with(host) { $0.watchPrices(id, on) } }
        table.session_state = { host, state, expires, error in
            HostTable.with(host) { $0.sessionState(state, expires, error) }
        }
        table.complete = { host, token, result in HostTable.with(host) { $0.complete(token, result) } }
        table.rows = { host, token, rows in HostTable.with(host) { $0.rows(token, rows) } }
        table.order_update = { host, updates in HostTable.with(host) { $0.orderUpdate(updates) } }
        table.trade_update = { host, updates in HostTable.with(host) { $0.tradeUpdate(updates) } }
        table.get_extension = { _, id in ServicesTable.find(id) }  // from anywhere: the table is static
        return table
    }

    @inline(__always)
    private static func with<Result>(
        _ host: UnsafePointer<sluice_host>?, otherwise: Result, _ body: (SessionCore) -> Result
    ) -> Result {
        guard let core = chost_lane_core(host) else {
            SessionShared.countRefused(host, isReentrant: chost_lane_is_closed(host) != 0)
            return otherwise
        }
        return Unmanaged<SessionCore>.fromOpaque(core)._withUnsafeGuaranteedRef { body($0) }
    }

    @inline(__always)
    static func with(
        _ host: UnsafePointer<sluice_host>?, _ body: (SessionCore) -> sluice_status
    ) -> sluice_status {
        with(host, otherwise: SLUICE_ERR_WRONG_LANE, body)
    }
}
