import Domain

/// A session's pending timers: after a monotonic delay, or at a wall time.
///
/// Wall timers are compared with the wall clock itself, so that a clock that is set takes them along.
struct TimerQueue {
    struct Due: Comparable {
        var at: Int64
        var number: UInt64
        static func < (left: Due, right: Due) -> Bool { (left.at, left.number) < (right.at, right.number) }
    }
    private var monotonic = MinimumHeap<Due>()
    private var wall = MinimumHeap<Due>()
    private var tags: [UInt64: UInt64] = [:]
    private var lastNumber: UInt64 = 0

    var count: Int { tags.count }

    /// `nil` where the bound is reached.
    mutating func add(after due: Int64, tag: UInt64) -> UInt64? { add(to: \.monotonic, due, tag) }
    mutating func add(at wallTime: Int64, tag: UInt64) -> UInt64? { add(to: \.wall, wallTime, tag) }

    private mutating func add(
        to heap: WritableKeyPath<TimerQueue, MinimumHeap<Due>>, _ at: Int64, _ tag: UInt64
    ) -> UInt64? {
        guard tags.count < Bounds.pendingTimers else { return nil }
        lastNumber += 1
        tags[lastNumber] = tag
        self[keyPath: heap].insert(Due(at: at, number: lastNumber))
        // Cancelled timers stay in the heap until due; a flood of them must not grow it.
        if self[keyPath: heap].count > 2 * tags.count + 64 {
            let live = tags
            self[keyPath: heap].removeAll { live[$0.number] == nil }
        }
        return lastNumber
    }

    mutating func cancel(_ number: UInt64) -> Bool { tags.removeValue(forKey: number) != nil }

    /// Takes one timer that is due.
    mutating func takeDue(monotonic now: Int64, wall wallNow: () -> Int64) -> (number: UInt64, tag: UInt64)? {
        while let first = monotonic.first, first.at <= now {
            monotonic.removeFirst()
            if let tag = tags.removeValue(forKey: first.number) { return (first.number, tag) }
        }
        guard !wall.isEmpty else { return nil }
        let wallNow = wallNow()
        while let first = wall.first, first.at <= wallNow {
            wall.removeFirst()
            if let tag = tags.removeValue(forKey: first.number) { return (first.number, tag) }
        }
        return nil
    }

    /// When to look again, monotonic. A wall timer is looked at once a second at least, so that a set clock is noticed.
    func nextWake(monotonic now: Int64, wall wallNow: () -> Int64) -> Int64? {
        var wake = monotonic.first?.at
        if let first = wall.first {
            let (wait, overflow) = first.at.subtractingReportingOverflow(wallNow())
            let due = now &+ (overflow ? 1_000_000_000 : min(max(wait, 0), 1_000_000_000))
            wake = min(wake ?? .max, due)
        }
        return wake
    }
}
