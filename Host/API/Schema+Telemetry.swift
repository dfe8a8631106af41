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
                    .optional(
                        "retries", .integer,
                        "cancels, look-ups and modifies after the first send; null = capture saw none of the legs"),
                    .optional("mean_adapter_us", .integer, "spent in the adapter, of those it is known of"),
                    .optional("mean_wire_us", .integer, "network and broker, of those it is known of"),
                    .optional("mean_network_us", .integer, "the network's share, of those it was measured of"),
                    .optional("mean_broker_us", .integer, "the broker's share, of the same"),
                    .required("sent_first", .integer, "legs handed over before all others of their run"),
                    .required("sent_with_others", .integer, "legs of runs that handed over two or more"),
                    .optional(
                        "mean_send_place_permille", .integer,
                        "mean place of those in the order of sending: 0 always first, 1000 always last"),
                ]),
            Schema(
                name: "RunTiming", note: "Where the time of one run went, how even it was, and what its fills cost.",
                fields: [
                    .required("run_id", .text, ""), .optional("group_id", .text, ""),
                    .required("status", .text, "as of a run"), .required("currency", .text, "of prices and money"),
                    .required("requested_quantity", .decimalText, "units"),
                    .required("unallocated_quantity", .decimalText, "what no account could take"),
                    .required("left_out_accounts", .integer, "of the group; the run's left_out says why"),
                    .optional(
                        "first_in_turn", .integer, "place of the leg that was first in the turn of sending, from 1"),
                    .optional("send_spread_us", .integer, "first leg's hand-over to the last one's"),
                    .optional("arrival_price", .decimalText, "last trade when it was decided"),
                    .required("filled_quantity", .decimalText, ""),
                    .optional("slippage_cost", .decimalText, "of all legs; positive is worse than arrival"),
                    .optional("lowest_average_price", .decimalText, "of the accounts'"),
                    .optional("highest_average_price", .decimalText, "of the accounts'"),
                    .optional("price_dispersion", .decimalText, "the highest less the lowest"),
                    .required("legs", .list(.object("LegTiming")), ""),
                ]),
            Schema(
                name: "LegTiming", note: "Where the time of one leg went; null = not known, or not the case.",
                fields: [
                    .required("leg_id", .text, ""), .required("account_id", .text, ""),
                    .required("adapter_id", .text, ""), .required("status", .text, "as of a leg"),
                    .required("weight", .decimalText, "in the allocation, by the group's policy"),
                    .required("allocated_quantity", .decimalText, ""),
                    .optional("send_rank", .integer, "place in the order of sending, from 0"),
                    .optional("adapter_us", .integer, "in the adapter"),
                    .optional("wire_us", .integer, "last byte written to the first byte back; null without a network"),
                    .optional(
                        "network_us", .integer, "the TCP round trip within wire_us; null where none was measured"),
                    .optional("broker_us", .integer, "the rest of wire_us"),
                    .required("seen", .boolean, "whether telemetry has seen it: else waits and retries are not known"),
                    .required("waits", .list(.object("LegWait")), "in their order"),
                    .optional("cancels", .integer, "sent after the first send"), .optional("modifies", .integer, ""),
                    .optional("look_ups", .integer, "questions after an unknown outcome"),
                    .optional("slippage", .decimalText, "average price against arrival; positive is worse"),
                    .optional("slippage_cost", .decimalText, "the same over all that filled"),
                ]),
            Schema(
                name: "LegWait", note: "Why a leg was not handed over at once.",
                fields: [
                    .required("reason", .words(WaitReason.allCases.map(\.rawName)), ""), .required("us", .integer, ""),
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
