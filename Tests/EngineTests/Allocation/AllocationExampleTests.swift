import Domain
import Testing

@testable import Engine

/// The worked examples of RISK.md §5.2, by their names there, and those of its policy table.
@Suite("Allocation: worked examples")
struct AllocationExampleTests {
    @Test("A1 proportional: capital 25, 50, 100 and 10 lots give 1, 3, 6")
    func proportional() throws {
        let allocation = try divide(.buying(10), .weights(25, 50, 100))
        #expect(allocation.lots == [1, 3, 6])
        #expect(allocation.weights == [25, 50, 100])
        #expect(allocation.allocatedLots == 10 && allocation.unallocatedLots == 0)
    }

    @Test("A2 net liquidation: 25k, 50k, 100k and 7 lots give 1, 2, 4; 700 give 100, 200, 400")
    func netLiquidation() throws {
        let members: [AllocationMember] = .weights(2_500_000, 5_000_000, 10_000_000)
        #expect(try divide(.buying(7, .netLiquidation), members).lots == [1, 2, 4])
        #expect(try divide(.buying(700, .netLiquidation), members).lots == [100, 200, 400])
    }

    @Test("A3 equal: 400 lots over 6 accounts give 67 four times and 66 twice")
    func equal() throws {
        let members = [AllocationMember](repeating: AllocationMember(), count: 6)
        #expect(try divide(.buying(400, .equal), members).lots == [67, 67, 67, 67, 66, 66])
    }

    @Test("A4 weighted 3:2:2 with carry: seven orders of 5 lots end at the exact totals")
    func weightedWithCarry() throws {
        let expected: [[Int64]] = [
            [2, 2, 1], [2, 1, 2], [3, 1, 1], [2, 2, 1], [2, 1, 2], [2, 2, 1], [2, 1, 2],
        ]
        var carry: [Int64] = []
        var totals: [Int64] = [0, 0, 0]
        for lots in expected {
            let allocation = try divide(.buying(5, .weighted, carry: .on), .weights(3, 2, 2), carry: carry)
            #expect(allocation.lots == lots)
            #expect(allocation.isCarrying && !allocation.carryAlert)
            carry = allocation.carry
            for index in totals.indices { totals[index] += allocation.lots[index] }
        }
        #expect(totals == [15, 10, 10])
        #expect(carry.allSatisfy { abs($0) <= 7 })
    }

    @Test("A5 single lots at 50:30:20: carry shares ten of them out, rounding alone gives all to the first")
    func singleLots() throws {
        var carry: [Int64] = []
        var sequence = ""
        for _ in 0..<10 {
            let allocation = try divide(.buying(1, .weighted, carry: .on), .weights(50, 30, 20), carry: carry)
            carry = allocation.carry
            sequence += allocation.lots == [1, 0, 0] ? "A" : allocation.lots == [0, 1, 0] ? "B" : "C"
            #expect(allocation.lots.reduce(0, +) == 1)
        }
        #expect(sequence == "ABCAABACBA")
        #expect(try divide(.buying(1, .weighted), .weights(50, 30, 20)).lots == [1, 0, 0])
    }

    @Test("A6 a maximum sends its excess to the others: 1:2:4, 10 lots, at most 4 for the third give 2, 4, 4")
    func maximum() throws {
        var members: [AllocationMember] = .weights(1, 2, 4)
        for (index, lots) in [10, 10, 4].enumerated() { members[index].maximumLots = Int64(lots) }
        #expect(try divide(.buying(10), members).lots == [2, 4, 4])
    }

    @Test("A7 a minimum is paid by the others: 1:2:7, 10 lots, at least 2 for the first give 2, 2, 6")
    func minimum() throws {
        var members: [AllocationMember] = .weights(1, 2, 7)
        members[0].minimumLots = 2
        #expect(try divide(.buying(10), members).lots == [2, 2, 6])
    }

    @Test("A8 more than the maximums take is refused, or cut to them when partial allocation is allowed")
    func infeasible() throws {
        var members: [AllocationMember] = .weights(1, 2, 4)
        for (index, lots) in [3, 3, 4].enumerated() { members[index].maximumLots = Int64(lots) }
        #expect(refusal(.buying(20), members) == .infeasible(minimum: 0, maximum: 10, requested: 20))
        let partial = try divide(.buying(20, partial: true), members)
        #expect(partial.lots == [3, 3, 4])
        #expect(partial.allocatedLots == 10 && partial.unallocatedLots == 10)
    }

    @Test("A9 minus 50 % of +300, -150, +80 in lots of 75: sell 150, buy 75, nothing")
    func percentChange() throws {
        let request = AllocationRequest(
            policy: .percentChange, lotSize: 75, percent: AllocationPercent(numerator: -50), carry: .off)
        let allocation = try divide(request, .positions(300, -150, 80))
        #expect((0..<3).map(allocation.units(at:)) == [150, 75, 0])
        #expect((0..<2).map(allocation.side(at:)) == [.sell, .buy])
        #expect(allocation.oddUnits == 5)
    }

    @Test("A10 fixed lots 2, 5, 1 refuse a parent of 9 lots, in lots or units, and take one of 8 or none")
    func fixed() throws {
        let members = [2, 5, 1].map { AllocationMember(fixedLots: $0) }
        var request = AllocationRequest(policy: .fixed, quantity: .lots(9), lotSize: 10, side: .buy, carry: .off)
        #expect(refusal(request, members) == .fixedSumMismatch(expected: 8, given: 9))
        request.quantity = .units(90)
        #expect(refusal(request, members) == .fixedSumMismatch(expected: 8, given: 9))
        request.quantity = .units(80)
        #expect(try divide(request, members).lots == [2, 5, 1])
        request.quantity = nil
        #expect(try divide(request, members).lots == [2, 5, 1])
        request.multiplier = 3
        #expect(try divide(request, members).lots == [6, 15, 3])
    }
}
