import CSluice

/// The functions of `sluice_services` as C sees them. One table for every session: each call says whose it is.
///
/// `@unchecked Sendable`: the memory is written before anyone has it, and never freed.
final class ServicesTable: @unchecked Sendable {
    static let shared = ServicesTable()
    let pointer: UnsafePointer<sluice_services>

    private init() {
        let memory = UnsafeMutablePointer<sluice_services>.allocate(capacity: 1)
        memory.initialize(to: Self.make())
        pointer = UnsafePointer(memory)
    }

    /// `nil` for every other id.
    static func find(_ id: sluice_str) -> UnsafeRawPointer? {
        (try? id.text("id", limit: 128)) == .some(SLUICE_SERVICES) ? UnsafeRawPointer(shared.pointer) : nil
    }

    private static func make() -> sluice_services {
        var table = sluice_services()
        table.struct_size = UInt32(MemoryLayout<sluice_services>.size)
        table.http_send = { host, request in HostTable.with(host) { $0.httpSend(request) } }
        table.http_abort = { host, tag in HostTable.with(host) { $0.httpAbort(tag) } }
        addLinks(&table)
        addSecrets(&table)
        table.rate_feedback = { host, feedback in HostTable.with(host) { $0.rateFeedback(feedback) } }
        table.server_time = { host, time in HostTable.with(host) { $0.serverTime(time) } }
        table.session_report = { host, report in HostTable.with(host) { $0.sessionReport(report) } }
        table.progress = { host, token, question in HostTable.with(host) { $0.progress(token, question) } }
        table.ticks = { host, ticks in HostTable.with(host) { $0.ticks(ticks) } }
        table.instrument_by_alias = { host, alias, instrument in
            HostTable.with(host) { $0.instrumentByAlias(alias, instrument) }
        }
        return table
    }

    private static func addLinks(_ table: inout sluice_services) {
        table.ws_open = { host, connection, stream in
            HostTable.with(host) { $0.linkOpen(connection, isWebSocket: true, stream) }
        }
        table.ws_send = { host, stream, frame in
            HostTable.with(host) { $0.linkSend(stream, frame, isWebSocket: true) }
        }
        table.ws_close = { host, stream, code, reason in
            HostTable.with(host) { $0.linkClose(stream, code, reason, isWebSocket: true) }
        }
        table.stream_open = { host, connection, stream in
            HostTable.with(host) { $0.linkOpen(connection, isWebSocket: false, stream) }
        }
        table.stream_send = { host, stream, frame in
            HostTable.with(host) { $0.linkSend(stream, frame, isWebSocket: false) }
        }
        table.stream_close = { host, stream in
            HostTable.with(host) { $0.linkClose(stream, 0, sluice_str(), isWebSocket: false) }
        }
    }

    private static func addSecrets(_ table: inout sluice_services) {
        table.secret_open = { host, account, name, handle in
            HostTable.with(host) { $0.secretOpen(account, name, handle) }
        }
        table.secret_put = { host, account, name, value, handle in
            HostTable.with(host) { $0.secretPut(account, name, value, handle) }
        }
        table.secret_store = { host, account, name, handle, expires in
            HostTable.with(host) { $0.secretStore(account, name, handle, expires) }
        }
        table.secret_erase = { host, account, name in HostTable.with(host) { $0.secretErase(account, name) } }
        table.secret_expiry = { host, account, name, expires in
            HostTable.with(host) { $0.secretExpiry(account, name, expires) }
        }
        table.secret_reveal = { host, handle, value in HostTable.with(host) { $0.secretReveal(handle, value) } }
        table.crypto = { host, value, result in HostTable.with(host) { $0.crypto(value, result) } }
        table.crypto_derive = { host, account, name, value, handle in
            HostTable.with(host) { $0.cryptoDerive(account, name, value, handle) }
        }
    }
}
