import ArgumentParser
import Exact

/// `sluice runs`
struct RunsCommand: NounCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs", abstract: "Runs: what became of each order to a group.",
        subcommands: [
            List.self, Show.self, Events.self, Watch.self, Explain.self, Cancel.self, Trace.self, Report.self,
        ])

    struct List: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Runs, newest first.", discussion: "Example: sluice runs list --group family --limit 20")
        @Option(help: "Only this group's.") var group: String?
        @OptionGroup var page: PageOptions
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let now = session.surroundings.now()
            let path =
                group.map { APIPath.make("api", "execution-groups", $0, "runs", query: page.query) }
                ?? APIPath.make("api", "runs", query: page.query)
            try await session.show(.get, path) { answer, style in
                let rows = answer.items
                return rows.isEmpty
                    ? ["no runs"] : RunReport.table(rows, now: now).lines(style) + answer.nextPage(style)
            }
        }
    }

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "One run: its legs, fills, stage latencies, refusals, a timeline, and where the time went.",
            discussion: "Example: sluice runs show r7m2…")
        @Argument(help: "The run's id.") var id: String
        @Flag(help: "Draw a bar for each stage of each leg as well.") var stages = false
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let now = session.surroundings.now()
            let run = try await session.show(.get, APIPath.make("api", "runs", id)) { run, style in
                let timeline = RunTimeline(run).lines(style, withStages: stages)
                return RunReport.lines(run, style, now: now) + (timeline.isEmpty ? [] : [""] + timeline)
            }
            guard !session.isJSON, !RunTimeline(run).bars.isEmpty,
                let timing = try await session.fetchIfThere(APIPath.make("api", "analytics", "runs", id))
            else { return }
            let lines = RunTiming(timing).lines(session.console.style)
            for line in lines.isEmpty ? [] : [""] + lines { session.console.out(line) }
        }
    }

    struct Events: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Everything that happened to a run, in order.", discussion: "Example: sluice runs events r7m2…")
        @Argument(help: "The run's id.") var id: String
        @OptionGroup var page: PageOptions
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let now = session.surroundings.now()
            let path = APIPath.make("api", "runs", id, "events", query: page.query)
            try await session.show(.get, path) { answer, style in
                var table = Table([
                    .text("EVENT"), .text("TIME"), .text("TYPE"), .text("ACCOUNT").optional, .sentence("FACTS"),
                ])
                for item in answer.items {
                    let facts = (item["facts"]?.object ?? [:]).filter { !$0.value.isNull }.map { key, value in
                        "\(key.displayable)=\(value.string?.displayable ?? value.serializedText())"
                    }
                    table.append([
                        Table.Cell(item.text("id")), Table.Cell(Units.time(item.text("at"), now: now)),
                        Table.Cell(item.text("type"), .bold), Table.Cell(item.text("account_id")),
                        Table.Cell(facts.joined(separator: " ")),
                    ])
                }
                return table.isEmpty ? ["no events"] : table.lines(style) + answer.nextPage(style)
            }
        }
    }

    struct Cancel: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Cancel what still works of a run; fills stay.", discussion: "Example: sluice runs cancel r7m2…")
        @Argument(help: "The run's id.") var id: String
        @OptionGroup var idempotency: IdempotencyOptions
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let now = session.surroundings.now()
            let path = APIPath.make("api", "runs", id, "cancel")
            try await session.show(.post, path, idempotencyKey: idempotency.key) {
                ["cancel of run \(id) asked"] + ($0.isNull ? [] : RunReport.lines($0, $1, now: now))
            }
        }
    }
}
