import Domain
import Testing

@testable import Engine

@Suite("An explanation says what admission does")
struct ExplainPropertyTests {
    private static func place(_ control: ControlID) -> Int {
        ControlID.evaluationOrder.firstIndex(of: control) ?? ControlID.evaluationOrder.count
    }

    @Test("The explained decision is the decision, and its rows tell the same story", arguments: 0..<16)
    func sameDecision(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var history = try History(steps: 60, &random)
        for _ in 0..<12 {
            let request = history.request(history.order(&random))
            let now = history.fixture.now
            guard let decision = try? history.fixture.engine.decide(request, now: now) else { continue }
            let before = history.fixture.engine.book.positions
            let explanation = try history.fixture.engine.explain(request, now: now)
            #expect(history.fixture.engine.book.positions == before, "no trace is left")
            #expect(explanation.admission == decision)
            #expect(explanation.legs.count == decision.legs.count)
            for leg in explanation.legs { expectConsistent(leg) }
        }
    }

    private func expectConsistent(_ leg: Explanation.Leg) {
        let controls = leg.controls.map(\.control).filter { $0 != .modeNotMet }
        #expect(controls == ControlID.evaluationOrder)
        let refused = leg.controls.filter { $0.verdict == .refused }
        #expect(refused.first?.rejection == leg.admission.rejection, "the first refusal is the leg's")
        if leg.admission.rejection == nil {
            #expect(refused.isEmpty && !leg.controls.contains { $0.verdict == .notReached })
            #expect((leg.admission.heldUntil != nil) == (leg.row(.messageRate)?.verdict == .hold))
            let isClipped = leg.admission.orderedQuantity < leg.admission.allocatedQuantity
            #expect(isClipped == leg.controls.contains { $0.verdict == .clip })
        }
        let alerts = Set(leg.controls.filter { $0.verdict == .alert }.compactMap(\.rejection))
        #expect(alerts.isSuperset(of: leg.admission.alerts))
        for row in leg.controls where row.verdict == .pass && row.control != .messageRate {
            for measure in row.measures {
                guard let limit = measure.limit, let projected = measure.projected else { continue }
                #expect(measure.isFloor ? projected >= limit : projected <= limit, "\(row)")
            }
        }
    }

    @Test("Behind the first refusal stand exactly the controls that would refuse alone", arguments: 0..<16)
    func allRefusals(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var history = try History(steps: 50, &random)
        // Every control that only observes says all it has to say.
        var observing = history.limits
        for id in observing.accounts.keys { observing.accounts[id]?.observed = Set(ControlID.allCases) }
        var other = history.fixture.engine
        other.setLimits(observing)
        other.rates = history.fixture.engine.rates
        for _ in 0..<12 {
            var order = history.order(&random)
            order.target = .account(AccountID("A\(Int.random(in: 0...2, using: &random))")!)
            order.mode = .bestEffort
            let request = history.request(order)
            guard let alone = try? other.decide(request, now: history.fixture.now) else { continue }
            let leg = try history.fixture.engine.explain(request, now: history.fixture.now).legs[0]
            let wanted = alone.legs[0].alerts.filter { Self.place($0.control) < Self.place(.selfTrade) }
            let found = leg.controls.filter { [.refused, .alert].contains($0.verdict) }.compactMap(\.rejection)
                .filter { Self.place($0.control) < Self.place(.selfTrade) }
            #expect(found.map(\.code).sorted() == wanted.map(\.code).sorted())
            #expect(Set(found) == Set(wanted))
        }
    }

