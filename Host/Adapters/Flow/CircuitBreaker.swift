/// Keeps orders from a broker that does not answer, and finds out when it does again.
///
/// A value without a clock; every step is told the monotonic time in nanoseconds.
///
/// - **Closed**: everything passes. It opens when within `window` so many faults were counted as `faults` says, and they are
///   at least half of what was answered since the first of them: a broker that loses one call in a hundred is not down.
/// - **Open**: for `pause`, doubled at every opening that follows a failed probe, up to `longestPause`. Orders that open risk,
///   changes and reads are refused, certainly not sent. Cancels and closing orders pass, `reducing` in any second: risk can
///   always be reduced.
/// - **Half-open**: the pause is over. The session asks one read as a probe; reads pass, cancels and closing orders as before.
///   The first answer decides: an answer of any kind closes it, a fault opens it again. An adapter without a read to ask is
///   probed by one order at a time.
///
/// A fault is a failure of the way to the broker: no connection, no reply before the deadline, a reply cut short or not
/// intelligible, a broker's 5xx. A rejection is an answer, so is a throttle.
package struct CircuitBreaker: Hashable, Sendable {
    package struct Policy: Hashable, Sendable {
        /// Faults that open it; 1 to 32.
        package var faults: Int
        /// Nanoseconds in which they are counted.
        package var window: Int64
        package var pause: Int64
        package var longestPause: Int64
        /// Cancels and closing orders in any second while it is not closed.
        package var reducing: Int64
        /// How long a probe may take before the next one is asked.
        package var probeDeadline: Int64

        package init(
            faults: Int = 10, window: Int64 = 10_000_000_000, pause: Int64 = 5_000_000_000,
            longestPause: Int64 = 60_000_000_000, reducing: Int64 = 5, probeDeadline: Int64 = 5_000_000_000
        ) {
            (self.faults, self.window) = (min(32, max(1, faults)), window)
            (self.pause, self.longestPause) = (pause, longestPause)
            (self.reducing, self.probeDeadline) = (reducing, probeDeadline)
        }
    }
    package enum State: String, Hashable, Sendable {
        case closed, open
        case halfOpen = "half_open"
    }
    /// What a command is to the breaker.
    package enum Kind: Hashable, Sendable {
        /// A submit that opens risk, or a modify.
        case opening
        /// A cancel, or a submit that the engine judged closing.
        case reducing
        /// A query or look-up.
        case read
    }

    private struct Fault: Hashable, Sendable {
        var at: Int64
        /// Answers that were no faults, until the next fault.
        var answersAfter = 0
    }

    package let policy: Policy
    /// Whether the adapter has a read that a session can ask as a probe.
    private let hasReadProbe: Bool
    /// Nothing is remembered: neither answers nor commands need be shown to it.
    package private(set) var isQuiet = true
    private var faults: [Fault] = []
    private var openedAt: Int64?
    private var pauseEnd: Int64 = .min
    private var nextPause: Int64
    private var probeAskedAt: Int64?
    private var reducingCount: WindowCount

    package init(_ policy: Policy = Policy(), hasReadProbe: Bool = true) {
        (self.policy, self.hasReadProbe, nextPause) = (policy, hasReadProbe, policy.pause)
        let quota = UInt32(clamping: max(1, policy.reducing))
        reducingCount = WindowCount(RateWindow(units: quota, windowNanoseconds: 1_000_000_000), keepsReserve: false)
    }

    package func state(now: Int64) -> State {
        openedAt == nil ? .closed : now < pauseEnd ? .open : .halfOpen
    }

    /// When it was last opened, and nobody answered since; `nil`: it is closed.
    package var openSince: Int64? { openedAt }
    /// How long the pause still lasts.
    package func pauseLeft(now: Int64) -> Int64 { openedAt == nil ? 0 : max(0, pauseEnd.saturating(plus: -now)) }

    /// Whether a command may go to the adapter now. A `false` is final for the command: nothing was sent.
    package mutating func admit(_ kind: Kind, now: Int64) -> Bool {
        guard openedAt != nil else { return true }
        switch kind {
        case .reducing:
            reducingCount.advance(to: now, wallOffset: 0)
            guard reducingCount.used < reducingCount.units else { return false }
            reducingCount.take(1, now: now)
            return true
        case .read: return now >= pauseEnd
        case .opening: return !hasReadProbe && askProbe(now: now)
        }
    }

    /// Whether a read should be asked now to find out if the broker answers. Says so once for each probe.
    package mutating func takeProbe(now: Int64) -> Bool { hasReadProbe && askProbe(now: now) }

    private mutating func askProbe(now: Int64) -> Bool {
        guard openedAt != nil, now >= pauseEnd, nextProbe <= now else { return false }
        probeAskedAt = now
        return true
    }

    private var nextProbe: Int64 {
        max(pauseEnd, probeAskedAt?.saturating(plus: policy.probeDeadline) ?? .min)
    }

    /// When `takeProbe` is worth asking; `nil`: it is closed, or the adapter has no read to ask.
    package var nextWake: Int64? { openedAt == nil || !hasReadProbe ? nil : nextProbe }

    /// The session has logged in anew: the broker answered, so a probe is asked without waiting for the pause's end.
    package mutating func loggedIn(now: Int64) {
        guard openedAt != nil else { return }
        pauseEnd = min(pauseEnd, now)
        probeAskedAt = nil
    }

    /// What became of a command that was given to the adapter.
    ///
    /// - Parameters:
    ///   - isFault: see above.
    ///   - dispatched: when it was given; what was asked before an opening says nothing about what came after.
    package mutating func answered(isFault: Bool, dispatched: Int64, now: Int64) {
        if let openedAt {
            guard dispatched >= openedAt else { return }
            if isFault {
                if now >= pauseEnd { open(now: now) }
            } else {
                close()
            }
            return
        }
        forget(now: now)
        guard isFault else {
            if !faults.isEmpty { faults[faults.count - 1].answersAfter += 1 }
            return
        }
        isQuiet = false
        faults.append(Fault(at: now))
        if faults.count > policy.faults { faults.removeFirst() }
        let answers = faults.reduce(0) { $0 + $1.answersAfter }
        if faults.count >= policy.faults, answers <= faults.count { open(now: now) }
    }

    private mutating func forget(now: Int64) {
        guard !isQuiet else { return }
        faults.removeAll { $0.at.saturating(plus: policy.window) <= now }
        if faults.isEmpty { isQuiet = true }
    }

    private mutating func open(now: Int64) {
        (openedAt, isQuiet) = (now, false)
        faults.removeAll()
        pauseEnd = now.saturating(plus: nextPause)
        nextPause = min(policy.longestPause, nextPause.saturating(plus: nextPause))
        probeAskedAt = nil
    }

    private mutating func close() {
        (openedAt, probeAskedAt, isQuiet) = (nil, nil, true)
        nextPause = policy.pause
    }
}
