package import Domain

/// The limits in force, laid out by number so that a control reads an array element.
struct ResolvedLimits: Sendable {
    /// By account number; `nil` = the document knows no limits for its currency.
    var accounts: [AccountLimits?] = []
    /// By group number.
    var groups: [TotalLimits] = []
    /// By adapter number.
    var adapters: [TotalLimits] = []
    /// Entries of `RiskLimits.instruments` that match, by instrument number.
    var instruments: [[Int32]] = []
    /// Margin rate in basis points by account limits and instrument is looked up on demand; patterns are few.
    var segments: [String] = []
    /// Strategies that have limits, by name, and their limits by that number.
    var strategyNumbers: [String: Int32] = [:]
    var strategies: [StrategyLimits] = []
}

extension Engine {
    /// Brings `resolved` up to date with accounts, groups, adapters and instruments defined since.
    mutating func resolveLimits() {
        resolved.accounts = accounts.map { entry in
            limits.accounts[entry.account.id] ?? limits.defaults[entry.account.currency]
        }
        resolved.groups = groups.map { limits.groups[$0.group.id] ?? TotalLimits() }
        resolved.adapters = adapters.map { limits.adapters[$0] ?? TotalLimits() }
        resolved.instruments = instruments.map { entriesMatching($0.id) }
        resolved.segments = instruments.map { String($0.id.venue) }
        let names = limits.strategies.keys.sorted()
        resolved.strategyNumbers = Dictionary(
            uniqueKeysWithValues: names.enumerated().map { ($1, Int32($0)) })
        resolved.strategies = names.compactMap { limits.strategies[$0] }
        rates.resize(
            accounts: resolved.accounts.map { $0?.rates ?? [] }, groups: resolved.groups.map(\.rates),
            adapters: resolved.adapters.map(\.rates), firm: limits.firm.rates,
            aggregates: resolved.groups.map { $0.aggregate?.rates ?? [] },
            strategies: resolved.strategies.map(\.rates))
    }
}

extension Engine {
    /// The same for one instrument that was just defined: defining many must not cost the square of their number.
    mutating func resolveLimits(ofInstrument number: Int) {
        guard resolved.instruments.count >= number else { return resolveLimits() }
        let id = instruments[number].id
        if number < resolved.instruments.count {
            resolved.instruments[number] = entriesMatching(id)
            resolved.segments[number] = String(id.venue)
        } else {
            resolved.instruments.append(entriesMatching(id))
            resolved.segments.append(String(id.venue))
        }
    }

    private func entriesMatching(_ id: InstrumentID) -> [Int32] {
        limits.instruments.indices.filter { limits.instruments[$0].match.matches(id) }.map(Int32.init)
    }
}

/// Sliding logs of every scope that has message rates (C13).
struct RateBook: Sendable {
    private(set) var accounts: [[SlidingLog]] = []
    private(set) var groups: [[SlidingLog]] = []
    private(set) var adapters: [[SlidingLog]] = []
    private(set) var firm: [SlidingLog] = []
    /// By group, of the windows that look at all legs of a parent together (C30).
    private(set) var aggregates: [[SlidingLog]] = []
    /// By number of the strategies that have limits.
    private(set) var strategies: [[SlidingLog]] = []

    /// Lays the logs out for these windows; a window that stays keeps its log.
    mutating func resize(
        accounts: [[RateWindow]], groups: [[RateWindow]], adapters: [[RateWindow]], firm: [RateWindow],
        aggregates: [[RateWindow]], strategies: [[RateWindow]]
    ) {
        self.accounts = Self.laidOut(accounts, self.accounts)
        self.groups = Self.laidOut(groups, self.groups)
        self.adapters = Self.laidOut(adapters, self.adapters)
        self.firm = Self.laidOut([firm], [self.firm])[0]
        self.aggregates = Self.laidOut(aggregates, self.aggregates)
        self.strategies = Self.laidOut(strategies, self.strategies)
    }

    private static func laidOut(_ windows: [[RateWindow]], _ known: [[SlidingLog]]) -> [[SlidingLog]] {
        windows.enumerated().map { index, wanted in
            let old = index < known.count ? known[index] : []
            return wanted.map { window in
                old.first { $0.limit == window.limit && $0.window == window.window }
                    ?? SlidingLog(limit: window.limit, window: window.window)
            }
        }
    }

    mutating func record(
        account: Int32, group: Int32?, adapter: Int32, strategy: Int32?, messages: Int, at: Timestamp
    ) {
        Self.record(&accounts, Int(account), messages, at)
        Self.record(&adapters, Int(adapter), messages, at)
        if let strategy { Self.record(&strategies, Int(strategy), messages, at) }
        if let group {
            Self.record(&groups, Int(group), messages, at)
            Self.record(&aggregates, Int(group), messages, at)
        }
        for index in firm.indices { firm[index].record(messages, at: at) }
    }

    private static func record(_ logs: inout [[SlidingLog]], _ place: Int, _ messages: Int, _ at: Timestamp) {
        guard place < logs.count else { return }
        for index in logs[place].indices { logs[place][index].record(messages, at: at) }
    }
}

extension Engine {
    /// The message windows that a send for an account counts in, keyed by what `key` makes of scope and place.
    package func sendWindows<Key>(
        account: Int32, group: GroupID?, strategy: String?, _ key: (ScopeKind, Int) -> Key
    ) -> [(Key, RateWindow)] {
        var windows: [(Key, RateWindow)] = []
        if let number = strategy.flatMap({ resolved.strategyNumbers[$0] }) {
            for (index, window) in resolved.strategies[Int(number)].rates.enumerated() {
                windows.append((key(.strategy, index), window))
            }
        }
        for (index, window) in (resolved.accounts[Int(account)]?.rates ?? []).enumerated() {
            windows.append((key(.account, index), window))
        }
        if let number = group.flatMap({ groupNumbers[$0] }) {
            for (index, window) in resolved.groups[Int(number)].rates.enumerated() {
                windows.append((key(.group, index), window))
            }
        }
        let adapter = Int(accounts[Int(account)].adapterNumber)
        if adapter < resolved.adapters.count {
            for (index, window) in resolved.adapters[adapter].rates.enumerated() {
                windows.append((key(.adapter, index), window))
            }
        }
        for (index, window) in limits.firm.rates.enumerated() { windows.append((key(.firm, index), window)) }
        return windows
    }
}
