import AdapterKit

/// The money of one account: cash, positions, and what working orders block.
///
/// A value that either takes a whole step or, where an amount would pass its bound, none of it.
struct Ledger: Sendable, Equatable {
    private(set) var cash: Money
    /// Fees of all executions.
    private(set) var fees = Money.zero
    private(set) var usedTotal = Money.zero
    private(set) var unrealisedTotal = Money.zero
    /// Five an instrument: one a product.
    private(set) var buckets: [Bucket] = []

    init(cash: Money, fees: Money = .zero) {
        self.cash = cash
        self.fees = fees
    }

    static let products: [Product] = [.intraday, .delivery, .carry, .margin, .cash]

    /// Where the bucket of an instrument and product stands.
    @inline(__always)
    static func index(_ instrument: Int, _ product: Product) -> Int { instrument * 5 + Int(product.rawValue) - 1 }

    static func product(at index: Int) -> Product { products[index % 5] }

    subscript(instrument: Int, product: Product) -> Bucket { buckets[Self.index(instrument, product)] }

    mutating func addInstrument() {
        buckets.append(contentsOf: repeatElement(Bucket(), count: 5))
    }

    /// Cash, less what is blocked, less what positions on margin have lost; gains are not lent against.
    var available: Money { cash + min(.zero, unrealisedTotal) - usedTotal }

    /// Puts a bucket in its place and keeps the totals. Refuses, and changes nothing, where an amount passes its bound.
    @discardableResult
    mutating func replace(
        _ instrument: PaperInstrument, _ index: Int, with bucket: Bucket, rates: MarginRates
    ) -> Bool {
        var bucket = bucket
        let product = Self.product(at: index)
        guard let used = bucket.requirement(product, on: instrument, rates: rates),
            let unrealised = bucket.unrealised(product, on: instrument)
        else { return false }
        let nextUsed = usedTotal - buckets[index].used + used
        let nextUnrealised = unrealisedTotal - buckets[index].unrealised + unrealised
        guard nextUsed.isStorable, nextUnrealised.isStorable, bucket.cost.isStorable, bucket.heldCost.isStorable,
            bucket.realised.isStorable
        else { return false }
        (bucket.used, bucket.unrealised) = (used, unrealised)
        (usedTotal, unrealisedTotal) = (nextUsed, nextUnrealised)
        buckets[index] = bucket
        return true
    }

    /// What a bucket becomes with more leaves counted in, and how much more of the account's funds that blocks.
    ///
    /// - Parameter old: leaves that the new ones take the place of.
    /// - Returns: `nil` where an amount would pass its bound.
    func reservation(
        of quantity: Int64, at price: Int64, _ side: Side, _ instrument: PaperInstrument, _ index: Int,
        rates: MarginRates, inPlaceOf old: (quantity: Int64, price: Int64) = (0, 0)
    ) -> (bucket: Bucket, increase: Money)? {
        var bucket = buckets[index]
        if old.quantity > 0 {
            guard let value = instrument.value(old.quantity, at: old.price) else { return nil }
            bucket.release(old.quantity, value: value, side: side)
        }
        guard let value = instrument.value(quantity, at: price),
            let next = bucket.reserving(quantity, value: value, side: side),
            let used = next.requirement(Self.product(at: index), on: instrument, rates: rates)
        else { return nil }
        return (next, used - buckets[index].used)
    }

    /// Takes the leaves of an order out again.
    mutating func release(
        _ quantity: Int64, at price: Int64, _ side: Side, _ instrument: PaperInstrument, _ index: Int,
        rates: MarginRates
    ) {
        guard quantity > 0, let value = instrument.value(quantity, at: price) else { return }
        var next = buckets[index]
        next.release(quantity, value: value, side: side)
        replace(instrument, index, with: next, rates: rates)  // less of everything: holds whatever held before
    }

    /// Books one execution of an order that `reserve` counted in: its leaves go, position, cash and fees move.
    ///
    /// Refuses, and changes nothing, where an amount passes its bound.
    mutating func book(
        _ quantity: Int64, at price: Int64, value: Money, fee: Money, blockedAt blockPrice: Int64, _ side: Side,
        _ instrument: PaperInstrument, _ index: Int, rates: MarginRates
    ) -> Bool {
        guard let blocked = instrument.value(quantity, at: blockPrice) else { return false }
        var next = buckets[index]
        next.release(quantity, value: blocked, side: side)
        let result = next.fill(side, quantity, unitValue: Int128(price) * instrument.unit)
        next.isDirty = true
        var nextCash = cash - fee
        if Self.product(at: index).isPaidInFull {
            nextCash = side == .buy ? nextCash - value : nextCash + value
        } else {
            nextCash += result
        }
        let nextFees = fees + fee
        guard nextCash.isStorable, nextFees.isStorable,
            replace(instrument, index, with: next, rates: rates)
        else { return false }
        (cash, fees) = (nextCash, nextFees)
        return true
    }

    /// Values the positions of an instrument at a new mark. Where the worth cannot be held the old mark stays.
    mutating func mark(_ number: Int, _ instrument: PaperInstrument, at mark: Int64, rates: MarginRates) {
        for index in number * 5..<number * 5 + 5 where buckets[index].mark != mark {
            guard buckets[index].quantity != 0 else {
                buckets[index].mark = mark
                continue
            }
            var next = buckets[index]
            next.mark = mark
            replace(instrument, index, with: next, rates: rates)
        }
    }

    /// The end of a trading day for one bucket.
    mutating func settle(_ instrument: PaperInstrument, _ index: Int, rates: MarginRates) {
        var next = buckets[index]
        next.settle(Self.product(at: index))
        guard next != buckets[index] else { return }
        next.isDirty = true
        replace(instrument, index, with: next, rates: rates)
    }

    /// Puts in what the account holds before its first order. Where the product is paid in full it has settled already.
    mutating func plant(
        _ quantity: Int64, at price: Int64, _ product: Product, _ instrument: PaperInstrument, _ number: Int,
        rates: MarginRates
    ) -> Bool {
        let index = Self.index(number, product)
        var next = buckets[index]
        guard next == Bucket(), let cost = instrument.worth(quantity, at: price) else { return false }
        if product.isPaidInFull {
            (next.heldQuantity, next.heldCost) = (quantity, cost)
        } else {
            (next.quantity, next.cost, next.overnightQuantity) = (quantity, cost, quantity)
        }
        next.isDirty = true
        return replace(instrument, index, with: next, rates: rates)
    }

    /// Multiplies the quantities of an instrument's buckets onto a finer grid, or none where one would not fit.
    mutating func scale(_ number: Int, quantity: Int64) -> Bool {
        let range = number * 5..<number * 5 + 5
        for index in range {
            let bucket = buckets[index]
            let quantities = [
                bucket.quantity, bucket.overnightQuantity, bucket.heldQuantity, bucket.openBuy, bucket.openSell,
            ]
            for value in quantities {
                let (product, overflow) = value.multipliedReportingOverflow(by: quantity)
                guard !overflow, product.magnitude < PaperInstrument.largestSteps.magnitude else { return false }
            }
        }
        for index in range {
            buckets[index].quantity *= quantity
            buckets[index].overnightQuantity *= quantity
            buckets[index].heldQuantity *= quantity
            buckets[index].openBuy *= quantity
            buckets[index].openSell *= quantity
            buckets[index].mark = 0  // the next price tells it again
        }
        return true
    }

    mutating func markClean(_ index: Int) {
        buckets[index].isDirty = false
    }
}
