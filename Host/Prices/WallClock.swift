package import Domain
import Glibc

/// Where time stamps come from: the system, a simulation or a test.
package protocol WallClock: Sendable {
    func now() -> Timestamp
}

/// The system's clock of UTC, which may be set back or forth.
package struct SystemWallClock: WallClock {
    package init() {}

    package func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(nanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
    }
}
