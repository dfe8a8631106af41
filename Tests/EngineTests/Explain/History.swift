import Domain

@testable import Engine

/// A random past with everything that decided it: the engine before, the events, and what was known at each run.
struct History {
    struct Moment {
        var index: Int
        var request: AdmissionRequest
        var inputs: Inputs
        var admission: RunAdmission
    }

    var fixture: EngineFixture
    /// Before the first event, without limits.
    let base: Engine
    let limits: RiskLimits
    var events: [Event] = []
    var moments: [Moment] = []

    static func limits(_ random: inout SeededGenerator) -> RiskLimits {
        func draw(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &random) }
        var all = RiskLimits(version: 1)
        for account in 0..<3 {
            var limits = ControlPropertyTests.limits(&random)
            limits.collar.basisPoints = draw(100...1_000)
            limits.collar.innerBasisPoints = Bool.random(using: &random) ? draw(50...600) : nil
            limits.marketProtection.conversion = [.none, .limit, .reject].randomElement(using: &random) ?? .none
            limits.marketProtection.basisPoints = draw(10...300)
            limits.quantity.maximum = .value(ExactDecimal(draw(10...60)))
            limits.quantity.minimum = ExactDecimal(draw(1...3))
            limits.notional.maximum = draw(100_000...600_000)
            limits.notional.parentMaximum = draw(400_000...2_000_000)
            limits.rates = [RateWindow(limit: Int(draw(1...4)), window: draw(1_000_000_000...8_000_000_000))]
            limits.maximumHold = Bool.random(using: &random) ? 2_000_000_000 : 0
            limits.openOrders = draw(2...12)
            limits.margin.isLimited = Bool.random(using: &random)
            limits.margin.basisPoints = draw(0...2_000)
            limits.margin.rates = [
                MarginLimit.Rate(match: InstrumentPattern("*")!, basisPoints: draw(500...10_000))
            ]
            limits.dailyLoss.maximum = draw(5_000...200_000)
            if Int.random(in: 0...3, using: &random) == 0 { limits.observed = [.maxPosition, .quantityLimits] }
            all.accounts[AccountID("A\(account)")!] = limits
        }
        if Bool.random(using: &random) {
            var totals = TotalLimits()
            totals.position = .value(ExactDecimal(draw(60...300)))
            totals.openOrders = draw(5...40)
            totals.grossExposure = [EngineFixture.currency: draw(200_000...4_000_000)]
            totals.loss.maximum = [EngineFixture.currency: draw(5_000...200_000)]
            var aggregate = AggregateLimit()
            aggregate.notional = [EngineFixture.currency: draw(100_000...1_000_000)]
            aggregate.position = .value(ExactDecimal(draw(60...300)))
            aggregate.rates = [RateWindow(limit: Int(draw(2...9)), window: 3_000_000_000)]
            totals.aggregate = aggregate
            all.groups[EngineFixture.group] = totals
        }
        all.firm.openOrders = draw(10...50)
        all.firm.grossExposure = [EngineFixture.currency: draw(500_000...8_000_000)]
        return all
    }

    init(steps: Int, _ random: inout SeededGenerator) throws {
        fixture = EngineFixture(accounts: 3, policy: .proportional, price: nil)
        limits = Self.limits(&random)
        fixture.engine.setLimits(RiskLimits(version: 0))
        base = fixture.engine
        fixture.engine.setLimits(limits)
        fixture.setPrice("100")
        for account in 0..<3 as Range<Int32> { fixture.setFunds(20_000, account: account) }
        for step in 0..<steps { try advance(step, &random) }
    }

    mutating func order(_ random: inout SeededGenerator) -> ParentOrder {
        var order = fixture.parent(
            Bool.random(using: &random) ? .buy : .sell, Int64.random(in: 3...70, using: &random),
            account: Bool.random(using: &random) ? Int.random(in: 0...2, using: &random) : nil,
            price: Bool.random(using: &random) ? nil : "\(Int64.random(in: 95...105, using: &random))")
        order.strategy = ["a", "b", nil].randomElement(using: &random) ?? nil
        order.product = Bool.random(using: &random) ? .intraday : .delivery
        order.mode = [.bestEffort, .bestEffort, .clip, .allOrNone, .quorum].randomElement(using: &random)
        if order.mode == .quorum { order.minimumLegs = 2 }
        order.isReduceOnly = Int.random(in: 0...9, using: &random) == 0
        return order
    }

    func request(_ order: ParentOrder) -> AdmissionRequest {
        AdmissionRequest(
            order: order, origin: Origin(caller: "k", idempotencyKey: "i"), authority: .everything,
            receivedAt: fixture.now)
    }

    private mutating func keep(_ new: [Event]) {
        for event in new { fixture.engine.apply(event) }
        events += new
    }

    private mutating func advance(_ step: Int, _ random: inout SeededGenerator) throws {
        fixture.now = fixture.now.advanced(by: Int64.random(in: 0...2_000_000_000, using: &random))
        let live = fixture.engine.runs.live
        switch Int.random(in: 0...9, using: &random) {
        case 0...4:
            let request = request(order(&random))
            let inputs = fixture.engine.inputs
            guard let admission = try? fixture.engine.decide(request, now: fixture.now) else { return }
            moments.append(Moment(index: events.count, request: request, inputs: inputs, admission: admission))
            keep([.runAdmitted(admission)])
        case 5, 6:
            guard let run = live.randomElement(using: &random),
                let order = run.orders.indices.randomElement(using: &random), run.orders[order].leavesQuantity > 0
            else { return }
            let leg = run.admission(of: run.orders[order])
            var report = ExecutionReport(
                account: fixture.engine.accounts[Int(leg.account)].account.id, executionID: "e\(step)",
                clientOrderID: fixture.engine.clientOrderID(run.orders[order].clientSequence), brokerOrderID: nil,
                symbol: nil, side: leg.side,
                lastQuantity: ExactDecimal(Int64.random(in: 1...run.orders[order].leavesQuantity, using: &random)),
                lastPrice: ExactDecimal(Int64.random(in: 95...105, using: &random)))
            report.fees = 1
            keep([try fixture.engine.event(for: report, at: fixture.now)])
        case 7:
            guard let run = live.randomElement(using: &random) else { return }
            keep([.orderReported(run: run.id, order: 0, report: .state(.canceled, at: fixture.now))])
        case 8:
            fixture.setPrice("\(Int64.random(in: 97...103, using: &random))")
            for account in 0..<3 as Range<Int32> where Bool.random(using: &random) {
                fixture.setFunds(Int64.random(in: 5_000...20_000, using: &random), account: account)
            }
            let readiness: Inputs.Readiness = Int.random(in: 0...4, using: &random) == 0 ? .notReady : .ready
            fixture.engine.setReadiness(Int32.random(in: 0...2, using: &random), readiness)
        default:
            keep(fixture.engine.dayEvents(now: fixture.now, mayLackPrices: true))
            for breach in fixture.engine.lossEvents(now: fixture.now) { keep([.stateChanged(breach.change)]) }
            guard Bool.random(using: &random) else { return }
            for scope in fixture.engine.tradingStates.keys.sorted(by: { $0.description < $1.description }) {
                keep([
                    .stateChanged(
                        TradingStateChange(scope: scope, status: .active, reason: "t", by: "ann", at: fixture.now))
                ])
            }
        }
    }

    /// The state just before a run under other limits, as a replay from the beginning makes it.
    func replayed(to moment: Moment, under limits: RiskLimits) -> Engine {
        var engine = base
        engine.setLimits(limits)
        for event in events[..<moment.index] { engine.apply(event) }
        return engine
    }
}
