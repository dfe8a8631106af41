import Domain
import Testing

@testable import Engine

@Suite("Allocation: refusals")
struct AllocationErrorTests {
    private let one: [AllocationMember] = .weights(1)

    @Test("Every policy refuses what it lacks and what it cannot use", arguments: AllocationPolicy.allCases)
    func parameters(policy: AllocationPolicy) {
        var request = AllocationRequest(policy: policy, lotSize: 1, carry: .off)
        if policy.sharesQuantity {
            #expect(refusal(request, one) == .missing(.quantity, policy: policy))
            request.quantity = .lots(1)
        } else if policy != .fixed {
            var extra = request
            extra.quantity = .lots(1)
            #expect(refusal(extra, one) == .unexpected(.quantity, policy: policy))
        }
        if policy == .percentChange {
            #expect(refusal(request, one) == .missing(.percent, policy: policy))
            request.percent = AllocationPercent(numerator: 1)
            request.side = .buy
            #expect(refusal(request, one) == .unexpected(.side, policy: policy))
            request.side = nil
        } else {
            #expect(refusal(request, one) == .missing(.side, policy: policy))
            request.side = .buy
            var extra = request
            extra.percent = AllocationPercent(numerator: 1)
            #expect(refusal(extra, one) == .unexpected(.percent, policy: policy))
        }
        if policy == .riskUnit {
            #expect(refusal(request, one) == .missing(.riskPerLot, policy: policy))
            request.riskPerLot = 1
        } else {
            var extra = request
            extra.riskPerLot = 1
            #expect(refusal(extra, one) == .unexpected(.riskPerLot, policy: policy))
        }
        if policy != .fixed {
            var extra = request
            extra.multiplier = 1
            #expect(refusal(extra, one) == .unexpected(.multiplier, policy: policy))
        }
        let rich = [AllocationMember(weight: 1, position: 100, fixedLots: 1, riskBudget: 1)]
        #expect(refusal(request, rich) == nil)
    }

    @Test("A number out of range is refused with the number")
    func numbers() {
        #expect(refusal(.buying(0), one) == .quantityNotPositive(0))
        #expect(refusal(.buying(-3), one) == .quantityNotPositive(-3))
        var request = AllocationRequest.buying(1)
        request.quantity = .units(150)
        request.lotSize = 75
        #expect(refusal(request, one) == nil)
        request.quantity = .units(100)
        #expect(refusal(request, one) == .notWholeLots(units: 100, lotSize: 75))
        request.lotSize = 0
        #expect(refusal(request, one) == .lotSizeNotPositive(0))
        #expect(refusal(.buying(1), []) == .noMembers)
        #expect(refusal(.buying(1), one, carry: [0, 0]) == .carryCountMismatch(expected: 1, given: 2))
        let crossed = [AllocationMember(weight: 1, minimumLots: 3, maximumLots: 2)]
        #expect(refusal(.buying(1), crossed) == .invalidBounds(memberIndex: 0, minimum: 3, maximum: 2))
        let negative = [AllocationMember(weight: 1, minimumLots: -1)]
        #expect(refusal(.buying(1), negative) == .invalidBounds(memberIndex: 0, minimum: -1, maximum: .max))
        #expect(refusal(.buying(1), .weights(0, 0)) == .zeroWeights(policy: .proportional))
        #expect(refusal(.buying(1, partial: true), .weights(0, 0)) == .zeroWeights(policy: .proportional))
    }

    @Test("Stated lots out of range are refused with the number")
    func statedNumbers() {
        var request = AllocationRequest(policy: .fixed, lotSize: 1, side: .buy, multiplier: 0, carry: .off)
        let member = AllocationMember(position: 100, fixedLots: 1, riskBudget: -1)
        #expect(refusal(request, [member]) == .multiplierNotPositive(0))
        request.multiplier = nil
        #expect(
            refusal(request, [AllocationMember(fixedLots: -1)]) == .negativeLots(memberIndex: 0, lots: -1))
        #expect(refusal(request, [AllocationMember()]) == .nothingAllocated(policy: .fixed))

        request = AllocationRequest(policy: .riskUnit, lotSize: 1, side: .buy, riskPerLot: 0, carry: .off)
        #expect(refusal(request, [member]) == .riskPerLotNotPositive(0))
        request.riskPerLot = 5
        #expect(refusal(request, [member]) == .negativeRiskBudget(memberIndex: 0, budget: -1))
        #expect(refusal(request, [AllocationMember(riskBudget: 4)]) == .nothingAllocated(policy: .riskUnit))

