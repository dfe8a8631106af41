import AdapterKit
import Exact

/// One simulated account: what a broker would make of its orders, given the prices it is told.
///
/// Pure: no clock, no I/O, no randomness. It eats orders, modifies, cancels, quotes, bars and the passing of time, each with
/// the instant at which it happens, and keeps two lists for whoever drives it: `reports` (what the client must hear, in
/// order) and `changes` (what must be remembered). The same inputs make the same outputs, bit for bit.
struct SimulatedBroker: Sendable {
    /// What the client must hear of an order after the answer to its command.
    enum Report: Hashable, Sendable {
        /// An execution: the order and which of its executions.
        case execution(OrderNumber, Int)
        /// The state of an order, as it is when the reports are read.
        case state(OrderNumber)
    }

    /// The counters that make ids; they only grow, over restarts too.
    struct Counters: Hashable, Sendable {
        var order: UInt64 = 0
        var execution: UInt64 = 0
        var sequence: UInt64 = 0
        var end: UInt64 = 0
    }

    let settings: Settings
    let currency: String
    var ledger: Ledger
    var books: [Book] = []
    var instruments: [String: Int] = [:]
    /// Working orders, and ended ones that are still remembered.
    var orders: [OrderNumber: PaperOrder] = [:]
    var references: [ClientReference: OrderNumber] = [:]
    var counters = Counters()
    var workingCount = 0
    /// Ended orders, the oldest end first.
    var ended = Queue<OrderNumber>()
    /// Orders that the fill delay keeps from the market, the first to go first.
    var delayed = Queue<(at: Timestamp, number: OrderNumber)>()
    /// No order expires before this; `nil` = none expires.
    var nextExpiry: Timestamp?
    var nextDayEnd: Timestamp
    /// The latest acceptance among orders that were forgotten: an order handed over later is remembered or never came.
    var forgottenThrough: Timestamp?

    var reports: [Report] = []
    var changes = ChangeList()
    /// Instruments whose prices are needed from now on.
    var wantsPrices: [Int] = []

    /// A new account at an instant.
    init(settings: Settings, currency: String, now: Timestamp) throws(AdapterError) {
        self.settings = settings
        self.currency = currency
        ledger = Ledger(cash: settings.startingCash)
        nextDayEnd = settings.dayEnd(after: now)
        changes.account = true
        for seed in settings.seeds { try plant(seed) }
    }

    /// An account as it was remembered; see `SimulatedBroker+Restore`.
    init(settings: Settings, currency: String, ledger: Ledger, counters: Counters, nextDayEnd: Timestamp) {
        self.settings = settings
        self.currency = currency
        self.ledger = ledger
        self.counters = counters
        self.nextDayEnd = nextDayEnd
    }

    /// When `advance` has something to do next.
    var nextWake: Timestamp {
        var wake = nextDayEnd
        if let nextExpiry { wake = min(wake, nextExpiry) }
        if let first = delayed.first { wake = min(wake, first.at) }
        return wake
    }

    /// Cash and the value of everything held, at the last prices.
    var equity: Money? {
        var equity = ledger.cash
        for index in ledger.buckets.indices {
            let product = Ledger.product(at: index)
            guard let part = ledger.buckets[index].equity(product, on: books[index / 5].instrument) else { return nil }
            equity += part
            guard equity.isStorable else { return nil }
        }
        return equity
    }
}

// MARK: - Instruments

extension SimulatedBroker {
    /// The number of an instrument, which is entered or brought up to date where needed.
    ///
    /// Throws `INSTRUMENT` where its terms cannot be traded here, `BROKER_RISK` where no more instruments are kept.
    mutating func resolve(_ terms: InstrumentTerms) throws(AdapterError) -> Int {
        guard let index = instruments[terms.id] else { return try enter(terms) }
        guard terms.currency == currency else { throw foreignCurrency(terms) }
        if !books[index].instrument.matches(tick: terms.tick, lot: terms.lotSize, multiplier: terms.multiplier) {
            try refine(index, to: terms)
        }
        watch(index)
        return index
    }

    /// Asks for the prices of an instrument, once.
    mutating func watch(_ index: Int) {
        guard !books[index].isWatched else { return }
        books[index].isWatched = true
        wantsPrices.append(index)
    }

    private func foreignCurrency(_ terms: InstrumentTerms) -> AdapterError {
        .init(
            .instrument, "\(terms.id) trades in \(terms.currency), the account holds \(currency); it converts nothing",
            field: "instrument.currency", certainty: .rejected)
    }

    private mutating func enter(_ terms: InstrumentTerms) throws(AdapterError) -> Int {
        guard terms.currency == currency else { throw foreignCurrency(terms) }
        guard books.count < settings.mostInstruments else {
            throw .init(
                .brokerRisk, "the account keeps \(settings.mostInstruments) instruments (max_instruments)",
                field: "instrument.id", certainty: .rejected)
        }
        let instrument = try PaperInstrument(terms)
        let index = books.count
        books.append(Book(instrument))
        ledger.addInstrument()
        instruments[terms.id] = index
        changes.books.append(index)
        watch(index)
        return index
    }

    /// Brings everything that stands on an instrument's grid to its new terms, or refuses them whole.
    private mutating func refine(_ index: Int, to terms: InstrumentTerms) throws(AdapterError) {
        let (instrument, factor) = try books[index].instrument.refined(to: terms)
        let isHeld = Ledger.products.contains { ledger[index, $0].isActive }
        guard !isHeld || instrument.multiplier == books[index].instrument.multiplier else {
            throw .init(
                .instrument,
                "the multiplier of \(terms.id) became \(instrument.multiplier) while it is held or ordered",
                field: "instrument.multiplier", certainty: .rejected)
        }
        if factor != (1, 1) {
            guard scaleOrders(of: index, price: factor.price, quantity: factor.quantity) else {
                throw .init(
                    .instrument, "open quantities of \(terms.id) do not fit its new tick or lot",
                    field: "instrument.tick", certainty: .rejected)
            }
        }
        books[index].instrument = instrument
        books[index].market = books[index].market.refined(
            on: instrument, settings: settings, quantityFactor: factor.quantity)
        markPositions(of: index)
        changes.books.append(index)
    }

    /// Multiplies every stored price and quantity of an instrument, or none where one would not fit.
    private mutating func scaleOrders(of index: Int, price: Int64, quantity: Int64) -> Bool {
        var scaled: [PaperOrder] = []
        for var order in orders.values where order.instrument == index {
            guard order.scale(price: price, quantity: quantity) else { return false }
            scaled.append(order)
        }
        guard ledger.scale(index, quantity: quantity) else { return false }
        for order in scaled { orders[order.number] = order }
        for place in Book.Place.allCases { books[index][place].scaleRanks(by: price) }
        return true
    }

    /// Enters what the account holds before its first order.
    private mutating func plant(_ seed: Settings.Seed) throws(AdapterError) {
        let index = try resolve(seed.terms)
        let instrument = books[index].instrument
        guard let quantity = instrument.quantitySteps(seed.quantity), quantity != 0,
            !seed.product.isPaidInFull || quantity > 0,
            let price = instrument.priceSteps(seed.averagePrice), price > 0,
            ledger.plant(quantity, at: price, seed.product, instrument, index, rates: settings.margins)
        else {
            throw .init(
                .invalid,
                "\(seed.quantity) of \(seed.terms.id) at \(seed.averagePrice) cannot be held: tick, lot or amount",
                field: "holdings")
        }
        changes.buckets.append(Ledger.index(index, seed.product))
    }
}
