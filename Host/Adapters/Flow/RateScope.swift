/// The count and the queue of one scope of a bucket.
struct RateScope: Sendable {
    /// What the broker last said it would still take.
    private struct Learned: Sendable {
        var remaining: Int64
        var until: Int64
    }
    /// How long a `Retry-After` holds a cancel back between two tries.
    static let cancelPause: Int64 = 1_000_000_000

    private(set) var windows: [WindowCount]
    private var learned: Learned?
    private(set) var blockedUntil: Int64 = .min
    private var lastCancel: Int64 = .min
    private var cancels = RateTurns()
    private var begun = RateTurns()
    private var closing = RateTurns()
    private var ordinary = RateTurns()

    init(_ rule: RateRule, keepsReserve: Bool) {
        windows = rule.windows.map { WindowCount($0, keepsReserve: keepsReserve) }
    }

    // MARK: - The count

    mutating func advance(to now: Int64, wallOffset: Int64) {
        for index in windows.indices { windows[index].advance(to: now, wallOffset: wallOffset) }
        if let end = learned?.until, end <= now { learned = nil }
    }

    /// Takes the units where they are free and nobody waits whom the request must not overtake; when it could at the
    /// soonest otherwise. `nil`: never.
    ///
    /// - Parameter places: whoever still waits in the bucket.
    mutating func take(
        _ request: RateRequest, now: Int64, wallOffset: Int64, unlessWaiting places: [UInt64: String]
    ) -> (earliest: Int64, isTaken: Bool)? {
        advance(to: now, wallOffset: wallOffset)
        guard let earliest = earliest(request, now: now, wallOffset: wallOffset) else { return nil }
        guard earliest <= now, !hasWaiting(before: request.priority, where: { places[$0] != nil }) else {
            return (earliest, false)
        }
        take(request, now: now)
        return (earliest, true)
    }

    /// When the windows and the broker's words let a request through, whoever waits; `nil`: never.
    func earliest(_ request: RateRequest, now: Int64, wallOffset: Int64) -> Int64? {
        let isCancel = request.priority == .cancel
        var earliest = now
        for index in windows.indices {
            guard
                let free = windows[index].earliest(
                    Int64(request.units), mayTakeReserve: isCancel, now: now, wallOffset: wallOffset)
            else { return nil }
            earliest = max(earliest, free)
        }
        if let learned {
            let kept = isCancel ? 0 : min(1, windows.map(\.reserve).min() ?? 0)
            if learned.remaining - Int64(request.units) < kept { earliest = max(earliest, learned.until) }
        }
        if blockedUntil > now {
            earliest = max(
                earliest, isCancel ? min(blockedUntil, lastCancel.saturating(plus: Self.cancelPause)) : blockedUntil)
        }
        return earliest
    }

    mutating func take(_ request: RateRequest, now: Int64) {
        let units = Int64(request.units)
        for index in windows.indices { windows[index].take(units, now: now) }
        if let remaining = learned?.remaining { learned?.remaining = max(0, remaining - units) }
        if request.priority == .cancel { lastCancel = now }
    }

    mutating func keepReserve() { for index in windows.indices { windows[index].keepReserve() } }

    mutating func giveBack(_ units: Int64, takenAt: Int64) {
        for index in windows.indices { windows[index].giveBack(units, takenAt: takenAt) }
        if let remaining = learned?.remaining { learned?.remaining = remaining + units }
    }

    /// A later period replaces an earlier one; within one period the smaller number is believed, as answers come in any
    /// order. Both are held to a day from now.
    mutating func learn(_ feedback: RateFeedback, now: Int64) {
        let horizon = now.saturating(plus: RateWindow.day)
        if let retryAfter = feedback.retryAfter, retryAfter > 0 {
            if blockedUntil <= now { lastCancel = now }  // the refusal itself was a try
            blockedUntil = max(blockedUntil, min(horizon, now.saturating(plus: retryAfter)))
        }
        guard let remaining = feedback.remaining, let resetAt = feedback.resetAt, resetAt > now else { return }
        let said = Learned(remaining: Int64(remaining), until: min(horizon, resetAt))
        // Two clocks name the same instant a little differently: a second is no new period.
        if let known = learned, known.until > now, said.until <= known.until.saturating(plus: Self.cancelPause) {
            learned?.remaining = min(known.remaining, said.remaining)
        } else {
            learned = said
        }
    }

    /// Nothing is counted and nothing was said: forgetting it changes nothing.
    func isIdle(now: Int64, wallOffset: Int64) -> Bool {
        var copy = self
        copy.advance(to: now, wallOffset: wallOffset)
        return copy.windows.allSatisfy(\.isEmpty) && copy.learned == nil && copy.blockedUntil <= now
    }

    // MARK: - The queue

    /// Requests that lie here, those that no longer wait included.
    var lying: Int { cancels.count + begun.count + closing.count + ordinary.count }

    mutating func append(_ request: RateRequest) {
        switch request.priority {
        case .cancel: cancels.append(request)
        case .begun: begun.append(request)
        case .closing: closing.append(request)
        case .ordinary: ordinary.append(request)
        }
    }

    /// Whether somebody waits whom a newcomer of this priority must not overtake.
    mutating func hasWaiting(before priority: RatePriority, where isWaiting: (UInt64) -> Bool) -> Bool {
        if !cancels.isEmpty, cancels.first(where: isWaiting) != nil { return true }
        if priority >= .begun, !begun.isEmpty, begun.first(where: isWaiting) != nil { return true }
        if priority >= .closing, !closing.isEmpty, closing.first(where: isWaiting) != nil { return true }
        return priority >= .ordinary && !ordinary.isEmpty && ordinary.first(where: isWaiting) != nil
    }

    /// Whose turn it is.
    mutating func first(where isWaiting: (UInt64) -> Bool) -> RateRequest? {
        cancels.first(where: isWaiting) ?? begun.first(where: isWaiting) ?? closing.first(where: isWaiting)
            ?? ordinary.first(where: isWaiting)
    }

    mutating func removeFirst(of priority: RatePriority) {
        switch priority {
        case .cancel: cancels.removeFirst()
        case .begun: begun.removeFirst()
        case .closing: closing.removeFirst()
        case .ordinary: ordinary.removeFirst()
        }
    }

    mutating func compact(where isWaiting: (UInt64) -> Bool) {
        cancels.compact(where: isWaiting)
        begun.compact(where: isWaiting)
        closing.compact(where: isWaiting)
        ordinary.compact(where: isWaiting)
    }

    // MARK: - What is seen

    func remaining(now: Int64) -> Int64? { learned.flatMap { $0.until > now ? $0.remaining : nil } }
}
