import Domain

/// Keeps a row for every control on every leg of a decision, and goes on behind the first refusal with the quantity that
/// was asked for, so that all that would refuse is seen.
struct ExplainTrace: DecisionTrace {
    private struct LegRows {
        var rows: [ControlRow] = []
        /// The leg as the controls behind its refusal see it; `nil` = it is not refused.
        var beyond: Candidate?
    }

    /// `nil` = an order that could be placed now.
    private(set) var past: Recollection?
    private var legs: [LegRows] = []
    private var kept: [LegRows] = []
    /// Of the control that is being asked.
    private var measures: [Measure] = []
    /// The control that is being asked looks at what is not known.
    private var isUnknown = false
    private var batch: (control: ControlID, legs: [Int])?

    init(past: Recollection? = nil) { self.past = past }

    var goesBeyond: Bool { true }
    var isSilent: Bool { false }
    var isJudge: Bool { past != nil }

    mutating func record(_ measure: @autoclosure () -> Measure?) {
        if let measure = measure() { measures.append(measure) }
    }

    mutating func begin(keeping: [Int]) {
        closeBatch()
        kept = keeping.map { legs[$0] }
        legs = []
    }

    mutating func begin(_ share: Engine.Share) {
        legs.append(LegRows())
        measures = []
    }

    // MARK: Legs

    mutating func looksBeyond<Control: RiskControl>(
        _ control: Control.Type, _ limits: LegLimits, _ engine: borrowing Engine
    ) -> Bool {
        guard var candidate = legs.last?.beyond else { return false }
        let verdict = control.evaluate(&candidate, limits, engine, &self)
        switch judge(verdict, of: control.id, candidate, engine) {
        case .pass: pass(control.id, candidate)
        case .reject(let rejection, let clipTo):
            var (result, none) = (Engine.Evaluation(mayClip: false), ParentOverrides())
            let quantity = candidate.quantity
            let end = engine.refuse(rejection, clipTo, &candidate, limits, &result, &none)
            fire(rejection, from: quantity, candidate, goesOn: end != .refused, isAlert: end == .alert)
        }
        candidate.resize(to: candidate.askedQuantity)
        legs[legs.count - 1].beyond = candidate
        return true
    }

    mutating func judge(
        _ verdict: Verdict, of control: ControlID, _ candidate: Candidate, _ engine: borrowing Engine
    ) -> Verdict {
        guard
            let judged = past?.judge(
                verdict, of: control, leg: legs.count - 1, candidate, hasCalendar: engine.calendar != nil)
        else { return verdict }
        isUnknown = judged.isUnknown
        return judged.verdict
    }

    mutating func pass(_ control: ControlID, _ candidate: Candidate) {
        var row = ControlRow(control, isUnknown ? .notRecorded : .pass, measures: isUnknown ? [] : measures)
        if control == .messageRate, candidate.heldUntil != nil { row.verdict = .hold }
        if let alert = candidate.alert, alert.control == control {
            (row.verdict, row.rejection) = (.alert, alert)
        }
        row.isExempt = candidate.isClosing && measures.isEmpty && !isUnknown && control.sparesClosing
        put(row, leg: legs.count - 1)
    }

    mutating func fire(
        _ rejection: Rejection, from quantity: Int64, _ candidate: Candidate, goesOn: Bool, isAlert: Bool
    ) {
        let verdict: ControlRow.Verdict =
            !goesOn ? .refused : isAlert ? .alert : candidate.quantity < quantity ? .clip : .overridden
        let leg = legs.count - 1
        put(ControlRow(rejection.control, verdict, measures: measures, rejection: rejection), leg: leg)
        if !goesOn, legs[leg].beyond == nil {
            var candidate = candidate
            candidate.resize(to: candidate.askedQuantity)
            legs[leg].beyond = candidate
        }
    }

    /// A past run's legs go on as they did, whatever the controls make of them now.
    mutating func finish(_ evaluation: inout Engine.Evaluation, _ index: Int) {
        guard let recorded = past?.recorded(index) else { return }
        switch recorded.rejection?.control {
        case nil, .selfTrade, .groupAggregate, .modeNotMet:
            evaluation.rejection = nil
            evaluation.takeTerms(of: recorded)
            if recorded.rejection == nil {
                (evaluation.quantity, evaluation.margin) = (recorded.orderedQuantity, recorded.margin)
                evaluation.slices = Int64(recorded.slices.count)
            } else if evaluation.quantity == 0 {
                // What a clip had left of it before its mates failed is not recorded.
                (evaluation.quantity, evaluation.slices) = (recorded.allocatedQuantity, 1)
            }
        default:
            evaluation.rejection = recorded.rejection
            (evaluation.quantity, evaluation.slices, evaluation.margin) = (0, 0, 0)
        }
    }

    // MARK: All legs

    mutating func begin(_ control: ControlID, _ legs: @autoclosure () -> [Int]) {
        closeBatch()
        batch = (control, legs())
    }

    mutating func judge(_ rejection: Rejection) -> Rejection? {
        guard past != nil else { return rejection }
        let judged = past?.judge(rejection)
        isUnknown = judged == nil
        return judged
    }

    mutating func fire(_ rejection: Rejection, leg: Int, isAlert: Bool) {
        put(
            ControlRow(rejection.control, isAlert ? .alert : .refused, measures: measures, rejection: rejection),
            leg: leg, keepsMeasures: true)
    }

    private mutating func closeBatch() {
        if let batch {
            for leg in batch.legs where !legs[leg].rows.contains(where: { $0.control == batch.control }) {
                put(
                    ControlRow(batch.control, isUnknown ? .notRecorded : .pass, measures: isUnknown ? [] : measures),
                    leg: leg, keepsMeasures: true)
            }
        }
        batch = nil
        (measures, isUnknown) = ([], false)
    }

    // MARK: Rows

    /// After a clip some controls are asked again: what clipped stays to be seen, unless the second answer is a refusal.
    private mutating func put(_ row: ControlRow, leg: Int, keepsMeasures: Bool = false) {
        if !keepsMeasures { (measures, isUnknown) = ([], false) }
        guard let known = legs[leg].rows.firstIndex(where: { $0.control == row.control }) else {
            return legs[leg].rows.append(row)
        }
        if row.verdict != .pass || legs[leg].rows[known].verdict == .pass { legs[leg].rows[known] = row }
    }

    /// Rows of every leg as recorded, in the order in which they were made.
    mutating func rows() -> [[ControlRow]] {
        closeBatch()
        return (legs + kept).map(\.rows)
    }
}

extension ControlID {
    /// Whether strict closing orders pass the control by rule (RISK.md §4).
    var sparesClosing: Bool {
        switch self {
        case .requestShape, .authority, .instrument, .allowList, .tradingHours, .tradingState, .notReady, .unsupported,
            .priceCollar, .marketProtection, .freezeSlicing, .messageRate, .selfTrade, .deadline, .modeNotMet:
            false
        default: true
        }
    }
}
