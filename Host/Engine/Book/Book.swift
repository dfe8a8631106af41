import Domain

/// Positions and reservations of all accounts, with the sums that group and firm limits look at.
package struct Book: Sendable {
    package private(set) var positions: [Position] = []
    private var table = PairTable()
    /// An account's first and last slot, by account number; the others hang on the first, in order of first use.
    private var chains: [Chain] = []
    /// The account's next slot, by slot; -1 = it is the last.
    private var nextSlots: [Int32] = []
    /// What an account's positions come to over all instruments, by account number.
    private var sums: [AccountSums] = []
    /// Sums for the firm, then for each group.
    private(set) var totals: [ScopeTotals] = [ScopeTotals()]
    /// Steps of one lot, by instrument number; 1 where none is known.
    private var lots: [Int64] = []
    /// Which totals the positions of account `n` count in, at `memberStarts[n]..<memberStarts[n + 1]`; the firm (0) is
    /// always the first.
    private var memberTotals: [Int32] = []
    private var memberStarts: [Int32] = [0]

    private struct Chain: Sendable {
        var first: Int32 = -1
        var last: Int32 = -1
    }

    private struct AccountSums: Hashable, Sendable {
        var openOrders: Int32 = 0
        /// Lots traded today and live (RISK.md C17); a part of a lot counts as one.
        var busyLots: Int64 = 0

        @inline(__always)
        mutating func add(orders: Int32, busyLots added: Int64) {
            openOrders += orders
            busyLots = saturatingSum(busyLots, added)
        }
    }

    /// One more account, in no group.
    mutating func addAccount() {
        chains.append(Chain())
        sums.append(AccountSums())
        memberTotals.append(0)
        memberStarts.append(Int32(memberTotals.count))
    }

    /// Replaces the membership of totals: `totals[0]` is the firm, `totals[1 + g]` group `g`.
    mutating func setMembership(accounts: Int, groups: [[Int32]]) {
        while chains.count < accounts {
            chains.append(Chain())
            sums.append(AccountSums())
        }
        var totalsOfAccount: [[Int32]] = Array(repeating: [0], count: accounts)
        for (group, members) in groups.enumerated() {
            for account in members where !totalsOfAccount[Int(account)].contains(Int32(group + 1)) {
                totalsOfAccount[Int(account)].append(Int32(group + 1))
            }
        }
        (memberTotals, memberStarts) = ([], [0])
        for numbers in totalsOfAccount {
            memberTotals += numbers
            memberStarts.append(Int32(memberTotals.count))
        }
        totals = Array(repeating: ScopeTotals(), count: groups.count + 1)
        for position in positions {
            for place in places(of: position.account) {
                totals[Int(memberTotals[place])].add(
                    ScopeTotals.Sum(position), orders: Int64(position.openOrders), instrument: position.instrument)
            }
        }
    }

    /// Places in `memberTotals` of an account.
    @inline(__always)
    private func places(of account: Int32) -> Range<Int> {
        Int(memberStarts[Int(account)])..<Int(memberStarts[Int(account) + 1])
    }

    /// The slot of a pair, or -1 where nothing was ever held or ordered.
    @inline(__always)
    func slot(_ account: Int32, _ instrument: Int32) -> Int32 { table[account, instrument] }

    package func position(_ account: Int32, _ instrument: Int32) -> Position? {
        let slot = table[account, instrument]
        return slot < 0 ? nil : positions[Int(slot)]
    }

    @inline(__always)
    func facts(_ account: Int32, _ instrument: Int32) -> PositionFacts {
        let slot = table[account, instrument]
        return slot < 0 ? PositionFacts() : PositionFacts(positions[Int(slot)])
    }

    package func positions(of account: Int32) -> [Position] { slots(of: account).map { positions[Int($0)] } }

    func slots(of account: Int32) -> [Int32] {
        var slots: [Int32] = []
        var slot = firstSlot(of: account)
        while slot >= 0 {
            slots.append(slot)
            slot = self.slot(after: slot)
        }
        return slots
    }

    /// Slots of an account one by one, in order of first use; -1 = there is none, or none any more.
    @inline(__always)
    func firstSlot(of account: Int32) -> Int32 { chains[Int(account)].first }
    @inline(__always)
    func slot(after slot: Int32) -> Int32 { nextSlots[Int(slot)] }

    @inline(__always)
    func openOrders(of account: Int32) -> Int32 { sums[Int(account)].openOrders }

    @inline(__always)
    func busyLots(of account: Int32) -> Int64 { sums[Int(account)].busyLots }

    func hasSameCounts(as other: Book) -> Bool {
        sums == other.sums && lots == other.lots && memberTotals == other.memberTotals
            && memberStarts == other.memberStarts
    }

    /// The lot of an instrument, in steps: what its steps are counted by.
    mutating func setLot(_ instrument: Int32, _ lot: Int64) {
        while lots.count <= Int(instrument) { lots.append(1) }
        guard lots[Int(instrument)] != lot else { return }
        for position in positions where position.instrument == instrument {
            let change = Self.lots(position.busySteps, lot) - Self.lots(position.busySteps, lots[Int(instrument)])
            sums[Int(position.account)].busyLots = saturatingSum(sums[Int(position.account)].busyLots, change)
        }
        lots[Int(instrument)] = lot
    }

    /// Steps in lots, a begun one counted whole.
    @inline(__always)
    static func lots(_ steps: Int64, _ lot: Int64) -> Int64 {
        lot == 1 || steps <= 0 ? max(0, steps) : (steps - 1) / lot + 1
    }

    /// Whether positions of an account have a place here.
    func hasAccount(_ account: Int32) -> Bool { chains.indices.contains(Int(account)) }

    mutating func ensure(_ account: Int32, _ instrument: Int32) -> Int32 {
        let slot = table[account, instrument]
        if slot >= 0 { return slot }
        let created = Int32(positions.count)
        positions.append(Position(account: account, instrument: instrument))
        table.insert(account, instrument, slot: created)
        nextSlots.append(-1)
        let last = chains[Int(account)].last
        if last < 0 { chains[Int(account)].first = created } else { nextSlots[Int(last)] = created }
        chains[Int(account)].last = created
        return created
    }

    /// Changes one position through `body` and keeps every sum in step.
    @inline(__always)
    mutating func update(_ account: Int32, _ instrument: Int32, _ body: (inout Position) -> Void) {
        let slot = Int(ensure(account, instrument))
        let change = Change(&positions[slot], body)
        keepSums(account, instrument, change)
    }

    /// What one change of a position means to the sums.
    private struct Change {
        let sum: ScopeTotals.Sum
        let orders: Int32
        let busyBefore: Int64
        let busyNow: Int64

        @inline(__always)
        init(_ position: inout Position, _ body: (inout Position) -> Void) {
            let before = ScopeTotals.Sum(position)
            let openOrders = position.openOrders
            busyBefore = position.busySteps
            body(&position)
            busyNow = position.busySteps
            orders = position.openOrders - openOrders
            sum = ScopeTotals.Sum(position).minus(before)
        }
    }

    private mutating func keepSums(_ account: Int32, _ instrument: Int32, _ change: Change) {
        let lot = Int(instrument) < lots.count ? lots[Int(instrument)] : 1
        sums[Int(account)].add(
            orders: change.orders,
            busyLots: change.busyNow == change.busyBefore
                ? 0 : Self.lots(change.busyNow, lot) - Self.lots(change.busyBefore, lot))
        guard !change.sum.isZero || change.orders != 0 else { return }
        for place in places(of: account) {
            totals[Int(memberTotals[place])].add(change.sum, orders: Int64(change.orders), instrument: instrument)
        }
    }

    /// Adds `quantity` to (or with a negative one takes it from) the reservation of a side.
    /// `isDelivery`: a sell is to be met from holdings (RISK.md C23).
    mutating func reserve(
        _ account: Int32, _ instrument: Int32, _ side: Side, _ quantity: Int64, orders: Int32, isDelivery: Bool = false
    ) {
        update(account, instrument) { position in
            switch side {
            case .buy: position.openBuy = saturatingSum(position.openBuy, quantity)
            case .sell:
                position.openSell = saturatingSum(position.openSell, quantity)
                if isDelivery { position.openDeliverySell = saturatingSum(position.openDeliverySell, quantity) }
            }
            position.openOrders += orders
        }
    }

    /// Counts orders of the trading day, which no sum looks at.
    mutating func countOrders(_ account: Int32, _ instrument: Int32, _ orders: Int) {
        positions[Int(ensure(account, instrument))].dayOrders &+= Int32(truncatingIfNeeded: orders)
    }

    /// Slots of every position, for day rolls and checks.
    mutating func updateAll(_ body: (inout Position) -> Void) {
        for index in positions.indices { body(&positions[index]) }
    }
}

