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
    private let gateway: Gateway
    private let columns: [Column<LatencyBook.Row>]
    private let adapter: AdapterID?
    private let cursor: String?
    private var isRead = false

    init(_ gateway: Gateway, _ request: ExportRequest) {
        self.gateway = gateway
        (columns, adapter, cursor) = (chosen(LatencyColumns.all, request), request.adapter, request.cursor)
    }

    mutating func write(to writer: inout ExportWriter) async throws -> Bool {
        guard !isRead else { return false }
        isRead = true
        // A cursor names a row in the order of adapters and stages; one that is not there names none.
        var isNew = cursor == nil
        for row in gateway.latency.rows() {
            if isNew, (adapter ?? row.adapter) == row.adapter { writer.row(row, columns) }
            if "\(row.adapter)/\(row.stage.rawName)" == cursor { isNew = true }
        }
        return true
    }
}
