/// An unsigned 256-bit number: just enough to add and multiply two mantissas before deciding whether the result fits.
struct WideMagnitude: Equatable {
    var high: UInt128
    var low: UInt128

    init(high: UInt128 = 0, low: UInt128) {
        self.high = high
        self.low = low
    }

    /// The full product of two 128-bit numbers.
    init(_ left: UInt128, times right: UInt128) {
        let product = left.multipliedFullWidth(by: right)
        self.init(high: product.high, low: product.low)
    }

    /// The sum. Both operands are products of two numbers below 2^127, so the carry out of the top is always zero.
    func adding(_ other: WideMagnitude) -> WideMagnitude {
        let (sum, carry) = low.addingReportingOverflow(other.low)
        return WideMagnitude(high: high &+ other.high &+ (carry ? 1 : 0), low: sum)
    }

    /// The difference. `other` must not be larger.
    func subtracting(_ other: WideMagnitude) -> WideMagnitude {
        let (difference, borrow) = low.subtractingReportingOverflow(other.low)
        return WideMagnitude(high: high &- other.high &- (borrow ? 1 : 0), low: difference)
    }

    /// A tenth of the number, or `nil` when a digit would be lost.
    var dividedExactlyByTen: WideMagnitude? {
        let (upper, carried) = high.quotientAndRemainder(dividingBy: 10)
        let (lower, lost) = UInt128(10).dividingFullWidth((carried, low))
        return lost == 0 ? WideMagnitude(high: upper, low: lower) : nil
    }
}

extension WideMagnitude: Comparable {
    static func < (left: WideMagnitude, right: WideMagnitude) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }
}

extension UInt128 {
    /// A tenth of the number, or `nil` when a digit would be lost. Most mantissas fit one machine word.
    var dividedExactlyByTen: UInt128? {
        if self <= UInt128(UInt64.max) {
            let word = UInt64(truncatingIfNeeded: self)
            return word % 10 == 0 ? UInt128(word / 10) : nil
        }
        let (quotient, remainder) = quotientAndRemainder(dividingBy: 10)
        return remainder == 0 ? quotient : nil
    }

    /// 10^`exponent`, or `nil` when `exponent` is outside 0...38.
    static func powerOfTen(_ exponent: Int) -> UInt128? {
        guard exponent >= 0, exponent < powersOfTen.count else { return nil }
        return powersOfTen[exponent]
    }

    private static let powersOfTen: [UInt128] = (0...38).map { exponent in
        (0..<exponent).reduce(1) { power, _ in power * 10 }  // 10^38 is below 2^127
    }
}
