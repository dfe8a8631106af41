import Domain

/// What an account's positions and live orders come to in its currency, made in one pass over what it holds: C19, C20 and
/// C22 of one leg ask for the same. Trivial.
struct AccountExposure: Sendable {
    /// `Σ W × m × ref`, minor units; `nil` where an instrument with exposure has no price or the sum does not fit.
    var gross: Int64? = 0
    /// Over the instruments of one underlying, or over the one; `nil` where one of them has no price.
    var net: NetSums? = NetSums()
    /// There is exposure in a currency for which there is no rate.
    var isUnconvertible = false

    /// Adds an instrument's worst case; `nil` = it has no value.
    @inline(__always)
    fileprivate mutating func addGross(_ worst: Int64?) {
        guard let sum = gross, let worst else {
            gross = nil
            return
        }
        let total = saturatingSum(sum, worst)
        gross = total == .max ? nil : total
    }

    /// Adds an instrument's two directions.
    @inline(__always)
    fileprivate mutating func addNet(long: Int64?, short: Int64?) {
        guard let sums = net, let long, let short else {
            net = nil
            return
        }
        net = NetSums(long: saturatingSum(sums.long, long), short: saturatingSum(sums.short, short))
    }
}

extension Engine {
    /// - Parameters:
    ///   - instrument: its underlying is that of `net`.
    ///   - isByInstrument: `net` is of `instrument` alone.
    @inline(never)
    func findExposure(of account: Int32, like instrument: Int32, isByInstrument: Bool, _ found: inout AccountExposure) {
        found = AccountExposure()
        let own = accountCurrency(account)
        let underlying = instruments[Int(instrument)].underlying
        var following = book.firstSlot(of: account)
        while following >= 0 {
            let slot = Int(following)
            following = book.slot(after: following)
            let (long, short) = (book.positions[slot].longest, book.positions[slot].shortest)
            // Neither is positive: nothing is held and nothing is live.
            if max(long, short) == 0 { continue }
            let number = book.positions[slot].instrument
            let held = Int(number)
            let points = inputs.reference(number).points
            var worst: Int64?
            var other: Int64?
            if instruments[held].instrument.isIn(own) {
                if points > 0 {
                    worst = instruments[held].instrument.value(of: max(long, short), at: points)
                    other = instruments[held].instrument.value(of: min(long, short), at: points)
                }
            } else if let valued = valuation(instruments[held].instrument, in: own) {
                if points > 0 {
                    worst = valued.value(of: max(long, short), at: points)
                    other = valued.value(of: min(long, short), at: points)
                }
            } else {
                found.isUnconvertible = true
                continue
            }
            found.addGross(worst)
            guard isByInstrument ? number == instrument : instruments[held].underlying == underlying else { continue }
            found.addNet(long: long >= short ? worst : other, short: long >= short ? other : worst)
        }
    }
}
