import ArgumentParser
import Exact

extension RunsCommand {
    struct Report: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "A run as one self-contained page: timeline, legs, refusals and the whole story.",
            discussion: """
                Example: sluice runs report r7 --html -

                The page needs nothing else: no script, no font, no picture from elsewhere. A named file is replaced once the \
                whole is there.
                """)
        @Argument(help: "The run's id.") var id: String
        @Option(help: "The file to write; - for standard output.") var html: String
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let run = try await session.fetch(APIPath.make("api", "runs", id))
            let story = try await session.fetch(APIPath.make("api", "runs", id, "explain"))
            let timing = try await session.fetchIfThere(APIPath.make("api", "analytics", "runs", id)) ?? .null
            let page = Array(RunPage.html(run, story: story, timing: timing, now: session.surroundings.now()).utf8)
            guard html != "-" else {
                session.console.unchanged(page)
                return
            }
            let file = try FileAccess.Writing("\(html).part")
            do {
                try file.write(page)
                try file.finish()
                try FileAccess.rename("\(html).part", to: html)
            } catch {
                file.abandon()
                throw error
            }
            session.console.error("\(html): \(page.count) bytes")
        }
    }
}
