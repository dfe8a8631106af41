/// An exact decimal number: `mantissa` × 10^`exponent`. No binary floating point anywhere.
///
/// Every value has one representation, so equality and hashing are those of the two stored integers:
/// - trailing zeros of the fraction are stripped: `2500.050` is 250005e-2;
/// - the exponent is zero or negative whenever the whole number fits `Int128`: `500` is 500e0, zero is 0e0;
/// - beyond that the exponent is the smallest positive one at which the mantissa fits.
///
/// The mantissa is never `Int128.min`, which makes negation total. What cannot be held exactly is refused with `nil`;
/// nothing is rounded unless the caller names the rounding.
@frozen
public struct ExactDecimal: Hashable, Sendable {
    /// The digits as a whole number, with the sign. Never `Int128.min`.
    public let mantissa: Int128
    /// The power of ten the mantissa is multiplied by, in -38...38.
    public let exponent: Int

    /// Trusts the caller: both parts are canonical already.
    @usableFromInline
    init(canonicalMantissa mantissa: Int128, exponent: Int) {
        self.mantissa = mantissa
        self.exponent = exponent
    }

    /// The value `mantissa` × 10^`exponent`, brought to its canonical form.
    ///
    /// Returns `nil` when `exponent` is outside -38...38 as given, and for `Int128.min`, which has no negative.
    public init?(mantissa: Int128, exponent: Int) {
        guard Self.exponents.contains(exponent) else { return nil }
        self.init(negative: mantissa < 0, magnitude: mantissa.magnitude, exponent: exponent)
    }

    /// A whole number.
    @inlinable
    public init(_ value: Int64) {
        self.init(canonicalMantissa: Int128(value), exponent: 0)
    }

    /// The number zero.
    @inlinable
    public static var zero: ExactDecimal { ExactDecimal(canonicalMantissa: 0, exponent: 0) }

    /// Whether the value is zero.
    @inlinable
    public var isZero: Bool { mantissa == 0 }

    /// Whether the value is below zero.
    @inlinable
    public var isNegative: Bool { mantissa < 0 }

    /// Whether the value has no fraction.
    @inlinable
    public var isInteger: Bool { exponent >= 0 }

    /// The value as an integer, or `nil` when it has a fraction or does not fit.
    @inlinable
    public var int64: Int64? { exponent == 0 ? Int64(exactly: mantissa) : nil }
}

extension ExactDecimal: ExpressibleByIntegerLiteral {
    /// A whole number written in source.
    @inlinable
    public init(integerLiteral value: Int64) {
        self.init(value)
    }
}

// MARK: - Canonical form

extension ExactDecimal {
    static let exponents = -38...38
    static let largestMagnitude = Int128.max.magnitude

    /// Brings a value to its canonical form. Returns `nil` when no mantissa and exponent in range hold it exactly.
    init?(negative: Bool, magnitude: UInt128, exponent: Int) {
        guard magnitude != 0 else {
            self = .zero
            return
        }
        var (magnitude, exponent) = (magnitude, exponent)
        while exponent < 0 || magnitude > Self.largestMagnitude {
            guard let shorter = magnitude.dividedExactlyByTen else { break }
            magnitude = shorter
            exponent += 1
        }
        guard magnitude <= Self.largestMagnitude else { return nil }
        while exponent > 0 {
            let (longer, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            guard !overflow, longer <= Self.largestMagnitude else { break }
            magnitude = longer
            exponent -= 1
        }
        guard Self.exponents.contains(exponent) else { return nil }
        let mantissa = Int128(magnitude)  // cannot trap: at most `Int128.max`
        self.init(canonicalMantissa: negative ? -mantissa : mantissa, exponent: exponent)
    }

    /// The same for a 256-bit magnitude, as a product or a sum of aligned mantissas yields.
    init?(negative: Bool, magnitude: WideMagnitude, exponent: Int) {
        var (magnitude, exponent) = (magnitude, exponent)
        while magnitude.high != 0 {
            guard let shorter = magnitude.dividedExactlyByTen else { return nil }
            magnitude = shorter
            exponent += 1
        }
        self.init(negative: negative, magnitude: magnitude.low, exponent: exponent)
    }
}
