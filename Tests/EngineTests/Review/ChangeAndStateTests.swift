import Domain
import Testing

@testable import Engine

@Suite("Changes of orders, and states of scopes")
struct ChangeAndStateTests {
    static func working(_ fixture: inout EngineFixture, _ order: ParentOrder) throws -> RunID {
        let run = try fixture.admit(order)
        let orders = run.orders.indices.map(Int32.init)
        fixture.engine.apply(.ordersQueued(run: run.id, orders: orders, durableAt: fixture.now, queuedAt: fixture.now))
        for order in orders { fixture.answer(run.id, order: order) }
        return run.id
    }

    static func replace(
        _ fixture: inout EngineFixture, _ run: RunID, quantity: Int64? = nil, price: String? = nil
    ) throws -> Rejection? {
        let result = try fixture.engine.requestReplace(
            LegID(run: run, index: 0),
            OrderChanges(quantity: quantity.map { ExactDecimal($0) }, limitPrice: price.flatMap { ExactDecimal($0) }),
            authority: .everything, by: "k", now: fixture.now)
        switch result {
        case .success(let event):
            fixture.engine.apply(event)
            return nil
        case .failure(let refusal): return refusal.rejection
        }
    }

    @Test("V18: an order of a halted group is not enlarged")
    func replaceInHaltedGroup() throws {
        var fixture = EngineFixture()
        let run = try Self.working(&fixture, fixture.parent(.buy, 10, price: "100"))
        fixture.engine.apply(
            .stateChanged(
                TradingStateChange(
                    scope: Scope(kind: .group, id: "g"), status: .halted, reason: "", by: "p", at: fixture.now)))
        #expect(try Self.replace(&fixture, run, quantity: 20)?.control == .tradingState)
    }

    @Test("A new price of the same quantity takes no room beside the old order")
    func repriceAtFullLimit() throws {
        var limits = EngineFixture.open
        limits.grossExposure = 100_000
        var fixture = EngineFixture(limits: limits)
        let run = try Self.working(&fixture, fixture.parent(.buy, 10, account: 0, price: "100"))
        let before = fixture.position
        #expect(try Self.replace(&fixture, run, quantity: 11)?.control == .grossExposure)
        #expect(fixture.position == before, "what was lifted for the check is put back")
        #expect(try Self.replace(&fixture, run, price: "99") == nil)
    }

    @Test("Quantities that do not fit together refuse")
    func openQuantityOverflow() throws {
        var fixture = EngineFixture(price: "0.01")
        let half = Int64.max / 3 * 2
        try fixture.admit(fixture.parent(.buy, half, account: 0, price: "0.01"))
        let run = try fixture.admit(fixture.parent(.buy, half, account: 0, price: "0.01"))
        #expect(run.admission.legs[0].rejection?.sentence == .overflow)
    }

    @Test("R5: entering reducing cancels what closed when it was admitted and would open now")
    func formerlyClosing() throws {
        var fixture = EngineFixture()
        let buy = try Self.working(&fixture, fixture.parent(.buy, 10, account: 0, price: "100"))
        try fixture.fill(buy, quantity: 10, execution: "E1")
        let sell = try Self.working(&fixture, fixture.parent(.sell, 10, account: 0, price: "100"))
        #expect(fixture.engine.runs[sell]!.admission.legs[0].isClosing)
        let elsewhere = HostileNewsTests.execution("E2", 4, side: .sell)
        fixture.engine.apply(try fixture.engine.event(for: elsewhere, at: fixture.now))
        let change = TradingStateChange(scope: .firm, status: .reducing, reason: "", by: "p", at: fixture.now)
        fixture.engine.apply(.stateChanged(change))
        let events = fixture.engine.consequences(of: change, cancelWorking: false)
        #expect(events == [.cancelRequested(run: sell, order: 0, by: "p")])
    }

    @Test("Carry is kept under the key it is read by, whatever a leg closes")
    func carryKey() throws {
        var fixture = EngineFixture(accounts: 2)
        let buy = try Self.working(&fixture, fixture.parent(.buy, 10, account: 0, price: "100"))
        try fixture.fill(buy, quantity: 10, execution: "E1")
        var taken: [Int32: Int] = [:]
        for _ in 0..<4 {
            let run = try fixture.admit(fixture.parent(.sell, 1, price: "100"))
            taken[run.admission.legs[0].account, default: 0] += 1
        }
        #expect(taken == [0: 2, 1: 2], "one lot alternates")
        #expect(fixture.engine.groups[0].carry.keys.allSatisfy { !$0.isClosing })
    }

    @Test("A parent's value is bounded when it has one leg, too")
    func parentOfOneLeg() throws {
        var limits = EngineFixture.open
        limits.notional.parentMaximum = 50_000
        var fixture = EngineFixture(limits: limits)
        let run = try fixture.admit(fixture.parent(.buy, 10, account: 0, price: "100"))
        #expect(run.admission.legs[0].rejection?.sentence == .parentNotional)
    }

    @Test("A closing order is cut to the instrument's maximum, into a bounded number of slices")
    func closingSlices() throws {
        var fixture = EngineFixture()
        fixture.engine.apply(
            try fixture.engine.event(for: HostileNewsTests.execution("E1", 1_000_000), at: fixture.now))
        var limits = EngineFixture.open
        limits.quantity.maximum = .value(1)
        fixture.setLimits(limits)
        let all = try fixture.decide(fixture.parent(.sell, 1_000_000, account: 0, price: "100"))
        #expect(all.legs[0].rejection?.control == .freezeSlicing)
        let part = try fixture.decide(fixture.parent(.sell, 1_000, account: 0, price: "100"))
        #expect(part.legs[0].slices.count == 1_000)
    }
}
