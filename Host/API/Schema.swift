import Domain
import Engine
import Gateway
import Store

/// The shape of a body: what a decoder knows as its fields, and what `openapi.json` says of it.
struct Schema: Sendable {
    indirect enum Kind: Sendable {
        case text, decimal, decimalText, integer, boolean, time, any
        case words([String])
        /// Another schema, by name.
        case object(String)
        case list(Kind)
        /// An object of any keys whose values are of one kind.
        case map(Kind)
    }

    struct Field: Sendable {
        let name: String
        let kind: Kind
        var isRequired = false
        var isNullable = false
        let note: String

        static func required(_ name: String, _ kind: Kind, _ note: String) -> Field {
            Field(name: name, kind: kind, isRequired: true, note: note)
        }

        static func optional(_ name: String, _ kind: Kind, _ note: String) -> Field {
            Field(name: name, kind: kind, isNullable: true, note: note)
        }
    }

    let name: String
    let note: String
    let fields: [Field]

    var names: [String] { fields.map(\.name) }
}

// MARK: - What requests send

extension Schema {
    static func words<Word: VocabularyWord>(_ type: Word.Type) -> Kind { .words(Word.allCases.map(\.rawName)) }

    private static let orderFields: [Field] = [
        .required("symbol", .text, "instrument id, VENUE:KIND:ROOT…; lower case is accepted"),
        .optional("side", words(Side.self), "absent for percent_change only"),
        .optional("quantity", .decimal, "units; one of quantity and lots"),
        .optional("lots", .integer, "lots of the instrument"),
        .optional("percent", .decimal, "percent_change only"),
        .optional("stop_distance", .decimal, "risk_unit only: price distance"),
        .optional("multiplier", .integer, "fixed only: scales the lots of each account"),
        .required("order_type", words(OrderType.self), ""),
        .optional("price", .decimal, "LIMIT and STOP_LIMIT"),
        .optional("trigger_price", .decimal, "STOP and STOP_LIMIT; COVER: where its second leg stops the loss"),
        .optional("trail", .decimal, "price distance of a trailing stop"),
        .required("product", words(Product.self), ""),
        .optional("time_in_force", words(TimeInForce.self), "default DAY"),
        .optional("valid_until", .time, "GTD only"),
        .optional("order_class", words(OrderClass.self), "default REGULAR"),
        .optional("post_only", .boolean, "default false"),
        .optional("reduce_only", .boolean, "default false"),
        .optional("after_market", .boolean, "default false"),
        .optional("disclosed_quantity", .decimal, "ICEBERG: units shown"),
        .optional("deadline_ms", .integer, "1 to 600000, default 10000: legs not sent by then are canceled locally"),
        .optional("attached_stop", .decimal, "stop price that the daily-loss projection uses"),
        .optional("strategy", .text, "1 to 64 bytes"),
        .optional("tag", .text, "1 to 64 bytes"),
        .optional("broker_options", .map(.any), "adapter id to an object that its schema validates"),
    ]

    static let parentOrder = Schema(
        name: "ParentOrder", note: "One order for a whole execution group.",
        fields: orderFields + [
            .optional("mode", words(ExecutionMode.self), "default: the group's"),
            .optional("min_legs", .integer, "quorum"),
            .optional("min_quantity_bps", .integer, "quorum: 1 to 10000"),
            .optional("redistribute", .boolean, "default: the group's"),
            .optional("allow_partial_allocation", .boolean, "default false"),
            .optional("on_leg_failure", words(LegFailurePolicy.self), "default: the group's"),
        ])

    static let accountOrder = Schema(
        name: "AccountOrder", note: "One order on one account.",
        fields: [.required("account_id", .text, "")] + orderFields)

    static let orderChange = Schema(
        name: "OrderChange",
        note: "What changes, at least one field; what is left out stays. The prices have to fit the type that results.",
        fields: [
            .optional("quantity", .decimal, "the new total, the filled part included"),
            .optional("price", .decimal, "of LIMIT and STOP_LIMIT"),
            .optional("trigger_price", .decimal, "of STOP and STOP_LIMIT; COVER: of its second leg"),
            .optional("order_type", words(OrderType.self), "a price that the new type has not is dropped"),
            .optional("time_in_force", words(TimeInForce.self), "GTD: with an option of its broker, no date"),
            .optional("disclosed_quantity", .decimal, "at most the quantity; 0 = all of it shows"),
            .optional("broker_options", .map(.any), "the adapter's id to an object, of this change alone"),
        ])

