import Domain
import Testing

@testable import Engine

/// The invariants of RISK.md §5.3, by their names there. More lots may give one account fewer and a removed account may
/// reduce another: neither is promised, and neither is tested.
@Suite("Allocation: invariants")
struct AllocationInvariantTests {
    @Test("I1 I2 I3 I6 I7: shares sum up, keep their bounds, lie within a lot of the exact ones", arguments: 0..<500)
    func sharesAreExactToTheLot(seed: UInt64) throws {
        var random = AllocationRandom(seed: seed)
        let sample = BoundedCase(using: &random)
        let request = AllocationRequest.buying(sample.lots)
        let allocation = try divide(request, sample.members)
        let exact = AllocationReference.weighted(sample.members, lots: sample.lots).shares
        #expect(allocation.lots.reduce(0, +) == sample.lots)
        for (index, member) in sample.members.enumerated() {
            let lots = allocation.lots[index]
            #expect(lots >= member.minimumLots && lots <= member.maximumLots)
            let distance = Fraction(Int128(lots)) - exact[index]
            #expect(distance < Fraction(1) && distance > Fraction(-1))
            if member.weight == 0, member.minimumLots == 0 { #expect(lots == 0) }
        }
        #expect(try divide(request, sample.members) == allocation)
    }

    @Test("I4: multiplying all weights changes nothing, carry included", arguments: 0..<200)
    func scaleDoesNotMatter(seed: UInt64) throws {
        var random = AllocationRandom(seed: seed)
        let sample = BoundedCase(using: &random)
        let factor = random.number(2...1_000_000_000_000)
        var scaled = sample.members
        for index in scaled.indices { scaled[index].weight *= factor }
        let request = AllocationRequest.buying(sample.lots, carry: .on)
        let (plain, large) = (try divide(request, sample.members), try divide(request, scaled))
        #expect(plain.lots == large.lots && plain.carry == large.carry)
    }

    @Test("I5: with the same bounds a larger weight never receives less", arguments: 0..<300)
    func largerWeightNeverReceivesLess(seed: UInt64) throws {
        var random = AllocationRandom(seed: seed)
        let count = random.number(1...12)
        let minimum = random.number(0...3)
        let maximum = minimum + random.number(1...20)
        let members = (0..<count).map { _ in
            AllocationMember(
                weight: random.chance(50) ? random.number(1...40) : random.number(1...(1 << 58)), minimumLots: minimum,
                maximumLots: maximum)
        }
        let allocation = try divide(.buying(random.number(max(1, minimum * count)...maximum * count)), members)
        for (first, lots) in zip(members, allocation.lots) {
            for (second, other) in zip(members, allocation.lots) where first.weight > second.weight {
                #expect(lots >= other)
            }
        }
    }

    @Test("I8: carry sums to zero and each order adds its deviation to within 2^-32 lot", arguments: 0..<200)
    func carryIsTheDeviation(seed: UInt64) throws {
        var random = AllocationRandom(seed: seed)
        var sample = BoundedCase(using: &random)
        var carry = [Int64](repeating: 0, count: sample.members.count)
        for _ in 0..<12 {
            let allocation = try divide(.buying(sample.lots, carry: .on), sample.members, carry: carry)
            let exact = AllocationReference.weighted(sample.members, lots: sample.lots).shares
            if !allocation.isCarrying { break }  // beyond its bound: a test of its own
            for index in carry.indices {
                let deviation = (exact[index] - Fraction(Int128(allocation.lots[index]))) * Fraction(1 << 32)
                let error = Fraction(Int128(allocation.carry[index] - carry[index])) - deviation
                #expect(error < Fraction(1) && error > Fraction(-1))
            }
            #expect(allocation.carry.reduce(0, +) == 0)
            carry = allocation.carry
            for index in sample.members.indices where sample.members[index].weight > 0 {
                sample.members[index].weight = random.number(1...40)
            }
        }
    }

    @Test("I9: permuting accounts permutes the result when no tie decides", arguments: 0..<200)
    func orderDoesNotMatter(seed: UInt64) throws {
        var random = AllocationRandom(seed: seed)
        var sample = BoundedCase(using: &random)
        for index in sample.members.indices where sample.members[index].weight > 0 {
            sample.members[index].weight = sample.members[index].weight * 10 + Int64(index)  // no two alike
        }
        var order = Array(sample.members.indices)
        for index in order.indices.dropFirst() { order.swapAt(index, Int(random.number(0...Int64(index)))) }
        let plain = try divide(.buying(sample.lots), sample.members)
        let permuted = try divide(.buying(sample.lots), order.map { sample.members[$0] })
        #expect(permuted.lots == order.map { plain.lots[$0] })
    }

    @Test("I10: every leg is a multiple of the lot size, and the units sum to the order", arguments: 0..<100)
    func legsAreWholeLots(seed: UInt64) throws {
        var random = AllocationRandom(seed: seed)
        let sample = BoundedCase(using: &random)
        let lotSize = random.number(1...5_000)
        let request = AllocationRequest(
            policy: .weighted, quantity: .units(sample.lots * lotSize), lotSize: lotSize, side: .sell, carry: .auto)
        let allocation = try divide(request, sample.members)
        let units = sample.members.indices.map(allocation.units(at:))
        #expect(units.allSatisfy { $0 % lotSize == 0 })
        #expect(units.reduce(0, +) == sample.lots * lotSize)
        #expect(allocation.side(at: 0) == .sell)
    }

    @Test("Large weights are divided as exactly as small ones", arguments: 0..<200)
    func largeWeights(seed: UInt64) throws {
        var random = AllocationRandom(seed: seed)
        let members = (0..<random.number(1...60)).map { _ in AllocationMember(weight: random.number(0...(1 << 57))) }
        let total = members.reduce(Int128(0)) { $0 + Int128($1.weight) }
        guard total > 0 else { return }
        let lots = random.number(1...(1 << 60))
        let allocation = try divide(.buying(lots), members)
        #expect(allocation.lots.reduce(0, +) == lots)
        for (member, given) in zip(members, allocation.lots) {
            let distance = Int128(given) * total - Int128(lots) * Int128(member.weight)  // of lots, times the total
            #expect(distance.magnitude < total.magnitude)
        }
    }
}
