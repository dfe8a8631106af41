import Domain
import Engine

/// The real engine with admitted orders that were handed to their adapter, and what is told to it. Checks after every
/// step what must hold of every state.
struct StormWorld {
    static let start = Timestamp(nanoseconds: 1_764_000_000_000_000_000)
    private static let currency = Currency("USD")
    private static let symbol = try? InstrumentID("US:EQ:ACME")
    private static let adapter = AdapterID("storm")

    private(set) var engine = Engine(clientOrderIDPrefix: 7)
    /// The orders, in the order of their histories.
    private(set) var places: [OrderPlace] = []
    private(set) var violations: [String] = []
    /// Everything that was applied, for a replay.
    private(set) var journal: [Event] = []
    private(set) var now = Self.start
    /// What the next modify's client id is made of.
    private var nextSequence: UInt64 = 1
    /// News that the engine took, and news that it knew already or refused for now.
    private(set) var (taken, repeated) = (0, 0)

    /// - Parameter quantities: One order each, sliced at 400 as a freeze quantity does it; 1 to 10,000.
    init(accounts: Int, quantities: [Int64], using dice: inout Dice) throws {
        guard let currency = Self.currency, let symbol = Self.symbol, let adapter = Self.adapter else {
            throw StormError.fixture
        }
        for index in 0..<accounts {
            apply(
                .accountDefined(
                    Account(id: AccountID(unchecked: "A\(index)"), adapter: adapter, currency: currency)))
            engine.setReadiness(Int32(index), .ready)
        }
        let record = InstrumentRecord(
            id: symbol, currency: currency, tickSize: Self.hundredths(1),
            lotSize: ExactDecimal(1), freezeQuantity: ExactDecimal(400), source: "storm")
        apply(.instrumentDefined(number: 0, record))
        var limits = AccountLimits()
        limits.allowList = [
            AllowRule(
                segments: ["US"], products: Set(Product.allCases), orderTypes: Set(OrderType.allCases),
                timesInForce: Set(TimeInForce.allCases), sides: Set(Side.allCases),
                orderClasses: Set(OrderClass.allCases), allowsShortSelling: true, allowsOptionSelling: true)
        ]
        limits.margin.isLimited = false
        limits.maximumSlices = 100
        var all = RiskLimits(version: 1)
        all.defaults[currency] = limits
        engine.setLimits(all)
        engine.setReference(0, price: ExactDecimal(100), at: now)
        for quantity in quantities {
            var order = ParentOrder(
                target: .account(AccountID(unchecked: "A\(dice.number(0...Int64(accounts - 1)))")), symbol: symbol,
                side: dice.chance(50) ? .buy : .sell, orderType: .market, product: .intraday)
            order.quantity = ExactDecimal(quantity)
            try admit(order)
        }
    }

    static func hundredths(_ number: Int64) -> ExactDecimal {
        ExactDecimal(mantissa: Int128(number), exponent: -2) ?? .zero
    }

    private mutating func admit(_ order: ParentOrder) throws {
        let admission = try engine.decide(
            AdmissionRequest(
                order: order, origin: Origin(caller: "storm", idempotencyKey: "\(places.count)"),
                authority: .everything, receivedAt: now), now: now)
        nextSequence = admission.firstClientSequence + UInt64(admission.legs.reduce(0) { $0 + $1.slices.count })
        if let flaw = admission.shareFlaw { violations.append(flaw) }
        apply(.runAdmitted(admission))
        guard let run = engine.runs[admission.run], !run.orders.isEmpty else {
            throw StormError.refused(admission.legs.first?.rejection)
        }
        let orders = run.orders.indices.map { Int32($0) }
        places += orders.map { OrderPlace(run: run.id, order: $0) }
        apply(.ordersQueued(run: run.id, orders: orders, durableAt: now, queuedAt: now))
    }

    func order(_ index: Int) -> Order? { engine.runs[places[index].run]?.orders[Int(places[index].order)] }

    // MARK: What is told

    mutating func take(_ item: History.Item, of index: Int) {
        switch item {
        case .news(let news): take(news, of: index)
        case .step(let step): take(step, of: index)
        }
    }

    mutating func take(_ news: History.News, of index: Int) {
        now = now.advanced(by: 1_000)
        guard let order = order(index), let account = account(of: index) else { return }
        let reference = engine.clientOrderID(order.clientSequence)
        let event: Event?
        switch news {
        case .report(let state, let cumulative):
            event = engine.event(
                for: OrderReport(
                    account: account.id, clientOrderID: reference, brokerOrderID: "B\(index)",
                    exchangeOrderID: "X\(index)", state: state,
                    cumulativeQuantity: cumulative.map { ExactDecimal($0) }), at: now)
        case .fill(let fill):
            event = try? engine.event(
                for: ExecutionReport(
                    account: account.id, kind: fill.kind, executionID: "E\(index)-\(fill.id)",
                    replaces: fill.replaces.map { "E\(index)-\($0)" }, clientOrderID: reference,
                    brokerOrderID: "B\(index)", symbol: nil, side: .buy, lastQuantity: ExactDecimal(fill.quantity),
                    lastPrice: Self.hundredths(fill.price),
                    fees: Self.hundredths(fill.quantity)), at: now)
        }
        guard let event else {
            repeated += 1
            return
        }
        taken += 1
        step(event, index)
    }

