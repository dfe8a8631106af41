import Domain
import Telemetry

extension Routes {
    private static let window = [
        Route.Parameter(name: "from", kind: .time, note: "requests received at or after"),
        Route.Parameter(name: "to", kind: .time, note: "requests received before"),
    ]
    private static let place =
        account + [
            Route.Parameter(name: "group", kind: .text, note: "group id"),
            Route.Parameter(name: "group_id", kind: .text, note: "the same"),
            Route.Parameter(name: "adapter", kind: .text, note: "adapter id"),
        ]
    private static let strategy = [Route.Parameter(name: "strategy", kind: .text, note: "as orders name it")]

    private static let topics = [
        Route.Parameter(
            name: "topics", kind: .text, note: "comma-separated: runs, legs, positions, alerts, state; default all"),
        Route.Parameter(
            name: "last_event_id", kind: .text, note: "goes on after it, where Last-Event-ID cannot be sent"),
    ]

    static let live: [Route] = [
        Route(
            .get, "/api/stream", .scope(.read),
            "A snapshot, then events as they happen, as server-sent events; resumes by Last-Event-ID",
            query: topics, answer: "EventStream"
        ) { try await $0.openStream($1) },
        Route(
            .get, "/api/ws", .scope(.read),
            "The same as /api/stream over WebSocket: {id, event, data} as text messages",
            query: topics, answer: "EventSocket", statuses: [101]
        ) { try await $0.openSocket($1) },
        Route(
            .get, "/api/analytics/live", .scope(.read), "The gateway at a glance: queues, sessions, counters",
            isFirmWide: true, answer: "Overview"
        ) { try await $0.showLive($1) },
    ]

    static let analytics: [Route] = [
        Route(
            .get, "/metrics", .scope(.read),
            "Figures for Prometheus; OpenMetrics with exemplars where Accept asks for application/openmetrics-text",
            isFirmWide: true, answer: "MetricsText"
        ) { try await $0.showMetrics($1) },
        Route(
            .get, "/api/analytics/summary", .scope(.read), "Runs, failures, refusals by code, latencies",
            query: window + place + strategy, answer: "AnalyticsSummary"
        ) { try await $0.showSummary($1) },
        Route(
            .get, "/api/analytics/latency", .scope(.read),
            "Latency percentiles by stage, of merged histograms kept minute by minute",
            query: window + place + [
                Route.Parameter(name: "stage", kind: .words(Stage.allCases.map(\.rawName)), note: "default: all"),
                Route.Parameter(
                    name: "by", kind: .text,
                    note: "what rows are told apart by: some of adapter,account,group, or none; default adapter"),
                Route.Parameter(
                    name: "step_minutes", kind: .integer,
                    note: "1 to 10080: one row for each such window; default one over all the time"),
            ], answer: "LatencyList"
        ) { try await $0.showLatency($1) },
        Route(
            .get, "/api/analytics/legs", .scope(.read), "How legs ended: counts by adapter, account, status and code",
            query: window + place + strategy, answer: "LegOutcomeList"
        ) { try await $0.showOutcomes($1) },
        Route(
            .get, "/api/analytics/runs/{run}", .scope(.read),
            "One run: allocation inputs, where the time of each leg went, evenness of sending and of prices, slippage",
            answer: "RunTiming"
        ) { try await $0.showRunTiming($1) },
        Route(
            .get, "/api/analytics/strategies", .scope(.read), "Runs and slippage by strategy and currency",
            query: window + place + strategy, answer: "StrategyReportList"
        ) { try await $0.showStrategies($1) },
        Route(
            .get, "/api/analytics/pnl/daily", .scope(.read),
            "Results of trading days by account and currency, oldest first", query: window + place,
            answer: "DailyResultList"
        ) { try await $0.showDailyResults($1) },
        Route(
            .get, "/api/analytics/sessions", .scope(.read), "Lives of the gateway's process, oldest first",
            isFirmWide: true,
            query: [
                Route.Parameter(name: "limit", kind: .integer, note: "items a page"),
                Route.Parameter(name: "cursor", kind: .text, note: "next_cursor of the page before"),
            ], answer: "ProcessSessionList"
        ) { try await $0.listProcessSessions($1) },
    ]
}
