import Domain
import Engine
import Gateway

// What answers of `/api/rms` hold.
extension Schema {
    /// What a control said of a leg. `NOT_REACHED`: an earlier one had refused it.
    private static let controlVerdicts = Kind.words([
        "PASS", "REFUSED", "CLIP", "HOLD", "ALERT", "OVERRIDDEN", "NOT_REACHED", "NOT_RECORDED",
    ])
    private static let legVerdicts = Kind.words(["PASS", "CLIP", "HOLD", "REFUSED"])

    static let riskAnswers: [Schema] =
        documentAnswers + explanationAnswers + simulationAnswers + operationAnswers
        + ["RiskVersion", "SquareOff"].map(list)

    private static let documentAnswers: [Schema] = [
        Schema(
            name: "RiskConfiguration", note: "A version of the limits with its document.",
            fields: [
                .required("version", .integer, "also the entity tag"),
                .required("document", .text, "YAML, as it was sent"),
                .required("applied_at", .time, ""), .required("applied_by", .text, "the person"),
                .required("reason", .text, ""),
            ]),
        Schema(
            name: "RiskApplied", note: "What a document changed, or would change.",
            fields: [
                .required("version", .integer, "in force now; of a dry run what it would be"),
                .required("previous_version", .integer, ""),
                .required(
                    "is_changed", .boolean, "false: the document says what the live one says; nothing was stored"),
                .required("is_dry_run", .boolean, ""), .required("changes", .list(.object("RiskChange")), ""),
            ]),
        Schema(
            name: "RiskChange", note: "One setting that differs between two documents.",
            fields: [
                .required(
                    "place", .text, "firm, or kind:id with profile, group, account, instrument, adapter or strategy"),
                .required("control", .text, "empty where the place's profile changes"), .required("key", .text, ""),
                .optional("before", .text, "null = not set there"), .optional("after", .text, "null = not set there"),
                .required("effect", .words(["tighter", "looser", "changed"]), ""),
            ]),
        Schema(
            name: "RiskDiff", note: "What differs between two documents.",
            fields: [
                .required("from_version", .integer, ""), .optional("to_version", .integer, "null for a document"),
                .required("differs", .boolean, ""), .required("changes", .list(.object("RiskChange")), ""),
            ]),
        Schema(
            name: "RiskVersion", note: "A version of the limits.",
            fields: [
                .required("version", .integer, ""), .required("applied_at", .time, ""),
                .required("applied_by", .text, ""), .required("reason", .text, ""),
                .required("changes", .integer, "settings that differ from the version before"),
                .required("is_document_kept", .boolean, "false: it can be neither shown nor gone back to"),
            ]),
        Schema(
            name: "EffectiveLimits",
            note: "Every limit that binds a scope: its own first, then those of what it belongs to.",
            fields: [
                .required("scope", .text, ""), .required("version", .integer, ""),
                .required("limits", .list(.object("EffectiveLimit")), ""),
            ]),
        Schema(
            name: "EffectiveLimit", note: "One setting of a control.",
            fields: [
                .required("control", .text, ""), .required("key", .text, ""), .required("value", .text, ""),
                .required("origin", .text, "the place that sets it, or 'shipped default'"),
                .required("binds", .text, "the scope whose total it bounds"),
            ]),
    ]

    private static let explanationAnswers: [Schema] = [
        Schema(
            name: "Explanation", note: "Every control in its order, for each leg; the same code as admission.",
            fields: [
                .required("config_version", .integer, ""), .required("as_of", .time, "the state it is judged by"),
                .optional("run_id", .text, "null for an order that was not placed"),
                .required("legs", .list(.object("ExplainedLeg")), ""), .required("notes", .list(.text), ""),
            ]),
        Schema(
            name: "ExplainedLeg", note: "One leg and what each control says of it.",
            fields: [
                .optional("leg_id", .text, ""), .required("account_id", .text, ""),
                .required("symbol", .text, "what the account trades; the parent's where that was not found"),
                .required("side", words(Side.self), ""), .required("quantity", .decimalText, "as allocated"),
                .required("verdict", legVerdicts, ""), .required("ordered_quantity", .decimalText, "after clipping"),
                .required("controls", .list(.object("ExplainedControl")), "every control, in evaluation order"),
                .optional("recorded", .object("Reject"), "what was recorded when the leg was refused"),
            ]),
        Schema(
            name: "ExplainedControl", note: "A control's verdict; its figures are null where it has none.",
            fields: [
                .required("control", .text, ""), .required("verdict", controlVerdicts, ""),
                .optional("code", .text, "that of a refusal"), .optional("scope", .text, ""),
                .optional("limit", .text, "a decimal, or 'unlimited'"), .optional("observed", .decimalText, ""),
                .optional("projected", .decimalText, ""), .optional("unit", .text, ""),
                .optional("input_ages_ms", .map(.integer), "input to its age"), .optional("message", .text, ""),
            ]),
    ]

