import Domain
import Engine
import RiskConfiguration

// What answers hold, for `openapi.json`. A test compares what handlers write with this.
extension Schema {
    static func list(_ name: String) -> Schema {
        Schema(
            name: "\(name)List", note: "Part of a list.",
            fields: [
                .required("items", .list(.object(name)), ""), .optional("next_cursor", .text, "null on the last page"),
            ])
    }

    private static func latency(_ name: String, _ stages: [String]) -> Schema {
        Schema(
            name: name, note: "Microseconds since the request was received; null until reached.",
            fields: stages.map { .optional($0, .integer, "") })
    }

    static func plain(_ name: String, _ note: String, _ fields: [(String, Kind)]) -> Schema {
        Schema(name: name, note: note, fields: fields.map { .optional($0, $1, "") })
    }

    private static let legFields: [Field] = [
        .optional("leg_id", .text, ""), .required("account_id", .text, ""), .required("adapter_id", .text, ""),
        .required("symbol", .text, ""), .required("side", words(Side.self), ""), .optional("weight", .decimalText, ""),
        .required("allocated_quantity", .decimalText, ""), .required("ordered_quantity", .decimalText, ""),
        .required("order_type", words(OrderType.self), "as it stands, after market protection"),
        .optional("price", .decimalText, ""),
        .optional("trigger_price", .decimalText, ""), .required("status", .words(LegStatus.words), ""),
        .optional("client_order_id", .text, ""), .optional("broker_order_id", .text, ""),
        .required("slices", .list(.object("Slice")), ""), .required("cumulative_quantity", .decimalText, ""),
        .required("canceled_quantity", .decimalText, ""), .required("overfilled_quantity", .decimalText, ""),
        .optional("average_price", .decimalText, ""),
        .optional("held_until", .time, "only while held for a rate window"),
        .optional("anomaly", .boolean, "only where a fact contradicted what was known"),
        .optional("reject", .object("Reject"), ""),
        .optional("alerts", .list(.object("Reject")), "controls that only observe"),
        .required("latency_us", .object("LegLatency"), ""),
    ]

    /// Every stable code that a leg can be refused or rejected with: the controls' own, then what became of a leg that
    /// none of them refused.
    static let refusalCodes =
        RefusalCode.all.map(\.code)
        + ["broker_rejected", "broker_message", "unknown_outcome", "not_sent", "canceled_locally"]

