import AdapterKit
import Exact
import NIOConcurrencyHelpers

/// What kind of broker an adapter of the simulation speaks to.
protocol BrokerKind {
    static var id: String { get }
    static var recovery: RecoveryFeatures { get }
    static var canLookUp: Bool { get }
    static var visibilityDelay: Int64 { get }
    static var maxBatch: UInt32 { get }
}

/// Knows orders by our reference at once, and takes batches.
enum PromptBroker: BrokerKind {
    static let id = "prompt"
    static let recovery: RecoveryFeatures = [.dedupesClientReference, .lookupByClientReference, .streamsReports]
    static let canLookUp = true
    static let visibilityDelay: Int64 = 0
    static let maxBatch: UInt32 = 8
}

/// Finds orders by our reference after a while.
enum TardyBroker: BrokerKind {
    static let id = "tardy"
    static let recovery: RecoveryFeatures = [.lookupByClientReference, .streamsReports]
    static let canLookUp = true
    static let visibilityDelay: Int64 = 2_000_000_000
    static let maxBatch: UInt32 = 0
}

/// Only echoes a tag: absence is never proved, and a person has to settle what stays unknown.
enum TagBroker: BrokerKind {
    static let id = "tag"
    static let recovery: RecoveryFeatures = .echoesTag
    static let canLookUp = false
    static let visibilityDelay: Int64 = 1_000_000_000
    static let maxBatch: UInt32 = 0
}

/// Where sessions find their exchange: the account's config names it.
enum Exchanges {
    // One writer a world, and worlds may run side by side.
    private nonisolated(unsafe) static var known: [Int64: Exchange] = [:]
    private static let lock = NIOLock()

    static func set(_ exchange: Exchange?, for world: Int64) { lock.withLock { known[world] = exchange } }
    static func exchange(of world: Int64) -> Exchange? { lock.withLock { known[world] } }
}

