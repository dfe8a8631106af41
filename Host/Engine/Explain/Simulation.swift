package import Domain

/// What other limits would have made of a past: a fold over the journal's events, in order (`rms simulate`).
///
/// Before it folds a run of the window, it decides the recorded legs anew under the proposed limits, against the state as
/// it really was, with the recorded quantities, price and funds. Then history goes on as it happened. The engine is one and
/// is changed in place: a run costs its own decision and nothing else.
package struct Simulation: Sendable {
    /// Which runs are decided anew.
    package struct Window: Hashable, Sendable {
        package var from: Timestamp
        /// Inclusive.
        package var to: Timestamp
        /// `nil` = single orders and every group.
        package var group: GroupID?
        package init(from: Timestamp, to: Timestamp, group: GroupID? = nil) {
            (self.from, self.to, self.group) = (from, to, group)
        }

        func contains(_ admission: RunAdmission) -> Bool {
            admission.admittedAt >= from && admission.admittedAt <= to && (group == nil || admission.group == group)
        }
    }

    package let window: Window
    /// Differing legs that are kept; the counts go on beyond.
    package let maximumLegs: Int
    private var engine: Engine
    private var found = SimulationResult()
    private var gaps: Set<InputGap> = []
    private let beginsLate: Bool

    /// - Parameter engine: the state before the first event; a fresh one for a journal from its beginning. Its calendar
    ///   counts, its limits and inputs do not.
    package init(_ engine: Engine, limits: RiskLimits, window: Window, maximumLegs: Int = 1_000) {
        (self.engine, self.window, self.maximumLegs) = (engine, window, maximumLegs)
        beginsLate = engine.runs.lastRun > 0
        self.engine.inputs.references = []
        for account in engine.accounts.indices { self.engine.inputs.funds[account] = nil }
        // Before the first event, so that every window of the proposal fills from the start.
        self.engine.setLimits(limits)
    }

    /// Reserved margin comes from the records; what a replay would add up is never settled.
    private mutating func forgetMargin(_ account: Int32) {
        engine.inputs.unsettled.removeAll(of: account)
        engine.inputs.reservedMargin[Int(account)] = 0
    }

    package mutating func apply(_ event: Event) {
        switch event {
        case .runAdmitted(let admission):
            if window.contains(admission), !admission.isAdopted { decide(admission) }
            for (number, reference) in admission.references {
                guard let reference else { continue }
                note(number, reference.points, admission.admittedAt.advanced(by: -max(0, reference.age)))
            }
            engine.apply(event)
            for leg in admission.legs { forgetMargin(leg.account) }
        case .replaceRequested(let id, let order, _, _):
            engine.apply(event)
            if let run = engine.runs[id], run.orders.indices.contains(Int(order)) {
                forgetMargin(run.admission(of: run.orders[Int(order)]).account)
            }
        case .executed(let execution):
            engine.apply(event)
            if execution.kind != .bust { note(execution.instrument, execution.lastPrice, execution.at) }
        case .dayOpened(let opening):
            engine.apply(event)
            // Taken on that day: no older than its begin.
            let (begin, overflow) = opening.day.multipliedReportingOverflow(by: 86_400_000_000_000)
            for mark in opening.marks where !overflow {
                if let points = mark.points { note(mark.instrument, points, Timestamp(nanoseconds: begin)) }
            }
        default: engine.apply(event)
        }
    }

    /// The last price of an instrument that the journal tells: what positions in it are valued with.
    private mutating func note(_ instrument: Int32, _ points: Int64, _ at: Timestamp) {
        guard points > 0 else { return }
        while engine.inputs.references.count <= Int(instrument) { engine.inputs.references.append(.init()) }
        guard
            engine.inputs.references[Int(instrument)].at <= at || engine.inputs.references[Int(instrument)].points == 0
        else { return }
        engine.inputs.references[Int(instrument)] = Inputs.Reference(points: points, at: at)
    }

    private mutating func decide(_ admission: RunAdmission) {
        let known = admission.references.map { engine.inputs.reference($0.instrument) }
        var trace = SimulationTrace(Recollection(admission))
        found.runs += 1
        found.legs += admission.legs.count
        do {
            try engine.recall(admission)
            var (parent, evaluations) = try engine.reconsider(trace.past, &trace)
            engine.applyMode(
                parent, requested: Int128(admission.requestedQuantity) * Int128(admission.unitsPerStep), &evaluations,
                units: admission.legInstruments.isEmpty
                    ? [] : trace.past.legs.map { admission.unitsPerStep(ofLeg: $0) })
            found.undecided += admission.legs.count - evaluations.count
            for (place, evaluation) in evaluations.enumerated() {
                let clip = trace.clips.last { $0.leg == place }?.rejection
                compare(admission, trace.past.legs[place], evaluation, clip)
            }
        } catch {
            found.undecided += admission.legs.count
        }
        gaps.formUnion(trace.past.gaps)
        // No price then is not that there never was one.
        for ((number, reference), known) in zip(admission.references, known)
        where reference == nil && engine.inputs.references.indices.contains(Int(number)) {
            engine.inputs.references[Int(number)] = known
        }
    }

    private mutating func compare(
        _ admission: RunAdmission, _ index: Int, _ after: Engine.Evaluation, _ clip: Rejection?
    ) {
        let before = admission.legs[index]
        let change: SimulationResult.Change
        switch (before.rejection, after.rejection) {
        case (nil, .some): change = .refused
        case (.some, nil): change = .newlyAdmitted
        case (.some, .some):
            found.unchanged += 1
            return
        case (nil, nil):
            if after.quantity == before.orderedQuantity {
                found.unchanged += 1
                return
            }
            change = after.quantity < before.orderedQuantity ? .clipped : .enlarged
        }
        let reason = change == .newlyAdmitted ? before.rejection : after.rejection ?? clip
        found.count(change, reason?.control)
        guard found.differences.count < maximumLegs else {
            found.isTruncated = true
            return
        }
        found.differences.append(
            SimulationResult.Difference(
                leg: LegID(run: admission.run, index: index), account: before.account,
                instrument: admission.instrument(ofLeg: index), side: before.side, admittedAt: admission.admittedAt,
                change: change,
                before: before.rejection, beforeQuantity: before.orderedQuantity, after: after.rejection,
                afterQuantity: after.quantity, reason: reason))
    }

    /// What was found so far.
    package var result: SimulationResult {
        var result = found
        result.notes =
            [
                "history goes on as it happened: an order that is refused here still trades in what comes after it",
                "trading states are those that were set at the time, not those that the proposed limits would have set",
                "positions in other instruments are valued at the last price that a run, an execution or a day's begin "
                    + "recorded",
            ] + InputGap.allCases.filter { gaps.contains($0) }.map(\.text)
        if beginsLate {
            result.notes.append("the history begins in the middle: rate windows are empty at its begin")
        }
        if result.undecided > 0 {
            result.notes.append(
                "\(result.undecided) legs had lost their quantity to a redistribution, or name what is not known; "
                    + "they are not decided anew")
        }
        return result
    }

    /// An account or instrument of a difference, for people.
    package func account(_ number: Int32) -> Account { engine.accounts[Int(number)].account }
    package func instrument(_ number: Int32) -> InstrumentEntry { engine.instruments[Int(number)] }
}

