import Domain
import Engine

/// A past of filled orders, made by the engine itself.
private struct Past {
    var setup: EngineSetup
    /// Before the first event.
    let start: Engine
    var events: [Event] = []
    /// Opening legs of more than five units.
    private(set) var large = 0

    init(legs: Int, each accounts: Int) throws {
        setup = try EngineSetup(accounts: accounts)
        start = setup.engine
        for run in 0..<legs / accounts {
            setup.advance()
            let quantity = Int64(run / 2 % 10 + 1)
            // Every sell closes what the buy before it opened.
            if quantity > 5, run % 2 == 0 { large += accounts }
            try place(quantity, side: run % 2 == 0 ? .buy : .sell, accounts: accounts)
        }
    }

    private mutating func keep(_ event: Event) {
        setup.engine.apply(event)
        events.append(event)
    }

    private mutating func place(_ quantity: Int64, side: Side, accounts: Int) throws {
        let order = setup.order(.group(setup.group), quantity: quantity * Int64(accounts), side: side, price: 100)
        let admission = try setup.engine.decide(setup.request(order), now: setup.now)
        keep(.runAdmitted(admission))
        let orders = (0..<Int32(accounts)).map { $0 }
        keep(.ordersQueued(run: admission.run, orders: orders, durableAt: setup.now, queuedAt: setup.now))
        for order in orders {
            keep(
                .orderAnswered(
                    OrderAnswer(
                        run: admission.run, order: order, outcome: .accepted, brokerOrderID: nil, exchangeOrderID: nil,
                        error: nil, adapterState: [], dispatchedAt: setup.now, writtenAt: nil, firstByteAt: nil,
                        answeredAt: setup.now)))
            let report = ExecutionReport(
                account: AccountID(unchecked: "A\(order)"), executionID: "\(admission.run)-\(order)",
                clientOrderID: setup.engine.clientOrderID(admission.firstClientSequence + UInt64(order)),
                brokerOrderID: nil, symbol: nil, side: side, lastQuantity: ExactDecimal(quantity), lastPrice: 100)
            keep(try setup.engine.event(for: report, at: setup.now))
        }
    }
}

/// Past legs decided anew under other limits, beyond what the replay of their events takes: single orders and fan-outs.
func measureSimulation(_ bench: Bench) async throws {
    let legs = bench.size(100_000, quick: 2_000)
    for accounts in [1, 100] {
        let past = try Past(legs: legs, each: accounts)
        var limits = past.start.limits
        limits.version = 2
        limits.defaults[past.setup.currency]?.quantity.maximum = .value(5)
        let all = Simulation.Window(from: Timestamp(nanoseconds: .min), to: Timestamp(nanoseconds: .max))

        let begin = Clock.now()
        var replayed = past.start
        for event in past.events { replayed.apply(event) }
        let middle = Clock.now()
        var simulation = Simulation(past.start, limits: limits, window: all)
        for event in past.events { simulation.apply(event) }
        let end = Clock.now()

        let result = simulation.result
        bench.expect(replayed.runs.lastRun == past.setup.engine.runs.lastRun, "the replay lost runs")
        bench.expect(result.legs == legs && result.undecided == 0, "\(result.legs) of \(legs) legs were decided")
        bench.expect(
            result.refused == past.large && result.byControl[.quantityLimits]?.refused == past.large,
            "\(result.refused) legs were refused, \(past.large) are too large")
        bench.report(
            Row(
                "simulation of \(legs) legs, \(accounts) a run, beyond the replay", .nanoseconds,
                thousandths: max(0, end - middle - (middle - begin)) * 1_000,
                budget: bench.isQuick ? nil : 2_000_000_000_000,
                note: "replay alone \((middle - begin) / 1_000_000) ms, \(result.refused) legs refused"))
    }
}
