package import Domain

/// What one control said of one leg, with the numbers it said it of.
package struct ControlRow: Hashable, Sendable {
    package enum Verdict: UInt8, Hashable, Sendable {
        case pass
        /// The control refuses the leg. Of several the first is the leg's refusal.
        case refused
        /// The control lowered the quantity.
        case clip
        /// Messages wait for a window to open.
        case hold
        /// The control would refuse and only says so.
        case alert
        /// The control would refuse, and something that stands in the state lets the leg pass once.
        case overridden
        /// A refusal came before, and the control has nothing to say of a refused leg.
        case notReached
        /// The control needs an input that the journal does not hold.
        case notRecorded

        package var rawName: String {
            switch self {
            case .pass: "PASS"
            case .refused: "REFUSED"
            case .clip: "CLIP"
            case .hold: "HOLD"
            case .alert: "ALERT"
            case .overridden: "OVERRIDDEN"
            case .notReached: "NOT_REACHED"
            case .notRecorded: "NOT_RECORDED"
            }
        }
    }

    package var control: ControlID
    package var verdict: Verdict
    /// Every comparison that the control made, in order; a refusal's own is the last.
    package var measures: [Measure]
    /// What the control said where it did not simply pass.
    package var rejection: Rejection?
    /// The numbers are those of the record, not computed anew.
    package var isFromRecord = false
    /// The leg is strictly closing, and the control asks nothing of it.
    package var isExempt = false

    init(_ control: ControlID, _ verdict: Verdict, measures: [Measure] = [], rejection: Rejection? = nil) {
        (self.control, self.verdict, self.measures, self.rejection) = (control, verdict, measures, rejection)
    }

    /// The comparison that decided: a refusal's, else the one that has least left.
    package var measure: Measure? {
        if let rejection, verdict != .pass { return Measure(rejection) }
        return measures.dropFirst().reduce(measures.first) { found, next in
            found.map { next.isTighter(than: $0) ? next : $0 }
        }
    }

    /// Of a refusal its own, else the plain one of the control.
    package var code: String { rejection?.code ?? control.code }

    /// The sentence a person reads; `nil` for a plain pass.
    package var message: String? {
        if let rejection { return rejection.sentence.text }
        switch verdict {
        case .notReached: return "an earlier control refused the leg"
        case .notRecorded: return "the journal does not hold what this control looked at"
        default: return isExempt ? "closing orders pass" : nil
        }
    }
}

/// The numbers of a row in the instrument's and the account's own units.
package struct ControlFigures: Hashable, Sendable {
    package enum Limit: Hashable, Sendable {
        case none
        case unlimited
        case value(ExactDecimal)
    }
    package var limit: Limit
    package var observed: ExactDecimal?
    package var projected: ExactDecimal?
    /// Milliseconds.
    package var inputAge: Int64?
    package var unit: Rejection.Unit
    package var scope: ScopeKind
}

extension ControlRow {
    /// `nil` where the control has no numbers.
    package func figures(_ instrument: Instrument) -> ControlFigures? { measure.map { Self.figures($0, instrument) } }

    package static func figures(_ measure: Measure, _ instrument: Instrument) -> ControlFigures {
        func value(_ number: Int64?) -> ExactDecimal? {
            guard let number else { return nil }
            switch measure.unit {
            case .none: return nil
            case .quantity: return instrument.quantity(number)
            case .price: return instrument.price(number)
            case .money: return Money(minorUnits: number, currency: instrument.currency).amount
            case .lots, .basisPoints, .count, .milliseconds: return ExactDecimal(number)
            }
        }
        return ControlFigures(
            limit: measure.isUnlimited ? .unlimited : value(measure.limit).map { .value($0) } ?? .none,
            observed: value(measure.observed), projected: value(measure.projected),
            inputAge: measure.inputAge < 0 ? nil : measure.inputAge / 1_000_000, unit: measure.unit,
            scope: measure.scope)
    }
}