    @Test("A run of the past is explained from its record as it was decided", arguments: 0..<8)
    func past(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let history = try History(steps: 50, &random)
        for moment in history.moments.shuffled(using: &random).prefix(6) {
            var engine = history.replayed(to: moment, under: history.limits)
            let before = engine.book.positions
            let explanation = try engine.explain(admission: moment.admission)
            #expect(engine.book.positions.prefix(before.count) == before[...])
            #expect(engine.inputs.funds.allSatisfy { $0 == nil }, "what is known now stays as it is")
            #expect(!explanation.notes.contains { $0.contains("at hand") }, "\(explanation.notes)")
            for (leg, recorded) in zip(explanation.legs, moment.admission.legs) {
                #expect(leg.admission == recorded)
                #expect(leg.controls.first { $0.verdict == .refused }?.rejection == recorded.rejection)
                let unknown = Set(leg.controls.filter { $0.verdict == .notRecorded }.map(\.control))
                #expect(unknown.isSubset(of: [.authority, .notReady, .unsupported]), "\(unknown)")
            }
            // What was computed then, with all inputs there, is what is computed now.
            var live = history.replayed(to: moment, under: history.limits)
            live.inputs = moment.inputs
            let then = try live.explain(moment.request, now: moment.admission.admittedAt)
            for (now, then) in zip(explanation.legs, then.legs) where then.admission.rejection?.control != .modeNotMet {
                for (row, known) in zip(now.controls, then.controls)
                where row.verdict != .notRecorded && ControlID.evaluationOrder.contains(row.control) {
                    #expect(row.verdict == known.verdict && row.rejection == known.rejection, "\(row) \(known)")
                    #expect(row.measures == known.measures)
                }
            }
        }
    }

    @Test("Without recorded funds the controls that need them say so, unless the refusal is theirs")
    func unrecorded() throws {
        let limits = EngineFixture.limits {
            $0.leverage = 10_000
            $0.margin.isLimited = true
            $0.margin.rates = [MarginLimit.Rate(match: InstrumentPattern("*")!, basisPoints: 10_000)]
        }
        var fixture = EngineFixture(limits: limits)
        fixture.setFunds(10_000)
        var admission = try fixture.decide(fixture.parent(.buy, 1, account: 0))
        admission.isFundsRecorded = false
        admission.legs[0].funds = nil
        var explanation = try fixture.engine.explain(admission: admission)
        #expect(explanation.legs[0].row(.marginBuffer)?.verdict == .notRecorded)
        #expect(explanation.legs[0].row(.leverage)?.verdict == .notRecorded)
        #expect(explanation.notes.contains(InputGap.funds.text))
        #expect(explanation.legs[0].verdict == .pass)
        admission = try fixture.decide(fixture.parent(.buy, 200, account: 0))
        #expect(admission.legs[0].rejection?.control == .leverage)
        admission.isFundsRecorded = false
        admission.legs[0].funds = nil
        explanation = try fixture.engine.explain(admission: admission)
        let row = try #require(explanation.legs[0].row(.leverage))
        #expect(row.verdict == .refused && row.isFromRecord && row.rejection == admission.legs[0].rejection)
        #expect(fixture.engine.inputs.funds[0] != nil, "what is known now stays known")
        var empty = Engine(clientOrderIDPrefix: 1)
        #expect(throws: ParentRefusal.self) { try empty.explain(admission: admission) }
    }

    @Test("Without a price of another instrument totals are not made up")
    func otherPrices() throws {
        var fixture = EngineFixture(limits: EngineFixture.limits { $0.grossExposure = 1_000_000 })
        try fixture.hold(5)
        fixture.engine.apply(
            .instrumentDefined(
                number: 1,
                InstrumentRecord(
                    id: try InstrumentID("US:EQ:OTHER"), currency: EngineFixture.currency, tickSize: 1, source: "t")))
        fixture.engine.setReference(1, price: 50, at: fixture.now)
        var order = fixture.parent(.buy, 1, account: 0)
        order.symbol = try InstrumentID("US:EQ:OTHER")
        let admission = try fixture.decide(order)
        #expect(admission.legs[0].rejection == nil)
        fixture.engine.inputs.references = []
        let explanation = try fixture.engine.explain(admission: admission)
        #expect(explanation.legs[0].row(.grossExposure)?.verdict == .notRecorded)
        #expect(explanation.notes.contains(InputGap.prices.text))
    }
}
