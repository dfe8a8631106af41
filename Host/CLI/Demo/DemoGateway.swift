import Domain
import Settings

/// The gateway of the demo, in this process; everything else about it goes over HTTP.
struct DemoGateway: Sendable {
    let port: Int
    let adminKey: String
    /// Plays so many more bars of each instrument.
    let stepPrices: @Sendable (Int) async -> Void
    let stop: @Sendable () async -> Void

    var url: String { "http://127.0.0.1:\(port)" }

    /// Starts it by a configuration file; the environment has no say, so that the demo is the same everywhere.
    static func start(file: String, directory: String) async throws -> DemoGateway {
        let configuration: SluiceConfiguration
        do {
            configuration = try SluiceConfiguration.load(
                file: file, environment: [:], workingDirectory: directory, now: SystemTime.now())
        } catch {
            throw CommandFailure.message("the demo's configuration was refused: \(error)", remedy: nil)
        }
        let running = try await GatewayServer.start(configuration)
        return DemoGateway(
            port: running.port, adminKey: running.adminKey, stepPrices: { await running.stepPrices($0) },
            stop: { await running.stop() })
    }
}