    static let answers: [Schema] =
        [
            Schema(
                name: "Problem", note: "RFC 9457.",
                fields: [
                    .required("type", .text, ""), .required("title", .text, ""), .required("status", .integer, ""),
                    .required("detail", .text, ""), .required("code", .text, "stable"),
                    .required("errors", .list(.object("ProblemEntry")), ""), .optional("reject", .object("Reject"), ""),
                    .optional("current_version", .integer, "with version_mismatch of the limits: the stored version"),
                    .optional(
                        "changes", .list(.object("RiskChange")), "with it: what the sent document would change of it"),
                    .required("request_id", .text, ""),
                ]),
            Schema(
                name: "ProblemEntry",
                note:
                    "One thing that is wrong; path is a JSON pointer, ?name of a parameter, {name} of the path, or a header.",
                fields: [
                    .required("path", .text, ""), .optional("value", .text, "clipped to 200 characters"),
                    .required("message", .text, ""), .required("remedy", .text, ""),
                ]),
            Schema(
                name: "Run", note: "A fan-out. A preview has no ids and the status PREVIEW.",
                fields: [
                    .optional("run_id", .text, ""), .optional("group_id", .text, ""),
                    .optional("group_version", .integer, ""),
                    .required("rms_version", .integer, ""),
                    .required("status", .words(RunStatus.allCases.map(\.rawName) + ["PREVIEW"]), ""),
                    .required("symbol", .text, ""), .optional("side", words(Side.self), ""),
                    .optional("strategy", .text, ""),
                    .optional("tag", .text, ""), .required("mode", words(ExecutionMode.self), ""),
                    .required("on_leg_failure", words(LegFailurePolicy.self), ""),
                    .required("requested_quantity", .decimalText, ""),
                    .required("allocated_quantity", .decimalText, ""),
                    .required("unallocated_quantity", .decimalText, ""),
                    .required("left_out", .list(.object("LeftOut")), ""),
                    .optional("reference_price", .decimalText, ""), .required("created_at", .time, ""),
                    .required("updated_at", .time, ""), .required("latency_us", .object("RunLatency"), ""),
                    .required("legs", .list(.object("Leg")), ""),
                ]),
            Schema(name: "Leg", note: "One account's share.", fields: legFields),
            Schema(
                name: "Order", note: "A leg as an order of its own.",
                fields: [
                    .optional("order_id", .text, "the leg's id"), .optional("run_id", .text, ""),
                    .optional("group_id", .text, ""),
                    .required("product", words(Product.self), ""),
                    .required("time_in_force", words(TimeInForce.self), ""),
                    .optional("disclosed_quantity", .decimalText, "null = all of it shows"),
                    .required("order_class", words(OrderClass.self), ""), .optional("strategy", .text, ""),
                    .optional("tag", .text, ""), .required("rms_version", .integer, ""),
                    .required("run_status", .words(RunStatus.allCases.map(\.rawName) + ["PREVIEW"]), ""),
                    .required("created_at", .time, ""), .required("updated_at", .time, ""),
                ] + legFields),
            plain(
                "Slice", "One order at the broker.",
                [
                    ("client_order_id", .text), ("broker_order_id", .text), ("quantity", .decimalText),
                    ("status", .words(LegStatus.words)), ("cumulative_quantity", .decimalText),
                ]),
            plain("LeftOut", "An account without a leg.", [("account_id", .text), ("reason", .text)]),
            plain(
                "Reject", "Why a leg was refused, with the numbers.",
                [
                    ("code", .words(Self.refusalCodes)), ("control", .text), ("scope", .text), ("limit", .decimalText),
                    ("observed", .decimalText),
                    ("projected", .decimalText), ("unit", .text), ("input_ages_ms", .map(.integer)),
                    ("config_version", .integer),
                    ("message", .text), ("broker", .object("BrokerWords")),
                ]),
            plain("BrokerWords", "The broker's own.", [("code", .text), ("text", .text)]),
            latency("RunLatency", ["admitted", "durable", "last_dispatched", "done"]),
            latency(
                "LegLatency",
                ["admitted", "durable", "queued", "dispatched", "written", "first_byte", "acked", "first_fill", "done"]),
            plain(
                "Position", "By the gateway's books.",
                [
                    ("account_id", .text), ("symbol", .text), ("currency", .text), ("quantity", .decimalText),
                    ("average_price", .decimalText), ("last_price", .decimalText), ("open_buy_quantity", .decimalText),
                    ("open_sell_quantity", .decimalText), ("realised_pnl", .decimalText),
                    ("unrealised_pnl", .decimalText),
                    ("day_pnl", .decimalText), ("fees", .decimalText),
                ]),
            plain(
                "Trade", "One execution.",
                [
                    ("execution_id", .text), ("kind", .words(["NEW", "CORRECT", "BUST"])), ("replaces", .text),
                    ("account_id", .text), ("adapter_id", .text), ("order_id", .text), ("run_id", .text),
                    ("symbol", .text),
                    ("side", words(Side.self)), ("quantity", .decimalText), ("price", .decimalText),
                    ("fees", .decimalText),
                    ("transact_time", .time), ("recorded_at", .time),
                ]),
            plain(
                "Funds", "The broker's figures.",
                [
                    ("account_id", .text), ("currency", .text), ("cash", .decimalText), ("available", .decimalText),
                    ("used", .decimalText), ("equity", .decimalText), ("as_of", .time),
                ]),
            plain(
                "Holding", "The broker's figures.",
                [
                    ("account_id", .text), ("symbol", .text), ("quantity", .decimalText),
                    ("free_quantity", .decimalText),
                    ("pledged_quantity", .decimalText), ("average_price", .decimalText),
                ]),
            plain(
                "Account", "An account and how it is connected.",
                [
                    ("id", .text), ("adapter", .text), ("login", .text), ("owner", .text),
                    ("environment", words(TradingEnvironment.self)), ("currency", .text), ("config", .map(.any)),
                    ("enabled", .boolean), ("ready", .boolean), ("state", .text), ("reason", .text), ("since", .time),
                    ("expires_at", .time),
                ]),
            plain(
                "Broker", "An adapter.",
                [
                    ("id", .text), ("state", .words(["loaded", "refused", "disabled"])), ("refusal", .map(.text)),
                    ("warnings", .list(.text)), ("name", .text), ("version", .text), ("language", .text),
                    ("isolation", .text),
                    ("required", .boolean), ("sha256", .text), ("abi_minor", .integer), ("capabilities", .list(.text)),
                    ("offers", .list(.text)), ("vendor", .text), ("licence", .text), ("homepage", .text),
                    ("visibility_delay_ms", .integer), ("max_batch", .integer), ("max_in_flight", .integer),
                    ("rate_limits", .list(.any)), ("config_schema", .any), ("order_options_schema", .any),
                    ("capability_document", .any), ("health", .map(.integer)),
                    ("circuit", .words(["closed", "open", "half_open"])), ("sessions", .list(.any)),
                ]),
            plain(
                "Instrument", "A row of the instrument master.",
                instrumentFields),
            plain(
                "Event", "Something that happened.",
                [
                    ("id", .text), ("at", .time), ("topic", .text), ("type", .text), ("run_id", .text),
                    ("leg_id", .text),
                    ("account_id", .text), ("group_id", .text), ("facts", .map(.any)),
                ]),
            plain(
                "TradingState", "A scope's trading state.",
                [
                    ("scope", .text), ("state", tradingStates), ("reason", .text), ("by", .text), ("at", .time),
                    ("until", .time),
                ]),
            plain(
                "RiskStatus", "Trading states and use of limits.",
                [
                    ("config_version", .integer), ("state", tradingStates),
                    ("states", .list(.object("TradingState"))), ("accounts", .list(.object("Usage"))),
                    ("groups", .list(.object("GroupUsage"))), ("firm", .object("FirmUsage")),
                    ("overrides", .list(.object("Override"))), ("square_offs", .list(.object("SquareOff"))),
                    ("heartbeats", .list(.object("Heartbeat"))),
                ]),
            plain(
                "Usage", "Use of an account's limits.",
                [
                    ("account_id", .text), ("currency", .text), ("state", tradingStates),
                    ("usage", .list(.object("ControlUsage"))),
                ]),
            Schema(name: "Key", note: "An API key without its secret.", fields: keyFields),
            Schema(
                name: "NewKey", note: "An API key; its text is shown this once.",
                fields: keyFields + [.required("key", .text, "slc_<env>_<id>_<secret>_<crc>")]),
            plain("Health", "Liveness.", [("status", .words(["ok"]))]),
            plain(
                "Readiness", "Whether requests are admitted; accounts only for keys with scope read.",
                [
                    ("ready", .boolean), ("accounts_ready", .integer), ("accounts_total", .integer),
                    ("accounts", .list(.object("AccountReadiness"))),
                ]),
            plain(
                "AccountReadiness", "Whether an account takes orders.",
                [
                    ("account_id", .text), ("ready", .boolean), ("state", .text), ("reason", .text),
                    ("circuit", .words(["closed", "open", "half_open"])),
                ]),
        ]
        + [
            "Run", "Order", "Position", "Trade", "Funds", "Holding", "Account", "Broker", "Instrument", "Event",
            "Group", "Key",
        ].map(list) + riskAnswers + auditAnswers + reconciliationAnswers + symbolAnswers + networkAnswers
        + telemetryAnswers + exportAnswers

    private static let keyFields: [Field] = [
        .required("id", .text, ""), .required("person", .text, ""), .required("scopes", .list(.text), ""),
        .optional("groups", .list(.text), "null = every group"),
        .optional("addresses", .list(.text), "null = from anywhere"), .required("created_at", .time, ""),
        .optional("expires_at", .time, ""), .optional("revoked_at", .time, ""), .optional("last_used_at", .time, ""),
    ]
}
