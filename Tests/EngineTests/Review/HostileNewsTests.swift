import Domain
import Testing

@testable import Engine

@Suite("News that contradicts, repeats or overflows")
struct HostileNewsTests {
    static func execution(
        _ id: String, _ quantity: Int64, kind: ExecutionReport.Kind = .new, replaces: String? = nil,
        price: String = "100", client: ClientOrderID? = nil, side: Side = .buy
    ) -> ExecutionReport {
        var report = ExecutionReport(
            account: AccountID("A0")!, executionID: id, clientOrderID: client, brokerOrderID: nil,
            symbol: EngineFixture.symbol, side: side, lastQuantity: ExactDecimal(quantity),
            lastPrice: ExactDecimal(price)!)
        report.kind = kind
        report.replaces = replaces
        return report
    }

    static func report(_ state: ReportedState, _ client: ClientOrderID) -> OrderReport {
        OrderReport(account: AccountID("A0")!, clientOrderID: client, brokerOrderID: nil, state: state)
    }

    @Test("V14: proof of absence and a sign of life make the same live order in either order")
    func lifeRefutesAbsence() throws {
        var fixture = EngineFixture()
        let run = try fixture.admit(fixture.parent(.buy, 10, account: 0)).id
        fixture.answer(run, .unknown)
        fixture.engine.apply(.orderLookedUp(run: run, order: 0, outcome: .provenAbsent, brokerOrderID: nil))
        #expect(fixture.position.openBuy == 0)
        let id = fixture.engine.clientOrderID(fixture.engine.runs[run]!.orders[0].clientSequence)
        let event = try #require(fixture.engine.event(for: Self.report(.open, id), at: fixture.now))
        fixture.engine.apply(event)
        #expect(fixture.engine.runs[run]!.orders[0].status == .working)
        #expect(fixture.position.openBuy == 10, "what is live at the broker is reserved")
        #expect(fixture.engine.runs[run]!.liveLegs == 1)
        #expect(fixture.engine.anomalies == 1)
    }

    @Test("More filled than a modify leaves is told, whichever of the two is heard first")
    func overfilledByModify() throws {
        for isFillFirst in [true, false] {
            var fixture = EngineFixture()
            let run = try fixture.admit(fixture.parent(.buy, 10, account: 0)).id
            fixture.answer(run)
            fixture.engine.apply(
                .replaceRequested(
                    run: run, order: 0,
                    replacement: Order.Replacement(
                        clientSequence: fixture.engine.nextClientSequence, quantity: 4, limitPrice: 0, stopPrice: 0),
                    by: "k"))
            let taken = Event.replaceAnswered(run: run, order: 0, outcome: .accepted, error: nil)
            if !isFillFirst { fixture.engine.apply(taken) }
            try fixture.fill(run, quantity: 7, execution: "E1")
            if isFillFirst { fixture.engine.apply(taken) }
            #expect(fixture.engine.runs[run]!.orders[0].overfilledQuantity == 3)
            #expect(fixture.engine.anomalies == 1 && fixture.engine.runs[run]!.legs[0].hasAnomaly)
            if isFillFirst {
                let told = fixture.engine.anomaly(
                    at: OrderPlace(run: run, order: 0), after: taken, now: fixture.now)
                #expect(told?.kind == .overfill && told?.excess == 3)
            }
        }
    }

