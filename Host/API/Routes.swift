import Domain
import Engine
import Gateway

/// Every route of the interface (INTERFACES.md §6). The router and `openapi.json` are made of this table and of nothing
/// else, so neither can have a route that the other lacks.
enum Routes {
    static let limit = Route.Parameter(name: "limit", kind: .integer, note: "items a page")
    private static let cursor = Route.Parameter(name: "cursor", kind: .text, note: "next_cursor of the page before")
    static let paging = [limit, cursor]
    static let account = [
        Route.Parameter(name: "account", kind: .text, note: "account id"),
        Route.Parameter(name: "account_id", kind: .text, note: "the same"),
    ]
    private static let group = [
        Route.Parameter(name: "group", kind: .text, note: "group id"),
        Route.Parameter(name: "group_id", kind: .text, note: "the same"),
    ]
    private static let waiting = [
        Route.Parameter(
            name: "wait", kind: .words(WaitLevel.allCases.map(\.rawValue)), note: "what to wait for, default durable"),
        Route.Parameter(name: "timeout_ms", kind: .integer, note: "0 to 60000, default 10000"),
    ]
    private static let runStatus = Route.Parameter(
        name: "status", kind: .words(RunStatus.allCases.map(\.rawName)), note: "")
    private static let legStatus = Route.Parameter(name: "status", kind: .words(LegStatus.words), note: "")
    private static let symbol = Route.Parameter(name: "symbol", kind: .text, note: "instrument id")

    static let all: [Route] =
        system + brokers + accounts + symbols + groups + runs + orders + risk + riskDocuments + riskQuestions
        + riskOperations + operations + keys + audit + reconciliation + analytics + live + network + exports

    private static let system: [Route] = [
        Route(.get, "/health", .open, "Whether the process lives", answer: "Health") { try await $0.showHealth($1) },
        Route(
            .get, "/ready", .open, "Whether requests are admitted; each account's readiness to keys with scope read",
            answer: "Readiness"
        ) { try await $0.showReadiness($1) },
        Route(.get, "/api/openapi.json", .open, "This description", answer: "Document") {
            try await $0.showDocument($1)
        },
    ]

    private static let brokers: [Route] = [
        Route(
            .get, "/api/brokers", .scope(.read), "Adapters: loaded, refused, disabled", query: paging,
            answer: "BrokerList"
        ) { try await $0.listBrokers($1) },
        Route(.get, "/api/brokers/{id}", .scope(.read), "One adapter with its descriptor", answer: "Broker") {
            try await $0.showBroker($1)
        },
    ]

    private static let accounts: [Route] = [
        Route(.get, "/api/accounts", .scope(.read), "Accounts", query: paging, answer: "AccountList") {
            try await $0.listAccounts($1)
        },
        Route(
            .post, "/api/accounts", .scope(.admin), "Adds an account", isFirmWide: true, body: .accountRequest,
            answer: "Account", statuses: [201]
        ) { try await $0.createAccount($1) },
        Route(.get, "/api/accounts/{id}", .scope(.read), "One account", answer: "Account") {
            try await $0.showAccount($1)
        },
        Route(
            .patch, "/api/accounts/{id}", .scope(.admin), "Changes an account", isFirmWide: true, body: .accountChange,
            answer: "Account"
        ) { try await $0.changeAccount($1) },
        Route(
            .delete, "/api/accounts/{id}", .scope(.admin), "Removes an account that nothing refers to",
            isFirmWide: true,
            answer: "Nothing", statuses: [204]
        ) { try await $0.removeAccount($1) },
        Route(
            .post, "/api/accounts/{id}/connect", .scope(.admin), "Opens the account's session", isFirmWide: true,
            answer: "Account", statuses: [200, 202]
        ) { try await $0.connectAccount($1) },
        Route(
            .post, "/api/accounts/{id}/disconnect", .scope(.admin), "Closes the session, of all accounts of the login",
            isFirmWide: true, answer: "Account"
        ) { try await $0.disconnectAccount($1) },
        Route(.get, "/api/accounts/{id}/funds", .scope(.read), "Funds, asked of the broker", answer: "FundsList") {
            try await $0.showFunds($1)
        },
        Route(
            .get, "/api/accounts/{id}/positions", .scope(.read), "Positions by the gateway's books",
            answer: "PositionList"
        ) { try await $0.listAccountPositions($1) },
        Route(
            .get, "/api/accounts/{id}/holdings", .scope(.read), "Holdings, asked of the broker", answer: "HoldingList"
        ) { try await $0.listHoldings($1) },
        Route(
            .get, "/api/accounts/{id}/orders", .scope(.read), "The account's orders",
            query: paging + [legStatus, symbol],
            answer: "OrderList"
        ) { try await $0.listAccountOrders($1) },
        Route(
            .get, "/api/accounts/{id}/trades", .scope(.read), "The account's executions", query: [limit],
            answer: "TradeList"
        ) { try await $0.listTrades($1) },
    ]

