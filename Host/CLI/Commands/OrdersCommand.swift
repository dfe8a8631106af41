import ArgumentParser
import Exact

/// `sluice orders`
struct OrdersCommand: NounCommand {
    static let configuration = CommandConfiguration(
        commandName: "orders", abstract: "Place, change and look at orders.",
        subcommands: [Place.self, Cancel.self, Modify.self, List.self, Show.self, Resolve.self, Release.self])

    struct Place: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Place one order for a group or for one account.",
            discussion: """
                Example: sluice orders place --group family --symbol US:EQ:AAPL --side BUY --quantity 150 --type MARKET \
                --product CASH --time-in-force DAY

                The exit status is 0 when at least one leg was taken; refused legs are listed with their numbers.
                """)
        @Option(help: "The group it is divided over.") var group: String?
        @Option(help: "The one account it is for.") var account: String?
        @OptionGroup var order: OrderOptions
        @OptionGroup(title: "Group orders") var fanOut: FanOutOptions
        @OptionGroup var wait: WaitOptions
        @OptionGroup var idempotency: IdempotencyOptions
        @OptionGroup var connection: ConnectionOptions

        func validate() throws {
            guard (group == nil) != (account == nil) else {
                throw ValidationError("say where: either --group GROUP or --account ACCOUNT")
            }
            if account != nil, !fanOut.isEmpty {
                throw ValidationError("--mode and the other group options need --group")
            }
        }

        func run(in session: Session) async throws {
            var body = try order.members(in: session)
            let path: String
            if let group {
                fanOut.add(to: &body)
                path = APIPath.make("api", "execution-groups", group, "orders", query: wait.query)
            } else {
                body["account_id"] = account.map { .string($0) }
                path = APIPath.make("api", "orders", query: wait.query)
            }
            let now = session.surroundings.now()
            try await session.show(
                .post, path, body: .object(body), idempotencyKey: idempotency.key,
                timeoutMilliseconds: wait.clientTimeout
            ) { OrdersCommand.lines($0, $1, now: now) }
        }
    }

    struct Cancel: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Cancel a working order.", discussion: "Example: sluice orders cancel o3k9…")
        @Argument(help: "The order's id.") var id: String
        @OptionGroup var idempotency: IdempotencyOptions
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let now = session.surroundings.now()
            try await session.show(.delete, APIPath.make("api", "orders", id), idempotencyKey: idempotency.key) {
                ["cancel of \(id) asked"] + ($0.isNull ? [] : OrdersCommand.lines($0, $1, now: now))
            }
        }
    }

    struct Modify: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change a working order.",
            discussion: """
                Example: sluice orders modify o3k9… --type STOP_LIMIT --price 301.50 --trigger-price 301

                What is not named stays. The prices have to fit the type that results: a change to MARKET drops the price, \
                one to STOP_LIMIT needs a trigger. Risk controls judge the order as one of its new terms.
                """)
        @Argument(help: "The order's id.") var id: String
        @OptionGroup var changes: OrderChangeOptions
        @OptionGroup var idempotency: IdempotencyOptions
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let body = try changes.members()
            let now = session.surroundings.now()
            try await session.show(
                .patch, APIPath.make("api", "orders", id), body: .object(body), idempotencyKey: idempotency.key
            ) { ["change of \(id) asked"] + ($0.isNull ? [] : OrdersCommand.lines($0, $1, now: now)) }
        }
    }

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Orders, newest first.", discussion: "Example: sluice orders list --account P1 --limit 20")
        @Option(help: "Only this account's.") var account: String?
        @OptionGroup var page: PageOptions
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let now = session.surroundings.now()
            let path = APIPath.make("api", "orders", query: [("account", account)] + page.query)
            try await session.show(.get, path) { answer, style in
                let rows = answer.items
                return rows.isEmpty
                    ? ["no orders"] : OrdersCommand.table(rows, now: now).lines(style) + answer.nextPage(style)
            }
        }
    }

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "One order.", discussion: "Example: sluice orders show o3k9…")
        @Argument(help: "The order's id.") var id: String
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let now = session.surroundings.now()
            try await session.show(.get, APIPath.make("api", "orders", id)) { OrdersCommand.lines($0, $1, now: now) }
        }
    }

    /// A run's report, or a single order's row with its refusal below.
    static func lines(_ answer: JSONValue, _ style: Style, now: String) -> [String] {
        if answer["legs"] != nil { return RunReport.lines(answer, style, now: now) }
        guard !answer.text("account_id").isEmpty else {
            return Outline.lines(answer, style)
        }
        var lines = table([answer], now: now, isAlone: true).lines(style)
        if let reject = answer["reject"], !reject.isNull {
            lines += RunReport.refusal(
                reject, of: answer.text("account_id"), order: answer.text("order_id"), style)
        }
        return lines
    }

    /// - Parameter isAlone: one order, of which all terms are shown.
    private static func table(_ orders: [JSONValue], now: String, isAlone: Bool = false) -> Table {
        var table = Table([
            .text("ORDER"), .text("TIME").optional, .text("ACCOUNT"), .text("SIDE"), .text("SYMBOL"),
            .text("TYPE").optional,
            .number("PRICE").optional, .number("TRIGGER").optional, .text("VALID").optional, .number("QUANTITY"),
            .number("SHOWN").optional, .number("FILLED"), .number("AVG PRICE").optional,
            .text("STATUS"),
        ])
        for order in orders {
            table.append([
                Table.Cell(order.text("order_id"), .bold),
                Table.Cell(Units.time(order.text("created_at"), now: now)), Table.Cell(order.text("account_id")),
                Table.Cell(order.text("side")), Table.Cell(order.text("symbol")), Table.Cell(order.text("order_type")),
                Table.Cell(order.text("price")), Table.Cell(order.text("trigger_price")),
                Table.Cell(isAlone ? order.text("time_in_force") : ""),
                Table.Cell(RunReport.quantity(of: order)), Table.Cell(order.text("disclosed_quantity")),
                Table.Cell(order.text("cumulative_quantity")), Table.Cell(order.text("average_price")),
                .status(order.text("status")),
            ])
        }
        return table
    }
}
