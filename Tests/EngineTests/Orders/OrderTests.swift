import Domain
import Testing

@testable import Engine

@Suite("One order's life")
struct OrderTests {
    /// What can be heard of an order, as values that can be shuffled and repeated.
    enum News: Hashable {
        case answer(MutationOutcome)
        case report(ReportedState, Int64?)
        case execution(id: Int, quantity: Int64, price: Int64)
    }

    static func order(_ quantity: Int64 = 100) -> Order {
        Order(
            legIndex: 0, clientSequence: 1, quantity: quantity, limitPrice: 0, stopPrice: 0, orderType: .market,
            timeInForce: .day, isHeld: false)
    }

    /// Applies news the way the engine does: an execution counts once.
    static func apply(_ news: [News], to order: inout Order) -> Int64 {
        var seen: Set<Int> = []
        var reserved = order.reservedQuantity
        for item in news {
            let effect: Order.Effect
            switch item {
            case .answer(let outcome): effect = order.apply(outcome: outcome)
            case .report(let state, let cumulative): effect = order.apply(reported: state, cumulative: cumulative)
            case .execution(let id, let quantity, let price):
                guard seen.insert(id).inserted else { continue }
                effect = order.apply(execution: quantity, price: price)
            }
            reserved += effect.reserved
            // V2 and V4 after every step.
            #expect(
                order.cumulativeQuantity + order.leavesQuantity + order.canceledQuantity == order.quantity,
                "ordered is split without rest")
            #expect(order.cumulativeQuantity >= 0 && order.leavesQuantity >= 0 && order.canceledQuantity >= 0)
            #expect(reserved == order.reservedQuantity, "the booked reservation follows the leaves")
        }
        return reserved
    }

    @Test("V14: news in any order and multiplicity make the same order", arguments: 0..<300)
    func newsCommute(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var news: [News] = [.answer(.accepted), .report(.open, nil)]
        var filled: Int64 = 0
        for id in 0..<Int.random(in: 0...5, using: &random) {
            let quantity = Int64.random(in: 1...40, using: &random)
            filled += quantity
            news.append(.execution(id: id, quantity: quantity, price: Int64.random(in: 90...110, using: &random)))
        }
        switch Int.random(in: 0...3, using: &random) {
        case 0: news.append(.report(.canceled, min(filled, 100)))
        case 1: news.append(.report(.expired, min(filled, 100)))
        case 2: news.append(.report(.filled, nil))
        default: break
        }
        var clean = Self.order()
        _ = clean.handOver()
        _ = Self.apply(news, to: &clean)
        for _ in 0..<5 {
            var storm = news + news.filter { _ in Bool.random(using: &random) } + news
            storm.shuffle(using: &random)
            var shuffled = Self.order()
            _ = shuffled.handOver()
            _ = Self.apply(storm, to: &shuffled)
            #expect(shuffled.status == clean.status, "\(storm)")
            #expect(shuffled.cumulativeQuantity == clean.cumulativeQuantity)
            #expect(shuffled.overfilledQuantity == clean.overfilledQuantity)
            #expect(shuffled.executedValue == clean.executedValue)
            #expect(shuffled.canceledQuantity == clean.canceledQuantity)
        }
    }

    @Test("A lost reply is unknown, keeps its reservation, and is left by evidence only")
    func unknownKeepsReservation() {
        var order = Self.order()
        _ = order.handOver()
        let effect = order.apply(outcome: .unknown)
        #expect(order.status == .unknown)
        #expect(effect.reserved == 0 && effect.unknownOrders == 1)
        #expect(order.reservedQuantity == 100)
        _ = order.apply(lookup: .indeterminate)
        #expect(order.status == .unknown)
        let found = order.apply(lookup: .found)
        #expect(order.status == .working && found.unknownOrders == -1)
    }

    @Test("Proof of absence ends an unknown order as not sent, unless it has shown life")
    func absence() {
        var order = Self.order()
        _ = order.handOver()
        _ = order.apply(outcome: .unknown)
        let effect = order.apply(lookup: .provenAbsent)
        #expect(order.status == .notSent)
        #expect(effect.reserved == -100 && effect.liveOrders == -1)
        var alive = Self.order()
        _ = alive.handOver()
        _ = alive.apply(execution: 10, price: 5)
        _ = alive.apply(lookup: .provenAbsent)
        #expect(alive.status == .partiallyFilled)
    }

    @Test("V12: a fill after the end moves canceled quantity back and is an anomaly")
    func lateFill() {
        var order = Self.order()
        _ = order.handOver()
        _ = order.apply(outcome: .accepted)
        _ = order.apply(reported: .canceled, cumulative: 0)
        #expect(order.status == .canceled && order.canceledQuantity == 100)
        let effect = order.apply(execution: 30, price: 5)
        #expect(effect.isAnomaly)
        #expect(order.status == .canceled)
        #expect(order.cumulativeQuantity == 30 && order.canceledQuantity == 70)
    }

    @Test("An end that names more executed waits for it, until the gap is closed")
    func gap() {
        var order = Self.order()
        _ = order.handOver()
        _ = order.apply(outcome: .accepted)
        _ = order.apply(reported: .canceled, cumulative: 40)
        #expect(order.waitsForExecutions && order.leavesQuantity == 100)
        var other = order
        _ = order.apply(execution: 40, price: 5)
        #expect(order.status == .canceled && order.canceledQuantity == 60)
        let closed = other.closeGap()
        #expect(other.status == .canceled && other.cumulativeQuantity == 0 && closed.isAnomaly)
    }

    @Test("More executed than ordered stands in a field of its own")
    func overfill() {
        var order = Self.order()
        _ = order.handOver()
        _ = order.apply(execution: 90, price: 10)
        let effect = order.apply(execution: 30, price: 20)
        #expect(order.status == .filled && order.cumulativeQuantity == 100 && order.overfilledQuantity == 20)
        #expect(order.executedValue == 1500 && effect.isAnomaly)
    }

    @Test("A pending replace reserves the larger of old and new; its refusal gives the rest back")
    func replace() {
        var order = Self.order()
        _ = order.handOver()
        _ = order.apply(outcome: .accepted)
        let wanted = Order.Replacement(clientSequence: 9, quantity: 150, limitPrice: 0, stopPrice: 0)
        #expect(order.requestReplace(wanted).reserved == 50)
        #expect(order.status == .pendingReplace)
        var refused = order
        #expect(refused.apply(replaceOutcome: .rejected).reserved == -50)
        #expect(order.apply(replaceOutcome: .unknown).reserved == 0)
        #expect(order.apply(replaceOutcome: .accepted).reserved == 0)
        #expect(order.quantity == 150 && order.clientSequence == 9)
    }

    @Test("What was not handed over is withdrawn; what shows life is not")
    func withdraw() {
        var order = Self.order()
        #expect(order.cancelLocally().reserved == -100)
        #expect(order.status == .canceledLocally)
        var alive = Self.order()
        _ = alive.handOver()
        _ = alive.apply(outcome: .accepted)
        _ = alive.cancelLocally()
        #expect(alive.status == .working)
    }

    @Test(
        "What was said while an order's fate was open goes with the evidence, whichever came first (V14)",
        arguments: [false, true], 0..<3)
    func openError(isLate: Bool, evidence: Int) throws {
        var fixture = EngineFixture()
        let run = try fixture.admit(fixture.parent(.buy, 10, account: 0)).id
        func lose() {
            fixture.engine.apply(
                .orderAnswered(
                    OrderAnswer(
                        run: run, order: 0, outcome: .unknown, brokerOrderID: nil, exchangeOrderID: nil,
                        error: AdapterError(code: .timeout, text: "no reply"), adapterState: [],
                        dispatchedAt: fixture.now, writtenAt: nil, firstByteAt: nil, answeredAt: fixture.now)))
        }
        if !isLate {
            lose()
            #expect(fixture.engine.runs[run]?.orders[0].error?.text == "no reply")
        }
        switch evidence {
        case 0: try fixture.fill(run, quantity: 10, execution: "E1")
        case 1: fixture.engine.apply(.orderReported(run: run, order: 0, report: .state(.open, at: fixture.now)))
        default: fixture.answer(run)
        }
        if isLate { lose() }
        let order = try #require(fixture.engine.runs[run]?.orders[0])
        #expect(order.error == nil && order.status != .unknown)
    }
}
