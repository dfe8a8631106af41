import AdapterKit
import Exact
import Testing

@testable import Paper

@Suite("Properties over random lives")
struct PropertyTests {
    @Test("No execution of a bar lies outside its range", arguments: UInt64(0)..<80)
    func candleRange(seed: UInt64) throws {
        var drill = Drill(seed: seed)
        for _ in 0..<150 {
            let before = drill.desk.broker.counters.execution
            drill.step()
            guard let bar = drill.bar, let index = drill.desk.broker.instruments[bar.terms.id] else { continue }
            let instrument = drill.desk.broker.books[index].instrument
            for order in drill.desk.broker.orders.values where order.instrument == index {
                for execution in order.executions where execution.number > before {
                    // Orders that the clock released before the bar met the market of before.
                    guard order.activeAt < drill.desk.now || order.activeAt == order.acceptedAt else { continue }
                    guard order.workingSince != order.activeAt || order.activeAt == order.acceptedAt else { continue }
                    let price = instrument.price(execution.price)
                    #expect(price >= ExactDecimal(mantissa: Int128(bar.low), exponent: -2) ?? 0)
                    #expect(price <= ExactDecimal(mantissa: Int128(bar.high), exponent: -2) ?? 0)
                }
            }
        }
    }

    @Test("No buy fills above its limit, no sell below, and no order beyond its quantity", arguments: UInt64(0)..<50)
    func limitsHold(seed: UInt64) {
        var drill = Drill(seed: seed)
        var seen: [UInt64: Bool] = [:]
        for _ in 0..<150 {
            drill.step()
            for order in drill.desk.broker.orders.values {
                #expect(order.cumulativeQuantity <= order.quantity)
                #expect(order.executions.reduce(0) { $0 + $1.quantity } == order.cumulativeQuantity)
                guard !order.takesAnyPrice else { continue }
                for execution in order.executions where seen[execution.number] == nil {
                    seen[execution.number] = true  // under the terms of now: later modifies do not count back
                    #expect(order.side == .buy ? execution.price <= order.price : execution.price >= order.price)
                }
            }
        }
    }

    /// What cash and positions must be, added up from nothing but the executions.
    private struct Audit {
        var flow = Money.zero
        var fees = Money.zero
        var quantities: [Int: Int64] = [:]
        var counted: Set<UInt64> = []

        mutating func add(_ broker: SimulatedBroker) {
            for order in broker.orders.values {
                let instrument = broker.books[order.instrument].instrument
                let sign: Int64 = order.side == .buy ? 1 : -1
                for execution in order.executions where counted.insert(execution.number).inserted {
                    let value = instrument.value(execution.quantity, at: execution.price) ?? .zero
                    flow = order.side == .buy ? flow - value : flow + value
                    fees += execution.fee
                    quantities[Ledger.index(order.instrument, order.product), default: 0] += sign * execution.quantity
                }
            }
        }
    }

    @Test("Cash, fees, positions and reservations add up after every step", arguments: UInt64(0)..<80)
    func conservation(seed: UInt64) {
        var drill = Drill(seed: seed)
        var audit = Audit()
        for _ in 0..<150 {
            drill.step()
            let broker = drill.desk.broker
            audit.add(broker)
            #expect(audit.counted.count == Int(broker.counters.execution))
            #expect(broker.ledger.fees == audit.fees)
            // Money that left cash for open positions on margin stays in their cost; results have reached cash.
            var outstanding = Money.zero
            for (index, bucket) in broker.ledger.buckets.enumerated() {
                #expect(bucket.quantity + bucket.heldQuantity == audit.quantities[index, default: 0])
                #expect(bucket.heldQuantity >= 0)
                if Ledger.product(at: index).isPaidInFull {
                    #expect(bucket.sellable >= 0)
                } else {
                    outstanding += bucket.cost
                }
            }
            #expect(broker.ledger.cash == broker.settings.startingCash + audit.flow + outstanding - audit.fees)
            checkReservations(broker)
        }
    }

    private func checkReservations(_ broker: SimulatedBroker) {
        var (buys, sells) = ([Int: Int64](), [Int: Int64]())
        var working = 0
        for order in broker.orders.values where order.isWorking {
            working += 1
            let index = Ledger.index(order.instrument, order.product)
            if order.side == .buy {
                buys[index, default: 0] += order.leavesQuantity
            } else {
                sells[index, default: 0] += order.leavesQuantity
            }
        }
        #expect(working == broker.workingCount)
        #expect(working <= broker.settings.mostWorkingOrders)
        var (used, unrealised) = (Money.zero, Money.zero)
        for (index, bucket) in broker.ledger.buckets.enumerated() {
            #expect(bucket.openBuy == buys[index, default: 0])
            #expect(bucket.openSell == sells[index, default: 0])
            if bucket.openBuy == 0 { #expect(bucket.openBuyValue == .zero) }
            if bucket.openSell == 0 { #expect(bucket.openSellValue == .zero) }
            #expect(bucket.used.atoms >= 0)
            used += bucket.used
            unrealised += bucket.unrealised
        }
        #expect(broker.ledger.usedTotal == used)
        #expect(broker.ledger.unrealisedTotal == unrealised)
    }

    @Test("Every working order stands in exactly one list, in order", arguments: UInt64(0)..<40)
    func listsAreWhole(seed: UInt64) {
        var drill = Drill(seed: seed)
        for _ in 0..<150 {
            drill.step()
            let broker = drill.desk.broker
            var listed: [OrderNumber] = []
            for book in broker.books {
                for place in Book.Place.allCases {
                    let entries = Array(book[place].inOrder)
                    for (left, right) in zip(entries, entries.dropFirst()) {
                        #expect(left.isReached(before: right))
                    }
                    for entry in entries {
                        listed.append(entry.number)
                        guard let order = broker.orders[entry.number] else {
                            Issue.record("\(entry.number) is listed and unknown")
                            continue
                        }
                        #expect(Book.place(of: order) == place)
                        #expect(Book.rank(of: order) == entry.rank)
                        #expect(order.sequence == entry.sequence)
                    }
                }
            }
            let working = broker.orders.values.filter { $0.isWorking && !$0.isDelayed }.map(\.number)
            #expect(listed.sorted() == working.sorted())
        }
    }

    @Test("The same life twice is the same, to the byte", arguments: UInt64(0)..<30)
    func determinism(seed: UInt64) {
        var (first, second) = (Drill(seed: seed), Drill(seed: seed))
        for _ in 0..<150 {
            first.step()
            second.step()
        }
        #expect(first.desk.memory == second.desk.memory)
        #expect(first.desk.broker.orders == second.desk.broker.orders)
        #expect(first.desk.broker.ledger == second.desk.broker.ledger)
    }
}
