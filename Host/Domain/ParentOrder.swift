/// A decoded request for one fan-out, or for one order on one account (INTERFACES.md §6, parent order).
///
/// Quantities in units and prices in the instrument's currency, as decimals: the instrument is not known yet.
package struct ParentOrder: Hashable, Sendable {
    /// Who receives it.
    package enum Target: Hashable, Sendable {
        case group(GroupID)
        case account(AccountID)
    }

    package var target: Target
    package var symbol: InstrumentID
    /// Absent for `percent_change` only, where it follows from position and percentage.
    package var side: Side?
    package var quantity: ExactDecimal?
    package var lots: Int64?
    package var percent: ExactDecimal?
    package var stopDistance: ExactDecimal?
    package var multiplier: Int64?
    package var orderType: OrderType
    package var limitPrice: ExactDecimal?
    package var stopPrice: ExactDecimal?
    package var trail: ExactDecimal?
    package var product: Product
    package var timeInForce: TimeInForce
    package var validUntil: Timestamp?
    package var orderClass: OrderClass
    package var isPostOnly: Bool
    package var isReduceOnly: Bool
    package var isAfterMarket: Bool
    package var disclosedQuantity: ExactDecimal?
    /// `nil` = the group's default.
    package var mode: ExecutionMode?
    package var minimumLegs: Int?
    package var minimumQuantityBasisPoints: Int?
    package var redistributes: Bool?
    package var allowsPartialAllocation: Bool
    package var onLegFailure: LegFailurePolicy?
    /// Legs that are not sent this long after admission are canceled locally.
    package var deadlineMilliseconds: Int64
    package var attachedStop: ExactDecimal?
    package var strategy: String?
    package var tag: String?
    /// Adapter id to a JSON object that the adapter's schema validates.
    package var brokerOptions: [String: String]

    package init(target: Target, symbol: InstrumentID, side: Side?, orderType: OrderType, product: Product) {
        (self.target, self.symbol, self.side, self.orderType, self.product) =
            (target, symbol, side, orderType, product)
        timeInForce = .day
        orderClass = .regular
        (isPostOnly, isReduceOnly, isAfterMarket) = (false, false, false)
        allowsPartialAllocation = false
        deadlineMilliseconds = 10_000
        brokerOptions = [:]
    }

    /// Whether its `stopPrice` is where its second leg stops the loss, and nothing that its first leg waits for.
    package var carriesStop: Bool { orderClass == .cover && !orderType.hasStopPrice }
}
