import ArgumentParser
import Exact

extension RiskCommand {
    struct SquareOff: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Cancel what works in a scope and close what it holds, with collared orders.",
            discussion: """
                Example: sluice rms square-off account:P1 --reason 'end of the day' --wait

                Without --wait it answers once it has begun. The exit status with --wait is 0 when everything is flat, 1 \
                when something is in the way, when it was canceled, or when it still goes on after --timeout-ms. \
                'sluice rms square-off --cancel q1 --reason ...' ends one; what is closed stays closed.
                """)
        @Argument(help: ArgumentHelp(stringLiteral: RiskArguments.scopeRule + ".")) var scope: String?
        @Option(help: "End this square-off instead of beginning one.") var cancel: String?
        @OptionGroup var reason: ReasonOptions
        @Flag(help: "Follow it until it has ended.") var wait = false
        @Option(help: "With --wait: stop following after so many milliseconds. Default 600000.") var timeoutMs: Int?
        @OptionGroup var idempotency: IdempotencyOptions
        @OptionGroup var connection: ConnectionOptions

        func validate() throws {
            guard (scope == nil) != (cancel == nil) else {
                throw ValidationError("say what: either a SCOPE, \(RiskArguments.scopeRule), or --cancel ID")
            }
            if let scope { try RiskArguments.checkScope(scope) }
            if let timeoutMs {
                if !wait { throw ValidationError("--timeout-ms needs --wait") }
                if timeoutMs < 1 { throw ValidationError("--timeout-ms must be at least 1") }
            }
        }

        private static let interval = 500

        func run(in session: Session) async throws {
            var body: JSONObject = ["reason": .string(reason.reason)]
            var path = "/api/rms/square-off"
            if let scope { body["scope"] = .string(scope) }
            if let cancel { path = APIPath.make("api", "rms", "square-off", cancel, "cancel") }
            let now = session.surroundings.now()
            let begun = try await session.show(
                .post, path, body: .object(body), idempotencyKey: idempotency.key
            ) { SquareOffReport.lines($0, $1, now: now) }
            let end = wait ? try await follow(begun, in: session) : begun.text("status")
            // Without --wait a square-off that is canceled or goes on is what was asked for.
            if end == "BLOCKED" || (wait && cancel == nil && end == "CANCELED") { throw CommandFailure.refused }
        }

        /// Looks at it until it has ended, and says each change once.
        ///
        /// - Returns: its last status.
        private func follow(_ begun: JSONValue, in session: Session) async throws -> String {
            let id = begun.text("square_off_id")
            guard !id.isEmpty else {
                throw CommandFailure.message(
                    "the gateway's answer names no square-off", remedy: "look with 'sluice rms square-offs'")
            }
            let path = APIPath.make("api", "rms", "square-off", id)
            let limit = timeoutMs ?? 600_000
            var (last, waited) = (begun, 0)
            while !SquareOffReport.hasEnded(last.text("status")) {
                guard waited < limit else {
                    throw CommandFailure.message(
                        "square-off \(id) is \(last.text("status")) after \(limit) ms; it goes on",
                        remedy: "look with 'sluice rms square-offs \(id)'")
                }
                let pause = min(Self.interval, limit - waited)
                try await session.surroundings.pause(pause)
                waited += pause
                let current: JSONValue
                do {
                    current = try await session.fetch(path)
                } catch CommandFailure.transport(let failure, _, _) {
                    throw CommandFailure.message(
                        "square-off \(id) goes on, but cannot be followed: \(failure.message)",
                        remedy: "look with 'sluice rms square-offs \(id)'")
                }
                guard current != last else { continue }
                if session.isJSON {
                    session.console.unchanged(current.serialized())
                } else {
                    for line in SquareOffReport.changes(
                        from: last, to: current, session.console.style, now: session.surroundings.now())
                    {
                        session.console.out(line)
                    }
                }
                last = current
            }
            return last.text("status")
        }
    }

    struct SquareOffs: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every square-off, or one with its positions.", discussion: "Example: sluice rms square-offs")
        @Argument(help: "Only this one.") var id: String?
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let now = session.surroundings.now()
            if let id {
                try await session.show(.get, APIPath.make("api", "rms", "square-off", id)) {
                    SquareOffReport.lines($0, $1, now: now)
                }
            } else {
                try await session.show(.get, "/api/rms/square-off") { answer, style in
                    let rows = answer.items
                    return rows.isEmpty
                        ? ["no square-offs"]
                        : SquareOffReport.table(rows, now: now).lines(style) + answer.nextPage(style)
                }
            }
        }
    }
}
