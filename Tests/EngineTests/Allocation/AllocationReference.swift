import Domain

@testable import Engine

/// An exact fraction for small cases; an independent way to the numbers the allocator computes in 64-bit terms.
struct Fraction: Comparable {
    let numerator: Int128
    let denominator: Int128

    init(_ numerator: Int128, _ denominator: Int128 = 1) {
        var (left, right) = (numerator.magnitude, denominator.magnitude)
        while right != 0 { (left, right) = (right, left % right) }
        let divisor = Int128(left == 0 ? 1 : left) * (denominator < 0 ? -1 : 1)
        self.numerator = numerator / divisor
        self.denominator = denominator / divisor
    }

    static func + (left: Self, right: Self) -> Self {
        Fraction(
            left.numerator * right.denominator + right.numerator * left.denominator,
            left.denominator * right.denominator)
    }
    static func - (left: Self, right: Self) -> Self { left + Fraction(-right.numerator, right.denominator) }
    static func * (left: Self, right: Self) -> Self {
        Fraction(left.numerator * right.numerator, left.denominator * right.denominator)
    }
    static func / (left: Self, right: Self) -> Self {
        Fraction(left.numerator * right.denominator, left.denominator * right.numerator)
    }
    static func < (left: Self, right: Self) -> Bool {
        left.numerator * right.denominator < right.numerator * left.denominator
    }

    var floor: Int64 {
        let whole = numerator / denominator
        return Int64(numerator < 0 && whole * denominator != numerator ? whole - 1 : whole)
    }
    var isWhole: Bool { denominator == 1 }
}

/// §5.1 written down with sorted breakpoints and fractions, as slowly as it likes.
struct AllocationReference {
    var shares: [Fraction]
    var lots: [Int64] = []
    var carry: [Int64] = []

    /// - Parameters:
    ///   - breakpoints: The levels at which a share stops or starts to move.
    ///   - share: The exact share, in lots, of member i at a level.
    init(
        lots total: Int64, weights: [Int64], breakpoints: [Fraction], carry: [Int64]?,
        share: (Int, Fraction) -> Fraction
    ) {
        func all(_ level: Fraction) -> [Fraction] { weights.indices.map { share($0, level) } }
        func sum(_ level: Fraction) -> Fraction { all(level).reduce(Fraction(0), +) }
        let target = Fraction(Int128(total))
        let sorted = breakpoints.sorted()
        var level = sorted[0]
        if let reached = sorted.firstIndex(where: { sum($0) >= target }) {
            level = sorted[reached]
            if reached > 0, sum(level) > target {  // between two breakpoints all is linear
                let before = sorted[reached - 1]
                level = before + (target - sum(before)) * (level - before) / (sum(level) - sum(before))
            }
        } else if let last = sorted.last {  // beyond the last one too
            let slope = sum(last + Fraction(1)) - sum(last)
            level = slope > Fraction(0) ? last + (target - sum(last)) / slope : last
        }
        shares = all(level)
        round(total: total, weights: weights, carry: carry)
    }

    /// Steps 2 and 3.
    private mutating func round(total: Int64, weights: [Int64], carry given: [Int64]?) {
        lots = shares.map(\.floor)
        let fractions = zip(shares, lots).map { $0 - Fraction(Int128($1)) }
        let left = Int(total - lots.reduce(0, +))
        var units = fractions.map { ($0 * Fraction(1 << 32)).floor }
        let claims = units.indices.map { (units[$0] + (given?[$0] ?? 0) + 32_768) >> 16 }
        let order = fractions.indices.filter { fractions[$0] > Fraction(0) }
            .sorted { (claims[$1], weights[$1], $0) < (claims[$0], weights[$0], $1) }
        for index in order.prefix(left) { lots[index] += 1 }
        guard let given else { return }
        var lost = Int64(left) << 32 - units.reduce(0, +)
        for index in units.indices where lost > 0 && !(fractions[index] * Fraction(1 << 32)).isWhole {
            units[index] += 1
            lost -= 1
        }
        carry = given.indices.map { given[$0] + units[$0] - (order.prefix(left).contains($0) ? 1 << 32 : 0) }
    }
}

extension AllocationReference {
    /// Shares by weight within bounds.
    static func weighted(_ members: [AllocationMember], lots: Int64, carry: [Int64]? = nil) -> AllocationReference {
        let bounds = members.map { ($0.minimumLots, min($0.maximumLots, lots)) }
        var breakpoints = [Fraction(0)]
        for (member, bound) in zip(members, bounds) where member.weight > 0 {
            breakpoints.append(Fraction(Int128(bound.0), Int128(member.weight)))
            breakpoints.append(Fraction(Int128(bound.1), Int128(member.weight)))
        }
        return AllocationReference(lots: lots, weights: members.map(\.weight), breakpoints: breakpoints, carry: carry) {
            let free = $1 * Fraction(Int128(members[$0].weight))
            let (minimum, maximum) = (Fraction(Int128(bounds[$0].0)), Fraction(Int128(bounds[$0].1)))
            return members[$0].weight == 0 ? minimum : min(max(free, minimum), maximum)
        }
    }

    /// What brings positions to one level.
    static func levelling(
        _ members: [AllocationMember], lots: Int64, lotSize: Int64, side: AllocationSide
    ) -> AllocationReference {
        let sign = Int128(side.rawValue)
        let bounds = members.map { ($0.minimumLots, min($0.maximumLots, lots)) }
        var breakpoints: [Fraction] = []
        for (member, bound) in zip(members, bounds) {
            for lots in [bound.0, bound.1] {
                breakpoints.append(Fraction(sign * Int128(member.position) + Int128(lots * lotSize)))
            }
        }
        return AllocationReference(
            lots: lots, weights: members.map { _ in 1 }, breakpoints: breakpoints, carry: nil
        ) {
            let free = ($1 - Fraction(sign * Int128(members[$0].position))) / Fraction(Int128(lotSize))
            return min(max(free, Fraction(Int128(bounds[$0].0))), Fraction(Int128(bounds[$0].1)))
        }
    }
}