    private static let groups: [Route] = [
        Route(.get, "/api/execution-groups", .scope(.read), "Groups", query: paging, answer: "GroupList") {
            try await $0.listGroups($1)
        },
        Route(
            .post, "/api/execution-groups", .scope(.admin), "Makes a group", body: .group, answer: "Group",
            statuses: [201]
        ) { try await $0.createGroup($1) },
        Route(
            .get, "/api/execution-groups/{id}", .scope(.read), "One group",
            query: [
                Route.Parameter(name: "carry", kind: .boolean, note: "true adds what is carried to the next order")
            ],
            answer: "Group"
        ) { try await $0.showGroup($1) },
        Route(
            .put, "/api/execution-groups/{id}", .scope(.admin), "Replaces a group, or makes it", takesVersion: true,
            body: .group, answer: "Group", statuses: [200, 201]
        ) { try await $0.replaceGroup($1) },
        Route(
            .delete, "/api/execution-groups/{id}", .scope(.admin), "Removes a group without live runs",
            takesVersion: true,
            answer: "Nothing", statuses: [204]
        ) { try await $0.removeGroup($1) },
        Route(
            .post, "/api/execution-groups/{id}/accounts", .scope(.admin), "Adds an account to a group",
            takesVersion: true,
            body: .groupAccount, answer: "Group", statuses: [201]
        ) { try await $0.addGroupAccount($1) },
        Route(
            .patch, "/api/execution-groups/{id}/accounts/{account}", .scope(.admin), "Changes an account's parameters",
            takesVersion: true, body: .groupAccountChange, answer: "Group"
        ) { try await $0.changeGroupAccount($1) },
        Route(
            .delete, "/api/execution-groups/{id}/accounts/{account}", .scope(.admin), "Takes an account out of a group",
            takesVersion: true, answer: "Group"
        ) { try await $0.removeGroupAccount($1) },
        Route(
            .post, "/api/execution-groups/{id}/preview", .scope(.read), "Allocation and verdicts, nothing sent",
            body: .parentOrder, answer: "Run"
        ) { try await $0.previewGroupOrder($1) },
        Route(
            .post, "/api/execution-groups/{id}/orders", .scope(.trade), "The fan-out", needsIdempotencyKey: true,
            query: waiting, body: .parentOrder, answer: "Run", statuses: [200, 202]
        ) { try await $0.placeGroupOrder($1) },
        Route(
            .get, "/api/execution-groups/{id}/runs", .scope(.read), "The group's runs",
            query: paging + account + [runStatus], answer: "RunList"
        ) { try await $0.listGroupRuns($1) },
        Route(.get, "/api/execution-groups/{id}/runs/{run}", .scope(.read), "One run", answer: "Run") {
            try await $0.showGroupRun($1)
        },
        Route(
            .get, "/api/execution-groups/{id}/runs/{run}/events", .scope(.read), "What happened, oldest first",
            query: paging, answer: "EventList"
        ) { try await $0.listGroupRunEvents($1) },
        Route(
            .get, "/api/execution-groups/{id}/runs/{run}/explain", .scope(.read), "The run's whole story",
            answer: "RunStory"
        ) { try await $0.explainGroupRun($1) },
        Route(
            .post, "/api/execution-groups/{id}/runs/{run}/cancel", .scope(.trade), "Cancels what is live of a run",
            needsIdempotencyKey: true, answer: "Run", statuses: [200, 202]
        ) { try await $0.cancelGroupRun($1) },
    ]

    private static let runs: [Route] = [
        Route(
            .get, "/api/runs", .scope(.read), "Runs", query: paging + group + account + [runStatus], answer: "RunList"
        ) { try await $0.listRuns($1) },
        Route(.get, "/api/runs/{run}", .scope(.read), "One run", answer: "Run") { try await $0.showRun($1) },
        Route(
            .get, "/api/runs/{run}/events", .scope(.read), "What happened, oldest first", query: paging,
            answer: "EventList"
        ) { try await $0.listRunEvents($1) },
        Route(
            .get, "/api/runs/{run}/explain", .scope(.read),
            "The run's whole story: who asked, what decided each leg, and every step since", answer: "RunStory"
        ) { try await $0.explainRun($1) },
        Route(
            .post, "/api/runs/{run}/cancel", .scope(.trade), "Cancels what is live of a run", needsIdempotencyKey: true,
            answer: "Run", statuses: [200, 202]
        ) { try await $0.cancelRun($1) },
    ]

