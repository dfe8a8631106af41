import Domain
import Testing

@testable import Engine

@Suite("Square-off: what is next for every position of a scope") struct SquareOffTests {
    static let account = Scope(kind: .account, id: "A0")

    func squareOff(_ scope: Scope = Self.account) -> SquareOff {
        SquareOff(id: 1, scope: scope, reason: "t", by: "ann", at: Timestamp(nanoseconds: 0))
    }

    /// Decides and keeps a closing order as the gateway does.
    func close(_ order: ParentOrder, _ fixture: inout EngineFixture) throws -> Run {
        let admission = try fixture.engine.decide(
            AdmissionRequest(
                order: order, origin: Origin(caller: "gateway", idempotencyKey: "square-off:q1:x"),
                authority: .everything, receivedAt: fixture.now, isGatewayClosing: true), now: fixture.now)
        try #require(admission.legs[0].rejection == nil, "\(String(describing: admission.legs[0].rejection))")
        fixture.engine.apply(.runAdmitted(admission))
        return try #require(fixture.engine.runs[admission.run])
    }

    func holding(_ quantity: Int64, lot: String = "1") throws -> EngineFixture {
        var fixture = EngineFixture(lot: lot)
        let run = try fixture.admit(fixture.parent(quantity > 0 ? .buy : .sell, abs(quantity), account: 0))
        fixture.answer(run.id)
        try fixture.fill(run.id, quantity: abs(quantity), execution: "E1")
        return fixture
    }

    @Test("A long position is closed by a sell at the collar's far side, within the day's range") func collared() throws
    {
        var fixture = try holding(50)
        var limits = EngineFixture.open
        limits.collar.basisPoints = 300
        fixture.setLimits(limits)
        let task = try #require(fixture.engine.tasks(of: squareOff(), now: fixture.now).first)
        guard case .close(let order) = task.next else {
            Issue.record("\(task)")
            return
        }
        #expect(task.quantity == 50 && order.side == .sell && order.orderType == .limit)
        #expect(order.limitPrice == ExactDecimal("97") && order.quantity == 50)
    }

    @Test("It works while the scope is halted") func halted() throws {
        var fixture = try holding(50)
        fixture.engine.apply(
            .stateChanged(
                TradingStateChange(scope: .firm, status: .halted, reason: "t", by: "ann", at: fixture.now)))
        guard case .close(let order) = fixture.engine.tasks(of: squareOff(), now: fixture.now)[0].next else {
            Issue.record("no closing order")
            return
        }
        let run = try close(order, &fixture)
        #expect(run.admission.legs[0].isClosing)
    }

    @Test("Live orders of the scope go first, then the gateway's own order is waited for, then it is flat") func order()
        throws
    {
        var fixture = try holding(50)
        let resting = try fixture.admit(fixture.parent(.buy, 10, account: 0, price: "90"))
        fixture.answer(resting.id)
        guard case .cancel(let events) = fixture.engine.tasks(of: squareOff(), now: fixture.now)[0].next else {
            Issue.record("the resting order stays")
            return
        }
        #expect(events == [.cancelRequested(run: resting.id, order: 0, by: "rule:square-off")])
        for event in events { fixture.engine.apply(event) }
        fixture.engine.apply(
            .orderReported(run: resting.id, order: 0, report: .state(.canceled, at: fixture.now)))
        guard case .close(let order) = fixture.engine.tasks(of: squareOff(), now: fixture.now)[0].next else {
            Issue.record("nothing is closed")
            return
        }
        let run = try close(order, &fixture)
        fixture.answer(run.id)
        #expect(fixture.engine.tasks(of: squareOff(), now: fixture.now)[0].next == .wait)
        try fixture.fill(run.id, quantity: 50, execution: "E2")
        #expect(fixture.engine.tasks(of: squareOff(), now: fixture.now).allSatisfy { $0.next == .flat })
        #expect(fixture.position.quantity == 0)
    }

