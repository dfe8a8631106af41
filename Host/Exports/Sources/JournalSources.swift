import Domain
import Engine
import Gateway

struct EventSource: ExportSource {
    private var reader: JournalReader<EventView>
    private let columns: [Column<EventView>]
    private let visibility: Visibility

    init(_ gateway: Gateway, _ request: ExportRequest, _ visibility: Visibility) {
        reader = .events(
            gateway, after: request.cursor.flatMap { Gateway.AuditPlace($0) }, from: request.from, to: request.to)
        (columns, self.visibility) = (chosen(EventColumns.all, request), visibility)
    }

    mutating func write(to writer: inout ExportWriter) async throws -> Bool {
        guard let events = try await reader.next() else { return false }
        for event in events where visibility.admits(event) { writer.row(event, columns) }
        return true
    }
}

struct AuditSource: ExportSource {
    private var reader: JournalReader<AuditEntry>
    private let columns: [Column<AuditEntry>]

    init(_ gateway: Gateway, _ request: ExportRequest, person: @escaping @Sendable (String) -> String?) {
        reader = .audit(
            gateway, after: request.cursor.flatMap { Gateway.AuditPlace($0) }, from: request.from, to: request.to,
            person: person)
        columns = chosen(AuditColumns.all, request)
    }

    mutating func write(to writer: inout ExportWriter) async throws -> Bool {
        guard let entries = try await reader.next() else { return false }
        for entry in entries { writer.row(entry, columns) }
        return true
    }
}

struct DailyResultSource: ExportSource {
    private var reader: DailyResultReader
    private let columns: [Column<DailyResult>]
    private let visibility: Visibility
    /// Rows up to here are known.
    private let cursor: [Substring]?

    init(_ gateway: Gateway, _ request: ExportRequest, _ visibility: Visibility) {
        reader = DailyResultReader(gateway, from: request.from, to: request.to)
        (columns, self.visibility) = (chosen(DailyResultColumns.all, request), visibility)
        cursor = request.cursor.map { $0.split(separator: "/") }
    }

    mutating func write(to writer: inout ExportWriter) async throws -> Bool {
        guard let results = try await reader.rows() else { return false }
        for result in results where visibility.admits(result.account, result.adapter) && isNew(result.id) {
            writer.row(result, columns)
        }
        return true
    }

    private func isNew(_ id: String) -> Bool {
        guard let cursor else { return true }
        return cursor.lexicographicallyPrecedes(id.split(separator: "/"))
    }
}
