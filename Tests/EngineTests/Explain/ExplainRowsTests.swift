import Domain
import Testing

@testable import Engine

@Suite("The rows of an explanation")
struct ExplainRowsTests {
    /// Controls with a number for an opening buy of a group, at a limit price, by a strategy.
    private static let counted: Set<ControlID> = [
        .requestShape, .instrument, .tradingHours, .unknownOutstanding, .repeatedExecution, .priceCollar,
        .quantityLimits, .notionalLimits, .freezeSlicing, .messageRate, .duplicateOrder, .maxOpenOrders, .dailyCounts,
        .maxPosition, .grossExposure, .netExposure, .concentration, .leverage, .marginBuffer, .dailyLoss, .drawdown,
        .groupLoss, .lossStreak, .groupAggregate,
    ]

    private static func wide() -> AccountLimits {
        EngineFixture.limits {
            let much: Int64 = 1_000_000_000
            $0.collar.basisPoints = 1_000
            $0.quantity.maximum = .value(1_000_000)
            $0.quantity.maximumLots = much
            $0.quantity.parentMaximum = .value(1_000_000)
            ($0.notional.maximum, $0.notional.parentMaximum) = (much, much)
            $0.rates = [RateWindow(limit: 100, window: 1_000_000_000)]
            ($0.openOrders, $0.openOrdersPerInstrument, $0.strategyRuns, $0.modifications) = (much, much, 9, 9)
            $0.duplicates.maximum = 5
            ($0.dailyCounts.orders, $0.dailyCounts.lots) = (much, much)
            $0.position = .value(1_000_000)
            ($0.grossExposure, $0.netExposure.maximum) = (much, much)
            ($0.concentration, $0.leverage) = (9_000, 9_000)
            $0.shortRules.delivery = .free
            $0.margin.isLimited = true
            $0.margin.rates = [MarginLimit.Rate(match: InstrumentPattern("*")!, basisPoints: 1_000)]
            ($0.dailyLoss.maximum, $0.drawdown.maximum, $0.lossStreak.count) = (much, much, 3)
            $0.hours.isLimited = true
            ($0.hours.openGuard, $0.hours.closeGuard) = (60_000_000_000, 60_000_000_000)
        }
    }

    private func explain(_ fixture: inout EngineFixture, _ order: ParentOrder) throws -> Explanation {
        try fixture.engine.explain(
            AdmissionRequest(
                order: order, origin: Origin(caller: "k", idempotencyKey: "i"), authority: .everything,
                receivedAt: fixture.now), now: fixture.now)
    }

    @Test("A pass shows limit and projected value for every control that has a number")
    func passNumbers() throws {
        var fixture = EngineFixture(accounts: 2)
        fixture.setLimits(Self.wide()) {
            var totals = TotalLimits()
            totals.loss.maximum = [EngineFixture.currency: 5_000]
            totals.aggregate = AggregateLimit()
            totals.aggregate?.openOrders = 10
            $0.groups[EngineFixture.group] = totals
        }
        let session = TradingCalendar.Session(open: 0, close: 86_400)!
        fixture.engine.setCalendar(
            TradingCalendar(venues: [
                "US": TradingCalendar.Venue(
                    offsets: [], week: Array(repeating: [session], count: 7), days: [:], lastDay: .max)
            ]))
        for account in 0..<2 as Range<Int32> { fixture.setFunds(100_000, account: account) }
        var order = fixture.parent(.buy, 10, price: "100")
        order.strategy = "s"
        for leg in try explain(&fixture, order).legs {
            #expect(leg.verdict == .pass)
            for row in leg.controls {
                #expect(row.verdict == .pass && row.rejection == nil && !row.isExempt, "\(row)")
                let hasNumbers = row.measure?.limit != nil && row.measure?.projected != nil
                #expect(hasNumbers == Self.counted.contains(row.control), "\(row)")
            }
            #expect(leg.row(.marginBuffer)?.measure?.inputAge == 0)
        }
    }

