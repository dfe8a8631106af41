import Domain
import Testing

@testable import Engine

@Suite("Controls that weigh exposure")
struct ExposureControlTests {
    /// A second instrument, number 1, of the same root, at 50.
    private func addFuture(_ fixture: inout EngineFixture) {
        fixture.engine.apply(
            .instrumentDefined(
                number: 1,
                InstrumentRecord(
                    id: try! InstrumentID("US:FUT:ACME:20261231"), currency: EngineFixture.currency,
                    tickSize: ExactDecimal("0.01")!, source: "test")))
        fixture.engine.setReference(1, price: 50, at: fixture.now)
    }

    private func future(_ fixture: EngineFixture, _ side: Side, _ quantity: Int64) -> ParentOrder {
        var order = fixture.parent(side, quantity, account: 0)
        order.symbol = try! InstrumentID("US:FUT:ACME:20261231")
        return order
    }

    // MARK: C20

    @Test("C20: longs of one underlying count together, shorts set them off, and each direction is bound by itself")
    func netExposure() throws {
        var fixture = EngineFixture(limits: EngineFixture.limits { $0.netExposure.maximum = 100_000 })
        addFuture(&fixture)
        try fixture.hold(6)  // 600.00 of 1,000.00
        #expect(try fixture.refusal(future(fixture, .buy, 8)) == nil, "600 + 400 is the limit")
        let refused = try #require(try fixture.refusal(future(fixture, .buy, 9)))
        #expect(refused.code == "net_exposure" && refused.limit == 100_000)
        #expect(refused.observed == 60_000 && refused.projected == 105_000 && refused.unit == .money)
        #expect(try fixture.refusal(future(fixture, .sell, 32)) == nil, "-600 + 1,600 is the limit")
        #expect(try fixture.refusal(future(fixture, .sell, 33))?.projected == 105_000)
        var clipped = future(fixture, .buy, 9)
        clipped.mode = .clip
        #expect(try fixture.decide(clipped).legs[0].orderedQuantity == 8)
    }

    @Test("C20: by instrument the underlying's others do not count")
    func netByInstrument() throws {
        let limits = EngineFixture.limits {
            $0.netExposure.maximum = 100_000
            $0.netExposure.isByInstrument = true
        }
        var fixture = EngineFixture(limits: limits)
        addFuture(&fixture)
        try fixture.hold(10)
        #expect(try fixture.refusal(future(fixture, .buy, 20)) == nil)
        #expect(try fixture.refusal(future(fixture, .buy, 21)) != nil)
    }

    @Test("C20: a live instrument without price refuses, closing passes; group and firm bind the sum of accounts")
    func netScopes() throws {
        var fixture = EngineFixture(accounts: 2)
        addFuture(&fixture)
        try fixture.hold(10)
        func bound(_ change: (inout RiskLimits) -> Void) { fixture.setLimits(EngineFixture.open, change) }
        bound { $0.groups[EngineFixture.group] = Self.net(120_000) }
        let group = try fixture.decide(fixture.parent(.buy, 4))
        #expect(group.legs.map { $0.rejection?.scope } == [nil, .group], "the second leg would pass 1,200.00")
        #expect(group.legs[1].rejection?.observed == 120_000 && group.legs[1].rejection?.projected == 140_000)
        bound { $0.firm = Self.net(100_000) }
        #expect(try fixture.refusal(fixture.parent(.buy, 1, account: 1))?.scope == .firm)
        #expect(try fixture.refusal(fixture.parent(.sell, 1, account: 0)) == nil)
        bound { $0.firm.netExposure = [Currency("EUR")!: 1] }
        #expect(try fixture.refusal(fixture.parent(.buy, 1, account: 1))?.code == "net_exposure_no_input")
        fixture.setLimits(EngineFixture.limits { $0.netExposure.maximum = 1_000_000 })
        try fixture.hold(10)
        fixture.engine.inputs.references[0] = Inputs.Reference()
        #expect(try fixture.refusal(future(fixture, .buy, 1))?.code == "net_exposure_no_reference")
    }

    private static func net(_ limit: Int64) -> TotalLimits {
        var totals = TotalLimits()
        totals.netExposure = [EngineFixture.currency: limit]
        return totals
    }

