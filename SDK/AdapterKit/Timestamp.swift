/// An instant: nanoseconds since 1970-01-01T00:00:00Z.
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Nanoseconds since the epoch. The smallest `Int64` and 0 mean "absent" at the boundary and are never read from it.
    public var nanoseconds: Int64

    /// An instant by its nanoseconds since the epoch.
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Whether one instant is before another.
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.nanoseconds < right.nanoseconds }
}
