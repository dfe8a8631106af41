import Domain
import Exports
package import Gateway
import HTTPTypes
package import Hummingbird
import HummingbirdCore
package import Logging
import NIOConcurrencyHelpers
package import NIOCore
import NIOPosix
import ServiceLifecycle
import Store

/// How the interface is served. Every bound is stated here.
package struct APIConfiguration: Sendable {
    /// Only this machine unless an operator says otherwise.
    package var host = "127.0.0.1"
    /// 0 = any free one; `start` answers which.
    package var port = 8080
    /// Connections at once; further ones wait in the listener's queue.
    package var maximumConnections = 10_000
    /// A connection without a request under way is closed after this, milliseconds.
    package var idleMilliseconds: Int64 = 60_000
    /// A request that has not arrived whole after this loses its connection, milliseconds.
    package var requestMilliseconds: Int64 = 30_000
    /// How long `stop` waits for requests under way, milliseconds.
    package var stopMilliseconds: Int64 = 5_000
    /// A comment goes out on each event stream after this, milliseconds.
    package var heartbeatMilliseconds: Int64 = 15_000
    /// How often the last uses of keys are stored, milliseconds.
    package var keyUseMilliseconds: Int64 = 5_000
    package init() {}
}

/// The HTTP interface over one gateway.
///
/// Bodies have at most 64 KiB, header fields 8 KiB each, 16 KiB together and 64 in number. HTTP/1.1 with keep-alive.
package final class APIServer: Sendable {
    package static let maximumHeaderField = 8_192
    package static let maximumHeaderList = 16_384
    package static let maximumHeaderCount = 64

    private let configuration: APIConfiguration
    let backend: Backend
    private let logger: Logger
    private let state = NIOLockedValueBox<Task<Void, any Error>?>(nil)
    private let group = NIOLockedValueBox<ServiceGroup?>(nil)

    /// - Parameters:
    ///   - runtime: may still be starting; routes that need it answer 503 until it serves.
    ///   - keys: authenticates; its `storeUses` is called in the background.
    package init(
        configuration: APIConfiguration = APIConfiguration(), runtime: GatewayRuntime, keys: KeyRing, logger: Logger
    ) {
        (self.configuration, self.logger) = (configuration, logger)
        backend = Backend(
            runtime: runtime, keys: keys,
            streams: LiveStreams(heartbeatMilliseconds: configuration.heartbeatMilliseconds),
            exports: ExportDesk(ExportSources(runtime) { keys.person(of: $0) }), logger: logger,
            document: OpenAPI.document(Routes.all))
    }

    /// Exports under way.
    package var openExports: Int { backend.exports.openCount }

    /// Event streams that clients hold open.
    package var openStreams: Int { backend.streams.count }

    /// The application as Hummingbird runs it, for tests at the router's level.
    package func application(
        onRunning: @escaping @Sendable (any Channel) async -> Void = { _ in }
    ) -> some ApplicationProtocol {
        let configuration = configuration
        return Application(
            responder: Dispatcher(backend: backend, table: RouteTable(Routes.all)),
            server: .http1(
                configuration: HTTP1Channel.Configuration(
                    additionalChannelHandlers: [
                        RequestDeadline(.milliseconds(configuration.requestMilliseconds)), WebSocketSwitch(),
                    ],
                    idleTimeout: .milliseconds(configuration.idleMilliseconds),
                    httpDecoderConfiguration: HTTP1Channel.Configuration.DecoderConfiguration(
                        maxHeaderFieldSize: Self.maximumHeaderField, maxHeaderListSize: Self.maximumHeaderList,
                        maxHeaderFieldCount: Self.maximumHeaderCount))),
            configuration: ApplicationConfiguration(
                address: .hostname(configuration.host, port: configuration.port),
                availableConnectionsDelegate: MaximumAvailableConnections(configuration.maximumConnections)),
            onServerRunning: onRunning, logger: logger)
    }

    /// Begins to listen.
    ///
    /// - Returns: the port.
    /// - Throws: the system's reason why the address cannot be bound.
    package func start() async throws -> Int {
        let (ports, announce) = AsyncThrowingStream.makeStream(of: Int.self)
        let application = application { channel in
            announce.yield(channel.localAddress?.port ?? 0)
        }
        var groupLogger = logger
        groupLogger.logLevel = max(groupLogger.logLevel, .warning)
        let services = ServiceGroup(configuration: .init(services: [application], logger: groupLogger))
        group.withLockedValue { $0 = services }
        let task = Task { [self] in
            do {
                try await withThrowingTaskGroup(of: Void.self) { tasks in
                    tasks.addTask { try await self.storeKeyUses() }
                    tasks.addTask { try await services.run() }
                    // The server ends first; the background work never does by itself.
                    defer { tasks.cancelAll() }
                    try await tasks.next()
                }
                announce.finish()
            } catch {
                announce.finish(throwing: error)
                throw error
            }
        }
        state.withLockedValue { $0 = task }
        for try await port in ports { return port }
        throw CancellationError()
    }

    /// Listens until `stop` is called or the task is cancelled.
    package func run() async throws {
        _ = try await start()
        try await withTaskCancellationHandler {
            try await state.withLockedValue { $0 }?.value
        } onCancel: {
            Task { await self.stop() }
        }
    }

    /// Stops listening, ends event streams, and waits for requests under way, at most as long as configured.
    package func stop() async {
        guard let task = state.withLockedValue({ $0 }) else { return }
        backend.streams.finish()
        await group.withLockedValue { $0 }?.triggerGracefulShutdown()
        let limit = configuration.stopMilliseconds
        let guardian = Task {
            try await Task.sleep(for: .milliseconds(limit))
            task.cancel()
        }
        _ = await task.result
        guardian.cancel()
        do { try backend.keys.storeUses() } catch {
            logger.warning("Last uses of keys could not be stored", metadata: ["failure": "\(error)"])
        }
    }

    private func storeKeyUses() async throws {
        while true {
            try await Task.sleep(for: .milliseconds(configuration.keyUseMilliseconds))
            let keys = backend.keys
            do {
                try await backend.offLoop { try keys.storeUses() }
            } catch {
                logger.warning("Last uses of keys could not be stored", metadata: ["failure": "\(error)"])
            }
        }
    }

    /// Makes handlers run on the event loops that read their requests, instead of on Swift's own pool of threads: a wake of
    /// another thread less on the way in, and one less on the way out. To be called once, before anything else.
    ///
    /// - Returns: `false` where the runtime does not allow it; everything works all the same.
    package static func runHandlersOnEventLoops() -> Bool {
        NIOSingletons.unsafeTryInstallSingletonPosixEventLoopGroupAsConcurrencyGlobalExecutor()
    }
}
