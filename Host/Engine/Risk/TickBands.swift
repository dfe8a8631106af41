import Domain

/// A tick table in the points of its instrument.
package struct TickBands: Hashable, Sendable {
    /// Where each band begins, ascending from 0.
    private let starts: [Int64]
    private let ticks: [Int64]

    /// `nil` where the instrument has one tick for all prices.
    init?(_ record: InstrumentRecord, _ instrument: Instrument) {
        guard let table = record.tickTable else { return nil }
        // An instrument whose bands do not fit is not made (`Instrument.Unusable`).
        starts = table.bands.map { instrument.points($0.from) ?? .max }
        ticks = table.bands.map { instrument.points($0.tick) ?? .max }
    }

    private func place(of price: Int64) -> Int { max(0, (starts.lastIndex { $0 <= price }) ?? 0) }

    /// The tick at a price.
    func tick(at price: Int64) -> Int64 { ticks[place(of: price)] }

    func isOnTick(_ price: Int64) -> Bool { price % tick(at: price) == 0 }

    /// The nearest price on a tick at or below a price that is not negative.
    func roundedDown(_ price: Int64) -> Int64 {
        let tick = tick(at: price)
        return price / tick * tick
    }

    /// The nearest price on a tick at or above a price that is not negative: at the latest where the next band begins.
    func roundedUp(_ price: Int64) -> Int64 {
        let place = place(of: price)
        let excess = price % ticks[place]
        guard excess != 0 else { return price }
        let (above, overflow) = (price - excess).addingReportingOverflow(ticks[place])
        let next = place + 1 < starts.count ? starts[place + 1] : .max
        return overflow ? next : min(above, next)
    }
}

extension InstrumentEntry {
    /// The smallest step of price at a price, points.
    @inline(__always)
    func tick(at price: Int64) -> Int64 { ticks?.tick(at: price) ?? instrument.tick }

    @inline(__always)
    func isOnTick(_ price: Int64) -> Bool { ticks?.isOnTick(price) ?? (price % instrument.tick == 0) }

    /// The nearest price on a tick at or below one that is not negative.
    func roundedDown(_ price: Int64) -> Int64 {
        ticks?.roundedDown(price) ?? price / instrument.tick * instrument.tick
    }

    /// The nearest price on a tick at or above one that is not negative.
    func roundedUp(_ price: Int64) -> Int64 {
        if let ticks { return ticks.roundedUp(price) }
        let excess = price % instrument.tick
        return excess == 0 ? price : saturatingSum(price - excess, instrument.tick)
    }
}
