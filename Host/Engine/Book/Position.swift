package import Domain

/// What one account holds of one instrument, what its live orders may add, and what it earned.
///
/// Quantities in the instrument's steps, prices in its points, values in steps × points (exact; money is computed when
/// it is asked for, so that rounding never adds up). RISK.md §2: `P`, `B`, `S`.
package struct Position: Hashable, Sendable {
    package let account: Int32
    package let instrument: Int32
    /// `P`, signed.
    package internal(set) var quantity: Int64 = 0
    /// `B`: leaves of live buys; a pending replace counts the larger of old and new.
    package internal(set) var openBuy: Int64 = 0
    /// `S`: leaves of live sells.
    package internal(set) var openSell: Int64 = 0
    /// Live orders (slices).
    package internal(set) var openOrders: Int32 = 0
    /// Live orders whose outcome is unknown (RISK.md C31).
    package internal(set) var unknownOrders: Int32 = 0
    /// Cost of the open quantity, signed like it: average price × quantity.
    package internal(set) var entryValue: Int128 = 0
    /// Result of closed quantity by average cost, before fees, over the life of the position.
    package internal(set) var realisedValue: Int128 = 0
    /// Fees in minor units, positive is paid.
    package internal(set) var fees: Int64 = 0
    /// Sells minus buys since the trading day began.
    package internal(set) var dayCash: Int128 = 0
    package internal(set) var dayFees: Int64 = 0
    /// Quantity carried into the trading day and the mark it is counted from; `nil` = no price was known then.
    package internal(set) var dayOpenQuantity: Int64 = 0
    package internal(set) var dayOpenMark: Int64? = 0
    /// Orders (slices), modifications and cancels of the trading day (RISK.md C17).
    package internal(set) var dayOrders: Int32 = 0
    package internal(set) var dayModifications: Int32 = 0
    package internal(set) var dayCancels: Int32 = 0
    /// Steps traded in the trading day, either side; a bust takes them back.
    package internal(set) var dayTraded: Int64 = 0
    /// Leaves of live sells for delivery, part of `openSell` (RISK.md C23).
    package internal(set) var openDeliverySell: Int64 = 0
    /// Steps ever sold for delivery: what a holdings snapshot cannot contain is the difference to its own count.
    package internal(set) var deliverySold: Int64 = 0
    /// Raw value of the product under which our last execution was made; 0 = none was ours.
    package internal(set) var productCode: UInt8 = 0
    package var product: Product? { Product(rawValue: productCode) }
    /// Result of the running round trip, before fees (RISK.md C28).
    package private(set) var tripValue: Int128 = 0
    package private(set) var tripFees: Int64 = 0

    init(account: Int32, instrument: Int32) { (self.account, self.instrument) = (account, instrument) }

    /// `W`: the largest absolute position that fills of live orders can make. Saturates.
    @inline(__always)
    package var worstCase: Int64 { max(longest, shortest) }

    /// `P + B`: what the position is if every live buy fills and no sell does.
    @inline(__always)
    var longest: Int64 { saturatingSum(quantity, openBuy) }

    /// `S - P`: the other way round.
    @inline(__always)
    var shortest: Int64 { saturatingSum(openSell, quantity == .min ? .max : -quantity) }

    /// Steps traded today and live ones: what C17 counts in lots.
    @inline(__always)
    var busySteps: Int64 { saturatingSum(max(0, dayTraded), saturatingSum(openBuy, openSell)) }

    /// A round trip that ended: the position came back to zero or changed sides.
    struct RoundTrip: Hashable, Sendable {
        /// Steps × points, before fees.
        var value: Int128
        /// Minor units.
        var fees: Int64
    }

    /// The trading day began with this mark of the instrument; `nil` = none was known.
    mutating func openDay(mark: Int64?) {
        (dayCash, dayFees) = (0, 0)
        (dayOrders, dayModifications, dayCancels, dayTraded) = (0, 0, 0, 0)
        dayOpenQuantity = quantity
        dayOpenMark = quantity == 0 ? 0 : mark
    }

    /// Applies an execution. `added` is signed steps, `price` points.
    /// - Returns: the round trip that it ended. The fees of the execution count in it, also where a part of it opened the
    ///   other side.
    @discardableResult
    mutating func apply(execution added: Int64, price: Int64, fees paid: Int64) -> RoundTrip? {
        let (before, realisedBefore) = (quantity, realisedValue)
        let value = Int128(added) * Int128(price)
        dayCash = saturatingSum(dayCash, -value)
        fees = saturatingSum(fees, paid)
        dayFees = saturatingSum(dayFees, paid)
        if quantity == 0 || (quantity > 0) == (added > 0) {
            entryValue = saturatingSum(entryValue, value)
        } else {
            let closed = min(added.magnitude, quantity.magnitude)
            let share =
                closed == quantity.magnitude
                ? entryValue : Self.share(entryValue, closed, of: quantity.magnitude)
            let proceeds = Int128(closed) * Int128(price) * (added > 0 ? -1 : 1)
            realisedValue = saturatingSum(realisedValue, saturatingSum(proceeds, -share))
            entryValue = saturatingSum(entryValue, -share)
            let opened = Int128(added.magnitude - closed) * Int128(price)
            if opened != 0 { entryValue = added > 0 ? opened : -opened }
        }
        // Never `.min`, so that its negation exists.
        quantity = max(-.max, saturatingSum(quantity, added))
        tripValue = saturatingSum(tripValue, saturatingSum(realisedValue, -realisedBefore))
        tripFees = saturatingSum(tripFees, paid)
        guard before != 0, quantity == 0 || (quantity > 0) != (before > 0) else { return nil }
        let trip = RoundTrip(value: tripValue, fees: tripFees)
        (tripValue, tripFees) = (0, 0)
        return trip
    }

    /// Takes over a broker's position: what made the difference happened elsewhere, so it is no trade of the day and ends
    /// no round trip. `price` is the average cost, `mark` what the day's result counts the difference from, points.
    mutating func adopt(_ new: Int64, price: Int64, mark: Int64) {
        let new = max(-.max, new)
        let delta = Int128(new) - Int128(quantity)
        let (value, overflow) = delta.multipliedReportingOverflow(by: Int128(mark))
        dayCash = saturatingSum(dayCash, overflow ? (delta > 0 ? -.max : .max) : -value)
        entryValue = Int128(new) * Int128(price)
        quantity = new
        if new == 0 { (tripValue, tripFees) = (0, 0) }
    }

    /// `value × part / whole`, toward zero; divides first where the product would not fit.
    private static func share(_ value: Int128, _ part: UInt64, of whole: UInt64) -> Int128 {
        let (product, overflow) = value.multipliedReportingOverflow(by: Int128(part))
        return overflow ? value / Int128(whole) * Int128(part) : product / Int128(whole)
    }

    /// Result of the day before fees at `mark`: change of the carried quantity and of everything traded since.
    /// `nil` where a held quantity has no mark, now or at the day's begin.
    package func dayValue(mark: Int64?) -> Int128? {
        var value = dayCash
        if quantity != 0 {
            guard let mark else { return nil }
            value = saturatingSum(value, Int128(quantity) * Int128(mark))
        }
        if dayOpenQuantity != 0 {
            guard let dayOpenMark else { return nil }
            value = saturatingSum(value, -(Int128(dayOpenQuantity) * Int128(dayOpenMark)))
        }
        return value
    }

    /// Whether `dayValue` can be other than 0.
    @inline(__always)
    var hasDayValue: Bool { quantity != 0 || dayOpenQuantity != 0 || dayCash != 0 }

    /// Unrealised result at `mark`, before fees, against average cost.
    package func unrealisedValue(mark: Int64) -> Int128 { saturatingSum(Int128(quantity) * Int128(mark), -entryValue) }
}

