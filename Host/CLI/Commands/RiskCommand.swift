import ArgumentParser
import Exact

/// `sluice rms`
struct RiskCommand: NounCommand {
    static let configuration = CommandConfiguration(
        commandName: "rms", abstract: "Risk: trading states, usage, halt and resume.",
        subcommands: [Status.self, Halt.self, Reduce.self, Resume.self])

    struct Status: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "What is halted or reducing, and how much of the limits is used.",
            discussion: "Example: sluice rms status")
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let now = session.surroundings.now()
            try await session.show(.get, "/api/rms/status") { RiskCommand.lines($0, $1, now: now) }
        }
    }

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
            discussion: "Example: sluice rms resume firm --reason 'feed is right again'")
        @OptionGroup var change: StateChangeOptions
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws { try await change.run("resume", in: session) }
    }

    static func lines(_ answer: JSONValue, _ style: Style, now: String) -> [String] {
        let states = answer["states"]?.array ?? []
        var lines: [String] = []
        if states.isEmpty {
            lines.append("trading: \(style(.good, "ACTIVE")) everywhere")
        } else {
            var table = Table([
                .text("SCOPE"), .text("STATE"), .text("SINCE").optional, .text("BY").optional, .sentence("REASON"),
            ])
            for state in states {
                table.append([
                    Table.Cell(state.text("scope"), .bold), .status(state.text("state")),
                    Table.Cell(Units.time(state.text("at"), now: now)),
                    Table.Cell(state.text("by")),
                    Table.Cell(state.text("reason")),
                ])
            }
            lines += table.lines(style)
        }
        let usage = answer["accounts"]?.array ?? []
        guard !usage.isEmpty else { return lines }
        var table = Table([
            .text("ACCOUNT"), .number("OPEN ORDERS"), .number("OF").optional, .number("GROSS EXPOSURE").optional,
            .number("OF").optional, .number("DAY").optional, .number("LOSS LIMIT").optional, .text("").optional,
        ])
        for row in usage {
            let figures = [
                "open_orders", "open_orders_limit", "gross_exposure", "gross_exposure_limit",
                "day_result", "daily_loss_limit", "currency",
            ]
            table.append([Table.Cell(row.text("account_id"), .bold)] + figures.map { Table.Cell(row.text($0)) })
        }
        return lines + [""] + table.lines(style)
    }
}

/// Which scope changes its state, and why.
struct StateChangeOptions: ParsableArguments {
    @Argument(help: "firm, or kind:id with kind group, account, instrument, adapter, strategy or key.")
    var scope: String
    @Option(help: "Why; kept in the audit.") var reason: String

    func validate() throws {
        if reason.allSatisfy(\.isWhitespace) { throw ValidationError("--reason must say something") }
        let kinds = ["group", "account", "instrument", "adapter", "strategy", "key"]
        let parts = scope.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard scope == "firm" || parts.count == 2 && kinds.contains(String(parts[0])) && !parts[1].isEmpty else {
            throw ValidationError(
                "'\(scope)' is no scope; write firm, or kind:id with kind \(kinds.joined(separator: ", "))")
        }
    }

    func run(_ verb: String, cancelWorking: Bool? = nil, in session: Session) async throws {
        var body: JSONObject = ["scope": .string(scope), "reason": .string(reason)]
        if let cancelWorking { body["cancel_working"] = .bool(cancelWorking) }
        let now = session.surroundings.now()
        try await session.show(.post, "/api/rms/\(verb)", body: .object(body)) {
            answer, style in
            let word = answer.text("state")
            let state = word.isEmpty ? verb : word
            let time = answer.text("at")
            return [
                "\(style(.bold, scope)) is \(style(Style.tone(ofStatus: state), state))"
                    + (time.isEmpty ? "" : " since \(Units.time(time, now: now))")
            ]
        }
    }
}
