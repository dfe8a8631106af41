package import Domain

/// Why a parent order cannot be divided. Each case carries the numbers that prove it; indices are places in the
/// members.
package enum AllocationError: Error, Hashable, Sendable {
    /// A parameter of the parent order, as clients name it.
    package enum Parameter: String, Hashable, Sendable {
        case quantity, side, percent, multiplier
        case riskPerLot = "stop_distance"  // the distance is what clients give, the loss per lot follows from it
    }

    /// A number that would not fit 64 bits.
    package enum Overflow: String, Hashable, Sendable {
        /// The parent's lots in units.
        case quantity
        /// The sum of the weights.
        case weights
        /// Positions too far apart to be levelled, or the most negative one, which has no magnitude.
        case positions
        /// One account's lots or their sum in units.
        case lots
        /// The percentage's denominator times the lot size.
        case percent
    }

    case noMembers
    case tooManyMembers(count: Int, limit: Int)
    case carryCountMismatch(expected: Int, given: Int)
    case lotSizeNotPositive(Int64)
    case missing(Parameter, policy: AllocationPolicy)
    case unexpected(Parameter, policy: AllocationPolicy)
    case quantityNotPositive(Int64)
    case notWholeLots(units: Int64, lotSize: Int64)
    case multiplierNotPositive(Int64)
    case percentOutOfRange(AllocationPercent)
    /// A closing order that asks for more.
    case percentNotClosing(AllocationPercent)
    case riskPerLotNotPositive(Int64)
    case invalidBounds(memberIndex: Int, minimum: Int64, maximum: Int64)
    case negativeWeight(memberIndex: Int, weight: Int64, policy: AllocationPolicy)
    case negativeLots(memberIndex: Int, lots: Int64)
    case negativeRiskBudget(memberIndex: Int, budget: Int64)
    /// Lots beyond the guaranteed minimums, and no account whose weight would receive them.
    case zeroWeights(policy: AllocationPolicy)
    /// The accounts together take between `minimum` and `maximum` lots. A sum beyond 64 bits reads `Int64.max`.
    case infeasible(minimum: Int64, maximum: Int64, requested: Int64)
    /// Every account fell below its minimum order size and was dropped.
    case belowEveryMinimum(requested: Int64)
    /// A policy that states each account's lots has stated a number outside the account's bounds.
    case outsideBounds(memberIndex: Int, lots: Int64, minimum: Int64, maximum: Int64)
    /// Both in lots; `expected` is the sum of the accounts' fixed lots times the multiplier.
    case fixedSumMismatch(expected: Int64, given: Int64)
    /// No account receives a whole lot.
    case nothingAllocated(policy: AllocationPolicy)
    case overflow(Overflow, memberIndex: Int?)
}

extension AllocationError {
    /// A contract with API clients.
    package var code: String {
        switch self {
        case .noMembers: "no_members"
        case .tooManyMembers: "too_many_members"
        case .carryCountMismatch: "carry_count_mismatch"
        case .lotSizeNotPositive: "lot_size_not_positive"
        case .missing: "missing_parameter"
        case .unexpected: "unexpected_parameter"
        case .quantityNotPositive: "quantity_not_positive"
        case .notWholeLots: "not_whole_lots"
        case .multiplierNotPositive: "multiplier_not_positive"
        case .percentOutOfRange: "percent_out_of_range"
        case .percentNotClosing: "percent_not_closing"
        case .riskPerLotNotPositive: "risk_per_lot_not_positive"
        case .invalidBounds: "invalid_bounds"
        case .negativeWeight: "negative_weight"
        case .negativeLots: "negative_lots"
        case .negativeRiskBudget: "negative_risk_budget"
        case .zeroWeights: "zero_weights"
        case .infeasible: "infeasible"
        case .belowEveryMinimum: "below_every_minimum"
        case .outsideBounds: "outside_bounds"
        case .fixedSumMismatch: "fixed_sum_mismatch"
        case .nothingAllocated: "nothing_allocated"
        case .overflow: "overflow"
        }
    }

    /// The account the refusal is about, or `nil` when it is about the parent or the group.
    package var memberIndex: Int? {
        switch self {
        case .invalidBounds(let index, _, _), .negativeWeight(let index, _, _), .negativeLots(let index, _),
            .negativeRiskBudget(let index, _), .outsideBounds(let index, _, _, _):
            index
        case .overflow(_, let index): index
        default: nil
        }
    }

    /// The field at fault as clients know it: of the account where `memberIndex` is set, else of the parent or group.
    package var field: String {
        switch self {
        case .noMembers, .tooManyMembers: "accounts"
        case .carryCountMismatch: "carry"
        case .lotSizeNotPositive: "lot_size"
        case .missing(let parameter, _), .unexpected(let parameter, _): parameter.rawValue
        case .quantityNotPositive, .notWholeLots, .infeasible, .belowEveryMinimum, .fixedSumMismatch: "quantity"
        case .multiplierNotPositive: "multiplier"
        case .percentOutOfRange, .percentNotClosing: "percent"
        case .riskPerLotNotPositive: Parameter.riskPerLot.rawValue
        case .invalidBounds(_, let minimum, _): minimum < 0 ? "min_lots" : "max_lots"
        case .outsideBounds(_, let lots, let minimum, _): lots < minimum ? "min_lots" : "max_lots"
        case .negativeWeight(_, _, let policy), .zeroWeights(let policy), .nothingAllocated(let policy): policy.deciding
        case .negativeLots: "lots"
        case .negativeRiskBudget: "risk_budget"
        case .overflow(let what, _):
            switch what {
            case .quantity: "quantity"
            case .weights: "weight"
            case .positions: "position"
            case .lots: "lots"
            case .percent: "percent"
            }
        }
    }
}
