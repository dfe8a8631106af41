import Domain
import Testing

@testable import Engine

@Suite("Overrides, actions of controls, escalation, strategies") struct OverrideTests {
    func granted(
        _ control: ControlID, _ scope: String, uses: Int64 = 1, minutes: Int64 = 10, in fixture: inout EngineFixture
    ) {
        fixture.engine.apply(
            .overrideGranted(
                RiskOverride(
                    id: fixture.engine.overrides.nextID, control: control, scope: Scope(scope)!,
                    until: fixture.now.advanced(by: minutes * 60_000_000_000), maximumUses: uses, reason: "t",
                    by: "ann",
                    at: fixture.now)))
    }

    func limited() -> EngineFixture {
        var limits = EngineFixture.open
        limits.position = .value(100)
        return EngineFixture(accounts: 2, limits: limits)
    }

    @Test("An override lets so many legs pass, with the refusal as an alert, and then no more") func uses() throws {
        var fixture = limited()
        granted(.maxPosition, "account:A0", uses: 2, in: &fixture)
        for _ in 0..<2 {
            let run = try fixture.admit(fixture.parent(.buy, 101, account: 0))
            #expect(run.admission.legs[0].rejection == nil)
            #expect(run.admission.legs[0].alerts.map(\.control) == [.maxPosition])
            #expect(run.admission.overrideUses == [OverrideUse(override: 1, leg: 0)])
        }
        #expect(try fixture.decide(fixture.parent(.buy, 101, account: 0)).legs[0].rejection?.control == .maxPosition)
        #expect(try fixture.decide(fixture.parent(.buy, 101, account: 1)).legs[0].rejection?.control == .maxPosition)
        #expect(fixture.engine.overrides[1]?.uses == 2)
    }

    @Test("Legs of one parent share its uses") func withinParent() throws {
        var fixture = limited()
        granted(.maxPosition, "group:g", uses: 1, in: &fixture)
        let legs = try fixture.decide(fixture.parent(.buy, 202)).legs
        #expect(legs.map { $0.rejection?.control } == [nil, .maxPosition])
    }

    @Test("A leg that another control refuses gives its use back") func givesBack() throws {
        var fixture = limited()
        fixture.limits.grossExposure = 1
        fixture.setLimits(fixture.limits)
        granted(.maxPosition, "firm", uses: 1, in: &fixture)
        let admission = try fixture.decide(fixture.parent(.buy, 101, account: 0))
        #expect(admission.legs[0].rejection?.control == .grossExposure && admission.overrideUses.isEmpty)
    }

    @Test("It ends with its time, and when it is taken back") func ends() throws {
        var fixture = limited()
        granted(.maxPosition, "firm", minutes: 1, in: &fixture)
        fixture.now = fixture.now.advanced(by: 60_000_000_000)
        fixture.setPrice("100")
        #expect(try fixture.decide(fixture.parent(.buy, 101, account: 0)).legs[0].rejection != nil)
        granted(.maxPosition, "firm", in: &fixture)
        #expect(try fixture.decide(fixture.parent(.buy, 101, account: 0)).legs[0].rejection == nil)
        fixture.engine.apply(.overrideRevoked(id: 2, .init(by: "bo", reason: "t", at: fixture.now)))
        #expect(try fixture.decide(fixture.parent(.buy, 101, account: 0)).legs[0].rejection != nil)
    }

    @Test(
        "The action of a control lowers, lets pass or stops",
        arguments: [
            (ControlRule.Action.alert, nil as TradingStatus?, Int64(150)), (.clip, nil, 100), (.reject, nil, 0),
            (.coolOff, .coolOff, 0), (.reducing, .reducing, 0), (.halted, .halted, 0), (.squareOff, .reducing, 0),
        ])
    func actions(_ action: ControlRule.Action, _ status: TradingStatus?, _ quantity: Int64) throws {
        var fixture = limited()
        var rule = ControlRule()
        (rule.action, rule.coolOff) = (action, 60_000_000_000)
        fixture.limits.rules = [.maxPosition: rule]
        fixture.setLimits(fixture.limits)
        let admission = try fixture.decide(fixture.parent(.buy, 150, account: 0))
        #expect(admission.legs[0].orderedQuantity == quantity)
        let breaches = fixture.engine.ruleBreaches(admission)
        #expect(breaches.map(\.change.status) == (status.map { [$0] } ?? []))
        #expect(breaches.allSatisfy { $0.squaresOff == (action == .squareOff) && $0.change.cause == "k" })
        for breach in breaches { fixture.engine.apply(.stateChanged(breach.change)) }
        #expect(fixture.engine.ruleBreaches(admission).isEmpty, "a state that holds is not entered again")
    }

