import ArgumentParser
import Exact

/// `sluice adapters`
struct AdaptersCommand: NounCommand {
    static let configuration = CommandConfiguration(
        commandName: "adapters", abstract: "Broker adapters the gateway has loaded or refused.",
        subcommands: [List.self, Describe.self, Call.self, AdapterCasesCommand.self, AdapterReplayCommand.self])

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
            // Several errors are parted, not run together.
            let refusal = (item["refusal"]?["message"]?.string ?? "").split(separator: "\n")
                .map { String($0).displayable }.joined(separator: "; ")
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

    struct Call: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "A call of an adapter's own, by name.",
            discussion: "Example: sluice adapters call acme gtt_list --account AB1234 --arguments '{}'")
        @Argument(help: "The adapter's id.") var id: String
        @Argument(help: "The call's name.") var name: String
        @Option(help: "The account it is for.") var account: String
        @Option(help: "Its arguments, a JSON object.") var arguments: String?
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            var body: JSONObject = ["account_id": .string(account), "name": .string(name)]
            if let arguments {
                do {
                    body["arguments"] = try JSONValue.parse(arguments)
                } catch {
                    throw CommandFailure.usage(
                        "--arguments is no JSON: \(error)", remedy: "write it as '{\"name\": \"value\"}'")
                }
            }
            let path = APIPath.make("api", "brokers", id, "call")
            try await session.show(.post, path, body: .object(body), timeoutMilliseconds: 35_000) { answer, style in
                answer["result"].map { Outline.lines($0, style) } ?? []
            }
        }
    }
}
