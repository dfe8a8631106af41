/// Limits that compute and do not bind: what is measured is the work of the controls, and nothing is refused.
enum BenchLimits {
    /// How the margin control is set.
    enum Margin: String { case unlimited, limited }

    static let much = "1000000000000"

    static func document(_ margin: Margin) -> String {
        """
        rms: 1
        profiles:
          default:
            price-collar: { bps: 5000, max_age: 24h }
            quantity-limits: { min: 1, max: \(much), max_lots: unlimited, parent_max: \(much) }
            notional-limits: { max: "\(much) USD", parent_max: "\(much) USD" }
            message-rate: { windows: [] }
            max-open-orders: { max: \(much), per_instrument: \(much) }
            max-position: { max: \(much) }
            gross-exposure: { max: "\(much) USD" }
            margin-buffer: \(margin == .unlimited ? "unlimited" : "{ bps: 500, max_age: 24h }")
            daily-loss: { max: "\(much) USD" }
            trading-hours: { calendar: none }
            repeated-execution: { max: \(much) }
            modification-cap: { max: \(much) }
            duplicate-order: { max: unlimited }
            daily-counts:
              { orders: \(much), modifications: \(much), lots: \(much), cancels: \(much),
                per_instrument: { orders: \(much), modifications: \(much), lots: \(much) } }
            net-exposure: { max: "\(much) USD" }
            concentration: { bps: 1000000 }
            leverage: { bps: 10000000 }
            drawdown: { max: "\(much) USD" }
            loss-streak: { count: unlimited }

        """
    }
}
