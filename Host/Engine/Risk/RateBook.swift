import Domain

/// Sliding logs of every scope that has message rates (C13).
struct RateBook: Sendable {
    private(set) var accounts = ScopeLogs()
    private(set) var groups = ScopeLogs()
    private(set) var adapters = ScopeLogs()
    /// One scope.
    private(set) var firm = ScopeLogs()
    /// By group, of the windows that look at all legs of a parent together (C30).
    private(set) var aggregates = ScopeLogs()
    /// By number of the strategies that have limits.
    private(set) var strategies = ScopeLogs()

    /// Lays the logs out for these windows; a window that stays keeps its log.
    mutating func resize(
        accounts: [[RateWindow]], groups: [[RateWindow]], adapters: [[RateWindow]], firm: [RateWindow],
        aggregates: [[RateWindow]], strategies: [[RateWindow]]
    ) {
        self.accounts.layOut(accounts)
        self.groups.layOut(groups)
        self.adapters.layOut(adapters)
        self.firm.layOut([firm])
        self.aggregates.layOut(aggregates)
        self.strategies.layOut(strategies)
    }

    /// Whether a scope other than an account has a window.
    var hasSharedWindows: Bool { !(groups.isEmpty && adapters.isEmpty && firm.isEmpty && strategies.isEmpty) }

    /// One more account, with these windows.
    mutating func addAccount(_ windows: [RateWindow]) { accounts.append(windows) }

    mutating func record(
        account: Int32, group: Int32?, adapter: Int32, strategy: Int32?, messages: Int, at: Timestamp
    ) {
        accounts.record(account, messages, at)
        adapters.record(adapter, messages, at)
        if let strategy { strategies.record(strategy, messages, at) }
        if let group {
            groups.record(group, messages, at)
            aggregates.record(group, messages, at)
        }
        firm.record(0, messages, at)
    }
}

/// Logs of the scopes of one kind, side by side: a control that looks at a scope's own takes no reference to a list.
struct ScopeLogs: Sendable {
    private(set) var rings: [SendRing] = []
    /// Of all rings.
    private var times: [Int64] = []
    /// No scope of the kind has a window.
    private(set) var isEmpty = true
    /// Rings of scope `n` stand at `starts[n]..<starts[n + 1]`.
    private var starts: [Int32] = [0]

    /// Places of a scope's logs; none for a negative number, or one that is not laid out yet.
    @inline(__always)
    func places(_ scope: Int32) -> Range<Int> {
        guard scope >= 0, Int(scope) + 1 < starts.count else { return 0..<0 }
        return Int(starts[Int(scope)])..<Int(starts[Int(scope) + 1])
    }

    /// Copies, for those who have the time.
    subscript(scope: Int32) -> [SlidingLog] { places(scope).map { self[place: $0] } }
    subscript(place place: Int) -> SlidingLog { SlidingLog(rings[place], of: times) }

    @inline(__always)
    func limit(at place: Int) -> Int { rings[place].limit }

    /// See `SlidingLog.earliest`.
    @inline(__always)
    func earliest(at place: Int, _ messages: Int, now: Timestamp, alreadyPlanned: Int) -> Timestamp? {
        rings[place].earliest(messages, now: now, alreadyPlanned: alreadyPlanned, of: times)
    }

    fileprivate mutating func append(_ windows: [RateWindow]) {
        rings += windows.map { SendRing(limit: $0.limit, window: $0.window) }
        starts.append(Int32(rings.count))
        isEmpty = rings.isEmpty
    }

    fileprivate mutating func layOut(_ windows: [[RateWindow]]) {
        var next = ScopeLogs()
        for (scope, wanted) in windows.enumerated() {
            for window in wanted {
                let known = rings[places(Int32(scope))]
                var ring =
                    known.first { $0.limit == window.limit && $0.window == window.window }
                    ?? SendRing(limit: window.limit, window: window.window)
                ring.move(from: times, to: &next.times)
                next.rings.append(ring)
            }
            next.starts.append(Int32(next.rings.count))
        }
        next.isEmpty = next.rings.isEmpty
        self = next
    }

    @inline(__always)
    fileprivate mutating func record(_ scope: Int32, _ messages: Int, _ at: Timestamp) {
        if isEmpty { return }
        for place in places(scope) { rings[place].record(messages, at: at, in: &times) }
    }
}
