import ArgumentParser
import Exact

extension RiskCommand {
    struct Halt: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Stop a scope: no order of it leaves any more.",
            discussion: "Example: sluice rms halt firm --reason 'feed is wrong' --cancel-working")
        @OptionGroup var change: StateChangeOptions
        @Flag(help: "Also cancel what works at the brokers.") var cancelWorking = false
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            try await change.run("halt", cancelWorking: cancelWorking, in: session)
        }
    }

    struct Reduce: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a scope only close what it holds.",
            discussion: "Example: sluice rms reduce account:P1 --reason 'margin is short'")
        @OptionGroup var change: StateChangeOptions
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws { try await change.run("reduce", in: session) }
    }

    struct Resume: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let a scope trade again.",
            discussion: """
                Example: sluice rms resume firm --reason 'feed is right again'

                Where two persons are asked for, the gateway refuses the one who halted it and the one whose order caused it.
                """)
        @OptionGroup var change: StateChangeOptions
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws { try await change.run("resume", in: session) }
    }
}

/// Which scope changes its state, and why.
struct StateChangeOptions: ParsableArguments {
    @Argument(help: ArgumentHelp(stringLiteral: RiskArguments.scopeRule + ".")) var scope: String
    @OptionGroup var reason: ReasonOptions

    func validate() throws { try RiskArguments.checkScope(scope) }

    func run(_ verb: String, cancelWorking: Bool? = nil, in session: Session) async throws {
        var body: JSONObject = ["scope": .string(scope), "reason": .string(reason.reason)]
        if let cancelWorking { body["cancel_working"] = .bool(cancelWorking) }
        let now = session.surroundings.now()
        try await session.show(.post, "/api/rms/\(verb)", body: .object(body)) { answer, style in
            let word = answer.text("state")
            let state = word.isEmpty ? verb : word
            let (time, until) = (answer.text("at"), answer.text("until"))
            return [
                "\(style(.bold, scope.displayable)) is \(style(Style.tone(ofStatus: state), state))"
                    + (time.isEmpty ? "" : " since \(Units.time(time, now: now))")
                    + (until.isEmpty ? "" : " until \(Units.time(until, now: now))")
            ]
        }
    }
}
