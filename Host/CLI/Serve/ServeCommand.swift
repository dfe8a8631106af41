import API
import ArgumentParser
import Domain
import Gateway
import Logging
import Settings

/// `sluice serve`: the gateway itself, until it is told to stop.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Start the gateway and serve until interrupted.",
        discussion: """
            Example: sluice serve --config sluice.yaml

            Reads sluice.yaml (when there is one), SLUICE_* variables over it, and flags over both. The first start writes an \
            admin key into the data directory and says where. SIGINT or SIGTERM stops it: orders that have not left are \
            withdrawn, sessions close, everything is on disk.
            """)

    @Option(help: "The configuration file. Default: sluice.yaml, if it is there.")
    var config: String?

    @Option(help: "The data directory (data).")
    var data: String?

    @Option(help: "The address to listen on (http.host).")
    var host: String?

    @Option(help: "The port to listen on, 0 for any free one (http.port).")
    var port: Int?

    @Option(help: "How much to log: trace, debug, info, notice, warning, error.")
    var logLevel: String = "info"

    func run() async throws {
        guard let level = Logger.Level(rawValue: logLevel) else {
            throw CommandFailure.usage(
                "--log-level \(logLevel) is not a level", remedy: "use trace, debug, info, notice, warning or error")
        }
        var logger = Logger(label: "sluice", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = level
        let configuration = try load()
        for warning in configuration.warnings {
            logger.warning("Configuration", metadata: ["warning": "\(warning)"])
        }
        ProcessMemory.reserve(configuration.memoryReserve, logger)
        let running: RunningGateway
        do {
            running = try await GatewayServer.start(configuration, playsPrices: true, logger: logger)
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure.message("the gateway did not start: \(error)", remedy: nil)
        }
        let console = Console.live()
        console.out("sluice \(Sluice.version) listens on http://\(configuration.http.host):\(running.port)")
        console.out("\(running.isNewKey ? "a new admin key is in" : "the admin key is in") \(running.keyFile)")
        for status in running.runtime.adapters.statuses where status.refusal != nil {
            console.out("adapter \(status.id) is not loaded: \(status.refusal?.text ?? "")")
        }
        await Interruption.wait()
        console.out("stopping")
        await running.stop()
    }

    private func load() throws -> SluiceConfiguration {
        var flags: [DocumentReader.Override] = []
        if let data { flags.append(DocumentReader.Override(path: ["data"], value: data, origin: "--data")) }
        if let host { flags.append(DocumentReader.Override(path: ["http", "host"], value: host, origin: "--host")) }
        if let port {
            flags.append(DocumentReader.Override(path: ["http", "port"], value: "\(port)", origin: "--port"))
        }
        let directory = FileAccess.workingDirectory
        let file = config ?? (FileAccess.exists("sluice.yaml") ? "sluice.yaml" : nil)
        do {
            return try SluiceConfiguration.load(
                file: file, environment: ProcessEnvironment.variables, flags: flags, workingDirectory: directory,
                now: SystemTime.now())
        } catch {
            throw CommandFailure.message("the configuration is refused:\n\(error)", remedy: nil)
        }
    }
}
