import CBench
import Glibc

/// A load generator for HTTP/1.1 on connections that stay open: one thread, one request at a time a connection.
///
/// Closed loop: each answer is followed by the next request. At a fixed rate: requests are due by the clock whatever the
/// server does, and each is timed from the instant at which it was due, so that a pause of the server counts for every
/// request that it holds up.
final class HTTPLoad {
    struct Result {
        var latency = Samples()
        var answers = 0
        /// Answers whose status is not the one that is expected, by status.
        var others: [Int: Int] = [:]
        var nanoseconds: Int64 = 0
        /// Answers a second, in thousandths.
        var rate: Int64 { Int64(answers) * 1_000_000_000_000 / max(1, nanoseconds) }
    }

    private struct Connection {
        let descriptor: Int32
        /// When the request under way was due; `nil` = idle.
        var due: Int64?
        var bytes: [UInt8] = []
    }

    private let epoll: Int32
    private var connections: [Connection] = []
    private let request: (Int) -> [UInt8]
    private var number: Int
    private var buffer = [UInt8](repeating: 0, count: 262_144)
    /// The body of the last answer.
    private(set) var lastBody: [UInt8] = []

    /// - Parameter request: the bytes of the so-and-so-manieth request.
    init(port: Int, connections count: Int, firstNumber: Int = 0, request: @escaping (Int) -> [UInt8]) throws {
        self.request = request
        number = firstNumber
        epoll = epoll_create1(0)
        for index in 0..<count {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(UInt16(port).bigEndian)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            let connected = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard connected == 0 else { throw BenchFailure("cannot connect to port \(port)") }
            var on: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
            var event = epoll_event()
            event.events = EPOLLIN.rawValue
            event.data.u32 = UInt32(index)
            epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event)
            connections.append(Connection(descriptor: descriptor))
        }
    }

    deinit {
        for connection in connections { close(connection.descriptor) }
        close(epoll)
    }

    var requests: Int { number }

    /// - Parameter perSecond: `nil` = closed loop.
    func run(milliseconds: Int, perSecond: Int? = nil, expecting status: Int) throws -> Result {
        cbench_sleep_exactly()
        var result = Result()
        let start = Clock.now()
        let end = start + Int64(milliseconds) * 1_000_000
        let interval = perSecond.map { 1_000_000_000 / Int64($0) }
        var nextDue = start
        var events = [epoll_event](repeating: epoll_event(), count: 64)
        while true {
            let now = Clock.now()
            let isOver = now >= end
            if !isOver {
                for index in connections.indices where connections[index].due == nil {
                    if let interval {
                        guard nextDue <= now else { break }
                        try send(index, due: nextDue)
                        nextDue += interval
                    } else {
                        try send(index, due: now)
                    }
                }
            } else if connections.allSatisfy({ $0.due == nil }) {
                break
            }
            guard Clock.now() < end + 10_000_000_000 else { throw BenchFailure("the server does not answer") }
            // Sleeps until an answer comes or the next request is due: the server needs the processor.
            let pause = interval == nil || isOver ? 100_000_000 : max(0, nextDue - Clock.now())
            var limit = timespec(tv_sec: 0, tv_nsec: Int(min(pause, 100_000_000)))
            let count = epoll_pwait2(epoll, &events, Int32(events.count), &limit, nil)
            for event in events.prefix(Int(max(0, count))) {
                try receive(Int(event.data.u32), expecting: status, &result)
            }
        }
        result.nanoseconds = Clock.now() - start
        return result
    }

    private func send(_ index: Int, due: Int64) throws {
        let bytes = request(number)
        number += 1
        connections[index].due = due
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                write(connections[index].descriptor, $0.baseAddress, $0.count)
            }
            guard count > 0 else { throw BenchFailure("the connection was closed") }
            sent += count
        }
    }

    private func receive(_ index: Int, expecting status: Int, _ result: inout Result) throws {
        let count = read(connections[index].descriptor, &buffer, buffer.count)
        guard count > 0 else { throw BenchFailure("the connection was closed") }
        connections[index].bytes.append(contentsOf: buffer[..<count])
        guard let answer = Answer(connections[index].bytes) else { return }
        let now = Clock.now()
        if answer.status == status { result.answers += 1 } else { result.others[answer.status, default: 0] += 1 }
        if let due = connections[index].due { result.latency.add(now - due) }
        lastBody = Array(connections[index].bytes[answer.bodyStart...])
        connections[index].bytes.removeAll(keepingCapacity: true)
        connections[index].due = nil
    }

    /// A whole answer with a `content-length`, at the beginning of what was read.
    private struct Answer {
        let status: Int
        let bodyStart: Int

        init?(_ bytes: [UInt8]) {
            guard bytes.count > 16 else { return nil }
            var end = 0
            var length = 0
            var lineStart = 0
            let name = Array("content-length:".utf8)
            for index in bytes.indices where bytes[index] == 10 {
                if index - lineStart <= 1 {
                    end = index + 1
                    break
                }
                if index - lineStart > name.count, zip(bytes[lineStart...], name).allSatisfy({ $0 | 0x20 == $1 | 0x20 })
                {
                    length = bytes[(lineStart + name.count)..<index].reduce(0) { value, byte in
                        (48...57).contains(byte) ? value * 10 + Int(byte - 48) : value
                    }
                }
                lineStart = index + 1
            }
            guard end > 0, bytes.count >= end + length else { return nil }
            status = bytes[9..<12].reduce(0) { $0 * 10 + Int($1) - 48 }
            bodyStart = end
        }
    }
}
