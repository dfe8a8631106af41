import ArgumentParser
import Exact

extension RiskCommand {
    struct Heartbeat: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Say that whoever trades is alive: when the next one does not come in time, the gateway acts by itself.",
            discussion: """
                Example: sluice rms heartbeat --ttl 30s

                Each call starts the time anew; --off ends the watch. Without --scope it watches the key it is sent with.
                """)
        @Option(help: ArgumentHelp(stringLiteral: "How long until the next one must come: \(DurationArgument.rule)."))
        var ttl: DurationArgument?
        @Flag(help: "No longer watch.") var off = false
        @Option(help: ArgumentHelp(stringLiteral: RiskArguments.scopeRule + ". Default: the key it is sent with."))
        var scope: String?
        @OptionGroup var connection: ConnectionOptions

        func validate() throws {
            guard (ttl != nil) != off else { throw ValidationError("say either --ttl DURATION or --off") }
            if let scope { try RiskArguments.checkScope(scope) }
        }

        func run(in session: Session) async throws {
            var body: JSONObject = ["ttl_ms": JSONValue(ttl?.milliseconds ?? 0)]
            if let scope { body["scope"] = .string(scope) }
            let now = session.surroundings.now()
            let isOff = off
            try await session.show(.post, "/api/rms/heartbeat", body: .object(body)) { answer, style in
                let scope = style(.bold, answer.text("scope"))
                guard !isOff else { return ["\(scope) is no longer watched"] }
                return [
                    "\(scope) is \(style(.good, "watched")): the next heartbeat must come by "
                        + Units.time(answer.text("expires_at"), now: now)
                ]
            }
        }
    }
}
