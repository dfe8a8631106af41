import AdapterKit
import Exact
import Testing

@testable import Paper

@Suite("Modify and cancel")
struct ModifyCancelTests {
    private func desk(_ settings: Settings = Settings()) throws -> Desk {
        var desk = Desk(settings)
        try desk.quote(bid: "98", ask: "102")
        return desk
    }

    @Test("A cancel ends the order and frees what it blocked")
    func cancelFrees() throws {
        var desk = try desk()
        let before = desk.broker.ledger.available
        let number = try desk.submit(.buy, 10, .limit, price: "100")
        #expect(desk.broker.ledger.available < before)
        try desk.cancel(number)
        #expect(try desk.state(number) == .canceled)
        #expect(desk.broker.ledger.available == before)
        try desk.quote(bid: "90", ask: "95")
        #expect(try desk.fills(number) == [])
    }

    @Test("Cancel and modify lose the race against a fill and against a cancel, and tell an unknown order")
    func races() throws {
        var desk = try desk()
        let filled = try desk.submit(.buy, 10)
        let canceled = try desk.submit(.buy, 10, .limit, price: "100")
        try desk.cancel(canceled)
        for number in [filled, canceled] {
            #expect(refusal { try desk.cancel(number) }?.code == .alreadyFinal)
            #expect(refusal { try desk.modify(number, quantity: 20) }?.code == .alreadyFinal)
        }
        #expect(refusal { try desk.cancel(OrderNumber(99)) }?.code == .notFound)
        #expect(refusal { try desk.modify(OrderNumber(99), quantity: 20) }?.code == .notFound)
    }

    @Test("A cancel after a partial fill keeps the fill")
    func cancelPartiallyFilled() throws {
        var desk = try desk()
        try desk.quote(bid: "98", ask: "102", askSize: 4)
        let number = try desk.submit(.buy, 10)
        try desk.cancel(number)
        #expect(try desk.state(number) == .canceled)
        #expect(try desk.order(number).cumulativeQuantity == 4)
        #expect(try desk.bucket().quantity == 4)
        #expect(try desk.bucket().openBuy == 0)
    }

    @Test("A modify that becomes marketable fills at once")
    func modifyFills() throws {
        var desk = try desk()
        let number = try desk.submit(.buy, 10, .limit, price: "100")
        try desk.modify(number, price: "102.5")
        #expect(try desk.fills(number) == ["10@102"])
    }

