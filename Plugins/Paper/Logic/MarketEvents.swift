import AdapterKit
import Exact

/// The latest prices of an instrument, as the host passes them. An absent field is unknown, never zero.
struct MarketQuote: Hashable, Sendable {
    var last: ExactDecimal?
    var lastSize: ExactDecimal?
    var bid: ExactDecimal?
    var bidSize: ExactDecimal?
    var ask: ExactDecimal?
    var askSize: ExactDecimal?
    var exchangeTime: Timestamp?
    var receivedTime: Timestamp?
}

/// A finished bar.
struct MarketCandle: Hashable, Sendable {
    var start: Timestamp
    var lengthNanoseconds: Int64
    var open: ExactDecimal
    var high: ExactDecimal
    var low: ExactDecimal
    var close: ExactDecimal
    /// Units traded; `nil` where the source does not count them.
    var volume: ExactDecimal?

    /// Whether an instant lies inside the bar: after its start and before its end.
    func contains(_ time: Timestamp) -> Bool {
        let (end, overflow) = start.nanoseconds.addingReportingOverflow(max(0, lengthNanoseconds))
        return time > start && (overflow || time.nanoseconds < end)
    }
}

/// A bar on the grid of its instrument, rounded inward: every tick from `low` to `high` lies within the true range.
struct GridCandle: Sendable, Equatable {
    /// The open and close, for a buyer (`up`) and for a seller (`down`), both within the range.
    var openUp, openDown: Int64
    var closeUp, closeDown: Int64
    var low, high: Int64
    /// Quantity steps that the account may trade within the bar; `.max` is without bound.
    var available: Int64

    /// Returns `nil` for a bar whose numbers contradict one another, and for one with no tick inside its range.
    init?(_ candle: MarketCandle, on instrument: PaperInstrument, participationBasisPoints: Int64) {
        guard candle.low > 0, candle.low <= candle.open, candle.low <= candle.close, candle.open <= candle.high,
            candle.close <= candle.high, candle.volume.map({ !$0.isNegative }) ?? true,
            let low = instrument.tickAbove(candle.low), let high = instrument.tickBelow(candle.high), low <= high,
            let openUp = instrument.tickAbove(candle.open), let openDown = instrument.tickBelow(candle.open),
            let closeUp = instrument.tickAbove(candle.close), let closeDown = instrument.tickBelow(candle.close)
        else { return nil }
        (self.low, self.high) = (low, high)
        (self.openUp, self.openDown) = (min(openUp, high), max(openDown, low))
        (self.closeUp, self.closeDown) = (min(closeUp, high), max(closeDown, low))
        if let volume = candle.volume, participationBasisPoints > 0 {
            available = instrument.lots(in: volume, basisPoints: participationBasisPoints)
        } else {
            available = .max
        }
    }

    /// Whether the path goes to the low before the high: to the extreme nearer to the open, and where both are equally
    /// near, to the high first when the bar closed lower than it opened.
    var goesLowFirst: Bool {
        let (down, up) = (openDown - low, high - openDown)
        return down != up ? down < up : closeDown >= openDown
    }
}
