extension ExactDecimal {
    /// What happens to a part that does not fit the requested unit.
    public enum Rounding: Hashable, Sendable, CaseIterable {
        /// Toward zero.
        case down
        /// Toward negative infinity.
        case floor
        /// Toward positive infinity.
        case ceiling
        /// Away from zero.
        case up
        /// To the nearest, a tie to the even neighbour.
        case halfEven
    }

    /// The mantissa of this value at another exponent, or `nil` when digits would be lost or it does not fit.
    ///
    /// `2500.05` scaled to -4 is 25000500, to -1 it is `nil`.
    public func scaled(to exponent: Int) -> Int128? {
        division(by: 1, timesTenTo: exponent)?.exactQuotient
    }

    /// The mantissa of this value at another exponent, rounded as told, or `nil` when it does not fit.
    public func scaled(to exponent: Int, rounding: Rounding) -> Int128? {
        division(by: 1, timesTenTo: exponent)?.quotient(rounding: rounding)
    }

    /// How many times `divisor` goes into this value, when that is a whole number: a price in ticks.
    ///
    /// Returns `nil` when a remainder is left, the divisor is zero, or the quotient does not fit.
    public func dividedExactly(by divisor: ExactDecimal) -> Int128? {
        division(by: divisor.mantissa, timesTenTo: divisor.exponent)?.exactQuotient
    }

    /// How many times `divisor` goes into this value, rounded as told: the nearest tick.
    ///
    /// Returns `nil` when the divisor is zero or the quotient does not fit.
    public func divided(by divisor: ExactDecimal, rounding: Rounding) -> Int128? {
        division(by: divisor.mantissa, timesTenTo: divisor.exponent)?.quotient(rounding: rounding)
    }
}

// MARK: - Long division

extension ExactDecimal {
    /// A whole quotient and what is left over, in magnitudes.
    private struct Division {
        var isNegative: Bool
        var quotient: UInt128
        var remainder: UInt128
        /// What the remainder is a part of; `UInt128.max` stands for anything larger, at least twice the remainder.
        var divisor: UInt128

        var exactQuotient: Int128? { remainder == 0 ? signed(quotient) : nil }

        func quotient(rounding: Rounding) -> Int128? {
            let isRaised: Bool
            switch rounding {
            case .down: isRaised = false
            case .floor: isRaised = isNegative && remainder != 0
            case .ceiling: isRaised = !isNegative && remainder != 0
            case .up: isRaised = remainder != 0
            case .halfEven:
                let rest = divisor - remainder  // a remainder is below its divisor
                isRaised = remainder > rest || (remainder == rest && quotient % 2 == 1)
            }
            return signed(isRaised ? quotient + 1 : quotient)  // at most 2^127 + 1
        }

        private func signed(_ magnitude: UInt128) -> Int128? {
            guard let value = Int128(exactly: magnitude) else { return nil }
            return isNegative ? -value : value
        }
    }

    /// Divides by `mantissa` × 10^`exponent`, any exponent. `nil` when that is zero or the quotient exceeds `Int128`.
    private func division(by mantissa: Int128, timesTenTo exponent: Int) -> Division? {
        guard mantissa != 0 else { return nil }
        var divisor = mantissa.magnitude
        let isNegative = self.isNegative != (mantissa < 0)
        let (gap, overflow) = self.exponent.subtractingReportingOverflow(exponent)
        if isZero { return Division(isNegative: false, quotient: 0, remainder: 0, divisor: divisor) }
        if overflow && exponent < 0 { return nil }  // the divisor is tinier than any quotient can count
        if overflow || gap < 0 {
            // A divisor beyond 128 bits is more than twice any mantissa, so only "something is left" matters.
            let power = overflow || gap < -38 ? nil : UInt128.powerOfTen(-gap)
            let product = power.map { divisor.multipliedReportingOverflow(by: $0) }
            divisor = product.map { $0.overflow ? .max : $0.partialValue } ?? .max
        }
        var (quotient, remainder) = self.mantissa.magnitude.quotientAndRemainder(dividingBy: divisor)
        guard gap > 0, !overflow else {
            return Division(isNegative: isNegative, quotient: quotient, remainder: remainder, divisor: divisor)
        }
        if let power = UInt128.powerOfTen(gap), remainder == 0 {
            let (product, overflow) = quotient.multipliedReportingOverflow(by: power)
            guard !overflow, product <= Self.largestMagnitude else { return nil }
            return Division(isNegative: isNegative, quotient: product, remainder: 0, divisor: divisor)
        }
        for _ in 0..<gap {  // ends early: a quotient that has begun to grow gains a digit each time
            if quotient == 0 && remainder == 0 { break }
            let (high, low) = remainder.multipliedFullWidth(by: 10)
            let (digit, rest) = divisor.dividingFullWidth((high, low))  // remainder < divisor, so the digit is 0...9
            let (tenfold, overflow) = quotient.multipliedReportingOverflow(by: 10)
            guard !overflow else { return nil }
            let (next, carry) = tenfold.addingReportingOverflow(digit)
            guard !carry, next <= Self.largestMagnitude else { return nil }
            (quotient, remainder) = (next, rest)
        }
        return Division(isNegative: isNegative, quotient: quotient, remainder: remainder, divisor: divisor)
    }
}
