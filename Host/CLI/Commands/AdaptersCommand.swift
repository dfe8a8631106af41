import ArgumentParser
import Exact

/// `sluice adapters`
struct AdaptersCommand: NounCommand {
    static let configuration = CommandConfiguration(
        commandName: "adapters", abstract: "Broker adapters the gateway has loaded or refused.",
        subcommands: [List.self, Describe.self, AdapterCasesCommand.self])

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every adapter manifest and what became of it.", discussion: "Example: sluice adapters list")
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            try await session.show(.get, "/api/brokers") { answer, style in
                var table = Table([
                    .text("ADAPTER"), .text("NAME").optional, .text("STATE"), .text("VERSION").optional,
                    .text("ISOLATION").optional, .text("CIRCUIT").optional,
                    .sentence("REASON"),
                ])
                for item in answer.items {
                    table.append([
                        Table.Cell(item.text("id"), .bold), Table.Cell(item.text("name")),
                        .status(item.text("state")),
                        Table.Cell(item.text("version")), Table.Cell(item.text("isolation")),
                        Table.Cell(item.text("circuit")),
                        Table.Cell(Self.reason(item)),
                    ])
                }
                return table.isEmpty ? ["no adapter manifests"] : table.lines(style)
            }
        }

        private static func reason(_ item: JSONValue) -> String {
            let refusal = item.text("refusal.message")
            return refusal.isEmpty ? item.words("warnings") : refusal
        }
    }

    struct Describe: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "One adapter: what it says of itself and what it can.",
            discussion: "Example: sluice adapters describe paper")
        @Argument(help: "The adapter's id.") var id: String
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            try await session.show(.get, APIPath.make("api", "brokers", id)) { answer, style in
                Outline.lines(answer, style)
            }
        }
    }
}