/// Saturates at `±Int128.max`.
@inline(__always)
func saturatingSum(_ first: Int128, _ second: Int128) -> Int128 {
    let (sum, overflow) = first.addingReportingOverflow(second)
    return overflow ? (first < 0 ? -.max : .max) : max(-.max, sum)
}

@inline(__always)
func saturatingSum(_ first: Int64, _ second: Int64) -> Int64 {
    let (sum, overflow) = first.addingReportingOverflow(second)
    return overflow ? (first < 0 ? .min : .max) : sum
}

@inline(__always)
func saturatingDifference(_ first: Int64, _ second: Int64) -> Int64 {
    let (difference, overflow) = first.subtractingReportingOverflow(second)
    return overflow ? (first < 0 ? .min : .max) : difference
}

// MARK: - As bytes

extension Position {
    func write(to writer: inout EventWriter) {
        for number in [account, instrument, openOrders, unknownOrders, dayOrders, dayModifications, dayCancels] {
            writer.write(number)
        }
        for number in [
            quantity, openBuy, openSell, fees, dayFees, dayOpenQuantity, dayTraded, openDeliverySell, deliverySold,
            tripFees,
        ] { writer.write(number) }
        for number in [entryValue, realisedValue, dayCash, tripValue] { writer.write(number) }
        writer.write(optional: dayOpenMark)
        writer.write(byte: productCode)
    }

    init(_ reader: inout EventReader) throws(EventCodingError) {
        self.init(account: try reader.readInt32(), instrument: try reader.readInt32())
        openOrders = try reader.readInt32()
        unknownOrders = try reader.readInt32()
        dayOrders = try reader.readInt32()
        dayModifications = try reader.readInt32()
        dayCancels = try reader.readInt32()
        quantity = try reader.readSigned()
        openBuy = try reader.readSigned()
        openSell = try reader.readSigned()
        fees = try reader.readSigned()
        dayFees = try reader.readSigned()
        dayOpenQuantity = try reader.readSigned()
        dayTraded = try reader.readSigned()
        openDeliverySell = try reader.readSigned()
        deliverySold = try reader.readSigned()
        tripFees = try reader.readSigned()
        entryValue = try reader.readInt128()
        realisedValue = try reader.readInt128()
        dayCash = try reader.readInt128()
        tripValue = try reader.readInt128()
        dayOpenMark = try reader.readOptionalNumber()
        productCode = try reader.readByte("a product")
    }
}

extension EventWriter {
    mutating func write(optional number: Int64?) {
        write(byte: number == nil ? 0 : 1)
        write(number ?? 0)
    }
}

extension EventReader {
    mutating func readOptionalNumber() throws(EventCodingError) -> Int64? {
        let isPresent = try readBool()
        let number = try readSigned()
        return isPresent ? number : nil
    }
}
