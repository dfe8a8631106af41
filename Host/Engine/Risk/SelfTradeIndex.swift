import Domain

/// The price at which a live order can trade, for C29.
struct RestingPrice: Hashable, Sendable {
    enum Kind: UInt8, Hashable, Sendable {
        case limit
        /// Trades at any price.
        case market
        /// Tested at the reference price of the moment.
        case stop
    }
    let side: Side
    let kind: Kind
    /// Points; 0 unless a limit.
    let price: Int64

    init(side: Side, orderType: OrderType, limitPrice: Int64) {
        self.side = side
        switch orderType {
        case .limit, .stopLimit: (kind, price) = (.limit, limitPrice)
        case .market: (kind, price) = (.market, 0)
        case .stop: (kind, price) = (.stop, 0)
        }
    }

    /// The price of a live order: of a pending modify the one that trades sooner. `nil` once it has ended.
    init?(_ order: Order, side: Side) {
        guard !order.status.isTerminal else { return nil }
        self.init(side: side, orderType: order.orderType, limitPrice: order.limitPrice)
        guard let wanted = order.replacement else { return }
        let pending = RestingPrice(
            side: side, orderType: wanted.words.orderType ?? order.orderType, limitPrice: wanted.limitPrice)
        // A stop is taken for what it is once it triggers: sooner than any limit.
        let (first, second) = (effective(reference: 0), pending.effective(reference: 0))
        if pending.kind == .market || (kind != .market && (side.isBuy ? second > first : second < first)) {
            self = pending
        }
    }

    /// The price in points that the rule compares: a buy at market is infinite, a sell at market zero; a stop without
    /// reference is taken for a market order.
    func effective(reference: Int64) -> Int64 {
        switch kind {
        case .limit: price
        case .stop where reference > 0: reference
        case .market, .stop: side.isBuy ? .max : 0
        }
    }
}

/// One side of one instrument within one set of owners.
private struct RestingSide: Sendable {
    struct Level: Sendable {
        var price: Int64
        var orders: Int32
    }
    /// Worst first, so that the best stands at the end, where most changes are.
    var levels: [Level] = []
    var markets: Int32 = 0
    var stops: Int32 = 0

    mutating func change(_ resting: RestingPrice, by count: Int32) {
        switch resting.kind {
        case .market: markets += count
        case .stop: stops += count
        case .limit:
            let place = place(resting.price, resting.side)
            if place < levels.count, levels[place].price == resting.price {
                levels[place].orders += count
                if levels[place].orders <= 0 { levels.remove(at: place) }
            } else if count > 0 {
                levels.insert(Level(price: resting.price, orders: count), at: place)
            }
        }
    }

