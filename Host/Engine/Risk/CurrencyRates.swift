package import Domain

/// Rates between currencies, as the operator states them (RISK.md §2, `fx`). Each holds in its direction only; what is not
/// stated does not exist, and what would need it refuses.
///
/// An input, not state: results of the past do not change with it, and nothing of the journal depends on it.
package struct CurrencyRates: Hashable, Sendable {
    package struct Pair: Hashable, Sendable {
        package let from: Currency
        package let to: Currency
        package init(from: Currency, to: Currency) { (self.from, self.to) = (from, to) }
    }

    /// Units of `to` for one of `from`, positive.
    package private(set) var rates: [Pair: ExactDecimal]

    package init(_ rates: [Pair: ExactDecimal] = [:]) { self.rates = rates }
}

extension Engine {
    /// Sets the rates for the next admission.
    package mutating func setCurrencyRates(_ rates: CurrencyRates) {
        currencyRates = rates
        resolved.legs = LegLimitsTable()
    }

    /// A result in an account's currency, rounded down; 0 needs no rate. `nil` = there is none.
    func converted(_ value: Int128, _ instrument: Instrument, to currency: Currency) -> Int64? {
        value == 0 ? 0 : valuation(instrument, in: currency)?.result(of: value)
    }

    /// The instrument with money counted in a currency; `nil` = there is no rate.
    func valuation(_ instrument: Instrument, in currency: Currency) -> Instrument? {
        if instrument.isIn(currency) { return instrument }
        guard let rate = currencyRates.rates[.init(from: instrument.currency, to: currency)] else { return nil }
        return instrument.valued(in: currency, rate: rate)
    }
}
