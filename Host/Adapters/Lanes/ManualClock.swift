package import Domain
import NIOConcurrencyHelpers

/// A clock that stands until it is moved: simulations and tests.
package final class ManualClock: LaneClock {
    private let time: NIOLockedValueBox<(monotonic: Int64, wall: Int64)>

    package init(monotonic: Int64 = 1_000_000_000, wall: Timestamp = Timestamp(nanoseconds: 1_767_225_600_000_000_000))
    {
        time = NIOLockedValueBox((monotonic, wall.nanoseconds))
    }

    package func monotonic() -> Int64 { time.withLockedValue { $0.monotonic } }
    package func wall() -> Timestamp { Timestamp(nanoseconds: time.withLockedValue { $0.wall }) }

    /// Moves both clocks forward.
    package func advance(by nanoseconds: Int64) {
        time.withLockedValue {
            $0.monotonic += nanoseconds
            $0.wall += nanoseconds
        }
    }

    /// Sets the wall clock alone, as an operator or a time daemon would.
    package func setWall(_ wall: Timestamp) { time.withLockedValue { $0.wall = wall.nanoseconds } }
}

/// Random bytes from a seed, the same ones in every run.
package final class SeededLaneRandom: LaneRandom {
    private let state: NIOLockedValueBox<UInt64>
    package init(seed: UInt64) { state = NIOLockedValueBox(seed) }

    package func fill(_ bytes: UnsafeMutableRawBufferPointer) {
        state.withLockedValue { state in
            for index in bytes.indices {
                state &+= 0x9e37_79b9_7f4a_7c15  // SplitMix64
                var mixed = state
                mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
                mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
                bytes[index] = UInt8(truncatingIfNeeded: mixed ^ (mixed >> 31))
            }
        }
    }
}
