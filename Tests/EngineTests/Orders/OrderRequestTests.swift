import Domain
import Testing

@testable import Engine

/// Cancels and modifies: what becomes of a request whose answer is a refusal, a proof of not sending, or nothing.
@Suite("Requests for one order")
struct OrderRequestTests {
    static func working(_ quantity: Int64 = 100) -> Order {
        var order = OrderTests.order(quantity)
        _ = order.handOver()
        _ = order.apply(outcome: .accepted)
        return order
    }

    @Test(
        "A cancel stays wanted whatever became of it, until the order has ended",
        arguments: [MutationOutcome.accepted, .rejected, .notSent, .unknown])
    func cancelStays(outcome: MutationOutcome) {
        var order = Self.working()
        _ = order.requestCancel()
        _ = order.apply(cancelOutcome: outcome, isForGood: false)
        #expect(order.status == .pendingCancel && order.isCancelWanted)
        _ = order.apply(lookup: .found)
        #expect(order.status == .pendingCancel, "found alive is no answer to a cancel")
        _ = order.apply(reported: .open, cumulative: 0)
        #expect(order.isCancelWanted)
        _ = order.apply(reported: .canceled, cumulative: 0)
        #expect(order.status == .canceled && !order.isCancelWanted)
    }

    @Test("A cancel that is refused for good is not wanted any more; one that was accepted cannot be refused so")
    func cancelRefused() {
        var order = Self.working()
        _ = order.requestCancel()
        _ = order.apply(cancelOutcome: .accepted, isForGood: true)
        #expect(order.isCancelWanted)
        _ = order.apply(cancelOutcome: .rejected, isForGood: true)
        #expect(order.status == .working && !order.isCancelWanted)
        #expect(AdapterErrorCode.alreadyFinal.endsCancel && !AdapterErrorCode.rateLimited.endsCancel)
        #expect(!AdapterErrorCode.notFound.endsCancel, "an order that does not show yet may show later")
    }

    @Test("A cancel of an order whose fate is open is kept through the look-up that finds it")
    func cancelOfUnknown() {
        var order = OrderTests.order()
        _ = order.handOver()
        _ = order.requestCancel()
        _ = order.apply(outcome: .unknown)
        _ = order.apply(cancelOutcome: .rejected, isForGood: false)
        #expect(order.status == .unknown && order.isCancelWanted)
        _ = order.apply(lookup: .found)
        #expect(order.status == .pendingCancel && order.isCancelWanted)
    }

    @Test("Found terms settle a modify: the new ones take its id and reservation, the old ones give the rest back")
    func foundTerms() {
        var order = Self.working()
        let wanted = Order.Replacement(clientSequence: 9, quantity: 150, limitPrice: 7, stopPrice: 0)
        _ = order.requestReplace(wanted)
        _ = order.apply(replaceOutcome: .unknown)
        #expect(order.status == .pendingReplace && order.reservedQuantity == 150)
        var old = order
        #expect(old.apply(found: old.terms).reserved == -50)
        #expect(old.status == .working && old.clientSequence == 1 && old.quantity == 100)
        let terms = order.wantedTerms
        #expect(order.apply(found: wanted.terms).reserved == 0)
        #expect(order.status == .working && order.clientSequence == 9 && order.terms == terms)
    }

    @Test("Terms that somebody made elsewhere are taken over under the id of before")
    func termsFromElsewhere() {
        var order = Self.working()
        _ = order.requestReplace(
            Order.Replacement(clientSequence: 9, quantity: 150, limitPrice: 7, stopPrice: 0))
        let effect = order.apply(found: Order.Terms(quantity: 60, limitPrice: 3, stopPrice: 0))
        #expect(order.quantity == 60 && order.clientSequence == 1 && order.reservedQuantity == 60)
        #expect(effect.reserved == 60 - 150)
        let none = order.apply(found: Order.Terms(quantity: 0, limitPrice: 0, stopPrice: 0))
        #expect(!none.changed && order.quantity == 60, "an order of nothing is no order")
    }

    @Test("A person's word ends an order and frees its reservation", arguments: Resolution.Outcome.allCases.prefix(4))
    func resolved(outcome: Resolution.Outcome) {
        var order = OrderTests.order()
        _ = order.handOver()
        _ = order.apply(outcome: .unknown)
        if outcome == .filled { _ = order.apply(execution: 40, price: 5) }
        let left = order.reservedQuantity
        #expect(order.apply(outcome).reserved == -left)
        switch outcome {
        case .filled:
            #expect(order.status == .canceled && order.cumulativeQuantity == 40 && order.canceledQuantity == 60)
        case .canceled: #expect(order.status == .canceled)
        case .rejected: #expect(order.status == .rejected)
        default: #expect(order.status == .notSent)
        }
        var late = order
        #expect(late.apply(execution: 10, price: 5).isAnomaly, "what comes after a person's word is told")
    }

    @Test("An order that the broker once acknowledged and now never had is canceled, not unsent")
    func absentAfterAcknowledgement() {
        var order = Self.working()
        _ = order.apply(lookup: .provenAbsent)
        #expect(order.status == .working)
        _ = order.apply(Resolution.Outcome.absent)
        #expect(order.status == .canceled && order.reservedQuantity == 0)
    }

    @Test("The broker's count of an adopted order is taken without what was executed before")
    func adoptedCounts() {
        var order = OrderTests.order(70)
        _ = order.adopt(executedBefore: 30)
        #expect(order.status == .working && order.isAtBroker && !order.isWaiting)
        _ = order.apply(execution: 10, price: 5)
        _ = order.apply(reported: .canceled, cumulative: 40)
        #expect(order.status == .canceled && order.cumulativeQuantity == 10 && order.canceledQuantity == 60)
    }
}
