/// The number of an instrument within a process, dense from 0. Never stored: the id is.
@frozen
package struct InstrumentIndex: Hashable, Sendable {
    package let rawValue: Int32
    @inlinable
    package init(_ rawValue: Int32) { self.rawValue = rawValue }
}

/// What is known of an instrument, as text and decimals, from an overlay file or an adapter's rows.
///
/// A field that is `nil` is unknown: a control that needs it refuses opening orders and names it.
package struct InstrumentRecord: Hashable, Sendable {
    package var id: InstrumentID
    package var name: String?
    package var currency: Currency
    /// Smallest price step; where it depends on the price, the step of which every tick is a multiple (`TickTable.step`).
    package var tickSize: ExactDecimal
    /// `nil` = `tickSize` at every price.
    package var tickTable: TickTable?
    /// Smallest tradable multiple, in units.
    package var lotSize: ExactDecimal
    /// Money per unit and price point.
    package var multiplier: ExactDecimal
    package var contractSize: ExactDecimal?
    /// Largest quantity of one order at the exchange, in units; a larger leg is sliced.
    package var freezeQuantity: ExactDecimal?
    package var minimumQuantity: ExactDecimal?
    package var maximumQuantity: ExactDecimal?
    /// The day's price range.
    package var priceLow: ExactDecimal?
    package var priceHigh: ExactDecimal?
    package var expiry: CivilDate?
    package var isTradable: Bool
    /// Where the figures come from, in the words of the file.
    package var source: String

    package init(
        id: InstrumentID, name: String? = nil, currency: Currency, tickSize: ExactDecimal, lotSize: ExactDecimal = 1,
        multiplier: ExactDecimal = 1, contractSize: ExactDecimal? = nil, freezeQuantity: ExactDecimal? = nil,
        minimumQuantity: ExactDecimal? = nil, maximumQuantity: ExactDecimal? = nil, priceLow: ExactDecimal? = nil,
        priceHigh: ExactDecimal? = nil, expiry: CivilDate? = nil, isTradable: Bool = true, source: String,
        tickTable: TickTable? = nil
    ) {
        (self.id, self.name, self.currency) = (id, name, currency)
        (self.tickSize, self.lotSize, self.multiplier, self.contractSize) = (
            tickTable?.step ?? tickSize, lotSize, multiplier, contractSize
        )
        self.tickTable = tickTable
        (self.freezeQuantity, self.minimumQuantity, self.maximumQuantity) =
            (freezeQuantity, minimumQuantity, maximumQuantity)
        (self.priceLow, self.priceHigh) = (priceLow, priceHigh)
        self.expiry = expiry ?? id.expiry
        (self.isTradable, self.source) = (isTradable, source)
    }
}

