import ArgumentParser
import Exact

extension OrdersCommand {
    struct Resolve: ClientCommand {
        static let outcomes = ["filled", "canceled", "rejected", "absent"]
        static let configuration = CommandConfiguration(
            abstract: "Settle an order that is UNKNOWN, or that its broker says it does not have.",
            discussion: """
                Example: sluice orders resolve r42-1 --outcome filled --quantity 50 --price 301.50 --reason 'broker desk'

                Person and reason are kept in the journal. What the broker says of the order later is still booked, and \
                told as an anomaly.
                """)
        @Argument(help: "The order's id.") var id: String
        @Option(help: "filled, canceled, rejected or absent (the broker never had it).") var outcome: String
        @Option(help: "filled: how much beyond what is known. Default: all that is left.") var quantity: String?
        @Option(help: "filled: at what price.") var price: String?
        @OptionGroup var reason: ReasonOptions
        @OptionGroup var idempotency: IdempotencyOptions
        @OptionGroup var connection: ConnectionOptions

        func validate() throws {
            guard Self.outcomes.contains(outcome) else {
                throw ValidationError("--outcome is one of \(Self.outcomes.joined(separator: ", ")), not '\(outcome)'")
            }
            if outcome == "filled", price == nil { throw ValidationError("--outcome filled needs --price") }
            if outcome != "filled", quantity != nil || price != nil {
                throw ValidationError("--quantity and --price belong to --outcome filled")
            }
        }

        func run(in session: Session) async throws {
            var body: JSONObject = ["outcome": .string(outcome)]
            if let quantity { body["quantity"] = .string(quantity) }
            if let price { body["price"] = .string(price) }
            body["reason"] = .string(reason.reason)
            let now = session.surroundings.now()
            try await session.show(
                .post, APIPath.make("api", "orders", id, "resolve"), body: .object(body),
                idempotencyKey: idempotency.key
            ) { ["\(id) resolved as \(outcome)"] + OrdersCommand.lines($0, $1, now: now) }
        }
    }

    struct Release: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a held order go now, or drop it.",
            discussion: """
                Example: sluice orders release r42-1 --reason 'checked'

                A released order still waits until the message rates let it go.
                """)
        @Argument(help: "The order's id.") var id: String
        @Flag(help: "Withdraw it instead.") var drop = false
        @OptionGroup var reason: ReasonOptions
        @OptionGroup var idempotency: IdempotencyOptions
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            var body = JSONObject()
            if drop { body["drop"] = .bool(true) }
            body["reason"] = .string(reason.reason)
            let now = session.surroundings.now()
            let done = drop ? "dropped" : "released"
            try await session.show(
                .post, APIPath.make("api", "orders", id, "release"), body: .object(body),
                idempotencyKey: idempotency.key
            ) { ["\(id) \(done)"] + OrdersCommand.lines($0, $1, now: now) }
        }
    }
}
