/// What can be exported.
package enum ExportDataset: String, CaseIterable, Hashable, Sendable {
    case runs, legs, events, latency, pnl, positions, audit

    /// What one row is.
    package var note: String {
        switch self {
        case .runs: "one row a run, oldest first, as it stands"
        case .legs: "one row a leg (an account's share of a run), oldest run first, as it stands"
        case .events: "one row an event, as the event stream tells it, oldest first"
        case .latency:
            "one row an adapter, account, group and stage: percentiles of the requests received in whole minutes that from "
                + "and to touch, as long as telemetry keeps them"
        case .pnl:
            "one row a UTC day, account and instrument that was traded in it, oldest first; a correction counts in the day "
                + "it came"
        case .positions: "one row an account and instrument, as it is now"
        case .audit: "one row a line of the audit, oldest first"
        }
    }

    /// The filters that it has.
    package var filters: [ExportFilter] {
        switch self {
        case .runs, .legs: ExportFilter.allCases
        case .events, .pnl, .latency: [.from, .to, .group, .account, .adapter]
        case .positions: [.group, .account, .adapter]
        case .audit: [.from, .to]
        }
    }

    /// Its columns, in order. The first one names the row and is the cursor to go on from.
    package var columns: [ExportColumn] {
        switch self {
        case .runs: RunColumns.all.map(\.description)
        case .legs: LegColumns.all.map(\.description)
        case .events: EventColumns.all.map(\.description)
        case .latency: LatencyColumns.all.map(\.description)
        case .pnl: DailyResultColumns.all.map(\.description)
        case .positions: PositionColumns.all.map(\.description)
        case .audit: AuditColumns.all.map(\.description)
        }
    }

    /// Whether it tells of more than groups, so that a key that is bound to some may not have it.
    package var isFirmWide: Bool { self == .audit }
}

/// By what rows are chosen.
package enum ExportFilter: String, CaseIterable, Hashable, Sendable {
    /// Inclusive.
    case from
    /// Exclusive.
    case to
    case group, account, adapter, status
}

/// How rows are written.
package enum ExportFormat: String, CaseIterable, Hashable, Sendable {
    case csv, json, ndjson

    package var mediaType: String {
        switch self {
        case .csv: "text/csv; charset=utf-8; header=present"
        case .json: "application/json"
        case .ndjson: "application/x-ndjson"
        }
    }
}
