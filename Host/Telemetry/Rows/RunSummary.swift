package import Domain

/// What one run was given, how evenly and how fast it went out, and what its fills cost.
///
/// Quantities, prices and money are exact; durations are nanoseconds.
package struct RunSummary: Hashable, Sendable {
    package var run: RunID
    package var group: GroupID?
    package var groupVersion: Int64
    package var riskVersion: Int64
    package var strategy: String?
    package var symbol: String
    /// What its prices and `slippageCost` are in.
    package var currency: Currency
    /// `nil` where each leg has its own (percent_change).
    package var side: Side?
    /// `best_effort` …
    package var mode: String
    /// `DONE`, `PARTIAL` … as in the run's answer.
    package var status: String
    package var receivedAt: Timestamp
    package var admittedAt: Timestamp
    /// When the last leg was durable; `nil` = none was.
    package var durableAt: Timestamp?
    /// When the first and the last leg were handed over.
    package var firstSentAt: Timestamp?
    package var lastSentAt: Timestamp?
    package var doneAt: Timestamp?
    /// The newest event that the row knows of.
    package var updatedAt: Timestamp

    // What the allocation was given and made of it.
    package var requestedQuantity: ExactDecimal
    package var unallocatedQuantity: ExactDecimal
    /// How often the turn of sending had moved on; see `firstInTurn`.
    package var rotation: Int64
    package var legCount: Int64
    package var refusedCount: Int64
    package var leftOutCount: Int64

    /// Price in force when it was admitted; `nil` = none was known.
    package var arrivalPrice: ExactDecimal?
    package var filledQuantity: ExactDecimal
    /// Σ of the legs' `slippageCost`; `nil` without a fill or without an arrival price.
    package var slippageCost: ExactDecimal?
    /// Lowest and highest average price among accounts; `nil` without a fill.
    package var lowestPrice: ExactDecimal?
    package var highestPrice: ExactDecimal?

    /// From the first to the last leg handed over; `nil` while nothing was.
    package var sendSpread: Int64? {
        guard let firstSentAt, let lastSentAt else { return nil }
        return max(0, lastSentAt.since(firstSentAt))
    }

    /// Place of the leg that was first in the turn of sending, from 1; `nil` without legs.
    package var firstInTurn: Int64? {
        guard let legs = UInt64(exactly: legCount), legs > 0 else { return nil }
        return Int64(rotation.magnitude % legs) + 1
    }

    /// How far the accounts' average prices lie apart; `nil` without a fill.
    package var priceDispersion: ExactDecimal? {
        guard let lowestPrice, let highestPrice else { return nil }
        return highestPrice.subtracting(lowestPrice)
    }

    package init(
        run: RunID, group: GroupID?, groupVersion: Int64, riskVersion: Int64, strategy: String?, symbol: String,
        currency: Currency,
        side: Side?, mode: String, status: String, receivedAt: Timestamp, admittedAt: Timestamp, durableAt: Timestamp?,
        firstSentAt: Timestamp?, lastSentAt: Timestamp?, doneAt: Timestamp?, updatedAt: Timestamp,
        requestedQuantity: ExactDecimal,
        unallocatedQuantity: ExactDecimal, rotation: Int64, legCount: Int64, refusedCount: Int64, leftOutCount: Int64,
        arrivalPrice: ExactDecimal?, filledQuantity: ExactDecimal, slippageCost: ExactDecimal?,
        lowestPrice: ExactDecimal?, highestPrice: ExactDecimal?
    ) {
        (self.run, self.group, self.groupVersion, self.riskVersion) = (run, group, groupVersion, riskVersion)
        (self.strategy, self.symbol, self.side, self.mode, self.status) = (strategy, symbol, side, mode, status)
        self.currency = currency
        (self.receivedAt, self.admittedAt, self.durableAt) = (receivedAt, admittedAt, durableAt)
        (self.firstSentAt, self.lastSentAt, self.doneAt) = (firstSentAt, lastSentAt, doneAt)
        self.updatedAt = updatedAt
        (self.requestedQuantity, self.unallocatedQuantity) = (requestedQuantity, unallocatedQuantity)
        (self.rotation, self.legCount, self.refusedCount) = (rotation, legCount, refusedCount)
        (self.leftOutCount, self.arrivalPrice, self.filledQuantity) = (leftOutCount, arrivalPrice, filledQuantity)
        (self.slippageCost, self.lowestPrice, self.highestPrice) = (slippageCost, lowestPrice, highestPrice)
    }
}
