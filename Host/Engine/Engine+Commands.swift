package import Domain

extension Engine {
    /// Asks to end a run or one of its legs. Never refused by a risk control (R11); empty where all has ended.
    package func requestCancel(_ id: RunID, leg: Int? = nil, by: String) -> [Event] {
        guard let run = runs[id] else { return [] }
        return cancelEvents(run, leg: leg, reason: .requested, by: by)
    }

    /// Asks to change a live order: quantity is the new total.
    /// - Returns: the event; or the rejection of a risk control.
    package mutating func requestReplace(
        _ id: LegID, quantity: ExactDecimal?, limitPrice: ExactDecimal?, stopPrice: ExactDecimal?,
        authority: TradingAuthority,
        by: String, now: Timestamp
    ) throws(ParentRefusal) -> Result<Event, RiskRefusal> {
        guard let run = runs[id.run], run.legs.indices.contains(id.index) else {
            throw ParentRefusal(
                .notFound, code: "unknown_order", path: "", value: id.description,
                message: "there is no live order \(id)",
                remedy: "GET /api/orders lists orders")
        }
        let (leg, admission) = (run.legs[id.index], run.admission.legs[id.index])
        guard leg.orderCount == 1 else {
            throw ParentRefusal(
                code: "sliced_order", path: "", value: id.description,
                message: "the order was sent in \(leg.orderCount) slices and cannot be modified",
                remedy: "cancel it and place a new one")
        }
        let index = Int(leg.firstOrder)
        let order = run.orders[index]
        guard order.replacement == nil, order.status == .working || order.status == .partiallyFilled else {
            throw ParentRefusal(
                code: "not_modifiable", path: "", value: run.legStatus(id.index).rawName,
                message: "an order that is \(run.legStatus(id.index).rawName) cannot be modified",
                remedy: "modify orders that are WORKING or PARTIALLY_FILLED")
        }
        let instrument = instruments[Int(run.admission.instrument)].instrument
        var changed = run.admission.order
        changed.orderType = admission.orderType
        changed.limitPrice = limitPrice ?? (order.limitPrice == 0 ? nil : instrument.price(order.limitPrice))
        changed.stopPrice = stopPrice ?? (order.stopPrice == 0 ? nil : instrument.price(order.stopPrice))
        changed.quantity = quantity ?? instrument.quantity(order.quantity)
        changed.lots = nil
        changed.onLegFailure = .leave
        // States and totals of the group hold for a change as they did for the order.
        if run.admission.group.flatMap({ groupNumber($0) }) == nil {
            changed.target = .account(accounts[Int(admission.account)].account.id)
        }
        let terms = try ParentTerms(changed, engine: self)
        let newQuantity = terms.quantity ?? order.quantity
        guard newQuantity > order.cumulativeQuantity else {
            throw ParentRefusal(
                code: "quantity_below_filled", path: "/quantity", value: instrument.quantity(newQuantity).description,
                message: "\(instrument.quantity(order.cumulativeQuantity)) is filled already",
                remedy: "give a total above what is filled, or cancel the rest")
        }
        let request = AdmissionRequest(
            order: changed, origin: Origin(caller: by, idempotencyKey: ""), authority: authority, receivedAt: now)
        var context = LegContext(terms, request, engine: self, now: now)
        let account = admission.account
        let old = order.reservedQuantity
        // The candidate takes the old order's place: it is checked as if that one were gone from every sum, too. All is put
        // back before this returns.
        let isDelivery = changed.product == .delivery
        book.reserve(account, run.admission.instrument, admission.side, -old, orders: 0, isDelivery: isDelivery)
        let heldMargin = inputs.reservedMargin[Int(account)]
        if inputs.unsettled.contains(OrderPlace(run: id.run, order: Int32(index)), of: account) {
            inputs.reservedMargin[Int(account)] -= admission.margin
        }
        defer {
            book.reserve(account, run.admission.instrument, admission.side, old, orders: 0, isDelivery: isDelivery)
            inputs.reservedMargin[Int(account)] = heldMargin
        }
        guard let position = book.position(account, run.admission.instrument) else {
            return .failure(RiskRefusal(order))
        }
        let leaves = newQuantity - order.cumulativeQuantity
        context.fill(
            account, admission.side, leaves, position: PositionFacts(position), funds: inputs.funds[Int(account)],
            adapter: accounts[Int(account)].adapterNumber, pending: PendingMessages())
        var candidate = context.candidate
        candidate.countsAsNewOrder = false
        candidate.isReduceOnly = false
        candidate.modifications = order.modifications
        // Less of the same order at the same price only takes risk away.
        let onlyShrinks =
            newQuantity <= order.quantity && terms.limitPrice == order.limitPrice
            && terms.stopPrice == order.stopPrice
        if !onlyShrinks {
            var (trace, none) = (NoTrace(), ParentOverrides())
            var evaluation = Evaluation(mayClip: false)
            assess(&candidate, legLimits(account, run.admission.instrument), &evaluation, &trace, &none)
            if let rejection = evaluation.rejection ?? selfTrade(candidate) { return .failure(RiskRefusal(rejection)) }
            guard evaluation.slices <= 1 else {
                throw ParentRefusal(
                    code: "above_freeze", path: "/quantity", value: instrument.quantity(newQuantity).description,
                    message: "the quantity is more than the exchange takes in one order",
                    remedy: "leave this order and place another one for the rest")
            }
        } else if !candidate.isAuthorised {
            return .failure(RiskRefusal(Rejection(.authority, .notAuthorised, scope: .key)))
        }
        return .success(
            .replaceRequested(
                run: id.run, order: Int32(index),
                replacement: Order.Replacement(
                    clientSequence: nextClientSequence, quantity: newQuantity, limitPrice: terms.limitPrice,
                    stopPrice: terms.stopPrice), by: by))
    }

