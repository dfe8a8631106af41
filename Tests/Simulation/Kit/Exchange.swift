/// The brokers' side of the world: orders, executions and positions as they really are. It outlives the gateway, which
/// knows of it only what its adapters tell.
///
/// Times are wall nanoseconds, prices hundredths, quantities whole units. One thread.
final class Exchange {
    enum State: String { case live, filled, canceled, rejected, expired }

    struct Held {
        let number: Int
        let account: String
        let symbol: String
        let isBuy: Bool
        var quantity: Int64
        /// `nil` = at market.
        var limit: Int64?
        /// The client's name for it now, and all it ever had.
        var reference: String
        var references: [String]
        var state = State.live
        var cumulative: Int64 = 0
        /// A look-up does not find it before.
        let visibleAt: Int64

        var brokerID: String { "X\(number)" }
        var leaves: Int64 { state == .live ? quantity - cumulative : 0 }
    }

    struct Trade {
        let id: String
        let order: Int
        let quantity: Int64
        let price: Int64
        let at: Int64
    }

    struct Pair: Hashable {
        let account: String
        let symbol: String
    }

    /// Everything that one place holds and may come to hold.
    struct Exposure {
        var position: Int64 = 0
        var openBuy: Int64 = 0
        var openSell: Int64 = 0
        var worst: Int64 { max(position + openBuy, openSell - position) }
    }

    enum News {
        case order(Held)
        case trade(Trade)
    }

    var dice: Dice
    var now: Int64
    private(set) var orders: [Held] = []
    private(set) var trades: [Trade] = []
    private(set) var exposures: [Pair: Exposure] = [:]
    var prices: [String: Int64]
    /// By account: who is told.
    var listeners: [String: any ExchangeListener] = [:]
    var rates: [String: FaultRates] = [:]
    private var places: [String: Int] = [:]
    /// Orders that have arrived or will.
    private var expected: Set<String> = []
    private var wire: [(at: Int64, order: Int, act: () -> Void)] = []
    private var sent = 0
    /// Asked when an adapter is given an order, before anything of it leaves.
    var onSubmit: (_ account: String, _ reference: String) -> Void = { _, _ in }
    /// Told of what must never be.
    var onViolation: (String) -> Void = { _ in }
    /// The largest worst case that an account may have in one instrument.
    var positionLimit: Int64 = .max
    let trace: Trace

    init(dice: Dice, now: Int64, prices: [String: Int64], trace: Trace) {
        (self.dice, self.now, self.prices, self.trace) = (dice, now, prices, trace)
    }

    // MARK: What travels

    /// Lets `act` happen after `delay`; at once for 0.
    func send(after delay: Int64, _ act: @escaping () -> Void) {
        guard delay > 0 else { return act() }
        sent += 1
        wire.append((now + delay, sent, act))
    }

    /// Everything that has arrived by now is done, in order of arrival.
    func advance(to time: Int64) {
        now = max(now, time)
        while let next = wire.indices.filter({ wire[$0].at <= now }).min(by: {
            (wire[$0].at, wire[$0].order) < (wire[$1].at, wire[$1].order)
        }) {
            wire.remove(at: next).act()
        }
    }

    /// Lets go of everything that refers to it.
    func shutDown() {
        (wire, listeners) = ([], [:])
        (onSubmit, onViolation) = ({ _, _ in }, { _ in })
    }

    // MARK: Orders

    /// An order is on its way.
    func expect(_ account: String, _ reference: String) { expected.insert("\(account) \(reference)") }
    func expects(_ account: String, _ reference: String) -> Bool { expected.contains("\(account) \(reference)") }

    func find(_ account: String, reference: String?, brokerID: String?) -> Int? {
        if let brokerID, let number = Int(brokerID.dropFirst()), orders.indices.contains(number),
            orders[number].account == account
        {
            return number
        }
        return reference.flatMap { places["\(account) \($0)"] }
    }

