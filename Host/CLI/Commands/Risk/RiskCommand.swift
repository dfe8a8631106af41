import ArgumentParser

/// `sluice rms`
struct RiskCommand: NounCommand {
    static let configuration = CommandConfiguration(
        commandName: "rms", abstract: "Risk: limits and their versions, trading states, explanations, overrides.",
        discussion: """
            The limits are one document with versions. Look at them with 'show', change one with 'set' or all of them with \
            'apply' (both take --dry-run), compare with 'diff', go back with 'rollback'. 'explain' says why an order is \
            refused, 'simulate' what other limits would have done to the orders there were.

            Exit status: 0 done, 1 refused, failed or different, 2 used wrongly.
            """,
        subcommands: [
            Show.self, Diff.self, Apply.self, SetLimit.self, UnsetLimit.self, History.self, Rollback.self,
            Explain.self, Simulate.self, Status.self, Halt.self, Reduce.self, Resume.self, Override.self,
            Overrides.self, Revoke.self, SquareOff.self, SquareOffs.self, Heartbeat.self,
        ])
}
