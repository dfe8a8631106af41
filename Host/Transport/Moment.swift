/// One instant on two clocks: the monotonic one measures, the wall clock is what records and people show.
package struct Moment: Hashable, Sendable {
    /// Nanoseconds that never jump; only differences mean anything.
    package var monotonic: Int64
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    package var wall: Int64

    package init(monotonic: Int64, wall: Int64) { (self.monotonic, self.wall) = (monotonic, wall) }
}
