import Domain
import Foundation
import Gateway
import HTTPTypes
import Hummingbird
import Telemetry

/// `/metrics`, for scrapers.
extension Backend {
    /// The Prometheus text format; OpenMetrics, with exemplars that name runs, where `Accept` asks for it.
    func showMetrics(_ call: Call) async throws -> Answer {
        try call.query.check()
        let accepted = call.request.headers[.accept] ?? ""
        var text = MetricsText(accepted.contains("application/openmetrics-text") ? .openMetrics : .plain)
        text.write(gateway.figures(), streams: streams.count)
        let service = runtime.telemetry
        if let recorder = service.recorder {
            let store = service.store
            let size = try await offLoop { () -> Int64? in
                recorder.collect()
                return try? store?.sizeInUse()
            }
            text.write(recorder.metrics.figures, capture: service.capture)
            text.family("sluice_telemetry_capture_enabled", .gauge, "1 while capture is on.")
            text.sample([], service.capture.isOn ? 1 : 0)
            if let size {
                text.family("sluice_telemetry_file_bytes", .gauge, unit: "bytes", "Bytes of the telemetry file in use.")
                text.sample([], Int(size))
            }
        }
        text.write(ProcessFigures.read())
        text.finish()
        return Answer(
            .ok, headers: [.contentType: text.format.contentType, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text.text)))
    }
}

extension MetricsText {
    fileprivate mutating func write(_ figures: GatewayFigures, streams: Int) {
        family("sluice_build_info", .gauge, "1, with what this build is.")
        sample([("version", Sluice.version)], 1)
        family("sluice_serving", .gauge, "1 while orders are admitted.")
        sample([], figures.isServing ? 1 : 0)
        family("sluice_live_runs", .gauge, "Runs with a leg that has not ended.")
        sample([], figures.liveRuns)
        family("sluice_waiting_requests", .gauge, "Requests that wait for the disk.")
        sample([], figures.waitingRequests)
        family("sluice_waiting_orders", .gauge, "Durable orders that wait for their turn to be handed over.")
        sample([], figures.waitingOrders)
        family("sluice_journal_records", .counter, "Journal records that are durable.")
        sample([], figures.durableSequence)
        family("sluice_stopped_scopes", .gauge, "Scopes that are not active, by state.")
        for (state, count) in figures.stoppedScopes.sorted(by: { $0.key < $1.key }) {
            sample([("state", state)], count)
        }
        family("sluice_event_streams", .gauge, "Clients of the event stream.")
        sample([], streams)
        let labelled = figures.adapters.map { figures in
            let labels: [(name: String, value: String)] = [("adapter", figures.adapter.rawValue)]
            return (labels: labels, figures: figures)
        }
        family("sluice_accounts", .gauge, "Accounts, by adapter.")
        for entry in labelled { sample(entry.labels, entry.figures.accounts) }
        family("sluice_accounts_ready", .gauge, "Accounts that take orders, by adapter.")
        for entry in labelled { sample(entry.labels, entry.figures.accountsReady) }
        family("sluice_sessions", .gauge, "Sessions by adapter and state.")
        for entry in labelled {
            for (state, count) in entry.figures.sessions.sorted(by: { $0.key < $1.key }) {
                sample(entry.labels + [("state", state)], count)
            }
        }
        family("sluice_lane_queued_commands", .gauge, "Commands in lanes' queues, by adapter.")
        for entry in labelled { sample(entry.labels, entry.figures.queuedCommands) }
        family("sluice_lane_open_commands", .gauge, "Commands that adapters hold, by adapter.")
        for entry in labelled { sample(entry.labels, entry.figures.openCommands) }
        family(
            "sluice_lane_longest_call_seconds", .gauge, unit: "seconds",
            "How long the longest call into the adapter has been under way, by adapter.")
        for entry in labelled { sample(entry.labels, MetricsText.seconds(entry.figures.longestCall)) }
    }

    fileprivate mutating func write(_ process: ProcessFigures) {
        if let bytes = process.residentBytes {
            family("process_resident_memory_bytes", .gauge, unit: "bytes", "Resident memory size in bytes.")
            sample([], bytes)
        }
        if let ticks = process.processorHundredths {
            family("process_cpu_seconds", .counter, unit: "seconds", "Total user and system CPU time spent in seconds.")
            sample([], ExactDecimal(mantissa: Int128(ticks), exponent: -2) ?? .zero)
        }
        if let count = process.descriptors {
            family("process_open_fds", .gauge, "Number of open file descriptors.")
            sample([], count)
        }
    }
}

/// What the system says of this process.
private struct ProcessFigures {
    var residentBytes: Int?
    /// Hundredths of a second, the system's clock tick.
    var processorHundredths: Int?
    var descriptors: Int?

    static func read() -> ProcessFigures {
        var figures = ProcessFigures()
        func fields(_ path: String) -> [Substring] {
            FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }?
                .split(separator: " ") ?? []
        }
        let memory = fields("/proc/self/statm")
        if memory.count > 1 { figures.residentBytes = Int(memory[1]).map { $0 * 4_096 } }
        // The name in brackets may hold blanks; ours has none.
        let state = fields("/proc/self/stat")
        if state.count > 14, let user = Int(state[13]), let system = Int(state[14]) {
            figures.processorHundredths = user + system
        }
        figures.descriptors = try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
        return figures
    }
}
