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
    /// As the order named it.
    package var tag: String?
    /// `NSE:EQ:RELIANCE`.
    package var symbol: String
    /// What prices and money are in.
    package var currency: Currency
    /// Price in force when its run was decided; `nil` = none was known.
    package var arrivalPrice: ExactDecimal?
    package var side: Side
    /// `FILLED`, `REFUSED` … as in the leg's answer (INTERFACES.md §6).
    package var status: String
    /// Why it was refused, rejected or not sent, and what else the broker said; `nil` = nothing of this.
    package var reject: Reject?
    package var order: Order
    package var times: StageInstants

    /// In the adapter: from the hand-over to the first byte written, and from the first byte back to its answer. Where the
    /// adapter wrote nothing to a network, from the hand-over to the answer. `nil` while it has not answered.
    package var adapterTime: Int64?
    /// From the last byte written to the first byte back: network and broker together. `nil` where nothing was written.
    package var wireTime: Int64?
    /// The share of `wireTime` that the connection's own round trip takes, as the system's TCP has measured it; `nil` where
    /// no round trip was measured: an adapter without a network, a frame of a WebSocket (whose answer is another frame that
    /// only its adapter can tell, so that `wireTime` is `nil`, too), a leg that capture did not see.
    package var networkTime: Int64?
    /// The rest of `wireTime`; `nil` where `networkTime` is.
    package var brokerTime: Int64?

    /// Why it was not handed over at once, in the order in which the reasons came; at most 8, later ones counted into
    /// the last.
    package var waits: [Wait]
    /// What was sent for it after its first send, and why; `nil` = capture did not see it, or was off.
    package var retries: Retries?
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

    /// The answer's `reject` (INTERFACES.md §6) without its numbers.
    package struct Reject: Hashable, Sendable {
        /// What a broker said of an order that it took all the same.
        package static let message = "broker_message"

        package var code: String
        /// The control that refused; `nil` where it was none.
        package var control: String?
        package var message: String
        package var brokerCode: String?
        package var brokerText: String?
        package init(code: String, control: String?, message: String, brokerCode: String?, brokerText: String?) {
            (self.code, self.control, self.message) = (code, control, message)
            (self.brokerCode, self.brokerText) = (brokerCode, brokerText)
        }
    }

    /// What was sent for the leg.
    package struct Order: Hashable, Sendable {
        /// `nil` = kept by a build that did not note it.
        package var orderType: OrderType?
        package var limitPrice: ExactDecimal?
        package var stopPrice: ExactDecimal?
        /// Of the first slice, as is `brokerOrderID`; `nil` where nothing was ordered.
        package var clientOrderID: String?
        package var brokerOrderID: String?
        package var slices: Int64
        package var canceledQuantity: ExactDecimal
        package var overfilledQuantity: ExactDecimal
        /// A fact contradicted what was known.
        package var hasAnomaly: Bool
        package init(
            orderType: OrderType?, limitPrice: ExactDecimal? = nil, stopPrice: ExactDecimal? = nil,
            clientOrderID: String? = nil, brokerOrderID: String? = nil, slices: Int64 = 0,
            canceledQuantity: ExactDecimal = 0, overfilledQuantity: ExactDecimal = 0, hasAnomaly: Bool = false
        ) {
            (self.orderType, self.limitPrice, self.stopPrice) = (orderType, limitPrice, stopPrice)
            (self.clientOrderID, self.brokerOrderID, self.slices) = (clientOrderID, brokerOrderID, slices)
            (self.canceledQuantity, self.overfilledQuantity) = (canceledQuantity, overfilledQuantity)
            self.hasAnomaly = hasAnomaly
        }
    }

    /// Commands that were sent for a leg after its first send. Nothing else is ever sent twice: an order that may have
    /// reached its broker is looked up, not sent again.
    package struct Retries: Hashable, Sendable {
        package var cancels: Int64 = 0
        package var modifies: Int64 = 0
        /// Questions after an order of unknown outcome.
        package var lookUps: Int64 = 0
        /// Kept by a build that did not tell them apart.
        package var unnamed: Int64 = 0
        package init(cancels: Int64 = 0, modifies: Int64 = 0, lookUps: Int64 = 0, unnamed: Int64 = 0) {
            (self.cancels, self.modifies) = (cancels, modifies)
            (self.lookUps, self.unnamed) = (lookUps, unnamed)
        }

        /// Saturates.
        package var total: Int64 {
            [cancels, modifies, lookUps, unnamed].reduce(0) { sum, next in
                let (whole, overflow) = sum.addingReportingOverflow(next)
                return overflow ? .max : whole
            }
        }
    }

    package struct Wait: Hashable, Sendable {
        package var reason: WaitReason
        /// Nanoseconds.
        package var duration: Int64
        package init(reason: WaitReason, duration: Int64) { (self.reason, self.duration) = (reason, duration) }
    }

    package init(
        leg: LegID, group: GroupID?, account: AccountID, adapter: AdapterID, strategy: String?, symbol: String,
        currency: Currency, side: Side, status: String, order: Order, times: StageInstants, weight: Int64,
        allocatedQuantity: ExactDecimal, orderedQuantity: ExactDecimal, cumulativeQuantity: ExactDecimal,
        averagePrice: ExactDecimal?, slippage: ExactDecimal?, slippageCost: ExactDecimal?
    ) {
        (self.leg, self.group, self.account, self.adapter) = (leg, group, account, adapter)
        (self.strategy, self.symbol, self.side, self.status) = (strategy, symbol, side, status)
        (self.currency, self.order, self.times, self.weight) = (currency, order, times, weight)
        (self.allocatedQuantity, self.orderedQuantity) = (allocatedQuantity, orderedQuantity)
        (self.cumulativeQuantity, self.averagePrice) = (cumulativeQuantity, averagePrice)
        (self.slippage, self.slippageCost) = (slippage, slippageCost)
        waits = []
        separateTimes()
    }

    /// Takes the network's share of what lay between the last byte out and the first byte back from the broker's.
    package mutating func separateWire(roundTrip: Int64) {
        guard let wireTime else { return }
        let network = max(0, min(roundTrip, wireTime))
        (networkTime, brokerTime) = (network, wireTime - network)
    }

    /// Takes over what the journal does not say and an older row of the leg does.
    package mutating func addSeen(_ older: LegTiming) {
        (waits, retries) = (older.waits, older.retries)
        (networkTime, brokerTime) = (networkTime ?? older.networkTime, brokerTime ?? older.brokerTime)
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
        let (sum, overflow) = before.addingReportingOverflow(after)
        (wireTime, adapterTime) = (wire, overflow ? .max : sum)
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
