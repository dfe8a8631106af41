import Domain
import Testing

@testable import Engine

@Suite("Runs: modes, reservations, replay")
struct RunTests {
    private func limited(_ quantity: Int64) -> AccountLimits {
        var limits = EngineFixture.open
        limits.quantity.maximum = .value(ExactDecimal(quantity))
        return limits
    }

    @Test("R7: all or none admits all legs or none, and names the failing control")
    func allOrNone() throws {
        var fixture = EngineFixture(accounts: 3)
        var tight = EngineFixture.open
        tight.quantity.maximum = .value(5)
        fixture.setLimits(EngineFixture.open) { $0.accounts[AccountID("A1")!] = tight }
        var order = fixture.parent(.buy, 30)
        order.mode = .allOrNone
        let run = try fixture.admit(order)
        #expect(run.status == .refused)
        #expect(run.admission.legs.map { $0.rejection?.code } == ["mode_not_met", "quantity_limits", "mode_not_met"])
        #expect((0..<3).allSatisfy { fixture.engine.book.position($0, 0)?.openBuy ?? 0 == 0 })
    }

    @Test("Best effort keeps what passes and never hands a failed leg's quantity on")
    func bestEffort() throws {
        var fixture = EngineFixture(accounts: 3)
        var tight = EngineFixture.open
        tight.quantity.maximum = .value(5)
        fixture.setLimits(EngineFixture.open) { $0.accounts[AccountID("A1")!] = tight }
        let run = try fixture.admit(fixture.parent(.buy, 30))
        #expect(run.admission.legs.map(\.orderedQuantity) == [10, 0, 10])
        #expect(run.status == .admitted)
    }

    @Test("With redistribute the survivors share the parent once")
    func redistribute() throws {
        var fixture = EngineFixture(accounts: 3)
        var tight = EngineFixture.open
        tight.quantity.maximum = .value(5)
        fixture.setLimits(EngineFixture.open) { $0.accounts[AccountID("A1")!] = tight }
        var order = fixture.parent(.buy, 30)
        order.redistributes = true
        let run = try fixture.admit(order)
        #expect(run.admission.legs.filter { $0.rejection == nil }.map(\.orderedQuantity) == [15, 15])
        #expect(run.admission.legs.count { $0.rejection != nil } == 1)
    }

    @Test("Quorum needs both numbers", arguments: [(2, 6_000, true), (3, 0, false), (2, 7_000, false)])
    func quorum(legs: Int, basisPoints: Int, passes: Bool) throws {
        var fixture = EngineFixture(accounts: 3)
        var tight = EngineFixture.open
        tight.quantity.maximum = .value(5)
        fixture.setLimits(EngineFixture.open) { $0.accounts[AccountID("A1")!] = tight }
        var order = fixture.parent(.buy, 30)
        order.mode = .quorum
        order.minimumLegs = legs
        order.minimumQuantityBasisPoints = basisPoints
        #expect((try fixture.admit(order).status == .admitted) == passes)
    }

    @Test("A preview leaves no trace: the next decision and the state are the same")
    func preview() throws {
        var fixture = EngineFixture(accounts: 3, policy: .proportional)
        let before = try fixture.decide(fixture.parent(.buy, 31))
        let after = try fixture.decide(fixture.parent(.buy, 31))
        #expect(before == after)
        #expect(fixture.engine.book.positions.isEmpty || fixture.engine.book.positions.allSatisfy { $0.openBuy == 0 })
    }

    @Test("V1: legs and remainder are the parent")
    func conservation() throws {
        var fixture = EngineFixture(accounts: 4, policy: .proportional)
        let run = try fixture.admit(fixture.parent(.buy, 997))
        #expect(run.admission.legs.reduce(0) { $0 + $1.allocatedQuantity } + run.admission.unallocatedQuantity == 997)
    }

    @Test("Legs of one account add up within a parent and against others (R6)", arguments: 0..<40)
    func jointLimit(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var limits = EngineFixture.open
        limits.position = .value(100)
        var fixture = EngineFixture(accounts: 2, limits: limits)
        for _ in 0..<30 {
            _ = try? fixture.admit(fixture.parent(.buy, Int64.random(in: 2...40, using: &random)))
            for account in Int32(0)..<2 {
                #expect((fixture.engine.book.position(account, 0)?.openBuy ?? 0) <= 100)
            }
        }
    }

