package import Domain

/// A story told to a copy of the engine, step by step: prices, funds, orders, fills, halts. Values only; whoever reads a
/// scenario file makes them.
package struct Scenario: Sendable {
    /// More are refused: a scenario is run in one go.
    package static let maximumSteps = 1_000

    package enum Step: Sendable {
        case price(InstrumentID, ExactDecimal)
        case funds(AccountID, available: ExactDecimal, equity: ExactDecimal)
        /// Brings a position to a signed quantity by a trade made elsewhere at that price.
        case position(AccountID, InstrumentID, quantity: ExactDecimal, price: ExactDecimal)
        /// Placed and, where it is admitted, taken for working at its broker.
        case order(ParentOrder)
        /// Fills orders of the `order`th order step (counted from 1): of one account or all, so much of each leg or all that
        /// is left, at that price or the order's own, else the reference.
        case fill(order: Int, account: AccountID?, quantity: ExactDecimal?, price: ExactDecimal?)
        case cancel(order: Int)
        case state(Scope, TradingStatus)
        /// Nanoseconds pass; prices and funds age.
        case wait(Int64)
        /// The next day of UTC begins.
        case day
    }

    package struct Outcome: Sendable {
        /// From 1.
        package var step: Int
        /// What became of an order, as a preview shows it.
        package var run: RunSnapshot?
        package var admission: RunAdmission?
        /// Why an order was refused as a whole, or a step could not be done.
        package var refusal: ParentRefusal?
        /// What rules made of it: accounts and groups that changed state.
        package var changes: [TradingStateChange] = []
    }

    package var steps: [Step]
    package var origin: Origin
    package var authority: TradingAuthority

    package init(
        _ steps: [Step], origin: Origin = Origin(caller: "scenario", idempotencyKey: ""),
        authority: TradingAuthority = .everything
    ) {
        (self.steps, self.origin, self.authority) = (steps, origin, authority)
    }
}

extension Engine {
    /// Plays a scenario against a copy of this state, under these limits or those in force. Every account is taken for
    /// ready. Instruments that the scenario names must be defined.
    /// - Throws: `ParentRefusal` where it has too many steps.
    package func play(
        _ scenario: Scenario, limits: RiskLimits? = nil, now: Timestamp
    ) throws(ParentRefusal) -> [Scenario.Outcome] {
        guard scenario.steps.count <= Scenario.maximumSteps else {
            throw ParentRefusal(
                code: "too_many_steps", path: "/scenario", value: "\(scenario.steps.count)",
                message: "a scenario has at most \(Scenario.maximumSteps) steps", remedy: "cut it into several")
        }
        var stage = Stage(self, scenario, limits, now: now)
        return scenario.steps.enumerated().map { stage.play($1, number: $0 + 1) }
    }
}

/// The copy of the engine that a scenario plays on.
private struct Stage {
    private var engine: Engine
    private var now: Timestamp
    private let scenario: Scenario
    /// Runs of the order steps; `nil` = the order was refused as a whole.
    private var orders: [RunID?] = []
    private var executions = 0

    init(_ engine: Engine, _ scenario: Scenario, _ limits: RiskLimits?, now: Timestamp) {
        (self.engine, self.scenario, self.now) = (engine, scenario, now)
        if let limits { self.engine.setLimits(limits) }
        for account in engine.accounts.indices { self.engine.setReadiness(Int32(account), .ready) }
    }

    mutating func play(_ step: Scenario.Step, number: Int) -> Scenario.Outcome {
        var outcome = Scenario.Outcome(step: number)
        do {
            switch step {
            case .price(let symbol, let price):
                engine.setReference(try instrument(symbol), price: price, at: now)
            case .funds(let id, let available, let equity):
                let account = try account(id)
                engine.setFunds(
                    account,
                    FundsReport(
                        account: id, currency: engine.accounts[Int(account)].account.currency, available: available,
                        equity: equity, asOf: now))
            case .position(let id, let symbol, let quantity, let price):
                try move(try account(id), try instrument(symbol), to: quantity, price)
            case .order(let order): try place(order, &outcome)
            case .fill(let order, let id, let quantity, let price):
                try fill(try run(order), try id.map { id throws(ParentRefusal) in try account(id) }, quantity, price)
            case .cancel(let order): cancel(engine.requestCancel(try run(order).id, by: scenario.origin.caller))
            case .state(let scope, let status):
                try engine.check(scope)
                enter(
                    TradingStateChange(
                        scope: scope, status: status, reason: "step \(number)", by: scenario.origin.caller, at: now))
            case .wait(let nanoseconds): now = now.advanced(by: max(0, nanoseconds))
            case .day:
                let day: Int64 = 86_400_000_000_000
                let start = now.nanoseconds.dividedFloor(by: day).multipliedReportingOverflow(by: day)
                if !start.overflow { now = Timestamp(nanoseconds: start.partialValue).advanced(by: day) }
            }
        } catch {
            outcome.refusal = error
        }
        outcome.changes = settle()
        return outcome
    }

    /// What follows by itself: days, high-water marks, cancels for self-trades, losses at their limits.
    private mutating func settle() -> [TradingStateChange] {
        cancel(engine.dayEvents(now: now, mayLackPrices: true))
        let breaches = engine.lossEvents(now: now)
        for breach in breaches { enter(breach.change, cancelWorking: breach.cancelsWorking) }
        return breaches.map(\.change)
    }