/// A session with a broker of the simulation: translates for the exchange, and lets go wrong what the seed says.
final class ChaosAdapter<Kind: BrokerKind>: BrokerAdapter, ExchangeListener, MortalSession {
    static var descriptor: Descriptor {
        var capabilities: Capabilities = [.submit, .modify, .cancel, .queryFunds]
        if Kind.canLookUp { capabilities.insert(.reconcile) }
        if Kind.maxBatch > 0 { capabilities.insert(.submitBatch) }
        return Descriptor(
            id: Kind.id, name: Kind.id, version: "1", capabilities: capabilities, recovery: Kind.recovery,
            visibilityDelayNanoseconds: Kind.visibilityDelay,
            configSchema: #"{"type":"object"}"#, maxBatch: Kind.maxBatch)
    }

    let host: Host
    let accounts: [String]
    let exchange: Exchange
    /// The process at the other end is gone: whatever it does now reaches nobody.
    var isDead = false
    var isConnected = false
    /// What is to be done for the host, and when.
    var due: [(at: Int64, order: Int, act: () -> Void)] = []
    private var dueCount = 0
    private var readyAt: Int64?
    private var opening: Command?
    private var nextPoll: Int64 = 0

    init(host: Host, options: SessionOptions) throws(AdapterFailure) {
        self.host = host
        accounts = options.accounts.map(\.id)
        guard let first = options.accounts.first, case .number(let world)? = try first.configuration()["world"],
            let number = Int64(world), let exchange = Exchanges.exchange(of: number)
        else { throw AdapterFailure("account config: world names no exchange") }
        self.exchange = exchange
    }

    var rates: FaultRates { exchange.rates[Kind.id] ?? .calm }
    /// True time: the broker's, not the machine's.
    var now: Int64 { exchange.now }

    // MARK: Session

    func open(_ command: Command) {
        host.sessionState(.opening)
        for account in accounts { exchange.listeners[account] = self }
        opening = command
        readyAt = now + (exchange.dice.chance(500) ? 0 : exchange.dice.time(upTo: 3_000_000_000))
        pump()
    }

    func close(_ command: Command) {
        isDead = true
        host.sessionState(.closed)
        command.ok()
    }

    func onTimer(_ timer: TimerID, tag: UInt64) { pump() }

    /// Does what is due, and comes back in a moment: the exchange cannot call.
    private func pump() {
        guard !isDead else { return }
        if let at = readyAt, at <= now { becomeReady() }
        while let next = due.indices.filter({ due[$0].at <= now }).min(by: {
            (due[$0].at, due[$0].order) < (due[$1].at, due[$1].order)
        }) {
            due.remove(at: next).act()
        }
        if isConnected, exchange.dice.chance(rates.expiry) { disconnect() }
        if isConnected, nextPoll <= now { readGap() }
        let pause = exchange.dice.number(5_000_000...150_000_000)
        if (try? host.timer(afterNanoseconds: pause, tag: 1)) == nil {
            exchange.onViolation("the simulated adapter got no timer")
        }
    }

    private func becomeReady() {
        readyAt = nil
        if exchange.dice.chance(rates.failedLogin) {
            let error = AdapterError(.brokerUnavailable, "the login failed")
            exchange.trace.note("  \(Kind.id) \(accounts): login failed")
            host.sessionState(.failed, error: error)
            opening?.reject(error)
            opening = nil
            return
        }
        isConnected = true
        exchange.trace.note("  \(Kind.id) \(accounts): ready")
        host.sessionState(.ready)
        opening?.ok()
        opening = nil
        readGap()
    }

    /// The connection is gone, with every answer and report on its way. It comes back by itself.
    func disconnect() {
        guard isConnected else { return }
        exchange.trace.note("  \(Kind.id): connection lost")
        isConnected = false
        due = []
        host.sessionState(.opening)
        readyAt = now + exchange.dice.time(upTo: 9_000_000_000)
    }

    /// What may have been missed: every order and execution of the accounts, in any order.
    private func readGap() {
        nextPoll = now + exchange.dice.number(1_000_000_000...3_000_000_000)
        var orders = exchange.orders.filter { accounts.contains($0.account) }
        var trades = exchange.trades.filter { accounts.contains(exchange.orders[$0.order].account) }
        if exchange.dice.chance(rates.shuffled) {
            orders.shuffle(using: &exchange.dice)
            trades.shuffle(using: &exchange.dice)
        }
        if exchange.dice.chance(500) {
            host.tradeUpdate(trades.map(update))
            host.orderUpdate(orders.map(update))
        } else {
            host.orderUpdate(orders.map(update))
            host.tradeUpdate(trades.map(update))
        }
    }

    func later(_ delay: Int64, _ act: @escaping () -> Void) {
        guard delay > 0 else { return act() }
        dueCount += 1
        due.append((now + delay, dueCount, act))
    }

    func die() {
        isDead = true
        due = []
    }

    // MARK: Reports

    func hear(_ news: Exchange.News) {
        guard !isDead, isConnected else { return }
        guard !exchange.dice.chance(rates.dropped) else { return }
        for _ in 0...(exchange.dice.chance(rates.duplicated) ? 1 : 0) {
            let delay = exchange.dice.chance(rates.shuffled) ? exchange.dice.number(0...2_000_000_000) : 1
            dueCount += 1
            due.append(
                (
                    exchange.now + delay, dueCount,
                    { [unowned self] in
                        switch news {
                        case .order(let order): host.orderUpdate([update(order)])
                        case .trade(let trade): host.tradeUpdate([update(trade)])
                        }
                    }
                ))
        }
    }

    func identity(_ order: Exchange.Held) -> OrderIdentity {
        OrderIdentity(
            account: accounts.firstIndex(of: order.account) ?? 0, brokerOrderID: order.brokerID,
            clientReference: ClientReference(order.reference))
    }

    func update(_ order: Exchange.Held) -> OrderUpdate {
        OrderUpdate(identity(order), state(order), cumulativeQuantity: ExactDecimal(order.cumulative))
    }

    func update(_ trade: Exchange.Trade) -> TradeUpdate {
        let order = exchange.orders[trade.order]
        return TradeUpdate(
            identity(order), executionID: trade.id, side: order.isBuy ? .buy : .sell,
            quantity: ExactDecimal(trade.quantity),
            price: ExactDecimal(mantissa: Int128(trade.price), exponent: -2) ?? 1,
            instrumentID: order.symbol, tradeTime: Timestamp(nanoseconds: trade.at))
    }

    func state(_ order: Exchange.Held) -> OrderState {
        switch order.state {
        case .live: order.cumulative > 0 ? .partiallyFilled : .open
        case .filled: .filled
        case .canceled: .canceled
        case .rejected: .rejected
        case .expired: .expired
        }
    }
}
