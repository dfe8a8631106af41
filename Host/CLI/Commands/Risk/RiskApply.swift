import ArgumentParser
import Exact

extension RiskCommand {
    struct Apply: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Make a document the limits from now on. Everything in it is checked first, and nothing half applied.",
            discussion: """
                Example: sluice rms apply rms.yaml --reason 'new loss limits' --dry-run

                It asks nothing and shows what changed. Name the version you looked at with --expected-version, and \
                somebody else's change in between is refused with the difference, not lost.
                """)
        @Argument(help: "The document, or '-' for standard input.") var file: String
        @OptionGroup var reason: ReasonOptions
        @OptionGroup var expected: ExpectedVersionOptions
        @Flag(help: "Check and show, change nothing.") var dryRun = false
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let document = try session.readText(file)
            let version = try await expected.resolved(in: session)
            try await RiskCommand.put(document, reason: reason.reason, over: version, isDryRun: dryRun, in: session)
        }
    }

    struct Rollback: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make an older version the limits again, as a new version.",
            discussion: "Example: sluice rms rollback 10 --reason 'the new limits are too tight'")
        @Argument(help: "The version to go back to; 'sluice rms history' lists them.") var version: Int64
        @OptionGroup var reason: ReasonOptions
        @OptionGroup var expected: ExpectedVersionOptions
        @OptionGroup var connection: ConnectionOptions

        func validate() throws {
            if version < 0 { throw ValidationError("the version must be 0 or more") }
        }

        func run(in session: Session) async throws {
            let body: JSONObject = ["version": JSONValue(version), "reason": .string(reason.reason)]
            let live = try await expected.resolved(in: session)
            try await session.show(
                .post, "/api/rms/rollback", body: .object(body), version: RiskCommand.entityTag(live)
            ) { RiskCommand.applied($0, $1) }
        }
    }

    /// Writes a document over a version, and shows what that changed.
    static func put(
        _ document: String, reason: String, over version: String, isDryRun: Bool, in session: Session
    ) async throws {
        let body: JSONObject = ["document": .string(document), "reason": .string(reason)]
        let path = APIPath.make("api", "rms", "config", query: [("dry_run", isDryRun ? "true" : nil)])
        try await session.show(.put, path, body: .object(body), version: entityTag(version)) { applied($0, $1) }
    }

    static func entityTag(_ version: String) -> String { "\"\(version)\"" }

    private static func applied(_ answer: JSONValue, _ style: Style) -> [String] {
        let (version, previous) = (answer.text("version"), answer.text("previous_version"))
        let changes = answer["changes"]?.array ?? []
        guard answer["is_changed"] != false else {
            return ["nothing to change: the document says what version \(previous.isEmpty ? version : previous) says"]
        }
        let end =
            answer["is_dry_run"] == true
            ? "\(style(.warning, "dry run")): this would be version \(version) after \(previous); nothing was changed"
            : "version \(style(.bold, version)) is in force, after \(previous): \(RiskChanges.count(changes))"
        return RiskChanges.lines(changes, style) + [end]
    }
}
