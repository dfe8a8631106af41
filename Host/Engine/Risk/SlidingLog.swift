package import Domain

/// A sliding log of sends: at most `limit` in any half-open window of `window` (RISK.md C13).
///
/// Keeps the last `limit` times, which is all that the rule can ask for.
package struct SlidingLog: Hashable, Sendable {
    private var ring: SendRing
    private var times: [Int64] = []

    package var limit: Int { ring.limit }
    /// Nanoseconds.
    package var window: Int64 { ring.window }

    package init(limit: Int, window: Int64) { ring = SendRing(limit: limit, window: window) }

    /// A copy of a ring, by itself.
    init(_ other: SendRing, of times: [Int64]) {
        ring = other
        ring.move(from: times, to: &self.times)
    }

    /// The earliest instant, not before `now`, at which `messages` more fit; `nil` where they never do at once.
    ///
    /// The window is half-open: `t` counts sends in `(t - window, t]`.
    package func earliest(_ messages: Int, now: Timestamp, alreadyPlanned: Int = 0) -> Timestamp? {
        ring.earliest(messages, now: now, alreadyPlanned: alreadyPlanned, of: times)
    }

    /// How many sends stand in the window that ends at `now`.
    package func observed(at now: Timestamp) -> Int { ring.observed(at: now, of: times) }

    package mutating func record(_ messages: Int, at time: Timestamp) { ring.record(messages, at: time, in: &times) }
}

/// Where the times of one log stand in a list: many share one, so that a fan-out finds its accounts' side by side.
///
/// The place grows with what is sent, up to `limit`, and moves to the list's end for that.
struct SendRing: Hashable, Sendable {
    let limit: Int
    let window: Int64
    private var start = 0
    private var capacity = 0
    /// Of the next write, from `start`; the oldest entry once the ring is full.
    private var next = 0
    private var count = 0

    init(limit: Int, window: Int64) { (self.limit, self.window) = (limit, window) }

    @inline(__always)
    func earliest(_ messages: Int, now: Timestamp, alreadyPlanned: Int, of times: [Int64]) -> Timestamp? {
        let wanted = messages + alreadyPlanned
        guard wanted <= limit else { return nil }
        // With `wanted` more, the newest `limit - wanted` sends may stay inside; the one before them must have left.
        let mustLeave = count - (limit - wanted)
        guard mustLeave > 0 else { return now }
        var index = (count < limit ? 0 : next) + mustLeave - 1
        if index >= count { index -= count }
        let opens = saturatingSum(times[start + index], window)
        return opens > now.nanoseconds ? Timestamp(nanoseconds: opens) : now
    }

    func observed(at now: Timestamp, of times: [Int64]) -> Int {
        times[start..<start + count].reduce(0) {
            $0 + (now.nanoseconds - $1 < window && $1 <= now.nanoseconds ? 1 : 0)
        }
    }

    @inline(__always)
    mutating func record(_ messages: Int, at time: Timestamp, in times: inout [Int64]) {
        for _ in 0..<min(messages, limit) {
            if next == capacity { grow(in: &times) }
            times[start + next] = time.nanoseconds
            next += 1
            if next == limit { next = 0 }
            count = min(count + 1, limit)
        }
    }

    /// To twice the room, at the end of the list; what it leaves is less than what it takes.
    @inline(never)
    private mutating func grow(in times: inout [Int64]) {
        let wanted = min(limit, max(8, 2 * capacity))
        let place = times.count
        times.append(contentsOf: repeatElement(0, count: wanted))
        for index in 0..<count { times[place + index] = times[start + index] }
        (start, capacity) = (place, wanted)
    }

    /// To the end of another list.
    mutating func move(from old: [Int64], to times: inout [Int64]) {
        let place = times.count
        times += old[start..<start + capacity]
        start = place
    }
}