    @Test(
        "A breach escalates once when its grace has passed, and not after a person resumed", arguments: [true, false])
    func escalation(_ resumes: Bool) throws {
        var fixture = EngineFixture()
        fixture.limits.dailyLoss.maximum = 100_000
        fixture.limits.dailyLoss.response.escalation = .squareOff
        fixture.limits.dailyLoss.response.grace = 30_000_000_000
        fixture.setLimits(fixture.limits)
        let run = try fixture.admit(fixture.parent(.buy, 100, account: 0))
        fixture.answer(run.id)
        try fixture.fill(run.id, quantity: 100, execution: "E1")
        fixture.setPrice("89")
        let breach = try #require(fixture.engine.lossEvents(now: fixture.now).first)
        #expect(breach.change.status == .reducing && !breach.squaresOff)
        fixture.engine.apply(.stateChanged(breach.change))
        #expect(fixture.engine.escalations(now: fixture.now.advanced(by: 29_000_000_000)).isEmpty)
        if resumes {
            fixture.engine.apply(
                .stateChanged(
                    TradingStateChange(
                        scope: breach.change.scope, status: .active, reason: "t", by: "ann", at: fixture.now)))
        }
        let due = fixture.engine.escalations(now: fixture.now.advanced(by: 30_000_000_000))
        #expect(due.map(\.squaresOff) == (resumes ? [] : [true]))
        for next in due { fixture.engine.apply(.stateChanged(next.change)) }
        #expect(fixture.engine.escalations(now: fixture.now.advanced(by: 90_000_000_000)).isEmpty)
    }

    @Test("A strategy's runs, open orders, messages and loss are its own") func strategies() throws {
        var fixture = EngineFixture()
        func order(_ strategy: String?) -> ParentOrder {
            var order = fixture.parent(.buy, 1, account: 0, price: "99")
            order.strategy = strategy
            return order
        }
        func refusal(_ strategy: String?) throws -> (ControlID, ScopeKind)? {
            try fixture.decide(order(strategy)).legs[0].rejection.map { ($0.control, $0.scope) }
        }
        var strategy = StrategyLimits()
        strategy.runs = 1
        fixture.setLimits(EngineFixture.open) { $0.strategies["orb"] = strategy }
        let run = try fixture.admit(order("orb"))
        #expect(try refusal("orb")?.0 == .repeatedExecution && refusal("other") == nil && refusal(nil) == nil)
        strategy.runs = AccountLimits.unlimited
        strategy.openOrders = 1
        fixture.setLimits(EngineFixture.open) { $0.strategies["orb"] = strategy }
        #expect(try refusal("orb")?.0 == .maxOpenOrders && refusal("other") == nil)
        strategy.openOrders = AccountLimits.unlimited
        strategy.rates = [RateWindow(limit: 1, window: 1_000_000_000)]
        fixture.setLimits(EngineFixture.open) { $0.strategies["orb"] = strategy }
        try fixture.admit(order("orb"))
        #expect(try refusal("orb")?.0 == .messageRate && refusal("other") == nil)
        strategy.rates = []
        strategy.loss.maximum = [EngineFixture.currency: 100]
        fixture.setLimits(EngineFixture.open) { $0.strategies["orb"] = strategy }
        fixture.answer(run.id)
        try fixture.fill(run.id, quantity: 1, price: "99", execution: "E1")
        fixture.setPrice("97.9")
        #expect(try refusal("orb")?.0 == .dailyLoss && refusal("orb")?.1 == .strategy && refusal("other") == nil)
        #expect(fixture.engine.lossEvents(now: fixture.now).map(\.change.scope) == [Scope("strategy:orb")!])
    }

    @Test("With project_stop an order may not risk the day's limit at its attached stop") func projectedStop() throws {
        var fixture = EngineFixture()
        fixture.limits.dailyLoss.maximum = 10_000
        fixture.limits.dailyLoss.projectsStop = true
        fixture.setLimits(fixture.limits)
        func verdict(_ stop: String?, _ quantity: Int64) throws -> Rejection? {
            var order = fixture.parent(.buy, quantity, account: 0, price: "100")
            order.attachedStop = stop.flatMap { ExactDecimal($0) }
            return try fixture.decide(order).legs[0].rejection
        }
        #expect(try verdict(nil, 1_000) == nil)
        #expect(try verdict("90", 9) == nil)
        let refused = try #require(try verdict("90", 10))
        #expect(refused.control == .dailyLoss && refused.projected == -10_000 && refused.limit == -10_000)
    }

    @Test("An account is warned of its loss limit once a day") func warning() throws {
        var fixture = EngineFixture()
        fixture.limits.dailyLoss.maximum = 10_000
        fixture.setLimits(fixture.limits)
        let run = try fixture.admit(fixture.parent(.buy, 10, account: 0))
        fixture.answer(run.id)
        try fixture.fill(run.id, quantity: 10, execution: "E1")
        fixture.setPrice("92.01")
        #expect(fixture.engine.warnings(now: fixture.now).isEmpty)
        fixture.setPrice("92")
        let warning = try #require(fixture.engine.warnings(now: fixture.now).first)
        #expect(warning.observed == -8_000 && warning.limit == -10_000)
        fixture.engine.apply(.limitWarned(warning))
        #expect(fixture.engine.warnings(now: fixture.now).isEmpty)
    }
}