    @Test("V16: replaying the events gives the same runs, positions and ids", arguments: 0..<20)
    func replay(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var fixture = EngineFixture(accounts: 3, policy: .proportional)
        var events: [Event] = []
        let base = fixture.engine
        for step in 0..<60 {
            var new: [Event] = []
            let live = fixture.engine.runs.live
            switch Int.random(in: 0...4, using: &random) {
            case 0, 1:
                if let admission = try? fixture.decide(
                    fixture.parent(Bool.random(using: &random) ? .buy : .sell, Int64.random(in: 3...60, using: &random))
                ) {
                    new = [.runAdmitted(admission)]
                }
            case 2:
                if let run = live.randomElement(using: &random) {
                    let order = Int32.random(in: 0..<Int32(run.orders.count), using: &random)
                    new = [.ordersQueued(run: run.id, orders: [order], durableAt: fixture.now, queuedAt: fixture.now)]
                }
            case 3:
                if let run = live.randomElement(using: &random),
                    let order = run.orders.indices.randomElement(using: &random),
                    run.orders[order].leavesQuantity > 0
                {
                    let leg = run.admission(of: run.orders[order])
                    let report = ExecutionReport(
                        account: fixture.engine.accounts[Int(leg.account)].account.id, executionID: "e\(step)",
                        clientOrderID: fixture.engine.clientOrderID(run.orders[order].clientSequence),
                        brokerOrderID: nil,
                        symbol: nil, side: leg.side, lastQuantity: 1, lastPrice: 100)
                    new = [try fixture.engine.event(for: report, at: fixture.now)]
                }
            default:
                if let run = live.randomElement(using: &random) { new = fixture.engine.requestCancel(run.id, by: "t") }
            }
            for event in new { fixture.engine.apply(event) }
            events += new
        }
        var bytes: [UInt8] = []
        JournalRecord.encode(events: events, sequence: 1, at: fixture.now, into: &bytes)
        var replayed = base
        for event in try JournalRecord.decode(bytes).events { replayed.apply(event) }
        #expect(replayed.runs.all == fixture.engine.runs.all)
        #expect(replayed.book.positions == fixture.engine.book.positions)
        #expect(replayed.nextClientSequence == fixture.engine.nextClientSequence)
        #expect(replayed.groups.map(\.carry) == fixture.engine.groups.map(\.carry))
    }

    @Test("R11: a cancel is never refused: a halted firm still cancels")
    func cancelUnderHalt() throws {
        var fixture = EngineFixture()
        let run = try fixture.admit(fixture.parent(.buy, 10, account: 0))
        fixture.engine.apply(.ordersQueued(run: run.id, orders: [0], durableAt: fixture.now, queuedAt: fixture.now))
        fixture.answer(run.id)
        fixture.engine.apply(
            .stateChanged(TradingStateChange(scope: .firm, status: .halted, reason: "t", by: "t", at: fixture.now)))
        #expect(fixture.engine.requestCancel(run.id, by: "t") == [.cancelRequested(run: run.id, order: 0, by: "t")])
    }

    @Test("A halt withdraws what waits, and with cancel-working asks for the rest")
    func haltConsequences() throws {
        var fixture = EngineFixture(accounts: 2)
        let run = try fixture.admit(fixture.parent(.buy, 10))
        fixture.engine.apply(.ordersQueued(run: run.id, orders: [0], durableAt: fixture.now, queuedAt: fixture.now))
        fixture.answer(run.id, order: 0)
        let change = TradingStateChange(
            scope: Scope("group:g")!, status: .halted, reason: "t", by: "t", at: fixture.now)
        fixture.engine.apply(.stateChanged(change))
        #expect(
            fixture.engine.consequences(of: change, cancelWorking: false)
                == [.ordersCanceledLocally(run: run.id, orders: [1], reason: .halted)])
        #expect(fixture.engine.consequences(of: change, cancelWorking: true).count == 2)
        #expect(try fixture.decide(fixture.parent(.buy, 10)).legs.allSatisfy { $0.rejection?.code == "trading_state" })
        let single = try fixture.decide(fixture.parent(.buy, 10, account: 0))
        #expect(single.legs[0].rejection == nil, "the group is halted, not the account")
    }

    @Test("The most severe state counts, and its scope is named")
    func severity() throws {
        var fixture = EngineFixture()
        for (scope, status) in [(Scope("account:A0")!, TradingStatus.halted), (.firm, .reducing)] {
            fixture.engine.apply(
                .stateChanged(TradingStateChange(scope: scope, status: status, reason: "t", by: "t", at: fixture.now)))
        }
        let rejection = try #require(try fixture.decide(fixture.parent(.buy, 1, account: 0)).legs[0].rejection)
        #expect(rejection.sentence == .halted && rejection.scope == .account)
    }

    @Test("A fact about the whole parent is refused before any leg, with field, value and remedy")
    func parentFacts() throws {
        var fixture = EngineFixture(lot: "25")
        func refusal(_ change: (inout ParentOrder) -> Void) -> ParentRefusal? {
            var order = fixture.parent(.buy, 50)
            change(&order)
            do {
                _ = try fixture.decide(order)
                return nil
            } catch { return error as? ParentRefusal }
        }
        #expect(refusal { $0.quantity = 51 }?.path == "/quantity")
        #expect(refusal { $0.quantity = -25 }?.code == "quantity_not_positive")
        #expect(refusal { $0.lots = 2 }?.code == "conflicting_fields")
        #expect(refusal { $0.orderType = .limit }?.path == "/price")
        let offTick = refusal {
            $0.orderType = .limit
            $0.limitPrice = ExactDecimal("100.005")
        }
        #expect(offTick?.code == "price_off_tick" && offTick?.value == "100.005")
        #expect(offTick?.remedy.contains("100.01") == true)
        #expect(refusal { $0.symbol = try! InstrumentID("US:EQ:NONE") }?.code == "unknown_instrument")
        #expect(refusal { $0.target = .group(GroupID("none")!) }?.kind == .notFound)
        #expect(refusal { $0.onLegFailure = .unwind }?.code == "unwind_not_allowed")
    }
}
