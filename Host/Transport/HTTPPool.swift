import NIOCore
import NIOHTTP1
import NIOHTTPCompression

/// The connections of one event loop, by route. On that loop alone.
final class HTTPPool {
    /// A server that hangs up on an idle connection may do so at the instant a request is written to it: short idleness
    /// makes that rare, for what it makes of a mutation is an unknown outcome.
    static let idleTime = TimeAmount.seconds(20)
    static let idleConnections = 16

    private struct Idle {
        var connection: HTTPConnection
        var expiry: Scheduled<Void>
    }
    private let loop: any EventLoop
    private let connector: Connector
    private let clock: @Sendable () -> Moment
    private var idle: [NetworkRoute: [Idle]] = [:]
    private(set) var openConnections = 0

    init(_ loop: any EventLoop, _ connector: Connector, clock: @escaping @Sendable () -> Moment) {
        (self.loop, self.connector, self.clock) = (loop, connector, clock)
    }

    func run(_ running: RunningExchange) {
        running.startTotal()
        let route = running.exchange.route
        while let next = idle[route]?.popLast() {
            next.expiry.cancel()
            if next.connection.isUsable { return write(running, on: next.connection) }
        }
        let timeout = min(running.exchange.connectTimeout, running.exchange.totalTimeout)
        connector.connect(route, on: loop, timeout: timeout).assumeIsolated().whenComplete { [self] result in
            switch result {
            case .failure(let error):
                running.fail(.neverSent, (error as? ConnectFailure)?.text ?? "\(error)")
            case .success(let channel):
                do {
                    let connection = try furnish(channel, route)
                    guard !running.isOver else { return keep(connection, route) }
                    write(running, on: connection)
                } catch {
                    channel.close(promise: nil)
                    running.fail(.neverSent, "the connection was closed as it was made: \(error)")
                }
            }
        }
    }

    private func write(_ running: RunningExchange, on connection: HTTPConnection) {
        let route = running.exchange.route
        let message: HTTPMessage
        do throws(NotSent) {
            message = try running.observer.makeMessage(clock())
            try MessageCheck.check(message)
        } catch {
            keep(connection, route)
            return running.fail(.neverSent, error.text)
        }
        // Making a message may have taken a while, but no turn of the loop: what was usable still is.
        running.connection = connection
        connection.begin(running, message, host: route.authority)
    }

    private func furnish(_ channel: any Channel, _ route: NetworkRoute) throws -> HTTPConnection {
        let connection = HTTPConnection { [weak self] connection, isUsable in
            guard let self else { return connection.close() }
            if isUsable { keep(connection, route) } else { forget(connection, route) }
        }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(ByteWatch(connection))
        try pipeline.addHandler(HTTPRequestEncoder())
        try pipeline.addHandler(
            ByteToMessageHandler(
                HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: HTTPConnection.limits)))
        try pipeline.addHandler(NIOHTTPResponseDecompressor(limit: .size(256 << 20)))
        try pipeline.addHandler(connection)
        openConnections += 1
        return connection
    }

    private func keep(_ connection: HTTPConnection, _ route: NetworkRoute) {
        guard connection.isUsable, (idle[route]?.count ?? 0) < Self.idleConnections else { return connection.close() }
        let expiry = loop.assumeIsolated().scheduleTask(in: Self.idleTime) { [weak connection] in
            if let connection, connection.isUsable { connection.close() }
        }
        idle[route, default: []].append(Idle(connection: connection, expiry: expiry))
    }

    private func forget(_ connection: HTTPConnection, _ route: NetworkRoute) {
        openConnections -= 1
        guard var list = idle[route] else { return }
        for entry in list where entry.connection === connection { entry.expiry.cancel() }
        list.removeAll { $0.connection === connection }
        idle[route] = list.isEmpty ? nil : list
    }

    func closeAll() {
        for list in idle.values {
            for entry in list {
                entry.expiry.cancel()
                entry.connection.close()
            }
        }
        idle = [:]
    }
}
