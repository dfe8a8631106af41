import Domain

/// Which instrument each account trades for a parent that names the accounts' own venues (`ANY:SPOT:BTC-USDT`), as whoever
/// knows what adapters list has found it: the engine looks into no list.
package struct LegInstruments: Hashable, Sendable {
    package enum Found: Hashable, Sendable {
        /// Its number.
        case instrument(Int32)
        /// The adapter lists none, the account holds this one: it is closed, and nothing is opened. What is listed instead,
        /// for a person.
        case held(Int32, String)
        /// The adapter lists none; what it lists instead.
        case unlisted(String)
        /// The adapter lists several; which.
        case ambiguous(String)
        /// It is known which, and what is not known of it.
        case unusable(String)

        /// The account's instrument; `nil` = it has none.
        package var number: Int32? {
            switch self {
            case .instrument(let number), .held(let number, _): number
            case .unlisted, .ambiguous, .unusable: nil
            }
        }

        /// What was found in the place of an instrument; empty where there is one.
        package var text: String {
            switch self {
            case .instrument: ""
            case .held(_, let text), .unlisted(let text), .ambiguous(let text), .unusable(let text): text
            }
        }
    }

    /// The instrument by whose steps the parent's own quantities are counted: one of those that were found.
    package let scale: Int32
    private var found: [Int32: Found] = [:]
    /// Instruments that were found, each once, `scale` first.
    private(set) var numbers: [Int32]

    package init(scale: Int32) { (self.scale, numbers) = (scale, [scale]) }

    /// Says what an account trades, by its number.
    package mutating func add(_ account: Int32, _ instrument: Found) {
        found[account] = instrument
        if let number = instrument.number, !numbers.contains(number) { numbers.append(number) }
    }

    func instrument(of account: Int32) -> Int32? { found[account]?.number }

    /// Whether an account only closes what it holds.
    func onlyCloses(_ account: Int32) -> Bool {
        if case .held = found[account] { true } else { false }
    }

    /// Why an account's leg has no instrument, or opens nothing. Accounts that nobody looked for have none.
    func refusal(of account: Int32) -> (rejection: Rejection, found: String) {
        let found = found[account]
        let rejection: Rejection =
            switch found {
            case .ambiguous: Rejection(.instrument, .severalOwnVenues, scope: .adapter)
            case .unusable: Rejection(.instrument, .unknownField, cause: .noInput, scope: .instrument)
            case .instrument, .held, .unlisted, nil: Rejection(.instrument, .noOwnVenue, scope: .adapter)
            }
        return (rejection, found?.text ?? "")
    }
}

/// How legs of several instruments are shared out together: in units that every one of their steps is a whole number of,
/// and lots that every one of them takes.
struct CommonUnits {
    /// Smallest quantity that is a whole number of lots of each instrument, in units.
    let lot: Int64
    /// One unit, as a quantity.
    let unit: ExactDecimal
    /// Units in one step, by instrument as given.
    let unitsPerStep: [Int64]

    /// `nil` where there is no such lot within 63 bits.
    init?(_ instruments: [Instrument]) {
        let steps = instruments.map { $0.quantity(1) }
        let exponent = steps.map(\.exponent).min() ?? 0
        var scaled: [Int64] = []
        for step in steps {
            guard let value = step.scaled(to: exponent).flatMap(Int64.init(exactly:)), value > 0 else { return nil }
            scaled.append(value)
        }
        let divisor = scaled.reduce(0, Self.greatestCommonDivisor)
        guard divisor > 0, let unit = ExactDecimal(mantissa: Int128(divisor), exponent: exponent) else { return nil }
        var (lot, unitsPerStep) = (Int64(1), [Int64]())
        for (instrument, step) in zip(instruments, scaled) {
            let units = step / divisor
            let (own, overflow) = instrument.lot.multipliedReportingOverflow(by: units)
            guard !overflow else { return nil }
            let (common, isTooLarge) = (lot / Self.greatestCommonDivisor(lot, own)).multipliedReportingOverflow(by: own)
            guard !isTooLarge else { return nil }
            lot = common
            unitsPerStep.append(units)
        }
        (self.lot, self.unit, self.unitsPerStep) = (lot, unit, unitsPerStep)
    }

    private static func greatestCommonDivisor(_ first: Int64, _ second: Int64) -> Int64 {
        var (a, b) = (first, second)
        while b != 0 { (a, b) = (b, a % b) }
        return a
    }
}
