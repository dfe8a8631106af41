import ArgumentParser
import Exact

extension RiskCommand {
    struct Override: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a few orders pass one control of a scope, for a time. Named, counted and logged.",
            discussion: """
                Example: sluice rms override max-position --scope account:P1 --until 30m --max-uses 3 --reason 'hedge of expiry'

                It ends at --until or after --max-uses orders, whichever comes first, or with 'sluice rms revoke'.
                """)
        @Argument(help: "The control, as max-position.") var control: String
        @Option(help: ArgumentHelp(stringLiteral: RiskArguments.scopeRule + ".")) var scope: String
        @Option(help: ArgumentHelp(stringLiteral: "When it ends: \(MomentArgument.rule).")) var until: String
        @Option(help: "How many orders may use it.") var maxUses: Int64
        @OptionGroup var reason: ReasonOptions
        @OptionGroup var connection: ConnectionOptions

        func validate() throws {
            try RiskArguments.checkScope(scope)
            try RiskArguments.checkMoment(until, of: "--until")
            if maxUses < 1 { throw ValidationError("--max-uses must be at least 1") }
        }

        func run(in session: Session) async throws {
            let now = session.surroundings.now()
            let body: JSONObject = [
                "control": .string(control), "scope": .string(scope),
                "until": .string(try session.time(until, of: "--until", .ahead)), "max_uses": JSONValue(maxUses),
                "reason": .string(reason.reason),
            ]
            try await session.show(.post, "/api/rms/overrides", body: .object(body)) { answer, style in
                let id = answer.text("override_id")
                return [
                    "override \(style(.bold, id)): \(answer.text("control")) of \(answer.text("scope")) lets "
                        + "\(answer.text("max_uses")) orders pass until \(Units.time(answer.text("until"), now: now))"
                ]
            }
        }
    }

    struct Overrides: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every override: whose, until when, how often used.", discussion: "Example: sluice rms overrides")
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let now = session.surroundings.now()
            try await session.show(.get, "/api/rms/overrides") { answer, style in
                let rows = answer.items
                return rows.isEmpty
                    ? ["no overrides"] : RiskCommand.overrides(rows, now: now).lines(style) + answer.nextPage(style)
            }
        }
    }

    struct Revoke: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "End an override now.", discussion: "Example: sluice rms revoke o1 --reason 'the hedge is done'")
        @Argument(help: "The override's id.") var id: String
        @OptionGroup var reason: ReasonOptions
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let path = APIPath.make("api", "rms", "overrides", id, query: [("reason", reason.reason)])
            try await session.show(.delete, path) { answer, _ in
                let uses = answer.text("uses")
                return [
                    "override \(id.displayable) has ended"
                        + (uses.isEmpty ? "" : "; it was used \(uses) of \(answer.text("max_uses")) times")
                ]
            }
        }
    }

    static func overrides(_ rows: [JSONValue], now: String) -> Table {
        var table = Table([
            .text("OVERRIDE"), .text("CONTROL"), .text("SCOPE"), .text("STATE"), .number("USES"), .number("OF"),
            .text("UNTIL"), .text("BY").optional, .sentence("REASON"),
        ])
        for row in rows {
            let isActive = row["is_active"] == true
            table.append([
                Table.Cell(row.text("override_id"), .bold), Table.Cell(row.text("control")),
                Table.Cell(row.text("scope")), Table.Cell(isActive ? "active" : "ended", isActive ? .warning : .dim),
                Table.Cell(row.text("uses")), Table.Cell(row.text("max_uses")),
                Table.Cell(Units.time(row.text("until"), now: now)), Table.Cell(row.text("by")),
                Table.Cell(row.text("reason")),
            ])
        }
        return table
    }
}
