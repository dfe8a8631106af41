import ArgumentParser
import Exact

/// `sluice keys`
struct KeysCommand: NounCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "API keys: who may do what.", subcommands: [Create.self, List.self, Revoke.self])

    struct Create: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a key. Its secret is shown once.",
            discussion: "Example: sluice keys create --person ada --scope read --scope trade --group family")
        @Option(help: "Whose key it is.") var person: String
        @Option(name: .customLong("scope"), help: "read, trade, risk, admin or export; once for each.")
        var scopes: [String]
        @Option(name: .customLong("group"), help: "Only these groups; once for each.") var groups: [String] = []
        @Option(name: .customLong("address"), help: "Only from these addresses; once for each.")
        var addresses: [String] = []
        @Option(help: "When it ends, RFC 3339.") var expiresAt: String?
        @OptionGroup var connection: ConnectionOptions

        func validate() throws {
            if scopes.isEmpty { throw ValidationError("a key needs at least one --scope") }
        }

        func run(in session: Session) async throws {
            func list(_ words: [String]) -> JSONValue { .array(words.map { .string($0) }) }
            var body: JSONObject = ["person": .string(person), "scopes": list(scopes)]
            if !groups.isEmpty { body["groups"] = list(groups) }
            if !addresses.isEmpty { body["addresses"] = list(addresses) }
            if let expiresAt { body["expires_at"] = .string(expiresAt) }
            try await session.show(.post, "/api/keys", body: .object(body)) {
                answer, style in
                [
                    "created key \(answer.text("id")) for \(person)",
                    "\(style(.bold, "key"))  \(answer.text("key"))",
                    style(.warning, "It is shown this once: keep it now."),
                ]
            }
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every key, without its secret.", discussion: "Example: sluice keys list")
        @OptionGroup var page: PageOptions
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let now = session.surroundings.now()
            try await session.show(.get, APIPath.make("api", "keys", query: page.query)) { answer, style in
                var table = Table([
                    .text("KEY"), .text("PERSON"), .text("SCOPES"), .text("GROUPS").optional,
                    .text("ADDRESSES").optional,
                    .text("CREATED").optional, .text("EXPIRES").optional, .text("LAST USED").optional,
                    .text("REVOKED").optional,
                ])
                for item in answer.items {
                    table.append([
                        Table.Cell(item.text("id"), .bold), Table.Cell(item.text("person")),
                        Table.Cell(item.words("scopes")), Table.Cell(item.words("groups")),
                        Table.Cell(item.words("addresses")),
                        Table.Cell(Units.time(item.text("created_at"), now: now)),
                        Table.Cell(Units.time(item.text("expires_at"), now: now)),
                        Table.Cell(Units.time(item.text("last_used_at"), now: now)),
                        Table.Cell(Units.time(item.text("revoked_at"), now: now), .warning),
                    ])
                }
                return table.isEmpty ? ["no keys"] : table.lines(style) + answer.nextPage(style)
            }
        }
    }

    struct Revoke: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "End a key at once.", discussion: "Example: sluice keys revoke k4f…")
        @Argument(help: "The key's id.") var id: String
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let path = APIPath.make("api", "keys", id)
            try await session.show(.delete, path) { _, _ in ["revoked key \(id)"] }
        }
    }
}