    /// An order arrives and is taken.
    /// - Returns: its number; `nil` where one of that name is known already.
    func place(
        account: String, symbol: String, isBuy: Bool, quantity: Int64, limit: Int64?, reference: String,
        hiddenFor: Int64
    ) -> Int? {
        guard places["\(account) \(reference)"] == nil else {
            onViolation("V8: \(account) was sent an order \(reference) twice")
            return nil
        }
        let number = orders.count
        orders.append(
            Held(
                number: number, account: account, symbol: symbol, isBuy: isBuy, quantity: quantity, limit: limit,
                reference: reference, references: [reference], visibleAt: now + hiddenFor))
        places["\(account) \(reference)"] = number
        book(number, open: quantity)
        trace.note("  exchange: \(describe(number)) arrives")
        tell(number)
        match(number)
        return number
    }

    func modify(_ number: Int, quantity: Int64, limit: Int64?, reference: String) -> Bool {
        guard orders[number].state == .live, quantity > orders[number].cumulative else { return false }
        let change = quantity - orders[number].quantity
        orders[number].quantity = quantity
        if orders[number].limit != nil { orders[number].limit = limit ?? orders[number].limit }
        orders[number].reference = reference
        orders[number].references.append(reference)
        places["\(orders[number].account) \(reference)"] = number
        book(number, open: change)
        trace.note("  exchange: \(describe(number)) modified")
        tell(number)
        match(number)
        return true
    }

    @discardableResult
    func end(_ number: Int, _ state: State) -> Bool {
        guard orders[number].state == .live else { return false }
        book(number, open: -orders[number].leaves)
        orders[number].state = state
        trace.note("  exchange: \(describe(number)) \(state.rawValue)")
        tell(number)
        return true
    }

    /// Fills a part, or all, of an order at a price.
    func fill(_ number: Int, _ quantity: Int64, at price: Int64) {
        let taken = min(quantity, orders[number].leaves)
        guard taken > 0 else { return }
        let order = orders[number]
        book(number, open: -taken, filled: order.isBuy ? taken : -taken)
        orders[number].cumulative += taken
        if orders[number].cumulative == orders[number].quantity { orders[number].state = .filled }
        let trade = Trade(id: "E\(trades.count)", order: number, quantity: taken, price: price, at: now)
        trades.append(trade)
        trace.note("  exchange: \(describe(number)) trades \(taken) at \(price)")
        listeners[order.account]?.hear(.trade(trade))
        tell(number)
    }

    /// A price moved: what can trade may.
    func move(_ symbol: String, to price: Int64) {
        prices[symbol] = price
        for number in orders.indices where orders[number].state == .live && orders[number].symbol == symbol {
            match(number)
        }
    }

    private func match(_ number: Int) {
        guard let price = prices[orders[number].symbol], orders[number].state == .live else { return }
        let order = orders[number]
        guard order.limit.map({ order.isBuy ? price <= $0 : price >= $0 }) ?? true else { return }
        switch dice.index(below: 4) {
        case 0: break
        case 1: fill(number, dice.number(1...order.leaves), at: price)
        default: fill(number, order.leaves, at: price)
        }
    }

    private func book(_ number: Int, open: Int64, filled: Int64 = 0) {
        let order = orders[number]
        let pair = Pair(account: order.account, symbol: order.symbol)
        var exposure = exposures[pair] ?? Exposure()
        let before = exposure.worst
        exposure.position += filled
        if order.isBuy { exposure.openBuy += open } else { exposure.openSell += open }
        exposures[pair] = exposure
        if exposure.worst > positionLimit, exposure.worst > before {
            onViolation(
                "V17: \(order.account) may come to hold \(exposure.worst) of \(order.symbol), limit \(positionLimit)")
        }
    }

    private func tell(_ number: Int) { listeners[orders[number].account]?.hear(.order(orders[number])) }

    func describe(_ number: Int) -> String {
        let order = orders[number]
        return "\(order.brokerID) \(order.account) \(order.reference) \(order.isBuy ? "buy" : "sell")"
            + " \(order.cumulative)/\(order.quantity) \(order.symbol) \(order.limit.map(String.init) ?? "market")"
    }
}

/// Hears what became of an account's orders: a connection to the broker.
protocol ExchangeListener: AnyObject {
    func hear(_ news: Exchange.News)
}
