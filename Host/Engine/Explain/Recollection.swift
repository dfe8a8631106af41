import Domain

/// An input of past decisions that the journal does not hold.
package enum InputGap: UInt8, CaseIterable, Hashable, Sendable {
    case authority
    case sessions
    case funds
    case prices
    case holdings
    case calendar
    case instruments

    /// A sentence for a person.
    package var text: String {
        switch self {
        case .authority: "who may trade what is not in the journal: authority is taken from the record"
        case .sessions:
            "which sessions took orders, and what their adapters offered, is not in the journal: not-ready and "
                + "unsupported are taken from the record"
        case .funds: "the record is from before funds were recorded: controls that need them are not computed anew"
        case .prices:
            "prices of other instruments are not in the journal: totals and results that need them are not computed anew"
        case .holdings: "holdings are not in the journal: short-rules for delivery is taken from the record"
        case .calendar: "no calendar is set: trading-hours is taken from the record"
        case .instruments:
            "what adapters said of the instrument is not in the journal: that it was held back is taken from the record"
        }
    }
}

/// What is known of the inputs of a run that was decided in the past, and what its record says instead.
struct Recollection {
    let admission: RunAdmission
    /// The recorded legs that can be decided anew, in order. The others had lost their quantity to a redistribution, or have
    /// no instrument.
    let legs: [Int]
    private(set) var gaps: Set<InputGap> = []

    init(_ admission: RunAdmission) {
        self.admission = admission
        legs = admission.legs.indices.filter {
            admission.legs[$0].allocatedQuantity > 0 && !admission.lacksInstrument(leg: $0)
        }
    }

    var shares: [Engine.Share] {
        legs.map { index in
            let leg = admission.legs[index]
            return Engine.Share(
                account: leg.account, instrument: admission.instrument(ofLeg: index), side: leg.side,
                weight: leg.weight, quantity: leg.allocatedQuantity)
        }
    }

    /// The request as far as it is recorded. Whether it was allowed is taken from the record.
    var request: AdmissionRequest {
        AdmissionRequest(
            order: admission.order, origin: admission.origin, authority: .everything, receivedAt: admission.receivedAt,
            isGatewayClosing: admission.isGatewayClosing, instruments: instruments)
    }

    private var instruments: LegInstruments? {
        guard !admission.legInstruments.isEmpty else { return nil }
        var known = LegInstruments(scale: admission.instrument)
        for (leg, instrument) in zip(admission.legs, admission.legInstruments) {
            // What an adapter listed then is not known: that it opened nothing is taken from the record.
            if let number = instrument.number { known.add(leg.account, .instrument(number)) }
        }
        return known
    }

    func recorded(_ place: Int) -> LegAdmission { admission.legs[legs[place]] }

    /// The verdict that counts, and whether it is the record's: where a control looks at what is not known, it refused if
    /// the record says so and passed otherwise.
    mutating func judge(
        _ verdict: Verdict, of control: ControlID, leg place: Int, _ candidate: Candidate, hasCalendar: Bool
    ) -> (verdict: Verdict, isUnknown: Bool) {
        let known = recorded(place).rejection
        let found: InputGap?
        switch (control, verdict) {
        case (.authority, _): found = .authority
        case (.notReady, _): found = .sessions
        case (.instrument, .reject(let rejection, _)) where rejection.sentence.isInstrumentHold: found = .instruments
        case (.instrument, .pass):
            found = known?.control == .instrument && known?.sentence.isInstrumentHold == true ? .instruments : nil
        case (_, .reject(let rejection, _)):
            found = gap(behind: rejection, hasReference: candidate.reference > 0, hasCalendar: hasCalendar)
        default: found = nil
        }
        guard let found else { return (verdict, false) }
        gaps.insert(found)
        if let known, known.control == control || (control == .notReady && known.control == .unsupported) {
            return (.reject(known), false)
        }
        return (.pass, true)
    }

    /// The same for a control over all legs.
    mutating func judge(_ rejection: Rejection) -> Rejection? {
        guard
            let found = gap(
                behind: rejection,
                hasReference: admission.legs.indices.allSatisfy { admission.reference(ofLeg: $0) != nil },
                hasCalendar: true)
        else { return rejection }
        gaps.insert(found)
        return admission.legs.lazy.compactMap(\.rejection).first { $0.control == rejection.control }
    }

    private func gap(behind rejection: Rejection, hasReference: Bool, hasCalendar: Bool) -> InputGap? {
        switch rejection.sentence {
        case .noFunds: admission.isFundsRecorded ? nil : .funds
        case .noHoldings: .holdings
        case .lossNoPrice: .prices
        // Without its own reference the leg's instrument is the one that lacks a price.
        case .exposureNoPrice: hasReference ? .prices : nil
        case .noCalendar: hasCalendar ? nil : .calendar
        default: nil
        }
    }
}

extension Engine {
    /// The account's figures as a decision at `now` records them.
    func fundsUsed(_ account: Int32, reservedBefore: Int64?, now: Timestamp) -> LegAdmission.Funds? {
        guard let funds = inputs.funds[Int(account)] else { return nil }
        return LegAdmission.Funds(
            available: funds.available, equity: funds.equity,
            reserved: reservedBefore ?? inputs.reservedMargin[Int(account)], age: now.since(funds.asOf))
    }

    /// Puts what a run recorded of the world in the place of what is known of it: its instrument's reference price and its
    /// accounts' funds.
    /// - Throws: `ParentRefusal`, and changes nothing, where the state does not hold what the record names.
    mutating func recall(_ admission: RunAdmission) throws(ParentRefusal) {
        let numbers = admission.legs.indices.map { admission.instrument(ofLeg: $0) } + [admission.instrument]
        guard numbers.allSatisfy({ instruments.indices.contains(Int($0)) }),
            admission.legs.allSatisfy({ accounts.indices.contains(Int($0.account)) })
        else {
            throw ParentRefusal(
                .notFound, code: "unknown_state", path: "", value: "\(admission.run)",
                message: "the state does not hold the accounts and the instrument of run \(admission.run)",
                remedy: "replay the journal up to the run first")
        }
        func at(_ age: Int64) -> Timestamp { admission.admittedAt.advanced(by: saturatingDifference(0, age)) }
        func recall(_ number: Int32, _ reference: RunAdmission.Reference?) {
            while inputs.references.count <= Int(number) { inputs.references.append(Inputs.Reference()) }
            inputs.references[Int(number)] =
                reference.map { Inputs.Reference(points: $0.points, at: at($0.age)) } ?? Inputs.Reference()
        }
        if admission.legInstruments.isEmpty { recall(admission.instrument, admission.reference) }
        for leg in admission.legInstruments { if let number = leg.number { recall(number, leg.reference) } }
        for leg in admission.legs {
            let account = Int(leg.account)
            inputs.funds[account] = leg.funds.map {
                Inputs.Funds(available: $0.available, equity: $0.equity, asOf: at($0.age))
            }
            if let funds = leg.funds { inputs.reservedMargin[account] = funds.reserved }
        }
    }

    /// Runs every control on the legs of a past run, with the quantities, the price and the funds that it recorded, against
    /// the state as it stands. The caller recalls the inputs first.
    mutating func reconsider(
        _ recollection: Recollection, _ trace: inout some DecisionTrace
    ) throws(ParentRefusal) -> (parent: ParentTerms, evaluations: [Evaluation]) {
        let request = recollection.request
        let parent = try ParentTerms(request, engine: self)
        trace.begin(keeping: [])
        return (
            parent,
            evaluate(recollection.shares, parent, request, now: recollection.admission.admittedAt, &trace)
        )
    }
}
