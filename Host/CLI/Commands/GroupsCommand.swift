import ArgumentParser
import Exact

/// `sluice groups`
struct GroupsCommand: NounCommand {
    static let configuration = CommandConfiguration(
        commandName: "groups", abstract: "Execution groups: which accounts share an order, and how.",
        subcommands: [List.self, Show.self, Create.self, Edit.self, Remove.self, Preview.self])

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every group.", discussion: "Example: sluice groups list")
        @OptionGroup var page: PageOptions
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            try await session.show(.get, APIPath.make("api", "execution-groups", query: page.query)) { answer, style in
                var table = Table([
                    .text("GROUP"), .text("POLICY"), .text("MODE"), .text("CARRY"), .number("VERSION"),
                    .sentence("ACCOUNTS"),
                ])
                for item in answer.items {
                    let accounts = (item["accounts"]?.array ?? []).map { $0.text("account_id") }
                    table.append([
                        Table.Cell(item.text("id"), .bold), Table.Cell(item.text("policy")),
                        Table.Cell(item.text("mode")),
                        Table.Cell(item.text("carry")), Table.Cell(item.text("version")),
                        Table.Cell(accounts.joined(separator: ", ")),
                    ])
                }
                return table.isEmpty
                    ? ["no groups; make one with 'sluice groups create'"] : table.lines(style) + answer.nextPage(style)
            }
        }
    }

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "One group and its accounts' parameters.",
            discussion: "Example: sluice groups show family --carry")
        @Argument(help: "The group's id.") var id: String
        @Flag(help: "Also the remainders carried to the next order.") var carry = false
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let path = APIPath.make("api", "execution-groups", id, query: [("carry", carry ? "true" : nil)])
            try await session.show(.get, path) { GroupsCommand.lines($0, $1) }
        }
    }

    struct Create: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a group.",
            discussion: """
                Example: sluice groups create family --policy proportional --account P1,capital=50000 \
                --account P2,capital=100000
                """)
        @Argument(help: "The group's id.") var id: String
        @OptionGroup var group: GroupOptions
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            var body = try group.members(over: [:], in: session)
            body["id"] = .string(id)
            try await session.show(.post, "/api/execution-groups", body: .object(body)) {
                ["created group \(id)"] + GroupsCommand.lines($0, $1)
            }
        }
    }

    struct Edit: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a group; --account, once given, replaces the whole list.",
            discussion: "Example: sluice groups edit family --mode all_or_none")
        @Argument(help: "The group's id.") var id: String
        @OptionGroup var group: GroupOptions
        @OptionGroup var connection: ConnectionOptions

        func validate() throws {
            if group.isEmpty { throw ValidationError("nothing to change; say what with --policy, --account, --mode …") }
        }

        /// Read, change, write with the version that was read: someone else's change in between is refused, not lost.
        func run(in session: Session) async throws {
            let path = APIPath.make("api", "execution-groups", id)
            let current = try await session.fetch(path)
            var base = current.object ?? [:]
            for name in ["version", "created_at", "updated_at", "carried"] { base[name] = nil }
            let body = try group.members(over: base, in: session)
            try await session.show(
                .put, path, body: .object(body), version: current.text("version")
            ) { ["changed group \(id)"] + GroupsCommand.lines($0, $1) }
        }
    }

    struct Remove: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Remove a group; its runs stay.", discussion: "Example: sluice groups remove family")
        @Argument(help: "The group's id.") var id: String
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let path = APIPath.make("api", "execution-groups", id)
            try await session.show(.delete, path) { _, _ in ["removed group \(id)"] }
        }
    }

    struct Preview: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "What an order would become: every leg and its verdict. Nothing is sent.",
            discussion: """
                Example: sluice groups preview family --symbol US:EQ:AAPL --side BUY --quantity 150 --type MARKET \
                --product CASH --time-in-force DAY
                """)
        @Argument(help: "The group's id.") var id: String
        @OptionGroup var order: OrderOptions
        @OptionGroup var fanOut: FanOutOptions
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            var body = try order.members(in: session)
            fanOut.add(to: &body)
            let now = session.surroundings.now()
            let path = APIPath.make("api", "execution-groups", id, "preview")
            try await session.show(.post, path, body: .object(body)) { RunReport.lines($0, $1, now: now) }
        }
    }

    private static func lines(_ group: JSONValue, _ style: Style) -> [String] {
        guard group["accounts"] != nil else { return [] }
        var lines = [
            "\(style(.bold, group.text("id")))  \(group.text("policy")), mode \(group.text("mode")), carry "
                + "\(group.text("carry")), on leg failure \(group.text("on_leg_failure")), version \(group.text("version"))"
        ]
        var table = Table([
            .text("ACCOUNT"), .text("ENABLED"), .number("CAPITAL").optional, .number("WEIGHT").optional,
            .number("LOTS").optional, .number("RISK BUDGET").optional, .number("MIN LOTS").optional,
            .number("MAX LOTS").optional,
        ])
        for account in group["accounts"]?.array ?? [] {
            table.append(
                [Table.Cell(account.text("account_id"), .bold)]
                    + ["enabled", "capital", "weight", "lots", "risk_budget", "min_lots", "max_lots"].map {
                        Table.Cell(account.text($0))
                    })
        }
        lines += table.lines(style)
        guard let carried = group["carried"]?.array else { return lines }
        guard !carried.isEmpty else { return lines + ["nothing is carried to the next order"] }
        var remainders = Table([.text("CARRIED FOR"), .text("ORDERS THAT"), .text("ACCOUNT"), .number("LOTS")])
        for entry in carried {
            for share in entry["accounts"]?.array ?? [] {
                remainders.append([
                    Table.Cell(entry.text("underlying"), .bold),
                    Table.Cell(entry["closing"] == true ? "close" : "open"),
                    Table.Cell(share.text("account_id")), Table.Cell(share.text("lots")),
                ])
            }
        }
        lines += [""] + remainders.lines(style)
        return lines
    }
}
