import Domain
import Testing

@testable import Engine

/// The allocator against §5.1 in slow exact fractions: every lot and every unit of carry.
@Suite("Allocation: reference")
struct AllocationReferenceTests {
    @Test("Bounded shares without carry are those of the reference", arguments: 0..<600)
    func boundedShares(seed: UInt64) throws {
        var random = AllocationRandom(seed: seed)
        let sample = BoundedCase(using: &random)
        let reference = AllocationReference.weighted(sample.members, lots: sample.lots)
        #expect(try divide(.buying(sample.lots), sample.members).lots == reference.lots)
    }

    @Test("Orders in a row with carry are those of the reference", arguments: 0..<200)
    func carriedShares(seed: UInt64) throws {
        var random = AllocationRandom(seed: seed)
        let sample = BoundedCase(using: &random)
        var allocator = Allocator()
        var allocation = Allocation()
        var carry = [Int64](repeating: 0, count: sample.members.count)
        for _ in 0..<8 {
            try allocator.allocate(
                .buying(sample.lots, .weighted, carry: .on), among: sample.members, carry: carry, into: &allocation)
            if !allocation.isCarrying { break }
            let reference = AllocationReference.weighted(sample.members, lots: sample.lots, carry: carry)
            #expect(allocation.lots == reference.lots)
            #expect(allocation.carry == reference.carry)
            carry = allocation.carry
        }
    }

    @Test("Levelled positions are those of the reference, with bounds, for both sides", arguments: 0..<400)
    func levelledPositions(seed: UInt64) throws {
        var random = AllocationRandom(seed: seed)
        var sample = BoundedCase(using: &random)
        let lotSize = random.number(1...50)
        let spread: Int64 = random.chance(50) ? 300 : 3
        for index in sample.members.indices {
            sample.members[index].weight = 1
            sample.members[index].position = random.number(-spread...spread)
        }
        let least = sample.members.reduce(0) { $0 + $1.minimumLots }
        let most = sample.members.reduce(0) { $0 + min($1.maximumLots, 40) }
        guard most > 0 else { return }
        let lots = random.number(max(1, least)...most)
        let side: AllocationSide = random.chance(50) ? .buy : .sell
        let request = AllocationRequest(
            policy: .equalPosition, quantity: .lots(lots), lotSize: lotSize, side: side, carry: .on)
        let allocation = try divide(request, sample.members)
        let reference = AllocationReference.levelling(sample.members, lots: lots, lotSize: lotSize, side: side)
        #expect(allocation.lots == reference.lots)
        #expect(!allocation.isCarrying)  // what rounding withheld is in the positions
    }

    @Test("Dropping below the minimum order size follows the reference step by step", arguments: 0..<300)
    func dropping(seed: UInt64) throws {
        var random = AllocationRandom(seed: seed)
        let members = (0..<random.number(1...8)).map { _ in
            AllocationMember(weight: random.number(1...30), minimumLots: random.number(0...9))
        }
        let lots = random.number(1...30)
        var open = members
        for index in open.indices { open[index].minimumLots = 0 }
        var expected: [Int64]?
        while open.contains(where: { $0.weight > 0 }) {
            let reference = AllocationReference.weighted(open, lots: lots)
            let below = members.indices.filter {
                0 < reference.lots[$0] && reference.lots[$0] < members[$0].minimumLots
            }
            func part(_ index: Int) -> Fraction {
                reference.shares[index] / Fraction(Int128(members[index].minimumLots))
            }
            guard let worst = below.min(by: { part($0) == part($1) ? $0 > $1 : part($0) < part($1) }) else {
                expected = reference.lots
                break
            }
            open[worst].weight = 0
        }
        let request = AllocationRequest.buying(lots, dropping: true)
        if let expected {
            let lots = try divide(request, members).lots
            #expect(lots == expected)
            #expect(zip(lots, members).allSatisfy { $0 == 0 || $0 >= $1.minimumLots })
        } else {
            #expect(refusal(request, members) == .belowEveryMinimum(requested: lots))
        }
    }

    @Test("One allocator and one allocation, used again for groups of all sizes, leave no trace", arguments: 0..<60)
    func reuse(seed: UInt64) throws {
        var random = AllocationRandom(seed: seed)
        var allocator = Allocator()
        var allocation = Allocation()
        for _ in 0..<10 {
            let sample = BoundedCase(using: &random)
            let policy: AllocationPolicy = random.chance(50) ? .weighted : .equal
            let request = AllocationRequest.buying(sample.lots, policy, carry: .auto, partial: true)
            let fresh = Result { () throws(AllocationError) in try divide(request, sample.members) }
            let reused = Result { () throws(AllocationError) in
                try allocator.allocate(request, among: sample.members, into: &allocation)
            }
            switch (fresh, reused) {
            case (.success(let expected), .success): #expect(allocation == expected)
            case (.failure(let expected), .failure(let error)): #expect(error == expected)
            default: Issue.record("a fresh allocator and a used one disagree")
            }
        }
    }
}
