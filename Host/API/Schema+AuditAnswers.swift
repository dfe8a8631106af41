import Domain
import Engine
import Gateway

// What answers of `/api/audit` and of `/explain` of a run hold.
extension Schema {
    static let auditAnswers: [Schema] = journalAnswers + storyAnswers

    private static let storyAnswers: [Schema] = [
        Schema(
            name: "RunStory", note: "A run from its request to the last news of it, as the journal tells it.",
            fields: [
                .required("run_id", .text, ""), .required("status", .words(RunStatus.allCases.map(\.rawName)), ""),
                .required("asked_by", .text, "the person, or gateway"), .optional("key_id", .text, ""),
                .required("idempotency_key", .text, ""), .required("received_at", .time, ""),
                .optional("group_id", .text, "null for an order on one account"),
                .optional("group_version", .integer, ""),
                .optional("policy", words(AllocationPolicy.self), "the group's, as it is now"),
                .required("rms_version", .integer, "limits that decided"),
                .required("mode", words(ExecutionMode.self), ""),
                .required("on_leg_failure", words(LegFailurePolicy.self), ""),
                .required("gateway_closing", .boolean, "the gateway's own closing order"),
                .required("symbol", .text, ""), .optional("side", words(Side.self), ""),
                .required("order_type", words(OrderType.self), ""), .optional("price", .decimalText, ""),
                .optional("strategy", .text, ""), .optional("tag", .text, ""),
                .required("requested_quantity", .decimalText, ""), .required("allocated_quantity", .decimalText, ""),
                .required("unallocated_quantity", .decimalText, ""),
                .optional("reference_price", .decimalText, "what controls compared with"),
                .optional("reference_age_ms", .integer, ""),
                .required("left_out", .list(.object("LeftOut")), ""), .required("legs", .list(.object("RunShare")), ""),
                .required("steps", .list(.object("RunStep")), "in order of time"),
            ]),
        Schema(
            name: "RunShare", note: "What decided one leg.",
            fields: [
                .required("leg_id", .text, ""), .required("account_id", .text, ""),
                .required("symbol", .text, "what the account trades; the parent's where that was not found"),
                .optional("reference_price", .decimalText, "of that instrument"),
                .required("side", words(Side.self), ""),
                .required("weight", .decimalText, "the policy's number, as it was when it decided"),
                .required("allocated_quantity", .decimalText, ""), .required("ordered_quantity", .decimalText, ""),
                .required("slices", .list(.text), "sizes, where it was sliced"),
                .optional("price", .decimalText, "after market protection"), .required("closing", .boolean, ""),
                .optional("held_until", .time, ""), .optional("funds", .object("ShareFunds"), "null = none were known"),
                .required("verdict", .words(["RESERVED", "HELD", "REFUSED"]), "of the controls"),
                .optional("reject", .object("Reject"), ""),
                .required("alerts", .list(.object("Reject")), "controls that only observe"),
                .required("overrides", .list(.text), "that let it pass a control"),
            ]),
        Schema(
            name: "ShareFunds", note: "What was known of the account's money.",
            fields: [
                .required("currency", .text, ""), .required("available", .decimalText, ""),
                .required("equity", .decimalText, ""),
                .required("reserved", .decimalText, "by orders that the figures could not contain"),
                .required("age_ms", .integer, "from the query to the decision"),
            ]),
        Schema(
            name: "RunStep", note: "Something that happened.",
            fields: [
                .required("at", .time, ""), .required("since_received_us", .integer, ""),
                .required("type", .text, "received, admitted, durable, queued, dispatched …"),
                .optional("leg_id", .text, ""), .optional("account_id", .text, ""), .required("text", .text, ""),
                .optional("by", .text, "who caused it"), .required("record", .integer, "the journal's record"),
            ]),
    ]

    private static let journalAnswers: [Schema] = [
        Schema(
            name: "AuditEntry", note: "One thing that was decided, done or heard.",
            fields: [
                .required("id", .text, "record-index: its place in the journal"),
                .required("at", .time, "when its record was closed"),
                .required("kind", .words(AuditKind.allCases.map(\.rawValue)), ""),
                .required("type", .text, "run_admitted, key_created …"),
                .required("by", .text, "the person, rule:CONTROL, gateway, configuration; empty: nobody decided"),
                .optional("key_id", .text, "the API key that was used"),
                .required("subject", .text, "run, order, scope, account, group or key"),
                .required("reason", .text, "empty where none was given"), .required("facts", .map(.any), ""),
            ]),
        list("AuditEntry"),
        Schema(
            name: "ChainReport", note: "Whether every record of the journal is the one that was written.",
            fields: [
                .required("whole", .boolean, ""), .required("records", .integer, "how many were looked at"),
                .required(
                    "anchor", .text,
                    "number and hash of the last record: kept elsewhere and sent again later, it finds an end that was "
                        + "cut off and a journal that was written anew"),
                .required(
                    "chained_at_upgrade", .integer, "records up to this one were chained by an upgrade; 0 = none"),
                .required("findings", .list(.object("ChainFinding")), "at most 100"),
                .required("omitted_findings", .integer, ""),
            ]),
        Schema(
            name: "ChainFinding", note: "A record that does not fit.",
            fields: [
                .required("code", .words(["missing", "altered", "impossible", "head", "anchor"]), ""),
                .required("record", .integer, "its number; 0 where it is about none"), .required("message", .text, ""),
            ]),
    ]
}
