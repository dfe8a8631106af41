import CSluice

// The functions of `sluice_services`. What is secret stands in no frame: templates are written as the adapter gave them,
// never what they make; the value of `secret_put` is left out, what `secret_reveal` shows reads `***`.

extension HostTap {
    static func serve(
        _ host: UnsafePointer<sluice_host>?, _ name: String, _ arguments: HostEnd.Arguments,
        yields: (inout Yields) -> Void = { _ in }, _ forward: HostEnd.Forward
    ) -> sluice_status {
        guard let tap = of(host) else { return SLUICE_ERR_INVALID }
        return tap.end.call(name, arguments, yields, forward)
    }

    static func servicesTable() -> sluice_services {
        var table = sluice_services()
        table.struct_size = UInt32(SLUICE_SIZE_services)
        table.http_send = { host, request in
            HostTap.serve(
                host, "http_send", { $0.entity("request", request, .request) },
                {
                    $1.pointee.http_send($0, request)
                })
        }
        table.http_abort = { host, tag in
            HostTap.serve(host, "http_abort", { $0.uint64("tag", tag) }, { $1.pointee.http_abort($0, tag) })
        }
        addLinks(&table)
        addSecrets(&table)
        addNews(&table)
        return table
    }

    private static func addLinks(_ table: inout sluice_services) {
        table.ws_open = { host, connection, stream in
            HostTap.serve(
                host, "ws_open", { $0.entity("connection", connection, .connection) },
                yields: { $0.uint64("stream", stream) }, { $1.pointee.ws_open($0, connection, stream) })
        }
        table.ws_send = { host, stream, frame in
            HostTap.serve(
                host, "ws_send",
                {
                    $0.uint64("stream", stream)
                    $0.entity("frame", frame, .frame)
                }, { $1.pointee.ws_send($0, stream, frame) })
        }
        table.ws_close = { host, stream, code, reason in
            HostTap.serve(
                host, "ws_close",
                {
                    $0.uint64("stream", stream)
                    $0.uint32("code", code)
                    $0.text("reason", reason)
                }, { $1.pointee.ws_close($0, stream, code, reason) })
        }
        table.stream_open = { host, connection, stream in
            HostTap.serve(
                host, "stream_open", { $0.entity("connection", connection, .connection) },
                yields: { $0.uint64("stream", stream) }, { $1.pointee.stream_open($0, connection, stream) })
        }
        table.stream_send = { host, stream, frame in
            HostTap.serve(
                host, "stream_send",
                {
                    $0.uint64("stream", stream)
                    $0.entity("frame", frame, .frame)
                }, { $1.pointee.stream_send($0, stream, frame) })
        }
        table.stream_close = { host, stream in
            HostTap.serve(
                host, "stream_close", { $0.uint64("stream", stream) },
                {
                    $1.pointee.stream_close($0, stream)
                })
        }
    }

    private static func name(_ frame: inout FrameWriter, _ account: UInt32, _ name: sluice_str) {
        frame.uint32("account", account)
        frame.text("name", name)
    }

    private static func addSecrets(_ table: inout sluice_services) {
        table.secret_open = { host, account, name, handle in
            HostTap.serve(
                host, "secret_open", { HostTap.name(&$0, account, name) }, yields: { $0.uint64("handle", handle) },
                { $1.pointee.secret_open($0, account, name, handle) })
        }
        table.secret_put = { host, account, name, value, handle in
            HostTap.serve(
                host, "secret_put", { HostTap.name(&$0, account, name) }, yields: { $0.uint64("handle", handle) },
                { $1.pointee.secret_put($0, account, name, value, handle) })
        }
        table.secret_store = { host, account, name, handle, expires in
            HostTap.serve(
                host, "secret_store",
                {
                    HostTap.name(&$0, account, name)
                    $0.uint64("handle", handle)
                    $0.time("expires_at", expires)
                }, { $1.pointee.secret_store($0, account, name, handle, expires) })
        }
        table.secret_erase = { host, account, name in
            HostTap.serve(
                host, "secret_erase", { HostTap.name(&$0, account, name) },
                {
                    $1.pointee.secret_erase($0, account, name)
                })
        }
        table.secret_expiry = { host, account, name, expires in
            HostTap.serve(
                host, "secret_expiry", { HostTap.name(&$0, account, name) },
                yields: { $0.time("expires_at", expires) }, { $1.pointee.secret_expiry($0, account, name, expires) })
        }
        table.secret_reveal = { host, handle, value in
            HostTap.serve(
                host, "secret_reveal", { $0.uint64("handle", handle) },
                yields: { $0.bytes("value", value, isMasked: true) }, { $1.pointee.secret_reveal($0, handle, value) })
        }
        table.crypto = { host, value, result in
            HostTap.serve(
                host, "crypto", { $0.entity("value", value, .template) },
                yields: { $0.bytes("result", result, isMasked: HostTap.makesCode(value)) },
                { $1.pointee.crypto($0, value, result) })
        }
        table.crypto_derive = { host, account, name, value, handle in
            HostTap.serve(
                host, "crypto_derive",
                {
                    HostTap.name(&$0, account, name)
                    $0.entity("value", value, .template)
                }, yields: { $0.uint64("handle", handle) },
                { $1.pointee.crypto_derive($0, account, name, value, handle) })
        }
    }

    /// Whether a template makes a one-time code: good for half a minute, and as secret as a password for so long.
    private static func makesCode(_ template: UnsafePointer<sluice_template>?) -> Bool {
        guard let template, Int(template.pointee.struct_size) >= SLUICE_SIZE_template,
            let start = template.pointee.nodes.ptr, template.pointee.nodes.count <= 256
        else { return false }
        let stride = Int(template.pointee.nodes.stride)
        return (0..<Int(template.pointee.nodes.count)).contains { index in
            start.loadUnaligned(fromByteOffset: index * stride + SLUICE_AT_node_kind, as: UInt32.self)
                == SLUICE_NODE_TOTP
        }
    }

    private static func addNews(_ table: inout sluice_services) {
        table.rate_feedback = { host, feedback in
            HostTap.serve(
                host, "rate_feedback", { $0.entity("feedback", feedback, .rateFeedback) },
                {
                    $1.pointee.rate_feedback($0, feedback)
                })
        }
        table.server_time = { host, time in
            HostTap.serve(host, "server_time", { $0.time("broker_time", time) }, { $1.pointee.server_time($0, time) })
        }
        table.session_report = { host, report in
            HostTap.serve(
                host, "session_report", { $0.entity("report", report, .sessionReport) },
                {
                    $1.pointee.session_report($0, report)
                })
        }
        table.progress = { host, token, question in
            HostTap.serve(
                host, "progress",
                {
                    $0.uint64("token", token)
                    $0.entity("question", question, .question)
                }, { $1.pointee.progress($0, token, question) })
        }
        table.ticks = { host, ticks in
            HostTap.serve(host, "ticks", { $0.list("ticks", ticks, .tick) }, { $1.pointee.ticks($0, ticks) })
        }
        table.instrument_by_alias = { host, alias, instrument in
            HostTap.serve(
                host, "instrument_by_alias", { $0.text("alias", alias) },
                yields: { $0.instrument("instrument", instrument) },
                { $1.pointee.instrument_by_alias($0, alias, instrument) })
        }
    }
}
