import CBench
import Foundation
import Glibc
import NIOConcurrencyHelpers

/// A thousand clients of the event stream over sockets, one of which reads nothing: what the others hear, and what fan-outs
/// over HTTP notice of all of them. The gateway is a process of its own; its clients, all of them, are this one.
func measureStreams(_ bench: Bench) async throws {
    let scratch = try Scratch()
    let child = try Child(scratch.path, accounts: 100)
    let clients = bench.size(1_000, quick: 20)
    let (legs, rate) = (5, 20)
    func place(_ name: String, firstNumber: Int) throws {
        let load = try HTTPLoad(
            port: child.ready.port, connections: 4, firstNumber: firstNumber, request: fanOuts(child, legs: legs))
        let result = try load.run(milliseconds: bench.size(5_000, quick: 500), perSecond: rate, expecting: 200)
        bench.expect(result.others.isEmpty, "answers other than 200: \(result.others)")
        bench.report(Row(name, result.latency, note: "\(rate) requests of \(legs) legs a second"))
    }
    try place("HTTP: \(legs) legs, nobody listens", firstNumber: 0)
    let listeners = try StreamListeners(port: child.ready.port, key: child.ready.key, count: clients - 1)
    let stalled = try StreamListeners.connect(child.ready.port, child.ready.key)
    try listeners.wait(seconds: 30, "a snapshot for everyone") { $0.snapshots >= clients - 1 }
    try place("HTTP: \(legs) legs, \(clients) listen, one is stuck", firstNumber: 1_000_000)
    // The last event has reached the first client; now all of them.
    try listeners.wait(seconds: 30, "the same events for everyone") { $0.fewest == $0.most && $0.most > 0 }
    let heard = listeners.state.withLockedValue { $0 }
    bench.expect(heard.behind == 0 && heard.lost == 0, "\(heard.behind) fell behind, \(heard.lost) were dropped")
    bench.note(
        "each of \(clients - 1) clients heard \(heard.most) events, \(heard.bytes >> 20) MiB in all; none fell behind")
    listeners.stop()
    Glibc.close(stalled)
    bench.expect(child.stop(), "the gateway's process did not end well")
}

private func fanOuts(_ child: Child, legs: Int) -> (Int) -> [UInt8] {
    let head =
        "POST /api/execution-groups/legs\(legs)/orders HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        + "Authorization: Bearer \(child.ready.key)\r\nContent-Type: application/json\r\nIdempotency-Key: bench-"
    let body =
        "{\"symbol\":\"US:EQ:ACME\",\"side\":\"BUY\",\"quantity\":\"\(legs)\","
        + "\"order_type\":\"MARKET\",\"product\":\"INTRADAY\"}"
    return { Array("\(head)\($0)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8) }
}

/// Connections that read what comes, on one thread, and count events by their ids.
final class StreamListeners: Sendable {
    struct Heard {
        /// Events that each client heard, snapshots not counted.
        var events: [Int]
        var snapshots = 0
        /// Snapshots because a client fell behind, and connections that were closed.
        var behind = 0
        var lost = 0
        var bytes = 0
        var isStopping = false
        var fewest: Int { events.min() ?? 0 }
        var most: Int { events.max() ?? 0 }
    }

    let state: NIOLockedValueBox<Heard>
    private let descriptors: [Int32]

    init(port: Int, key: String, count: Int) throws {
        state = NIOLockedValueBox(Heard(events: [Int](repeating: 0, count: count)))
        descriptors = try (0..<count).map { _ in try Self.connect(port, key) }
        Thread.detachNewThread { self.read() }
    }

    static func connect(_ port: Int, _ key: String) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(UInt16(port).bigEndian)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        let request = Array(
            "GET /api/stream?topics=runs,legs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(key)\r\n\r\n".utf8)
        guard isConnected, write(descriptor, request, request.count) == request.count else {
            throw BenchFailure("a client cannot connect to port \(port)")
        }
        return descriptor
    }

    func stop() {
        state.withLockedValue { $0.isStopping = true }
        for descriptor in descriptors { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }

    func wait(seconds: Int, _ what: String, until isThere: (Heard) -> Bool) throws {
        let end = Clock.now() + Int64(seconds) * 1_000_000_000
        while !isThere(state.withLockedValue { $0 }) {
            guard Clock.now() < end else {
                let heard = state.withLockedValue { $0 }
                throw BenchFailure(
                    "\(what) did not come: \(heard.fewest) to \(heard.most) events, \(heard.snapshots) snapshots, "
                        + "\(heard.behind) behind, \(heard.lost) lost")
            }
            usleep(50_000)
        }
    }

    private func read() {
        let epoll = epoll_create1(0)
        for (index, descriptor) in descriptors.enumerated() {
            var event = epoll_event()
            event.events = EPOLLIN.rawValue
            event.data.u32 = UInt32(index)
            epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event)
        }
        var ready = [epoll_event](repeating: epoll_event(), count: 256)
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        // The end of what was read before, where a mark may be cut in two.
        var tails = [[UInt8]](repeating: [], count: descriptors.count)
        var open = descriptors.count
        while open > 0 {
            let count = epoll_wait(epoll, &ready, Int32(ready.count), 1_000)
            for event in ready.prefix(Int(max(0, count))) {
                let index = Int(event.data.u32)
                let count = Glibc.read(descriptors[index], &buffer, buffer.count)
                guard count > 0 else {
                    epoll_ctl(epoll, EPOLL_CTL_DEL, descriptors[index], nil)
                    open -= 1
                    state.withLockedValue { if !$0.isStopping { $0.lost += 1 } }
                    continue
                }
                let known = tails[index].count
                let text = tails[index] + buffer[..<count]
                func marks(_ mark: String) -> Int { Self.count(Array(mark.utf8), in: text, endingBehind: known) }
                let snapshots = marks("\nevent: snapshot\n")
                let (ids, behind) = (marks("\nid: "), marks("\"fell_behind\""))
                tails[index] = Array(text.suffix(24))
                state.withLockedValue { heard in
                    heard.events[index] += ids - snapshots
                    heard.snapshots += snapshots
                    heard.behind += behind
                    heard.bytes += count
                }
            }
        }
        close(epoll)
        for descriptor in descriptors { close(descriptor) }
    }

    private static func count(_ mark: [UInt8], in text: [UInt8], endingBehind known: Int) -> Int {
        var (found, place) = (0, 0)
        while let start = text[place...].firstIndex(of: mark[0]) {
            if start + mark.count > known, text[start...].starts(with: mark) { found += 1 }
            place = start + 1
        }
        return found
    }
}
