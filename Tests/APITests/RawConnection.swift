import Foundation
import Glibc

/// A socket on which a test says exactly what it wants, to see what a server makes of it.
final class RawConnection: Sendable {
    private let descriptor: Int32
    private let seconds: Int

    struct Failure: Error {}

    /// - Parameter receiveBuffer: bytes that the system holds for a reader that does not read; `nil` = as it likes.
    init(port: Int, seconds: Int = 30, receiveBuffer: Int32? = nil) throws {
        self.seconds = seconds
        // A process that another test starts meanwhile would hold a copy of it open.
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        if var size = receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        inet_pton(AF_INET, "127.0.0.1", &address.sin_addr)
        let isConnected = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else {
            close(descriptor)
            throw Failure()
        }
    }

    deinit { close(descriptor) }

    /// `false` where the server does not take it (any more).
    @discardableResult
    func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Sends a text again and again without ever reading, until the server takes no more of it.
    ///
    /// - Returns: how often it was sent, at most `limit`.
    func sendUntilRefused(_ text: String, limit: Int) async -> Int {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                var count = 0
                while count < limit, self.send(text) { count += 1 }
                continuation.resume(returning: count)
            }
        }
    }

    /// Reads until `isEnough`, the end, or the time limit; `isClosed` tells an end from a time limit.
    func receive(until isEnough: @escaping @Sendable (String) -> Bool) async -> (text: String, isClosed: Bool) {
        // On a thread of its own: the pool that runs tests also runs the server's handlers.
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: self.block(until: isEnough)) }
        }
    }

    /// The same for much: bytes, as they came.
    func drain(until isEnough: @escaping @Sendable ([UInt8]) -> Bool) async -> (bytes: [UInt8], isClosed: Bool) {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                let end = ContinuousClock.now + .seconds(self.seconds)
                var bytes: [UInt8] = []
                var block = [UInt8](repeating: 0, count: 65_536)
                while !isEnough(bytes), ContinuousClock.now < end {
                    let count = recv(self.descriptor, &block, block.count, 0)
                    if count < 0, errno == EINTR { continue }
                    guard count > 0 else {
                        return continuation.resume(returning: (bytes, count == 0 || errno == ECONNRESET))
                    }
                    bytes += block[..<count]
                }
                continuation.resume(returning: (bytes, false))
            }
        }
    }

    /// Takes one byte, waits, and so on, until the task is cancelled or the connection ends.
    ///
    /// - Returns: how many bytes it took.
    func trickle(everyMilliseconds pause: Int) async -> Int {
        var (count, byte) = (0, UInt8(0))
        while !Task.isCancelled {
            let got = recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT))
            // Nothing there yet is no end of it.
            guard got == 1 || got < 0 && errno == EAGAIN else { break }
            if got == 1 { count += 1 }
            do { try await Task.sleep(for: .milliseconds(pause)) } catch { break }
        }
        return count
    }

    private func block(until isEnough: (String) -> Bool) -> (text: String, isClosed: Bool) {
        let end = ContinuousClock.now + .seconds(seconds)
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        while true {
            // Line ends of either kind are one, for a test to look for.
            let text = String(decoding: bytes, as: UTF8.self).replacingOccurrences(of: "\r\n", with: "\n")
            if isEnough(text) || ContinuousClock.now > end { return (text, false) }
            let count = recv(descriptor, &block, block.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return (text, count == 0 || errno == ECONNRESET) }
            bytes += block[..<count]
        }
    }
}
