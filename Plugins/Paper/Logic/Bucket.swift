import AdapterKit

/// What an account holds of one instrument under one product, and what its working orders there may still do to it.
///
/// Two kinds of products (`Product.isPaidInFull`): those paid in full move their whole value through cash, those on margin
/// move only their result. In both, `cost` is what the open quantity was bought (or sold, negative) for, by average cost.
struct Bucket: Sendable, Equatable {
    /// Signed open quantity. Paid in full: what was traded since the last settlement; below zero it is sold out of `held`.
    var quantity: Int64 = 0
    /// Signed like `quantity`.
    var cost = Money.zero
    /// Result of what was closed, before fees.
    var realised = Money.zero
    /// The quantity at the last end of day.
    var overnightQuantity: Int64 = 0
    /// Paid in full only: what has settled into holdings, never negative, and what it cost.
    var heldQuantity: Int64 = 0
    var heldCost = Money.zero

    /// Leaves of the working orders of each side, and their worth at their block prices.
    var openBuy: Int64 = 0
    var openSell: Int64 = 0
    var openBuyValue = Money.zero
    var openSellValue = Money.zero

    /// What of the account's funds all this blocks, as last computed.
    var used = Money.zero
    /// Mark minus cost of a position on margin, as last computed; zero without a mark.
    var unrealised = Money.zero
    /// The last price it was marked at; 0 = none yet.
    var mark: Int64 = 0
    var isDirty = false

    /// Whether anything needs prices.
    var isActive: Bool { quantity != 0 || heldQuantity != 0 || openBuy != 0 || openSell != 0 }

    /// What may still be sold where selling needs holdings.
    var sellable: Int64 { heldQuantity + quantity - openSell }
}

// MARK: - Reservations

extension Bucket {
    /// Counts the leaves of a working order in. `nil` where a sum would pass its bound.
    func reserving(_ quantity: Int64, value: Money, side: Side) -> Bucket? {
        var next = self
        if side == .buy {
            next.openBuy += quantity  // both below 2^61, by the guard below
            next.openBuyValue += value
        } else {
            next.openSell += quantity
            next.openSellValue += value
        }
        let widest = max(next.openBuy, next.openSell)
        guard widest + Int64(self.quantity.magnitude) + heldQuantity < 2 * PaperInstrument.largestSteps,
            next.openBuyValue.isStorable, next.openSellValue.isStorable
        else { return nil }
        return next
    }

    /// Takes leaves out that `reserving` counted in.
    mutating func release(_ quantity: Int64, value: Money, side: Side) {
        if side == .buy {
            openBuy -= quantity
            openBuyValue -= value
        } else {
            openSell -= quantity
            openSellValue -= value
        }
    }

    /// What position and working orders block together, whichever way they fill.
    ///
    /// Paid in full: the price of every working buy. On margin: the rate on the worse of two outcomes, all working buys
    /// filled or all working sells filled, where what only closes the position blocks nothing. A bought option blocks its
    /// whole premium, a written one the rate on its strike.
    func requirement(_ product: Product, on instrument: PaperInstrument, rates: MarginRates) -> Money? {
        if product.isPaidInFull { return openBuyValue }
        var long = quantity > 0 ? cost : .zero
        if openBuy > 0 {
            let opening = quantity >= 0 ? openBuy : openBuy + quantity
            if opening > 0 { long += openBuyValue.part(opening, of: openBuy) }
        }
        if instrument.kind == .option {
            let written = max(0, openSell - quantity)
            guard let strike = instrument.strikeValue else { return nil }
            let (atoms, overflow) = strike.atoms.multipliedReportingOverflow(by: Int128(written))
            let notional = Money(atoms: atoms)
            guard !overflow, notional.isStorable else { return nil }
            return max(long, notional.basisPoints(rates.writtenOption))
        }
        var short = quantity < 0 ? -cost : .zero
        if openSell > 0 {
            let opening = quantity <= 0 ? openSell : openSell - quantity
            if opening > 0 { short += openSellValue.part(opening, of: openSell) }
        }
        return max(long, short).basisPoints(rates[product])
    }
}

// MARK: - Fills

extension Bucket {
    /// What a fill does to the position: the part that closes releases its share of the cost, the rest opens.
    ///
    /// - Parameters:
    ///   - quantity: steps, positive.
    ///   - unitValue: what one step is worth at the price of the fill.
    /// - Returns: the change of `realised`.
    mutating func fill(_ side: Side, _ quantity: Int64, unitValue: Int128) -> Money {
        let sign: Int64 = side == .buy ? 1 : -1
        let isOpening = self.quantity == 0 || (self.quantity > 0) == (side == .buy)
        let closing = isOpening ? 0 : min(quantity, Int64(self.quantity.magnitude))
        var result = Money.zero
        if closing > 0 {
            let released = cost.part(closing, of: Int64(self.quantity.magnitude))
            result = Money(atoms: -Int128(sign) * Int128(closing) * unitValue) - released
            cost -= released
            self.quantity += sign * closing
            realised += result
        }
        let opening = quantity - closing
        cost += Money(atoms: Int128(sign) * Int128(opening) * unitValue)
        self.quantity += sign * opening
        return result
    }

    /// The end of a trading day: what was bought and paid becomes holdings, what was sold leaves them.
    mutating func settle(_ product: Product) {
        if product.isPaidInFull, quantity > 0 {
            heldQuantity += quantity
            heldCost += cost
            (quantity, cost) = (0, .zero)
        } else if product.isPaidInFull, quantity < 0 {
            let sold = min(-quantity, heldQuantity)
            let released = sold == 0 ? Money.zero : heldCost.part(sold, of: heldQuantity)
            realised += -cost - released
            heldQuantity -= sold
            heldCost -= released
            (quantity, cost) = (0, .zero)
        }
        overnightQuantity = quantity
    }

    /// Values the position at a mark. `nil` where it cannot be held.
    func unrealised(_ product: Product, on instrument: PaperInstrument) -> Money? {
        guard quantity != 0, mark > 0, !product.isPaidInFull else { return .zero }
        return instrument.worth(quantity, at: mark).map { $0 - cost }
    }

    /// What the position adds to the account's equity: its result on margin, its worth where it was paid in full.
    /// Without a mark it is worth what it cost.
    func equity(_ product: Product, on instrument: PaperInstrument) -> Money? {
        guard product.isPaidInFull else { return unrealised }
        guard mark > 0 else { return cost + heldCost }
        return instrument.worth(quantity + heldQuantity, at: mark)
    }
}

extension PaperInstrument {
    /// What a signed quantity is worth at a price; `nil` beyond what may be stored.
    func worth(_ quantity: Int64, at price: Int64) -> Money? {
        let steps = Int128(quantity) * Int128(price)  // below 2^122
        let (atoms, overflow) = steps.multipliedReportingOverflow(by: unit)
        let worth = Money(atoms: atoms)
        return !overflow && worth.isStorable ? worth : nil
    }
}
