import ArgumentParser
import Exact

/// `sluice reconcile`
struct ReconcileCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile", abstract: "Compare our books with the brokers'.",
        discussion: """
            Example: sluice reconcile --account P1

            Asks for orders, executions, positions and holdings and shows what matches, what stands on one side alone and \
            what differs. The exit status is 0 when everything that was compared matches, 1 when something differs or a \
            question failed. --last shows the last comparison without asking.
            """)
    @Option(help: "Only this account.") var account: String?
    @Flag(help: "Show what the last comparison came to, without a new one.") var last = false
    @Option(help: "Wait so many milliseconds at most. Default 10000.") var timeoutMs: Int?
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if let timeoutMs, !(0...60_000).contains(timeoutMs) {
            throw ValidationError("--timeout-ms is from 0 to 60000")
        }
        if last, timeoutMs != nil { throw ValidationError("--timeout-ms has no meaning with --last") }
    }

    func run(in session: Session) async throws {
        let now = session.surroundings.now()
        let answer: JSONValue
        if last {
            answer = try await session.show(
                .get, APIPath.make("api", "reconciliation", query: [("account", account)])
            ) { Self.lines($0, $1, now: now) }
        } else {
            var body = JSONObject()
            if let account { body["account_id"] = .string(account) }
            answer = try await session.show(
                .post, APIPath.make("api", "reconciliation", query: [("timeout_ms", timeoutMs.map { "\($0)" })]),
                body: .object(body), timeoutMilliseconds: (timeoutMs ?? 10_000) + 5_000
            ) { Self.lines($0, $1, now: now) }
        }
        if answer.items.contains(where: { $0.text("status") != "matched" }) { throw CommandFailure.refused }
    }

    private static func lines(_ answer: JSONValue, _ style: Style, now: String) -> [String] {
        let rows = answer.items
        guard !rows.isEmpty else { return ["no accounts"] }
        var table = Table([
            .text("ACCOUNT"), .text("TIME").optional, .text("STATUS"), .text("ORDERS"), .text("EXECUTIONS"),
            .text("POSITIONS"), .number("OPEN"),
        ])
        for row in rows {
            table.append([
                Table.Cell(row.text("account_id"), .bold), Table.Cell(Units.time(row.text("finished_at"), now: now)),
                .status(row.text("status").uppercased()), Table.Cell(part(row["orders"])),
                Table.Cell(part(row["executions"])), Table.Cell(part(row["positions"])),
                Table.Cell(row.text("open_orders")),
            ])
        }
        return table.lines(style) + differences(rows, style) + reasons(rows)
    }

    /// `3 of 4 match`, or why there is nothing to say.
    private static func part(_ part: JSONValue?) -> String {
        guard let part, part.text("state") == "answered" else { return part?.text("state") ?? "" }
        let counts = [
            ("local_only", "here alone"), ("broker_only", "there alone"), ("differs", "differ"), ("booked", "booked"),
        ].compactMap { name, words in part.text(name) == "0" ? nil : "\(part.text(name)) \(words)" }
        return (["\(part.text("rows")) read"] + counts).joined(separator: ", ")
    }

    private static func differences(_ rows: [JSONValue], _ style: Style) -> [String] {
        var table = Table([
            .text("ACCOUNT"), .text("DIFFERENCE"), .text("SUBJECT"), .number("OURS"), .number("THEIRS"),
            .text("ACTION"), .text("ORDER").optional,
        ])
        var count = 0
        for row in rows {
            for item in row["differences"]?.array ?? [] {
                count += 1
                table.append([
                    Table.Cell(row.text("account_id")), Table.Cell(item.text("cause")),
                    Table.Cell(item.text("subject")), Table.Cell(item.text("ours")), Table.Cell(item.text("theirs")),
                    Table.Cell(item.text("action")), Table.Cell(item.text("order_id")),
                ])
            }
        }
        return count == 0 ? [] : [""] + table.lines(style)
    }

    private static func reasons(_ rows: [JSONValue]) -> [String] {
        rows.flatMap { row in
            ["orders", "executions", "positions", "holdings"].compactMap { name in
                guard let reason = row[name]?["reason"]?.string else { return nil }
                return "\(row.text("account_id")): \(name): \(reason)"
            }
        }
    }
}
