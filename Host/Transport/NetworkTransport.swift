import Glibc
package import NIOCore
import NIOPosix

/// The machine's network. Any thread.
///
/// A route's connections live on one event loop, so that a pool needs no lock and one account's requests leave in the order
/// in which they were given.
package final class NetworkTransport: Transport {
    private let loops: [(loop: any EventLoop, pool: NIOLoopBoundBox<HTTPPool>)]
    private let connector: Connector

    package static let shared = NetworkTransport(group: MultiThreadedEventLoopGroup.singleton)

    package convenience init(group: any EventLoopGroup) { self.init(group: group, trust: ServerTrust()) }

    init(group: any EventLoopGroup, trust: ServerTrust) {
        let connector = Connector(trust: trust)
        self.connector = connector
        loops = group.makeIterator().map { loop in
            (
                loop,
                NIOLoopBoundBox.makeBoxSendingValue(
                    HTTPPool(loop, connector) { Self.moment() }, as: HTTPPool.self, eventLoop: loop)
            )
        }
    }

    package var now: Moment { Self.moment() }

    private static func moment() -> Moment {
        Moment(monotonic: read(CLOCK_MONOTONIC), wall: read(CLOCK_REALTIME))
    }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }

    private func place(_ route: NetworkRoute) -> (loop: any EventLoop, pool: NIOLoopBoundBox<HTTPPool>) {
        loops[Int(UInt(bitPattern: route.hashValue) % UInt(loops.count))]
    }

    package func send(_ exchange: HTTPExchange, _ observer: any HTTPObserver) -> any HTTPFlow {
        let (loop, pool) = place(exchange.route)
        let flow = NetworkFlow(loop)
        loop.execute {
            let running = RunningExchange(exchange, observer, loop) { Self.moment() }
            flow.set(running)
            pool.value.run(running)
        }
        return flow
    }

    package func open(_ link: LinkSpecification, _ observer: any LinkObserver) -> any SocketLink {
        let loop = place(link.route).loop
        return NetworkLink(link, observer, loop, connector) { Self.moment() }
    }
}

/// The way back to a request under way: parts of its body were used up.
private final class NetworkFlow: HTTPFlow {
    private let loop: any EventLoop
    private let running: NIOLoopBoundBox<RunningExchange?>

    init(_ loop: any EventLoop) {
        self.loop = loop
        running = NIOLoopBoundBox.makeBoxSendingValue(nil, as: RunningExchange?.self, eventLoop: loop)
    }

    func set(_ running: RunningExchange) { self.running.value = running }

    func consumed(_ parts: Int) {
        let running = running
        loop.execute { running.value?.consumed(parts) }
    }
}
