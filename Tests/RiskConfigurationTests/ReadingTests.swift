import Domain
import Engine
import Settings
import Testing

@testable import RiskConfiguration

@Suite("What every control takes, and what is refused") struct ReadingTests {
    let account = Account("A")

    func limits(_ text: String) throws -> RiskLimits {
        try RiskDocument("rms: 1\n" + text, file: "t").limits(version: 1, accounts: [account])
    }

    @Test("Action, mode and severity are rules of the account, and alert observes")
    func rules() throws {
        let limits = try #require(
            try limits(
                """
                profiles:
                  p:
                    max-position: { action: halted, severity: critical }
                    price-collar: { mode: observe }
                    max-open-orders: { action: alert }
                    message-rate: { action: hold, severity: info }
                    freeze-slicing: { action: slice }
                    leverage: { action: cool_off, cool_off: 15m }
                    quantity-limits: { action: clip }
                    self-trade: { action: cancel_resting, mode: observe, severity: critical }
                    trading-state: { severity: critical }
                    group-aggregate: { mode: observe }
                    daily-loss: { mode: observe, severity: info }
                firm: { profile: p }
                """
            ).accounts[account.id])
        func rule(_ action: ControlRule.Action, _ severity: ControlRule.Severity, _ coolOff: Int64 = 0) -> ControlRule {
            var rule = ControlRule()
            (rule.action, rule.severity, rule.coolOff) = (action, severity, coolOff)
            return rule
        }
        #expect(
            limits.rules == [
                .maxPosition: rule(.halted, .critical), .maxOpenOrders: rule(.alert, .warning),
                .messageRate: rule(.reject, .info), .leverage: rule(.coolOff, .warning, 900_000_000_000),
                .quantityLimits: rule(.clip, .warning), .selfTrade: rule(.reject, .critical),
                .tradingState: rule(.reject, .critical), .dailyLoss: rule(.reject, .info),
            ])
        #expect(limits.observed == [.priceCollar, .maxOpenOrders, .selfTrade, .groupAggregate, .dailyLoss])
        #expect(limits.selfTrade.action == .cancelResting && limits.selfTrade.owners == .owner)
    }

    @Test("An account may be stricter than its profile, and then nothing is observed any more")
    func stricterAccount() throws {
        let limits = try #require(
            try limits(
                """
                profiles: { default: { max-position: { action: alert }, leverage: { mode: observe } } }
                accounts: [ { id: A, limits: { max-position: { action: reject }, leverage: { mode: enforce } } } ]
                """
            ).accounts[account.id])
        #expect(limits.observed.isEmpty && limits.rules.isEmpty)
    }

    @Test("What follows a breach is read for accounts, groups and strategies")
    func responses() throws {
        let all = try limits(
            """
            profiles:
              p:
                daily-loss: { then: cancel_all, escalate: square_off, grace: 60s, project_stop: true }
                drawdown: { then: halted }
            firm: { profile: p }
            groups:
              - id: g
                limits: { group-loss: { max: "50 INR", then: square_off, escalate: halted, grace: 1m },
                  group-aggregate: { group-loss: { max: "5 INR", escalate: cancel_all, grace: 2s } } }
            strategies:
              - id: orb
                limits: { repeated-execution: { max: 5 }, message-rate: { windows: [ { limit: 2, per: 1s } ] },
                  max-open-orders: { max: 7 }, daily-loss: { max: "9 INR", then: reducing, escalate: square_off, grace: 5s } }
              - { id: empty }
            """)
        let inr = try #require(Currency("INR"))
        let account = try #require(all.accounts[account.id])
        func response(
            _ action: BreachResponse.Action, _ escalation: BreachResponse.Action? = nil, _ grace: Int64 = 0
        ) -> BreachResponse {
            var response = BreachResponse()
            (response.action, response.escalation, response.grace) = (action, escalation, grace * 1_000_000_000)
            return response
        }
        #expect(account.dailyLoss.response == response(.cancelAll, .squareOff, 60) && account.dailyLoss.projectsStop)
        #expect(account.drawdown.response == response(.halted))
        let group = try #require(all.groups[GroupID("g")!])
        #expect(group.loss.response == response(.squareOff, .halted, 60))
        #expect(group.aggregate?.loss.response == response(.reducing, .cancelAll, 2))
        let strategy = try #require(all.strategies["orb"])
        #expect(strategy.runs == 5 && strategy.openOrders == 7 && strategy.rates.map(\.limit) == [2])
        #expect(strategy.loss.maximum == [inr: 900] && strategy.loss.response == response(.reducing, .squareOff, 5))
        #expect(all.strategies["empty"] == StrategyLimits())
    }

    @Test("A more severe then in an account makes an escalation from above moot")
    func mootEscalation() throws {
        let limits = try #require(
            try limits(
                """
                profiles: { default: { daily-loss: { then: reducing, escalate: square_off, grace: 60s } } }
                accounts: [ { id: A, limits: { daily-loss: { then: halted } } } ]
                """
            ).accounts[account.id])
        #expect(limits.dailyLoss.response.action == .halted)
        #expect(limits.dailyLoss.response.escalation == nil && limits.dailyLoss.response.grace == 0)
    }

    @Test("What an entry leaves out of a control keeps the value above")
    func inherits() throws {
        let limits = try #require(
            try limits(
                """
                profiles: { p: { quantity-limits: { max: 50 }, self-trade: { scope: firm }, max-position: { max: 3 } },
                  default: { max-position: { max: 9, unit: lots }, self-trade: { scope: owner, action: tag } } }
                accounts: [ { id: A, profile: p, limits: { message-rate: { windows: [ { limit: 1, per: 1s } ] } } } ]
                """
            ).accounts[account.id])
        #expect(limits.quantity.maximumLots == 10_000 && limits.quantity.parentMaximum == .value(100_000))
        #expect(limits.maximumHold == 2_000_000_000 && limits.rates.count == 1)
        // But for what RISK.md gives a value of its own: units, and a refusal.
        #expect(limits.positionUnit == .units && limits.position == .value(3) && limits.selfTrade.action == .reject)
    }

    static let refusals: [(String, String)] = [
        (
            "profiles: { p: { price-collar: { action: clip } } }",
            "t:2:42: profiles.p.price-collar.action: 'clip' cannot be had here: no smaller quantity would pass this control; expected one of alert, reject, cool_off, reducing, cancel_all, square_off, halted"
        ),
        (
            "profiles: { p: { leverage: { action: hold } } }",
            "t:2:38: profiles.p.leverage.action: 'hold' cannot be had here: only message-rate can hold a leg; expected one of alert, clip, reject, cool_off, reducing, cancel_all, square_off, halted"
        ),
        (
            "profiles: { p: { leverage: { action: slice } } }",
            "t:2:38: profiles.p.leverage.action: 'slice' cannot be had here: only freeze-slicing can slice a leg; expected one of alert, clip, reject, cool_off, reducing, cancel_all, square_off, halted"
        ),
        (
            "profiles: { p: { leverage: { action: cool_off } } }",
            "t:2:38: profiles.p.leverage.action: action: cool_off does not say how long; give cool_off: 15m beside it"
        ),
        (
            "profiles: { p: { leverage: { action: alert, mode: enforce } } }",
            "t:2:51: profiles.p.leverage.mode: mode: enforce contradicts action: alert; leave one of them out; alert only observes"
        ),
        (
            "profiles: { p: { daily-loss: { action: halted } } }",
            "t:2:40: profiles.p.daily-loss.action: daily-loss has no action: what follows a breach of daily-loss is said by then and escalate; leave it out"
        ),
        (
            "profiles: { p: { trading-state: { mode: observe } } }",
            "t:2:41: profiles.p.trading-state.mode: trading-state has no mode: trading-state always refuses; leave it out"
        ),
        (
            "profiles: { p: { daily-loss: { then: cancel_all, escalate: reducing, grace: 5s } } }",
            "t:2:60: profiles.p.daily-loss.escalate: reducing is not more severe than then: cancel_all; expected one of square_off, halted, none"
        ),
        (
            "groups: [ { id: g, limits: { group-loss: { max: \"1 INR\", escalate: halted } } } ]",
            "t:2:68: groups[0].limits.group-loss.escalate: escalate does not say when; give grace: 60s beside it"
        ),
        (
            "profiles: { p: { drawdown: { escalate: none, grace: 5s } } }",
            "t:2:53: profiles.p.drawdown.grace: grace says nothing beside escalate: none; leave it out"
        ),
        (
            "groups: [ { id: g, limits: { group-loss: { then: halted } } } ]",
            "t:2:50: groups[0].limits.group-loss.then: group-loss.then says nothing without max; give max beside it"
        ),
        (
            "groups: [ { id: g, limits: { group-loss: { max: \"1 INR\", warn_bps: 5 } } } ]",
            "t:2:68: groups[0].limits.group-loss.warn_bps: group-loss has no warn_bps: no one is warned before a group's loss limit; give it for daily-loss; leave it out"
        ),
        (
            "profiles: { p: { notional-limits: { exposure_basis: underlying } } }",
            "t:2:53: profiles.p.notional-limits.exposure_basis: 'underlying' cannot be had here: options sold are valued at their premium, never at the underlying; expected premium"
        ),
        (
            "firm: { limits: { gross-exposure: { max: \"5 INR\", mode: observe } } }",
            "t:2:57: firm.limits.gross-exposure.mode: gross-exposure.mode does not bind the firm's totals; give it in a profile, limits of accounts"
        ),
        (
            "adapters: [ { id: paper, limits: { gross-exposure: { max: \"5 INR\" } } } ]",
            "t:2:52: adapters[0].limits.gross-exposure: the control gross-exposure does not bind an adapter's totals; give it in limits of the firm, a profile, limits of groups, limits of accounts"
        ),
        (
            "strategies: [ { id: s, limits: { daily-loss: { max: \"5 INR\", warn_bps: 5 } } } ]",
            "t:2:72: strategies[0].limits.daily-loss.warn_bps: daily-loss.warn_bps does not bind a strategy's totals; give it in a profile, limits of accounts"
        ),
        (
            "instruments: [ { match: \"*\", limits: { max-position: { max: 5, unit: lots } } } ]",
            "t:2:70: instruments[0].limits.max-position.unit: max-position.unit does not bind instruments; give it in a profile, limits of groups, limits of accounts"
        ),
        (
            "instruments: [ { match: \"*\", limits: { price-collar: { bps: 5 } } } ]",
            "t:2:61: instruments[0].limits.price-collar.bps: price-collar of instruments is without max_age; give max_age: an instrument's collar stands in place of the account's as a whole"
        ),
        (
            "profiles: { p: { quantity-limits: { min: 5, max: 4 } } }",
            "t:2:42: profiles.p.quantity-limits.min: min is above max; give min <= max"
        ),
        (
            "profiles: { p: { notional-limits: { min: \"5 INR\", max: [\"4 INR\", \"9 USD\"] } } }",
            "t:2:42: profiles.p.notional-limits.min: min is above max; give min <= max in every currency"
        ),
        (
            "profiles: { p: { max-position: { unit: lots } } }",
            "t:2:40: profiles.p.max-position.unit: unit says nothing without max; give max beside it"
        ),
        (
            "profiles: { p: { daily-loss: { max: \"-5 INR\" } } }",
            "t:2:37: profiles.p.daily-loss.max: '-5 INR' is not accepted; expected amounts of 0 or more like \"20000 INR\", one for each currency, or unlimited"
        ),
        (
            "profiles: { p: { max-open-orders: { max: -1 } } }",
            "t:2:42: profiles.p.max-open-orders.max: -1 is not accepted; expected a whole number from 0, or unlimited"
        ),
        (
            "profiles: { p: { margin-buffer: { bps: 10001 } } }",
            "t:2:40: profiles.p.margin-buffer.bps: 10001 is not accepted; expected a whole number from 0 to 10000, or unlimited"
        ),
        (
            "profiles: { p: { market-protection: { bps: 20000 } } }",
            "t:2:44: profiles.p.market-protection.bps: 20000 is not accepted; expected a whole number from 0 to 10000"
        ),
        (
            "profiles: { p: { price-collar: { absolute: -1 } } }",
            "t:2:44: profiles.p.price-collar.absolute: -1 is not accepted; expected a decimal number from 0"
        ),
        (
            "profiles: { p: { daily-loss: { max: } } }",
            "t:2:37: profiles.p.daily-loss.max: there is no value; expected amounts of 0 or more like \"20000 INR\", one for each currency, or unlimited"
        ),
        (
            "profiles: { p: { daily-los: { max: unlimited } } }",
            "t:2:18: profiles.p.daily-los: the key 'daily-los' is not known; did you mean 'daily-loss'?"
        ),
        (
            "profiles: { p: { daily-counts: { per_instrument: { cancels: 5 } } } }",
            "t:2:52: profiles.p.daily-counts.per_instrument.cancels: the key 'cancels' is not known; known keys are orders, modifications, lots"
        ),
        (
            "firm: { profile: q }",
            "t:2:18: firm.profile: there is no profile 'q'; profiles are default"
        ),
        (
            "accounts: [ { id: A, limits: 5 } ]",
            "t:2:30: accounts[0].limits: 5 is a number; expected a mapping of controls"
        ),
    ]

    @Test("What a document may not say is refused at its place, with what would be right", arguments: refusals)
    func refuses(text: String, expected: String) {
        do throws(ConfigurationErrors) {
            _ = try RiskDocument("rms: 1\n" + text, file: "t")
            Issue.record("read")
        } catch { #expect("\(error)" == expected) }
    }

    @Test(
        "A document of every key at every place reads back as what was said, however it is written", arguments: 0..<30)
    func readsBack(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let model = Model.random(25, using: &random)
        let text = model.text(using: &random)
        let document = try RiskDocument(text, file: "t")
        #expect(Set(document.settings) == model.settings, "\(text)")
        #expect(document.settings.count == model.values.count)
    }
}
