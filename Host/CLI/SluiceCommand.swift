import ArgumentParser
import Gateway

/// `sluice`: the gateway and the commands that speak to it.
struct SluiceCommand: NounCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "A broker gateway: one order in, checked and timed legs at many accounts out.",
        discussion: """
            'sluice serve' starts the gateway, 'sluice demo' shows the main job on simulated accounts, 'sluice check' looks at a \
            data directory that no gateway runs on. Every other command \
            speaks to a running gateway over HTTP. It finds it by --url or SLUICE_URL (default http://127.0.0.1:8080) and \
            its key by SLUICE_API_KEY or, for a gateway on this machine, the file admin.key in the data directory \
            (--data or SLUICE_DATA, default ./sluice-data).

            Exit status: 0 done, 1 refused or failed, 2 used wrongly.
            """,
        version: Sluice.version,
        subcommands: [
            ServeCommand.self, DemoCommand.self, AdaptersCommand.self, AccountsCommand.self, GroupsCommand.self,
            OrdersCommand.self, PositionsCommand.self, RunsCommand.self, KeysCommand.self, AuditCommand.self,
            SymbolsCommand.self, CheckCommand.self, BackupCommand.self, RiskCommand.self, EmergencyCommand.self,
            PreflightCommand.self,
            ReconcileCommand.self, QuestionsCommand.self, LatencyCommand.self, TopCommand.self, ExportCommand.self,
        ])
}

/// A word that only groups verbs. Alone it is used wrongly: the help goes to standard error, the exit status is 2.
protocol NounCommand: ParsableCommand {}

/// A command that needs more of its surroundings than a conversation with a gateway, or none.
protocol SurroundedCommand: AsyncParsableCommand {
    func run(in surroundings: Surroundings) async throws
}

extension SurroundedCommand {
    /// Not how the program runs it: `CommandLineEntry` brings the surroundings itself.
    func run() async throws { try await run(in: .live()) }
}

/// A command that is one conversation with a running gateway.
protocol ClientCommand: AsyncParsableCommand {
    var connection: ConnectionOptions { get }
    func run(in session: Session) async throws
}

extension ClientCommand {
    /// Not how the program runs it: `CommandLineEntry` opens the session itself.
    func run() async throws {
        throw CommandFailure.message("a client command needs a session", remedy: "run it through CommandLineEntry")
    }
}