    static let groupAccount = Schema(
        name: "GroupAccount", note: "One account of a group. Only the parameter of the group's policy is required.",
        fields: [
            .required("account_id", .text, ""),
            .optional("enabled", .boolean, "default true; false takes it out of the allocation"),
            .optional("capital", .decimal, "proportional: in the account's currency"),
            .optional("weight", .integer, "weighted: from 1"), .optional("lots", .integer, "fixed"),
            .optional("risk_budget", .decimal, "risk_unit: in the account's currency"),
            .optional("min_lots", .integer, "default 0"), .optional("max_lots", .integer, "default: no upper bound"),
        ])

    static let groupAccountChange = Schema(
        name: "GroupAccountChange", note: "What changes of an account of a group; null takes an optional value away.",
        fields: groupAccount.fields.map { Field(name: $0.name, kind: $0.kind, isNullable: true, note: $0.note) })

    static let group = Schema(
        name: "Group", note: "An execution group.",
        fields: [
            .required("id", .text, GroupID.rule), .required("policy", words(AllocationPolicy.self), ""),
            .optional("carry", words(CarryMode.self), "default auto"),
            .optional("mode", words(ExecutionMode.self), "default best_effort"),
            .optional("on_leg_failure", words(LegFailurePolicy.self), "default leave"),
            .optional("allow_unwind", .boolean, "default false"),
            .optional("drop_below_min", .boolean, "default false"),
            .optional("redistribute", .boolean, "default false"),
            .required("accounts", .list(.object("GroupAccount")), "in the order that decides ties"),
            .optional("carried", .list(.any), "answers with carry=true: lots owed to accounts, by underlying"),
            .optional("version", .integer, "counts every change; ignored in requests"),
            .optional("created_at", .time, "ignored in requests"),
            .optional("updated_at", .time, "ignored in requests"),
        ])

    static let accountRequest = Schema(
        name: "AccountRequest", note: "An account at a broker.",
        fields: [
            .required("id", .text, AccountID.rule), .required("adapter", .text, AdapterID.rule),
            .optional("login", .text, "accounts of one login share a session; default: the id"),
            .optional("owner", .text, "who owns it; self-trade prevention compares owners"),
            .optional("environment", words(TradingEnvironment.self), "default live"),
            .required("currency", .text, "1 to 8 of A-Z 0-9"),
            .optional("config", .map(.any), "what the adapter's own schema validates; no secrets"),
            .optional("enabled", .boolean, "default true"),
        ])

    static let accountChange = Schema(
        name: "AccountChange", note: "What changes of an account; the rest stays.",
        fields: accountRequest.fields.filter { !["id", "adapter", "currency"].contains($0.name) })

    static let keyRequest = Schema(
        name: "KeyRequest", note: "A new API key.",
        fields: [
            .required("person", .text, "whom it belongs to"),
            .required("scopes", .list(.words(AccessScope.allCases.map(\.rawValue))), "at least one"),
            .optional("groups", .list(.text), "default: every group"),
            .optional("addresses", .list(.text), "addresses or prefixes, 10.0.0.0/8; default: from anywhere"),
            .optional("expires_at", .time, "default: never"),
        ])

    static let stateRequest = Schema(
        name: "StateRequest", note: "A change of a scope's trading state.",
        fields: [
            .required("scope", .text, "firm, or kind:id with group, account, instrument, adapter, strategy or key"),
            .required("reason", .text, "1 to 500 bytes"),
            .optional("cancel_working", .boolean, "halt only: cancel working orders too; default false"),
        ])

    static let auditVerifyRequest = Schema(
        name: "AuditVerifyRequest", note: "What the journal is compared with, beside itself.",
        fields: [.optional("anchor", .text, "an anchor that an earlier verification answered: \(ChainAnchor.rule)")])

    static let requests =
        [
            parentOrder, accountOrder, orderChange, groupAccount, groupAccountChange, group, accountRequest,
            accountChange,
            keyRequest, stateRequest, auditVerifyRequest,
        ] + riskRequests + reconciliationRequests + symbolRequests + [loginAnswer, brokerCall, questionAnswer]
}
