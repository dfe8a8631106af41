import Domain
import Gateway
import Telemetry

/// The gateway at a glance, for a terminal's overview.
extension Backend {
    func showLive(_ call: Call) async throws -> Answer {
        try call.query.check()
        let figures = gateway.figures()
        let service = runtime.telemetry
        let counted = try await offLoop { () -> MetricsBook.Figures? in
            service.recorder?.collect()
            return service.recorder?.metrics.figures
        }
        return .json(reserving: 2_048) {
            $0.object {
                $0.member("at", gateway.clock.wall())
                $0.member("version", Sluice.version)
                $0.member("serving", figures.isServing)
                $0.member("live_runs", figures.liveRuns)
                $0.member("waiting_orders", figures.waitingOrders)
                $0.member("waiting_requests", figures.waitingRequests)
                $0.member("event_streams", streams.count)
                $0.member("journal_records", Int64(clamping: figures.durableSequence))
                $0.member("dropped_events", Int64(clamping: service.capture.dropped))
                $0.counts("stopped_scopes", figures.stoppedScopes.mapValues { Int64($0) })
                $0.member("runs", counted.map { Int64(clamping: $0.runs.values.reduce(0, +)) })
                $0.list("adapters", figures.adapters) { $0.adapter($1, counted) }
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func adapter(_ figures: GatewayFigures.Adapter, _ counted: MetricsBook.Figures?) {
        let name = figures.adapter.rawValue
        var outcomes: [String: Int64] = [:]
        for (key, count) in counted?.legs ?? [:] where key.adapter == name {
            outcomes[key.outcome] = Int64(clamping: count)
        }
        object {
            $0.member("adapter_id", name)
            $0.member("accounts", figures.accounts)
            $0.member("accounts_ready", figures.accountsReady)
            $0.counts("sessions", figures.sessions.mapValues { Int64($0) })
            $0.member("queued_commands", figures.queuedCommands)
            $0.member("open_commands", figures.openCommands)
            $0.member("busy_lanes", figures.busyLanes)
            $0.member("longest_call_us", figures.longestCall / 1_000)
            $0.counts("legs", outcomes)
            $0.member("fills", Int64(clamping: counted?.fills[name] ?? 0))
        }
    }
}