/// What the accounts of one scope (firm or group) hold together, by instrument.
struct ScopeTotals: Sendable {
    /// Sums over positions of one instrument, in steps.
    struct Sum: Hashable, Sendable {
        /// Of `W`.
        var worst: Int64 = 0
        /// Of `P + B`.
        var long: Int64 = 0
        /// Of `S - P`.
        var short: Int64 = 0

        @inline(__always)
        init() {}

        @inline(__always)
        init(_ position: Position) {
            (long, short) = (position.longest, position.shortest)
            worst = max(long, short)
        }

        @inline(__always)
        var isZero: Bool { worst | long | short == 0 }

        @inline(__always)
        func minus(_ other: Sum) -> Sum {
            var change = self
            change.worst = saturatingDifference(worst, other.worst)
            change.long = saturatingDifference(long, other.long)
            change.short = saturatingDifference(short, other.short)
            return change
        }

        @inline(__always)
        mutating func add(_ change: Sum) {
            worst = saturatingSum(worst, change.worst)
            long = saturatingSum(long, change.long)
            short = saturatingSum(short, change.short)
        }
    }

    fileprivate struct Entry: Sendable {
        var sum = Sum()
        var isActive = false
    }

    /// By instrument number.
    private var entries: [Entry] = []
    /// Instruments that ever were not zero, in order of first use.
    private(set) var active: [Int32] = []
    private(set) var openOrders: Int64 = 0

    @inline(__always)
    func sum(_ instrument: Int32) -> Sum { Int(instrument) < entries.count ? entries[Int(instrument)].sum : Sum() }

    @inline(__always)
    func worst(_ instrument: Int32) -> Int64 {
        Int(instrument) < entries.count ? entries[Int(instrument)].sum.worst : 0
    }

    @inline(__always)
    mutating func add(_ change: Sum, orders: Int64, instrument: Int32) {
        openOrders += orders
        if Int(instrument) >= entries.count { grow(instrument) }
        if entries[Int(instrument)].add(change) { active.append(instrument) }
    }

    private mutating func grow(_ instrument: Int32) {
        while entries.count <= Int(instrument) { entries.append(Entry()) }
    }
}

extension ScopeTotals.Entry {
    /// Whether it was the first change.
    @inline(__always)
    fileprivate mutating func add(_ change: ScopeTotals.Sum) -> Bool {
        sum.add(change)
        if isActive { return false }
        isActive = true
        return true
    }
}
