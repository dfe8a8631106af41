/// The rate limits of one session's lane, where its adapter has any. The lane takes from them; any thread may look.
///
/// Of `orders` and `reads` the lane takes one unit for each command; requests, frames and connections take what they say of
/// any bucket (`RequestRates`). What is counted together with other sessions of the adapter says `SharedLimits`.
final class SessionFlow: Sendable {
    /// Where a bucket is.
    private struct Place {
        var isOfLogin: Bool
        /// Among its table's.
        var index: Int
        var key: Key
    }
    /// By what a bucket counts.
    private enum Key { case account, login, own }

    private let tables: SharedLimits.Tables
    private let member: Int
    private let adapterMember: Int
    private let places: [Place]
    /// The buckets' ids, in the order of their places.
    let ids: [String]
    private let orders: Int?
    private let reads: Int?
    let needsWallClock: Bool

    /// `nil`: the adapter has no limit.
    ///
    /// - Parameters:
    ///   - login: names what shares the counts by account and login.
    ///   - wake: the lane should look; called on another session's lane.
    init?(
        _ rules: [RateRule], commandBound: Int, shared: SharedLimits = SharedLimits(), login: String = "",
        wake: @escaping @Sendable () -> Void = {}
    ) {
        guard !rules.isEmpty else { return nil }
        // Commands, and requests of those under way.
        let bounds = RateBucket.Bounds(maximumWaiting: 2 * commandBound + ServiceBounds.openRequests)
        var places: [Place] = []
        for rule in rules {
            let key = Self.key(rule)
            let index = places.count(where: { ($0.key == .own) == (key == .own) })
            places.append(Place(isOfLogin: key != .own, index: index, key: key))
        }
        self.places = places
        ids = rules.map(\.id)
        orders = ids.firstIndex(of: RateRule.orders)
        reads = ids.firstIndex(of: RateRule.reads)
        needsWallClock = rules.contains { $0.windows.contains { $0.reset != nil } }
        let isOwn = { (rule: RateRule) in Self.key(rule) == .own }
        tables = shared.tables(login, of: rules.filter { !isOwn($0) }, ownKeys: rules.filter(isOwn)) { rules in
            rules.map { RateBucket($0, keepsReserve: $0.id == RateRule.orders, bounds: bounds) }
        }
        member = tables.login.join(wake: wake)
        adapterMember = tables.adapter?.join(wake: wake) ?? 0
    }

    deinit {
        tables.login.leave(member)
        tables.adapter?.leave(adapterMember)
    }

    private static func key(_ rule: RateRule) -> Key {
        rule.scopeKey == "account" ? .account : rule.scopeKey == "login" ? .login : .own
    }

    enum Bucket { case orders, reads }

    /// What a command asks of its bucket.
    struct Demand {
        var bucket: Bucket
        var payer: Payer
    }

    /// What a send asks of a bucket.
    struct Due {
        /// The bucket's place.
        var place: Int
        /// Of a bucket that counts by a key of the adapter's own.
        var scope: String?
        var units: UInt32
    }

