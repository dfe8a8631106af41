import ArgumentParser
import Exact

/// `sluice preflight`
struct PreflightCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "preflight", abstract: "Look at everything that an order will need.",
        discussion: """
            Example: sluice preflight

            Storage, clock, instruments, and for each account connectivity, credentials, balances, positions, limits and \
            prices: each passes, warns or fails, with what to do. The exit status is 1 when something fails. With --last \
            the last report is shown and nothing is asked of brokers.
            """)
    @Flag(help: "Show the last report.") var last = false
    @OptionGroup var connection: ConnectionOptions

    func run(in session: Session) async throws {
        let report = try await session.show(last ? .get : .post, "/api/preflight") { answer, style in
            var table = Table([
                .text("CHECK"), .text("ACCOUNT").optional, .text("OUTCOME"), .sentence("DETAIL"), .sentence("REMEDY"),
            ])
            for check in answer["checks"]?.array ?? [] {
                table.append([
                    Table.Cell(check.text("check"), .bold), Table.Cell(check.text("account_id")),
                    .status(check.text("outcome")), Table.Cell(check.text("detail")), Table.Cell(check.text("remedy")),
                ])
            }
            return table.lines(style) + [
                "", "preflight: \(style(Style.tone(ofStatus: answer.text("outcome")), answer.text("outcome")))",
            ]
        }
        if report.text("outcome") == "fail" { throw CommandFailure.refused }
    }
}
