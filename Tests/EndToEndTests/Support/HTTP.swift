import Exact
import Foundation
import Glibc

/// HTTP/1.1 over loopback, one connection a request: just enough, and nothing that retries by itself.
struct HTTP: Sendable {
    let port: Int
    let key: String

    /// A whole answer. One that broke off is none.
    struct Answer: Sendable, CustomStringConvertible {
        var status: Int
        var headers: [String: String]
        var body: [UInt8]

        var json: JSONValue { (try? JSONValue.parse(body, limits: .large)) ?? .null }
        var text: String { String(decoding: body, as: UTF8.self) }
        var isProblem: Bool { headers["content-type"]?.hasPrefix("application/problem+json") ?? false }
        var description: String { "\(status) \(text.prefix(3_000))" }
    }

    /// - Returns: `nil` where no whole answer came: refused, reset, ended early, or nothing in `seconds`.
    func send(
        _ method: String, _ path: String, _ body: JSONValue? = nil, idempotencyKey: String? = nil, seconds: Int = 20
    ) -> Answer? {
        guard let socket = LoopbackSocket(port: port, seconds: seconds) else { return nil }
        guard socket.write(request(method, path, body, idempotencyKey.map { ["Idempotency-Key": $0] } ?? [:])) else {
            return nil
        }
        var bytes: [UInt8] = []
        while let more = socket.read() { bytes += more }
        return Self.answer(bytes)
    }

    func get(_ path: String) -> Answer? { send("GET", path) }

    func request(_ method: String, _ path: String, _ body: JSONValue?, _ headers: [String: String]) -> [UInt8] {
        let content = body?.serialized() ?? []
        var head = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nAuthorization: Bearer \(key)\r\n"
        head += "Connection: close\r\nContent-Length: \(content.count)\r\n"
        if body != nil { head += "Content-Type: application/json\r\n" }
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        return Array("\(head)\r\n".utf8) + content
    }

    private static func answer(_ bytes: [UInt8]) -> Answer? {
        if let (head, start) = head(of: bytes), head.headers["transfer-encoding"]?.lowercased() == "chunked" {
            return chunks(bytes[start...]).map { Answer(status: head.status, headers: head.headers, body: $0) }
        }
        guard let (head, start) = head(of: bytes) else { return nil }
        // 204 has no body and says no length.
        guard let length = head.status == 204 ? 0 : head.headers["content-length"].flatMap({ Int($0) }),
            bytes.count - start >= length
        else { return nil }
        return Answer(status: head.status, headers: head.headers, body: Array(bytes[start..<start + length]))
    }

    /// A body that came in chunks; `nil` where its end did not come.
    private static func chunks(_ bytes: ArraySlice<UInt8>) -> [UInt8]? {
        var (rest, body) = (bytes, [UInt8]())
        while let line = rest.firstRange(of: [13, 10]) {
            guard let size = Int(String(decoding: rest[..<line.lowerBound], as: UTF8.self), radix: 16) else {
                return nil
            }
            if size == 0 { return body }
            guard rest.endIndex - line.upperBound >= size + 2 else { return nil }
            body += rest[line.upperBound..<line.upperBound + size]
            rest = rest[(line.upperBound + size + 2)...]
        }
        return nil
    }

    /// Status and fields, and where the body begins; `nil` while they are not whole.
    static func head(of bytes: [UInt8]) -> (head: (status: Int, headers: [String: String]), start: Int)? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count >= 2, let status = Int(words[1]) else { return nil }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
                in: .whitespaces)
        }
        return ((status, headers), end.upperBound)
    }
}

/// A connected socket to this machine that never blocks for longer than it was made for.
final class LoopbackSocket: Sendable {
    private let descriptor: CInt

    init?(port: Int, seconds: Int) {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { return nil }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func write(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                Glibc.send(
                    descriptor, buffer.baseAddress?.advanced(by: sent), buffer.count - sent, CInt(MSG_NOSIGNAL)
                )
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// What came next; `nil` at the end, on a reset, and when the time is up.
    func read() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            return count > 0 ? Array(buffer[..<count]) : nil
        }
    }

    /// Ends a `read` that another thread waits in.
    func shutDown() { shutdown(descriptor, CInt(SHUT_RDWR)) }
}
