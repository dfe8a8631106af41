import Domain

/// The level x at which accounts that each take `clamp(x * weight, lower, upper)` together take a given total,
/// exactly, as a fraction in 64-bit terms (RISK.md §5.1 step 1).
///
/// Think of vessels of different widths that are filled from one source: each holds at least `lower`, none more than
/// `upper`, between the two all stand at the same level. Every comparison multiplies out in 128 bits, so nothing is
/// rounded.
struct WaterLevel: Equatable {
    /// At most `Int64.max`.
    var numerator: UInt64
    /// Positive.
    var denominator: UInt64

    /// The level of an empty source.
    static let ground = WaterLevel(numerator: 0, denominator: 1)

    /// An account with a bound that may bind.
    struct Vessel {
        /// Positive.
        var weight: UInt64
        var lower: UInt64
        /// At least `lower`.
        var upper: UInt64
    }

    /// How `x * weight` compares with `amount`.
    @inline(__always)
    func compare(_ weight: UInt64, to amount: UInt64) -> Order {
        let (left, right) = (numerator.multipliedFullWidth(by: weight), amount.multipliedFullWidth(by: denominator))
        if left.high != right.high { return left.high < right.high ? .below : .above }
        return left.low == right.low ? .same : left.low < right.low ? .below : .above
    }

    enum Order { case below, same, above }
}

extension WaterLevel {
    /// Finds the level; `vessels` is used up.
    ///
    /// At the level that would be right if no bound bound anything, the vessels below their lower bound want
    /// `deficit` more in all, and those above their upper bound have `excess` too much. If the deficit is larger, the
    /// true level is lower still: the former are settled at their lower bound. If the excess is larger, the latter
    /// are settled at their upper bound. The rest is a smaller problem of the same kind, and a round is one pass
    /// without sorting.
    ///
    /// Few rounds are needed, whatever the bounds. Settling a deficit d at remaining weight v moves the level by
    /// d / v. The vessels that this leaves short can want no more than that distance times their weight w, and nothing
    /// else makes a deficit: so if w is at most half of v the next deficit is at most d / 2, and otherwise settling
    /// it leaves less than half of v. The same holds for excesses. In 64-bit terms that is a few hundred rounds at
    /// the very worst; real groups need three to eight.
    ///
    /// The caller vouches: total at most `Int64.max`, the sum of all weights fits 64 bits and is positive, and the
    /// total lies between the sum of the lower and the sum of the upper bounds, which is unlimited if `openWeight` is
    /// positive.
    /// - Parameter openWeight: The weight of all accounts without a bound in reach.
    static func solve(total: UInt64, openWeight: UInt64, vessels: inout [Vessel]) -> WaterLevel {
        var level = WaterLevel(numerator: total, denominator: vessels.reduce(openWeight) { $0 &+ $1.weight })
        while true {
            let loose = Loose(vessels, at: level)
            let reached = level
            switch loose.balance(at: level) {
            case .same: return level  // nothing loose, or as much is wanted as is over
            case .above:  // the deficit is larger
                level.numerator &-= loose.lowerSum
                level.denominator &-= loose.lowerWeight
                vessels.removeAll { reached.compare($0.weight, to: $0.lower) == .below }
            case .below:
                level.numerator &-= loose.upperSum
                level.denominator &-= loose.upperWeight
                vessels.removeAll { reached.compare($0.weight, to: $0.upper) == .above }
            }
        }
    }

    /// The vessels that a level would take outside their bounds, added up.
    private struct Loose {
        var lowerSum: UInt64 = 0
        var lowerWeight: UInt64 = 0
        var upperSum: UInt64 = 0
        var upperWeight: UInt64 = 0

        init(_ vessels: [Vessel], at level: WaterLevel) {
            for vessel in vessels {
                if level.compare(vessel.weight, to: vessel.lower) == .below {
                    lowerSum &+= vessel.lower
                    lowerWeight &+= vessel.weight
                } else if level.compare(vessel.weight, to: vessel.upper) == .above {
                    upperSum &+= vessel.upper
                    upperWeight &+= vessel.weight
                }
            }
        }

        /// How deficit compares with excess: `lowerSum - x * lowerWeight` with `x * upperWeight - upperSum`. Both
        /// sums of amounts are at most the total and both weights at most the sum of weights, so neither addition
        /// overflows.
        func balance(at level: WaterLevel) -> Order {
            switch level.compare(lowerWeight &+ upperWeight, to: lowerSum &+ upperSum) {
            case .below: .above
            case .same: .same
            case .above: .below
            }
        }
    }
}
