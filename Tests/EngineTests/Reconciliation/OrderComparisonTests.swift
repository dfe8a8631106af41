import Domain
import Testing

@testable import Engine

@Suite("A broker's list of orders beside ours")
struct OrderComparisonTests {
    static let account = AccountID("A0")!

    /// What a broker would show of an order of ours.
    static func row(_ engine: Engine, _ run: RunID, state: ReportedState = .open) -> BrokerOrder {
        let order = engine.runs[run]!.orders[0]
        let instrument = engine.instruments[0].instrument
        let leg = engine.runs[run]!.admission.legs[0]
        var row = BrokerOrder(
            OrderReport(
                account: account, clientOrderID: nil, brokerOrderID: order.brokerOrderID, state: state,
                cumulativeQuantity: instrument.quantity(order.cumulativeQuantity)))
        (row.symbol, row.side, row.orderType) = (EngineFixture.symbol, leg.side, leg.orderType)
        (row.product, row.timeInForce) = (.intraday, .day)
        row.quantity = instrument.quantity(order.quantity)
        row.price = order.limitPrice == 0 ? nil : instrument.price(order.limitPrice)
        return row
    }

    static func foreign(_ id: String, _ quantity: Int64 = 5, state: ReportedState = .open) -> BrokerOrder {
        var row = BrokerOrder(OrderReport(account: account, clientOrderID: nil, brokerOrderID: id, state: state))
        (row.symbol, row.side, row.orderType) = (EngineFixture.symbol, .buy, .limit)
        (row.product, row.timeInForce) = (.intraday, .day)
        (row.quantity, row.price) = (ExactDecimal(quantity), 90)
        return row
    }

    /// What the world was made to be, which the comparison must find again.
    enum Fate: CaseIterable { case matched, localOnly, otherTerms, behind, endedHere, endedThere }

    struct World {
        var fixture = EngineFixture()
        var rows: [BrokerOrder] = []
        var fates: [OrderPlace: Fate] = [:]
        var foreign: Set<String> = []

        init(seed: UInt64) throws {
            var random = SeededGenerator(seed: seed)
            for _ in 0..<Int.random(in: 0...8, using: &random) {
                let run = try fixture.admit(fixture.parent(.buy, 100, account: 0, price: "99")).id
                fixture.answer(run)
                let filled = Int64.random(in: 0...40, using: &random)
                if filled > 0 { try fixture.fill(run, quantity: filled, execution: "E\(run)") }
                let place = OrderPlace(run: run, order: 0)
                let fate = Fate.allCases.randomElement(using: &random)!
                fates[place] = fate
                var row = OrderComparisonTests.row(fixture.engine, run)
                switch fate {
                case .matched: rows.append(row)
                case .localOnly: break
                case .otherTerms:
                    row.quantity = 101
                    rows.append(row)
                case .behind:
                    row.report.cumulativeQuantity = ExactDecimal(filled + 7)
                    rows.append(row)
                case .endedHere:
                    fixture.engine.apply(
                        .orderReported(run: run, order: 0, report: .state(.canceled, at: fixture.now)))
                    rows.append(row)
                case .endedThere:
                    row.report.state = .canceled
                    rows.append(row)
                }
            }
            for number in 0..<Int.random(in: 0...4, using: &random) {
                let isLive = Bool.random(using: &random)
                if isLive { foreign.insert("X\(number)") }
                rows.append(OrderComparisonTests.foreign("X\(number)", state: isLive ? .open : .filled))
            }
            // Pages repeat rows, and no order of them is promised.
            rows += rows.filter { _ in Bool.random(using: &random) }
            rows.shuffle(using: &random)
        }

        func compare(_ seconds: Int64 = 60, visibilityDelay: Int64 = 0) -> OrderComparison {
            fixture.engine.compare(
                rows, of: 0, askedAt: fixture.now.advanced(by: seconds * 1_000_000_000),
                visibilityDelay: visibilityDelay)
        }
    }

    @Test("Every order and every row is found once, where it was put", arguments: 0..<200)
    func partition(seed: UInt64) throws {
        let world = try World(seed: seed)
        let found = world.compare()
        func places(_ fate: Fate) -> Set<OrderPlace> { Set(world.fates.filter { $0.value == fate }.keys) }
        #expect(Set(found.matched) == places(.matched) && found.matched.count == places(.matched).count)
        #expect(Set(found.localOnly) == places(.localOnly) && found.localOnly.count == places(.localOnly).count)
        #expect(Set(found.otherTerms.map(\.place)) == places(.otherTerms))
        #expect(found.otherTerms.allSatisfy { $0.terms.quantity == 101 })
        #expect(Set(found.behind) == places(.behind))
        #expect(Set(found.ended.map(\.place)) == places(.endedHere))
        #expect(Set(found.brokerOnly.compactMap(\.report.brokerOrderID)) == world.foreign)
        #expect(found.brokerOnly.count == world.foreign.count)
        #expect(found.ours.count == world.fates.count - places(.localOnly).count)
    }

    @Test("The order of rows and their repetition change nothing", arguments: 0..<50)
    func permutation(seed: UInt64) throws {
        var world = try World(seed: seed)
        let before = world.compare()
        world.rows = world.rows.reversed() + world.rows
        let after = world.compare()
        #expect(before.matched == after.matched && before.localOnly == after.localOnly)
        #expect(before.behind == after.behind && before.brokerOnly == after.brokerOnly)
        #expect(before.ours == after.ours)
    }

    @Test("What changed after the question, or is too young to show, is not held against the list", arguments: 0..<50)
    func young(seed: UInt64) throws {
        let world = try World(seed: seed)
        for found in [world.compare(-1), world.compare(1, visibilityDelay: 2_000_000_000)] {
            #expect(found.localOnly.isEmpty && found.ended.isEmpty && found.otherTerms.isEmpty)
        }
    }

