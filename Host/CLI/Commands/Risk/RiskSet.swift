import ArgumentParser

extension RiskCommand {
    struct SetLimit: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "set", abstract: "Change one limit, in the live document; all else in it stays as it is.",
            discussion: """
                Example: sluice rms set daily-loss.max '10000 INR' --scope account:P1 --reason 'smaller this week' --dry-run

                Values are written as in a document: 500, '20000 INR', 30s, unlimited, '[LIMIT, MARKET]'. 'sluice rms set \
                profile cautious --scope account:P1' changes the profile; --profile cautious, instead of --scope, what the \
                profile says.
                """)
        @Argument(help: "Which one: CONTROL.KEY, as daily-loss.max; or profile.") var setting: String
        @Argument(help: "The value from now on.") var value: String
        @OptionGroup var change: RiskEditOptions
        @OptionGroup var connection: ConnectionOptions

        func validate() throws { _ = try change.edit(setting, value) }

        func run(in session: Session) async throws { try await change.run(setting, value, in: session) }
    }

    struct UnsetLimit: ClientCommand {
        static let configuration = CommandConfiguration(
            commandName: "unset",
            abstract:
                "Take one limit, or all of a control, out of the live document: what stands above it counts then.",
            discussion: "Example: sluice rms unset daily-loss.max --scope account:P1 --reason 'as everybody' --dry-run")
        @Argument(help: "Which one: CONTROL.KEY, or CONTROL for all its keys; or profile.") var setting: String
        @OptionGroup var change: RiskEditOptions
        @OptionGroup var connection: ConnectionOptions

        func validate() throws { _ = try change.edit(setting, nil) }

        func run(in session: Session) async throws { try await change.run(setting, nil, in: session) }
    }
}

/// Where one setting changes, why, and over which version.
struct RiskEditOptions: ParsableArguments {
    @Option(help: "Whose limit: firm, or kind:id with kind group, account, instrument, adapter or strategy.")
    var scope: String?
    @Option(help: "The profile it stands in, instead of a scope.") var profile: String?
    @OptionGroup var reason: ReasonOptions
    @OptionGroup var expected: ExpectedVersionOptions
    @Flag(help: "Check and show, change nothing.") var dryRun = false

    func validate() throws {
        guard (scope == nil) != (profile == nil) else {
            throw ValidationError("say where: either --scope SCOPE or --profile PROFILE")
        }
    }

    func edit(_ setting: String, _ value: String?) throws -> RiskEdit {
        try RiskEdit(place: scope ?? "profile:\(profile ?? "")", setting: setting, value: value)
    }

    /// Read, change, write over the version that was read: someone else's change in between is refused, not lost.
    func run(_ setting: String, _ value: String?, in session: Session) async throws {
        let edit = try edit(setting, value)
        let live = try await LiveDocument.read(in: session)
        // Not the text that was looked at: the change may mean something else in it.
        if let version = expected.expectedVersion, String(version) != live.version {
            throw CommandFailure.message(
                "the stored version is \(live.version), not \(version); nothing was changed",
                remedy: "look at 'sluice rms diff --version \(live.version) --against \(version)' and repeat it")
        }
        let document = try edit.applied(to: live.text)
        try await RiskCommand.put(document, reason: reason.reason, over: live.version, isDryRun: dryRun, in: session)
    }
}
