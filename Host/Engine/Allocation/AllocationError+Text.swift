import Domain

extension AllocationPercent {
    /// For messages: `-50 %`, `12345/1000 %`.
    var text: String { denominator == 1 ? "\(numerator) %" : "\(numerator)/\(denominator) %" }
}

extension AllocationError {
    /// What is wrong, in a sentence with its numbers. Accounts are counted from 1 in the group's order.
    package var message: String {
        switch self {
        case .noMembers: "The group has no enabled account."
        case .tooManyMembers(let count, let limit): "The group has \(count) accounts; \(limit) is the most."
        case .carryCountMismatch(let expected, let given): "The carry has \(given) entries for \(expected) accounts."
        case .lotSizeNotPositive(let lotSize): "The lot size is \(lotSize)."
        case .missing(let parameter, let policy): "The policy \(policy.name) needs \(parameter.rawValue)."
        case .unexpected(let parameter, let policy): "The policy \(policy.name) does not use \(parameter.rawValue)."
        case .quantityNotPositive(let quantity): "The quantity is \(quantity)."
        case .notWholeLots(let units, let lotSize):
            "The quantity \(units) is not a multiple of the lot size \(lotSize)."
        case .multiplierNotPositive(let multiplier): "The multiplier is \(multiplier)."
        case .percentOutOfRange(let percent): "The percentage is \(percent.text)."
        case .percentNotClosing(let percent): "A closing order asks for \(percent.text) more."
        case .riskPerLotNotPositive(let risk): "The loss per lot at the stop is \(risk) minor units."
        case .invalidBounds(let index, let minimum, let maximum):
            "Account \(index + 1) has a minimum of \(minimum) lots and a maximum of \(maximum)."
        case .negativeWeight(let index, let weight, let policy):
            "Account \(index + 1) has a \(policy.deciding) of \(weight)."
        case .negativeLots(let index, let lots): "Account \(index + 1) has \(lots) fixed lots."
        case .negativeRiskBudget(let index, let budget):
            "Account \(index + 1) has a risk budget of \(budget) minor units."
        case .zeroWeights(let policy): "No account has a positive \(policy.deciding)."
        case .infeasible(let minimum, let maximum, let requested):
            "The order has \(requested) lots; the accounts take from \(minimum) to \(maximum)."
        case .belowEveryMinimum(let requested):
            "With \(requested) lots every account falls below its minimum order size."
        case .outsideBounds(let index, let lots, let minimum, let maximum):
            "Account \(index + 1) would receive \(lots) lots; its bounds are \(minimum) and \(maximum)."
        case .fixedSumMismatch(let expected, let given):
            "The order has \(given) lots; the accounts' fixed lots sum to \(expected)."
        case .nothingAllocated(let policy): "Under \(policy.name) no account receives a whole lot."
        case .overflow(let what, let index):
            if let index {
                "From account \(index + 1) on, the \(what.text) would not fit 64 bits."
            } else {
                "The \(what.text) would not fit 64 bits."
            }
        }
    }

    /// What would be right.
    package var remedy: String {
        switch self {
        case .noMembers: "Add an account to the group or enable one."
        case .tooManyMembers: "Divide the group."
        case .carryCountMismatch: "Give one entry per enabled account, or none for a carry that starts at zero."
        case .lotSizeNotPositive: "A lot size is 1 or more."
        case .missing(let parameter, _): "Give \(parameter.rawValue) in the order."
        case .unexpected(let parameter, _): "Leave \(parameter.rawValue) out of the order."
        case .quantityNotPositive: "Give a quantity of at least one lot."
        case .notWholeLots(let units, let lotSize):
            units < lotSize
                ? "Give a multiple of \(lotSize)."
                : "Give \(units - units % lotSize) or another multiple of \(lotSize)."
        case .multiplierNotPositive: "Give a multiplier of 1 or more."
        case .percentOutOfRange: "Give more than 0 to increase, or from -100 up to below 0 to decrease."
        case .percentNotClosing: "Give a percentage from -100 up to below 0."
        case .riskPerLotNotPositive: "Give a stop distance that costs at least one minor unit per lot."
        case .invalidBounds: "Give 0 <= min_lots <= max_lots."
        case .negativeWeight(_, _, let policy): "Give a \(policy.deciding) of 0 or more."
        case .negativeLots: "Give 0 or more lots."
        case .negativeRiskBudget: "Give a risk budget of 0 or more."
        case .zeroWeights(let policy): "At least one account needs a positive \(policy.deciding)."
        case .infeasible(let minimum, let maximum, let requested):
            requested < minimum
                ? "Order at least \(minimum) lots or lower min_lots."
                : "Order at most \(maximum) lots, raise max_lots or set allow_partial_allocation."
        case .belowEveryMinimum: "Order more lots or lower min_lots."
        case .outsideBounds(_, let lots, let minimum, _):
            lots < minimum ? "Lower min_lots or set drop_below_min." : "Raise max_lots or lower the account's lots."
        case .fixedSumMismatch(let expected, _): "Order \(expected) lots or leave the quantity out."
        case .nothingAllocated(let policy): "At least one account needs a \(policy.deciding) that gives one lot."
        case .overflow: "Give smaller numbers."
        }
    }
}

extension AllocationError.Overflow {
    fileprivate var text: String {
        switch self {
        case .quantity: "quantity in units"
        case .weights: "sum of the weights"
        case .positions: "arithmetic of the positions"
        case .lots: "sum of the lots or of their units"
        case .percent: "percentage's denominator times the lot size"
        }
    }
}
