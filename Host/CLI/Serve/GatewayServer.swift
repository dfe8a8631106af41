import API
import Domain
import Exports
import Gateway
import Logging
import Settings

/// A gateway with its HTTP face, in this process.
enum GatewayServer {
    /// Builds, starts and listens. The first start writes the admin key file into the data directory.
    ///
    /// - Parameter playsPrices: `false` = recorded prices wait for `stepPrices`.
    static func start(
        _ configuration: SluiceConfiguration, playsPrices: Bool = false, logger: Logger = quietLogger
    ) async throws -> RunningGateway {
        let collector: Collector?
        do {
            collector = try Collector(configuration.exports, environment: ProcessEnvironment.variables)
        } catch {
            throw CommandFailure.message("\(error)", remedy: "put the secret there, or take the header out")
        }
        let runtime = try GatewayRuntime(
            configuration, executableDirectory: Executable.directory, logger: logger)
        let keys = try KeyRing(runtime)
        let keyFile = try keys.writeFirstAdminKey(in: runtime.store.directory)
        try await runtime.start(playsPrices: playsPrices)
        var served = APIConfiguration()
        served.host = configuration.http.host
        served.port = configuration.http.port
        served.maximumConnections = configuration.http.limits.connections
        served.idleMilliseconds = configuration.http.limits.idleTimeoutNanoseconds / 1_000_000
        served.requestMilliseconds = configuration.http.limits.requestTimeoutNanoseconds / 1_000_000
        let server = APIServer(configuration: served, runtime: runtime, keys: keys, logger: logger)
        let port: Int
        do {
            port = try await server.start()
        } catch {
            await runtime.stop()
            throw CommandFailure.message(
                "cannot listen on \(configuration.http.host):\(configuration.http.port): \(error)",
                remedy: "choose a free port with --port, 0 for any")
        }
        let exports = ExportServices(
            configuration.exports, collector: collector, sources: ExportSources(runtime) { keys.person(of: $0) },
            logger: logger)
        exports.start()
        return RunningGateway(
            port: port, keyFile: runtime.store.directory + "/admin.key", isNewKey: keyFile != nil, runtime: runtime,
            server: server, exports: exports)
    }

    /// For a gateway inside another command: what goes wrong, and nothing else.
    static var quietLogger: Logger {
        var logger = Logger(label: "sluice", factory: { StreamLogHandler.standardError(label: $0) })
        logger.logLevel = .error
        return logger
    }
}

/// A started gateway.
struct RunningGateway: Sendable {
    let port: Int
    /// The admin key's file, 0600.
    let keyFile: String
    let isNewKey: Bool
    let runtime: GatewayRuntime
    let server: APIServer
    let exports: ExportServices

    /// The admin key, as the first start wrote it.
    var adminKey: String {
        guard let bytes = try? FileAccess.read(keyFile, atMost: 4096) else { return "" }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").first.map(String.init) ?? ""
    }

    /// Plays so many more bars of each recorded instrument.
    func stepPrices(_ count: Int) async {
        for _ in 0..<count {
            do { try runtime.stepPrices() } catch { return }
        }
    }

    /// Graceful: no new requests, what was not handed over is withdrawn, the last batch is written.
    func stop() async {
        runtime.gateway.beginStopping()
        await exports.stop()
        await server.stop()
        await runtime.stop()
    }
}
