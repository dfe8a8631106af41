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

/// Latencies, some series at a time: what is merged of their minutes is all that is held.
struct LatencySource: ExportSource {
    private static let portionSeries = 200

    private let telemetry: TelemetryService
    private let columns: [Column<LatencyRow>]
    private let question: LatencyQuestion
    /// Rows up to it are known.
    private let cursor: LatencyCursor?
    /// `nil` = not asked yet.
    private var waiting: ArraySlice<LatencySeries>?

    init(_ telemetry: TelemetryService, _ request: ExportRequest, _ visibility: Visibility) {
        self.telemetry = telemetry
        (columns, cursor) = (chosen(LatencyColumns.all, request), request.cursor.flatMap { LatencyCursor($0) })
        question = LatencyQuestion(
            from: request.from, to: request.to, groups: visibility.groups, account: request.account,
            adapter: request.adapter)
    }

    mutating func write(to writer: inout ExportWriter) async throws -> Bool {
        guard let store = telemetry.store else {
            throw GatewayError.notServing("nothing is kept: telemetry is off, or its file could not be opened")
        }
        do {
            if waiting == nil {
                telemetry.flush()
                let all = try store.latencySeries(question)
                waiting = all.drop { series in cursor.map { series < $0.series } ?? false }
            }
            let part = waiting?.prefix(Self.portionSeries) ?? []
            waiting?.removeFirst(part.count)
            guard let first = part.first, let last = part.last else { return false }
            for row in try store.latencies(question, from: first, to: last) where cursor?.isBefore(row) ?? true {
                writer.row(row, columns)
            }
            return true
        } catch {
            throw GatewayError.notServing("telemetry cannot be read: \(error)")
        }
    }
}

/// The place of a row of `latency`: what `series` says of it.
struct LatencyCursor {
    let series: LatencySeries
    let stage: Stage

    /// `nil` for what no row can have.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, let stage = Stage.allCases.first(where: { $0.rawName == parts[3] }) else { return nil }
        series = LatencySeries(adapter: parts[0], account: parts[1], group: parts[2])
        self.stage = stage
    }

    func isBefore(_ row: LatencyRow) -> Bool {
        let its = LatencySeries(
            adapter: row.adapter?.rawValue ?? "", account: row.account?.rawValue ?? "", group: row.group?.rawValue ?? ""
        )
        return its == series ? stage.rawValue < row.stage.rawValue : series < its
    }
}
