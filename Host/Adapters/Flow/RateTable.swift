import NIOConcurrencyHelpers

/// Rate limits that several sessions of one adapter count together, each of which sees only what it asked for itself. Any
/// thread.
///
/// Whoever looks serves the queue for all: what it grants to another session waits for that one, which is woken. A grant is
/// good for a moment, since it is counted when it was made; a session that comes later, or that has no room for new commands
/// when it comes, gives the units back and asks anew.
final class RateTable: Sendable {
    /// How old a grant may be when it is used, nanoseconds.
    static let freshness: Int64 = 5_000_000

    /// A request that waits, or did, and for which bucket by its place.
    fileprivate struct Asked {
        var member: Int
        var place: Int
        var request: RateRequest
    }
    /// What one session has here.
    fileprivate struct Seat {
        let wake: @Sendable () -> Void
        /// Of its requests so many are in the queues.
        var waiting = 0
        /// Granted by others' looks.
        var granted: [(asked: Asked, at: Int64)] = []
        /// Whose turn came when there was no room: they hold no units.
        var postponed: [Asked] = []
        var expired: [UInt64] = []
        /// It takes no new commands now.
        var isFull = false

        var hasNews: Bool { !granted.isEmpty || !postponed.isEmpty || !expired.isEmpty }
    }
    fileprivate struct State {
        var buckets: [RateBucket]
        var asked: [UInt64: Asked] = [:]
        /// By number; `nil`: it was given up.
        var seats: [Seat?] = []
        var lastID: UInt64 = 0
    }
    private let state: NIOLockedValueBox<State>

    init(_ buckets: [RateBucket]) { state = NIOLockedValueBox(State(buckets: buckets)) }

    /// A seat for a session. `wake`: its lane should look; called with no lock held.
    func join(wake: @escaping @Sendable () -> Void) -> Int {
        state.withLockedValue { state in
            let free = state.seats.firstIndex { $0 == nil }
            if let free {
                state.seats[free] = Seat(wake: wake)
            } else {
                state.seats.append(Seat(wake: wake))
            }
            return free ?? state.seats.count - 1
        }
    }

    /// Gives up a seat and all that waits for it.
    func leave(_ member: Int) {
        state.withLockedValue { state in
            for (id, asked) in state.asked where asked.member == member {
                state.buckets[asked.place].withdraw(id)
                state.asked[id] = nil
            }
            for grant in state.seats[member]?.granted ?? [] { state.giveBack(grant) }
            state.seats[member] = nil
        }
    }

    // MARK: - Asking

    /// Units of the bucket at a place, now or later; the number under which it waits then.
    ///
    /// - Parameter keepsReserve: from now on the bucket keeps a part for cancels.
    func admit(
        _ place: Int, scope: String, account: String, units: UInt32 = 1, priority: RatePriority, deadline: Int64,
        mayWait: Bool, keepsReserve: Bool = false, by member: Int, now: Int64
    ) -> (verdict: RateVerdict, id: UInt64) {
        state.withLockedValue { state in
            state.lastID += 1
            if keepsReserve { state.buckets[place].keepReserve() }
            let request = RateRequest(
                id: state.lastID, scope: scope, account: account, units: units, priority: priority, deadline: deadline)
            let verdict = state.buckets[place].admit(request, now: now, mayWait: mayWait)
            if case .waiting = verdict { state.wait(Asked(member: member, place: place, request: request)) }
            return (verdict, request.id)
        }
    }

    func giveBack(_ place: Int, _ units: UInt32, scope: String, takenAt: Int64) {
        state.withLockedValue { $0.buckets[place].giveBack(units, scope: scope, takenAt: takenAt) }
    }

    /// Takes a request out of the queue, or of what was granted to it meanwhile.
    func withdraw(_ id: UInt64, by member: Int) {
        state.withLockedValue { state in
            if let asked = state.asked.removeValue(forKey: id) {
                state.buckets[asked.place].withdraw(id)
                state.seats[asked.member]?.waiting -= 1
            } else if let index = state.seats[member]?.granted.firstIndex(where: { $0.asked.request.id == id }) {
                if let grant = state.seats[member]?.granted.remove(at: index) { state.giveBack(grant) }
            } else {
                state.seats[member]?.postponed.removeAll { $0.request.id == id }
            }
        }
    }

