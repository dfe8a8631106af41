package import Domain

/// What sharing needs to know of a policy (RISK.md §5).
extension AllocationPolicy {
    /// The name in configuration and API, in snake case.
    package var name: String { rawName }

    /// Whether the policy divides a quantity that the parent names. The others compute each account's own quantity.
    package var sharesQuantity: Bool {
        switch self {
        case .proportional, .netLiquidation, .availableMargin, .weighted, .equal, .equalPosition: true
        case .fixed, .percentChange, .riskUnit: false
        }
    }

    /// The per-account fact that decides the share, as clients know it, for use in a refusal.
    package var deciding: String {
        switch self {
        case .proportional: "capital"
        case .netLiquidation: "net_liquidation"
        case .availableMargin: "available_margin"
        case .weighted: "weight"
        case .equal: "accounts"
        case .equalPosition, .percentChange: "position"
        case .fixed: "lots"
        case .riskUnit: "risk_budget"
        }
    }
}
