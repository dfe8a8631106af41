import Domain
import Testing

@testable import Engine

@Suite("Exposure can never pass its limit")
struct PositionPropertyTests {
    @Test(
        "R3, R4: whatever fills, cancels and repeats, |P| stays within the limit and reservations are the leaves",
        arguments: 0..<60)
    func exposure(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let limit = Int64.random(in: 50...200, using: &random)
        var limits = EngineFixture.open
        limits.position = .value(ExactDecimal(limit))
        var fixture = EngineFixture(limits: limits)
        var live: [RunID] = []
        var executions = 0
        for _ in 0..<120 {
            switch Int.random(in: 0...3, using: &random) {
            case 0, 1:
                let order = fixture.parent(
                    Bool.random(using: &random) ? .buy : .sell, Int64.random(in: 1...80, using: &random), account: 0)
                let run = try fixture.admit(order)
                if run.admission.legs[0].rejection == nil {
                    fixture.answer(run.id)
                    live.append(run.id)
                }
            case 2:
                guard let id = live.randomElement(using: &random), let run = fixture.engine.runs[id],
                    run.orders[0].leavesQuantity > 0
                else { continue }
                executions += 1
                let quantity = Int64.random(in: 1...run.orders[0].leavesQuantity, using: &random)
                try fixture.fill(id, quantity: quantity, execution: "e\(executions)")
                #expect(throws: Engine.ExecutionFault.duplicate) {
                    try fixture.fill(id, quantity: quantity, execution: "e\(executions)")
                }
            default:
                guard let id = live.randomElement(using: &random) else { continue }
                fixture.engine.apply(
                    .orderReported(run: id, order: 0, report: .state(.canceled, at: fixture.now)))
            }
            let position = fixture.position
            #expect(abs(position.quantity) <= limit)
            let orders = live.compactMap { fixture.engine.runs[$0] }
            let buys = orders.filter { $0.admission.legs[0].side == .buy }.reduce(0) {
                $0 + $1.orders[0].reservedQuantity
            }
            let sells = orders.filter { $0.admission.legs[0].side == .sell }.reduce(0) {
                $0 + $1.orders[0].reservedQuantity
            }
            #expect(position.openBuy == buys && position.openSell == sells)
        }
    }

    @Test("R5: while only strict closing orders are taken the position never changes sign", arguments: 0..<60)
    func closingNeverFlips(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var fixture = EngineFixture()
        let opened = try fixture.admit(fixture.parent(Bool.random(using: &random) ? .buy : .sell, 100, account: 0))
        fixture.answer(opened.id)
        try fixture.fill(opened.id, quantity: 100, execution: "open")
        let sign = fixture.position.quantity.signum()
        fixture.engine.apply(
            .stateChanged(TradingStateChange(scope: .firm, status: .reducing, reason: "t", by: "t", at: fixture.now)))
        var executions = 0
        for _ in 0..<80 {
            let side: Side = sign > 0 ? .sell : .buy
            let run = try fixture.admit(
                fixture.parent(
                    Bool.random(using: &random) ? side : side.opposite, Int64.random(in: 1...40, using: &random),
                    account: 0))
            if run.admission.legs[0].rejection == nil {
                executions += 1
                fixture.answer(run.id)
                try fixture.fill(
                    run.id, quantity: Int64.random(in: 1...run.orders[0].quantity, using: &random),
                    execution: "e\(executions)")
            }
            #expect(fixture.position.quantity.signum() == sign || fixture.position.quantity == 0)
        }
    }

    @Test("R1: tightening a limit never turns a refusal into an admission", arguments: 0..<200)
    func tighterNeverAdmitsMore(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let quantity = Int64.random(in: 1...100, using: &random)
        let side: Side = Bool.random(using: &random) ? .buy : .sell
        let loose = Int64.random(in: 2...120, using: &random)
        var admitted: [Bool] = []
        for limit in [loose, loose - 1] {
            var limits = EngineFixture.open
            limits.position = .value(ExactDecimal(limit))
            limits.notional.maximum = limit * 10_000
            limits.quantity.maximum = .value(ExactDecimal(limit))
            limits.grossExposure = limit * 10_000
            limits.collar.basisPoints = 0
            var fixture = EngineFixture(limits: limits)
            admitted.append(try fixture.decide(fixture.parent(side, quantity, account: 0)).legs[0].rejection == nil)
        }
        #expect(admitted[0] || !admitted[1])
    }

    @Test("R8: a clipped quantity is a lot multiple, not larger, and one lot more would breach", arguments: 0..<200)
    func clipIsTight(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let lot = Int64.random(in: 1...7, using: &random)
        let wanted = lot * Int64.random(in: 1...60, using: &random)
        var limits = EngineFixture.open
        limits.position = .value(ExactDecimal(Int64.random(in: 1...200, using: &random)))
        limits.notional.maximum = Int64.random(in: 10_000...3_000_000, using: &random)
        limits.grossExposure = Int64.random(in: 10_000...3_000_000, using: &random)
        limits.collar.basisPoints = 0
        var fixture = EngineFixture(limits: limits, lot: "\(lot)")
        var order = fixture.parent(.buy, wanted, account: 0)
        order.mode = .clip
        let leg = try fixture.decide(order).legs[0]
        #expect(leg.orderedQuantity % lot == 0 && leg.orderedQuantity <= wanted)
        let more = leg.orderedQuantity + lot
        guard more <= wanted else { return }
        #expect(try fixture.decide(fixture.parent(.buy, more, account: 0)).legs[0].rejection != nil)
    }

    @Test("R10: without a price, funds or limits nothing opens")
    func missingInput() throws {
        var fixture = EngineFixture(price: nil)
        #expect(
            try fixture.decide(fixture.parent(.buy, 1, account: 0)).legs[0].rejection?.code
                == "price_collar_no_reference")
        var limits = EngineFixture.open
        limits.margin.isLimited = true
        limits.margin.rates = [MarginLimit.Rate(match: InstrumentPattern("*")!, basisPoints: 10_000)]
        fixture = EngineFixture(limits: limits)
        #expect(
            try fixture.decide(fixture.parent(.buy, 1, account: 0)).legs[0].rejection?.code == "margin_buffer_no_input")
        limits = AccountLimits()
        fixture = EngineFixture(limits: limits)
        #expect(try fixture.decide(fixture.parent(.buy, 1, account: 0)).legs[0].rejection?.code == "allow_list")
        fixture = EngineFixture()
        fixture.now = fixture.now.advanced(by: 31_000_000_000)
        #expect(try fixture.decide(fixture.parent(.buy, 1, account: 0)).legs[0].rejection?.code == "price_collar_stale")
    }

    @Test("Risk can be reduced: closing passes every limit and missing datum but a halt and the static checks")
    func closingPasses() throws {
        var fixture = EngineFixture()
        let opened = try fixture.admit(fixture.parent(.buy, 100, account: 0))
        fixture.answer(opened.id)
        try fixture.fill(opened.id, quantity: 100, execution: "open")
        var limits = EngineFixture.open
        limits.position = .value(1)
        limits.quantity.maximum = .value(10)
        limits.notional.maximum = 1
        limits.grossExposure = 1
        limits.openOrders = 0
        limits.dailyLoss.maximum = 0
        limits.margin.isLimited = true
        fixture.setLimits(limits)
        fixture.now = fixture.now.advanced(by: 3_600_000_000_000)
        let leg = try fixture.decide(fixture.parent(.sell, 100, account: 0, price: "100")).legs[0]
        #expect(leg.rejection == nil)
        #expect(leg.slices == OrderSizes(Array(repeating: 10, count: 10)), "sliced, not refused")
    }
}
