import Domain

extension Engine {
    /// Runs every control in evaluation order (RISK.md §4).
    func assess(
        _ candidate: inout Candidate, _ limits: LegLimits, _ result: inout Evaluation,
        _ trace: inout some DecisionTrace, _ overrides: inout ParentOverrides
    ) {
        _ =
            checkOrder(&candidate, limits, &result, &trace, &overrides)
            && checkSize(&candidate, limits, &result, &trace, &overrides)
            && checkCounts(&candidate, limits, &result, &trace, &overrides)
            && checkExposure(&candidate, limits, &result, &trace, &overrides)
            && checkMoney(&candidate, limits, &result, &trace, &overrides)
        if result.wasClipped, result.rejection == nil {
            recheck(&candidate, limits, &result, &trace, &overrides)
        }
        if let alert = candidate.alert { result.alert(alert) }
        result.take(&candidate)
    }

    // MARK: Stages. One function of thirty controls is too large for the optimizer: it stops inlining half way.

    /// What the order is, who sends it and whether it may trade at all.
    @inline(never)
    private func checkOrder(
        _ candidate: inout Candidate, _ limits: LegLimits, _ result: inout Evaluation,
        _ trace: inout some DecisionTrace, _ overrides: inout ParentOverrides
    ) -> Bool {
        check(RequestShape.self, &candidate, limits, &result, &trace, &overrides)
            && check(Authority.self, &candidate, limits, &result, &trace, &overrides)
            && check(InstrumentCheck.self, &candidate, limits, &result, &trace, &overrides)
            && check(AllowList.self, &candidate, limits, &result, &trace, &overrides)
            && check(TradingHours.self, &candidate, limits, &result, &trace, &overrides)
            && check(TradingState.self, &candidate, limits, &result, &trace, &overrides)
            && check(UnknownOutstanding.self, &candidate, limits, &result, &trace, &overrides)
            && check(Connection.self, &candidate, limits, &result, &trace, &overrides)
            && check(RepeatedExecution.self, &candidate, limits, &result, &trace, &overrides)
    }

    /// Its price, size and pace.
    @inline(never)
    private func checkSize(
        _ candidate: inout Candidate, _ limits: LegLimits, _ result: inout Evaluation,
        _ trace: inout some DecisionTrace, _ overrides: inout ParentOverrides
    ) -> Bool {
        check(MarketProtection.self, &candidate, limits, &result, &trace, &overrides)
            && check(PriceCollar.self, &candidate, limits, &result, &trace, &overrides)
            && check(QuantityLimits.self, &candidate, limits, &result, &trace, &overrides)
            && check(NotionalLimits.self, &candidate, limits, &result, &trace, &overrides)
            && check(FreezeSlicing.self, &candidate, limits, &result, &trace, &overrides)
            && check(MessageRate.self, &candidate, limits, &result, &trace, &overrides)
    }

    /// What there is of its kind already, up to the position.
    @inline(never)
    private func checkCounts(
        _ candidate: inout Candidate, _ limits: LegLimits, _ result: inout Evaluation,
        _ trace: inout some DecisionTrace, _ overrides: inout ParentOverrides
    ) -> Bool {
        check(ModificationCap.self, &candidate, limits, &result, &trace, &overrides)
            && check(DuplicateOrder.self, &candidate, limits, &result, &trace, &overrides)
            && check(MaxOpenOrders.self, &candidate, limits, &result, &trace, &overrides)
            && check(DailyCounts.self, &candidate, limits, &result, &trace, &overrides)
            && check(MaxPosition.self, &candidate, limits, &result, &trace, &overrides)
    }

    /// What the account, the group and the firm could come to.
    @inline(never)
    private func checkExposure(
        _ candidate: inout Candidate, _ limits: LegLimits, _ result: inout Evaluation,
        _ trace: inout some DecisionTrace, _ overrides: inout ParentOverrides
    ) -> Bool {
        check(GrossExposure.self, &candidate, limits, &result, &trace, &overrides)
            && check(NetExposure.self, &candidate, limits, &result, &trace, &overrides)
            && check(Concentration.self, &candidate, limits, &result, &trace, &overrides)
            && check(Leverage.self, &candidate, limits, &result, &trace, &overrides)
    }

