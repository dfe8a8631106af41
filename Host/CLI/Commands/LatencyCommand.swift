import ArgumentParser
import Exact

/// `sluice latency`
struct LatencyCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "latency", abstract: "How long the stages take: percentiles by adapter, account and stage.",
        discussion: "Example: sluice latency")
    @OptionGroup var connection: ConnectionOptions

    func run(in session: Session) async throws {
        try await session.show(.get, "/api/analytics/latency") { answer, style in
            let rows = answer.items
            return rows.isEmpty ? ["nothing measured yet"] : Self.table(rows).lines(style)
        }
    }

    static func table(_ rows: [JSONValue]) -> Table {
        var table = Table([
            .text("ADAPTER").optional, .text("ACCOUNT").optional, .text("STAGE"), .number("COUNT"), .number("P50"),
            .number("P90"), .number("P99"), .number("MAX"),
        ])
        for row in rows {
            let percentiles = ["p50_us", "p90_us", "p99_us", "max_us"].map { Table.Cell(Units.latency(row[$0])) }
            table.append(
                [
                    Table.Cell(row.text("adapter_id")), Table.Cell(row.text("account_id")),
                    Table.Cell(row.text("stage"), .bold),
                    Table.Cell(row.text("count")),
                ] + percentiles)
        }
        return table
    }
}
