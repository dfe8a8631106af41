/// A tick that depends on the price: from each price on, the smallest step there (INTERFACES.md §2).
///
/// The first band begins at 0. Each begins on a multiple of its own tick, so that rounding a price down to the tick of its
/// band never leads out of the band, and ends where the next one begins.
package struct TickTable: Hashable, Sendable, CustomStringConvertible {
    package struct Band: Hashable, Sendable {
        /// In the instrument's currency, inclusive.
        package let from: ExactDecimal
        package let tick: ExactDecimal

        package init(from: ExactDecimal, tick: ExactDecimal) { (self.from, self.tick) = (from, tick) }
    }

    /// Why bands are no table, in a sentence.
    package struct Malformed: Error, Hashable, CustomStringConvertible {
        package let reason: String
        package var description: String { reason }
    }

    /// No exchange has half as many.
    package static let maximumBands = 64

    /// Ascending, at least one.
    package let bands: [Band]
    /// The largest step that every price on a tick is a multiple of: what stands for the tick where there is room for one.
    package let step: ExactDecimal

    package init(_ bands: [Band]) throws(Malformed) {
        guard let first = bands.first, first.from.isZero else {
            throw Malformed(reason: "the first band begins at 0")
        }
        guard bands.count <= Self.maximumBands else {
            throw Malformed(reason: "a tick table has at most \(Self.maximumBands) bands")
        }
        for (index, band) in bands.enumerated() {
            guard band.tick > .zero else { throw Malformed(reason: "the tick from \(band.from) on is not positive") }
            if index > 0, band.from <= bands[index - 1].from {
                throw Malformed(reason: "the band from \(band.from) does not begin above the one before it")
            }
            guard band.from.dividedExactly(by: band.tick) != nil else {
                throw Malformed(reason: "\(band.from) is no multiple of the tick \(band.tick) that begins there")
            }
        }
        guard let step = Self.step(of: bands.map(\.tick)) else {
            throw Malformed(reason: "the ticks have too many digits")
        }
        (self.bands, self.step) = (bands, step)
    }

    /// Reads `0:0.01 250:0.05 1000:0.1`.
    package init(_ text: String) throws(Malformed) {
        var bands: [Band] = []
        for part in text.split(separator: " ") {
            let ends = part.split(separator: ":", omittingEmptySubsequences: false)
            guard ends.count == 2, let from = ExactDecimal(String(ends[0])), let tick = ExactDecimal(String(ends[1]))
            else {
                throw Malformed(reason: "each band is a price and the tick from it on with a colon between them")
            }
            bands.append(Band(from: from, tick: tick))
        }
        try self.init(bands)
    }

    /// As `init(_:)` reads it, one spelling for each table.
    package var description: String { bands.map { "\($0.from):\($0.tick)" }.joined(separator: " ") }

    /// The tick at a price; of a negative one, that of the first band.
    package func tick(at price: ExactDecimal) -> ExactDecimal { bands[place(of: price)].tick }

    /// The nearest prices on a tick, at or below a positive price and above it; `nil` where they have too many digits.
    package func neighbours(of price: ExactDecimal) -> (below: ExactDecimal, above: ExactDecimal)? {
        let place = place(of: price)
        let tick = bands[place].tick
        guard let ticks = price.divided(by: tick, rounding: .floor),
            let below = ExactDecimal(mantissa: ticks, exponent: 0)?.multiplied(by: tick),
            let above = below.adding(tick)
        else { return nil }
        return (below, place + 1 < bands.count ? min(above, bands[place + 1].from) : above)
    }

    private func place(of price: ExactDecimal) -> Int { max(0, (bands.lastIndex { $0.from <= price }) ?? 0) }

    private static func step(of ticks: [ExactDecimal]) -> ExactDecimal? {
        let exponent = ticks.map(\.exponent).min() ?? 0
        var step: Int128 = 0
        for tick in ticks {
            guard var rest = tick.scaled(to: exponent) else { return nil }
            while rest != 0 { (step, rest) = (rest, step % rest) }
        }
        return ExactDecimal(mantissa: step, exponent: exponent)
    }
}
