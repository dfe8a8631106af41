package import Domain

extension Inputs {
    /// What an account holds in its depository, as its broker told it.
    struct Holdings: Sendable {
        struct Holding: Hashable, Sendable {
            /// Steps, pledged or not.
            var quantity: Int64 = 0
            /// Steps free of pledge; -1 = the broker does not say.
            var free: Int64 = 0
            /// `Position.deliverySold` when the question left: what was sold since is not contained.
            var soldBefore: Int64 = 0
        }
        /// When the question left.
        var asOf: Timestamp
        /// By instrument number; what is missing is not held.
        var byInstrument: [Int32: Holding]
        /// Counts of instruments that are not held, from when the question left.
        var soldBefore: [Int32: Int64]
    }

    /// A question for holdings, taken when it leaves and given back with the answer: fills between the two are not in it.
    package struct HoldingsQuery: Sendable {
        package let account: Int32
        package let askedAt: Timestamp
        fileprivate let sold: [Int32: Int64]
    }
}

extension Engine {
    /// Call when the question for an account's holdings leaves.
    package func holdingsQuery(_ account: Int32, now: Timestamp) -> Inputs.HoldingsQuery {
        var sold: [Int32: Int64] = [:]
        for position in book.positions(of: account) where position.deliverySold != 0 {
            sold[position.instrument] = position.deliverySold
        }
        return Inputs.HoldingsQuery(account: account, askedAt: now, sold: sold)
    }

    /// The broker's answer. Rows of instruments that are not known here are passed over: nothing of them can be sold.
    /// An answer to an older question than the last one is dropped.
    package mutating func setHoldings(_ query: Inputs.HoldingsQuery, _ rows: [HoldingReport]) {
        let account = Int(query.account)
        if let known = inputs.holdings[account], known.asOf > query.askedAt { return }
        var byInstrument: [Int32: Inputs.Holdings.Holding] = [:]
        for row in rows {
            guard let number = instrumentNumbers[row.symbol] else { continue }
            let instrument = instruments[Int(number)].instrument
            // A part of a step cannot be sold.
            let quantity = instrument.wholeSteps(row.quantity)
            var free: Int64 = -1
            if let stated = row.free {
                free = instrument.wholeSteps(stated)
            } else if let pledged = row.pledged, let left = row.quantity.subtracting(pledged) {
                free = instrument.wholeSteps(left)
            }
            var holding = byInstrument[number] ?? Inputs.Holdings.Holding(soldBefore: query.sold[number] ?? 0)
            holding.quantity = saturatingSum(holding.quantity, quantity)
            holding.free = free < 0 || holding.free < 0 ? -1 : saturatingSum(holding.free, free)
            byInstrument[number] = holding
        }
        inputs.holdings[account] = Inputs.Holdings(
            asOf: query.askedAt, byInstrument: byInstrument, soldBefore: query.sold)
    }
}

extension Instrument {
    /// Whole steps within a quantity, never negative; saturates.
    fileprivate func wholeSteps(_ quantity: ExactDecimal) -> Int64 {
        guard !quantity.isNegative, let scaled = quantity.scaled(to: stepExponent, rounding: .floor) else {
            return quantity.isNegative ? 0 : .max
        }
        return Int64(exactly: scaled / Int128(stepMantissa)) ?? .max
    }
}
