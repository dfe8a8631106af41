import AdapterKit
import Exact

/// What an operator may set of a simulated account. Each has a documented unit and default (`README.md`, `Settings.schema`).
struct Settings: Sendable, Equatable {
    /// Which events may fill orders.
    enum FillsFrom: String, Sendable, CaseIterable {
        case automatic = "auto"
        case quotes, candles
    }

    /// What the account holds before its first order.
    struct Seed: Sendable, Equatable {
        var terms: InstrumentTerms
        var product: Product
        /// Units, signed; positive where the product is paid in full.
        var quantity: ExactDecimal
        var averagePrice: ExactDecimal
    }

    /// An instrument that the account lists when it is asked for instruments.
    struct ListedInstrument: Sendable, Equatable {
        var terms: InstrumentTerms
        var name: String?
    }

    var startingCash = Money(atoms: 1_000_000_000_000_000_000_000_000)  // one million
    var margins = MarginRates()
    /// What a taker pays beyond the price on offer.
    var slippageBasisPoints: Int64 = 0
    var fees = Fees()
    /// The share of a bar's volume that the account may trade; 0 = volume is not looked at.
    var participationBasisPoints: Int64 = 1_000
    /// The share of a quote's size that the account may trade; above 10,000 it assumes more behind the first level.
    var quoteSizeBasisPoints: Int64 = 10_000
    var fillsFrom = FillsFrom.automatic
    /// How long an order, modify or cancel travels before the broker sees it.
    var acknowledgementDelayNanoseconds: Int64 = 0
    /// How long an accepted order waits before it may meet the market.
    var fillDelayNanoseconds: Int64 = 0
    /// The end of the trading day, nanoseconds after midnight UTC.
    var dayEndNanoseconds: Int64 = 0
    /// How far a price may lie from the last price; `nil` = no band.
    var priceBandBasisPoints: Int64?
    var rejectsMarketWithoutPrice = false
    /// Working orders; one more is rejected.
    var mostWorkingOrders = 10_000
    /// Ended orders that are remembered; the oldest is forgotten for one more.
    var mostRememberedOrders = 10_000
    /// Instruments ever traded; one more is rejected.
    var mostInstruments = 10_000
    var seeds: [Seed] = []
    var listedInstruments: [ListedInstrument] = []
    /// What goes wrong on purpose; `nil`: nothing.
    var scenario: Scenario?

    /// Whether a client reference that is remembered is refused.
    var dedupesReferences: Bool { scenario?.dedupesReferences ?? true }

    /// The first end of a trading day after an instant.
    func dayEnd(after time: Timestamp) -> Timestamp {
        let day: Int64 = 86_400_000_000_000
        let (sinceEnd, overflow) = time.nanoseconds.subtractingReportingOverflow(dayEndNanoseconds)
        guard !overflow else { return time }
        let elapsed = ((sinceEnd % day) + day) % day
        let (end, late) = time.nanoseconds.addingReportingOverflow(day - elapsed)
        return Timestamp(nanoseconds: late ? .max : end)
    }
}

/// What a position blocks, in ten-thousandths of its notional.
struct MarginRates: Sendable, Equatable {
    var intraday: Int64 = 2_000
    var carry: Int64 = 2_000
    var margin: Int64 = 5_000
    /// Of the strike's notional, for a written option.
    var writtenOption: Int64 = 2_000

    subscript(product: Product) -> Int64 {
        switch product {
        case .intraday: intraday
        case .carry: carry
        case .margin: margin
        case .delivery, .cash: 10_000
        }
    }
}

/// What the broker charges for an order, over all its executions together.
struct Fees: Sendable, Equatable {
    var perOrder = Money.zero
    /// Counts 10⁻⁸ of the traded value: a basis point is 10,000, and four decimals of one can be told.
    var rate: Int64 = 0
    var minimum = Money.zero
    var maximum: Money?
    /// The smallest amount that is charged, in atoms: 10¹⁶ for two decimals. Fees are rounded up to it.
    var step: Int128 = 10_000_000_000_000_000

    /// What an order owes once its executions are worth `value` together: zero for zero, and never less for more.
    ///
    /// `nil` when the amount cannot be held.
    func total(for value: Money) -> Money? {
        guard value.atoms > 0 else { return .zero }
        let (product, overflow) = value.atoms.multipliedReportingOverflow(by: Int128(rate))
        guard !overflow else { return nil }
        let (share, rest) = rate == 0 ? (0, 0) : product.quotientAndRemainder(dividingBy: 100_000_000)
        var total = Money(atoms: share + (rest > 0 ? 1 : 0)) + perOrder
        if total < minimum { total = minimum }
        if let maximum, total > maximum { total = maximum }
        total = total.atoms == 0 ? total : total.roundedUp(to: step)
        return total.isStorable ? total : nil
    }
}

extension Product {
    /// Whether buying pays the whole price and selling needs what is held; all other products block a margin.
    var isPaidInFull: Bool { self == .delivery || self == .cash }
}