    private static let orders: [Route] = [
        Route(
            .get, "/api/orders", .scope(.read), "Orders of all accounts",
            query: paging + account + [legStatus, symbol],
            answer: "OrderList"
        ) { try await $0.listOrders($1) },
        Route(
            .post, "/api/orders", .scope(.trade), "An order on one account", needsIdempotencyKey: true, query: waiting,
            body: .accountOrder, answer: "Order", statuses: [200, 202]
        ) { try await $0.placeOrder($1) },
        Route(.get, "/api/orders/{id}", .scope(.read), "One order", answer: "Order") { try await $0.showOrder($1) },
        Route(
            .patch, "/api/orders/{id}", .scope(.trade), "Changes a live order", needsIdempotencyKey: true,
            body: .orderChange, answer: "Order", statuses: [200, 202]
        ) { try await $0.changeOrder($1) },
        Route(
            .delete, "/api/orders/{id}", .scope(.trade), "Cancels a live order", needsIdempotencyKey: true,
            answer: "Order",
            statuses: [200, 202]
        ) { try await $0.cancelOrder($1) },
        Route(
            .get, "/api/positions", .scope(.read), "Positions of all accounts, or of one, or of a group's",
            query: account + group, answer: "PositionList"
        ) { try await $0.listPositions($1) },
    ]

    private static let risk: [Route] = [
        Route(.get, "/api/rms/status", .scope(.read), "Trading states and use of limits", answer: "RiskStatus") {
            try await $0.showRiskStatus($1)
        },
        Route(
            .post, "/api/rms/halt", .scope(.risk), "Nothing of the scope is sent any more", body: .stateRequest,
            answer: "TradingState"
        ) { try await $0.halt($1) },
        Route(
            .post, "/api/rms/reduce", .scope(.risk), "Only what reduces positions is sent", body: .stateRequest,
            answer: "TradingState"
        ) { try await $0.reduce($1) },
        Route(.post, "/api/rms/resume", .scope(.risk), "Trading goes on", body: .stateRequest, answer: "TradingState") {
            try await $0.resume($1)
        },
    ]

    private static let riskDocuments: [Route] = [
        Route(
            .get, "/api/rms/config", .scope(.read), "The risk document, of a version", isFirmWide: true,
            query: [Route.Parameter(name: "version", kind: .integer, note: "default: the one in force")],
            answer: "RiskConfiguration"
        ) { try await $0.showRiskDocument($1) },
        Route(
            .put, "/api/rms/config", .scope(.risk), "Puts a document into force, for the next admission",
            isFirmWide: true, takesVersion: true,
            query: [
                Route.Parameter(name: "dry_run", kind: .boolean, note: "true checks and compares, and changes nothing")
            ],
            body: .riskConfigurationRequest, answer: "RiskApplied"
        ) { try await $0.applyRiskDocument($1) },
        Route(
            .get, "/api/rms/history", .scope(.read), "Versions of the risk document, newest first", isFirmWide: true,
            query: paging, answer: "RiskVersionList"
        ) { try await $0.listRiskVersions($1) },
        Route(
            .post, "/api/rms/diff", .scope(.risk), "What differs by meaning between two documents", isFirmWide: true,
            body: .riskDiffRequest, answer: "RiskDiff"
        ) { try await $0.diffRiskDocuments($1) },
        Route(
            .post, "/api/rms/rollback", .scope(.risk), "Puts the document of an earlier version into force again",
            isFirmWide: true, takesVersion: true, body: .riskRollbackRequest, answer: "RiskApplied"
        ) { try await $0.rollBackRiskDocument($1) },
        Route(
            .get, "/api/rms/effective", .scope(.read), "Every limit that binds a scope, and where it comes from",
            query: [Route.Parameter(name: "scope", kind: .text, note: "firm, or kind:id; default firm")],
            answer: "EffectiveLimits"
        ) { try await $0.showEffectiveLimits($1) },
    ]

    private static let riskQuestions: [Route] = [
        Route(
            .post, "/api/rms/explain", .scope(.read),
            "What every control says of an order that could be placed, or of a run that was",
            body: .riskExplainRequest, answer: "Explanation"
        ) { try await $0.explainRisk($1) },
        Route(
            .post, "/api/rms/simulate", .scope(.risk),
            "What other limits would have made of past orders, or of a scenario", isFirmWide: true,
            body: .riskSimulateRequest, answer: "Simulation"
        ) { try await $0.simulateRisk($1) },
    ]

