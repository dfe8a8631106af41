package import Domain

extension Engine {
    /// Decides one parent order: allocate, check every leg against the state that earlier legs leave, apply the mode.
    ///
    /// One synchronous step (RISK.md §4.2). State is as before when it returns; the caller applies
    /// `Event.runAdmitted` to keep the decision, or drops it: a preview is this call and nothing else.
    /// - Throws: `ParentRefusal` for a fact about the whole parent.
    package mutating func decide(_ request: AdmissionRequest, now: Timestamp) throws(ParentRefusal) -> RunAdmission {
        var none = NoTrace()
        return try decide(request, now: now, &none)
    }

    /// The same, heard by `trace`.
    mutating func decide(
        _ request: AdmissionRequest, now: Timestamp, _ trace: inout some DecisionTrace
    ) throws(ParentRefusal) -> RunAdmission {
        let (decision, admission) = try reserve(request, now: now, &trace)
        giveBack(decision.shares.legs, decision.evaluations, decision.parent)
        return admission
    }

    /// Decides and keeps the decision, as `decide` and then applying its `Event.runAdmitted`: what the controls reserved
    /// while they ran stands, instead of being given back and taken again.
    /// - Throws: as `decide`; state is as before then.
    package mutating func admit(_ request: AdmissionRequest, now: Timestamp) throws(ParentRefusal) -> RunAdmission {
        var none = NoTrace()
        let (_, admission) = try reserve(request, now: now, &none)
        insert(admission, isReserved: true)
        return admission
    }

    /// A decision whose admitted legs are reserved.
    private struct Decision {
        let parent: ParentTerms
        var shares: Shares
        var evaluations: [Evaluation]
    }

    private mutating func reserve(
        _ request: AdmissionRequest, now: Timestamp, _ trace: inout some DecisionTrace
    ) throws(ParentRefusal) -> (Decision, RunAdmission) {
        let parent = try ParentTerms(request, engine: self)
        let shares = try allocate(parent, request)
        trace.begin(keeping: [])
        var decision = Decision(
            parent: parent, shares: shares,
            evaluations: evaluateReserving(shares.legs, parent, request, now: now, &trace))
        if parent.mode == .bestEffort || parent.mode == .clip, parent.redistributes, shares.canRedistribute {
            redistribute(&decision, request, now: now, &trace)
        }
        let units =
            parent.own == nil ? [] : decision.shares.legs.map { parent.terms(of: $0.instrument).unitsPerStep }
        if let refusal = modeRefusal(
            parent, requested: Int128(decision.shares.requested), decision.evaluations, units)
        {
            giveBack(decision.shares.legs, decision.evaluations, parent)
            refuseAll(&decision.evaluations, refusal)
        }
        return (decision, record(parent, request, decision.shares, decision.evaluations, now: now))
    }

    /// Shares what the refused legs leave among the others: once, with the same caps; the refused ones stay in the record.
    private mutating func redistribute(
        _ decision: inout Decision, _ request: AdmissionRequest, now: Timestamp, _ trace: inout some DecisionTrace
    ) {
        let (shares, evaluations, parent) = (decision.shares, decision.evaluations, decision.parent)
        let survivors = shares.legs.indices.filter { evaluations[$0].rejection == nil }
        guard !survivors.isEmpty, survivors.count < shares.legs.count,
            let again = try? allocate(parent, request, onlyAccounts: Set(survivors.map { shares.legs[$0].account }))
        else { return }
        giveBack(shares.legs, evaluations, parent)
        let failed = shares.legs.indices.filter { evaluations[$0].rejection != nil }
        decision.shares = again
        // Bonus lots were given out by the first allocation, over all members.
        decision.shares.carry = shares.carry
        trace.begin(keeping: failed)
        decision.evaluations = evaluateReserving(again.legs, parent, request, now: now, &trace)
        for index in failed {
            let leg = shares.legs[index]
            decision.shares.legs.append(
                Share(
                    account: leg.account, instrument: leg.instrument, side: leg.side, weight: leg.weight, quantity: 0))
            decision.evaluations.append(evaluations[index])
        }
    }

    /// One account's share before risk has seen it.
    struct Share: Sendable {
        var account: Int32
        /// Its number; -1 = the account has none for the parent.
        var instrument: Int32
        var side: Side
        var weight: Int64
        /// Steps of its instrument; the parent's where it has none.
        var quantity: Int64
    }

    struct Shares: Sendable {
        var legs: [Share]
        /// Units of the allocation (`ParentTerms.lot`), as what is unallocated.
        var requested: Int64
        var unallocated: Int64
        var leftOut: [RunAdmission.LeftOut]
        var carry: [Int64]
        var canRedistribute: Bool
    }

    // MARK: Legs

    /// Evaluates legs in order, each against the reservations of those before it; state is as before when it returns.
    mutating func evaluate(
        _ shares: [Share], _ parent: ParentTerms, _ request: AdmissionRequest, now: Timestamp,
        _ trace: inout some DecisionTrace
    ) -> [Evaluation] {
        let results = evaluateReserving(shares, parent, request, now: now, &trace)
        giveBack(shares, results, parent)
        return results
    }

