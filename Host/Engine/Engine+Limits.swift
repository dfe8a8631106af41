package import Domain

/// The limits in force, laid out by number so that a control reads an array element.
struct ResolvedLimits: Sendable {
    /// Different limits of accounts, in the order in which they were met.
    private(set) var sets: [AccountLimits] = []
    private var setNumbers: [AccountLimits: Int32] = [:]
    /// By account number, into `sets`; -1 = the document knows no limits for its currency.
    private(set) var setOfAccount: [Int32] = []
    /// Limits as legs meet them, by number of the set and instrument.
    var legs = LegLimitsTable()
    /// By group number.
    var groups: [TotalLimits] = []
    /// By adapter number.
    var adapters: [TotalLimits] = []
    /// Entries of `RiskLimits.instruments` that match, by instrument number.
    var instruments: [[Int32]] = []
    var segments: [String] = []
    /// Strategies that have limits, by name, and their limits by that number.
    var strategyNumbers: [String: Int32] = [:]
    var strategies: [StrategyLimits] = []

    /// `nil` = the document knows no limits for the account's currency.
    func account(_ number: Int) -> AccountLimits? {
        setOfAccount[number] < 0 ? nil : sets[Int(setOfAccount[number])]
    }

    mutating func set(_ account: Int, _ limits: AccountLimits?) {
        while setOfAccount.count <= account { setOfAccount.append(-1) }
        guard let limits else { return setOfAccount[account] = -1 }
        if let known = setNumbers[limits] { return setOfAccount[account] = known }
        setNumbers[limits] = Int32(sets.count)
        setOfAccount[account] = Int32(sets.count)
        sets.append(limits)
    }
}

extension Engine {
    /// Lays out the limits in force for everything that is defined.
    mutating func resolveLimits() {
        resolved = ResolvedLimits()
        for account in accounts.indices { resolveLimits(ofAccount: account) }
        resolved.instruments = instruments.map { entriesMatching($0.id) }
        resolved.segments = instruments.map { String($0.id.venue) }
        resolveScopes()
    }

    mutating func resolveLimits(ofAccount number: Int) {
        let account = accounts[number].account
        resolved.set(number, limits.accounts[account.id] ?? limits.defaults[account.currency])
    }

    /// Brings groups, adapters and strategies up to date, and the logs of every window.
    mutating func resolveScopes() {
        resolved.groups = groups.map { limits.groups[$0.group.id] ?? TotalLimits() }
        resolved.adapters = adapters.map { limits.adapters[$0] ?? TotalLimits() }
        let names = limits.strategies.keys.sorted()
        resolved.strategyNumbers = Dictionary(
            uniqueKeysWithValues: names.enumerated().map { ($1, Int32($0)) })
        resolved.strategies = names.compactMap { limits.strategies[$0] }
        rates.resize(
            accounts: accounts.indices.map { resolved.account($0)?.rates ?? [] }, groups: resolved.groups.map(\.rates),
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
            resolved.legs = LegLimitsTable()
        } else {
            resolved.instruments.append(entriesMatching(id))
            resolved.segments.append(String(id.venue))
        }
    }

    /// The limits of an account on an instrument; `nil` = the document knows none for the account's currency. Made anew
    /// where the pair was not looked at before.
    @inline(__always)
    func legLimits(_ account: Int32, _ instrument: Int32) -> LegLimits? {
        let set = resolved.setOfAccount[Int(account)]
        guard set >= 0 else { return nil }
        return resolved.legs[set, instrument] ?? newLegLimits(set, instrument)
    }

    /// Keeps the limits of a pair, so that `legLimits` finds them.
    mutating func keepLegLimits(_ account: Int32, _ instrument: Int32) {
        let set = resolved.setOfAccount[Int(account)]
        guard set >= 0, resolved.legs[set, instrument] == nil else { return }
        resolved.legs.insert(newLegLimits(set, instrument), limits: set, instrument: instrument)
    }

    @inline(never)
    private func newLegLimits(_ set: Int32, _ instrument: Int32) -> LegLimits {
        LegLimits(
            resolved.sets[Int(set)], instruments[Int(instrument)],
            entries: resolved.instruments[Int(instrument)].lazy.map { limits.instruments[Int($0)] })
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
        for (index, window) in (resolved.account(Int(account))?.rates ?? []).enumerated() {
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
