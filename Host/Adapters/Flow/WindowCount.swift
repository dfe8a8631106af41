/// What was taken within one window.
///
/// A strict count, not a leaking bucket: a broker counts calls in its window, and a bucket that may be emptied at once
/// lets nearly twice the units through in the window after it. Up to 64 instants are remembered exactly; from then on
/// those of one 64th of the window are one, at the latest of them, so that what is forgotten early is only ever our own room.
struct WindowCount: Hashable, Sendable {
    private struct Taken: Hashable, Sendable {
        /// The first of the instants that are one.
        var from: Int64
        /// The last of them: it says when they leave the window.
        var at: Int64
        var units: Int64
    }
    static let instants = 64

    let window: RateWindow
    /// Units of the window that cancels alone may take: a tenth, at least one, at most 50; none of a window of one unit.
    private(set) var reserve: Int64
    private var taken: [Taken] = []
    private var head = 0
    private(set) var used: Int64 = 0
    /// Wall clock; of a window with a reset.
    private var resetAt: Int64?

    init(_ window: RateWindow, keepsReserve: Bool) {
        self.window = window
        reserve = 0
        if keepsReserve { keepReserve() }
    }

    /// From now on a part of the window is for cancels alone.
    mutating func keepReserve() { if window.units >= 2 { reserve = min(50, max(1, units / 10)) } }

    var units: Int64 { Int64(window.units) }
    var isEmpty: Bool { used == 0 }

    /// Forgets what has left the window. `wallOffset`: wall clock minus monotonic clock.
    mutating func advance(to now: Int64, wallOffset: Int64) {
        if let reset = window.reset {
            let wall = now.saturating(plus: wallOffset)
            if let resetAt, wall < resetAt { return }
            // The first look at the clock opens the period; a clock that was set back leaves its end where it was.
            resetAt = reset.next(after: wall)
            used = 0
            return
        }
        while head < taken.count, taken[head].at.saturating(plus: window.windowNanoseconds) <= now {
            used -= taken[head].units
            head += 1
        }
        if head == taken.count {
            taken.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= 2 * Self.instants {
            taken.removeSubrange(..<head)
            head = 0
        }
    }

    /// The first instant at which so many units are free; `nil`: never. Call `advance` first.
    func earliest(_ wanted: Int64, mayTakeReserve: Bool, now: Int64, wallOffset: Int64) -> Int64? {
        let limit = mayTakeReserve ? units : units - reserve
        guard wanted <= limit else { return nil }
        var excess = used + wanted - limit
        guard excess > 0 else { return now }
        if let resetAt { return max(now, resetAt.saturating(plus: -wallOffset)) }
        for entry in taken[head...] {
            excess -= entry.units
            if excess <= 0 { return entry.at.saturating(plus: window.windowNanoseconds) }
        }
        return now
    }

    mutating func take(_ wanted: Int64, now: Int64) {
        used += wanted
        guard window.reset == nil else { return }
        let last = taken.count - 1
        let isFull = taken.count - head >= Self.instants
        if last >= head, taken[last].at == now || (isFull && now - taken[last].from < window.windowNanoseconds / 64) {
            taken[last].units += wanted
            taken[last].at = max(taken[last].at, now)
        } else {
            taken.append(Taken(from: now, at: now, units: wanted))
        }
    }

    /// Gives back what was taken at an instant and not used; what has left the window meanwhile is no use any more.
    mutating func giveBack(_ wanted: Int64, takenAt: Int64) {
        guard window.reset == nil else {
            used = max(0, used - wanted)
            return
        }
        guard
            let index = taken.indices.last(where: { $0 >= head && taken[$0].from <= takenAt && takenAt <= taken[$0].at }
            )
        else { return }
        let given = min(wanted, taken[index].units)
        taken[index].units -= given
        used -= given
        if taken[index].units == 0, index == taken.count - 1 { taken.removeLast() }
    }
}
