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

    /// `nil` = the account has no such limit.
    @inline(__always)
    func selfTrade(_ number: Int) -> SelfTradeLimit? {
        let set = Int(setOfAccount[number])
        if set < 0 { return nil }
        if case .none = sets[set].selfTrade.owners { return nil }
        return sets[set].selfTrade
    }

    mutating func set(_ account: Int, _ limits: AccountLimits?) {
        while setOfAccount.count <= account { setOfAccount.append(-1) }
        guard let limits else {
            setOfAccount[account] = -1
            return
        }
        if let known = setNumbers[limits] {
            setOfAccount[account] = known
            return
        }
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
        var own = limits.accounts[account.id] ?? limits.defaults[account.currency]
        own?.currency = account.currency
        resolved.set(number, own)
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

    /// The limits of an account on an instrument, made anew where the pair was not looked at before.
    @inline(__always)
    func legLimits(_ account: Int32, _ instrument: Int32) -> LegLimits {
        let set = resolved.setOfAccount[Int(account)]
        return resolved.legs[set, instrument] ?? newLegLimits(set, instrument)
    }

    /// Keeps the limits of a pair, so that `legLimits` finds them.
    mutating func keepLegLimits(_ account: Int32, _ instrument: Int32) {
        let set = resolved.setOfAccount[Int(account)]
        guard resolved.legs[set, instrument] == nil else { return }
        resolved.legs.insert(newLegLimits(set, instrument), limits: set, instrument: instrument)
    }

    @inline(never)
    private func newLegLimits(_ set: Int32, _ instrument: Int32) -> LegLimits {
        let account = set < 0 ? nil : resolved.sets[Int(set)]
        let plain = instruments[Int(instrument)].instrument
        return LegLimits(
            account, instruments[Int(instrument)],
            money: (account?.currency.map { valuation(plain, in: $0) } ?? plain).map { MoneyScale($0) },
            entries: resolved.instruments[Int(instrument)].lazy.map { limits.instruments[Int($0)] })
    }

    /// The collar of an account on an instrument; `nil` = the document knows no limits for the account's currency.
    func collar(_ account: Int32, _ instrument: Int32) -> LegLimits.Collar? {
        let limits = legLimits(account, instrument)
        return limits.isKnown ? limits.collar : nil
    }

    private func entriesMatching(_ id: InstrumentID) -> [Int32] {
        limits.instruments.indices.filter { limits.instruments[$0].match.matches(id) }.map(Int32.init)
    }
}

extension Engine {
    /// How far the longest window of message rates in force looks back, nanoseconds; 0 = there is none.
    package var longestRateWindow: Int64 {
        var longest = limits.firm.rates.map(\.window).max() ?? 0
        for account in accounts.indices {
            for rate in resolved.account(account)?.rates ?? [] { longest = max(longest, rate.window) }
        }
        for totals in resolved.groups + resolved.adapters {
            for rate in totals.rates { longest = max(longest, rate.window) }
        }
        for strategy in resolved.strategies {
            for rate in strategy.rates { longest = max(longest, rate.window) }
        }
        return longest
    }

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