    /// Who asks for units.
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
        switch places[place].key {
        case .account: account
        case .login: login
        case .own: own ?? ""
        }
    }

    /// The bucket that the lane itself takes of, by its place.
    func bucket(at place: Int) -> Bucket? { place == orders ? .orders : place == reads ? .reads : nil }

    // A number tells its table by its lowest bit.

    private func number(_ id: UInt64, isOfLogin: Bool) -> UInt64 { id << 1 | (isOfLogin ? 0 : 1) }

    private func table(_ place: Place) -> RateTable? { place.isOfLogin ? tables.login : tables.adapter }

    // MARK: - Asking

    /// The verdict, and the number under which the command waits if it does.
    func admit(_ demand: Demand, now: Int64) -> (verdict: RateVerdict, id: UInt64) {
        guard let place = place(demand.bucket) else { return (.granted, 0) }
        return admit(place, nil, 1, demand.payer, keepsReserve: false, now: now)
    }

    /// The same for a send.
    func admit(_ due: Due, _ payer: Payer, now: Int64) -> (verdict: RateVerdict, id: UInt64) {
        // A bucket in which nothing is ever cancelled is shared out whole.
        admit(
            due.place, due.scope, due.units, payer, keepsReserve: payer.priority == .cancel && due.place != reads,
            now: now)
    }

    @inline(__always)
    private func admit(
        _ index: Int, _ own: String?, _ units: UInt32, _ payer: Payer, keepsReserve: Bool, now: Int64
    ) -> (verdict: RateVerdict, id: UInt64) {
        let place = places[index]
        guard let table = table(place) else { return (.granted, 0) }
        let (verdict, id) = table.admit(
            place.index, scope: scope(index, payer.account, payer.login, own), account: payer.account, units: units,
            priority: payer.priority, deadline: payer.deadline, mayWait: payer.mayWait, keepsReserve: keepsReserve,
            by: place.isOfLogin ? member : adapterMember, now: now)
        return (verdict, number(id, isOfLogin: place.isOfLogin))
    }

    func giveBack(_ demand: Demand, takenAt: Int64) {
        guard let place = place(demand.bucket) else { return }
        giveBack(Due(place: place, scope: nil, units: 1), demand.payer, takenAt: takenAt)
    }

    func giveBack(_ due: Due, _ payer: Payer, takenAt: Int64) {
        table(places[due.place])?.giveBack(
            places[due.place].index, due.units, scope: scope(due.place, payer.account, payer.login, due.scope),
            takenAt: takenAt)
    }

    // MARK: - The queue

    func withdraw(_ number: UInt64) {
        if number & 1 == 0 {
            tables.login.withdraw(number >> 1, by: member)
        } else {
            tables.adapter?.withdraw(number >> 1, by: adapterMember)
        }
    }

    /// - Parameter begunOnly: leaves commands waiting that the adapter does not have yet, but for cancels.
    func nextGranted(now: Int64, begunOnly: Bool) -> UInt64? {
        if let id = tables.login.nextGranted(of: member, now: now, begunOnly: begunOnly) {
            return number(id, isOfLogin: true)
        }
        return tables.adapter?.nextGranted(of: adapterMember, now: now, begunOnly: begunOnly).map {
            number($0, isOfLogin: false)
        }
    }

    func nextExpired(now: Int64) -> UInt64? {
        if let id = tables.login.nextExpired(of: member, now: now) { return number(id, isOfLogin: true) }
        return tables.adapter?.nextExpired(of: adapterMember, now: now).map { number($0, isOfLogin: false) }
    }

    /// Whether anybody of this session waits for a unit.
    var hasWaiting: Bool {
        tables.login.hasWaiting(member) || tables.adapter?.hasWaiting(adapterMember) == true
    }

    var nextWake: Int64? {
        let wake = tables.login.nextWake(member)
        guard let other = tables.adapter?.nextWake(adapterMember) else { return wake }
        return min(wake ?? .max, other)
    }

    // MARK: - Learning

    /// A broker's throttle: it holds whoever it concerns back for as long as the broker says.
    func learn(_ bucket: Bucket, retryAfter: Int64, account: String, login: String, now: Int64) {
        guard let place = place(bucket) else { return }
        learn(place, RateFeedback(retryAfter: retryAfter), account: account, login: login, scope: nil, now: now)
    }

    /// What a broker said of its count.
    ///
    /// - Parameter own: of a bucket that counts by a key of the adapter's own.
    func learn(
        _ place: Int, _ feedback: RateFeedback, account: String, login: String, scope own: String?, now: Int64
    ) {
        table(places[place])?.learn(
            places[place].index, feedback, scope: scope(place, account, login, own), now: now)
    }

    func setWallOffset(_ nanoseconds: Int64) {
        tables.login.setWallOffset(nanoseconds)
        tables.adapter?.setWallOffset(nanoseconds)
    }

    /// The counts at one instant, in the order of the rules. Any thread.
    func status(now: Int64) -> [RateBucketStatus] {
        let (login, adapter) = (tables.login.status(now: now), tables.adapter?.status(now: now) ?? [])
        return places.map { $0.isOfLogin ? login[$0.index] : adapter[$0.index] }
    }
}
