import NIOCore

/// How long the network alone takes, as the system's TCP knows of a connection.
enum RoundTrip {
    /// `struct tcp_info` of Linux 4.6 and later, up to and with `tcpi_min_rtt`.
    private typealias Information = InlineArray<38, UInt32>
    private static let minimumIndex = 37

    /// Nanoseconds: the shortest round trip of the last minutes, to the other end of the connection, which is a proxy's where
    /// there is one. The shortest and not the mean, since an acknowledgement that waits for the answer's first bytes counts
    /// the server's own time. `nil`: no TCP connection, or a system that does not tell. On the channel's loop alone.
    static func measured(on channel: any Channel) -> Int64? {
        guard let socket = channel as? any SocketOptionProvider else { return nil }
        var microseconds: UInt32 = 0
        // On the loop the answer is there at once.
        socket.unsafeGetSocketOption(level: .tcp, name: .tcp_info).assumeIsolated()
            .whenSuccess { (information: Information) in microseconds = information[minimumIndex] }
        return microseconds == 0 || microseconds == .max ? nil : Int64(microseconds) * 1_000
    }
}
