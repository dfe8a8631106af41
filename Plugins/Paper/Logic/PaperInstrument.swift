import AdapterKit
import Exact

/// What the host says of an instrument with each order.
struct InstrumentTerms: Hashable, Sendable {
    var id: String
    var currency: String
    /// The smallest price step.
    var tick: ExactDecimal?
    /// The smallest tradable multiple, in units.
    var lotSize: ExactDecimal?
    /// Money per unit and price point.
    var multiplier: ExactDecimal?
}

/// An instrument on an integer grid: prices count 10^`priceExponent`, quantities count 10^`quantityExponent`.
///
/// The grid is as fine as the decimals of tick and lot, and becomes finer, never coarser, when they do, so that what was
/// stored on an older grid can always be brought to the newer one exactly.
///
/// Immutable, and shared by reference because every step of every order reads it.
final class PaperInstrument: Sendable {
    let id: String
    let kind: Kind
    let priceExponent: Int
    let quantityExponent: Int
    /// The tick in price steps, positive.
    let tick: Int64
    /// The lot in quantity steps, positive.
    let lot: Int64
    let multiplier: ExactDecimal
    /// Atoms of money that one price step is worth on one quantity step, positive.
    let unit: Int128
    /// What the strike of one quantity step of an option is worth: the base of a written option's margin.
    let strikeValue: Money?

    /// Prices and quantities stay below 2^60 steps, so that a sum of eight cannot overflow.
    static let largestSteps: Int64 = 1 << 60

    /// Throws `INSTRUMENT` naming the field that is missing or cannot be held.
    ///
    /// - Parameter exponents: a grid to begin with; it becomes as fine as the terms need.
    init(
        _ terms: InstrumentTerms, exponents: (price: Int, quantity: Int) = (0, 0)
    ) throws(AdapterError) {
        let (tick, lot, multiplier) = try Self.complete(terms)
        id = terms.id
        kind = Self.kind(in: terms.id)
        priceExponent = min(exponents.price, tick.exponent)
        quantityExponent = min(exponents.quantity, lot.exponent)
        self.multiplier = multiplier
        let moneyExponent = Money.exponent - priceExponent - quantityExponent
        guard let tickSteps = Self.steps(tick, priceExponent), let lotSteps = Self.steps(lot, quantityExponent),
            let unit = multiplier.scaled(to: moneyExponent), unit <= Money.largestExecution.atoms
        else {
            throw .init(
                .instrument,
                "\(terms.id) has tick \(tick), lot \(lot), multiplier \(multiplier): money would need more than 18 decimals",
                field: "instrument.tick", certainty: .rejected)
        }
        (self.tick, self.lot, self.unit) = (tickSteps, lotSteps, unit)
        let exponent = Money.exponent - quantityExponent
        strikeValue = Self.strike(in: terms.id)?.multiplied(by: multiplier)?.scaled(to: exponent, rounding: .up)
            .map(Money.init(atoms:))
    }

    /// The same instrument under its current tick, lot and multiplier, on a grid at least as fine.
    ///
    /// - Returns: it, and by what stored prices and quantities must be multiplied to stand on it; (1, 1) nearly always.
    func refined(
        to terms: InstrumentTerms
    ) throws(AdapterError) -> (instrument: PaperInstrument, factor: (price: Int64, quantity: Int64)) {
        let finer = try PaperInstrument(terms, exponents: (priceExponent, quantityExponent))
        guard let price = Int64.powerOfTen(priceExponent - finer.priceExponent),
            let quantity = Int64.powerOfTen(quantityExponent - finer.quantityExponent)
        else {
            throw .init(
                .instrument, "the tick or lot of \(id) became too fine for what is stored", field: "instrument.tick",
                certainty: .rejected)
        }
        return (finer, (price, quantity))
    }

    private static func complete(
        _ terms: InstrumentTerms
    ) throws(AdapterError) -> (tick: ExactDecimal, lot: ExactDecimal, multiplier: ExactDecimal) {
        func positive(_ value: ExactDecimal?, _ name: String) throws(AdapterError) -> ExactDecimal {
            if let value, value > 0 { return value }
            let shown = value.map { "\($0)" } ?? "absent"
            throw .init(
                .instrument, "\(name) of \(terms.id) is \(shown); a positive number is needed",
                field: "instrument.\(name)", certainty: .rejected)
        }
        return (
            try positive(terms.tick, "tick"), try positive(terms.lotSize, "lot_size"),
            try positive(terms.multiplier, "multiplier")
        )
    }

    /// Whether tick, lot and multiplier are the ones it has.
    @inline(__always)
    func matches(tick: ExactDecimal?, lot: ExactDecimal?, multiplier: ExactDecimal?) -> Bool {
        guard let tick, let lot, let multiplier else { return false }
        return priceSteps(tick) == self.tick && quantitySteps(lot) == self.lot && multiplier == self.multiplier
    }

