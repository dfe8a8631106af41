import Exports

extension Routes {
    static let exports: [Route] =
        [
            Route(
                .get, "/api/exports", .scope(.export), "Data sets that can be exported: columns, units, filters",
                answer: "ExportDatasetList"
            ) { try await $0.listDatasets($1) }
        ]
        + ExportDataset.allCases.map { dataset in
            Route(
                .get, "/api/exports/\(dataset.rawValue)", .scope(.export),
                "Streams \(dataset.rawValue): \(dataset.note)",
                isFirmWide: dataset.isFirmWide, query: parameters(dataset), answer: dataset.schemaName,
                textTypes: [ExportFormat.csv, .ndjson].map(\.mediaType)
            ) { try await $0.export(dataset, $1) }
        } + [
            Route(
                .get, "/api/runs/{run}/trace", .scope(.read),
                "One run as a trace: a span for the run, each leg and each stage that it reached",
                query: [
                    Route.Parameter(
                        name: "format", kind: .words(TraceFormat.allCases.map(\.rawValue)),
                        note: "perfetto (default): trace-event JSON for the Perfetto UI and Chrome; otlp: OTLP/JSON")
                ], answer: "Document"
            ) { try await $0.showTrace($1) }
        ]

    private static func parameters(_ dataset: ExportDataset) -> [Route.Parameter] {
        [
            Route.Parameter(
                name: "format", kind: .words(ExportFormat.allCases.map(\.rawValue)), note: "default csv"),
            Route.Parameter(name: "columns", kind: .text, note: "names, comma-separated, in this order; default all"),
        ]
            + dataset.filters.map { filter in
                Route.Parameter(name: filter.rawValue, kind: kind(of: filter, dataset), note: filter.note)
            } + [
                Route.Parameter(
                    name: "cursor", kind: .text,
                    note: "\(dataset.columns.first?.name ?? "") of the last row that you have: rows after it follow")
            ]
    }

    private static func kind(of filter: ExportFilter, _ dataset: ExportDataset) -> Schema.Kind {
        switch filter {
        case .from, .to, .group, .account, .adapter: .text
        case .status: .words(ExportRequest.statuses(dataset))
        }
    }

    /// What to say of a path that leads nowhere.
    static func remedy(for path: Substring) -> String {
        path.hasPrefix("/api/exports/")
            ? "data sets are \(ExportDataset.allCases.map(\.rawValue).joined(separator: ", "))"
            : "GET /api/openapi.json describes all routes"
    }
}

extension ExportFilter {
    fileprivate var note: String {
        switch self {
        case .from: "at or after: RFC 3339, or a date, which is its midnight in UTC"
        case .to: "before: RFC 3339, or a date"
        case .group: "group id"
        case .account: "account id"
        case .adapter: "adapter id"
        case .status: ""
        }
    }
}