    /// Where a price stands or would stand.
    private func place(_ price: Int64, _ side: Side) -> Int {
        var (low, high) = (0, levels.count)
        while low < high {
            let middle = (low + high) / 2
            let isWorse = side.isBuy ? levels[middle].price < price : levels[middle].price > price
            if isWorse { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The price that would trade first; `nil` where nothing rests.
    func best(_ side: Side, reference: Int64) -> Int64? {
        let extreme: Int64 = side.isBuy ? .max : 0
        if markets > 0 { return extreme }
        var best = levels.last?.price
        if stops > 0 {
            let stop = reference > 0 ? reference : extreme
            best = best.map { side.isBuy ? max($0, stop) : min($0, stop) } ?? stop
        }
        return best
    }
}

/// The best prices of live orders by set of owners and instrument (C29): what a candidate could meet is one look-up,
/// however many orders rest.
///
/// Derived from the live orders and the limits in force, like the resolved limits: kept up only for the sets that some
/// account's control looks at, and made anew when those change.
struct SelfTradeIndex: Sendable {
    /// Sets that are kept up.
    struct Kinds: OptionSet, Sendable {
        let rawValue: UInt8
        static let groups = Kinds(rawValue: 1)
        static let owners = Kinds(rawValue: 2)
        static let firm = Kinds(rawValue: 4)
    }

    private(set) var kinds: Kinds = []
    /// Owner by account, as the first account that has the owner: equal numbers are one owner.
    private(set) var owners: [Int32] = []
    private var firstOfOwner: [String: Int32] = [:]
    /// Groups by account.
    private(set) var groups: [[Int32]] = []
    private var table = PairTable()
    private var sides: [(buys: RestingSide, sells: RestingSide)] = []
    /// Live orders of all accounts by instrument: most candidates have none against them, whoever their owners are.
    private var live: [(buys: Int32, sells: Int32)] = []

    init() {}

    /// - Parameters:
    ///   - owners: their names, by account.
    ///   - groups: by account.
    init(kinds: Kinds, owners: some Sequence<String?>, groups: [[Int32]]) {
        self.kinds = kinds
        for owner in owners { addAccount(owner: owner) }
        self.groups = groups
    }

    /// Whether both keep the same sets for the same accounts.
    func isLaidOut(like other: SelfTradeIndex) -> Bool {
        kinds == other.kinds && owners == other.owners && firstOfOwner == other.firstOfOwner
            && groups == other.groups
    }

    /// The same accounts without an order.
    func withoutOrders(kinds: Kinds) -> SelfTradeIndex {
        var bare = self
        (bare.kinds, bare.table, bare.sides, bare.live) = (kinds, PairTable(), [], [])
        return bare
    }

    /// One more account, in no group; without a name it is an owner of its own.
    mutating func addAccount(owner: String?) {
        let number = Int32(owners.count)
        groups.append([])
        guard let owner else { return owners.append(number) }
        let first = firstOfOwner[owner] ?? number
        firstOfOwner[owner] = first
        owners.append(first)
    }

    private static let firmSet: Int32 = 0
    private static func ownerSet(_ owner: Int32) -> Int32 { 1 + owner * 2 }
    private static func groupSet(_ group: Int32) -> Int32 { 2 + group * 2 }

    /// An order of `account` came (`count` 1) or went (-1).
    mutating func change(_ resting: RestingPrice, account: Int32, instrument: Int32, by count: Int32) {
        let number = Int(instrument)
        while live.count <= number { live.append((0, 0)) }
        switch resting.side {
        case .buy: live[number].buys += count
        case .sell: live[number].sells += count
        }
        if kinds.contains(.firm) { change(Self.firmSet, instrument, resting, count) }
        if kinds.contains(.owners) { change(Self.ownerSet(owners[Int(account)]), instrument, resting, count) }
        if kinds.contains(.groups) {
            for group in groups[Int(account)] { change(Self.groupSet(group), instrument, resting, count) }
        }
    }

    private mutating func change(_ set: Int32, _ instrument: Int32, _ resting: RestingPrice, _ count: Int32) {
        var place = table[set, instrument]
        if place < 0 {
            place = Int32(sides.count)
            sides.append((RestingSide(), RestingSide()))
            table.insert(set, instrument, slot: place)
        }
        switch resting.side {
        case .buy: sides[Int(place)].buys.change(resting, by: count)
        case .sell: sides[Int(place)].sells.change(resting, by: count)
        }
    }

    /// The best price on the other side among the orders of the account's set of owners; `nil` = nothing rests there.
    func bestOpposite(
        of side: Side, account: Int32, instrument: Int32, owners kind: SelfTradeLimit.Owners, reference: Int64
    ) -> Int64? {
        guard live.indices.contains(Int(instrument)),
            (side.isBuy ? live[Int(instrument)].sells : live[Int(instrument)].buys) > 0
        else { return nil }
        switch kind {
        case .none: return nil
        case .firm: return best(Self.firmSet, instrument, side.opposite, reference)
        case .owner: return best(Self.ownerSet(owners[Int(account)]), instrument, side.opposite, reference)
        case .group:
            var found = best(Self.ownerSet(owners[Int(account)]), instrument, side.opposite, reference)
            for group in groups[Int(account)] {
                guard let price = best(Self.groupSet(group), instrument, side.opposite, reference) else { continue }
                found = found.map { side.isBuy ? min($0, price) : max($0, price) } ?? price
            }
            return found
        }
    }

    private func best(_ set: Int32, _ instrument: Int32, _ side: Side, _ reference: Int64) -> Int64? {
        let place = table[set, instrument]
        guard place >= 0 else { return nil }
        return side.isBuy
            ? sides[Int(place)].buys.best(.buy, reference: reference)
            : sides[Int(place)].sells.best(.sell, reference: reference)
    }

    /// Whether two accounts are one owner to the control.
    func share(_ first: Int32, _ second: Int32, _ kind: SelfTradeLimit.Owners) -> Bool {
        switch kind {
        case .none: false
        case .firm: true
        case .owner: owners[Int(first)] == owners[Int(second)]
        case .group:
            owners[Int(first)] == owners[Int(second)]
                || groups[Int(first)].contains { groups[Int(second)].contains($0) }
        }
    }
}
