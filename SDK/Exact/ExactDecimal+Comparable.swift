extension ExactDecimal: Comparable {
    /// Exact for every pair of values, also where bringing both to one exponent would overflow.
    public static func < (left: ExactDecimal, right: ExactDecimal) -> Bool {
        if left.exponent == right.exponent { return left.mantissa < right.mantissa }
        if left.mantissa.signum() != right.mantissa.signum() { return left.mantissa < right.mantissa }
        return left.isNegative
            ? isMagnitude(of: right, below: left)
            : isMagnitude(of: left, below: right)
    }

    /// Whether |`left`| < |`right`|. The exponents differ, so the values do too; zero has no other representation.
    private static func isMagnitude(of left: ExactDecimal, below right: ExactDecimal) -> Bool {
        if left.exponent > right.exponent { return !isMagnitude(of: right, below: left) }
        // `right` has the larger exponent. Aligned by more than 38 digits it exceeds any mantissa.
        guard let power = UInt128.powerOfTen(right.exponent - left.exponent) else { return !right.isZero }
        let aligned = WideMagnitude(right.mantissa.magnitude, times: power)
        return WideMagnitude(low: left.mantissa.magnitude) < aligned
    }
}
