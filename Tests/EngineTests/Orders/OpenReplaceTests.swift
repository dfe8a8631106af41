import Domain
import Testing

@testable import Engine

/// A modify whose answer was lost may have been taken: the order counts for the larger of old and new until that is known.
@Suite("Modifies whose outcome is open")
struct OpenReplaceTests {
    private static func order(_ quantity: Int64, modifiedTo wanted: Int64) -> Order {
        var order = OrderTests.order(quantity)
        _ = order.handOver()
        _ = order.apply(outcome: .accepted)
        _ = order.requestReplace(
            Order.Replacement(clientSequence: 2, quantity: wanted, limitPrice: 0, stopPrice: 0))
        _ = order.apply(replaceOutcome: .unknown)
        return order
    }

    @Test("V4: filled to the old quantity, the rest of the new one stays reserved") func staysLive() {
        var order = Self.order(5, modifiedTo: 8)
        _ = order.apply(execution: 5, price: 100)
        #expect(order.status == .partiallyFilled || order.status == .pendingReplace)
        #expect(order.reservedQuantity == 3)
        _ = order.apply(replaceOutcome: .rejected)
        #expect(order.status == .filled && order.reservedQuantity == 0)
    }

    @Test("An end that the broker reports ends it, whatever became of the modify") func ends() {
        var order = Self.order(5, modifiedTo: 8)
        _ = order.apply(execution: 5, price: 100)
        _ = order.apply(reported: .filled, cumulative: 5)
        #expect(order.status == .filled && order.reservedQuantity == 0)
    }

    @Test("V12: filled without a figure waits for what the modify may have added, and stays an end once it is one")
    func filledWithoutFigure() {
        var order = Self.order(5, modifiedTo: 8)
        _ = order.apply(reported: .filled, cumulative: nil)
        _ = order.apply(execution: 5, price: 100)
        var refused = order
        #expect(!order.status.isTerminal && order.reservedQuantity == 3)
        _ = order.apply(execution: 1, price: 100)
        #expect(!order.status.isTerminal)
        _ = order.apply(execution: 2, price: 100)
        #expect(order.status == .filled && order.quantity == 8)
        _ = refused.apply(replaceOutcome: .rejected)
        #expect(refused.status == .filled && refused.reservedQuantity == 0)
    }

    @Test("V12, V14: of two words that it is filled, the one with a figure counts, whichever came first")
    func figureCounts() {
        var (first, second) = (Self.order(5, modifiedTo: 8), Self.order(5, modifiedTo: 8))
        _ = first.apply(execution: 5, price: 100)
        _ = first.apply(reported: .filled, cumulative: 5)
        let effect = first.apply(reported: .filled, cumulative: nil)
        #expect(first.status == .filled && !effect.changed && !effect.isAnomaly)
        _ = second.apply(execution: 5, price: 100)
        _ = second.apply(reported: .filled, cumulative: nil)
        #expect(!second.status.isTerminal && second.promisedQuantity == 8)
        _ = second.apply(reported: .filled, cumulative: 5)
        #expect(second == first)
    }

    @Test("More executed than the old quantity says that the modify was taken: no overfill") func isTaken() {
        var order = Self.order(5, modifiedTo: 8)
        let effect = order.apply(execution: 7, price: 100)
        #expect(order.quantity == 8 && order.clientSequence == 2 && order.replacement == nil)
        #expect(order.overfilledQuantity == 0 && !effect.isAnomaly)
        #expect(order.status == .partiallyFilled && order.reservedQuantity == 1)
        _ = order.apply(replaceOutcome: .accepted)
        #expect(order.quantity == 8, "the late answer says nothing new")
    }

    @Test("V14: a lost reply and an end that waits for executions make the same order in either order") func lostReply()
    {
        var (first, second) = (OrderTests.order(5), OrderTests.order(5))
        _ = first.handOver()
        _ = second.handOver()
        _ = first.apply(outcome: .unknown)
        _ = first.apply(reported: .canceled, cumulative: 2)
        _ = second.apply(reported: .canceled, cumulative: 2)
        _ = second.apply(outcome: .unknown)
        #expect(first == second && first.waitsForExecutions && first.status != .unknown)
    }

    @Test("A cancel that is open does not hide that an order may still lie in its lane's queue") func unanswered() {
        var order = OrderTests.order(5)
        #expect(!order.isUnanswered)
        _ = order.handOver()
        _ = order.requestCancel()
        #expect(order.status == .pendingCancel && order.isUnanswered)
        _ = order.apply(outcome: .accepted)
        #expect(!order.isUnanswered)
    }
}
