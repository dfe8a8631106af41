package import Domain

/// What every control says of every leg of a parent order, now or in the past (`rms explain`).
package struct Explanation: Sendable {
    package struct Leg: Sendable {
        package enum Verdict: UInt8, Hashable, Sendable {
            case pass, clip, hold, refused

            package var rawName: String {
                switch self {
                case .pass: "PASS"
                case .clip: "CLIP"
                case .hold: "HOLD"
                case .refused: "REFUSED"
                }
            }
        }
        package var admission: LegAdmission
        /// Every control once, in evaluation order; a refusal that is no control's (`mode-not-met`) stands behind them.
        package var controls: [ControlRow]

        /// What admission decided, or had decided.
        package var verdict: Verdict {
            if admission.rejection != nil { return .refused }
            if admission.heldUntil != nil { return .hold }
            return admission.orderedQuantity < admission.allocatedQuantity ? .clip : .pass
        }
    }

    /// The decision: what `Engine.decide` gives for the same request, or the record of a past run.
    package var admission: RunAdmission
    package var isPast: Bool
    package var asOf: Timestamp
    package var legs: [Leg]
    /// What could not be computed and other facts about the whole, for a person.
    package var notes: [String]

    package var riskVersion: Int64 { admission.riskVersion }
    package var run: RunID? { isPast ? admission.run : nil }
}

extension ControlID {
    /// Every control, in the order in which a leg meets them, then those over all legs.
    package static let evaluationOrder: [ControlID] = [
        .requestShape, .authority, .instrument, .allowList, .tradingHours, .tradingState, .unknownOutstanding,
        .notReady,
        .unsupported, .repeatedExecution, .marketProtection, .priceCollar, .quantityLimits, .notionalLimits,
        .freezeSlicing, .messageRate, .modificationCap, .duplicateOrder, .maxOpenOrders, .dailyCounts, .maxPosition,
        .grossExposure, .netExposure, .concentration, .leverage, .shortRules, .marginBuffer, .dailyLoss, .drawdown,
        .groupLoss, .lossStreak, .selfTrade, .groupAggregate,
    ]
}

extension Explanation.Leg {
    /// Brings the rows of a leg into evaluation order and says of every control that has none why.
    init(_ admission: LegAdmission, _ known: [ControlRow], isPast: Bool) {
        self.admission = admission
        var byControl: [ControlID: ControlRow] = [:]
        for row in known { byControl[row.control] = row }
        // One look answers both; the second question is not reached where the first refuses.
        if var row = byControl[.notReady], byControl[.unsupported] == nil {
            if row.verdict == .refused { row = ControlRow(.unsupported, .notReached) }
            row.control = .unsupported
            byControl[.unsupported] = row
        } else if byControl[.unsupported] != nil, byControl[.notReady] == nil {
            byControl[.notReady] = ControlRow(.notReady, .pass)
        }
        let rejection = admission.rejection
        if let rejection {
            if isPast {
                // The record's numbers are what decided, whatever is computed now.
                var row = ControlRow(rejection.control, .refused, rejection: rejection)
                row.measures = byControl[rejection.control]?.measures ?? []
                row.isFromRecord = true
                byControl[rejection.control] = row
            } else if byControl[rejection.control] == nil {
                byControl[rejection.control] = ControlRow(rejection.control, .refused, rejection: rejection)
            }
        }
        controls = ControlID.evaluationOrder.map { control in
            byControl[control] ?? ControlRow(control, rejection == nil ? .pass : .notReached)
        }
        if let rejection, !ControlID.evaluationOrder.contains(rejection.control) {
            controls.append(
                byControl[rejection.control] ?? ControlRow(rejection.control, .refused, rejection: rejection))
        }
    }

    package func row(_ control: ControlID) -> ControlRow? { controls.first { $0.control == control } }
}
