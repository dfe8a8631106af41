import Exact

/// An amount of the account's currency: a whole number of 10⁻¹⁸, so that price × quantity × multiplier is exact.
///
/// Two bounds keep every sum inside 128 bits, so that arithmetic on amounts within them can neither trap nor wrap: one
/// execution is worth at most `largestExecution`, and no stored amount passes `largestBalance`. What would exceed them is
/// refused where it would be made.
struct Money: Hashable, Sendable {
    var atoms: Int128

    static let exponent = -18
    static let zero = Money(atoms: 0)
    /// 10¹³ units of the currency.
    static let largestExecution = Money(atoms: 10_000_000_000_000_000_000_000_000_000_000)
    /// 10¹⁵ units of the currency. A hundred thousand such amounts still add up within 128 bits.
    static let largestBalance = Money(atoms: 1_000_000_000_000_000_000_000_000_000_000_000)

    init(atoms: Int128) {
        self.atoms = atoms
    }

    /// Returns `nil` for more than 18 decimals and for what is beyond `largestBalance`.
    init?(_ value: ExactDecimal) {
        guard let atoms = value.scaled(to: Self.exponent) else { return nil }
        self.init(atoms: atoms)
        guard isStorable else { return nil }
    }

    /// Whether the amount may be kept.
    var isStorable: Bool { atoms.magnitude <= Self.largestBalance.atoms.magnitude }

    /// The amount as a decimal. Two decimals, the usual case, are taken off in one division.
    var decimal: ExactDecimal {
        let cents = atoms.quotientAndRemainder(dividingBy: 10_000_000_000_000_000)
        if cents.remainder == 0 { return ExactDecimal(mantissa: cents.quotient, exponent: -2) ?? .zero }
        return ExactDecimal(mantissa: atoms, exponent: Self.exponent) ?? .zero  // exists: never Int128.min
    }

    /// `numerator` / `denominator` of the amount, rounded toward zero. Both are positive, the first not above the second.
    func part(_ numerator: Int64, of denominator: Int64) -> Money {
        if numerator == denominator { return self }
        let product = atoms.magnitude.multipliedFullWidth(by: UInt128(numerator.magnitude))
        // The quotient is at most the amount, hence fits.
        let quotient = UInt128(denominator.magnitude).dividingFullWidth(product).quotient
        return Money(atoms: atoms < 0 ? -Int128(quotient) : Int128(quotient))
    }

    /// `rate` ten-thousandths of the amount, rounded away from zero. `rate` is at most 100,000.
    func basisPoints(_ rate: Int64) -> Money {
        if rate == 10_000 { return self }
        let (quotient, remainder) = (atoms * Int128(rate)).quotientAndRemainder(dividingBy: 10_000)
        return Money(atoms: quotient + (remainder == 0 ? 0 : remainder.signum()))
    }

    /// The amount rounded up to a multiple of `step`, which is positive.
    func roundedUp(to step: Int128) -> Money {
        let (quotient, remainder) = atoms.quotientAndRemainder(dividingBy: step)
        return Money(atoms: (quotient + (remainder > 0 ? 1 : 0)) * step)
    }

    static func + (left: Money, right: Money) -> Money { Money(atoms: left.atoms + right.atoms) }
    static func - (left: Money, right: Money) -> Money { Money(atoms: left.atoms - right.atoms) }
    static prefix func - (value: Money) -> Money { Money(atoms: -value.atoms) }
    static func += (left: inout Money, right: Money) { left.atoms += right.atoms }
    static func -= (left: inout Money, right: Money) { left.atoms -= right.atoms }
}

extension Money: Comparable, CustomStringConvertible {
    static func < (left: Money, right: Money) -> Bool { left.atoms < right.atoms }

    var description: String { decimal.description }
}
