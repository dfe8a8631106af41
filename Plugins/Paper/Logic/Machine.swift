import AdapterKit
import Glibc

/// The two things that no adapter may do, and that a scenario asks for by name: to hold up a lane, and to end the process.
enum Machine {
    /// Blocks the calling thread, which is what an adapter that hangs does. At most ten seconds (`Fault.hang`).
    static func hang(nanoseconds: Int64) {
        var wanted = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
        var left = timespec()
        while nanosleep(&wanted, &left) != 0, errno == EINTR { wanted = left }
    }

    /// Ends the process as a fault of native code does: SIGABRT, nothing unwound, nothing flushed.
    static func crash() -> Never { abort() }
}

/// The login that a session's accounts share, as far as its end concerns them.
final class Login {
    /// Whose money the session moves.
    let environment: SessionEnvironment
    /// While it is expired: when the adapter has logged in again.
    var renewedAt: Timestamp?

    init(_ environment: SessionEnvironment) {
        self.environment = environment
    }
}
