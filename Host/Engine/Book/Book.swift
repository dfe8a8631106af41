import Domain

/// Positions and reservations of all accounts, with the sums that group and firm limits look at.
package struct Book: Sendable {
    package private(set) var positions: [Position] = []
    private var table = PairTable()
    /// Slots of an account's positions, by account number.
    private var slotsOfAccount: [[Int32]] = []
    /// Live orders of an account over all instruments.
    private var openOrdersOfAccount: [Int32] = []
    /// Sums for the firm, then for each group.
    private(set) var totals: [ScopeTotals] = [ScopeTotals()]
    /// Which totals an account's positions count in, by account number; the firm (0) is always among them.
    private var totalsOfAccount: [[Int32]] = []

    /// Replaces the membership of totals: `totals[0]` is the firm, `totals[1 + g]` group `g`.
    mutating func setMembership(accounts: Int, groups: [[Int32]]) {
        while slotsOfAccount.count < accounts {
            slotsOfAccount.append([])
            openOrdersOfAccount.append(0)
        }
        totalsOfAccount = Array(repeating: [0], count: accounts)
        for (group, members) in groups.enumerated() {
            for account in members where !totalsOfAccount[Int(account)].contains(Int32(group + 1)) {
                totalsOfAccount[Int(account)].append(Int32(group + 1))
            }
        }
        totals = Array(repeating: ScopeTotals(), count: groups.count + 1)
        for position in positions {
            for total in totalsOfAccount[Int(position.account)] {
                totals[Int(total)].add(
                    worst: position.worstCase, orders: Int64(position.openOrders), instrument: position.instrument)
            }
        }
    }

    /// The slot of a pair, or -1 where nothing was ever held or ordered.
    @inline(__always)
    func slot(_ account: Int32, _ instrument: Int32) -> Int32 { table[account, instrument] }

    package func position(_ account: Int32, _ instrument: Int32) -> Position? {
        let slot = table[account, instrument]
        return slot < 0 ? nil : positions[Int(slot)]
    }

    package func positions(of account: Int32) -> [Position] { slotsOfAccount[Int(account)].map { positions[Int($0)] } }

    @inline(__always)
    func slots(of account: Int32) -> [Int32] { slotsOfAccount[Int(account)] }

    @inline(__always)
    func openOrders(of account: Int32) -> Int32 { openOrdersOfAccount[Int(account)] }

    mutating func ensure(_ account: Int32, _ instrument: Int32) -> Int32 {
        let slot = table[account, instrument]
        if slot >= 0 { return slot }
        let created = Int32(positions.count)
        positions.append(Position(account: account, instrument: instrument))
        table.insert(account, instrument, slot: created)
        slotsOfAccount[Int(account)].append(created)
        return created
    }

    /// Changes one position through `body` and keeps every sum in step.
    mutating func update(_ account: Int32, _ instrument: Int32, _ body: (inout Position) -> Void) {
        let slot = Int(ensure(account, instrument))
        let worst = positions[slot].worstCase
        let orders = positions[slot].openOrders
        body(&positions[slot])
        let orderChange = positions[slot].openOrders - orders
        let worstChange = positions[slot].worstCase - worst
        openOrdersOfAccount[Int(account)] += orderChange
        guard worstChange != 0 || orderChange != 0 else { return }
        for total in totalsOfAccount[Int(account)] {
            totals[Int(total)].add(worst: worstChange, orders: Int64(orderChange), instrument: instrument)
        }
    }

    /// Adds `quantity` to (or with a negative one takes it from) the reservation of a side.
    mutating func reserve(_ account: Int32, _ instrument: Int32, _ side: Side, _ quantity: Int64, orders: Int32) {
        update(account, instrument) { position in
            switch side {
            case .buy: position.openBuy = saturatingSum(position.openBuy, quantity)
            case .sell: position.openSell = saturatingSum(position.openSell, quantity)
            }
            position.openOrders += orders
        }
    }

    /// Slots of every position, for day rolls and checks.
    mutating func updateAll(_ body: (inout Position) -> Void) {
        for index in positions.indices { body(&positions[index]) }
    }
}

/// What the accounts of one scope (firm or group) hold together, by instrument.
struct ScopeTotals: Sendable {
    /// Sum of `W` by instrument number.
    private(set) var worst: [Int64] = []
    /// Instruments that ever were not zero, in order of first use.
    private(set) var active: [Int32] = []
    private(set) var openOrders: Int64 = 0
    private var isActive: [Bool] = []

    @inline(__always)
    func worst(_ instrument: Int32) -> Int64 { Int(instrument) < worst.count ? worst[Int(instrument)] : 0 }

    mutating func add(worst change: Int64, orders: Int64, instrument: Int32) {
        let index = Int(instrument)
        while worst.count <= index {
            worst.append(0)
            isActive.append(false)
        }
        worst[index] = saturatingSum(worst[index], change)
        openOrders += orders
        if !isActive[index] {
            isActive[index] = true
            active.append(instrument)
        }
    }
}
