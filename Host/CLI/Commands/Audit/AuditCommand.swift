import ArgumentParser
import Exact

/// `sluice audit`
struct AuditCommand: NounCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Who did what, when and why; and whether the record of it is whole.",
        subcommands: [List.self, Verify.self])

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Decisions, acts and news, newest first.",
            discussion: "Example: sluice audit list --kind admin --person ana --from 2026-12-01T00:00:00Z")
        @Option(help: "Only what this person decided; also rule:CONTROL, gateway, configuration.") var person: String?
        @Option(help: "admin, configuration, state, decision, request or outcome.") var kind: String?
        @Option(help: "Recorded at or after, RFC 3339.") var from: String?
        @Option(help: "Recorded before, RFC 3339.") var to: String?
        @OptionGroup var page: PageOptions
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let now = session.surroundings.now()
            let query = [("person", person), ("kind", kind), ("from", from), ("to", to)] + page.query
            try await session.show(.get, APIPath.make("api", "audit", query: query)) { answer, style in
                var table = Table([
                    .text("RECORD"), .text("TIME"), .text("TYPE"), .text("BY").optional, .text("SUBJECT"),
                    .sentence("REASON"), .sentence("FACTS"),
                ])
                for item in answer.items {
                    let facts = (item["facts"]?.object ?? [:]).filter { !$0.value.isNull }.map { key, value in
                        "\(key.displayable)=\(value.string?.displayable ?? value.serializedText())"
                    }
                    table.append([
                        Table.Cell(item.text("id")), Table.Cell(Units.time(item.text("at"), now: now)),
                        Table.Cell(item.text("type"), .bold), Table.Cell(item.text("by")),
                        Table.Cell(item.text("subject")), Table.Cell(item.text("reason")),
                        Table.Cell(facts.joined(separator: " ")),
                    ])
                }
                // A page with a rare kind may be empty and yet not be the last.
                return (table.isEmpty ? ["nothing"] : table.lines(style)) + answer.nextPage(style)
            }
        }
    }
}