    @Test("A new price or a larger quantity loses the place in time, a smaller quantity keeps it")
    func timePriority() throws {
        func winner(_ change: (inout Desk, OrderNumber) throws -> Void) throws -> Bool {
            var desk = try desk()
            let first = try desk.submit(.buy, 10, .limit, price: "100")
            let second = try desk.submit(.buy, 10, .limit, price: "100")
            try change(&desk, first)
            try desk.quote(bid: "98", ask: "100", askSize: 5)
            let isFirst = try desk.fills(first) == ["5@100"]
            #expect(try desk.fills(isFirst ? second : first) == [])
            return isFirst
        }
        #expect(try winner { _, _ in })
        #expect(try winner { desk, number in try desk.modify(number, quantity: 8) })
        #expect(try !winner { desk, number in try desk.modify(number, quantity: 12) })
        #expect(
            try !winner { desk, number in
                try desk.modify(number, price: "99")
                try desk.modify(number, price: "100")
            })
    }

    @Test("A total at or below what is executed is refused, and nothing changes")
    func belowExecuted() throws {
        var desk = try desk()
        try desk.quote(bid: "98", ask: "102", askSize: 4)
        let number = try desk.submit(.buy, 10)
        for total: Number in [3, 4] {
            let error = refusal { try desk.modify(number, quantity: total) }
            #expect(error?.code == .quantityRule)
            #expect(error?.brokerCode == "BELOW_EXECUTED")
        }
        try desk.modify(number, quantity: 5)
        #expect(try desk.order(number).leavesQuantity == 1)
    }

    @Test("A modify of what the order does not have is refused")
    func wrongFields() throws {
        var desk = try desk()
        try desk.quote(bid: "98", ask: "102", askSize: 1)
        let market = try desk.submit(.buy, 10)
        let limit = try desk.submit(.buy, 10, .limit, price: "100")
        #expect(refusal { try desk.modify(market, price: "100") }?.field == "price")
        #expect(refusal { try desk.modify(limit, trigger: "100") }?.field == "trigger_price")
        #expect(refusal { try desk.modify(limit, price: "100.01") }?.field == "price")
        #expect(refusal { try desk.modify(limit, quantity: "10.5") }?.field == "quantity")
        #expect(try desk.order(limit).price == 10_000)
    }

    @Test("A modify beyond the funds is refused and the order stays as it was")
    func modifyBeyondFunds() throws {
        var desk = try desk()
        let number = try desk.submit(.buy, 10, .limit, price: "100")
        let before = try desk.order(number)
        let used = desk.broker.ledger.usedTotal
        #expect(refusal { try desk.modify(number, quantity: 1_000_000) }?.code == .funds)
        #expect(try desk.order(number) == before)
        #expect(desk.broker.ledger.usedTotal == used)
    }

    @Test("After a modify the order is found by both references; a used one is a duplicate")
    func references() throws {
        var desk = try desk()
        let number = try desk.submit(.buy, 10, .limit, price: "100", reference: "old")
        try desk.modify(number, quantity: 5, reference: "new")
        #expect(desk.broker.find(brokerOrderID: nil, reference: ClientReference("old")) == number)
        #expect(desk.broker.find(brokerOrderID: number.text, reference: ClientReference("new")) == number)
        #expect(try desk.order(number).reference == ClientReference("new"))
        let again = refusal { try desk.submit(.buy, 1, reference: "old") }
        #expect(again?.code == .duplicate)
        #expect(again?.certainty == .unknown)
        #expect(refusal { try desk.modify(number, quantity: 4, reference: "new") }?.code == .duplicate)
    }

    @Test("A stop may be modified until it is triggered")
    func modifyStop() throws {
        var desk = try desk()
        let stop = try desk.submit(.buy, 10, .stopLimit, price: "110", trigger: "105")
        try desk.modify(stop, price: "111", trigger: "106")
        try desk.quote(last: "105", bid: "104", ask: "112")
        #expect(try desk.state(stop) == .triggerPending)
        try desk.quote(last: "106", bid: "104", ask: "112")
        #expect(try desk.state(stop) == .open)
        #expect(refusal { try desk.modify(stop, trigger: "107") }?.field == "trigger_price")
        try desk.modify(stop, price: "112")
        #expect(try desk.fills(stop) == ["10@112"])
    }

    @Test("A resting limit that becomes a market order fills at once, and gives back what its price blocked")
    func limitToMarket() throws {
        var desk = try desk()
        try desk.quote(last: "100", bid: "99", ask: "101")
        let number = try desk.submit(.buy, 10, .limit, price: "98")
        try desk.modify(number, type: .market)
        #expect(try desk.fills(number) == ["10@101"])
        #expect(try desk.state(number) == .filled)
        #expect(try desk.order(number).price == 0)
    }

    @Test("A market order that waits for size becomes a limit, which needs a price and blocks by it")
    func marketToLimit() throws {
        var desk = try desk()
        try desk.quote(bid: "98", ask: "102", askSize: 1)
        let number = try desk.submit(.buy, 10)
        #expect(refusal { try desk.modify(number, type: .limit) }?.field == "price")
        try desk.modify(number, price: "100", type: .limit)
        #expect(try desk.order(number).blockPrice == 10_000 && desk.state(number) == .partiallyFilled)
        try desk.quote(bid: "98", ask: "100", askSize: 100)
        #expect(try desk.fills(number) == ["1@102", "9@100"])
    }

    @Test("A limit that becomes a stop waits for its trigger; a stop that becomes a limit waits no longer")
    func stops() throws {
        var desk = try desk()
        try desk.quote(last: "100", bid: "99", ask: "101")
        let number = try desk.submit(.buy, 10, .limit, price: "98")
        #expect(refusal { try desk.modify(number, type: .stopLimit) }?.field == "trigger_price")
        try desk.modify(number, price: "106", trigger: "105", type: .stopLimit)
        #expect(try desk.state(number) == .triggerPending)
        try desk.modify(number, type: .stop)
        #expect(try desk.order(number).price == 0 && desk.order(number).triggerPrice == 10_500)
        try desk.modify(number, price: "101", type: .limit)
        #expect(try desk.fills(number) == ["10@101"])
        #expect(try desk.order(number).triggerPrice == 0)
    }

    @Test("A resting order that becomes IOC takes what there is and ends; a stop becomes none, and nothing becomes GTD")
    func validity() throws {
        var desk = try desk()
        try desk.quote(last: "100", bid: "99", ask: "101", askSize: 4)
        let number = try desk.submit(.buy, 10, .limit, price: "98")
        #expect(refusal { try desk.modify(number, timeInForce: .goodTillDate) }?.field == "time_in_force")
        try desk.modify(number, timeInForce: .goodTillCancel)
        #expect(try desk.order(number).expiresAt == nil)
        try desk.modify(number, timeInForce: .day)
        #expect(try desk.order(number).expiresAt != nil)
        try desk.modify(number, price: "101", timeInForce: .immediateOrCancel)
        #expect(try desk.fills(number) == ["4@101"])
        #expect(try desk.state(number) == .canceled)
        let stop = try desk.submit(.buy, 10, .stop, trigger: "105")
        #expect(refusal { try desk.modify(stop, timeInForce: .immediateOrCancel) }?.field == "time_in_force")
        let limit = try desk.submit(.buy, 10, .limit, price: "98")
        try desk.modify(limit, timeInForce: .goodTillCancel)
        #expect(
            refusal { try desk.modify(limit, trigger: "105", type: .stop, timeInForce: .fillOrKill) }?.field
                == "time_in_force")
        #expect(try desk.order(limit).orderType == .limit)
    }

    @Test("Cancel-all takes the working orders of an instrument, or all of them")
    func cancelAll() throws {
        var desk = try desk()
        let share = try desk.submit(.buy, 10, .limit, price: "100")
        let coin = try desk.submit(.buy, 1, .limit, price: "100", on: Desk.coin)
        let stop = try desk.submit(.buy, 10, .stop, trigger: "105")
        desk.broker.cancelAll(instrument: desk.broker.instruments[Desk.coin.id], at: desk.now)
        #expect(try desk.state(coin) == .canceled)
        #expect(try desk.state(share) == .open)
        desk.broker.cancelAll(instrument: nil, at: desk.now)
        #expect(try desk.state(share) == .canceled)
        #expect(try desk.state(stop) == .canceled)
        #expect(desk.broker.workingCount == 0)
    }
}