    mutating func take(_ step: History.Step, of index: Int) {
        now = now.advanced(by: 1_000)
        let place = places[index]
        switch step {
        case .answer(let outcome):
            self.step(
                .orderAnswered(
                    OrderAnswer(
                        run: place.run, order: place.order, outcome: outcome,
                        brokerOrderID: outcome == .accepted ? "B\(index)" : nil, exchangeOrderID: nil, error: nil,
                        adapterState: [], dispatchedAt: now, writtenAt: nil, firstByteAt: nil, answeredAt: now)), index)
        case .askCancel: self.step(.cancelRequested(run: place.run, order: place.order, by: "storm"), index)
        case .cancelAnswer(let outcome, let isForGood):
            let error = isForGood ? AdapterError(code: .alreadyFinal) : nil
            self.step(.cancelAnswered(run: place.run, order: place.order, outcome: outcome, error: error), index)
        case .askReplace(let quantity):
            let wanted = Order.Replacement(
                clientSequence: nextSequence, quantity: quantity, limitPrice: 0, stopPrice: 0)
            nextSequence += 1
            self.step(
                .replaceRequested(run: place.run, order: place.order, replacement: wanted, by: "storm"), index)
        case .replaceAnswer(let outcome):
            self.step(.replaceAnswered(run: place.run, order: place.order, outcome: outcome, error: nil), index)
        }
    }

    /// What questions tell once all is quiet: look-ups of what is open, the order's row, and its trades as the broker
    /// lists them.
    mutating func ask(_ history: History, of index: Int) {
        let place = places[index]
        if order(index)?.status == .unknown {
            step(
                .orderLookedUp(
                    run: place.run, order: place.order, outcome: history.isAbsent ? .provenAbsent : .found,
                    brokerOrderID: history.isAbsent ? nil : "B\(index)"), index)
        }
        guard !history.isAbsent, !history.isRefused else { return }
        if history.needsTerms {
            let terms = Order.Terms(quantity: history.lastQuantity, limitPrice: 0, stopPrice: 0)
            if order(index)?.replacement != nil || order(index)?.terms != terms {
                step(.termsFound(run: place.run, order: place.order, terms: terms, at: now), index)
            }
        }
        let executed = history.standing.quantity
        let state = history.end ?? (executed > 0 ? .partiallyFilled : .open)
        take(.report(state, cumulative: executed), of: index)
        for fill in history.fills { take(.fill(fill), of: index) }
    }

    /// The wait for missing executions is over.
    mutating func closeGap(of index: Int) {
        guard order(index)?.waitsForExecutions == true else { return }
        step(.gapClosed(run: places[index].run, order: places[index].order), index)
    }

    // MARK: Steps

    private func account(of index: Int) -> Account? {
        engine.runs[places[index].run].flatMap { engine.account(of: $0, order: places[index].order) }
    }

    private mutating func apply(_ event: Event) {
        journal.append(event)
        engine.apply(event)
    }

    private mutating func step(_ event: Event, _ index: Int) {
        let old = order(index)?.status
        apply(event)
        guard let old, let new = order(index)?.status else { return }
        if new != old, !mayFollow(new, old, event, index) {
            violations.append("V12/V15: order \(index) went from \(old) to \(new) by \(event)")
        }
        if let flaw = engine.quantityFlaw(of: places[index].run) { violations.append(flaw) }
    }

    /// The edges of the state graph. An end stays one, but for more executed of it, a bust that takes executions back, a
    /// sign of life after our own claim that nothing left, and a second word of the broker that more was executed than
    /// the first one said: then the rest is waited for, and a person is told.
    private func mayFollow(_ new: OrderStatus, _ old: OrderStatus, _ event: Event, _ index: Int) -> Bool {
        if case .executed(let execution) = event, execution.kind != .new { return new != .reserved && new != .held }
        if old == .filled, new.isTerminal {
            // A modify to more turns out to have been taken: what had filled the old quantity ended with a rest.
            switch event {
            case .replaceAnswered, .termsFound: return true
            default: return false
            }
        }
        if case .orderReported(_, _, let report) = event, old.isTerminal, !new.isTerminal, report.state.isTerminal,
            let order = order(index), order.waitsForExecutions
        {
            return engine.runs[places[index].run]?.legs[Int(order.legIndex)].hasAnomaly ?? false
        }
        switch old {
        case .reserved, .held: return new != .pendingCancel && new != .pendingReplace
        case .sent, .unknown: return new != .reserved && new != .held && (old == .sent || new != .sent)
        case .pendingCancel: return new != .reserved && new != .held
        case .working, .partiallyFilled, .pendingReplace:
            return ![.reserved, .held, .sent, .unknown, .notSent, .canceledLocally].contains(new)
        case .filled: return false
        case .canceled: return new == .filled
        case .rejected, .expired: return [.filled, .canceled, .expired].contains(new)
        case .notSent, .canceledLocally: return ![.reserved, .held, .sent, .unknown].contains(new)
        }
    }
}

enum StormError: Error {
    case fixture
    case refused(Rejection?)
}
