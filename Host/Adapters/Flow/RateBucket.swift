/// One rate limit at work: who may go on now, and who waits for what.
///
/// A value without a clock: every step is told the monotonic time in nanoseconds, which must not run backwards, and the
/// same steps give the same answers. Integers throughout. Not for several threads at once: its owner guards it.
///
/// What holds:
/// - **Never more than the rule.** In no span of a window's length are more units granted than the window has; with several
///   windows all of them hold. Counts begin empty with the process: what went before it is not known.
/// - **Cancels first, with a reserve.** Of every window of two units or more a tenth (at least one, at most 50) is given to
///   cancels alone, and a cancel goes before whatever else waits in its scope. So a cancel waits for other cancels only, or
///   in a window of one unit for that window once. Then come the others, in the order of `RatePriority`.
/// - **What is under way goes on.** Further sends of commands that the adapter has already go before commands that have not
///   begun: nobody waits for what they alone could bring about.
/// - **Fair.** Of one scope and priority the units go round among accounts, the oldest request of each; scopes that wait
///   take turns. Nobody passes by going straight to an exhausted window: who comes later waits behind.
/// - **Bounded.** At most `maximumScopes` scopes are counted apart. Beyond it those with nothing counted and nobody waiting
///   are forgotten; if there is none, all further scopes are counted as one, which can only tighten. At most
///   `maximumWaiting` requests wait; the next is refused (`queueFull`).
/// - **Learns.** `learn` takes a broker's own words. They can only tighten, for a day at most. A `retryAfter` holds cancels
///   back one second at most between two tries: whether a cancel is taken is then the broker's decision.
package struct RateBucket: Sendable {
    package struct Bounds: Hashable, Sendable {
        package var maximumScopes: Int
        package var maximumWaiting: Int
        package init(maximumScopes: Int = 1_024, maximumWaiting: Int = 100_000) {
            (self.maximumScopes, self.maximumWaiting) = (max(1, maximumScopes), max(0, maximumWaiting))
        }
    }
    /// Where scopes beyond the bound are counted; no scope of a caller has this name, as none begins with a space.
    static let sharedScope = " "

    package let rule: RateRule
    package let bounds: Bounds
    private(set) var keepsReserve: Bool
    /// Wall clock minus monotonic clock, nanoseconds; wanted where a window has a reset.
    private(set) var wallOffset: Int64 = 0
    var scopes: [String: RateScope] = [:]
    /// Scopes in which somebody may be waiting, the next to be served first.
    private var turns = LaneQueue<String>()
    private var hasTurn: Set<String> = []
    /// Where each waiting request stands. What is not in here does not wait any more, wherever it still lies.
    private var places: [UInt64: String] = [:]
    private var deadlines = MinimumHeap<Deadline>()
    /// Nobody can be granted before.
    private var nextGrant: Int64 = .min

    private struct Deadline: Comparable {
        var at: Int64
        var id: UInt64
        static func < (left: Self, right: Self) -> Bool { (left.at, left.id) < (right.at, right.id) }
    }

    /// - Parameter keepsReserve: whether a part of every window is for cancels alone. Not in a bucket of reads.
    package init(_ rule: RateRule, keepsReserve: Bool = true, bounds: Bounds = Bounds()) {
        (self.rule, self.keepsReserve, self.bounds) = (rule, keepsReserve, bounds)
    }

    /// How many wait.
    package var waitingCount: Int { places.count }

    /// Whether the distance of the clocks has to be kept up to date.
    package var needsWallClock: Bool { rule.windows.contains { $0.reset != nil } }

    /// Says how far the wall clock is ahead of the monotonic one, nanoseconds; before the first request, and now and then.
    package mutating func setWallOffset(_ nanoseconds: Int64) { wallOffset = nanoseconds }

    /// From now on a part of every window is for cancels alone.
    mutating func keepReserve() {
        guard !keepsReserve else { return }
        keepsReserve = true
        for key in scopes.keys { scopes[key]?.keepReserve() }
    }

    // MARK: - Asking

    /// Takes units now, or a place in the queue, or says why not.
    ///
    /// - Parameter mayWait: `false` = the request is refused where it would have to wait, whatever the bucket's mode.
    package mutating func admit(_ request: RateRequest, now: Int64, mayWait: Bool = true) -> RateVerdict {
        guard request.units > 0, places[request.id] == nil else {
            return .refused(RateRefusal(reason: .invalid, retryAfter: nil))
        }
        var key = request.scope
        var known = scopes.index(forKey: key)
        if known == nil {
            key = self.key(of: key, now: now)
            if scopes[key] == nil { scopes[key] = RateScope(rule, keepsReserve: keepsReserve) }
            known = scopes.index(forKey: key)
        }
        guard let place = known,
            let (earliest, isGranted) = scopes.values[place].take(
                request, now: now, wallOffset: wallOffset, unlessWaiting: places)
        else { return .refused(RateRefusal(reason: .invalid, retryAfter: nil)) }
        if isGranted { return .granted }
        let wait = max(0, earliest.saturating(plus: -now))
        guard rule.mode == .queue, mayWait else { return .refused(RateRefusal(reason: .limit, retryAfter: wait)) }
        guard earliest < request.deadline else { return .refused(RateRefusal(reason: .deadline, retryAfter: wait)) }
        guard places.count < bounds.maximumWaiting else {
            return .refused(RateRefusal(reason: .queueFull, retryAfter: wait))
        }
        places[request.id] = key
        scopes.values[place].append(request)
        if request.deadline != .max { deadlines.insert(Deadline(at: request.deadline, id: request.id)) }
        if hasTurn.insert(key).inserted { turns.append(key) }
        nextGrant = min(nextGrant, earliest)
        return .waiting(earliest: earliest)
    }

    /// Gives back units of a request that was granted at an instant and then not made.
    package mutating func giveBack(_ units: UInt32, scope: String, takenAt: Int64) {
        let key = scopes[scope] == nil ? Self.sharedScope : scope
        scopes[key]?.giveBack(Int64(units), takenAt: takenAt)
        nextGrant = .min
    }

    /// Takes a request out of the queue. `false`: it does not wait.
    @discardableResult
    package mutating func withdraw(_ id: UInt64) -> Bool {
        guard let key = places.removeValue(forKey: id) else { return false }
        tidy(key)
        nextGrant = .min  // who stood behind it may be able to go
        return true
    }

    // MARK: - Serving the queue

    /// The waiting request whose turn has come, its units taken; `nil`: nobody can go now. Call until `nil`.
    ///
    /// - Parameter begunOnly: leaves all waiting that is neither a cancel nor under way already.
    package mutating func nextGranted(now: Int64, begunOnly: Bool = false) -> UInt64? {
        guard !places.isEmpty, nextGrant <= now else { return nil }
        var soonest = Int64.max
        for _ in 0..<turns.count {
            guard let key = turns.popFirst(), var scope = scopes.removeValue(forKey: key) else { continue }
            scope.advance(to: now, wallOffset: wallOffset)
            let head = scope.first { places[$0] != nil }
            if let head, !begunOnly || head.priority <= .begun {
                let earliest = scope.earliest(head, now: now, wallOffset: wallOffset) ?? .max
                if earliest <= now {
                    scope.take(head, now: now)
                    scope.removeFirst(of: head.priority)
                    places[head.id] = nil
                    scopes[key] = scope
                    turns.append(key)
                    return head.id
                }
                soonest = min(soonest, earliest)
            }
            scopes[key] = scope
            if head == nil { hasTurn.remove(key) } else { turns.append(key) }
        }
        if !begunOnly { nextGrant = soonest }
        return nil
    }

    /// A waiting request whose deadline is over, and which waits no more; `nil`: there is none. Call until `nil`.
    package mutating func nextExpired(now: Int64) -> UInt64? {
        while let first = deadlines.first {
            guard places[first.id] != nil else {
                deadlines.removeFirst()
                continue
            }
            guard first.at <= now else { return nil }
            deadlines.removeFirst()
            withdraw(first.id)
            return first.id
        }
        return nil
    }

    /// When `nextGranted` or `nextExpired` may have an answer again, monotonic; `nil`: nobody waits.
    package var nextWake: Int64? {
        places.isEmpty ? nil : min(nextGrant, deadlines.first?.at ?? .max)
    }

    // MARK: - Learning

    /// Takes what a broker said of its count.
    ///
    /// - Parameter scope: whom it concerns; `nil`: every scope known now.
    package mutating func learn(_ feedback: RateFeedback, scope: String?, now: Int64) {
        if let scope {
            let key = key(of: scope, now: now)
            scopes[key, default: RateScope(rule, keepsReserve: keepsReserve)].learn(feedback, now: now)
        } else {
            for key in scopes.keys { scopes[key]?.learn(feedback, now: now) }
        }
    }

    // MARK: - Scopes

    private mutating func key(of scope: String, now: Int64) -> String {
        if scopes[scope] != nil || scopes.count < bounds.maximumScopes { return scope }
        let idle = scopes.keys.filter { key in
            key != Self.sharedScope && !hasTurn.contains(key)
                && scopes[key]?.isIdle(now: now, wallOffset: wallOffset) == true
        }
        for key in idle { scopes[key] = nil }
        return scopes.count < bounds.maximumScopes ? scope : Self.sharedScope
    }

    private mutating func tidy(_ key: String) {
        guard let lying = scopes[key]?.lying, lying > 64, lying > 2 * places.count else { return }
        scopes[key]?.compact { places[$0] != nil }
        deadlines.removeAll { places[$0.id] == nil }
    }
}
