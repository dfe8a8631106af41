import Domain
import Engine
import Gateway
import Telemetry

/// What is whole in memory: read once, when the first portion is asked for.
struct PositionSource: ExportSource {
    private let gateway: Gateway
    private let columns: [Column<PositionRow>]
    private let visibility: Visibility
    private let cursor: [Substring]?
    private var isRead = false

    init(_ gateway: Gateway, _ request: ExportRequest, _ visibility: Visibility) {
        (self.gateway, self.visibility) = (gateway, visibility)
        columns = chosen(PositionColumns.all, request)
        cursor = request.cursor.map { $0.split(separator: "/") }
    }

    mutating func write(to writer: inout ExportWriter) async throws -> Bool {
        guard !isRead else { return false }
        isRead = true
        let now = gateway.clock.wall()
        let rows = gateway.positions(of: nil, authority: .everything).compactMap { position -> PositionRow? in
            let adapter = visibility.adapter(of: position.account)
            guard visibility.admits(position.account, adapter) else { return nil }
            return PositionRow(position: position, adapter: adapter, at: now)
        }
        for row in rows.sorted(by: {
            ($0.position.account.rawValue, $0.position.symbol.text) < (
                $1.position.account.rawValue, $1.position.symbol.text
            )
        })
        where cursor.map({ $0.lexicographicallyPrecedes(row.id.split(separator: "/")) }) ?? true {
            writer.row(row, columns)
        }
        return true
    }
}

struct LatencySource: ExportSource {
    private let telemetry: TelemetryService
    private let columns: [Column<LatencyRow>]
    private let question: LatencyQuestion
    private let cursor: String?
    private var isRead = false

    init(_ telemetry: TelemetryService, _ request: ExportRequest, _ visibility: Visibility) {
        self.telemetry = telemetry
        (columns, cursor) = (chosen(LatencyColumns.all, request), request.cursor)
        question = LatencyQuestion(
            from: request.from, to: request.to, groups: visibility.groups, account: request.account,
            adapter: request.adapter, by: Set(LatencyQuestion.Dimension.allCases))
    }

    mutating func write(to writer: inout ExportWriter) async throws -> Bool {
        guard !isRead else { return false }
        isRead = true
        guard let store = telemetry.store else {
            throw GatewayError.notServing("nothing is kept: telemetry is off, or its file could not be opened")
        }
        telemetry.flush()
        let rows: [LatencyRow]
        do {
            rows = try store.latencies(question)
        } catch {
            throw GatewayError.notServing("telemetry cannot be read: \(error)")
        }
        // A cursor names a row in the order of the store; one that is not there names none.
        var isNew = cursor == nil
        for row in rows {
            if isNew { writer.row(row, columns) }
            if row.id == cursor { isNew = true }
        }
        return true
    }
}
