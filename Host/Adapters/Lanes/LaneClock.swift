package import Domain
import Glibc

/// Time as lanes see it: the system's, or a simulation's.
package protocol LaneClock: AnyObject, Sendable {
    /// Nanoseconds that never jump; only differences mean anything.
    func monotonic() -> Int64
    func wall() -> Timestamp
}

/// The machine's clocks.
package final class SystemLaneClock: LaneClock {
    package static let shared = SystemLaneClock()
    private init() {}

    package func monotonic() -> Int64 { Self.read(CLOCK_MONOTONIC) }
    package func wall() -> Timestamp { Timestamp(nanoseconds: Self.read(CLOCK_REALTIME)) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}

/// Where `random` of the host table comes from.
package protocol LaneRandom: AnyObject, Sendable {
    func fill(_ bytes: UnsafeMutableRawBufferPointer)
}

/// The system's cryptographic source.
package final class SystemLaneRandom: LaneRandom {
    package static let shared = SystemLaneRandom()
    private init() {}

    package func fill(_ bytes: UnsafeMutableRawBufferPointer) {
        var generator = SystemRandomNumberGenerator()
        for index in bytes.indices { bytes[index] = UInt8.random(in: .min ... .max, using: &generator) }
    }
}
