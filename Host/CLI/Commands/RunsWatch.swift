import ArgumentParser
import Exact
import NIOConcurrencyHelpers

extension RunsCommand {
    struct Watch: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Follow a run until it has ended.",
            discussion: """
                Example: sluice runs watch r7m2…

                Prints a line for each change, as the gateway's stream tells of it; with --json one document a line. A \
                connection that breaks is made again, and goes on after the last event. The exit status is 0 when the run \
                has ended, 1 when it is still on its way after --timeout-ms.
                """)
        @Argument(help: "The run's id.") var id: String
        @Option(help: "Stop watching after so many milliseconds.") var timeoutMs = 600_000
        @OptionGroup var connection: ConnectionOptions

        func validate() throws {
            if timeoutMs < 1 { throw ValidationError("--timeout-ms must be at least 1") }
        }

        private enum End {
            case ended(JSONValue)
            case timedOut
        }

        func run(in session: Session) async throws {
            // What comes while the run is being read is one more reason to read it, however much it is.
            let (news, tell) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
            let end = try await withThrowingTaskGroup(of: End.self) { tasks in
                tasks.addTask { try await listen(session, tell) }
                tasks.addTask {
                    try await session.surroundings.pause(timeoutMs)
                    return .timedOut
                }
                tasks.addTask { .ended(try await follow(news, session)) }
                defer { tasks.cancelAll() }
                return try await tasks.next() ?? .timedOut
            }
            guard case .ended(let last) = end else {
                let status = try await session.fetch(APIPath.make("api", "runs", id)).text("status")
                throw CommandFailure.message(
                    "run \(id) is \(status) after \(timeoutMs) ms",
                    remedy: "watch it again, or look with 'sluice runs show'")
            }
            guard !session.isJSON else { return }
            session.console.out("")
            for line in RunReport.lines(last, session.console.style, now: session.surroundings.now()) {
                session.console.out(line)
            }
        }

        /// Reads the run each time something happened to it, until it has ended.
        private func follow(_ news: AsyncStream<Void>, _ session: Session) async throws -> JSONValue {
            var shown: [String: String] = [:]
            var last: JSONValue = .null
            for await _ in news {
                let run = try await session.fetch(APIPath.make("api", "runs", id))
                if run != last {
                    if session.isJSON { session.console.unchanged(run.serialized()) }
                    if !session.isJSON { for leg in run["legs"]?.array ?? [] { show(leg, &shown, session) } }
                    last = run
                }
                if RunReport.hasEnded(run.text("status")) { return run }
            }
            throw CancellationError()
        }

        /// Hears of the run's events, over one connection after another.
        private func listen(_ session: Session, _ tell: AsyncStream<Void>.Continuation) async throws -> End {
            let heard = NIOLockedValueBox((id: String?.none, hasOpened: false))
            while true {
                let known = heard.withLockedValue { $0.id }
                let path = APIPath.make(
                    "api", "stream", query: [("topics", "runs,legs"), ("last_event_id", known)])
                let reader = NIOLockedValueBox(EventReader())
                do {
                    try await session.client.stream(path) { bytes in
                        for event in try reader.withLockedValue({ try $0.take(bytes) }) {
                            heard.withLockedValue { $0 = (event.id ?? $0.id, true) }
                            if event.name == "snapshot" || concerns(event) { tell.yield() }
                        }
                    }
                } catch let failure as CommandFailure {
                    // Where nobody was ever there, a person is told at once.
                    try Task.checkCancellation()
                    guard case .transport = failure, heard.withLockedValue({ $0.hasOpened }) else { throw failure }
                    session.console.error("the connection was lost, trying again")
                }
                try await session.surroundings.pause(1_000)
            }
        }

        private func concerns(_ event: EventReader.Event) -> Bool {
            guard let value = try? JSONValue.parse(event.data) else { return true }
            return value["run_id"]?.string == id
        }

        private func show(_ leg: JSONValue, _ shown: inout [String: String], _ session: Session) {
            let account = leg.text("account_id")
            let status = leg.text("status")
            let line =
                "\(status) \(leg.text("cumulative_quantity")) of \(RunReport.quantity(of: leg))"
            guard shown[account] != line else { return }
            shown[account] = line
            let style = session.console.style
            let time = Units.time(session.surroundings.now(), now: session.surroundings.now())
            session.console.out(
                "\(style(.dim, time))  \(style(.bold, account))  \(style(Style.tone(ofStatus: status), line))")
        }
    }
}