/// An instrument as the engine sees it: integers in units of its own.
///
/// - quantity is counted in *steps*: one unit where the lot is a whole number of units, else one lot;
/// - price is counted in *points*: a hundredth part of the last decimal of the tick, so that executions finer than a
///   tick stay exact;
/// - money of `steps × points` is `steps × points × moneyNumerator / moneyDenominator` minor units.
///
/// Trivial on purpose (no reference inside): copying one on the hot path costs nothing.
@frozen
package struct Instrument: Hashable, Sendable {
    package let index: InstrumentIndex
    package let currency: Currency
    package let kind: InstrumentKind
    package let isTradable: Bool
    /// Units of one quantity step as `mantissa × 10^exponent`.
    package let stepMantissa: Int64
    package let stepExponent: Int
    package let priceExponent: Int
    /// One tick, in points; where it depends on the price, the step of which every tick is a multiple.
    package let tick: Int64
    /// One lot, in steps.
    package let lot: Int64
    package let moneyNumerator: Int64
    package var moneyDenominator: Int64 { moneyDivisor.value }
    package let moneyDivisor: FixedDivisor
    /// 0 = none known.
    package let freezeQuantity: Int64
    package let minimumQuantity: Int64
    /// `Int64.max` = none.
    package let maximumQuantity: Int64
    package let priceLow: Int64
    package let priceHigh: Int64
    /// Days since the epoch of the last trading date; `Int64.max` = does not expire.
    package let expiryDay: Int64

    /// Why a record cannot be traded in exact integers.
    package struct Unusable: Error, Hashable, CustomStringConvertible {
        package let field: String
        package let reason: String
        package var description: String { "\(field): \(reason)" }
    }

    package init(_ record: InstrumentRecord, index: InstrumentIndex) throws(Unusable) {
        self.index = index
        currency = record.currency
        kind = record.id.kind
        isTradable = record.isTradable
        guard record.tickSize > .zero else { throw Unusable(field: "tick_size", reason: "a tick is positive") }
        guard record.lotSize > .zero else { throw Unusable(field: "lot_size", reason: "a lot is positive") }
        guard record.multiplier > .zero else { throw Unusable(field: "multiplier", reason: "a multiplier is positive") }
        let stepSize: ExactDecimal = record.lotSize.isInteger ? 1 : record.lotSize
        guard let stepMantissa = Int64(exactly: stepSize.mantissa) else {
            throw Unusable(field: "lot_size", reason: "has more than 18 digits")
        }
        (self.stepMantissa, stepExponent) = (stepMantissa, stepSize.exponent)
        priceExponent = min(0, record.tickSize.exponent) - 2
        guard let tick = record.tickSize.scaled(to: priceExponent).flatMap(Int64.init(exactly:)) else {
            throw Unusable(field: "tick_size", reason: "has more than 16 digits")
        }
        self.tick = tick
        for band in record.tickTable?.bands ?? [] {
            guard let from = band.from.scaled(to: priceExponent), Int64(exactly: from) != nil,
                let size = band.tick.scaled(to: priceExponent), Int64(exactly: size) != nil
            else { throw Unusable(field: "tick_table", reason: "the band from \(band.from) has too many digits") }
        }
        guard let lot = record.lotSize.dividedExactly(by: stepSize).flatMap(Int64.init(exactly:)) else {
            throw Unusable(field: "lot_size", reason: "does not fit 63 bits")
        }
        self.lot = lot
        func steps(_ quantity: ExactDecimal?, _ field: String, absent: Int64) throws(Unusable) -> Int64 {
            guard let quantity else { return absent }
            guard !quantity.isNegative, let whole = quantity.dividedExactly(by: stepSize).flatMap(Int64.init(exactly:))
            else { throw Unusable(field: field, reason: "\(quantity) is not a whole number of lots or units") }
            return whole
        }
        freezeQuantity = try steps(record.freezeQuantity, "freeze_quantity", absent: 0)
        minimumQuantity = try steps(record.minimumQuantity, "minimum_quantity", absent: lot)
        maximumQuantity = try steps(record.maximumQuantity, "maximum_quantity", absent: .max)
        func points(_ price: ExactDecimal?, _ field: String, absent: Int64) throws(Unusable) -> Int64 {
            guard let price else { return absent }
            guard let value = price.scaled(to: min(0, record.tickSize.exponent) - 2).flatMap(Int64.init(exactly:))
            else {
                throw Unusable(field: field, reason: "\(price) has more decimals than a hundredth of a tick")
            }
            return value
        }
        priceLow = try points(record.priceLow, "price_low", absent: .min)
        priceHigh = try points(record.priceHigh, "price_high", absent: .max)
        expiryDay = record.expiry?.daysSinceEpoch ?? .max
        guard let perStep = stepSize.multiplied(by: record.multiplier) else {
            throw Unusable(field: "multiplier", reason: "lot size times multiplier has too many digits")
        }
        let exponent = perStep.exponent + priceExponent + record.currency.minorDigits
        guard let mantissa = Int64(exactly: perStep.mantissa), let power = Self.powerOfTen(abs(exponent)) else {
            throw Unusable(field: "multiplier", reason: "lot size times multiplier has too many digits")
        }
        if exponent >= 0 {
            let (product, overflow) = mantissa.multipliedReportingOverflow(by: power)
            guard !overflow else { throw Unusable(field: "multiplier", reason: "money does not fit 63 bits") }
            (moneyNumerator, moneyDivisor) = (product, FixedDivisor(1))
        } else {
            let divisor = Self.greatestCommonDivisor(mantissa, power)
            (moneyNumerator, moneyDivisor) = (mantissa / divisor, FixedDivisor(power / divisor))
        }
    }

    /// The same instrument with money counted in another currency: `rate` units of it for one of the instrument's own.
    /// `nil` where the rate is not positive or money would not fit 63 bits.
    package func valued(in other: Currency, rate: ExactDecimal) -> Instrument? {
        guard rate > .zero, let mantissa = Int64(exactly: rate.mantissa) else { return nil }
        let exponent = rate.exponent + other.minorDigits - currency.minorDigits
        guard let power = Self.powerOfTen(abs(exponent)) else { return nil }
        let (up, down) = exponent >= 0 ? (power, Int64(1)) : (1, power)
        let (first, firstOverflow) = moneyNumerator.multipliedReportingOverflow(by: mantissa)
        let (numerator, secondOverflow) = first.multipliedReportingOverflow(by: up)
        let (denominator, thirdOverflow) = moneyDenominator.multipliedReportingOverflow(by: down)
        guard !firstOverflow, !secondOverflow, !thirdOverflow else { return nil }
        let divisor = Self.greatestCommonDivisor(numerator, denominator)
        return Instrument(self, currency: other, numerator: numerator / divisor, denominator: denominator / divisor)
    }

    /// Another instrument with the same figures, and its own day range.
    package func placed(
        at index: InstrumentIndex, priceLow: ExactDecimal?, priceHigh: ExactDecimal?
    ) throws(Unusable) -> Instrument {
        func points(_ price: ExactDecimal?, _ field: String, absent: Int64) throws(Unusable) -> Int64 {
            guard let price else { return absent }
            guard let value = self.points(price) else {
                throw Unusable(field: field, reason: "\(price) has more decimals than a hundredth of a tick")
            }
            return value
        }
        return Instrument(
            self, index: index, priceLow: try points(priceLow, "price_low", absent: .min),
            priceHigh: try points(priceHigh, "price_high", absent: .max))
    }

    private init(_ other: Instrument, index: InstrumentIndex, priceLow: Int64, priceHigh: Int64) {
        (self.index, kind, isTradable) = (index, other.kind, other.isTradable)
        (stepMantissa, stepExponent, priceExponent) = (other.stepMantissa, other.stepExponent, other.priceExponent)
        (tick, lot) = (other.tick, other.lot)
        (freezeQuantity, minimumQuantity, maximumQuantity) = (
            other.freezeQuantity, other.minimumQuantity, other.maximumQuantity
        )
        (self.priceLow, self.priceHigh, expiryDay) = (priceLow, priceHigh, other.expiryDay)
        (currency, moneyNumerator, moneyDivisor) = (other.currency, other.moneyNumerator, other.moneyDivisor)
    }

    private init(_ other: Instrument, currency: Currency, numerator: Int64, denominator: Int64) {
        (index, kind, isTradable) = (other.index, other.kind, other.isTradable)
        (stepMantissa, stepExponent, priceExponent) = (other.stepMantissa, other.stepExponent, other.priceExponent)
        (tick, lot) = (other.tick, other.lot)
        (freezeQuantity, minimumQuantity, maximumQuantity) = (
            other.freezeQuantity, other.minimumQuantity, other.maximumQuantity
        )
        (priceLow, priceHigh, expiryDay) = (other.priceLow, other.priceHigh, other.expiryDay)
        (self.currency, moneyNumerator, moneyDivisor) = (currency, numerator, FixedDivisor(denominator))
    }

    private static func powerOfTen(_ exponent: Int) -> Int64? {
        guard exponent <= 18 else { return nil }
        return (0..<exponent).reduce(Int64(1)) { power, _ in power * 10 }
    }

    private static func greatestCommonDivisor(_ first: Int64, _ second: Int64) -> Int64 {
        var (a, b) = (first, second)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }
}

