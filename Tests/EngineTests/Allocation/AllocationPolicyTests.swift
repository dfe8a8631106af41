import Domain
import Testing

@testable import Engine

@Suite("Allocation: policies")
struct AllocationPolicyTests {
    private func order(
        _ policy: AllocationPolicy, lots: Int64? = nil, lotSize: Int64 = 1, side: AllocationSide? = .buy,
        closing: Bool = false, partial: Bool = false
    ) -> AllocationRequest {
        AllocationRequest(
            policy: policy, quantity: lots.map { .lots($0) }, lotSize: lotSize, side: side, carry: .off,
            allowsPartialAllocation: partial, isClosing: closing)
    }

    @Test("Nine policies, each with its own name and number")
    func names() {
        let names = [
            "proportional", "net_liquidation", "available_margin", "weighted", "equal", "equal_position", "fixed",
            "percent_change", "risk_unit",
        ]
        #expect(AllocationPolicy.allCases.map(\.name) == names)
        #expect(AllocationPolicy.allCases.map(\.rawValue) == Array(1...9))
        for name in names { #expect(AllocationPolicy(rawName: name)?.name == name) }
        for other in ["", "Fixed", "riskUnit", "weighted "] { #expect(AllocationPolicy(rawName: other) == nil) }
        #expect(["off", "on", "auto"].map { CarryMode(rawName: $0) } == [.off, .on, .auto])
        #expect(CarryMode(rawName: "ON") == nil)
    }

    @Test("A negative value counts as zero where a broker reports it, and is refused where an operator wrote it")
    func negativeWeights() throws {
        for policy in [AllocationPolicy.netLiquidation, .availableMargin] {
            let allocation = try divide(.buying(4, policy), .weights(-100, 1, 1))
            #expect(allocation.lots == [0, 2, 2])
            #expect(allocation.weights == [0, 1, 1])
        }
        for policy in [AllocationPolicy.proportional, .weighted] {
            let expected = AllocationError.negativeWeight(memberIndex: 1, weight: -2, policy: policy)
            #expect(refusal(.buying(4, policy), .weights(1, -2)) == expected)
        }
    }

    @Test("Levelling positions fills the lowest first when buying and sells the highest first")
    func equalPosition() throws {
        let members: [AllocationMember] = .positions(10, 0, 4)
        #expect(try divide(order(.equalPosition, lots: 3), members).lots == [0, 3, 0])
        #expect(try divide(order(.equalPosition, lots: 16), members).lots == [0, 10, 6])
        #expect(try divide(order(.equalPosition, lots: 19), members).lots == [1, 11, 7])
        #expect(try divide(order(.equalPosition, lots: 5, side: .sell), members).lots == [5, 0, 0])
        #expect(try divide(order(.equalPosition, lots: 2, lotSize: 75), .positions(-75, 0, 75)).lots == [2, 0, 0])
    }

    @Test("Under percent change each account's own position decides size and side; fractions of a per cent are exact")
    func percentChange() throws {
        var request = order(.percentChange, lotSize: 1, side: nil)
        request.percent = AllocationPercent(numerator: 12_345, denominator: 1_000)
        let increase = try divide(request, .positions(100_000, -100_000, 8, 0))
        #expect(increase.lots == [12_345, 12_345, 0, 0])
        #expect(increase.side(at: 0) == .buy && increase.side(at: 1) == .sell)
        #expect(increase.weights == [100_000, 100_000, 8, 0])

        request.percent = AllocationPercent(numerator: -100)
        request.lotSize = 75
        let close = try divide(request, .positions(160, -75))
        #expect(close.lots == [2, 1])
        #expect(close.side(at: 0) == .sell && close.side(at: 1) == .buy)
        #expect(close.oddUnits == 10)
        request.isClosing = true
        #expect(try divide(request, .positions(160, -75)).lots == [2, 1])
    }

    @Test("A decrease never turns a position over, at any percentage", arguments: 0..<150)
    func decreaseNeverFlips(seed: UInt64) throws {
        var random = AllocationRandom(seed: seed)
        var request = order(.percentChange, lotSize: random.number(1...100), side: nil)
        let denominator = random.number(1...1_000)
        request.percent = AllocationPercent(
            numerator: -random.number(1...100 * denominator), denominator: denominator)
        let members = (0..<6).map { _ in AllocationMember(position: random.number(-10_000...10_000)) }
        guard refusal(request, members) == nil else { return }
        let allocation = try divide(request, members)
        for (index, member) in members.enumerated() {
            #expect(allocation.units(at: index) <= abs(member.position))
            if member.position != 0 { #expect((allocation.side(at: index) == .sell) == (member.position > 0)) }
        }
    }

    @Test("A risk unit buys as many lots as the budget pays for at the stop")
    func riskUnit() throws {
        var request = order(.riskUnit)
        request.riskPerLot = 3_000
        var members = [10_000, 3_000, 2_999, 0].map { AllocationMember(riskBudget: $0) }
        let allocation = try divide(request, members)
        #expect(allocation.lots == [3, 1, 0, 0])
        #expect(allocation.weights == [10_000, 3_000, 2_999, 0])

        members[0].maximumLots = 2
        let capped = try divide(request, members)
        #expect(capped.lots == [2, 1, 0, 0] && capped.unallocatedLots == 1 && capped.allocatedLots == 3)
        members[1].minimumLots = 2
        #expect(refusal(request, members) == .outsideBounds(memberIndex: 1, lots: 1, minimum: 2, maximum: .max))
        request.dropsBelowMinimum = true
        #expect(try divide(request, members).lots == [2, 0, 0, 0])
    }

    @Test("Fixed lots outside an account's bounds are refused, never changed")
    func fixedKeepsItsNumbers() {
        let above = [AllocationMember(maximumLots: 4, fixedLots: 5)]
        #expect(
            refusal(order(.fixed), above) == .outsideBounds(memberIndex: 0, lots: 5, minimum: 0, maximum: 4))
        let below = [AllocationMember(minimumLots: 2, fixedLots: 1)]
        #expect(
            refusal(order(.fixed), below) == .outsideBounds(memberIndex: 0, lots: 1, minimum: 2, maximum: .max))
    }

    @Test(
        "A closing order is shared by position, and no account is turned over or left with more",
        arguments: AllocationPolicy.allCases.filter(\.sharesQuantity), 0..<30 as Range<UInt64>)
    func closing(policy: AllocationPolicy, seed: UInt64) throws {
        var random = AllocationRandom(seed: seed)
        let lotSize = random.number(1...20)
        let side: AllocationSide = random.chance(50) ? .buy : .sell
        let members = (0..<random.number(1...10)).map { _ in
            AllocationMember(
                weight: random.number(0...9), minimumLots: 3, maximumLots: 4, position: random.number(-200...200))
        }
        let closable = members.map { max(0, -Int64(side.rawValue) * $0.position) }
        let capacity = closable.reduce(0) { $0 + $1 / lotSize }
        let request = order(policy, lots: max(1, capacity), lotSize: lotSize, side: side, closing: true)
        guard capacity > 0 else {
            #expect(refusal(request, members) == .infeasible(minimum: 0, maximum: 0, requested: 1))
            return
        }
        let all = try divide(request, members)
        #expect(all.lots == closable.map { $0 / lotSize })
        #expect(all.oddUnits == closable.reduce(0) { $0 + $1 % lotSize })
        #expect(all.weights == closable)

        var more = request
        more.quantity = .lots(capacity + 3)
        #expect(refusal(more, members) == .infeasible(minimum: 0, maximum: capacity, requested: capacity + 3))
        more.allowsPartialAllocation = true
        let partial = try divide(more, members)
        #expect(partial.lots == all.lots && partial.unallocatedLots == 3)

        var part = request
        part.quantity = .lots(random.number(1...capacity))
        let some = try divide(part, members)
        for index in members.indices { #expect(some.units(at: index) <= closable[index]) }
    }

    @Test("Fixed and risk-sized closing orders end at the position")
    func closingStatedLots() throws {
        let members = [
            AllocationMember(position: 25, fixedLots: 2, riskBudget: 20),
            AllocationMember(position: 12, fixedLots: 3, riskBudget: 30),
            AllocationMember(position: -50, fixedLots: 1, riskBudget: 10),
        ]
        var request = order(.fixed, lotSize: 10, side: .sell, closing: true)
        #expect(refusal(request, members) == .infeasible(minimum: 0, maximum: 3, requested: 6))
        request.allowsPartialAllocation = true
        let fixed = try divide(request, members)
        #expect(fixed.lots == [2, 1, 0] && fixed.unallocatedLots == 3 && fixed.oddUnits == 7)

        request = order(.riskUnit, lotSize: 10, side: .sell, closing: true)
        request.riskPerLot = 10
        #expect(try divide(request, members).lots == [2, 1, 0])
    }

    @Test("Bounds that take everything leave nothing to divide, and exactly the minimums are a valid order")
    func edgesOfFeasibility() throws {
        var members: [AllocationMember] = .weights(5, 0, 1)
        for index in members.indices { (members[index].minimumLots, members[index].maximumLots) = (2, 3) }
        #expect(try divide(.buying(6), members).lots == [2, 2, 2])
        #expect(try divide(.buying(8), members).lots == [3, 2, 3])
        #expect(refusal(.buying(5), members) == .infeasible(minimum: 6, maximum: 8, requested: 5))
        #expect(refusal(.buying(5, partial: true), members) == .infeasible(minimum: 6, maximum: 8, requested: 5))
        #expect(refusal(.buying(9), members) == .infeasible(minimum: 6, maximum: 8, requested: 9))
        #expect(try divide(.buying(9, partial: true), members).unallocatedLots == 1)
        for index in members.indices { members[index].weight = 0 }
        #expect(try divide(.buying(6), members).lots == [2, 2, 2])
        #expect(refusal(.buying(7), members) == .zeroWeights(policy: .proportional))
    }
}