    /// What it takes and what was lost.
    @inline(never)
    private func checkMoney(
        _ candidate: inout Candidate, _ limits: LegLimits, _ result: inout Evaluation,
        _ trace: inout some DecisionTrace, _ overrides: inout ParentOverrides
    ) -> Bool {
        check(ShortRulesCheck.self, &candidate, limits, &result, &trace, &overrides)
            && check(MarginBuffer.self, &candidate, limits, &result, &trace, &overrides)
            && check(DailyLoss.self, &candidate, limits, &result, &trace, &overrides)
            && check(Drawdown.self, &candidate, limits, &result, &trace, &overrides)
            && check(GroupLoss.self, &candidate, limits, &result, &trace, &overrides)
            && check(LossStreak.self, &candidate, limits, &result, &trace, &overrides)
    }

    /// Earlier controls are monotone in the quantity; after a clip only the lower bounds and the slices are looked at
    /// again. What is reserved of margin follows the quantity that is left.
    private func recheck(
        _ candidate: inout Candidate, _ limits: LegLimits, _ result: inout Evaluation,
        _ trace: inout some DecisionTrace, _ overrides: inout ParentOverrides
    ) {
        _ =
            check(QuantityLimits.self, &candidate, limits, &result, &trace, &overrides)
            && check(NotionalLimits.self, &candidate, limits, &result, &trace, &overrides)
            && check(FreezeSlicing.self, &candidate, limits, &result, &trace, &overrides)
        if candidate.margin > 0 {
            var again = candidate
            _ = MarginBuffer.evaluate(&again, limits, self)
            candidate.margin = again.margin
        }
    }

    @inline(__always)
    private func check<Control: RiskControl>(
        _ control: Control.Type, _ candidate: inout Candidate, _ limits: LegLimits, _ result: inout Evaluation,
        _ trace: inout some DecisionTrace, _ overrides: inout ParentOverrides
    ) -> Bool {
        if trace.looksBeyond(control, limits, self) { return true }
        guard trace.isSilent else { return judge(control, &candidate, limits, &result, &trace, &overrides) }
        // Nearly every verdict is a pass, and of that nothing but the word is looked at: the numbers of a refusal are left
        // out of the code that stands here, and are computed by evaluating once more.
        if case .pass = control.evaluate(&candidate, limits, self, &trace) { return true }
        return judge(control, &candidate, limits, &result, &trace, &overrides)
    }

    /// What a control says, with the numbers where it refuses. A control that refuses leaves the candidate such that it
    /// refuses again.
    @inline(never)
    private func judge<Control: RiskControl>(
        _ control: Control.Type, _ candidate: inout Candidate, _ limits: LegLimits, _ result: inout Evaluation,
        _ trace: inout some DecisionTrace, _ overrides: inout ParentOverrides
    ) -> Bool {
        var verdict = control.evaluate(&candidate, limits, self, &trace)
        if trace.isJudge { verdict = trace.judge(verdict, of: control.id, candidate, self) }
        guard case .reject(let rejection, let clipTo) = verdict else {
            trace.pass(control.id, candidate)
            return true
        }
        return fire(rejection, clipTo, &candidate, limits, &result, &trace, &overrides)
    }

    /// A control fired: whether the leg goes on to the next one.
    @inline(never)
    private func fire(
        _ rejection: Rejection, _ clipTo: Int64, _ candidate: inout Candidate, _ limits: LegLimits,
        _ result: inout Evaluation, _ trace: inout some DecisionTrace, _ overrides: inout ParentOverrides
    ) -> Bool {
        let quantity = candidate.quantity
        let end = refuse(rejection, clipTo, &candidate, limits, &result, &overrides)
        trace.fire(rejection, from: quantity, candidate, goesOn: end != .refused, isAlert: end == .alert)
        return end != .refused || trace.goesBeyond
    }

    /// What becomes of a leg that a control fired on.
    enum Firing { case refused, clipped, alert, overridden }

    func refuse(
        _ rejection: Rejection, _ clipTo: Int64, _ candidate: inout Candidate, _ limits: LegLimits,
        _ result: inout Evaluation, _ overrides: inout ParentOverrides
    ) -> Firing {
        let rule = limits.account.rules[rejection.control]?.action
        if limits.account.observed.contains(rejection.control) || rule == .alert {
            result.alert(rejection)
            return .alert
        }
        if overrides.take(rejection.control, account: candidate.account) {
            result.alert(rejection)
            return .overridden
        }
        if result.mayClip || rule == .clip, clipTo >= max(candidate.instrument.lot, limits.minimum),
            clipTo < candidate.quantity
        {
            candidate.resize(to: clipTo)
            result.clip()
            return .clipped
        }
        result.rejection = rejection
        return .refused
    }
}
