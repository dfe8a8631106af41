/// A positive divisor that is divided by again and again, as a multiplication and a shift.
///
/// With `s = ⌈log2 d⌉` and `m = ⌈2^(63+s) / d⌉`, `⌊n / d⌋ = ⌊n × m / 2^(63+s)⌋` for every `0 <= n <= 2^63`: rounding `m` up
/// adds less than `1 / 2^s <= 1 / d` to the quotient, too little to reach the next whole number (Granlund and Montgomery,
/// "Division by Invariant Integers using Multiplication", 1994).
@frozen
public struct FixedDivisor: Hashable, Sendable {
    /// The divisor.
    public let value: Int64
    @usableFromInline let multiplier: UInt64
    /// Of the high word of the product: `s - 1`; unused for 1.
    @usableFromInline let shift: UInt64

    /// - Parameter value: positive.
    public init(_ value: Int64) {
        precondition(value > 0)
        self.value = value
        guard value > 1 else {
            (multiplier, shift) = (0, 0)
            return
        }
        let bits = Int64.bitWidth - (value - 1).leadingZeroBitCount
        let (quotient, remainder) = (UInt128(1) << UInt128(63 + bits)).quotientAndRemainder(dividingBy: UInt128(value))
        (multiplier, shift) = (UInt64(quotient + (remainder == 0 ? 0 : 1)), UInt64(bits - 1))
    }

    /// `⌊magnitude / value⌋` for at most 2^63.
    @inlinable
    @inline(__always)
    public func quotient(_ magnitude: UInt64) -> UInt64 {
        value == 1 ? magnitude : magnitude.multipliedFullWidth(by: multiplier).high >> shift
    }

    /// The quotient rounded toward plus infinity.
    @inlinable
    @inline(__always)
    public func ceiling(_ dividend: Int64) -> Int64 {
        // ⌈n / d⌉ = ⌊(n - 1) / d⌋ + 1
        dividend > 0
            ? Int64(bitPattern: quotient(UInt64(bitPattern: dividend) &- 1)) &+ 1
            : 0 &- Int64(bitPattern: quotient(dividend.magnitude))
    }

    /// The quotient rounded toward minus infinity.
    @inlinable
    @inline(__always)
    public func floor(_ dividend: Int64) -> Int64 {
        dividend >= 0
            ? Int64(bitPattern: quotient(dividend.magnitude))
            : -1 &- Int64(bitPattern: quotient(dividend.magnitude &- 1))
    }
}
