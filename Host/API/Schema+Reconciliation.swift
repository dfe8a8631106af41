import Engine
import Gateway

// What requests and answers of reconciliation hold.
extension Schema {
    private static let reasonNote = "1 to 500 bytes; kept in the journal with the person"

    /// Outcomes that a person may give; releasing and dropping have a route of their own.
    static let resolutions = Resolution.Outcome.allCases.filter { $0 != .released && $0 != .dropped }.map(\.rawName)

    static let reconcileRequest = Schema(
        name: "ReconcileRequest", note: "Which books are compared now.",
        fields: [.optional("account_id", .text, "default: every account that is connected")])

    static let resolveRequest = Schema(
        name: "ResolveRequest", note: "A person's word on an order that only a person can settle.",
        fields: [
            .required("outcome", .words(resolutions), ""),
            .optional("quantity", .decimal, "filled only: beyond what is known; default: all that is left"),
            .optional("price", .decimal, "filled only, and required there"), .required("reason", .text, reasonNote),
        ])

    static let releaseRequest = Schema(
        name: "ReleaseRequest", note: "What becomes of a held order.",
        fields: [
            .optional("drop", .boolean, "true withdraws it; default false: it goes as soon as message rates let it"),
            .required("reason", .text, reasonNote),
        ])

    static let reconciliationRequests = [reconcileRequest, resolveRequest, releaseRequest]

    static let reconciliationAnswers: [Schema] = [
        Schema(
            name: "Reconciliation", note: "What the last comparison of an account with its broker came to.",
            fields: [
                .required("account_id", .text, ""),
                .required("status", .words(ReconciliationReport.Status.allCases.map(\.rawValue)), ""),
                .optional("cause", .words(ReconciliationReport.Cause.allCases.map(\.rawValue)), ""),
                .optional("asked_at", .time, ""), .optional("finished_at", .time, ""),
                .required("orders", .object("ReconciliationPart"), ""),
                .required("executions", .object("ReconciliationPart"), ""),
                .required("positions", .object("ReconciliationPart"), ""),
                .required("holdings", .object("ReconciliationPart"), ""),
                .optional("funds_as_of", .time, "when the figures in use were asked for"),
                .required("open_orders", .integer, "orders whose fate look-ups are to settle"),
                .required("differences", .list(.object("ReconciliationDifference")), "those that stand"),
            ]),
        Schema(
            name: "ReconciliationPart", note: "One list of the broker. An empty list and a failed question differ.",
            fields: [
                .required("state", .words(ReconciliationReport.Part.State.allCases.map(\.rawValue)), ""),
                .optional("reason", .text, ""), .required("rows", .integer, ""), .required("matched", .integer, ""),
                .required("local_only", .integer, ""), .required("broker_only", .integer, ""),
                .required("differs", .integer, ""), .required("booked", .integer, "executions that were news"),
            ]),
        Schema(
            name: "ReconciliationDifference", note: "Two comparisons in a row have shown it.",
            fields: [
                .required("cause", .words(Difference.Cause.allCases.map(\.rawName)), ""),
                .required("action", .words(Difference.Action.allCases.map(\.rawName)), "what was done"),
                .required("subject", .text, "an instrument id, or an order's id at the broker or of ours"),
                .optional("ours", .decimalText, ""), .optional("theirs", .decimalText, ""),
                .optional("order_id", .text, "of an order of ours"), .required("since", .time, ""),
            ]),
        list("Reconciliation"),
    ]
}
