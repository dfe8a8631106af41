import AdapterKit
import Exact
import Testing

@testable import Paper

/// An account under test: texts in, facts out, and a memory that is written after every step as the adapter does.
struct Desk {
    var broker: SimulatedBroker
    var now = Timestamp(nanoseconds: 1_700_000_000_000_000_000)
    /// What the durable store holds.
    var memory: [String: [UInt8]] = [:]
    private var placed = 0

    static let share = InstrumentTerms(
        id: "NSE:EQ:ACME", currency: "INR", tick: Number("0.05").value, lotSize: 1, multiplier: 1)
    static let coin = InstrumentTerms(
        id: "COINBASE:SPOT:BTC-INR", currency: "INR", tick: Number("0.01").value, lotSize: Number("0.00001").value,
        multiplier: 1)
    static let future = InstrumentTerms(
        id: "NFO:FUT:ACME:20261231", currency: "INR", tick: Number("0.05").value, lotSize: 75, multiplier: 1)

    init(_ settings: Settings = Settings()) {
        do {
            broker = try SimulatedBroker(settings: settings, currency: "INR", now: now)
        } catch {
            fatalError("\(error)")  // a test's own mistake
        }
        commit()
    }

    /// What the adapter does at the end of each call; what is forgotten is written off at once, not with the next call.
    mutating func commit() {
        write()
        broker.reports.removeAll()
        broker.forgetOldest()
        write()
    }

    private mutating func write() {
        broker.takeChanges { change in
            switch change {
            case .put(let key, let value): memory[key] = value
            case .delete(let key): memory[key] = nil
            }
        }
    }

    /// The account as a restarted process finds it.
    func restarted() throws -> Desk {
        var desk = self
        let entries = memory.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value) }
        let restored = try SimulatedBroker(memory: entries, settings: broker.settings, currency: "INR")
        desk.broker = try #require(restored)
        return desk
    }

    mutating func advance(seconds: Int64) {
        now.nanoseconds += seconds * 1_000_000_000
    }

    @discardableResult
    mutating func submit(
        _ side: Side, _ quantity: Number, _ type: OrderType = .market, price: Number? = nil,
        trigger: Number? = nil, _ timeInForce: TimeInForce = .day, product: Product = .intraday,
        validUntil: Timestamp? = nil, on terms: InstrumentTerms = Desk.share, reference: String? = nil
    ) throws -> OrderNumber {
        placed += 1
        let instrument = try broker.resolve(terms)
        let number = try broker.submit(
            Ticket(
                reference: ClientReference(reference ?? "r\(placed)"), instrument: instrument, side: side,
                orderType: type, product: product, timeInForce: timeInForce, quantity: quantity.value,
                price: price.decimal,
                triggerPrice: trigger.decimal, validUntil: validUntil), at: now)
        commit()
        return number
    }

    mutating func quote(
        last: Number? = nil, bid: Number? = nil, bidSize: Number? = nil, ask: Number? = nil,
        askSize: Number? = nil, lastSize: Number? = nil, on terms: InstrumentTerms = Desk.share
    ) throws {
        let instrument = try broker.resolve(terms)
        advance(seconds: 1)
        broker.apply(
            MarketQuote(
                last: last.decimal, lastSize: lastSize.decimal, bid: bid.decimal, bidSize: bidSize.decimal,
                ask: ask.decimal, askSize: askSize.decimal,
                receivedTime: now), to: instrument, at: now)
        commit()
    }

    /// Submits an order and tells what it filled at once.
    mutating func fillsOf(
        _ side: Side, _ quantity: Number, _ type: OrderType = .market, price: Number? = nil,
        trigger: Number? = nil, _ timeInForce: TimeInForce = .day
    ) throws -> [String] {
        let number = try submit(side, quantity, type, price: price, trigger: trigger, timeInForce)
        return try fills(number)
    }

    /// A bar from another time, as a replay brings it, unless `start` says otherwise.
    mutating func candle(
        _ open: Number, _ high: Number, _ low: Number, _ close: Number,
        volume: Number? = 1_000_000, start: Timestamp = Timestamp(nanoseconds: 1_000),
        on terms: InstrumentTerms = Desk.share
    ) throws {
        let instrument = try broker.resolve(terms)
        advance(seconds: 1)
        broker.apply(
            MarketCandle(
                start: start, lengthNanoseconds: 60_000_000_000, open: open.value, high: high.value, low: low.value,
                close: close.value, volume: volume.decimal), to: instrument, at: now)
        commit()
    }

    mutating func cancel(_ number: OrderNumber) throws {
        try broker.cancel(number, at: now)
        commit()
    }

    mutating func modify(
        _ number: OrderNumber, quantity: Number? = nil, price: Number? = nil,
        trigger: Number? = nil, type: OrderType? = nil, timeInForce: TimeInForce? = nil, reference: String? = nil
    ) throws {
        try broker.modify(
            number,
            Revision(
                quantity: quantity.decimal, price: price.decimal, triggerPrice: trigger.decimal, orderType: type,
                timeInForce: timeInForce, reference: reference.flatMap { ClientReference($0) }), at: now)
        commit()
    }

    func order(_ number: OrderNumber) throws -> PaperOrder { try #require(broker.orders[number]) }

    func state(_ number: OrderNumber) throws -> OrderState { try order(number).state }

    /// The executions of an order as texts: `10@95.05`.
    func fills(_ number: OrderNumber) throws -> [String] {
        let order = try order(number)
        let instrument = broker.books[order.instrument].instrument
        return order.executions.map { "\(instrument.quantity($0.quantity))@\(instrument.price($0.price))" }
    }

    func bucket(_ product: Product = .intraday, on terms: InstrumentTerms = Desk.share) throws -> Bucket {
        broker.ledger[try #require(broker.instruments[terms.id]), product]
    }

    var cash: ExactDecimal { broker.ledger.cash.decimal }
}

/// A decimal written in a test.
struct Number: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, Sendable {
    let value: ExactDecimal

    init(stringLiteral text: String) {
        guard let decimal = ExactDecimal(text) else { fatalError("\(text) is no decimal") }
        value = decimal
    }

    init(integerLiteral number: Int64) { value = ExactDecimal(number) }

    init(_ value: ExactDecimal) { self.value = value }
}

extension Optional where Wrapped == Number {
    var decimal: ExactDecimal? { self?.value }
}

/// A small random source whose sequence a seed fixes.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// Neighbouring seeds begin far apart: the first state is itself drawn from the seed.
    init(seed: UInt64) {
        state = seed
        state = next() &* 0xD1B5_4A32_D192_ED03
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

/// The error a call throws, or `nil`.
func refusal(_ body: () throws -> Void) -> AdapterError? {
    do {
        try body()
        return nil
    } catch { return error as? AdapterError }
}
