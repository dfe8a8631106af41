import Domain

// The controls that look at all legs of a parent together, after the legs (RISK.md §4): C29 and C30.

extension Engine {
    /// A leg's reservation in the book: taken while later legs are evaluated, given back in the end.
    /// Negative quantity and slices give it back.
    mutating func reserve(_ share: Share, _ quantity: Int64, _ slices: Int64, _ parent: ParentTerms) {
        book.reserve(
            share.account, share.instrument, share.side, quantity, orders: Int32(slices),
            isDelivery: parent.isDelivery)
    }

    /// Runs both controls over the legs that passed, whose reservations stand. A leg that is refused here gives its own
    /// back at once.
    ///
    /// - Parameters:
    ///   - before: The group's totals without the parent, of its instrument; `nil` = it has no limits on them.
    ///   - others: Of the other instruments that its legs have.
    mutating func checkBatch(
        _ shares: [Share], _ parent: ParentTerms, _ before: AggregateTotals?, others: [AggregateTotals?],
        _ results: inout [Evaluation], now: Timestamp, _ trace: inout some DecisionTrace,
        _ overrides: inout ParentOverrides
    ) {
        if !resting.kinds.isEmpty { checkSelfTrade(shares, parent, &results, &trace, &overrides) }
        guard let group = parent.groupNumber, let before else { return }
        checkAggregate(group, shares, parent, parent, before, &results, now: now, &trace, &overrides)
        for (terms, before) in zip(parent.others, others) {
            guard let before else { continue }
            checkAggregate(group, shares, parent, terms, before, &results, now: now, &trace, &overrides)
        }
    }

    private mutating func refuse(
        _ rejection: Rejection, _ index: Int, _ shares: [Share], _ parent: ParentTerms, _ results: inout [Evaluation],
        _ trace: inout some DecisionTrace, _ overrides: inout ParentOverrides
    ) {
        defer { trace.fire(rejection, leg: index, isAlert: results[index].rejection == nil) }
        let account = shares[index].account
        let limits = resolved.account(Int(account))
        if limits?.observed.contains(rejection.control) ?? false || limits?.rules[rejection.control]?.action == .alert {
            results[index].alert(rejection)
            return
        }
        if !overrides.isEmpty, overrides.take(rejection.control, account: account) {
            results[index].alert(rejection)
            results[index].use(overrides.used)
            overrides.nextLeg(wasAdmitted: true)
            return
        }
        reserve(shares[index], -results[index].quantity, -results[index].slices, parent)
        if let before = results[index].reservedBefore { inputs.reservedMargin[Int(account)] = before }
        results[index].refuse(rejection)
    }

    // MARK: C29

    private mutating func checkSelfTrade(
        _ shares: [Share], _ parent: ParentTerms, _ results: inout [Evaluation], _ trace: inout some DecisionTrace,
        _ overrides: inout ParentOverrides
    ) {
        var (buys, sells) = (false, false)
        for index in shares.indices where results[index].rejection == nil {
            if shares[index].side.isBuy { buys = true } else { sells = true }
        }
        // Legs of one side cannot meet each other.
        var own: SelfTradeIndex?
        if buys, sells { own = resting.withoutOrders(kinds: resting.kinds) }
        for index in shares.indices where results[index].rejection == nil {
            let share = shares[index]
            let instrument = share.instrument
            let reference = inputs.reference(instrument).points
            guard let limit = resolved.selfTrade(Int(share.account)) else { continue }
            let price = RestingPrice(
                side: share.side, orderType: results[index].orderType, limitPrice: results[index].limitPrice)
            trace.begin(.selfTrade, [index])
            let others = own.flatMap {
                $0.bestOpposite(
                    of: share.side, account: share.account, instrument: instrument, owners: limit.owners,
                    reference: reference)
            }
            if let rejection = SelfTrade.conflict(
                price, account: share.account, instrument: instrument, isClosing: results[index].isClosing,
                others: others, limit, self, &trace)
            {
                if limit.action == .tag {
                    results[index].alert(rejection)
                    trace.fire(rejection, leg: index, isAlert: true)
                } else {
                    refuse(rejection, index, shares, parent, &results, &trace, &overrides)
                    if results[index].rejection != nil { continue }
                }
            }
            own?.change(price, account: share.account, instrument: instrument, by: 1)
        }
    }

