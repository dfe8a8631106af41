import Domain
import Testing

@testable import Engine

@Suite("Allocation: water level")
struct WaterLevelTests {
    /// The sum over all vessels at the level, times its denominator. No overflow: numerator and amounts are below
    /// 2^63 and all weights together below 2^64.
    private func volume(of vessels: [WaterLevel.Vessel], openWeight: UInt64, at level: WaterLevel) -> UInt128 {
        vessels.reduce(UInt128(level.numerator) * UInt128(openWeight)) { sum, vessel in
            let free = UInt128(level.numerator) * UInt128(vessel.weight)
            let lower = UInt128(vessel.lower) * UInt128(level.denominator)
            return sum + min(max(free, lower), UInt128(vessel.upper) * UInt128(level.denominator))
        }
    }

    @Test("The vessels hold exactly the total at the level, at any size of numbers", arguments: 0..<400)
    func exact(seed: UInt64) {
        var random = AllocationRandom(seed: seed)
        let count = random.number(1...60)
        let bits = random.number(2...56)
        let openWeight = random.chance(50) ? 0 : UInt64(random.number(1...(1 << bits)))
        let vessels = (0..<count).map { _ in
            let lower = random.chance(40) ? 0 : random.number(0...(1 << random.number(0...bits)))
            let upper = lower + random.number(0...(1 << random.number(0...bits)))
            return WaterLevel.Vessel(
                weight: UInt64(random.number(1...(1 << random.number(0...bits)))), lower: UInt64(lower),
                upper: UInt64(upper))
        }
        let least = Int64(vessels.reduce(0) { $0 + $1.lower })
        let most = Int64(vessels.reduce(0) { $0 + $1.upper }) + (openWeight > 0 ? 1 << 60 : 0)
        for total in [least, most, random.number(least...most)] {
            var rest = vessels
            let level = WaterLevel.solve(total: UInt64(total), openWeight: openWeight, vessels: &rest)
            #expect(level.denominator > 0)
            #expect(
                volume(of: vessels, openWeight: openWeight, at: level) == UInt128(total) * UInt128(level.denominator))
        }
    }

    @Test("Bounds made to be settled one by one do not make the search long or wrong")
    func oneByOne() {
        // Each upper bound lies between two levels of the search, so a round settles one vessel only.
        let count: UInt64 = 400
        let total: UInt64 = 1 << 62
        var vessels: [WaterLevel.Vessel] = []
        var (remaining, gap) = (total, (total / count) / 2)
        for index in 0..<count - 1 {
            let level = remaining / (count - index)
            let upper = level - min(gap, level)
            vessels.append(WaterLevel.Vessel(weight: 1, lower: 0, upper: upper))
            remaining -= upper
            gap = max(1, gap / (2 * (count - index)))
        }
        var rest = vessels
        let level = WaterLevel.solve(total: total, openWeight: 1, vessels: &rest)
        #expect(volume(of: vessels, openWeight: 1, at: level) == UInt128(total) * UInt128(level.denominator))
    }

    @Test("Fractions come to the front in their order, whatever order they are in", arguments: 0..<150)
    func bringForward(seed: UInt64) {
        var random = AllocationRandom(seed: seed)
        let count = Int(random.number(1...300))
        let kinds = random.number(1...400)  // few: many ties
        var remainders = LargestRemainder()
        remainders.reset(capacity: count)
        for index in 0..<count {
            let shape = seed % 3 == 0 ? Int64(index) + 1 : random.number(1...kinds)
            remainders.append(
                FractionCandidate(
                    remainder: UInt64(shape), divisor: 1_000, carry: 0, weight: UInt64(random.number(1...3)),
                    index: Int32(index)))
        }
        let sorted = remainders.candidates.sorted { $0.precedes($1) }.map(\.index)
        for target in [0, 1, count / 3, count - 1, count] {
            remainders.bringForward(target)
            #expect(Set(remainders.candidates.prefix(target).map(\.index)) == Set(sorted.prefix(target)))
            #expect(Set(remainders.candidates.map(\.index)).count == count)
        }
    }

    @Test("A search that runs out of patience sorts the rest, with the same result", arguments: 0..<40)
    func patience(seed: UInt64) {
        var random = AllocationRandom(seed: seed)
        var remainders = LargestRemainder()
        remainders.reset(capacity: 200)
        for index in 0..<200 as Range<Int32> {
            remainders.append(
                FractionCandidate(
                    remainder: UInt64(random.number(1...999)), divisor: 1_000, carry: 0, weight: 1, index: index))
        }
        let sorted = remainders.candidates.sorted { $0.precedes($1) }.map(\.index)
        for patience in 0...3 {
            var few = remainders
            few.bringForward(70, patience: patience)
            #expect(Set(few.candidates.prefix(70).map(\.index)) == Set(sorted.prefix(70)))
        }
    }
}
