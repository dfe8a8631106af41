import Domain

/// How an instrument's steps × points become minor units: what money asks of an `Instrument` and nothing else, so that a
/// control that values something loads four words. Trivial.
struct MoneyScale: Sendable {
    let numerator: Int64
    let divisor: FixedDivisor

    @inline(__always)
    init(_ instrument: borrowing Instrument) {
        (numerator, divisor) = (instrument.moneyNumerator, instrument.moneyDivisor)
    }

    /// `notional`: `quantity × price` in minor units, rounded up; `nil` on overflow.
    @inline(__always)
    func value(of quantity: Int64, at price: Int64) -> Int64? {
        let (value, overflow) = quantity.multipliedReportingOverflow(by: price)
        let (product, overflows) = value.multipliedReportingOverflow(by: numerator)
        guard !overflow, !overflows else { return wide(quantity, price) }
        return divisor.ceiling(product)
    }

    @inline(never)
    private func wide(_ quantity: Int64, _ price: Int64) -> Int64? {
        Instrument.wideMoney(
            Int128(quantity) * Int128(price), numerator: numerator, denominator: divisor.value, rounding: .ceiling)
    }

    /// The largest quantity whose value at `price` stays within `amount`, in closed form; saturates.
    func largest(at price: Int64, within amount: Int64) -> Int64 {
        guard amount > 0, price > 0 else { return 0 }
        let perStep = Int128(price) * Int128(numerator)
        return Int64(exactly: Int128(amount) * Int128(divisor.value) / perStep) ?? .max
    }
}