    @Test("Sums of group and firm are those of the positions, whatever happens", arguments: 0..<20)
    func totals(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var fixture = EngineFixture(accounts: 3)
        for _ in 0..<40 {
            let run = try fixture.admit(
                fixture.parent(
                    Bool.random(using: &random) ? .buy : .sell, Int64.random(in: 1...50, using: &random),
                    account: Int.random(in: 0..<3, using: &random)))
            switch Int.random(in: 0...2, using: &random) {
            case 0: try fixture.fillAll(run)
            case 1:
                fixture.engine.apply(.orderReported(run: run.id, order: 0, report: .state(.canceled, at: fixture.now)))
            default: break
            }
            let positions = (0..<3 as Range<Int32>).compactMap { fixture.engine.book.position($0, 0) }
            for total in [0, 1] {
                let sum = fixture.engine.book.totals[total].sum(0)
                #expect(sum.long == positions.reduce(0) { $0 + $1.longest })
                #expect(sum.short == positions.reduce(0) { $0 + $1.shortest })
                #expect(sum.worst == positions.reduce(0) { $0 + $1.worstCase })
            }
        }
    }

    // MARK: C18, group

    @Test("C18: a group's worst cases in one instrument are bound together")
    func groupPosition() throws {
        var fixture = EngineFixture(accounts: 2)
        fixture.setLimits(EngineFixture.open) {
            $0.groups[EngineFixture.group] = TotalLimits()
            $0.groups[EngineFixture.group]?.position = .value(15)
        }
        #expect(try fixture.decide(fixture.parent(.buy, 15)).legs.allSatisfy { $0.rejection == nil })
        let refused = try #require(try fixture.decide(fixture.parent(.buy, 16)).legs[1].rejection)
        #expect(refused.code == "max_position" && refused.scope == .group)
        #expect(refused.limit == 15 && refused.observed == 8 && refused.projected == 16)
    }

    // MARK: C21, C22

    @Test("C21: one instrument takes its part of the equity and no more; no, old and negative equity refuse")
    func concentration() throws {
        let limits = EngineFixture.limits {
            $0.concentration = 2_500
            $0.collar.maximumAge = .max
        }
        var fixture = EngineFixture(limits: limits)
        #expect(try fixture.refusal(fixture.parent(.buy, 1, account: 0))?.code == "concentration_no_input")
        fixture.setFunds(4_000)
        #expect(try fixture.refusal(fixture.parent(.buy, 10, account: 0)) == nil)
        let refused = try #require(try fixture.refusal(fixture.parent(.buy, 11, account: 0)))
        #expect(refused.code == "concentration" && refused.scope == .instrument && refused.inputAge == 0)
        #expect(refused.limit == 100_000 && refused.observed == 0 && refused.projected == 110_000)
        var clipped = fixture.parent(.buy, 30, account: 0)
        clipped.mode = .clip
        #expect(try fixture.decide(clipped).legs[0].orderedQuantity == 10)
        try fixture.hold(20)
        #expect(try fixture.refusal(fixture.parent(.buy, 1, account: 0))?.observed == 200_000)
        fixture.advance(61)
        #expect(try fixture.refusal(fixture.parent(.buy, 1, account: 0))?.code == "concentration_stale")
        #expect(try fixture.refusal(fixture.parent(.sell, 20, account: 0)) == nil, "closing needs no equity")
        fixture.setFunds(-5)
        let broke = try #require(try fixture.refusal(fixture.parent(.buy, 1, account: 0)))
        #expect(broke.sentence == .noEquity && broke.observed == -500)
    }

    @Test("C22: gross exposure is at most its multiple of the equity")
    func leverage() throws {
        var fixture = EngineFixture(limits: EngineFixture.limits { $0.leverage = 20_000 })
        addFuture(&fixture)
        #expect(try fixture.refusal(fixture.parent(.buy, 1, account: 0))?.code == "leverage_no_input")
        fixture.setFunds(1_000)
        try fixture.hold(10)
        #expect(try fixture.refusal(future(fixture, .sell, 20)) == nil, "gross adds both sides: 1,000 + 1,000")
        let refused = try #require(try fixture.refusal(future(fixture, .sell, 21)))
        #expect(refused.code == "leverage" && refused.limit == 200_000)
        #expect(refused.observed == 100_000 && refused.projected == 205_000)
        #expect(try fixture.refusal(fixture.parent(.sell, 10, account: 0)) == nil)
        fixture.engine.inputs.references[0] = Inputs.Reference()
        #expect(try fixture.refusal(future(fixture, .buy, 1))?.code == "leverage_no_reference")
    }

    // MARK: C23

    private func delivery(_ fixture: EngineFixture, _ quantity: Int64) -> ParentOrder {
        var order = fixture.parent(.sell, quantity, account: 0)
        order.product = .delivery
        return order
    }

    private func holding(_ quantity: Int64, pledged: Int64? = nil) -> HoldingReport {
        HoldingReport(
            account: AccountID("A0")!, symbol: EngineFixture.symbol, quantity: ExactDecimal(quantity),
            pledged: pledged.map { ExactDecimal($0) })
    }