    @Test("A closing order that rests too long is canceled and sent anew") func patience() throws {
        var fixture = try holding(50)
        guard case .close(let order) = fixture.engine.tasks(of: squareOff(), now: fixture.now)[0].next else {
            Issue.record("nothing is closed")
            return
        }
        let run = try close(order, &fixture)
        fixture.answer(run.id)
        let later = fixture.now.advanced(by: Engine.closingPatience + 1)
        #expect(
            fixture.engine.tasks(of: squareOff(), now: later)[0].next
                == .cancel([.cancelRequested(run: run.id, order: 0, by: "rule:square-off")]))
    }

    @Test("The cancel of a closing order whose outcome is unknown is asked for once") func unknown() throws {
        var fixture = try holding(50)
        guard case .close(let order) = fixture.engine.tasks(of: squareOff(), now: fixture.now)[0].next else {
            Issue.record("nothing is closed")
            return
        }
        let run = try close(order, &fixture)
        fixture.engine.apply(
            .ordersQueued(run: run.id, orders: [0], durableAt: fixture.now, queuedAt: fixture.now))
        fixture.answer(run.id, .unknown)
        let later = fixture.now.advanced(by: Engine.closingPatience + 1)
        guard case .cancel(let events) = fixture.engine.tasks(of: squareOff(), now: later)[0].next else {
            Issue.record("it is not canceled")
            return
        }
        for event in events { fixture.engine.apply(event) }
        #expect(fixture.engine.runs[run.id]?.orders[0].status == .unknown)
        #expect(fixture.engine.tasks(of: squareOff(), now: later)[0].next == .wait)
    }

    @Test("Without a reference price it is blocked and says why; without a collar it goes at market") func noPrice()
        throws
    {
        var fixture = try holding(50)
        var limits = EngineFixture.open
        limits.collar.basisPoints = 300
        limits.collar.maximumAge = 1_000_000_000
        fixture.setLimits(limits)
        let late = fixture.now.advanced(by: 2_000_000_000)
        #expect(
            fixture.engine.tasks(of: squareOff(), now: late)[0].next == .blocked("the reference price is too old"))
        fixture.setLimits(EngineFixture.open)
        guard case .close(let order) = fixture.engine.tasks(of: squareOff(), now: late)[0].next else {
            Issue.record("nothing is closed")
            return
        }
        #expect(order.orderType == .market)
    }

    @Test("Less than a lot is a remainder") func oddLot() throws {
        var fixture = try holding(100, lot: "50")
        // A correction leaves an odd lot.
        fixture.engine.apply(
            try fixture.engine.event(
                for: ExecutionReport(
                    account: AccountID("A0")!, executionID: "E9", clientOrderID: nil, brokerOrderID: nil,
                    symbol: EngineFixture.symbol, side: .sell, lastQuantity: 70, lastPrice: 100), at: fixture.now))
        #expect(fixture.engine.tasks(of: squareOff(), now: fixture.now)[0].next == .remainder)
    }

    @Test("A group's square-off closes what its own runs made, and no more than the account holds") func group() throws
    {
        var fixture = EngineFixture(accounts: 2)
        let alone = try fixture.admit(fixture.parent(.buy, 30, account: 0))
        fixture.answer(alone.id)
        try fixture.fill(alone.id, quantity: 30, execution: "S1")
        let run = try fixture.admit(fixture.parent(.buy, 40))
        for order in 0..<2 {
            fixture.answer(run.id, order: Int32(order))
            try fixture.fill(run.id, order: Int32(order), quantity: 20, execution: "G\(order)")
        }
        let tasks = fixture.engine.tasks(of: squareOff(Scope(kind: .group, id: "g")), now: fixture.now)
        #expect(tasks.map(\.quantity) == [20, 20])
    }

    @Test("Whatever fills in whatever order, a square-off never changes a position's sign", arguments: 0..<200)
    func neverFlips(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var fixture = try holding(Bool.random(using: &random) ? 50 : -50)
        let sign = fixture.position.quantity.signum()
        var live: [RunID] = []
        var execution = 100
        for _ in 0..<40 {
            switch Int.random(in: 0...5, using: &random) {
            case 0:
                // Somebody else's closing order, which stays: it is of no scope that is closed here.
                let order = fixture.parent(
                    sign > 0 ? .sell : .buy, Int64.random(in: 1...30, using: &random), account: 0)
                let admission = try fixture.decide(order)
                guard admission.legs[0].rejection == nil, admission.legs[0].isClosing else { continue }
                fixture.engine.apply(.runAdmitted(admission))
                fixture.answer(admission.run)
                live.append(admission.run)
            case 1, 2:
                guard let id = live.randomElement(using: &random), let run = fixture.engine.runs[id] else { continue }
                let left = run.orders[0].quantity - run.orders[0].cumulativeQuantity
                guard left > 0, !run.orders[0].status.isTerminal else { continue }
                execution += 1
                try fixture.fill(
                    id, quantity: Int64.random(in: 1...left, using: &random), execution: "X\(execution)")
            default:
                for task in fixture.engine.tasks(of: squareOff(Scope(kind: .strategy, id: "none")), now: fixture.now) {
                    Issue.record("a strategy without fills holds \(task)")
                }
                for task in fixture.engine.tasks(of: squareOff(), now: fixture.now) {
                    switch task.next {
                    case .close(let order):
                        let run = try close(order, &fixture)
                        fixture.answer(run.id)
                        live.append(run.id)
                    case .cancel(let events): for event in events { fixture.engine.apply(event) }
                    default: break
                    }
                }
            }
            let position = fixture.position
            #expect(position.quantity.signum() == sign || position.quantity == 0, "seed \(seed)")
            // And nothing that is live can make it so.
            #expect(sign > 0 ? position.openSell <= position.quantity : position.openBuy <= -position.quantity)
        }
    }
}
