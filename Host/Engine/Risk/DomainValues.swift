import Domain

// What the controls ask of Domain's values for every leg. The compiler inlines no function of package access into another
// module, and `==` of another module's enumeration goes through its witness table: here each is an instruction or two.

extension Side {
    @inline(__always)
    var isBuy: Bool {
        switch self {
        case .buy: true
        case .sell: false
        }
    }
}

extension OrderType {
    /// `hasLimitPrice`
    @inline(__always)
    var takesLimitPrice: Bool {
        switch self {
        case .limit, .stopLimit: true
        case .market, .stop: false
        }
    }

    /// `hasStopPrice`
    @inline(__always)
    var takesStopPrice: Bool {
        switch self {
        case .stop, .stopLimit: true
        case .market, .limit: false
        }
    }

    @inline(__always)
    var isMarket: Bool {
        switch self {
        case .market: true
        case .limit, .stop, .stopLimit: false
        }
    }
}

extension OrderType {
    /// The raw value.
    @inline(__always)
    var code: UInt64 {
        switch self {
        case .market: 1
        case .limit: 2
        case .stop: 3
        case .stopLimit: 4
        }
    }
}

extension Product {
    /// The raw value.
    @inline(__always)
    var code: UInt64 {
        switch self {
        case .intraday: 1
        case .delivery: 2
        case .carry: 3
        case .margin: 4
        case .cash: 5
        }
    }
}

extension Timestamp {
    /// `since`: nanoseconds, saturating.
    @inline(__always)
    func elapsed(since earlier: Timestamp) -> Int64 { saturatingDifference(nanoseconds, earlier.nanoseconds) }
}

extension Instrument {
    /// `notional`: `quantity × price` in minor units, rounded up; `nil` on overflow.
    @inline(__always)
    func value(of quantity: Int64, at price: Int64) -> Int64? { MoneyScale(self).value(of: quantity, at: price) }

    /// `money` of a result: rounded down.
    @inline(__always)
    func result(of value: Int128) -> Int64? {
        if let narrow = Int64(exactly: value) {
            let (product, overflow) = narrow.multipliedReportingOverflow(by: moneyNumerator)
            if !overflow { return moneyDivisor.floor(product) }
        }
        return Self.wideMoney(value, numerator: moneyNumerator, denominator: moneyDivisor.value, rounding: .floor)
    }

    @inline(__always)
    func isIn(_ currency: Currency) -> Bool { self.currency.packed == currency.packed }
}
