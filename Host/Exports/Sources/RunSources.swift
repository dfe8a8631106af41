import Domain
import Engine
import Gateway
import Telemetry

/// The columns that a request shows, with how they are written.
func chosen<Row>(_ all: [Column<Row>], _ request: ExportRequest) -> [Column<Row>] {
    guard let columns = request.columns else { return all }
    return columns.compactMap { wanted in all.first { $0.description == wanted } }
}

extension ExportWriter {
    mutating func row<Row>(_ row: borrowing Row, _ columns: [Column<Row>]) {
        for column in columns { column.write(row, &self) }
        endRow()
    }
}

struct RunSource: ExportSource {
    private var reader: RunReader
    private let columns: [Column<RunRow>]
    private let visibility: Visibility
    private let status: String?

    init(_ gateway: Gateway, _ request: ExportRequest, _ visibility: Visibility) {
        reader = RunReader(
            gateway, after: request.cursor.flatMap { RunID($0) }, group: request.group, from: request.from,
            to: request.to)
        (columns, self.visibility, status) = (chosen(RunColumns.all, request), visibility, request.status)
    }

    mutating func write(to writer: inout ExportWriter) async throws -> Bool {
        guard let runs = try await reader.nextSummarised() else { return false }
        for (run, summary) in runs
        where (status ?? run.status.rawName) == run.status.rawName && visibility.admits(run) {
            writer.row(RunRow(run: run, summary: summary), columns)
        }
        return true
    }
}
