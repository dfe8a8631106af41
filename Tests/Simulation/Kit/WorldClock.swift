import Adapters
import Domain
import Prices

/// The one time of a world, moved by its schedule.
///
/// `@unchecked Sendable`: a world has one thread, and its clock is touched by it alone.
final class WorldClock: WallClock, @unchecked Sendable {
    /// True time.
    private(set) var nanoseconds: Int64
    /// How far the machine's wall clock is off.
    private(set) var skew: Int64 = 0

    init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    func advance(by step: Int64) { nanoseconds += step }
    /// The wall clock is set, as a time daemon or a person would.
    func jump(to skew: Int64) { self.skew = skew }
    /// What the machine's wall clock says.
    func now() -> Timestamp { Timestamp(nanoseconds: nanoseconds + skew) }
}

/// The time of one life of the gateway: its monotonic clock begins anywhere, as a machine's does when it starts.
///
/// `@unchecked Sendable`: as `WorldClock`.
final class LifeClock: LaneClock, @unchecked Sendable {
    private let world: WorldClock
    private let offset: Int64
    /// After the end, time that only this life sees: what is left of it is to finish.
    var surplus: Int64 = 0

    init(_ world: WorldClock, monotonic: Int64) { (self.world, offset) = (world, monotonic - world.nanoseconds) }

    func monotonic() -> Int64 { world.nanoseconds + offset + surplus }
    func wall() -> Timestamp { Timestamp(nanoseconds: world.now().nanoseconds + surplus) }
}