    @Test("C23: delivery sells what is held, less what was sold since the question for it left")
    func holdings() throws {
        var fixture = EngineFixture(limits: EngineFixture.limits { $0.shortRules.delivery = .holdings })
        #expect(try fixture.refusal(delivery(fixture, 1))?.code == "short_rules_no_input")
        let first = fixture.engine.holdingsQuery(0, now: fixture.now)
        fixture.engine.setHoldings(first, [holding(10)])
        #expect(try fixture.refusal(delivery(fixture, 10)) == nil)
        let refused = try #require(try fixture.refusal(delivery(fixture, 11)))
        #expect(
            refused.code == "short_rules" && refused.limit == 10 && refused.observed == 0 && refused.projected == 11)
        #expect(refused.inputAge == 0)
        let run = try fixture.admit(delivery(fixture, 4))
        #expect(try fixture.refusal(delivery(fixture, 7))?.observed == 4, "live sells count")
        let question = fixture.engine.holdingsQuery(0, now: fixture.now)
        try fixture.fillAll(run)
        #expect(try fixture.refusal(delivery(fixture, 6)) == nil)
        #expect(try fixture.refusal(delivery(fixture, 7))?.observed == 4, "sold ones too")
        fixture.engine.setHoldings(question, [holding(10)])
        #expect(
            try fixture.refusal(delivery(fixture, 7))?.observed == 4,
            "an answer cannot hold what filled after it was asked")
        fixture.advance(1)
        fixture.engine.setHoldings(fixture.engine.holdingsQuery(0, now: fixture.now), [holding(6)])
        #expect(try fixture.refusal(delivery(fixture, 6)) == nil && fixture.refusal(delivery(fixture, 7)) != nil)
        fixture.engine.setHoldings(first, [holding(100)])
        #expect(try fixture.refusal(delivery(fixture, 7)) != nil, "older news never replaces newer")
        var intraday = delivery(fixture, 50)
        intraday.product = .intraday
        #expect(try fixture.refusal(intraday) == nil)
    }

    @Test("C23: free of pledge; unknown freedom and snapshots of another day refuse")
    func free() throws {
        let limits = EngineFixture.limits {
            $0.shortRules.delivery = .free
            $0.collar.maximumAge = .max
        }
        var fixture = EngineFixture(limits: limits)
        fixture.engine.setHoldings(fixture.engine.holdingsQuery(0, now: fixture.now), [holding(10, pledged: 4)])
        #expect(try fixture.refusal(delivery(fixture, 6)) == nil && fixture.refusal(delivery(fixture, 7))?.limit == 6)
        fixture.engine.setHoldings(fixture.engine.holdingsQuery(0, now: fixture.now), [holding(10)])
        #expect(try fixture.refusal(delivery(fixture, 1))?.code == "short_rules_no_input")
        fixture.engine.setHoldings(fixture.engine.holdingsQuery(0, now: fixture.now), [])
        #expect(try fixture.refusal(delivery(fixture, 1))?.limit == 0)
        fixture.advance(86_401)
        #expect(try fixture.refusal(delivery(fixture, 1))?.code == "short_rules_stale")
        fixture.setPrice("100")
        try fixture.hold(5)
        #expect(try fixture.refusal(delivery(fixture, 5)) == nil, "what the gateway bought can be sold")
    }

    @Test("C23: selling an option short needs the flag, selling a held one does not")
    func nakedOptions() throws {
        let symbol = try InstrumentID("US:OPT:ACME:20261231:100:C")
        for allowed in [false, true] {
            var fixture = EngineFixture(limits: EngineFixture.limits { $0.shortRules.allowsNakedOptions = allowed })
            fixture.engine.apply(
                .instrumentDefined(
                    number: 1,
                    InstrumentRecord(
                        id: symbol, currency: EngineFixture.currency, tickSize: ExactDecimal("0.01")!, source: "test")))
            fixture.engine.setReference(1, price: 5, at: fixture.now)
            func order(_ side: Side, _ quantity: Int64) -> ParentOrder {
                var order = fixture.parent(side, quantity, account: 0)
                order.symbol = symbol
                return order
            }
            try fixture.fillAll(try fixture.admit(order(.buy, 3)), price: "5")
            #expect(try fixture.refusal(order(.sell, 3)) == nil)
            let rejection = try fixture.refusal(order(.sell, 4))
            #expect((rejection == nil) == allowed)
            if let rejection {
                #expect(rejection.sentence == .nakedOption && rejection.limit == 3 && rejection.projected == 4)
            }
        }
    }
}