    // MARK: - The queue

    /// A request of the session whose turn has come, its units taken. Call until `nil`.
    ///
    /// - Parameter begunOnly: the session takes nothing but cancels and sends of what is under way.
    func nextGranted(of member: Int, now: Int64, begunOnly: Bool) -> UInt64? {
        let (id, wakes) = state.withLockedValue { state -> (UInt64?, [@Sendable () -> Void]) in
            state.seats[member]?.isFull = begunOnly
            if state.seats[member]?.hasNews == true, let id = state.takeNews(member, now: now, begunOnly: begunOnly) {
                return (id, [])
            }
            var wakes: [@Sendable () -> Void] = []
            for place in state.buckets.indices where state.buckets[place].waitingCount > 0 {
                while let id = state.buckets[place].nextGranted(now: now, begunOnly: begunOnly) {
                    guard let asked = state.asked.removeValue(forKey: id) else { continue }
                    state.seats[asked.member]?.waiting -= 1
                    if asked.member == member { return (id, wakes) }
                    if let wake = state.handOver(asked, now: now) { wakes.append(wake) }
                }
            }
            return (nil, wakes)
        }
        for wake in wakes { wake() }
        return id
    }

    /// A request of the session whose wait is over. Call until `nil`.
    func nextExpired(of member: Int, now: Int64) -> UInt64? {
        let (id, wakes) = state.withLockedValue { state -> (UInt64?, [@Sendable () -> Void]) in
            if state.seats[member]?.expired.isEmpty == false {
                return (state.seats[member]?.expired.removeFirst(), [])
            }
            var wakes: [@Sendable () -> Void] = []
            for place in state.buckets.indices {
                while let id = state.buckets[place].nextExpired(now: now) {
                    guard let asked = state.asked.removeValue(forKey: id) else { continue }
                    state.seats[asked.member]?.waiting -= 1
                    if asked.member == member { return (id, wakes) }
                    state.seats[asked.member]?.expired.append(id)
                    if let wake = state.seats[asked.member]?.wake { wakes.append(wake) }
                }
            }
            return (nil, wakes)
        }
        for wake in wakes { wake() }
        return id
    }

    /// Whether anything of the session waits, or was granted and not taken.
    func hasWaiting(_ member: Int) -> Bool {
        state.withLockedValue { state in
            guard let seat = state.seats[member] else { return false }
            return seat.waiting > 0 || seat.hasNews
        }
    }

    /// When the session should look again, monotonic; `nil`: nothing of it waits.
    func nextWake(_ member: Int) -> Int64? {
        state.withLockedValue { state in
            guard let seat = state.seats[member], seat.waiting > 0 || seat.hasNews else { return nil }
            return seat.hasNews ? .min : state.buckets.compactMap(\.nextWake).min()
        }
    }

    // MARK: - What is known

    func learn(_ place: Int, _ feedback: RateFeedback, scope: String, now: Int64) {
        state.withLockedValue { $0.buckets[place].learn(feedback, scope: scope, now: now) }
    }

    func setWallOffset(_ nanoseconds: Int64) {
        state.withLockedValue { state in
            for place in state.buckets.indices where state.buckets[place].needsWallClock {
                state.buckets[place].setWallOffset(nanoseconds)
            }
        }
    }

    /// The counts at one instant, by place.
    func status(now: Int64) -> [RateBucketStatus] {
        state.withLockedValue { $0.buckets }.map { $0.status(now: now) }
    }
}

extension RateTable.State {
    fileprivate mutating func wait(_ asked: RateTable.Asked) {
        self.asked[asked.request.id] = asked
        seats[asked.member]?.waiting += 1
    }

