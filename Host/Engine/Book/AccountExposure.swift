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
}

extension Engine {
    /// - Parameters:
    ///   - instrument: its underlying is that of `net`.
    ///   - isByInstrument: `net` is of `instrument` alone.
    @inline(never)
    func findExposure(of account: Int32, like instrument: Int32, isByInstrument: Bool, _ found: inout AccountExposure) {
        let own = accountCurrency(account)
        let underlying = instruments[Int(instrument)].underlying
        var (gross, net, hasGross, hasNet) = (Int64(0), NetSums(), true, true)
        found.isUnconvertible = false
        var following = book.firstSlot(of: account)
        while following >= 0 {
            let slot = Int(following)
            following = book.slot(after: following)
            let (long, short) = (book.positions[slot].longest, book.positions[slot].shortest)
            // Neither is positive: nothing is held and nothing is live.
            if max(long, short) == 0 { continue }
            let number = book.positions[slot].instrument
            let held = Int(number)
            let isCounted = isByInstrument ? number == instrument : instruments[held].underlying == underlying
            let money: MoneyScale
            if instruments[held].instrument.isIn(own) {
                money = MoneyScale(instruments[held].instrument)
            } else if let converted = scale(of: held, in: own) {
                money = converted
            } else {
                found.isUnconvertible = true
                continue
            }
            let points = inputs.reference(number).points
            // Of orders on one side alone the other direction is nothing.
            guard points > 0, let longValue = long == 0 ? 0 : money.value(of: long, at: points),
                let shortValue = short == 0 ? 0 : money.value(of: short, at: points)
            else {
                (hasGross, hasNet) = (false, hasNet && !isCounted)
                continue
            }
            let (sum, overflow) = gross.addingReportingOverflow(max(longValue, shortValue))
            (gross, hasGross) = (sum, hasGross && !overflow)
            guard isCounted else { continue }
            net = NetSums(long: saturatingSum(net.long, longValue), short: saturatingSum(net.short, shortValue))
        }
        found.gross = hasGross ? gross : nil
        found.net = hasNet ? net : nil
    }

    /// An instrument's money in another currency than its own; `nil` = there is no rate. Seldom needed, and by itself so
    /// that the loop keeps its registers.
    @inline(never)
    private func scale(of instrument: Int, in currency: Currency) -> MoneyScale? {
        valuation(instruments[instrument].instrument, in: currency).map { MoneyScale($0) }
    }
}