    private mutating func enter(_ change: TradingStateChange, cancelWorking: Bool = false) {
        engine.apply(.stateChanged(change))
        cancel(engine.consequences(of: change, cancelWorking: cancelWorking))
    }

    /// Applies events; cancels among them are taken for done.
    private mutating func cancel(_ events: [Event]) {
        for event in events {
            engine.apply(event)
            guard case .cancelRequested(let run, let order, _) = event else { continue }
            engine.apply(.orderReported(run: run, order: order, report: .state(.canceled, at: now)))
        }
    }

    private mutating func place(_ order: ParentOrder, _ outcome: inout Scenario.Outcome) throws(ParentRefusal) {
        orders.append(nil)
        let admission = try engine.decide(
            AdmissionRequest(
                order: order, origin: scenario.origin, authority: scenario.authority, receivedAt: now), now: now)
        outcome.admission = admission
        outcome.run = engine.preview(of: admission)
        engine.apply(.runAdmitted(admission))
        orders[orders.count - 1] = admission.run
        let count = admission.legs.reduce(0) { $0 + $1.slices.count }
        let places = (0..<count).map(Int32.init)
        guard !places.isEmpty else { return }
        engine.apply(.ordersQueued(run: admission.run, orders: places, durableAt: now, queuedAt: now))
        for place in places {
            engine.apply(
                .orderAnswered(
                    OrderAnswer(
                        run: admission.run, order: place, outcome: .accepted, brokerOrderID: nil, exchangeOrderID: nil,
                        error: nil, adapterState: [], dispatchedAt: now, writtenAt: nil, firstByteAt: nil,
                        answeredAt: now)))
        }
    }

    private mutating func fill(
        _ run: Run, _ account: Int32?, _ quantity: ExactDecimal?, _ price: ExactDecimal?
    ) throws(ParentRefusal) {
        for (place, (leg, admission)) in zip(run.legs, run.admission.legs).enumerated()
        where account == nil || admission.account == account {
            let number = run.admission.instrument(ofLeg: place)
            let instrument = engine.instruments[Int(number)].instrument
            var left = try quantity.map { quantity throws(ParentRefusal) in try steps(quantity, instrument) } ?? .max
            for index in leg.orders where left > 0 && run.orders[index].leavesQuantity > 0 {
                let order = run.orders[index]
                let filled = min(left, order.leavesQuantity)
                left -= filled
                let own =
                    order.limitPrice > 0 ? order.limitPrice : engine.inputs.reference(number).points
                try trade(
                    admission.account, number, admission.side, filled,
                    price ?? instrument.price(own), clientOrderID: engine.clientOrderID(order.clientSequence))
            }
        }
    }

    private mutating func move(
        _ account: Int32, _ number: Int32, to quantity: ExactDecimal, _ price: ExactDecimal
    ) throws(ParentRefusal) {
        let wanted = try steps(quantity, engine.instruments[Int(number)].instrument)
        let change = saturatingDifference(wanted, engine.book.position(account, number)?.quantity ?? 0)
        guard change != 0 else { return }
        try trade(
            account, number, change > 0 ? .buy : .sell, Int64(clamping: change.magnitude), price, clientOrderID: nil)
    }

    private mutating func trade(
        _ account: Int32, _ number: Int32, _ side: Side, _ quantity: Int64, _ price: ExactDecimal,
        clientOrderID: ClientOrderID?
    ) throws(ParentRefusal) {
        executions += 1
        let entry = engine.instruments[Int(number)]
        let report = ExecutionReport(
            account: engine.accounts[Int(account)].account.id, executionID: "scenario-\(executions)",
            clientOrderID: clientOrderID, brokerOrderID: nil, symbol: entry.id, side: side,
            lastQuantity: entry.instrument.quantity(quantity), lastPrice: price)
        do {
            engine.apply(try engine.event(for: report, at: now))
        } catch {
            throw ParentRefusal(
                code: "impossible_fill", path: "", value: "\(report.lastQuantity) at \(price)", message: "\(error)",
                remedy: "give a positive price and a quantity in whole units of \(entry.id)")
        }
    }

    // MARK: Names

    private func steps(_ quantity: ExactDecimal, _ instrument: Instrument) throws(ParentRefusal) -> Int64 {
        guard let steps = instrument.steps(quantity) else {
            throw ParentRefusal(
                code: "quantity_out_of_range", path: "", value: quantity.description,
                message: "the quantity is not a whole number of units", remedy: "give whole units of the instrument")
        }
        return steps
    }

    private func account(_ id: AccountID) throws(ParentRefusal) -> Int32 {
        guard let number = engine.accountNumber(id) else {
            throw ParentRefusal(
                .notFound, code: "unknown_account", path: "", value: id.rawValue, message: "there is no account \(id)",
                remedy: "name an existing account")
        }
        return number
    }

    private func instrument(_ id: InstrumentID) throws(ParentRefusal) -> Int32 {
        guard let number = engine.instrumentNumber(id) else {
            throw ParentRefusal(
                code: "unknown_instrument", path: "", value: id.text,
                message: "the instrument is not in today's master",
                remedy: "name a known instrument")
        }
        return number
    }

    private func run(_ order: Int) throws(ParentRefusal) -> Run {
        guard orders.indices.contains(order - 1), let id = orders[order - 1], let run = engine.runs[id] else {
            throw ParentRefusal(
                code: "unknown_order", path: "", value: "\(order)",
                message: "no order step before this one has that number, or it was refused",
                remedy: "give the number of an admitted order step, counted from 1")
        }
        return run
    }
}