    @Test("An end that is known already is no news")
    func repeatedEnd() throws {
        var fixture = EngineFixture()
        let run = try fixture.admit(fixture.parent(.buy, 10, account: 0)).id
        fixture.answer(run)
        let id = fixture.engine.clientOrderID(fixture.engine.runs[run]!.orders[0].clientSequence)
        fixture.engine.apply(try #require(fixture.engine.event(for: Self.report(.canceled, id), at: fixture.now)))
        #expect(fixture.engine.event(for: Self.report(.canceled, id), at: fixture.now) == nil)
    }

    @Test("A lost cancel can be asked for again")
    func cancelAgain() throws {
        var fixture = EngineFixture()
        let run = try fixture.admit(fixture.parent(.buy, 10, account: 0)).id
        fixture.engine.apply(.ordersQueued(run: run, orders: [0], durableAt: fixture.now, queuedAt: fixture.now))
        fixture.answer(run)
        for event in fixture.engine.requestCancel(run, by: "k") { fixture.engine.apply(event) }
        fixture.engine.apply(.cancelAnswered(run: run, order: 0, outcome: .unknown, error: nil))
        #expect(fixture.engine.runs[run]!.orders[0].status == .pendingCancel)
        #expect(fixture.engine.requestCancel(run, by: "k").count == 1)
        fixture.engine.apply(.orderLookedUp(run: run, order: 0, outcome: .found, brokerOrderID: nil))
        #expect(fixture.engine.runs[run]!.orders[0].status == .pendingCancel, "found alive is no answer to a cancel")
    }

    @Test("V5: an execution is taken back once, however often its bust is told")
    func bustTwice() throws {
        var fixture = EngineFixture()
        for report in [
            Self.execution("E1", 10), Self.execution("C1", 8, kind: .correct, replaces: "E1"),
            Self.execution("C2", 7, kind: .correct, replaces: "E1"),
            Self.execution("B1", 7, kind: .bust, replaces: "E1"),
        ] {
            fixture.engine.apply(try fixture.engine.event(for: report, at: fixture.now))
        }
        #expect(fixture.position.quantity == 0)
        let engine = fixture.engine
        #expect(throws: Engine.ExecutionFault.duplicate) {
            try engine.event(for: Self.execution("B2", 7, kind: .bust, replaces: "E1"), at: fixture.now)
        }
    }

    @Test("V5: an execution is recognised after its run has left memory, for three days")
    func repeatedAfterEviction() throws {
        var fixture = EngineFixture()
        let run = try fixture.admit(fixture.parent(.buy, 10, account: 0)).id
        fixture.answer(run)
        try fixture.fill(run, quantity: 10, execution: "E1")
        fixture.setLimits(AccountLimits())
        let refused = try fixture.decide(fixture.parent(.buy, 1, account: 0))
        for number in 0...UInt64(RunTable.maximumEnded) {
            var next = refused
            next.run = RunID(number: run.number + 1 + number)
            fixture.engine.apply(.runAdmitted(next))
        }
        #expect(fixture.engine.runs[run] == nil)
        let engine = fixture.engine
        #expect(throws: Engine.ExecutionFault.duplicate) {
            try engine.event(for: Self.execution("E1", 10), at: fixture.now)
        }
        fixture.now = fixture.now.advanced(by: RunTable.executionMemory + 1)
        fixture.engine.apply(try fixture.engine.event(for: Self.execution("E2", 1), at: fixture.now))
        #expect(fixture.engine.runs.executions.count == 1, "what is old is forgotten")
    }

    @Test("Figures at the edge of 63 bits neither trap nor wrap", arguments: 0..<50)
    func hugeExecutions(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var fixture = EngineFixture()
        for number in 0..<40 {
            let shift = Int64.random(in: 0...62, using: &random)
            let report = Self.execution(
                "E\(number)", Int64.max >> shift,
                price: ["0.0001", "1", "92233720368547"].randomElement(using: &random)!,
                side: Bool.random(using: &random) ? .buy : .sell)
            guard let event = try? fixture.engine.event(for: report, at: fixture.now) else { continue }
            fixture.engine.apply(event)
            _ = fixture.engine.dayResult(account: 0)
            _ = try fixture.decide(fixture.parent(.sell, 1, account: 0))
        }
    }

    @Test("Margin of an order that was unknown and then found leaves with the next figures")
    func marginOfFoundOrder() throws {
        var limits = EngineFixture.open
        limits.margin.isLimited = true
        limits.margin.rates = [AccountLimits.marginOfAll]
        var fixture = EngineFixture(limits: limits)
        func funds(_ at: Timestamp) -> FundsReport {
            FundsReport(
                account: AccountID("A0")!, currency: EngineFixture.currency, available: 100_000, equity: 100_000,
                asOf: at)
        }
        fixture.engine.setFunds(0, funds(fixture.now))
        let run = try fixture.admit(fixture.parent(.buy, 10, account: 0, price: "100")).id
        #expect(fixture.engine.reservedMargin(0) > 0)
        fixture.answer(run, .unknown)
        fixture.engine.apply(.orderLookedUp(run: run, order: 0, outcome: .found, brokerOrderID: "B"))
        try fixture.fill(run, quantity: 10, execution: "E1")
        fixture.engine.setFunds(0, funds(fixture.now.advanced(by: 1_000_000_000)))
        #expect(fixture.engine.reservedMargin(0) == 0)
    }
}

extension AccountLimits {
    static var marginOfAll: MarginLimit.Rate { MarginLimit.Rate(match: InstrumentPattern("*")!, basisPoints: 10_000) }
}
