import NIOConcurrencyHelpers

/// The rate limits of one session's lane, where its adapter has any. The lane takes from them; any thread may look.
///
/// A session counts for itself: two sessions of one login (one of them for data, say) do not know of each other.
final class SessionFlow: Sendable {
    private struct State {
        /// Orders' bucket, reads' bucket, or both in this order: they are changed where they lie.
        var buckets: [RateBucket] = []
        var lastID: UInt64 = 0
    }
    /// A bucket by its place, and whose units it counts.
    private struct Place {
        var index: Int
        var isOfAccount: Bool

        func scope(_ account: String, _ login: String) -> String { isOfAccount ? account : login }
    }
    private let state: NIOLockedValueBox<State>
    private let orders: Place?
    private let reads: Place?
    let needsWallClock: Bool

    /// `nil`: the adapter has no limit that a lane counts.
    init?(_ rules: [RateRule], commandBound: Int) {
        let bounds = RateBucket.Bounds(maximumWaiting: 2 * commandBound)
        var buckets: [RateBucket] = []
        func add(_ id: String, keepsReserve: Bool) -> Place? {
            guard let rule = rules.first(where: { $0.id == id }) else { return nil }
            buckets.append(RateBucket(rule, keepsReserve: keepsReserve, bounds: bounds))
            return Place(index: buckets.count - 1, isOfAccount: rule.scopeKey == "account")
        }
        orders = add(RateRule.orders, keepsReserve: true)
        reads = add(RateRule.reads, keepsReserve: false)
        guard !buckets.isEmpty else { return nil }
        needsWallClock = buckets.contains(where: \.needsWallClock)
        state = NIOLockedValueBox(State(buckets: buckets))
    }

    enum Bucket { case orders, reads }

    /// What a command asks of its bucket.
    struct Demand {
        var bucket: Bucket
        var account: String
        var login: String
        var priority: RatePriority
        var deadline: Int64
        var mayWait = true
    }

    private func place(_ bucket: Bucket) -> Place? { bucket == .orders ? orders : reads }

    /// The verdict, and the number under which the command waits if it does.
    func admit(_ demand: Demand, now: Int64) -> (verdict: RateVerdict, id: UInt64) {
        state.withLockedValue { state in
            state.lastID += 1
            guard let place = place(demand.bucket) else { return (.granted, state.lastID) }
            let request = RateRequest(
                id: state.lastID, scope: place.scope(demand.account, demand.login), account: demand.account,
                priority: demand.priority, deadline: demand.deadline)
            return (state.buckets[place.index].admit(request, now: now, mayWait: demand.mayWait), state.lastID)
        }
    }

    func giveBack(_ demand: Demand) {
        guard let place = place(demand.bucket) else { return }
        state.withLockedValue {
            $0.buckets[place.index].giveBack(1, scope: place.scope(demand.account, demand.login))
        }
    }

    func withdraw(_ id: UInt64) {
        state.withLockedValue { state in
            for index in state.buckets.indices { state.buckets[index].withdraw(id) }
        }
    }

    func nextGranted(now: Int64, cancelsOnly: Bool) -> UInt64? {
        state.withLockedValue { state in
            for index in state.buckets.indices where state.buckets[index].waitingCount > 0 {
                if let id = state.buckets[index].nextGranted(now: now, cancelsOnly: cancelsOnly) { return id }
            }
            return nil
        }
    }

    func nextExpired(now: Int64) -> UInt64? {
        state.withLockedValue { state in
            for index in state.buckets.indices {
                if let id = state.buckets[index].nextExpired(now: now) { return id }
            }
            return nil
        }
    }

    /// Whether anybody waits for a unit.
    var hasWaiting: Bool {
        state.withLockedValue { state in
            for index in state.buckets.indices where state.buckets[index].waitingCount > 0 { return true }
            return false
        }
    }

    var nextWake: Int64? {
        state.withLockedValue { state in
            var wake: Int64?
            for index in state.buckets.indices {
                if let next = state.buckets[index].nextWake { wake = min(wake ?? .max, next) }
            }
            return wake
        }
    }

    /// A broker's throttle: it holds whoever it concerns back for as long as the broker says.
    func learn(_ bucket: Bucket, retryAfter: Int64, account: String, login: String, now: Int64) {
        guard let place = place(bucket) else { return }
        state.withLockedValue {
            $0.buckets[place.index].learn(
                RateFeedback(retryAfter: retryAfter), scope: place.scope(account, login), now: now)
        }
    }

    func setWallOffset(_ nanoseconds: Int64) {
        state.withLockedValue { state in
            for index in state.buckets.indices { state.buckets[index].setWallOffset(nanoseconds) }
        }
    }

    /// The counts at one instant. Any thread.
    func status(now: Int64) -> [RateBucketStatus] {
        state.withLockedValue { $0.buckets }.map { $0.status(now: now) }
    }
}
