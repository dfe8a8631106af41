import Gateway

// What answers of `/api/audit` hold.
extension Schema {
    static let auditAnswers: [Schema] = [
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
                .required("chained_at_upgrade", .integer, "records up to this one were chained by an upgrade; 0 = none"),
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