    private static let riskOperations: [Route] = [
        Route(
            .get, "/api/rms/square-off", .scope(.read), "Square-offs, newest first", query: paging,
            answer: "SquareOffList"
        ) { try await $0.listSquareOffs($1) },
        Route(
            .post, "/api/rms/square-off", .scope(.risk), "Closes all positions of a scope", needsIdempotencyKey: true,
            body: .squareOffRequest, answer: "SquareOff", statuses: [202]
        ) { try await $0.startSquareOff($1) },
        Route(.get, "/api/rms/square-off/{id}", .scope(.read), "One square-off", answer: "SquareOff") {
            try await $0.showSquareOff($1)
        },
        Route(
            .post, "/api/rms/square-off/{id}/cancel", .scope(.risk), "Closes nothing more; what was filled stays",
            body: .reasonRequest, answer: "SquareOff"
        ) { try await $0.cancelSquareOff($1) },
        Route(.get, "/api/rms/overrides", .scope(.read), "Overrides, newest first", answer: "OverrideList") {
            try await $0.listOverrides($1)
        },
        Route(
            .post, "/api/rms/overrides", .scope(.risk), "Lets a few legs pass one control", body: .overrideRequest,
            answer: "Override", statuses: [201]
        ) { try await $0.grantOverride($1) },
        Route(
            .delete, "/api/rms/overrides/{id}", .scope(.risk), "Takes an override back",
            query: [Route.Parameter(name: "reason", kind: .text, note: "required")], answer: "Override"
        ) { try await $0.revokeOverride($1) },
        Route(
            .post, "/api/rms/heartbeat", .scope(.trade),
            "A sign of life: when the next one does not come in time, the scope goes to reducing",
            body: .heartbeatRequest, answer: "Heartbeat"
        ) { try await $0.beat($1) },
    ]

    private static let operations: [Route] = [
        Route(.get, "/api/emergency", .scope(.read), "Whether trading as a whole is stopped", answer: "Emergency") {
            try await $0.showEmergency($1)
        },
        Route(
            .post, "/api/emergency/stop", .scope(.risk), "Halts the firm and cancels what works", isFirmWide: true,
            body: .reasonRequest, answer: "Emergency"
        ) { try await $0.stopEverything($1) },
        Route(
            .post, "/api/emergency/close-all", .scope(.risk), "Closes every position", isFirmWide: true,
            needsIdempotencyKey: true, body: .reasonRequest, answer: "Emergency", statuses: [202]
        ) { try await $0.closeEverything($1) },
        Route(
            .post, "/api/emergency/resume", .scope(.risk), "Lets the firm trade again", isFirmWide: true,
            body: .reasonRequest, answer: "Emergency"
        ) { try await $0.resumeEverything($1) },
        Route(
            .get, "/api/preflight", .scope(.read), "The last look at everything that an order will need",
            isFirmWide: true, answer: "Preflight"
        ) { try await $0.showPreflight($1) },
        Route(
            .post, "/api/preflight", .scope(.risk), "Looks at everything that an order will need", isFirmWide: true,
            answer: "Preflight"
        ) { try await $0.runPreflight($1) },
    ]

    private static let audit: [Route] = [
        Route(
            .get, "/api/audit", .scope(.read), "Who did what, when and why, newest first, read from the journal itself",
            isFirmWide: true,
            query: paging + [
                Route.Parameter(name: "from", kind: .time, note: "recorded at or after"),
                Route.Parameter(name: "to", kind: .time, note: "recorded before"),
                Route.Parameter(
                    name: "person", kind: .text, note: "who decided: a person, rule:CONTROL, gateway or configuration"),
                Route.Parameter(name: "kind", kind: .words(AuditKind.allCases.map(\.rawValue)), note: ""),
            ], answer: "AuditEntryList"
        ) { try await $0.listAudit($1) },
        Route(
            .post, "/api/audit/verify", .scope(.admin),
            "Compares every record of the journal with its hash and with the record before it", isFirmWide: true,
            body: .auditVerifyRequest, answer: "ChainReport"
        ) { try await $0.verifyAudit($1) },
    ]

    private static let keys: [Route] = [
        Route(
            .get, "/api/keys", .scope(.admin), "API keys, without their secrets", isFirmWide: true, query: paging,
            answer: "KeyList"
        ) { try await $0.listKeys($1) },
        Route(
            .post, "/api/keys", .scope(.admin), "Makes a key; its text is shown once", isFirmWide: true,
            body: .keyRequest, answer: "NewKey", statuses: [201]
        ) { try await $0.createKey($1) },
        Route(
            .delete, "/api/keys/{id}", .scope(.admin), "Revokes a key for good", isFirmWide: true, answer: "Nothing",
            statuses: [204]
        ) { try await $0.revokeKey($1) },
    ]
}
