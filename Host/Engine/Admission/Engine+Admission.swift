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
        let parent = try ParentTerms(request.order, engine: self)
        var shares = try allocate(parent, request)
        trace.begin(keeping: [])
        var evaluations = evaluate(shares.legs, parent, request, now: now, &trace)
        if parent.mode == .bestEffort || parent.mode == .clip, parent.redistributes, shares.canRedistribute {
            let survivors = shares.legs.indices.filter { evaluations[$0].rejection == nil }
            if !survivors.isEmpty, survivors.count < shares.legs.count,
                let again = try? allocate(parent, request, onlyAccounts: Set(survivors.map { shares.legs[$0].account }))
            {
                // Once, over the survivors, with the same caps; the failed legs stay in the record as refused.
                let failed = shares.legs.indices.filter { evaluations[$0].rejection != nil }
                let failedLegs = failed.map { (shares.legs[$0], evaluations[$0]) }
                let carry = shares.carry  // bonus lots were given out by the first allocation, over all members
                shares = again
                shares.carry = carry
                trace.begin(keeping: failed)
                evaluations = evaluate(shares.legs, parent, request, now: now, &trace)
                for (leg, evaluation) in failedLegs {
                    shares.legs.append(Share(account: leg.account, side: leg.side, weight: leg.weight, quantity: 0))
                    evaluations.append(evaluation)
                }
            }
        }
        applyMode(parent, requested: shares.requested, &evaluations)
        return record(parent, request, shares, evaluations, now: now)
    }

    /// One account's share before risk has seen it.
    struct Share: Sendable {
        var account: Int32
        var side: Side
        var weight: Int64
        var quantity: Int64
    }

    struct Shares: Sendable {
        var legs: [Share]
        var requested: Int64
        var unallocated: Int64
        var leftOut: [RunAdmission.LeftOut]
        var carry: [Int64]
        var canRedistribute: Bool
    }

    /// What the controls made of one share.
    struct Evaluation: Sendable {
        var quantity: Int64
        var limitPrice: Int64
        var stopPrice: Int64
        var orderType: OrderType
        var isClosing: Bool
        var rejection: Rejection?
        var alerts: [Rejection] = []
        var slices: Int64 = 0
        var heldUntil: Timestamp?
        var margin: Int64 = 0
        /// Points; `nil` = not known.
        var moneyPrice: Int64?
        /// Overrides that let it pass.
        var overrides: [Int64] = []
    }

    // MARK: Legs

    /// Evaluates legs in order, each against the reservations of those before it; takes all of them back at the end.
    mutating func evaluate(
        _ shares: [Share], _ parent: ParentTerms, _ request: AdmissionRequest, now: Timestamp,
        _ trace: inout some DecisionTrace
    ) -> [Evaluation] {
        var context = LegContext(parent, request, engine: self, now: now)
        context.parentQuantity = shares.reduce(0) { saturatingSum($0, $1.quantity) }
        var results: [Evaluation] = []
        results.reserveCapacity(shares.count)
        var pending = PendingCounts()
        var overrides =
            self.overrides.entries.isEmpty
            ? ParentOverrides() : ParentOverrides(parent, request, engine: self, now: now)
        var margins: [(account: Int, before: Int64)] = []
        let before = aggregateTotals(parent)
        for share in shares {
            trace.begin(share)
            keepLegLimits(share.account, parent.instrumentNumber)
            var evaluation = evaluate(share, parent, context, pending, &trace, &overrides)
            trace.finish(&evaluation, results.count)
            if !overrides.isEmpty {
                if evaluation.rejection == nil { evaluation.overrides = overrides.used }
                overrides.nextLeg(wasAdmitted: evaluation.rejection == nil)
            }
            if evaluation.rejection == nil {
                reserve(share, evaluation, parent, sign: 1)
                margins.append((Int(share.account), inputs.reservedMargin[Int(share.account)]))
                inputs.reservedMargin[Int(share.account)] = saturatingSum(
                    inputs.reservedMargin[Int(share.account)], evaluation.margin)
                pending.add(share.account, accounts[Int(share.account)].adapterNumber, Int(evaluation.slices))
            }
            results.append(evaluation)
        }
        checkBatch(shares, parent, before, &results, now: now, &trace, &overrides)
        for (share, evaluation) in zip(shares, results) where evaluation.rejection == nil {
            reserve(share, evaluation, parent, sign: -1)
        }
        for (account, before) in margins.reversed() { inputs.reservedMargin[account] = before }
        return results
    }

    func evaluate(
        _ share: Share, _ parent: ParentTerms, _ context: LegContext, _ pending: PendingCounts,
        _ trace: inout some DecisionTrace, _ overrides: inout ParentOverrides
    ) -> Evaluation {
        let account = Int(share.account)
        let slot = book.slot(share.account, parent.instrumentNumber)
        let position =
            slot < 0 ? Position(account: share.account, instrument: parent.instrumentNumber) : book.positions[Int(slot)]
        let adapter = accounts[account].adapterNumber
        var candidate = Candidate(
            account: share.account, group: context.group, adapter: adapter, instrument: parent.instrument,
            side: share.side, product: parent.order.product, timeInForce: parent.order.timeInForce,
            orderClass: parent.order.orderClass, orderType: parent.order.orderType, quantity: share.quantity,
            limitPrice: parent.limitPrice, stopPrice: parent.stopPrice, position: position,
            isClosing: position.isClosing(share.quantity, side: share.side), reference: context.reference,
            referenceAge: context.referenceAge, pending: pending.messages(share.account, adapter), now: context.now,
            isAuthorised: context.isAuthorised(share.account),
            states: context.states(account: share.account, adapter: adapter),
            isGatewayClosing: context.isGatewayClosing)
        candidate.parentQuantity = context.parentQuantity
        candidate.isReduceOnly = parent.order.isReduceOnly
        candidate.parent = context.parent
        candidate.askedQuantity = share.quantity
        return assess(&candidate, mayClip: parent.mode == .clip, &trace, &overrides)
    }

    /// Runs every control in evaluation order (RISK.md §4).
    func assess(
        _ candidate: inout Candidate, mayClip: Bool, _ trace: inout some DecisionTrace,
        _ overrides: inout ParentOverrides
    ) -> Evaluation {
        var result = Assessment(mayClip: mayClip, overrides: overrides)
        defer { overrides = result.overrides }
        guard let limits = legLimits(candidate.account, candidate.instrument.index.rawValue) else {
            result.rejection = Rejection(.allowList, .notAllowed, cause: .noInput)
            return evaluation(candidate, result)
        }
        _ =
            check(RequestShape.self, &candidate, limits, &result, &trace)
            && check(Authority.self, &candidate, limits, &result, &trace)
            && check(InstrumentCheck.self, &candidate, limits, &result, &trace)
            && check(AllowList.self, &candidate, limits, &result, &trace)
            && check(TradingHours.self, &candidate, limits, &result, &trace)
            && check(TradingState.self, &candidate, limits, &result, &trace)
            && check(UnknownOutstanding.self, &candidate, limits, &result, &trace)
            && check(Connection.self, &candidate, limits, &result, &trace)
            && check(RepeatedExecution.self, &candidate, limits, &result, &trace)
            && check(MarketProtection.self, &candidate, limits, &result, &trace)
            && check(PriceCollar.self, &candidate, limits, &result, &trace)
            && check(QuantityLimits.self, &candidate, limits, &result, &trace)
            && check(NotionalLimits.self, &candidate, limits, &result, &trace)
            && check(FreezeSlicing.self, &candidate, limits, &result, &trace)
            && check(MessageRate.self, &candidate, limits, &result, &trace)
            && check(ModificationCap.self, &candidate, limits, &result, &trace)
            && check(DuplicateOrder.self, &candidate, limits, &result, &trace)
            && check(MaxOpenOrders.self, &candidate, limits, &result, &trace)
            && check(DailyCounts.self, &candidate, limits, &result, &trace)
            && check(MaxPosition.self, &candidate, limits, &result, &trace)
            && check(GrossExposure.self, &candidate, limits, &result, &trace)
            && check(NetExposure.self, &candidate, limits, &result, &trace)
            && check(Concentration.self, &candidate, limits, &result, &trace)
            && check(Leverage.self, &candidate, limits, &result, &trace)
            && check(ShortRulesCheck.self, &candidate, limits, &result, &trace)
            && check(MarginBuffer.self, &candidate, limits, &result, &trace)
            && check(DailyLoss.self, &candidate, limits, &result, &trace)
            && check(Drawdown.self, &candidate, limits, &result, &trace)
            && check(GroupLoss.self, &candidate, limits, &result, &trace)
            && check(LossStreak.self, &candidate, limits, &result, &trace)
        if result.wasClipped, result.rejection == nil {
            // Earlier controls are monotone in the quantity; only the lower bounds and the slices are looked at again.
            _ =
                check(QuantityLimits.self, &candidate, limits, &result, &trace)
                && check(NotionalLimits.self, &candidate, limits, &result, &trace)
                && check(FreezeSlicing.self, &candidate, limits, &result, &trace)
        }
        if let alert = candidate.alert { result.alerts.append(alert) }
        return evaluation(candidate, result)
    }

    struct Assessment {
        let mayClip: Bool
        var overrides: ParentOverrides
        var rejection: Rejection?
        var alerts: [Rejection] = []
        var wasClipped = false
        /// Whether the last refusal passed by an override.
        var isOverridden = false
    }

    @inline(__always)
    private func check<Control: RiskControl>(
        _ control: Control.Type, _ candidate: inout Candidate, _ limits: LegLimits, _ result: inout Assessment,
        _ trace: inout some DecisionTrace
    ) -> Bool {
        if trace.looksBeyond(control, limits, self) { return true }
        var verdict = control.evaluate(&candidate, limits, self, &trace)
        if trace.isJudge { verdict = trace.judge(verdict, of: control.id, candidate, self) }
        guard case .reject(let rejection, let clipTo) = verdict else {
            trace.pass(control.id, candidate)
            return true
        }
        let (quantity, alerts) = (candidate.quantity, result.alerts.count)
        let goesOn = refuse(rejection, clipTo, &candidate, limits, &result)
        trace.fire(
            rejection, from: quantity, candidate, goesOn: goesOn,
            isAlert: result.alerts.count > alerts && !result.isOverridden)
        return goesOn || trace.goesBeyond
    }

    func refuse(
        _ rejection: Rejection, _ clipTo: Int64, _ candidate: inout Candidate, _ limits: LegLimits,
        _ result: inout Assessment
    ) -> Bool {
        let rule = limits.account.rules[rejection.control]?.action
        let isObserved = limits.account.observed.contains(rejection.control) || rule == .alert
        result.isOverridden =
            !isObserved && result.overrides.take(rejection.control, account: candidate.account)
        if isObserved || result.isOverridden {
            result.alerts.append(rejection)
            return true
        }
        if result.mayClip || rule == .clip,
            clipTo >= max(candidate.instrument.lot, limits.minimum),
            clipTo < candidate.quantity
        {
            candidate.quantity = clipTo
            result.wasClipped = true
            return true
        }
        result.rejection = rejection
        return false
    }

    private func evaluation(_ candidate: Candidate, _ result: Assessment) -> Evaluation {
        var margin = candidate.margin
        if result.wasClipped, candidate.margin > 0 {
            // Proportional to the quantity that is left; recomputed, never kept from the larger one.
            margin = marginNeed(candidate) ?? candidate.margin
        }
        return Evaluation(
            quantity: result.rejection == nil ? candidate.quantity : 0, limitPrice: candidate.limitPrice,
            stopPrice: candidate.stopPrice, orderType: candidate.orderType, isClosing: candidate.isClosing,
            rejection: result.rejection, alerts: result.alerts, slices: result.rejection == nil ? candidate.slices : 0,
            heldUntil: candidate.heldUntil, margin: result.rejection == nil ? margin : 0,
            moneyPrice: candidate.moneyPrice)
    }

    private func marginNeed(_ candidate: Candidate) -> Int64? {
        var again = candidate
        guard let limits = legLimits(candidate.account, candidate.instrument.index.rawValue) else { return nil }
        _ = MarginBuffer.evaluate(&again, limits, self)
        return again.margin
    }

    // MARK: Mode

    func applyMode(_ parent: ParentTerms, requested: Int64, _ evaluations: inout [Evaluation]) {
        let passing = evaluations.filter { $0.rejection == nil }
        let failsAll: Bool
        switch parent.mode {
        case .bestEffort, .clip: return
        case .allOrNone: failsAll = passing.count < evaluations.count
        case .quorum:
            let total = evaluations.reduce(Int128(0)) { $0 + Int128($1.rejection == nil ? $1.quantity : 0) }
            let enough = total * 10_000 >= Int128(parent.minimumQuantityBasisPoints) * Int128(requested)
            failsAll = passing.count < parent.minimumLegs || !enough
        }
        guard failsAll else { return }
        for index in evaluations.indices where evaluations[index].rejection == nil {
            evaluations[index].rejection = Rejection(
                .modeNotMet, .othersFailed, scope: .order, unit: .count,
                limit: Int64(parent.mode == .quorum ? parent.minimumLegs : evaluations.count),
                observed: Int64(passing.count), projected: Int64(passing.count))
            evaluations[index].quantity = 0
            evaluations[index].slices = 0
            evaluations[index].margin = 0
        }
    }

    // MARK: The record

    private func record(
        _ parent: ParentTerms, _ request: AdmissionRequest, _ shares: Shares, _ evaluations: [Evaluation],
        now: Timestamp
    ) -> RunAdmission {
        var legs: [LegAdmission] = []
        legs.reserveCapacity(shares.legs.count)
        for (share, evaluation) in zip(shares.legs, evaluations) {
            legs.append(
                LegAdmission(
                    account: share.account, side: share.side, weight: share.weight, allocatedQuantity: share.quantity,
                    orderedQuantity: evaluation.quantity, limitPrice: evaluation.limitPrice,
                    stopPrice: evaluation.stopPrice, orderType: evaluation.orderType, isClosing: evaluation.isClosing,
                    rejection: evaluation.rejection, alerts: evaluation.alerts,
                    slices: evaluation.slices == 0
                        ? []
                        : evaluation.slices == 1
                            ? [evaluation.quantity]
                            : FreezeSlicing.sizes(
                                evaluation.quantity, lot: parent.instrument.lot, count: evaluation.slices),
                    heldUntil: evaluation.heldUntil, margin: evaluation.margin,
                    funds: fundsUsed(share.account, now: now)))
        }
        let reference = inputs.reference(parent.instrumentNumber)
        let group = parent.groupNumber.map { groups[Int($0)] }
        var uses: [OverrideUse] = []
        for (index, evaluation) in evaluations.enumerated() where evaluation.rejection == nil {
            uses += evaluation.overrides.map { OverrideUse(override: $0, leg: Int32(index)) }
        }
        return RunAdmission(
            run: runs.nextRun, group: group?.group.id, groupVersion: group?.group.version ?? 0,
            riskVersion: riskVersion, order: request.order, origin: request.origin,
            instrument: parent.instrumentNumber, mode: parent.mode, onLegFailure: parent.onLegFailure,
            receivedAt: request.receivedAt, admittedAt: now, requestedQuantity: shares.requested,
            unallocatedQuantity: shares.unallocated, leftOut: shares.leftOut,
            reference: reference.points > 0
                ? RunAdmission.Reference(points: reference.points, age: now.since(reference.at)) : nil,
            rotation: group?.rotation ?? 0, carry: shares.carry, firstClientSequence: nextClientSequence, legs: legs,
            isGatewayClosing: request.isGatewayClosing, overrideUses: uses, isFundsRecorded: true)
    }
}

/// Messages that earlier legs of the parent will send, by scope.
struct PendingCounts: Sendable {
    private var accounts: [Int32: Int] = [:]
    private var adapters: [Int32: Int] = [:]
    private var total = 0

    mutating func add(_ account: Int32, _ adapter: Int32, _ messages: Int) {
        accounts[account, default: 0] += messages
        adapters[adapter, default: 0] += messages
        total += messages
    }

    func messages(_ account: Int32, _ adapter: Int32) -> PendingMessages {
        guard total > 0 else { return PendingMessages() }
        return PendingMessages(
            account: accounts[account] ?? 0, group: total, adapter: adapters[adapter] ?? 0, firm: total)
    }
}
