package import Domain

/// A sliding log of sends: at most `limit` in any half-open window of `window` (RISK.md C13).
///
/// Keeps the last `limit` times in a ring, which is all that the rule can ask for.
package struct SlidingLog: Hashable, Sendable {
    package let limit: Int
    /// Nanoseconds.
    package let window: Int64
    private var times: [Int64]
    /// Place of the next write; the oldest entry once the ring is full.
    private var next = 0
    private var count = 0

    package init(limit: Int, window: Int64) {
        (self.limit, self.window) = (limit, window)
        times = []
    }

    /// The earliest instant, not before `now`, at which `messages` more fit; `nil` where they never do at once.
    ///
    /// The window is half-open: `t` counts sends in `(t - window, t]`.
    @inline(__always)
    package func earliest(_ messages: Int, now: Timestamp, alreadyPlanned: Int = 0) -> Timestamp? {
        let wanted = messages + alreadyPlanned
        guard wanted <= limit else { return nil }
        // With `wanted` more, the newest `limit - wanted` sends may stay inside; the one before them must have left.
        let mustLeave = count - (limit - wanted)
        guard mustLeave > 0 else { return now }
        let oldest = count < limit ? 0 : next
        let index = (oldest + mustLeave - 1) % times.count
        let opens = saturatingSum(times[index], window)
        return opens > now.nanoseconds ? Timestamp(nanoseconds: opens) : now
    }

    /// How many sends stand in the window that ends at `now`.
    package func observed(at now: Timestamp) -> Int {
        times.reduce(0) { $0 + (now.nanoseconds - $1 < window && $1 <= now.nanoseconds ? 1 : 0) }
    }

    package mutating func record(_ messages: Int, at time: Timestamp) {
        guard limit > 0 else { return }
        for _ in 0..<min(messages, limit) {
            if times.count < limit {
                times.append(time.nanoseconds)
            } else {
                times[next] = time.nanoseconds
            }
            next += 1
            if next == limit { next = 0 }
            count = min(count + 1, limit)
        }
    }
}
