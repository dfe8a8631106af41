package import Domain

/// What one leg went through: its stages, where the time went, why it waited, and what its fills cost.
///
/// Made of the journal's facts and of what capture saw beside them. Quantities, prices and money are exact; durations are
/// nanoseconds. Losing a row loses timing only: the outcome stands in the journal.
package struct LegTiming: Hashable, Sendable {
    package var leg: LegID
    /// `nil` for an order on one account.
    package var group: GroupID?
    package var account: AccountID
    package var adapter: AdapterID
    package var strategy: String?
    /// `NSE:EQ:RELIANCE`.
    package var symbol: String
    package var side: Side
    /// `FILLED`, `REFUSED` … as in the leg's answer (INTERFACES.md §6).
    package var status: String
    /// Why it was refused, rejected or not sent: the `code` of the answer's `reject`; `nil` = it was not.
    package var rejectCode: String?
    package var times: StageInstants

    /// In the adapter: from the hand-over to the first byte written, and from the first byte back to its answer. Where the
    /// adapter wrote nothing to a network, from the hand-over to the answer. `nil` while it has not answered.
    package var adapterTime: Int64?
    /// From the last byte written to the first byte back: network and broker together. `nil` where nothing was written.
    package var wireTime: Int64?
    /// The share of `wireTime` that the connection's own round trip takes; `nil` where no round trip was measured.
    package var networkTime: Int64?
    /// The rest of `wireTime`; `nil` where `networkTime` is.
    package var brokerTime: Int64?

    /// Why it was not handed over at once, in the order in which the reasons came; at most 8, later ones counted into
    /// the last.
    package var waits: [Wait]
    /// Cancels, look-ups and modifies that were sent for it after its first send.
    package var retries: Int64
    /// Place among the run's legs in the order in which they were handed over, from 0; `nil` = it was not.
    package var sendRank: Int64?

    /// The policy's number for the account, as the allocation saw it.
    package var weight: Int64
    package var allocatedQuantity: ExactDecimal
    package var orderedQuantity: ExactDecimal
    package var cumulativeQuantity: ExactDecimal
    package var averagePrice: ExactDecimal?
    /// Average price beyond the arrival price, price units a unit of quantity: positive is worse, for a purchase and for a
    /// sale. As exact as the average, a hundredth of a point. `nil` without a fill or without an arrival price.
    package var slippage: ExactDecimal?
    /// The same over all that was filled, exactly: Σ quantity × (price − arrival) for a purchase, its negative for a sale.
    package var slippageCost: ExactDecimal?

    package struct Wait: Hashable, Sendable {
        package var reason: WaitReason
        /// Nanoseconds.
        package var duration: Int64
        package init(reason: WaitReason, duration: Int64) { (self.reason, self.duration) = (reason, duration) }
    }

    package init(
        leg: LegID, group: GroupID?, account: AccountID, adapter: AdapterID, strategy: String?, symbol: String,
        side: Side, status: String, rejectCode: String?, times: StageInstants, weight: Int64,
        allocatedQuantity: ExactDecimal, orderedQuantity: ExactDecimal, cumulativeQuantity: ExactDecimal,
        averagePrice: ExactDecimal?, slippage: ExactDecimal?, slippageCost: ExactDecimal?
    ) {
        (self.leg, self.group, self.account, self.adapter) = (leg, group, account, adapter)
        (self.strategy, self.symbol, self.side, self.status) = (strategy, symbol, side, status)
        (self.rejectCode, self.times, self.weight) = (rejectCode, times, weight)
        (self.allocatedQuantity, self.orderedQuantity) = (allocatedQuantity, orderedQuantity)
        (self.cumulativeQuantity, self.averagePrice) = (cumulativeQuantity, averagePrice)
        (self.slippage, self.slippageCost) = (slippage, slippageCost)
        (waits, retries) = ([], 0)
        separateTimes()
    }

    /// Takes the adapter's time apart from what lies beyond it.
    private mutating func separateTimes() {
        guard let whole = times.between(.dispatched, .acknowledged) else { return }
        guard let wire = times.between(.written, .firstByte), let before = times.between(.dispatched, .written),
            let after = times.between(.firstByte, .acknowledged)
        else {
            adapterTime = times.instant(.written) == nil ? whole : nil
            return
        }
        (wireTime, adapterTime) = (wire, before + after)
    }
}

/// Why a durable order was not handed to its lane at once. Stored: never renumbered.
package enum WaitReason: UInt8, CaseIterable, Hashable, Sendable {
    /// Admission held it until a message rate lets it.
    case held = 1
    /// A message rate was used up when its turn came.
    case rate = 2
    /// Its account had no session.
    case session = 3

    package var rawName: String {
        switch self {
        case .held: "held"
        case .rate: "rate"
        case .session: "session"
        }
    }
}
