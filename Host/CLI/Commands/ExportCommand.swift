import ArgumentParser
import Exports

/// `sluice export`
struct ExportCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Whole data sets as CSV, JSON or NDJSON, streamed.",
        discussion: """
            Example: sluice export legs --from 2026-11-25 --output legs.csv
                     sluice export runs --group family --format ndjson | jq .status
                     sluice export legs --columns leg_id,status,done_us
                     sluice export legs --cursor r7-3

            Data sets: \(ExportDataset.allCases.map { "\($0.rawValue) (\($0.note))" }.joined(separator: "; ")).

            The first column names the row; --cursor goes on behind the row that it names. Rows come oldest first, times are \
            UTC. In CSV a text that a spreadsheet could take for a formula has an apostrophe in front; JSON and NDJSON have \
            every text unchanged, and numbers with decimals as strings. --output replaces the file once the whole is there.
            """)

    @Argument(help: "One of \(ExportDataset.allCases.map(\.rawValue).joined(separator: ", ")).")
    var dataset: String

    @Option(help: "csv, json or ndjson. Default: csv, with --json json.") var format: String?
    @Option(help: "Columns by name, comma-separated, in this order. Default: all.") var columns: String?
    @Option(help: "At or after: RFC 3339, or a date, which is its midnight in UTC.") var from: String?
    @Option(help: "Before: RFC 3339, or a date.") var to: String?
    @Option(help: "Only this group's.") var group: String?
    @Option(help: "Only this account's.") var account: String?
    @Option(help: "Only this adapter's.") var adapter: String?
    @Option(help: "Only with this status, of runs and legs.") var status: String?
    @Option(help: "Go on behind the row that this names: its first column.") var cursor: String?
    @Option(name: .shortAndLong, help: "The file to write. Default: standard output.") var output: String?
    @OptionGroup var connection: ConnectionOptions

    private var parameters: [(String, String?)] {
        [
            ("format", format ?? (connection.json ? ExportFormat.json.rawValue : nil)), ("columns", columns),
            ("from", from), ("to", to), ("group", group), ("account", account), ("adapter", adapter),
            ("status", status), ("cursor", cursor),
        ]
    }

    /// Said before anybody is asked: these are mistakes of the command line.
    func validate() throws {
        do throws(ExportRefusal) {
            let given = parameters.compactMap { name, value in value.map { (name, $0) } }
            _ = try ExportRequest(
                dataset: dataset, parameters: Dictionary(given, uniquingKeysWith: { first, _ in first }))
        } catch {
            throw ValidationError(
                error.errors.map { "\($0.name) '\($0.value)': \($0.message). \($0.remedy)" }.joined(separator: "\n"))
        }
    }

    func run(in session: Session) async throws {
        let path = APIPath.make("api", "exports", dataset, query: parameters)
        let count = try await Download(session, to: output).run(path)
        if let output, output != "-" { session.console.error("\(output): \(count) bytes") }
    }
}
