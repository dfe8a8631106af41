package import Domain

extension Engine {
    /// What every control says of a candidate order, pass or not, with its numbers.
    ///
    /// Made by the code of admission: the explanation's decision is what `decide` gives. One synchronous step; state is as
    /// before when it returns.
    /// - Throws: `ParentRefusal` for a fact about the whole parent.
    package mutating func explain(_ request: AdmissionRequest, now: Timestamp) throws(ParentRefusal) -> Explanation {
        var trace = ExplainTrace()
        let admission = try decide(request, now: now, &trace)
        return Explanation(
            admission: admission, isPast: false, asOf: now,
            legs: zip(admission.legs, trace.rows()).map { Explanation.Leg($0, $1, isPast: false) }, notes: [])
    }

    /// The same for a run of the past, against the state just before it: the caller has replayed the journal up to the run,
    /// with the limits of its version set before the replay, so that rate windows are filled.
    ///
    /// The recorded legs are evaluated as they were allocated, at the recorded price, age and funds; each meets what the
    /// record says of those before it. Inputs that the journal does not hold are named in `notes`; controls that need them
    /// say `notRecorded`, or what the record says of them. The decision is the record's. State is as before when it returns.
    /// - Throws: `ParentRefusal` where the state does not know what the order names: it is not the one before the run.
    package mutating func explain(admission: RunAdmission) throws(ParentRefusal) -> Explanation {
        let known = inputs
        defer { inputs = known }
        try recall(admission)
        let recollection = Recollection(admission)
        var trace = ExplainTrace(past: recollection)
        _ = try reconsider(recollection, &trace)
        var rows: [[ControlRow]] = Array(repeating: [], count: admission.legs.count)
        for (leg, found) in zip(recollection.legs, trace.rows()) { rows[leg] = found }
        let legs = zip(admission.legs, rows).map { Explanation.Leg($0, $1, isPast: true) }
        var notes = InputGap.allCases.filter { trace.past?.gaps.contains($0) ?? false }.map(\.text)
        if riskVersion != admission.riskVersion {
            notes.append("the run was decided under version \(admission.riskVersion), the state is at \(riskVersion)")
        }
        for (index, found) in rows.enumerated() {
            let id = LegID(run: admission.run, index: index)
            if found.isEmpty, !admission.lacksInstrument(leg: index) {
                notes.append("\(id): its quantity went to the other legs, so that its controls are not computed anew")
            }
            notes += Self.differences(admission.legs[index], found).map { "\(id): \($0)" }
        }
        return Explanation(admission: admission, isPast: true, asOf: admission.admittedAt, legs: legs, notes: notes)
    }

    /// Where what is computed from the record is not what the record says.
    private static func differences(_ leg: LegAdmission, _ rows: [ControlRow]) -> [String] {
        let order = ControlID.evaluationOrder
        func place(_ control: ControlID) -> Int { order.firstIndex(of: control) ?? order.count }
        guard let first = rows.filter({ $0.verdict == .refused }).min(by: { place($0.control) < place($1.control) })
        else {
            guard let rejection = leg.rejection, order.contains(rejection.control), !rows.isEmpty else { return [] }
            return ["\(rejection.control.name) refused it, and would pass it by the state and limits at hand"]
        }
        guard let rejection = leg.rejection else {
            return ["it was admitted, and \(first.control.name) would refuse it by the state and limits at hand"]
        }
        guard place(first.control) < place(rejection.control) else { return [] }
        return [
            "\(rejection.control.name) refused it, and \(first.control.name) would before that by the state and limits "
                + "at hand"
        ]
    }
}