    var terms: (tick: ExactDecimal, lot: ExactDecimal) { (price(tick), quantity(lot)) }

    private static func strike(in id: String) -> ExactDecimal? {
        let parts = id.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[1] == "OPT" else { return nil }
        return ExactDecimal(String(parts[4]))
    }

    /// What kind of thing the id names, as far as it matters here.
    enum Kind: Sendable { case index, future, option, other }

    private static func kind(in id: String) -> Kind {
        let parts = id.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count > 1 else { return .other }
        switch parts[1] {
        case "IDX": return .index
        case "FUT", "PERP": return .future
        case "OPT": return .option
        default: return .other
        }
    }
}

// MARK: - On and off the grid

extension PaperInstrument {
    /// A price in steps, or `nil` when it lies between two steps or beyond the largest.
    @inline(__always)
    func priceSteps(_ price: ExactDecimal) -> Int64? { Self.steps(price, priceExponent) }

    /// A quantity in steps, or `nil` when it lies between two steps or beyond the largest.
    @inline(__always)
    func quantitySteps(_ quantity: ExactDecimal) -> Int64? { Self.steps(quantity, quantityExponent) }

    func price(_ steps: Int64) -> ExactDecimal {
        ExactDecimal(mantissa: Int128(steps), exponent: priceExponent) ?? .zero  // exists: 64 bits at a held exponent
    }

    func quantity(_ steps: Int64) -> ExactDecimal {
        ExactDecimal(mantissa: Int128(steps), exponent: quantityExponent) ?? .zero
    }

    /// The nearest tick at or below a market price; `nil` for a price that is not positive or too large.
    func tickBelow(_ price: ExactDecimal) -> Int64? {
        guard let steps = Self.steps(price, priceExponent, rounding: .floor), steps >= 0 else { return nil }
        return steps - steps % tick
    }

    /// The nearest tick at or above a market price; `nil` for a price that is not positive or too large.
    func tickAbove(_ price: ExactDecimal) -> Int64? {
        guard let steps = Self.steps(price, priceExponent, rounding: .ceiling), steps > 0 else { return nil }
        return Self.roundedUp(steps, to: tick)
    }

    static func roundedUp(_ steps: Int64, to tick: Int64) -> Int64 {
        let excess = steps % tick
        return excess == 0 ? steps : steps - excess + tick
    }

    /// Whole lots in a market size, as quantity steps; what is too large to count is without bound.
    func lots(in size: ExactDecimal, basisPoints: Int64) -> Int64 {
        guard let scaled = size.multiplied(by: ExactDecimal(basisPoints)),
            let steps = scaled.scaled(to: quantityExponent + 4, rounding: .floor)
        else { return .max }
        guard steps > 0 else { return 0 }
        guard let steps = Int64(exactly: steps), steps < Self.largestSteps else { return .max }
        return steps - steps % lot
    }

    /// What a quantity is worth at a price; `nil` beyond `Money.largestExecution`.
    @inline(__always)
    func value(_ quantity: Int64, at price: Int64) -> Money? {
        let steps = Int128(quantity) * Int128(price)  // below 2^120
        let (atoms, overflow) = steps.multipliedReportingOverflow(by: unit)
        guard !overflow, atoms <= Money.largestExecution.atoms else { return nil }
        return Money(atoms: atoms)
    }

    @inline(__always)
    private static func steps(_ value: ExactDecimal, _ exponent: Int) -> Int64? {
        let gap = value.exponent - exponent
        guard gap >= 0, let factor = Int64.powerOfTen(gap), let mantissa = Int64(exactly: value.mantissa) else {
            return value.isZero ? 0 : nil
        }
        let (steps, overflow) = mantissa.multipliedReportingOverflow(by: factor)
        return !overflow && steps.magnitude < largestSteps.magnitude ? steps : nil
    }

    private static func steps(_ value: ExactDecimal, _ exponent: Int, rounding: ExactDecimal.Rounding) -> Int64? {
        if let steps = steps(value, exponent) { return steps }
        guard let steps = value.scaled(to: exponent, rounding: rounding).flatMap({ Int64(exactly: $0) }),
            steps.magnitude < largestSteps.magnitude
        else { return nil }
        return steps
    }
}

extension Int64 {
    /// 10^`exponent`, or `nil` outside 0...18.
    @inline(__always)
    static func powerOfTen(_ exponent: Int) -> Int64? {
        guard exponent >= 0, exponent <= 18 else { return nil }
        if exponent == 0 { return 1 }
        return powersOfTen[exponent]
    }

    private static let powersOfTen: [Int64] = (0...18).map { exponent in
        (0..<exponent).reduce(1) { power, _ in power * 10 }  // 10^18 is below 2^63
    }
}
