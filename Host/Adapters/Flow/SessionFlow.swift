import NIOConcurrencyHelpers

/// The rate limits of one session's lane, where its adapter has any. The lane takes from them; any thread may look.
///
/// Of `orders` and `reads` the lane takes one unit for each command; requests, frames and connections take what they say of
/// any bucket (`RequestRates`).
///
/// A session counts for itself: two sessions of one login (one of them for data, say) do not know of each other.
final class SessionFlow: Sendable {
    private struct State {
        /// In the order of the rules: they are changed where they lie.
        var buckets: [RateBucket] = []
        var lastID: UInt64 = 0
    }
    /// By what a bucket counts.
    private enum Key { case account, login, own }

    private let state: NIOLockedValueBox<State>
    private let keys: [Key]
    /// The buckets' ids, in the order of their places.
    let ids: [String]
    private let orders: Int?
    private let reads: Int?
    let needsWallClock: Bool

    /// `nil`: the adapter has no limit.
    init?(_ rules: [RateRule], commandBound: Int) {
        guard !rules.isEmpty else { return nil }
        // Commands, and requests of those under way.
        let bounds = RateBucket.Bounds(maximumWaiting: 2 * commandBound + ServiceBounds.openRequests)
        let buckets = rules.map { RateBucket($0, keepsReserve: $0.id == RateRule.orders, bounds: bounds) }
        keys = rules.map { $0.scopeKey == "account" ? .account : $0.scopeKey == "login" ? .login : .own }
        ids = rules.map(\.id)
        orders = ids.firstIndex(of: RateRule.orders)
        reads = ids.firstIndex(of: RateRule.reads)
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

    /// What a send asks of a bucket.
    struct Due {
        /// The bucket's place.
        var place: Int
        /// Of a bucket that counts by a key of the adapter's own.
        var scope: String?
        var units: UInt32
    }

    /// Who asks for it.
    struct Payer {
        var account: String
        var login: String
        var priority: RatePriority
        /// Monotonic.
        var deadline: Int64
        var mayWait = true
    }

    private func place(_ bucket: Bucket) -> Int? { bucket == .orders ? orders : reads }

    private func scope(_ place: Int, _ account: String, _ login: String, _ own: String? = nil) -> String {
        switch keys[place] {
        case .account: account
        case .login: login
        case .own: own ?? ""
        }
    }

    /// The bucket that the lane itself takes of, by its place.
    func bucket(at place: Int) -> Bucket? { place == orders ? .orders : place == reads ? .reads : nil }

    // MARK: - Asking

    /// The verdict, and the number under which the command waits if it does.
    func admit(_ demand: Demand, now: Int64) -> (verdict: RateVerdict, id: UInt64) {
        state.withLockedValue { state in
            state.lastID += 1
            guard let place = place(demand.bucket) else { return (.granted, state.lastID) }
            let request = RateRequest(
                id: state.lastID, scope: scope(place, demand.account, demand.login), account: demand.account,
                priority: demand.priority, deadline: demand.deadline)
            return (state.buckets[place].admit(request, now: now, mayWait: demand.mayWait), state.lastID)
        }
    }

    /// The same for a send.
    func admit(_ due: Due, _ payer: Payer, now: Int64) -> (verdict: RateVerdict, id: UInt64) {
        let scope = scope(due.place, payer.account, payer.login, due.scope)
        return state.withLockedValue { state in
            state.lastID += 1
            // A bucket in which nothing is ever cancelled is shared out whole.
            if payer.priority == .cancel, due.place != reads { state.buckets[due.place].keepReserve() }
            let request = RateRequest(
                id: state.lastID, scope: scope, account: payer.account, units: due.units, priority: payer.priority,
                deadline: payer.deadline)
            return (state.buckets[due.place].admit(request, now: now, mayWait: payer.mayWait), state.lastID)
        }
    }

    func giveBack(_ demand: Demand, takenAt: Int64) {
        guard let place = place(demand.bucket) else { return }
        state.withLockedValue {
            $0.buckets[place].giveBack(1, scope: scope(place, demand.account, demand.login), takenAt: takenAt)
        }
    }

    func giveBack(_ due: Due, _ payer: Payer, takenAt: Int64) {
        let scope = scope(due.place, payer.account, payer.login, due.scope)
        state.withLockedValue { $0.buckets[due.place].giveBack(due.units, scope: scope, takenAt: takenAt) }
    }

    // MARK: - The queue

    func withdraw(_ id: UInt64) {
        state.withLockedValue { state in
            for index in state.buckets.indices { state.buckets[index].withdraw(id) }
        }
    }

    /// - Parameter begunOnly: leaves commands waiting that the adapter does not have yet, but for cancels.
    func nextGranted(now: Int64, begunOnly: Bool) -> UInt64? {
        state.withLockedValue { state in
            for index in state.buckets.indices where state.buckets[index].waitingCount > 0 {
                if let id = state.buckets[index].nextGranted(now: now, begunOnly: begunOnly) { return id }
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

    // MARK: - Learning

    /// A broker's throttle: it holds whoever it concerns back for as long as the broker says.
    func learn(_ bucket: Bucket, retryAfter: Int64, account: String, login: String, now: Int64) {
        guard let place = place(bucket) else { return }
        learn(place, RateFeedback(retryAfter: retryAfter), account: account, login: login, scope: nil, now: now)
    }

    /// What a broker said of its count.
    ///
    /// - Parameter scope: of a bucket that counts by a key of the adapter's own.
    func learn(
        _ place: Int, _ feedback: RateFeedback, account: String, login: String, scope own: String?, now: Int64
    ) {
        let scope = scope(place, account, login, own)
        state.withLockedValue { $0.buckets[place].learn(feedback, scope: scope, now: now) }
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
