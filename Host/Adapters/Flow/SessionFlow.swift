/// The rate limits of one session's lane, where its adapter has any. Lane only.
///
/// A session counts for itself: two sessions of one login (one of them for data, say) do not know of each other.
final class SessionFlow {
    private var orders: RateBucket?
    private var reads: RateBucket?
    private var lastID: UInt64 = 0

    /// `nil`: the adapter has no limit that a lane counts.
    init?(_ rules: [RateRule], commandBound: Int) {
        let bounds = RateBucket.Bounds(maximumWaiting: 2 * commandBound)
        orders = rules.first { $0.id == RateRule.orders }.map { RateBucket($0, bounds: bounds) }
        reads = rules.first { $0.id == RateRule.reads }.map { RateBucket($0, keepsReserve: false, bounds: bounds) }
        guard orders != nil || reads != nil else { return nil }
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

    /// The verdict, and the number under which the command waits if it does.
    func admit(_ demand: Demand, now: Int64) -> (verdict: RateVerdict, id: UInt64) {
        lastID += 1
        let id = lastID
        func ask(_ bucket: inout RateBucket?) -> RateVerdict {
            guard let rule = bucket?.rule else { return .granted }
            let scope = rule.scopeKey == "account" ? demand.account : demand.login
            return bucket?.admit(
                RateRequest(
                    id: id, scope: scope, account: demand.account, priority: demand.priority,
                    deadline: demand.deadline),
                now: now, mayWait: demand.mayWait) ?? .granted
        }
        return (demand.bucket == .orders ? ask(&orders) : ask(&reads), id)
    }

    func giveBack(_ demand: Demand) {
        func give(_ bucket: inout RateBucket?) {
            guard let rule = bucket?.rule else { return }
            bucket?.giveBack(1, scope: rule.scopeKey == "account" ? demand.account : demand.login)
        }
        if demand.bucket == .orders { give(&orders) } else { give(&reads) }
    }

    func withdraw(_ id: UInt64) {
        orders?.withdraw(id)
        reads?.withdraw(id)
    }

    func nextGranted(now: Int64, cancelsOnly: Bool) -> UInt64? {
        orders?.nextGranted(now: now, cancelsOnly: cancelsOnly)
            ?? reads?.nextGranted(now: now, cancelsOnly: cancelsOnly)
    }

    func nextExpired(now: Int64) -> UInt64? { orders?.nextExpired(now: now) ?? reads?.nextExpired(now: now) }

    var nextWake: Int64? {
        guard let orders = orders?.nextWake else { return reads?.nextWake }
        return min(orders, reads?.nextWake ?? .max)
    }

    /// A broker's throttle: it holds whoever it concerns back for as long as the broker says.
    func learn(_ bucket: Bucket, retryAfter: Int64, account: String, login: String, now: Int64) {
        let feedback = RateFeedback(retryAfter: retryAfter)
        func learn(_ bucket: inout RateBucket?) {
            guard let rule = bucket?.rule else { return }
            bucket?.learn(feedback, scope: rule.scopeKey == "account" ? account : login, now: now)
        }
        if bucket == .orders { learn(&orders) } else { learn(&reads) }
    }

    var needsWallClock: Bool { orders?.needsWallClock == true || reads?.needsWallClock == true }

    func setWallOffset(_ nanoseconds: Int64) {
        orders?.setWallOffset(nanoseconds)
        reads?.setWallOffset(nanoseconds)
    }

    func status(now: Int64) -> [RateBucketStatus] { [orders, reads].compactMap { $0?.status(now: now) } }
}
