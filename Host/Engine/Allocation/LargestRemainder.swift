import Domain

/// A fraction of a lot that an exact share has over its whole lots, as a competitor for one of the lots left over
/// (RISK.md §5.1 steps 2 and 3).
struct FractionCandidate {
    /// One lot in the units of carry.
    static let lot: Int64 = 1 << 32
    /// `lot / coarseLot` units are told apart when fractions compete: 2^-16 lot. What quantising the fractions and
    /// summing carry over weeks can disturb lies far below, so equal claims stay equal.
    static let coarseShift: Int64 = 16

    /// The claim, fraction plus carry, rounded to 2^-16 lot.
    var claim: Int64
    /// Decides between equal claims: the larger goes first.
    var weight: UInt64
    /// The fraction in units of 2^-32 lot.
    var fraction: Int64
    /// The member, which decides last: the lower goes first.
    var index: Int32
    /// Whether `fraction` was rounded down to whole units.
    var isInexact: Bool

    /// - Parameters:
    ///   - remainder: The fraction times `divisor`, above 0 and below `divisor`.
    ///   - carry: Within half the number of members, in units of 2^-32 lot.
    init(remainder: UInt64, divisor: UInt64, carry: Int64, weight: UInt64, index: Int32) {
        let (quotient, rest) = divisor.dividingFullWidth((remainder >> 32, remainder << 32))  // below 2^32
        fraction = Int64(truncatingIfNeeded: quotient)
        isInexact = rest != 0
        // From the fraction rounded down, before units are handed out to make the sum exact: so the claims of equal
        // carry are in the order of the fractions.
        claim = (fraction &+ carry &+ (1 << (Self.coarseShift - 1))) >> Self.coarseShift
        self.weight = weight
        self.index = index
    }

    @inline(__always)
    func precedes(_ other: FractionCandidate) -> Bool {
        if claim != other.claim { return claim > other.claim }
        if weight != other.weight { return weight > other.weight }
        return index < other.index
    }
}

/// The competitors of one order; keeps its storage from order to order.
struct LargestRemainder {
    private(set) var candidates: [FractionCandidate] = []

    mutating func reset(capacity: Int) {
        candidates.removeAll(keepingCapacity: true)
        candidates.reserveCapacity(capacity)
    }

    mutating func append(_ candidate: FractionCandidate) { candidates.append(candidate) }

    /// Makes the fractions sum exactly to `lots`: rounding down has lost fewer units than there are inexact
    /// fractions, and the first of those take one unit each. Call it while the candidates stand in member order.
    mutating func makeFractionsExact(lots: Int) {
        var lost = Int64(lots) &* FractionCandidate.lot
        for candidate in candidates { lost &-= candidate.fraction }
        for index in candidates.indices where lost > 0 && candidates[index].isInexact {
            candidates[index].fraction &+= 1
            lost &-= 1
        }
    }

    /// Brings the `count` candidates that come first to the front, in no particular order, in linear time.
    ///
    /// Partitioning gives up after more rounds than luck explains and sorts the rest, so no input makes it quadratic.
    /// - Parameter patience: The rounds; by default four times what halving would need.
    mutating func bringForward(_ count: Int, patience: Int? = nil) {
        guard count > 0, count < candidates.count else { return }
        let patience = patience ?? 4 * (Int.bitWidth - candidates.count.leadingZeroBitCount)
        candidates.withUnsafeMutableBufferPointer { Self.partition($0, around: count - 1, patience: patience) }
    }

    /// Quickselect: afterwards nothing before `target` comes after it and nothing after it comes before.
    private static func partition(
        _ buffer: UnsafeMutableBufferPointer<FractionCandidate>, around target: Int, patience: Int
    ) {
        var (low, high, patience) = (0, buffer.count - 1, patience)
        while low < high {
            guard patience > 0 else {
                var rest = buffer[low...high]
                rest.sort { $0.precedes($1) }
                return
            }
            patience -= 1
            let pivot = median(buffer[low], buffer[low + (high - low) / 2], buffer[high])
            var (left, right) = (low, high)
            while left <= right {
                while buffer[left].precedes(pivot) { left += 1 }  // the pivot itself stops both walks
                while pivot.precedes(buffer[right]) { right -= 1 }
                if left <= right {
                    buffer.swapAt(left, right)
                    left += 1
                    right -= 1
                }
            }
            if target <= right {
                high = right
            } else if target >= left {
                low = left
            } else {
                return
            }
        }
    }

    private static func median(
        _ first: FractionCandidate, _ second: FractionCandidate, _ third: FractionCandidate
    ) -> FractionCandidate {
        if first.precedes(second) {
            second.precedes(third) ? second : first.precedes(third) ? third : first
        } else {
            first.precedes(third) ? first : second.precedes(third) ? third : second
        }
    }
}

/// The rules of carry apart from its arithmetic.
enum CarryBound {
    /// Whether some entry lies beyond half as many lots as there are accounts, where carrying stops.
    static func isExceeded(by carry: [Int64]) -> Bool {
        let limit = UInt64(carry.count) << 31  // half a lot each, in units of 2^-32 lot
        return carry.contains { $0.magnitude > limit }
    }
}
