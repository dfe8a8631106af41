import ArgumentParser
import Exact

/// `sluice accounts`
struct AccountsCommand: NounCommand {
    static let configuration = CommandConfiguration(
        commandName: "accounts", abstract: "Trading accounts and their connections.",
        subcommands: [List.self, Add.self, Remove.self, Connect.self, Login.self, Status.self])

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every account.", discussion: "Example: sluice accounts list")
        @OptionGroup var page: PageOptions
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            try await session.show(.get, APIPath.make("api", "accounts", query: page.query)) { answer, style in
                let rows = answer.items
                return rows.isEmpty
                    ? ["no accounts; add one with 'sluice accounts add'"]
                    : AccountsCommand.table(rows).lines(style) + answer.nextPage(style)
            }
        }
    }

    struct Add: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add an account.",
            discussion: """
                Example: sluice accounts add P6 --adapter paper --currency USD --environment sandbox \
                --config '{"starting_cash": "100000"}'
                """)
        @Argument(help: "The account's id.") var id: String
        @Option(help: "The adapter of its broker.") var adapter: String
        @Option(help: "Its currency, as USD.") var currency: String
        @Option(help: "live, sandbox or replay.") var environment: String?
        @Option(help: "The login; accounts with one login share a session. Default: the id.") var login: String?
        @Option(help: "Who owns it.") var owner: String?
        @Option(help: "The adapter's own settings, a JSON object.") var config: String?
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            var body: JSONObject = ["id": .string(id), "adapter": .string(adapter), "currency": .string(currency)]
            for (name, value) in [("environment", environment), ("login", login), ("owner", owner)] {
                if let value { body[name] = .string(value) }
            }
            if let config {
                do {
                    body["config"] = try JSONValue.parse(config)
                } catch {
                    throw CommandFailure.usage(
                        "--config is no JSON: \(error)", remedy: "write it as '{\"name\": \"value\"}'")
                }
            }
            try await session.show(.post, "/api/accounts", body: .object(body)) {
                ["added account \($0.text("id").isEmpty ? id : $0.text("id"))"] + AccountsCommand.table([$0]).lines($1)
            }
        }
    }

    struct Remove: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove an account that nothing refers to.", discussion: "Example: sluice accounts remove P6")
        @Argument(help: "The account's id.") var id: String
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let path = APIPath.make("api", "accounts", id)
            try await session.show(.delete, path) { _, _ in ["removed account \(id)"] }
        }
    }

    struct Connect: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Connect an account to its broker.", discussion: "Example: sluice accounts connect P1")
        @Argument(help: "The account's id.") var id: String
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let path = APIPath.make("api", "accounts", id, "connect")
            try await session.show(.post, path) {
                $0.isNull ? ["connecting \(id)"] : Outline.lines($0, $1)
            }
        }
    }

    struct Status: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "One account: its connection and its funds.", discussion: "Example: sluice accounts status P1")
        @Argument(help: "The account's id.") var id: String
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            try await session.show(.get, APIPath.make("api", "accounts", id)) { Outline.lines($0, $1) }
            guard !session.isJSON else { return }
            let funds = try await session.client.send(.get, APIPath.make("api", "accounts", id, "funds"))
            guard funds.isSuccess else {
                session.console.out("funds: \(Problem(funds.value, status: funds.status).title.displayable)")
                return
            }
            session.console.out(session.console.style(.bold, "funds"))
            for line in Outline.lines(funds.value, session.console.style) { session.console.out("  \(line)") }
        }
    }

    static func table(_ rows: [JSONValue]) -> Table {
        var table = Table([
            .text("ACCOUNT"), .text("ADAPTER"), .text("ENVIRONMENT").optional, .text("CURRENCY"),
            .text("ENABLED").optional,
            .text("STATE").optional, .text("EXPIRES").optional, .text("LOGIN").optional, .text("OWNER").optional,
            .sentence("REASON"),
        ])
        for row in rows {
            table.append([
                Table.Cell(row.text("id"), .bold), Table.Cell(row.text("adapter")),
                Table.Cell(row.text("environment")), Table.Cell(row.text("currency")),
                Table.Cell(row.text("enabled")), .status(row.text("state")),
                Table.Cell(row.text("expires_at")), Table.Cell(row.text("login")), Table.Cell(row.text("owner")),
                Table.Cell(row.text("reason")),
            ])
        }
        return table
    }
}