    /// Gives back what `evaluateReserving` reserved for the legs that passed.
    private mutating func giveBack(_ shares: [Share], _ results: [Evaluation], _ parent: ParentTerms) {
        for index in shares.indices.reversed() where results[index].rejection == nil {
            reserve(shares[index], -results[index].quantity, -results[index].slices, parent)
            guard let before = results[index].reservedBefore else { continue }
            inputs.reservedMargin[Int(shares[index].account)] = before
        }
    }

    /// The same, and what the legs that pass reserve stands.
    private mutating func evaluateReserving(
        _ shares: [Share], _ parent: ParentTerms, _ request: AdmissionRequest, now: Timestamp,
        _ trace: inout some DecisionTrace
    ) -> [Evaluation] {
        var terms = parent
        if let first = shares.first?.instrument, first >= 0 { terms = parent.terms(of: first) }
        var instrument = terms.instrumentNumber
        var context = LegContext(terms, request, engine: self, now: now)
        // Units of the allocation: legs may count in steps of different size.
        let parentQuantity = shares.reduce(0) { saturatingSum($0, units($1.quantity, $1, parent)) }
        context.setParentQuantity(parentQuantity / terms.unitsPerStep)
        var results: [Evaluation] = []
        results.reserveCapacity(shares.count)
        var pending = PendingCounts(legs: shares.count, accounts: accounts.count, adapters: adapters.count)
        var overrides =
            self.overrides.entries.isEmpty
            ? ParentOverrides() : ParentOverrides(parent, request, engine: self, now: now)
        let before = aggregateTotals(parent)
        let others = parent.others.map { aggregateTotals($0) }
        // Legs of accounts with one set of limits, most of the time all of them, share what was resolved.
        let first = shares.first?.account ?? 0
        keepLegLimits(first, instrument)
        var (set, limits) = (resolved.setOfAccount[Int(first)], legLimits(first, instrument))
        for share in shares {
            trace.begin(share)
            let account = Int(share.account)
            if share.instrument != instrument {
                guard share.instrument >= 0 else {
                    results.append(Evaluation(mayClip: false))
                    if let own = parent.own {
                        results[results.count - 1].refuse(own.refusal(of: share.account).rejection)
                    }
                    trace.finish(&results[results.count - 1], results.count - 1)
                    continue
                }
                terms = parent.terms(of: share.instrument)
                instrument = share.instrument
                context = LegContext(terms, request, engine: self, now: now)
                context.setParentQuantity(parentQuantity / terms.unitsPerStep)
                set = .min
            }
            if resolved.setOfAccount[account] != set {
                set = resolved.setOfAccount[account]
                keepLegLimits(share.account, instrument)
                limits = legLimits(share.account, instrument)
            }
            let adapter = accounts[account].adapterNumber
            let index = results.count
            results.append(Evaluation(mayClip: parent.mayClip))
            evaluate(
                share, &context, limits, adapter, pending.messages(share.account, adapter), &results[index], &trace,
                &overrides)
            if let own = parent.own, own.onlyCloses(share.account), results[index].rejection == nil,
                !results[index].isClosing
            {
                results[index].refuse(own.refusal(of: share.account).rejection)
            }
            trace.finish(&results[index], index)
            let isAdmitted = results[index].rejection == nil
            if !overrides.isEmpty {
                if isAdmitted { results[index].use(overrides.used) }
                overrides.nextLeg(wasAdmitted: isAdmitted)
            }
            guard isAdmitted else { continue }
            let (quantity, slices) = (results[index].quantity, results[index].slices)
            reserve(share, quantity, slices, parent)
            results[index].reservedBefore = inputs.reservedMargin[account]
            inputs.reservedMargin[account] = saturatingSum(inputs.reservedMargin[account], results[index].margin)
            pending.add(share.account, adapter, Int(slices))
        }
        checkBatch(shares, parent, before, others: others, &results, now: now, &trace, &overrides)
        return results
    }

    /// A quantity of a leg in units of the allocation.
    private func units(_ quantity: Int64, _ share: Share, _ parent: ParentTerms) -> Int64 {
        guard parent.own != nil else { return quantity }
        return scaled(quantity, parent.terms(of: share.instrument).unitsPerStep, over: 1) ?? .max
    }

    /// Not inlined, so that the context's candidate is filled in place.
    @inline(never)
    func evaluate(
        _ share: Share, _ context: inout LegContext, _ limits: LegLimits, _ adapter: Int32,
        _ pending: PendingMessages, _ result: inout Evaluation, _ trace: inout some DecisionTrace,
        _ overrides: inout ParentOverrides
    ) {
        context.fill(
            share.account, share.side, share.quantity,
            position: book.facts(share.account, context.candidate.instrument.index.rawValue),
            funds: inputs.funds[Int(share.account)], adapter: adapter,
            pending: pending)
        assess(&context.candidate, limits, &result, &trace, &overrides)
    }

    // MARK: Mode