    @Test("An empty list says that nothing is there; an order without an answer is left to look-ups")
    func emptyList() throws {
        var fixture = EngineFixture()
        let known = try fixture.admit(fixture.parent(.buy, 10, account: 0, price: "99")).id
        fixture.answer(known)
        let open = try fixture.admit(fixture.parent(.buy, 10, account: 0, price: "99")).id
        fixture.answer(open, .unknown)
        let found = fixture.engine.compare(
            [], of: 0, askedAt: fixture.now.advanced(by: 1_000_000_000), visibilityDelay: 0)
        #expect(found.localOnly == [OrderPlace(run: known, order: 0)])
        #expect(found.open == [OrderPlace(run: open, order: 0)])
    }

    @Test("A row that an order of ours without a name may be is not taken for somebody else's")
    func mayBeOurs() throws {
        var fixture = EngineFixture()
        let row = Self.foreign("X1")
        #expect(!fixture.engine.mayBeOurs(row, account: 0))
        let run = try fixture.admit(fixture.parent(.buy, 5, account: 0, price: "90")).id
        #expect(!fixture.engine.mayBeOurs(row, account: 0), "it was not handed over")
        fixture.engine.apply(.ordersQueued(run: run, orders: [0], durableAt: fixture.now, queuedAt: fixture.now))
        #expect(fixture.engine.mayBeOurs(row, account: 0))
        var other = row
        other.side = .sell
        #expect(!fixture.engine.mayBeOurs(other, account: 0))
    }

    @Test("An adopted order reserves what is left of it, and its executions count", arguments: [0, 2] as [Int64])
    func adoption(before: Int64) throws {
        var fixture = EngineFixture()
        let row = Self.foreign("X1", 5)
        let admission = try #require(
            fixture.engine.adoption(of: row, account: 0, executedBefore: before, now: fixture.now))
        fixture.engine.apply(.runAdmitted(admission))
        fixture.engine.apply(
            .orderAdopted(run: admission.run, order: 0, brokerOrderID: "X1", executedBefore: before, at: fixture.now))
        #expect(fixture.engine.runs[admission.run]!.orders[0].status == .working)
        #expect(fixture.position.openBuy == 5 - before)
        #expect(!fixture.engine.runs[admission.run]!.orders[0].isWaiting, "it is never sent")
        var report = HostileNewsTests.execution("E1", 3 - before + 2)
        report.brokerOrderID = "X1"
        fixture.engine.apply(try fixture.engine.event(for: report, at: fixture.now))
        #expect(fixture.engine.runs[admission.run]!.orders[0].status == .filled)
        #expect(fixture.position.openBuy == 0 && fixture.position.quantity == 5 - before)
        let found = fixture.engine.compare(
            [row], of: 0, askedAt: fixture.now.advanced(by: 1_000_000_000), visibilityDelay: 0)
        #expect(found.brokerOnly.isEmpty, "it is ours from now on")
    }

    @Test("An adopted order keeps its class, its stop and what its adapter remembers")
    func adoptedClass() throws {
        for (type, price, stop) in [(OrderType.stop, nil, "85"), (.limit, "90", "85"), (.limit, "90", nil)] {
            var fixture = EngineFixture()
            var row = Self.foreign("X1", 5)
            (row.orderType, row.orderClass, row.isAfterMarket) = (type, .cover, true)
            (row.price, row.triggerPrice) = (price.flatMap { ExactDecimal($0) }, stop.flatMap { ExactDecimal($0) })
            row.report.adapterState = Array("co|7100|".utf8)
            let admission = try #require(
                fixture.engine.adoption(of: row, account: 0, executedBefore: 0, now: fixture.now))
            #expect(admission.order.orderClass == .cover && admission.order.isAfterMarket)
            fixture.engine.apply(.runAdmitted(admission))
            fixture.engine.apply(
                .orderAdopted(run: admission.run, order: 0, brokerOrderID: "X1", executedBefore: 0, at: fixture.now))
            fixture.engine.apply(try #require(fixture.engine.event(for: row.report, at: fixture.now)))
            let order = try #require(fixture.engine.runs[admission.run]?.orders[0])
            #expect(order.status == .working && order.adapterState == Array("co|7100|".utf8))
            #expect(order.stopPrice == (stop == nil ? 0 : 850_000))
            let found = fixture.engine.compare(
                [row], of: 0, askedAt: fixture.now.advanced(by: 1_000_000_000), visibilityDelay: 0)
            #expect(found.matched.count == 1 && found.otherTerms.isEmpty)
        }
    }

    @Test("A row that does not say enough, or not in the instrument's numbers, is not adopted")
    func notAdopted() {
        let engine = EngineFixture().engine
        let now = EngineFixture().now
        let changes: [(inout BrokerOrder) -> Void] = [
            { $0.symbol = nil }, { $0.side = nil }, { $0.orderType = nil }, { $0.product = nil },
            { $0.timeInForce = nil }, { $0.quantity = nil }, { $0.price = nil }, { $0.report.brokerOrderID = nil },
            { $0.quantity = ExactDecimal("0.5") }, { $0.quantity = ExactDecimal("9999999999999999999") },
            { $0.symbol = try? InstrumentID("US:EQ:OTHER") },
        ]
        for (number, change) in changes.enumerated() {
            var row = Self.foreign("X1")
            change(&row)
            #expect(engine.adoption(of: row, account: 0, executedBefore: 0, now: now) == nil, "change \(number)")
        }
        #expect(engine.adoption(of: Self.foreign("X1", 5), account: 0, executedBefore: 5, now: now) == nil)
    }
}