    /// A risk control's refusal as an error.
    package struct RiskRefusal: Error, Hashable, Sendable {
        package var rejection: Rejection
        init(_ rejection: Rejection) { self.rejection = rejection }
        init(_ order: Order) {
            rejection = Rejection(.requestShape, .unknownField, scope: .order, projected: order.quantity)
        }
    }

    // MARK: Trading states

    /// Checks that a scope names something that exists. An unknown name is an error, never an empty match.
    package func check(_ scope: Scope) throws(ParentRefusal) {
        let exists: Bool
        switch scope.kind {
        case .firm, .strategy, .key: exists = true
        case .group: exists = GroupID(scope.id).flatMap { groupNumber($0) } != nil
        case .account: exists = AccountID(scope.id).flatMap { accountNumber($0) } != nil
        case .adapter: exists = AdapterID(scope.id).map { adapters.contains($0) } ?? false
        case .instrument: exists = InstrumentPattern(scope.id) != nil
        case .order: exists = false
        }
        guard exists else {
            throw ParentRefusal(
                .notFound, code: "unknown_scope", path: "/scope", value: scope.description,
                message: "there is no \(scope.kind.name) \(scope.id)",
                remedy: "use firm, or kind:id with an existing group, account, instrument, adapter, strategy or key")
        }
    }

    /// What a change of state does at once: orders that wait and may not go are withdrawn; entering reducing cancels live
    /// orders that are not closing, and a halt does so for all when asked. Apply the change first.
    /// A cool-off withdraws what waits and leaves live orders alone.
    package func consequences(of change: TradingStateChange, cancelWorking: Bool) -> [Event] {
        guard change.status != .active else { return [] }
        var events: [Event] = []
        var room = ClosingRoom(self)
        for run in runs.live {
            var withdrawn: [Int32] = []
            for (index, order) in run.orders.enumerated() where !order.status.isTerminal {
                let leg = run.admission(of: order)
                guard concerns(change.scope, run, leg), !run.admission.isGatewayClosing else { continue }
                if change.status == .reducing, !cancelWorking, order.status != .pendingCancel,
                    room.takes(order, of: leg, run.admission.instrument)
                {
                    continue
                }
                if order.isWaiting {
                    withdrawn.append(Int32(index))
                } else if cancelWorking || change.status == .reducing, order.isAtBroker, order.status != .pendingCancel
                {
                    events.append(.cancelRequested(run: run.id, order: Int32(index), by: change.by))
                }
            }
            if !withdrawn.isEmpty {
                events.append(.ordersCanceledLocally(run: run.id, orders: withdrawn, reason: .halted))
            }
        }
        return events
    }

    /// Which live orders close what is held, judged by what is held now: what was closing
    /// when it was admitted may by now pass zero, and what was opening may close (RISK.md C6, R5).
    private struct ClosingRoom {
        private let book: Book
        /// By (account, instrument): how much more than the position its live orders would close.
        private var excesses: [Int64: Int64] = [:]

        init(_ engine: borrowing Engine) { book = engine.book }

        mutating func takes(_ order: Order, of leg: LegAdmission, _ instrument: Int32) -> Bool {
            let account = leg.account
            guard let position = book.position(account, instrument), position.quantity != 0,
                (position.quantity > 0) == (leg.side == .sell)
            else { return false }
            let key = Int64(account) << 32 | Int64(instrument)
            let open = position.quantity > 0 ? position.openSell : position.openBuy
            // While live orders together pass zero, this one goes and its share no longer counts.
            let excess = excesses[key] ?? saturatingSum(open, -abs(position.quantity))
            guard excess > 0 else { return true }
            excesses[key] = saturatingSum(excess, -order.reservedQuantity)
            return false
        }
    }

    /// Whether a leg lies in a scope.
    package func concerns(_ scope: Scope, _ run: Run, _ leg: LegAdmission) -> Bool {
        switch scope.kind {
        case .firm: true
        case .group: run.admission.group?.rawValue == scope.id
        case .account: accounts[Int(leg.account)].account.id.rawValue == scope.id
        case .adapter: accounts[Int(leg.account)].account.adapter.rawValue == scope.id
        case .strategy: run.admission.order.strategy == scope.id
        case .key: run.admission.origin.caller == scope.id
        case .instrument: InstrumentPattern(scope.id)?.matches(instruments[Int(run.admission.instrument)].id) ?? false
        case .order: false
        }
    }
}