        request = AllocationRequest(policy: .percentChange, lotSize: 1, carry: .off)
        for percent in [(0, 1), (-101, 1), (-100_001, 1_000), (5, 0), (5, -1)] {
            let percent = AllocationPercent(numerator: Int64(percent.0), denominator: Int64(percent.1))
            request.percent = percent
            #expect(refusal(request, [member]) == .percentOutOfRange(percent))
        }
        request.percent = AllocationPercent(numerator: 10)
        request.isClosing = true
        #expect(refusal(request, [member]) == .percentNotClosing(AllocationPercent(numerator: 10)))
    }

    @Test("What does not fit 64 bits is refused by name, and the largest that fits is divided")
    func overflow() throws {
        #expect(try divide(.buying(.max), .weights(.max, .max)).lots == [1 << 62, (1 << 62) - 1])
        #expect(refusal(.buying(1), .weights(.max, .max, .max)) == .overflow(.weights, memberIndex: 2))
        var request = AllocationRequest.buying(.max)
        request.lotSize = 2
        #expect(refusal(request, one) == .overflow(.quantity, memberIndex: nil))

        request = .buying(1, .equalPosition)
        #expect(refusal(request, .positions(.min, 1)) == .overflow(.positions, memberIndex: 1))
        #expect(refusal(request, .positions(0, .max)) == .overflow(.positions, memberIndex: 1))
        request.isClosing = true
        #expect(refusal(request, .positions(.min)) == .overflow(.positions, memberIndex: 0))

        request = AllocationRequest(policy: .fixed, lotSize: 1, side: .buy, multiplier: 2, carry: .off)
        #expect(refusal(request, [AllocationMember(fixedLots: .max)]) == .overflow(.lots, memberIndex: 0))
        request = AllocationRequest(
            policy: .percentChange, lotSize: 1, percent: AllocationPercent(numerator: .max), carry: .off)
        #expect(refusal(request, .positions(.max)) == .overflow(.lots, memberIndex: 0))
        request.percent?.denominator = .max
        #expect(refusal(request, .positions(.max)) == .overflow(.percent, memberIndex: nil))
        request.percent = AllocationPercent(numerator: -5, denominator: 1 << 62)  // a tiny decrease, in range as such
        #expect(refusal(request, .positions(.max)) == .overflow(.percent, memberIndex: nil))
    }

    @Test("A group beyond the limit is refused, with a lower limit where accounts are dropped")
    func size() {
        let many = [AllocationMember](repeating: AllocationMember(weight: 1), count: 10_001)
        #expect(refusal(.buying(1), many) == .tooManyMembers(count: 10_001, limit: 10_000))
        #expect(refusal(.buying(1), Array(many.dropLast())) == nil)
        let some = Array(many.prefix(1_001))
        #expect(refusal(.buying(1, dropping: true), some) == .tooManyMembers(count: 1_001, limit: 1_000))
    }

    @Test("A refusal leaves no allocation behind")
    func nothingLeft() throws {
        var allocator = Allocator()
        var allocation = try allocator.allocate(.buying(4), among: .weights(1, 1))
        #expect(throws: AllocationError.self) {
            try allocator.allocate(.buying(4), among: .weights(1, -1), into: &allocation)
        }
        #expect(allocation.lots.isEmpty && allocation.allocatedLots == 0)
    }

    @Test("Every refusal has a code of its own, a field, and two sentences for a person")
    func texts() {
        let percent = AllocationPercent(numerator: -12_345, denominator: 100)
        let errors: [AllocationError] = [
            .noMembers, .tooManyMembers(count: 2, limit: 1), .carryCountMismatch(expected: 1, given: 2),
            .lotSizeNotPositive(0), .missing(.riskPerLot, policy: .riskUnit),
            .unexpected(.side, policy: .percentChange),
            .quantityNotPositive(0), .notWholeLots(units: 100, lotSize: 75), .multiplierNotPositive(0),
            .percentOutOfRange(percent), .percentNotClosing(percent), .riskPerLotNotPositive(0),
            .invalidBounds(memberIndex: 0, minimum: 2, maximum: 1),
            .negativeWeight(memberIndex: 0, weight: -1, policy: .weighted), .negativeLots(memberIndex: 0, lots: -1),
            .negativeRiskBudget(memberIndex: 0, budget: -1), .zeroWeights(policy: .availableMargin),
            .infeasible(minimum: 1, maximum: 2, requested: 3), .belowEveryMinimum(requested: 1),
            .outsideBounds(memberIndex: 0, lots: 1, minimum: 2, maximum: 3),
            .fixedSumMismatch(expected: 8, given: 9), .nothingAllocated(policy: .fixed),
            .overflow(.weights, memberIndex: 1),
        ]
        #expect(Set(errors.map(\.code)).count == errors.count)
        for error in errors {
            #expect(error.code.allSatisfy { $0.isLowercase || $0 == "_" })
            #expect(!error.field.isEmpty && error.field.allSatisfy { $0.isLowercase || $0 == "_" })
            #expect(error.message.hasSuffix(".") && error.remedy.hasSuffix("."))
        }
        #expect(AllocationError.fixedSumMismatch(expected: 8, given: 9).message.contains("9 lots"))
        #expect(AllocationError.notWholeLots(units: 100, lotSize: 75).remedy == "Give 75 or another multiple of 75.")
        #expect(AllocationError.missing(.riskPerLot, policy: .riskUnit).field == "stop_distance")
        #expect(AllocationError.negativeWeight(memberIndex: 3, weight: -1, policy: .proportional).field == "capital")
        #expect(AllocationError.outsideBounds(memberIndex: 2, lots: 1, minimum: 2, maximum: 3).memberIndex == 2)
    }

    @Test("No input traps, and whatever is divided sums up", arguments: 0..<150)
    func hostileInput(seed: UInt64) {
        var random = AllocationRandom(seed: seed)
        var allocator = Allocator()
        var allocation = Allocation()
        for _ in 0..<60 {
            let tame = random.chance(60)  // so that more than the first check is reached
            func number(_ range: ClosedRange<Int64>) -> Int64 {
                tame || random.chance(60) ? random.number(range) : random.hostile()
            }
            let members = (0..<random.number(0...9)).map { _ in
                AllocationMember(
                    weight: random.chance(30) ? random.hostile() : number(0...50),
                    minimumLots: random.chance(70) ? 0 : number(0...5),
                    maximumLots: random.chance(50) ? .max : number(5...90),
                    position: random.chance(30) ? random.hostile() : number(-500...500),
                    fixedLots: number(0...20), riskBudget: number(0...9_000))
            }
            let policy = AllocationPolicy.allCases[Int(random.number(0...8))]
            let stray = random.chance(10)
            var request = AllocationRequest(
                policy: policy, lotSize: random.chance(80) ? number(1...100) : random.hostile(),
                side: policy == .percentChange && !stray ? nil : random.chance(50) ? .buy : .sell,
                carry: CarryMode.allCases[Int(random.number(0...2))], allowsPartialAllocation: random.chance(50),
                dropsBelowMinimum: random.chance(30), isClosing: random.chance(25))
            if policy.sharesQuantity || stray {
                let quantity = random.chance(70) ? number(1...300) : random.hostile()
                request.quantity = random.chance(70) ? .lots(quantity) : .units(quantity)
            }
            if policy == .percentChange || stray {
                request.percent = AllocationPercent(
                    numerator: random.chance(70) ? number(-100...300) : random.hostile(), denominator: number(1...10))
            }
            if policy == .riskUnit || stray { request.riskPerLot = number(1...500) }
            if policy == .fixed, random.chance(30) { request.multiplier = number(1...4) }
            let carry = random.chance(60) ? [] : members.map { _ in number(-(1 << 31)...(1 << 31)) }
            do {
                try allocator.allocate(request, among: members, carry: carry, into: &allocation)
            } catch {
                #expect(!error.message.isEmpty && allocation.lots.isEmpty)
                continue
            }
            #expect(allocation.lots.allSatisfy { $0 >= 0 })
            #expect(allocation.lots.reduce(0, +) == allocation.allocatedLots)
            #expect(allocation.allocatedLots > 0 && allocation.unallocatedLots >= 0)
            #expect(members.indices.reduce(0) { $0 + allocation.units(at: $1) } >= 0)
            if case .lots(let lots) = request.quantity {
                #expect(allocation.allocatedLots + allocation.unallocatedLots == lots)
            }
            for (lots, member) in zip(allocation.lots, members) where !request.isClosing && policy != .percentChange {
                #expect(lots <= member.maximumLots)
                #expect(lots >= member.minimumLots || (request.dropsBelowMinimum && lots == 0))
            }
            for (index, member) in members.enumerated() where request.isClosing {
                #expect(allocation.units(at: index) <= member.position.magnitude)
            }
            if allocation.isCarrying, !carry.isEmpty {
                #expect(allocation.carry.reduce(0, +) == carry.reduce(0, +))
            }
        }
    }
}