/// Hears which control clipped a leg, and keeps what is not known from deciding.
private struct SimulationTrace: DecisionTrace {
    var past: Recollection
    private(set) var clips: [(leg: Int, rejection: Rejection)] = []
    private var leg = -1

    init(_ past: Recollection) { self.past = past }

    var goesBeyond: Bool { false }
    var isSilent: Bool { false }
    var isJudge: Bool { true }
    mutating func record(_ measure: @autoclosure () -> Measure?) {}
    mutating func begin(keeping: [Int]) {}
    mutating func begin(_ share: Engine.Share) { leg += 1 }
    mutating func looksBeyond<Control: RiskControl>(
        _ control: Control.Type, _ limits: LegLimits, _ engine: borrowing Engine
    ) -> Bool { false }
    mutating func judge(
        _ verdict: Verdict, of control: ControlID, _ candidate: Candidate, _ engine: borrowing Engine
    ) -> Verdict {
        past.judge(verdict, of: control, leg: leg, candidate, hasCalendar: engine.calendar != nil).verdict
    }
    mutating func pass(_ control: ControlID, _ candidate: Candidate) {}
    mutating func fire(
        _ rejection: Rejection, from quantity: Int64, _ candidate: Candidate, goesOn: Bool, isAlert: Bool
    ) {
        if goesOn, candidate.quantity < quantity { clips.append((leg, rejection)) }
    }
    mutating func finish(_ evaluation: inout Engine.Evaluation, _ index: Int) {}
    mutating func begin(_ control: ControlID, _ legs: @autoclosure () -> [Int]) {}
    mutating func judge(_ rejection: Rejection) -> Rejection? { past.judge(rejection) }
    mutating func fire(_ rejection: Rejection, leg: Int, isAlert: Bool) {}
}