    @Test("Unlimited is told from a number and from a control without any")
    func unlimited() throws {
        var fixture = EngineFixture()
        let instrument = fixture.engine.instruments[0].instrument
        let leg = try explain(&fixture, fixture.parent(.buy, 10, account: 0, price: "100")).legs[0]
        let unlimited = leg.controls.filter { $0.figures(instrument)?.limit == .unlimited }.map(\.control)
        #expect(
            unlimited == [
                .repeatedExecution, .priceCollar, .freezeSlicing, .duplicateOrder, .maxOpenOrders, .dailyCounts,
                .maxPosition, .grossExposure, .netExposure, .concentration, .leverage, .marginBuffer, .dailyLoss,
                .drawdown, .lossStreak,
            ])
        #expect(leg.row(.maxPosition)?.measure?.projected == 10)
        #expect(leg.row(.authority)?.figures(instrument) == nil)
    }

    @Test("Of several comparisons the one with the least left is shown, and a refusal's own before all")
    func tightest() throws {
        var fixture = EngineFixture(accounts: 2)
        fixture.setLimits(EngineFixture.limits { $0.position = .value(1_000) }) {
            $0.groups[EngineFixture.group] = TotalLimits()
            $0.groups[EngineFixture.group]?.position = .value(50)
        }
        var row = try #require(try explain(&fixture, fixture.parent(.buy, 20)).legs[1].row(.maxPosition))
        #expect(row.measures.map(\.limit) == [1_000, 50] && row.measures.map(\.projected) == [10, 20])
        #expect(row.measure?.scope == .group && row.measure?.observed == 10)
        row = try #require(try explain(&fixture, fixture.parent(.buy, 60)).legs[1].row(.maxPosition))
        #expect(row.verdict == .refused && row.measure?.scope == .group && row.measure?.projected == 60)
    }

    @Test("Floors and ceilings compare by the part that is used")
    func use() {
        func money(_ limit: Int64, _ projected: Int64, floor: Bool = false) -> Measure {
            Measure(.money, limit: limit, projected: projected, isFloor: floor)
        }
        #expect(money(100, 90).isTighter(than: money(1_000, 800)))
        #expect(!money(1_000, 800).isTighter(than: money(100, 90)))
        #expect(money(-100, -90, floor: true).isTighter(than: money(100, 80)))
        #expect(!money(-100, 500, floor: true).isTighter(than: money(100, 1)))
        #expect(money(100, 110, floor: true).isTighter(than: money(100, 500, floor: true)))
        #expect(money(.max, 1).isUnlimited && !money(.max, 1).isTighter(than: money(100, 0)))
        #expect(money(.max, .max - 1, floor: true).isTighter(than: money(.max - 1, .max / 2)), "no overflow")
    }

    @Test("An observing control shows as an alert, a missing price as its own code, a hidden account as refused by key")
    func verdicts() throws {
        var fixture = EngineFixture(
            limits: EngineFixture.limits {
                $0.position = .value(5)
                $0.observed = [.maxPosition]
            }, price: nil)
        let request = AdmissionRequest(
            order: fixture.parent(.buy, 10, account: 0, price: "100"), origin: Origin(caller: "k", idempotencyKey: "i"),
            authority: .groups([]), receivedAt: fixture.now)
        let leg = try fixture.engine.explain(request, now: fixture.now).legs[0]
        #expect(
            leg.controls.filter { $0.verdict == .refused }.map(\.code) == ["authority", "price_collar_no_reference"])
        #expect(leg.row(.authority)?.measure?.scope == .key)
        #expect(leg.row(.maxPosition)?.verdict == .alert && leg.row(.maxPosition)?.measure?.projected == 10)
        #expect(leg.row(.maxPosition)?.message == Rejection.Sentence.positionExceeded.text)
    }

    @Test("A leg that lost its quantity to a redistribution keeps the rows of the time when it had one")
    func redistribution() throws {
        var fixture = EngineFixture(accounts: 3)
        fixture.setLimits(EngineFixture.open) {
            $0.accounts[AccountID("A1")!] = EngineFixture.limits { $0.position = .value(1) }
        }
        var order = fixture.parent(.buy, 30)
        order.redistributes = true
        let explanation = try explain(&fixture, order)
        #expect(explanation.legs.map(\.admission.account) == [0, 2, 1])
        #expect(explanation.legs.map(\.verdict) == [.pass, .pass, .refused])
        #expect(explanation.legs[0].row(.maxPosition)?.measure?.projected == 15)
        #expect(explanation.legs[2].row(.maxPosition)?.measure?.projected == 10)
        let past = try fixture.engine.explain(admission: explanation.admission)
        #expect(past.legs[2].controls.filter { $0.verdict == .refused }.map(\.control) == [.maxPosition])
        #expect(past.notes.contains { $0.contains("went to the other legs") })
    }
}
