@testable import Exact

/// SplitMix64: a seed replays a test.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

extension ExactDecimal {
    /// Values of all sizes: prices, balances with 18 decimals, the very edges.
    static func random(using random: inout SeededGenerator) -> ExactDecimal {
        while true {
            let bits = Int.random(in: 0...127, using: &random)
            var mantissa = Int128(
                truncatingIfNeeded: UInt128.random(in: 0...UInt128.max, using: &random) >> (128 - bits))
            if Int.random(in: 0..<12, using: &random) == 0 { mantissa = Int128.max - mantissa % 100 }
            if Int.random(in: 0..<8, using: &random) == 0 {
                mantissa = mantissa - mantissa % 1_000_000_000  // trailing zeros
            }
            if Bool.random(using: &random) { mantissa = -mantissa }
            let exponent =
                Int.random(in: 0..<3, using: &random) == 0
                ? Int.random(in: -38...38, using: &random) : Int.random(in: -8...2, using: &random)
            if let value = ExactDecimal(mantissa: mantissa, exponent: exponent) { return value }
        }
    }
}

/// The slow and obvious decimal everything is compared with: digits in an array, any length, schoolbook methods.
struct Reference: Equatable {
    /// Least significant first, no leading zeros; empty is zero.
    var digits: [UInt8]
    var exponent: Int
    var isNegative: Bool

    init(digits: [UInt8], exponent: Int, isNegative: Bool) {
        var (digits, exponent) = (digits, exponent)
        while digits.last == 0 { digits.removeLast() }
        while digits.first == 0 {
            digits.removeFirst()
            exponent += 1
        }
        self.digits = digits
        self.exponent = digits.isEmpty ? 0 : exponent
        self.isNegative = !digits.isEmpty && isNegative
    }

    init(_ value: ExactDecimal) {
        let digits = String(value.mantissa.magnitude).utf8.reversed().map { $0 - UInt8(ascii: "0") }
        self.init(digits: digits, exponent: value.exponent, isNegative: value.mantissa < 0)
    }

    init(_ value: Int128) {
        let digits = String(value.magnitude).utf8.reversed().map { $0 - UInt8(ascii: "0") }
        self.init(digits: digits, exponent: 0, isNegative: value < 0)
    }

    static func tenTo(_ exponent: Int) -> Reference { Reference(digits: [1], exponent: exponent, isNegative: false) }

    private func aligned(to exponent: Int) -> [UInt8] {
        digits.isEmpty ? [] : [UInt8](repeating: 0, count: self.exponent - exponent) + digits
    }

    var negated: Reference { Reference(digits: digits, exponent: exponent, isNegative: !isNegative) }

    func compared(to other: Reference) -> Int {
        let difference = self + other.negated
        return difference.digits.isEmpty ? 0 : difference.isNegative ? -1 : 1
    }

    static func + (left: Reference, right: Reference) -> Reference {
        let exponent = min(left.exponent, right.exponent)
        var (a, b) = (left.aligned(to: exponent), right.aligned(to: exponent))
        let width = max(a.count, b.count)
        a += [UInt8](repeating: 0, count: width - a.count)
        b += [UInt8](repeating: 0, count: width - b.count)
        guard left.isNegative != right.isNegative else {
            var (sum, carry) = ([UInt8](), UInt8(0))
            for (x, y) in zip(a, b) {
                sum.append((x + y + carry) % 10)
                carry = (x + y + carry) / 10
            }
            return Reference(digits: sum + [carry], exponent: exponent, isNegative: left.isNegative)
        }
        let isLeftSmaller = a.reversed().lexicographicallyPrecedes(b.reversed())
        if isLeftSmaller { swap(&a, &b) }
        var (difference, borrow) = ([UInt8](), UInt8(0))
        for (x, y) in zip(a, b) {
            let isBelow = x < y + borrow
            difference.append((isBelow ? x + 10 : x) - y - borrow)
            borrow = isBelow ? 1 : 0
        }
        return Reference(
            digits: difference, exponent: exponent, isNegative: isLeftSmaller ? right.isNegative : left.isNegative)
    }

    static func * (left: Reference, right: Reference) -> Reference {
        var product = [Int](repeating: 0, count: left.digits.count + right.digits.count)
        for (i, x) in left.digits.enumerated() {
            for (j, y) in right.digits.enumerated() { product[i + j] += Int(x) * Int(y) }
        }
        var carry = 0
        let digits = product.map { column in
            carry += column
            defer { carry /= 10 }
            return UInt8(carry % 10)
        }
        return Reference(
            digits: digits, exponent: left.exponent + right.exponent, isNegative: left.isNegative != right.isNegative)
    }

    /// Whether some mantissa in `Int128` and some exponent in -38...38 make up this value.
    var isRepresentable: Bool {
        guard !digits.isEmpty else { return true }
        let mantissa = exponent > 38 ? [UInt8](repeating: 0, count: exponent - 38) + digits : digits
        let limit = String(Int128.max).utf8.reversed().map { $0 - UInt8(ascii: "0") }
        if exponent < -38 || mantissa.count > limit.count { return false }
        return mantissa.count < limit.count || !limit.reversed().lexicographicallyPrecedes(mantissa.reversed())
    }

    /// Whether this value is a mantissa at exponent zero.
    var isInt128: Bool { (exponent >= 0 || digits.isEmpty) && aligned(to: 0).count < 40 && isWithinInt128 }
    private var isWithinInt128: Bool { Reference(digits: aligned(to: 0), exponent: 0, isNegative: false).fits }
    private var fits: Bool { compared(to: Reference(Int128.max)) <= 0 }
}
