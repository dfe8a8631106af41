import Telemetry

// What answers about telemetry hold.
extension Schema {
    static let telemetryAnswers: [Schema] =
        [
            Schema(
                name: "AnalyticsSummary", note: "What happened in a time, in numbers.",
                fields: [
                    .optional("from", .time, ""), .optional("to", .time, ""), .required("runs", .integer, ""),
                    .required("runs_by_status", .map(.integer), ""), .required("legs", .integer, ""),
                    .required("legs_by_status", .map(.integer), ""),
                    .required("legs_failed", .integer, "refused, rejected, not sent or of unknown outcome"),
                    .required("refusals", .list(.object("RefusalCount")), "most first"),
                    .required("send_spread_us", .object("SendSpread"), ""),
                    .required("latency", .list(.object("Latency")), "over everything, by stage"),
                ]),
            Schema(
                name: "RefusalCount", note: "Legs of one code of `reject`.",
                fields: [.required("code", .text, ""), .required("legs", .integer, "")]),
            Schema(
                name: "SendSpread", note: "Between a run's first and last leg handed over, microseconds.",
                fields: [
                    .required("runs", .integer, "runs of two legs or more"), .optional("mean", .integer, ""),
                    .optional("max", .integer, ""),
                ]),
            Schema(
                name: "Latency",
                note: "One stage's distribution, microseconds since receipt; percentiles within 0.1 %.",
                fields: [
                    .optional("start", .time, "of the row's window, with step_minutes"),
                    .optional("adapter_id", .text, ""), .optional("account_id", .text, ""),
                    .optional("group_id", .text, ""), .required("stage", .words(Stage.allCases.map(\.rawName)), ""),
                    .required("count", .integer, ""), .required("mean_us", .integer, ""),
                    .required("p50_us", .integer, ""), .required("p90_us", .integer, ""),
                    .required("p99_us", .integer, ""), .required("p999_us", .integer, ""),
                    .required("max_us", .integer, ""),
                ]),
            Schema(
                name: "LegOutcome", note: "Legs that ended, or stand, alike.",
                fields: [
                    .required("adapter_id", .text, ""), .required("account_id", .text, ""),
                    .required("status", .text, "as of a leg"), .optional("code", .text, "of `reject`"),
                    .required("legs", .integer, ""),
                    .required("retries", .integer, "cancels, look-ups and modifies after the first send"),
                    .optional("mean_adapter_us", .integer, "spent in the adapter, of those answered"),
                    .optional("mean_wire_us", .integer, "network and broker, of those answered"),
                    .optional("mean_network_us", .integer, "the network's share, of those it was measured of"),
                    .optional("mean_broker_us", .integer, "the broker's share, of the same"),
                ]),
            Schema(
                name: "StrategyReport", note: "What a strategy did, in one currency.",
                fields: [
                    .optional("strategy", .text, "null = orders that name none"), .required("currency", .text, ""),
                    .required("runs", .integer, ""), .required("runs_by_status", .map(.integer), ""),
                    .required("legs", .integer, ""), .required("legs_refused", .integer, ""),
                    .required("runs_priced", .integer, "runs that slippage_cost sums"),
                    .optional("slippage_cost", .decimalText, "beyond the arrival price: positive is worse"),
                ]),
            Schema(
                name: "DailyResult", note: "An account's trading day in one currency.",
                fields: [
                    .required("day", .text, "YYYY-MM-DD"), .required("account_id", .text, ""),
                    .required("currency", .text, ""),
                    .optional("result", .decimalText, "after fees; null = a position had no price"),
                    .required("fees", .decimalText, ""), .required("closed", .boolean, "whether the day is over"),
                    .required("at", .time, "when it was counted"),
                ]),
            Schema(
                name: "ProcessSession", note: "One life of the gateway's process.",
                fields: [
                    .required("id", .integer, ""), .required("started_at", .time, ""), .optional("ended_at", .time, ""),
                    .optional("reason", .text, "stopped, or killed; null while it runs"),
                    .required("version", .text, ""),
                    .required("configuration_hash", .text, "SHA-256 of the effective configuration"),
                ]),
            Schema(
                name: "Overview", note: "The gateway at a glance; counters are those since the process began.",
                fields: [
                    .required("at", .time, ""), .required("version", .text, ""), .required("serving", .boolean, ""),
                    .required("live_runs", .integer, "runs with a leg that has not ended"),
                    .required("waiting_orders", .integer, "durable, and waiting for their turn"),
                    .required("waiting_requests", .integer, "waiting for the disk"),
                    .required("event_streams", .integer, ""), .required("journal_records", .integer, ""),
                    .required("dropped_events", .integer, "by capture"),
                    .required("stopped_scopes", .map(.integer), "by state"), .optional("runs", .integer, ""),
                    .required("adapters", .list(.object("AdapterOverview")), ""),
                ]),
            Schema(
                name: "AdapterOverview", note: "One adapter at a glance.",
                fields: [
                    .required("adapter_id", .text, ""), .required("accounts", .integer, ""),
                    .required("accounts_ready", .integer, ""), .required("sessions", .map(.integer), "by state"),
                    .required("queued_commands", .integer, "in lanes' queues"),
                    .required("open_commands", .integer, "held by the adapter"),
                    .required("busy_lanes", .integer, "inside a call right now"),
                    .required("longest_call_us", .integer, "of those calls"),
                    .required("legs", .map(.integer), "by outcome"), .required("fills", .integer, ""),
                ]),
        ] + ["Latency", "LegOutcome", "StrategyReport", "DailyResult", "ProcessSession"].map(list)
}
