/// How a parent's quantity is shared out (RISK.md §5).
package enum AllocationPolicy: UInt8, VocabularyWord {
    case proportional = 1
    case netLiquidation = 2
    case availableMargin = 3
    case weighted = 4
    case equal = 5
    case equalPosition = 6
    case fixed = 7
    case percentChange = 8
    case riskUnit = 9

    package var rawName: String {
        switch self {
        case .proportional: "proportional"
        case .netLiquidation: "net_liquidation"
        case .availableMargin: "available_margin"
        case .weighted: "weighted"
        case .equal: "equal"
        case .equalPosition: "equal_position"
        case .fixed: "fixed"
        case .percentChange: "percent_change"
        case .riskUnit: "risk_unit"
        }
    }
}

/// A group of accounts that one parent order is fanned out to.
package struct ExecutionGroup: Hashable, Sendable {
    /// One account of a group. Only the parameter of the group's policy is required; others are kept.
    package struct Member: Hashable, Sendable {
        package var account: AccountID
        /// Only accounts with `false` leave the allocation; a halted one keeps its share and its leg is refused.
        package var isEnabled: Bool
        /// `proportional`: in the account's currency.
        package var capital: ExactDecimal?
        /// `weighted`: a positive whole number.
        package var weight: Int64?
        /// `fixed`.
        package var lots: Int64?
        /// `risk_unit`: in the account's currency.
        package var riskBudget: ExactDecimal?
        package var minimumLots: Int64
        /// `nil` = no upper bound.
        package var maximumLots: Int64?

        package init(
            account: AccountID, isEnabled: Bool = true, capital: ExactDecimal? = nil, weight: Int64? = nil,
            lots: Int64? = nil, riskBudget: ExactDecimal? = nil, minimumLots: Int64 = 0, maximumLots: Int64? = nil
        ) {
            (self.account, self.isEnabled, self.capital, self.weight) = (account, isEnabled, capital, weight)
            (self.lots, self.riskBudget) = (lots, riskBudget)
            (self.minimumLots, self.maximumLots) = (minimumLots, maximumLots)
        }
    }

    package var id: GroupID
    /// Counts every change, from 1.
    package var version: Int64
    package var policy: AllocationPolicy
    package var carry: CarryMode
    package var mode: ExecutionMode
    package var onLegFailure: LegFailurePolicy
    package var allowsUnwind: Bool
    package var dropsBelowMinimum: Bool
    package var redistributes: Bool
    /// In stored order, which decides ties.
    package var members: [Member]
    package var createdAt: Timestamp
    package var updatedAt: Timestamp

    package init(
        id: GroupID, version: Int64 = 1, policy: AllocationPolicy, carry: CarryMode = .auto,
        mode: ExecutionMode = .bestEffort, onLegFailure: LegFailurePolicy = .leave, allowsUnwind: Bool = false,
        dropsBelowMinimum: Bool = false, redistributes: Bool = false, members: [Member], createdAt: Timestamp,
        updatedAt: Timestamp
    ) {
        (self.id, self.version, self.policy, self.carry) = (id, version, policy, carry)
        (self.mode, self.onLegFailure, self.allowsUnwind) = (mode, onLegFailure, allowsUnwind)
        (self.dropsBelowMinimum, self.redistributes) = (dropsBelowMinimum, redistributes)
        (self.members, self.createdAt, self.updatedAt) = (members, createdAt, updatedAt)
    }
}