    /// C29 for a modify: a conflict refuses it whatever is configured but `tag`, since the order itself can be canceled and
    /// sent anew.
    func selfTrade(_ candidate: Candidate) -> Rejection? {
        guard let limits = resolved.account(Int(candidate.account)), !limits.observed.contains(.selfTrade),
            limits.selfTrade.action != .tag
        else { return nil }
        var none = NoTrace()
        var rejection = SelfTrade.conflict(
            RestingPrice(side: candidate.side, orderType: candidate.orderType, limitPrice: candidate.limitPrice),
            account: candidate.account, instrument: candidate.instrument.index.rawValue, isClosing: false, others: nil,
            limits.selfTrade, self, &none)
        rejection?.sentence = .selfTrade
        return rejection
    }

    // MARK: C30

    /// A group's totals that C30 compares, as they stand.
    struct AggregateTotals: Sendable {
        var openOrders: Int64
        /// Steps of the parent's instrument.
        var position: Int64
        /// Minor units; `nil` = an instrument has no price.
        var gross: Int64?
        var net: Int64?
    }

    /// `nil` where the group has no such limits.
    func aggregateTotals(_ parent: ParentTerms) -> AggregateTotals? {
        guard let group = parent.groupNumber, let limit = resolved.groups[Int(group)].aggregate else { return nil }
        let total = Int(group) + 1
        let number = parent.instrumentNumber
        return AggregateTotals(
            openOrders: book.totals[total].openOrders, position: book.totals[total].worst(number),
            gross: limit.grossExposure.isEmpty
                ? 0 : grossExposure(total: total, currency: parent.instrument.currency),
            net: limit.netExposure.isEmpty
                ? 0 : netExposure(total: total, like: number, isByInstrument: limit.netByInstrument)?.larger)
    }

    /// - Parameter terms: The parent in the integers of the instrument whose totals are looked at.
    private mutating func checkAggregate(
        _ group: Int32, _ shares: [Share], _ parent: ParentTerms, _ terms: ParentTerms, _ before: AggregateTotals,
        _ results: inout [Evaluation], now: Timestamp, _ trace: inout some DecisionTrace,
        _ overrides: inout ParentOverrides
    ) {
        let opening = shares.indices.filter { results[$0].rejection == nil && !results[$0].isClosing }
        guard opening.contains(where: { shares[$0].instrument == terms.instrumentNumber }),
            let limit = resolved.groups[Int(group)].aggregate,
            let after = aggregateTotals(terms)
        else { return }
        trace.begin(.groupAggregate, opening)
        let check = GroupAggregate(limit: limit, instrument: terms.instrument, before: before, after: after)
        var messages: Int64 = 0
        for result in results where result.rejection == nil { messages = saturatingSum(messages, result.slices) }
        var notional: Int64? = 0
        for index in opening {
            guard let sum = notional, let price = results[index].moneyPrice,
                let value = parent.terms(of: shares[index].instrument).instrument.notional(
                    quantity: results[index].quantity, price: price)
            else {
                notional = nil
                break
            }
            notional = saturatingSum(sum, value)
        }
        let logs = rates.aggregates[group]
        let refusal =
            check.notional(notional, &trace) ?? check.rate(logs, messages, now: now, &trace) ?? check.totals(&trace)
            ?? GroupLoss.refusal(
                groupLoss(group, limit.loss), limit.loss, terms.instrument.currency, GroupAggregate.id, .aggregateLoss,
                &trace)
        guard let refusal = refusal.flatMap({ trace.judge($0) }) else { return }
        for index in opening { refuse(refusal, index, shares, parent, &results, &trace, &overrides) }
    }
}
