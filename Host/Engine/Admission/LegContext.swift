import Domain

/// What every leg of one parent meets alike: reference price, states of the scopes above the account, authority.
struct LegContext {
    /// The candidate that every leg puts itself into, one after the other.
    var candidate: Candidate
    private let parentState: EffectiveState
    private let accountStates: [Int32: TradingStatus]
    private let adapterStates: [Int32: TradingStatus]
    /// Whether there is any of the two: mostly there is none.
    private let hasNarrowStates: Bool
    /// `nil` = every account.
    private let authorised: Set<Int32>?

    init(_ parent: ParentTerms, _ request: AdmissionRequest, engine: borrowing Engine, now: Timestamp) {
        candidate = Candidate(
            parent, request, ParentFacts(parent, request, engine: engine, now: now), now: now)
        switch request.authority {
        case .everything: authorised = nil
        case .groups(let allowed):
            if case .group(let id) = request.order.target {
                authorised = allowed.contains(id) ? nil : []
            } else {
                authorised = Set(
                    allowed.flatMap { id in
                        engine.groupNumbers[id].map {
                            engine.groups[Int($0)].isRemoved ? [] : engine.groups[Int($0)].members
                        } ?? []
                    })
            }
        }
        var state = EffectiveState()
        var accounts: [Int32: TradingStatus] = [:]
        var adapters: [Int32: TradingStatus] = [:]
        let symbol = engine.instruments[Int(parent.instrumentNumber)].id
        let groupID: GroupID? = if case .group(let id) = request.order.target { id } else { nil }
        for (scope, change) in engine.tradingStates {
            let status = change.status(at: now)
            if status == .active { continue }
            let concernsParent: Bool
            switch scope.kind {
            case .firm: concernsParent = true
            case .group: concernsParent = groupID?.rawValue == scope.id
            case .strategy: concernsParent = request.order.strategy == scope.id
            case .key: concernsParent = request.origin.caller == scope.id
            case .instrument: concernsParent = InstrumentPattern(scope.id)?.matches(symbol) ?? false
            case .account:
                if let id = AccountID(scope.id), let number = engine.accountNumbers[id] {
                    accounts[number] = status
                }
                continue
            case .adapter:
                if let id = AdapterID(scope.id), let number = engine.adapters.firstIndex(of: id) {
                    adapters[Int32(number)] = status
                }
                continue
            case .order: continue
            }
            if concernsParent,
                status > state.status
                    || (status == state.status && scope.kind.rawValue < state.scope.rawValue)
            {
                state = EffectiveState(status: status, scope: scope.kind)
            }
        }
        (parentState, accountStates, adapterStates) = (state, accounts, adapters)
        hasNarrowStates = !accounts.isEmpty || !adapters.isEmpty
    }

    /// Quantity of all legs together; 0 = it is not looked at.
    mutating func setParentQuantity(_ quantity: Int64) { candidate.parentQuantity = quantity }

    /// Makes `candidate`, whatever leg was in it, a leg as the controls meet it.
    @inline(__always)
    mutating func fill(
        _ account: Int32, _ side: Side, _ quantity: Int64, position: PositionFacts, funds: Inputs.Funds?,
        adapter: Int32, pending: PendingMessages
    ) {
        candidate.position = position
        candidate.funds = funds
        candidate.take(
            account: account, adapter: adapter, side: side, quantity: quantity, pending: pending,
            isAuthorised: isAuthorised(account),
            states: hasNarrowStates ? states(account: account, adapter: adapter) : parentState)
    }

    /// The most severe state over all scopes of a leg.
    private func states(account: Int32, adapter: Int32) -> EffectiveState {
        var state = parentState
        if let status = accountStates[account], status > state.status {
            state = EffectiveState(status: status, scope: .account)
        }
        if let status = adapterStates[adapter], status > state.status {
            state = EffectiveState(status: status, scope: .adapter)
        }
        return state
    }

    @inline(__always)
    private func isAuthorised(_ account: Int32) -> Bool { authorised == nil || authorised?.contains(account) == true }
}

extension ParentFacts {
    init(_ parent: ParentTerms, _ request: AdmissionRequest, engine: borrowing Engine, now: Timestamp) {
        let found = engine.inputs.reference(parent.instrumentNumber)
        (reference, referenceAge) = (found.points, found.points > 0 ? now.since(found.at) : -1)
        hasSharedWindows = engine.rates.hasSharedWindows
        firmLimits = ScopeLimits(engine.limits.firm, parent.instrument)
        if let calendar = engine.calendar {
            session = calendar.state(of: engine.resolved.segments[Int(parent.instrumentNumber)], at: now)
        }
        isAfterMarket = request.order.isAfterMarket
        orderType = request.order.orderType
        (limitPrice, stopPrice) = (parent.limitPrice, parent.stopPrice)
        (isLimitOnTick, isStopOnTick) = (parent.isLimitOnTick, parent.isStopOnTick)
        today = now.nanoseconds.dividedFloor(by: 86_400_000_000_000)
        words = AllowRule.words(
            product: request.order.product, orderType: request.order.orderType,
            timeInForce: request.order.timeInForce, orderClass: request.order.orderClass)
        if let strategy = request.order.strategy { strategyRuns = engine.attribution.runs(ofStrategy: strategy) ?? -2 }
        if let stop = request.order.attachedStop {
            attachedStop = parent.instrument.pointsRounded(stop) ?? 0
        } else if request.order.carriesStop {
            attachedStop = stopPrice
        }
        if let name = request.order.strategy, let number = engine.resolved.strategyNumbers[name] {
            let limits = engine.resolved.strategies[Int(number)]
            strategy = number
            strategyRunLimit = limits.runs
            strategyLoss = engine.strategyLoss(name, limits.loss)
            if limits.openOrders != AccountLimits.unlimited { strategyOpenOrders = engine.openOrders(ofStrategy: name) }
        }
        if let group = parent.groupNumber {
            groupLimits = ScopeLimits(engine.resolved.groups[Int(group)], parent.instrument)
            groupLoss = engine.groupLoss(group, engine.resolved.groups[Int(group)].loss)
        }
    }
}