extension Instrument {
    package enum MoneyRounding: Sendable {
        /// Toward plus infinity: exposures.
        case ceiling
        /// Toward minus infinity: results.
        case floor
    }

    /// Whether quantities, prices and money count alike, so that what was counted before stays true.
    package func hasScale(of other: Instrument) -> Bool {
        stepMantissa == other.stepMantissa && stepExponent == other.stepExponent && priceExponent == other.priceExponent
            && moneyNumerator == other.moneyNumerator && moneyDenominator == other.moneyDenominator
            && currency == other.currency
    }

    /// `quantity × price` in minor units, `nil` on overflow. `value` is a product of steps and points.
    package func money(value: Int128, rounding: MoneyRounding) -> Int64? {
        if let narrow = Int64(exactly: value) {
            let (product, overflow) = narrow.multipliedReportingOverflow(by: moneyNumerator)
            if !overflow {
                switch rounding {
                case .ceiling: return moneyDivisor.ceiling(product)
                case .floor: return moneyDivisor.floor(product)
                }
            }
        }
        return Self.wideMoney(value, numerator: moneyNumerator, denominator: moneyDenominator, rounding: rounding)
    }

    /// The same where a product does not fit 64 bits.
    package static func wideMoney(
        _ value: Int128, numerator: Int64, denominator: Int64, rounding: MoneyRounding
    ) -> Int64? {
        let (product, overflow) = value.multipliedReportingOverflow(by: Int128(numerator))
        guard !overflow else { return nil }
        let (quotient, remainder) = product.quotientAndRemainder(dividingBy: Int128(denominator))
        let adjusted =
            rounding == .ceiling ? quotient + (remainder > 0 ? 1 : 0) : quotient - (remainder < 0 ? 1 : 0)
        return Int64(exactly: adjusted)
    }

    /// `quantity × price` in minor units, rounded up; `nil` on overflow.
    package func notional(quantity: Int64, price: Int64) -> Int64? {
        money(value: Int128(quantity) * Int128(price), rounding: .ceiling)
    }

    /// Steps of a quantity in units. `nil` where it is not a whole number of steps or does not fit.
    package func steps(_ quantity: ExactDecimal) -> Int64? {
        guard let step = ExactDecimal(mantissa: Int128(stepMantissa), exponent: stepExponent) else { return nil }
        return quantity.dividedExactly(by: step).flatMap(Int64.init(exactly:))
    }

    /// A quantity in units.
    package func quantity(_ steps: Int64) -> ExactDecimal {
        ExactDecimal(mantissa: Int128(steps) * Int128(stepMantissa), exponent: stepExponent) ?? .zero
    }

    /// Points of a price; `nil` where it has more decimals than a hundredth of a tick or does not fit.
    package func points(_ price: ExactDecimal) -> Int64? {
        price.scaled(to: priceExponent).flatMap(Int64.init(exactly:))
    }

    /// Points of a price, a finer one rounded half to even: executions inside a hundredth of a tick.
    package func pointsRounded(_ price: ExactDecimal) -> Int64? {
        price.scaled(to: priceExponent, rounding: .halfEven).flatMap(Int64.init(exactly:))
    }

    package func price(_ points: Int64) -> ExactDecimal {
        ExactDecimal(mantissa: Int128(points), exponent: priceExponent) ?? .zero
    }
}