    /// - Parameters:
    ///   - requested: Units of the allocation.
    ///   - units: Of them in one step of each leg; empty = one in each.
    func applyMode(
        _ parent: ParentTerms, requested: Int128, _ evaluations: inout [Evaluation], units: [Int64] = []
    ) {
        guard let refusal = modeRefusal(parent, requested: requested, evaluations, units) else { return }
        refuseAll(&evaluations, refusal)
    }

    /// Why no leg goes although some passed; `nil` = they go.
    private func modeRefusal(
        _ parent: ParentTerms, requested: Int128, _ evaluations: [Evaluation], _ units: [Int64]
    ) -> Rejection? {
        if parent.mode == .bestEffort || parent.mode == .clip { return nil }
        let passing = evaluations.count { $0.rejection == nil }
        let needed: Int
        if parent.mode == .allOrNone {
            needed = evaluations.count
            guard passing < needed else { return nil }
        } else {
            needed = parent.minimumLegs
            var total: Int128 = 0
            for (index, evaluation) in evaluations.enumerated() where evaluation.rejection == nil {
                total += Int128(evaluation.quantity) * Int128(units.isEmpty ? 1 : units[index])
            }
            let enough = total * 10_000 >= Int128(parent.minimumQuantityBasisPoints) * requested
            guard passing < needed || !enough else { return nil }
        }
        return Rejection(
            .modeNotMet, .othersFailed, scope: .order, unit: .count, limit: Int64(needed), observed: Int64(passing),
            projected: Int64(passing))
    }

    private func refuseAll(_ evaluations: inout [Evaluation], _ refusal: Rejection) {
        for index in evaluations.indices where evaluations[index].rejection == nil {
            evaluations[index].refuse(refusal)
        }
    }

    // MARK: The record

    private func record(
        _ parent: ParentTerms, _ request: AdmissionRequest, _ shares: Shares, _ evaluations: [Evaluation],
        now: Timestamp
    ) -> RunAdmission {
        var legs: [LegAdmission] = []
        legs.reserveCapacity(shares.legs.count)
        for index in shares.legs.indices {
            let share = shares.legs[index]
            let (quantity, slices) = (evaluations[index].quantity, evaluations[index].slices)
            legs.append(
                LegAdmission(
                    account: share.account, side: share.side, weight: share.weight, allocatedQuantity: share.quantity,
                    orderedQuantity: quantity, limitPrice: evaluations[index].limitPrice,
                    stopPrice: evaluations[index].stopPrice, orderType: evaluations[index].orderType,
                    isClosing: evaluations[index].isClosing, rejection: evaluations[index].rejection,
                    alerts: evaluations[index].alerts,
                    slices: slices == 0
                        ? []
                        : slices == 1
                            ? OrderSizes(one: quantity)
                            : OrderSizes(
                                FreezeSlicing.sizes(
                                    quantity, lot: parent.terms(of: share.instrument).instrument.lot, count: slices)),
                    heldUntil: evaluations[index].heldUntil, margin: evaluations[index].margin,
                    funds: fundsUsed(share.account, reservedBefore: evaluations[index].reservedBefore, now: now)))
        }
        let reference = parent.own == nil ? recorded(parent.instrumentNumber, now: now) : nil
        let group = parent.groupNumber.map { groups[Int($0)] }
        var uses: [OverrideUse] = []
        for index in evaluations.indices where evaluations[index].rejection == nil {
            for id in evaluations[index].overrides { uses.append(OverrideUse(override: id, leg: Int32(index))) }
        }
        return RunAdmission(
            run: runs.nextRun, group: group?.group.id, groupVersion: group?.group.version ?? 0,
            riskVersion: riskVersion, order: request.order, origin: request.origin,
            instrument: parent.instrumentNumber, mode: parent.mode, onLegFailure: parent.onLegFailure,
            receivedAt: request.receivedAt, admittedAt: now,
            requestedQuantity: shares.requested / parent.unitsPerStep,
            unallocatedQuantity: shares.unallocated / parent.unitsPerStep, leftOut: shares.leftOut,
            reference: reference,
            rotation: group?.rotation ?? 0, carry: shares.carry, firstClientSequence: nextClientSequence, legs: legs,
            isGatewayClosing: request.isGatewayClosing, overrideUses: uses, isFundsRecorded: true,
            legInstruments: legInstruments(parent, shares, now: now), unitsPerStep: parent.unitsPerStep)
    }

    /// What the legs trade, where each account has an instrument of its own.
    private func legInstruments(_ parent: ParentTerms, _ shares: Shares, now: Timestamp) -> [LegInstrument] {
        guard let own = parent.own else { return [] }
        return shares.legs.map { share in
            let units = parent.terms(of: share.instrument).unitsPerStep
            guard share.instrument >= 0 else {
                return LegInstrument(number: nil, unitsPerStep: units, found: own.refusal(of: share.account).found)
            }
            return LegInstrument(
                number: share.instrument, unitsPerStep: units, reference: recorded(share.instrument, now: now),
                found: own.refusal(of: share.account).found)
        }
    }

    private func recorded(_ instrument: Int32, now: Timestamp) -> RunAdmission.Reference? {
        let reference = inputs.reference(instrument)
        guard reference.points > 0 else { return nil }
        return RunAdmission.Reference(points: reference.points, age: now.since(reference.at))
    }
}