    private static let simulationAnswers: [Schema] = [
        Schema(
            name: "Simulation",
            note: "Orders that were, judged by other limits; of a scenario steps and is_expected alone.",
            fields: [
                .optional("from_version", .integer, "the limits the orders were judged by last"),
                .optional("runs", .integer, ""), .optional("legs", .integer, ""),
                .optional("refused", .integer, "legs that were admitted and would be refused"),
                .optional("clipped", .integer, "legs that would be smaller"),
                .optional("newly_admitted", .integer, "legs that were refused and would be admitted"),
                .optional("enlarged", .integer, "legs that a clip had made smaller and that would be larger"),
                .optional("unchanged", .integer, ""),
                .optional("undecided", .integer, "legs that cannot be judged anew"),
                .optional("by_control", .list(.object("SimulatedControl")), ""),
                .optional("differences", .list(.object("SimulatedLeg")), ""),
                .optional("is_truncated", .boolean, "not every difference is listed"),
                .optional("notes", .list(.text), ""), .optional("steps", .list(.object("ScenarioStep")), ""),
                .optional("is_expected", .boolean, "whether every expectation of the scenario holds"),
            ]),
        Schema(
            name: "SimulatedControl", note: "How many legs a control would have changed.",
            fields: [
                .required("control", .text, ""), .required("refused", .integer, ""), .required("clipped", .integer, ""),
                .required("newly_admitted", .integer, "legs that it had refused"),
            ]),
        Schema(
            name: "SimulatedLeg", note: "A leg that would have ended otherwise.",
            fields: [
                .required("leg_id", .text, ""), .required("run_id", .text, ""), .required("account_id", .text, ""),
                .required("symbol", .text, ""), .required("side", words(Side.self), ""),
                .required("admitted_at", .time, ""),
                .required("before", .text, "ADMITTED, or REFUSED and the code"), .required("after", .text, "the same"),
                .required("before_quantity", .decimalText, ""), .required("after_quantity", .decimalText, ""),
                .optional("control", .text, ""), .optional("limit", .decimalText, ""),
                .optional("observed", .decimalText, ""), .optional("projected", .decimalText, ""),
                .optional("unit", .text, ""),
            ]),
        Schema(
            name: "ScenarioStep", note: "One step of a story and what came of it.",
            fields: [
                .required("step", .integer, "from 1"), .required("action", .text, "order, price, fill, funds, halt …"),
                .optional("expect", .text, "what the story expects, REFUSED max_position"),
                .optional("is_expected", .boolean, "null where nothing is expected"),
                .optional("run", .object("Run"), "of an order, as in a preview"), .optional("message", .text, ""),
            ]),
    ]

    private static let operationAnswers: [Schema] = [
        Schema(
            name: "ControlUsage", note: "How much of a limit is used; only of what is limited.",
            fields: [
                .required("control", .text, ""), .optional("used", .text, "null while an input is missing"),
                .required("limit", .text, ""), .required("unit", .text, ""),
                .optional("used_bps", .integer, "used / limit in ten-thousandths"),
            ]),
        Schema(
            name: "FirmUsage", note: "Use of the firm's limits.",
            fields: [.required("usage", .list(.object("ControlUsage")), "")]),
        Schema(
            name: "GroupUsage", note: "Use of a group's limits.",
            fields: [
                .required("group_id", .text, ""), .required("state", tradingStates, ""),
                .required("usage", .list(.object("ControlUsage")), ""),
            ]),
        Schema(
            name: "Override", note: "Orders that may pass a control, for a time.",
            fields: [
                .required("override_id", .text, ""), .required("control", .text, ""), .required("scope", .text, ""),
                .required("until", .time, ""), .required("max_uses", .integer, ""), .required("uses", .integer, ""),
                .required("reason", .text, ""), .required("by", .text, "the person"), .required("at", .time, ""),
                .required("is_active", .boolean, "false: expired, used up or revoked"),
            ]),
        Schema(
            name: "OverrideList", note: "Every override.",
            fields: [.required("items", .list(.object("Override")), "")]),
        Schema(
            name: "SquareOff", note: "A scope that is being made flat.",
            fields: [
                .required("square_off_id", .text, ""), .required("scope", .text, ""),
                .required("status", .words(["WORKING", "DONE", "BLOCKED", "CANCELED"]), ""),
                .required("reason", .text, ""), .required("by", .text, ""), .required("at", .time, ""),
                .optional("done_at", .time, ""), .required("positions", .list(.object("SquareOffPosition")), ""),
            ]),
        Schema(
            name: "SquareOffPosition", note: "A position that is being closed.",
            fields: [
                .required("account_id", .text, ""), .required("symbol", .text, ""),
                .required("quantity", .decimalText, "signed, as it is now"),
                .required("status", .words(["WAITING", "WORKING", "FLAT", "BLOCKED"]), ""),
                .optional("message", .text, "what is in the way"),
                .optional("run_id", .text, "the order that closes it"),
            ]),
        Schema(
            name: "Emergency", note: "Whether trading as a whole is stopped.",
            fields: [
                .required("state", tradingStates, "of the firm"), .optional("reason", .text, ""),
                .optional("by", .text, ""), .optional("at", .time, ""),
                .optional("square_off", .object("SquareOff"), "what closes every position, while it does"),
            ]),
        Schema(
            name: "Preflight", note: "What an order will need, looked at together.",
            fields: [
                .required("at", .time, ""), .required("outcome", .words(["pass", "warn", "fail"]), "the worst of all"),
                .required("checks", .list(.object("PreflightCheck")), ""),
            ]),
        Schema(
            name: "PreflightCheck", note: "One thing that was looked at.",
            fields: [
                .required("check", .words(PreflightCheck.Kind.allCases.map(\.rawValue)), ""),
                .optional("account_id", .text, "null: it concerns the gateway as a whole"),
                .required("outcome", .words(["pass", "warn", "fail"]), ""), .required("detail", .text, ""),
                .optional("remedy", .text, "what to do"),
            ]),
        Schema(
            name: "Heartbeat", note: "A watch over whoever trades.",
            fields: [
                .required("key_id", .text, ""), .optional("person", .text, "only in the status"),
                .required("scope", .text, ""), .required("ttl_ms", .integer, "0 = no longer watched"),
                .optional("expires_at", .time, "when the gateway acts unless another one comes"),
            ]),
    ]

    /// The words of a scope's trading state.
    static let tradingStates = Kind.words(["active", "cool_off", "reducing", "halted"])
}
