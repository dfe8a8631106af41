import ArgumentParser
import Exact

/// `sluice emergency`
struct EmergencyCommand: NounCommand {
    static let configuration = CommandConfiguration(
        commandName: "emergency", abstract: "Stop everything, close everything, go on.",
        subcommands: [Show.self, Stop.self, CloseAll.self, Resume.self])

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "status", abstract: "Whether trading as a whole is stopped.",
            discussion: "Example: sluice emergency status")
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let now = session.surroundings.now()
            try await session.show(.get, "/api/emergency") { EmergencyCommand.lines($0, $1, now: now) }
        }
    }

    struct Stop: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Halt the firm and cancel what works at every broker.",
            discussion: "Example: sluice emergency stop --reason 'prices are wrong'")
        @OptionGroup var reason: ReasonOptions
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let now = session.surroundings.now()
            try await session.show(
                .post, "/api/emergency/stop", body: .object(["reason": .string(reason.reason)])
            ) { EmergencyCommand.lines($0, $1, now: now) }
        }
    }

    struct CloseAll: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "close-all", abstract: "Cancel what works and close every position, with collared orders.",
            discussion: """
                Example: sluice emergency close-all --reason 'the day is lost'

                It answers once it has begun; 'sluice rms square-offs' shows how far it is. It goes on after a restart, and \
                while trading is halted.
                """)
        @OptionGroup var reason: ReasonOptions
        @OptionGroup var idempotency: IdempotencyOptions
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let now = session.surroundings.now()
            try await session.show(
                .post, "/api/emergency/close-all", body: .object(["reason": .string(reason.reason)]),
                idempotencyKey: idempotency.key
            ) { EmergencyCommand.lines($0, $1, now: now) }
        }
    }

    struct Resume: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Let the firm trade again.",
            discussion: "Example: sluice emergency resume --reason 'prices are right again'")
        @OptionGroup var reason: ReasonOptions
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let now = session.surroundings.now()
            try await session.show(
                .post, "/api/emergency/resume", body: .object(["reason": .string(reason.reason)])
            ) { EmergencyCommand.lines($0, $1, now: now) }
        }
    }

    private static func lines(_ answer: JSONValue, _ style: Style, now: String) -> [String] {
        let state = answer.text("state")
        let by = answer.text("by")
        var lines = [
            "the firm is \(style(Style.tone(ofStatus: state), state))"
                + (by.isEmpty
                    ? "" : " since \(Units.time(answer.text("at"), now: now)), by \(by): \(answer.text("reason"))")
        ]
        if let closing = answer["square_off"], closing != .null {
            lines += SquareOffReport.lines(closing, style, now: now)
        }
        return lines
    }
}
