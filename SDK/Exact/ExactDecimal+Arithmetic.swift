extension ExactDecimal {
    /// The exact sum, or `nil` when it cannot be held.
    public func adding(_ other: ExactDecimal) -> ExactDecimal? {
        let gap = exponent - other.exponent
        if gap == 0 {
            let (sum, overflow) = mantissa.addingReportingOverflow(other.mantissa)
            if !overflow { return ExactDecimal(negative: sum < 0, magnitude: sum.magnitude, exponent: exponent) }
        }
        return gap >= 0 ? wideSum(aligning: gap, with: other) : other.wideSum(aligning: -gap, with: self)
    }

    /// The exact difference, or `nil` when it cannot be held.
    public func subtracting(_ other: ExactDecimal) -> ExactDecimal? {
        adding(other.negated)
    }

    /// The exact product, or `nil` when it cannot be held.
    public func multiplied(by other: ExactDecimal) -> ExactDecimal? {
        let product = WideMagnitude(mantissa.magnitude, times: other.mantissa.magnitude)
        return ExactDecimal(
            negative: isNegative != other.isNegative, magnitude: product, exponent: exponent + other.exponent)
    }

    /// The value with the opposite sign. Always exists, as the mantissa is never `Int128.min`.
    public var negated: ExactDecimal {
        ExactDecimal(canonicalMantissa: -mantissa, exponent: exponent)
    }

    /// The distance from zero.
    public var magnitude: ExactDecimal { isNegative ? negated : self }

    /// Adds `other` to this value, which has the larger exponent, by `gap` digits.
    ///
    /// More than 38 digits apart the sum cannot be held: the smaller exponent is then negative, its last digit is not
    /// zero, and the sum needs more digits than there are.
    private func wideSum(aligning gap: Int, with other: ExactDecimal) -> ExactDecimal? {
        if isZero { return other }
        if other.isZero { return self }
        guard let power = UInt128.powerOfTen(gap) else { return nil }
        let aligned = WideMagnitude(mantissa.magnitude, times: power)
        let rest = WideMagnitude(low: other.mantissa.magnitude)
        if isNegative == other.isNegative {
            return ExactDecimal(negative: isNegative, magnitude: aligned.adding(rest), exponent: other.exponent)
        }
        return aligned < rest
            ? ExactDecimal(
                negative: other.isNegative, magnitude: rest.subtracting(aligned), exponent: other.exponent)
            : ExactDecimal(negative: isNegative, magnitude: aligned.subtracting(rest), exponent: other.exponent)
    }
}