    fileprivate mutating func giveBack(_ grant: (asked: RateTable.Asked, at: Int64)) {
        let asked = grant.asked
        buckets[asked.place].giveBack(asked.request.units, scope: asked.request.scope, takenAt: grant.at)
    }

    /// Keeps a grant for the session that asked for it, or its turn where it has no room.
    fileprivate mutating func handOver(_ asked: RateTable.Asked, now: Int64) -> (@Sendable () -> Void)? {
        guard let seat = seats[asked.member] else {
            giveBack((asked, now))
            return nil
        }
        if seat.isFull, asked.request.priority > .begun {
            giveBack((asked, now))
            seats[asked.member]?.postponed.append(asked)
        } else {
            seats[asked.member]?.granted.append((asked, now))
        }
        return seat.wake
    }

    /// What others' looks have left for a session.
    fileprivate mutating func takeNews(_ member: Int, now: Int64, begunOnly: Bool) -> UInt64? {
        guard var seat = seats[member] else { return nil }
        defer { seats[member] = seat }
        var anew: [RateTable.Asked] = []
        while !seat.granted.isEmpty {
            let grant = seat.granted.removeFirst()
            let mayGo = !begunOnly || grant.asked.request.priority <= .begun
            if mayGo, now - grant.at <= RateTable.freshness {
                seat.postponed = anew + seat.postponed
                return grant.asked.request.id
            }
            giveBack(grant)
            anew.append(grant.asked)
        }
        anew += seat.postponed
        seat.postponed = []
        while !anew.isEmpty {
            let asked = anew.removeFirst()
            guard !begunOnly || asked.request.priority <= .begun else {
                seat.postponed.append(asked)
                continue
            }
            switch buckets[asked.place].admit(asked.request, now: now) {
            case .granted:
                seat.postponed += anew
                return asked.request.id
            case .waiting:
                self.asked[asked.request.id] = asked
                seat.waiting += 1
            case .refused: seat.expired.append(asked.request.id)
            }
        }
        return nil
    }
}

/// The tables of one adapter, and the nonces of its accounts: what its sessions have in common. Any thread.
///
/// Buckets that count by account or login belong to a login, whose trading and data sessions share them; those that count by
/// a key of the adapter's own (an address, an application) belong to all its sessions. A table outlives its sessions: a
/// broker does not forget what was asked before a connection was made anew.
final class SharedLimits: Sendable {
    struct Tables {
        let login: RateTable
        /// `nil`: no bucket counts by a key of the adapter's own.
        let adapter: RateTable?
    }
    private struct Known {
        var rules: [RateRule]
        var table: RateTable
    }
    private struct State {
        var logins: [String: Known] = [:]
        var adapter: Known?
        var nonces: [String: Int64] = [:]
    }
    private let state = NIOLockedValueBox(State())

    /// The tables for a session under rules. Where the rules have changed since, new ones: sessions that are under way keep
    /// theirs.
    ///
    /// - Parameters:
    ///   - login: of one environment.
    ///   - make: buckets of these rules.
    func tables(_ login: String, of rules: [RateRule], ownKeys: [RateRule], make: ([RateRule]) -> [RateBucket])
        -> Tables
    {
        state.withLockedValue { state in
            var known = state.logins[login]
            if known?.rules != rules { known = nil }
            let table = known?.table ?? RateTable(make(rules))
            state.logins[login] = Known(rules: rules, table: table)
            guard !ownKeys.isEmpty else { return Tables(login: table, adapter: nil) }
            let other = state.adapter?.rules == ownKeys ? state.adapter?.table : nil
            let shared = other ?? RateTable(make(ownKeys))
            state.adapter = Known(rules: ownKeys, table: shared)
            return Tables(login: table, adapter: shared)
        }
    }

    /// An account's next nonce: at least the clock in the unit, and above every one before, of whatever session.
    func nextNonce(account: String, now: Int64, unit: Int64) -> Int64 {
        state.withLockedValue { state in
            let next = max(now / max(1, unit), (state.nonces[account] ?? .min / 2) + 1)
            state.nonces[account] = next
            return next
        }
    }
}
