package import Engine
import Settings

/// How often books are compared with brokers', and what is done about each kind of difference (`rms.reconcile`).
package struct ReconciliationPolicy: Hashable, Sendable {
    /// Nanoseconds between two comparisons of an account that is connected.
    package var interval: Int64 = 60_000_000_000
    /// An account with live orders whose session has said nothing for this long is compared earlier, nanoseconds.
    package var quietGap: Int64 = 20_000_000_000
    /// A difference is believed when two comparisons in a row show it; this much later comes the second, nanoseconds.
    package var confirmation: Int64 = 2_000_000_000
    /// Look-ups that must all say that the broker never had an acknowledged order before its absence is adopted.
    package var proofsOfLoss = 6
    /// What is done, by cause. `orderEnded` is never adopted: an order that has ended here is not revived by a list.
    package var actions: [Difference.Cause: Difference.Action] = [
        .orderElsewhere: .adopt, .orderMissing: .flag, .orderEnded: .flag, .positionElsewhere: .flag, .position: .flag,
    ]

    package init() {}

    /// Takes over what the configuration says.
    mutating func read(_ configuration: SluiceConfiguration.Reconciliation) {
        (interval, quietGap) = (configuration.intervalNanoseconds, configuration.quietGapNanoseconds)
        for cause in Difference.Cause.allCases {
            if let action = configuration.actions[cause.rawName].flatMap(Difference.Action.init(rawName:)) {
                actions[cause] = action
            }
        }
    }

    func action(_ cause: Difference.Cause) -> Difference.Action { actions[cause] ?? .flag }
}
