import Domain
import Engine

// What requests of `/api/rms` send.
extension Schema {
    private static let scopeNote = "firm, or kind:id with group, account, instrument, adapter, strategy or key"
    private static let reasonNote = "1 to 500 bytes; kept in the audit"

    static let riskConfigurationRequest = Schema(
        name: "RiskConfigurationRequest", note: "A whole document of limits (RISK.md §6.1), as text.",
        fields: [.required("document", .text, "YAML"), .required("reason", .text, reasonNote)])

    static let riskDiffRequest = Schema(
        name: "RiskDiffRequest", note: "What to compare; one of document and version.",
        fields: [
            .optional("document", .text, "YAML"), .optional("version", .integer, ""),
            .optional("against", .integer, "the version to compare with; default: the live one"),
        ])

    static let riskRollbackRequest = Schema(
        name: "RiskRollbackRequest", note: "The version whose document is to be in force again.",
        fields: [.required("version", .integer, ""), .required("reason", .text, reasonNote)])

    /// A candidate is a parent order with its group or account; nothing of it is required where a run is named.
    static let riskExplainRequest = Schema(
        name: "RiskExplainRequest",
        note: "One of group_id and account_id with the fields of an order, or run_id with nothing of an order.",
        fields: [
            .optional("group_id", .text, "the group the order would be divided over"),
            .optional("account_id", .text, "the one account it would be for; without the fields of a fan-out"),
            .optional("run_id", .text, "a run that was"),
            .optional("leg", .integer, "with run_id: counted from 1, as in r42-2; default: every leg"),
        ]
            + parentOrder.fields.map {
                Field(name: $0.name, kind: $0.kind, isNullable: true, note: $0.note)
            })

    /// The fields that name a run of the past.
    static let riskExplainPastRequest = Schema(
        name: "RiskExplainRequest", note: "",
        fields: riskExplainRequest.fields.filter { ["run_id", "leg"].contains($0.name) })

    static let riskSimulateRequest = Schema(
        name: "RiskSimulateRequest", note: "Limits to try on orders that were, or a story to play.",
        fields: [
            .optional("document", .text, "YAML; one of document and version, with scenario optional"),
            .optional("version", .integer, ""), .optional("from", .time, "orders from here on"),
            .optional("to", .time, "orders until here"), .optional("group_id", .text, "only this group's orders"),
            .optional("maximum_legs", .integer, "how many differing legs are listed, 1 to 10000; default 1000"),
            .optional("scenario", .text, "YAML; without from, to, group_id, version and maximum_legs"),
        ])

    static let squareOffRequest = Schema(
        name: "SquareOffRequest", note: "What is to be flat: working orders are canceled, positions closed.",
        fields: [.required("scope", .text, scopeNote), .required("reason", .text, reasonNote)])

    static let reasonRequest = Schema(
        name: "ReasonRequest", note: "Why.", fields: [.required("reason", .text, reasonNote)])

    static let heartbeatRequest = Schema(
        name: "HeartbeatRequest", note: "A sign of life. When the next one does not come in time, the gateway acts.",
        fields: [
            .required("ttl_ms", .integer, "until the next one must come; 0 ends the watch"),
            .optional("scope", .text, "\(scopeNote); default: the key it is sent with"),
        ])

    static let overrideRequest = Schema(
        name: "OverrideRequest", note: "Lets a few orders pass one control of a scope, for a time.",
        fields: [
            .required("control", .text, "max-position"), .required("scope", .text, scopeNote),
            .required("until", .time, ""), .required("max_uses", .integer, "from 1"),
            .required("reason", .text, reasonNote),
        ])

    static let riskRequests = [
        riskConfigurationRequest, riskDiffRequest, riskRollbackRequest, riskExplainRequest, riskSimulateRequest,
        squareOffRequest, reasonRequest, heartbeatRequest, overrideRequest,
    ]
}
