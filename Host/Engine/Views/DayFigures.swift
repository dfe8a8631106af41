package import Domain

/// What an account's trading day brought so far in one currency.
package struct DayFigure: Hashable, Sendable {
    package var currency: Currency
    /// Minor units after fees, rounded down instrument by instrument; `nil` = a position had no price, or it does not fit.
    package var result: Int64?
    /// Minor units, positive is paid.
    package var fees: Int64
}

extension Engine {
    /// By currency, in order of first use. Empty before the account's first day and for one that never traded.
    ///
    /// - Parameter mark: Points that a position counts at; `nil` = none known.
    package func dayFigures(of account: Int32, mark: (Int32) -> Int64?) -> [DayFigure] {
        var figures: [DayFigure] = []
        for position in book.positions(of: account) where position.hasDayValue || position.dayFees != 0 {
            let instrument = instruments[Int(position.instrument)].instrument
            let value = position.dayValue(mark: mark(position.instrument))
                .flatMap { instrument.money(value: $0, rounding: .floor) }
            let place =
                figures.firstIndex { $0.currency == instrument.currency }
                ?? {
                    figures.append(DayFigure(currency: instrument.currency, result: 0, fees: 0))
                    return figures.count - 1
                }()
            figures[place].fees = saturatingSum(figures[place].fees, position.dayFees)
            guard let sum = figures[place].result, let value else {
                figures[place].result = nil
                continue
            }
            figures[place].result = saturatingSum(sum, saturatingSum(value, -position.dayFees))
        }
        return figures
    }

    /// Points of an instrument's price in force; `nil` = none known.
    package func referencePoints(_ instrument: Int32) -> Int64? {
        let points = inputs.reference(instrument).points
        return points > 0 ? points : nil
    }
}

extension Instrument {
    /// Value over quantity, rounded half to even at a hundredth of a point.
    package func averagePrice(value: Int128, quantity: Int64) -> ExactDecimal? {
        let (whole, rest) = (value * 100).quotientAndRemainder(dividingBy: Int128(quantity))
        let twice = abs(rest) * 2
        let up = twice > Int128(abs(quantity)) || (twice == Int128(abs(quantity)) && whole % 2 != 0)
        return ExactDecimal(mantissa: whole + (up ? 1 : 0), exponent: priceExponent - 2)
    }

    /// A product of steps and points as an exact amount of the instrument's currency; `nil` where it does not fit.
    package func exactMoney(value: Int128) -> ExactDecimal? {
        // The denominator divides a power of ten: the amount has finitely many decimals.
        var (power, digits) = (Int128(1), 0)
        while power % Int128(moneyDenominator) != 0 {
            guard digits < 36 else { return nil }
            (power, digits) = (power * 10, digits + 1)
        }
        let factor = Int128(moneyNumerator).multipliedReportingOverflow(by: power / Int128(moneyDenominator))
        guard !factor.overflow else { return nil }
        let product = value.multipliedReportingOverflow(by: factor.partialValue)
        guard !product.overflow else { return nil }
        return ExactDecimal(mantissa: product.partialValue, exponent: -currency.minorDigits - digits)
    }
}
