import Domain

extension Engine {
    /// Folds one event into the state. The only way in which state changes, live and in replay.
    package mutating func apply(_ event: Event) {
        switch event {
        case .accountDefined(let account): define(account)
        case .accountRemoved(let id):
            if let number = accountNumbers[id] { accounts[Int(number)].isRemoved = true }
            updateMembership()
        case .groupDefined(let group): define(group)
        case .groupRemoved(let id):
            if let number = groupNumbers[id] { groups[Int(number)].isRemoved = true }
            updateMembership()
        case .instrumentDefined(let number, let record): define(number, record)
        case .riskConfigured(let version): riskHistory.append(version)
        case .stateChanged(let change): apply(change)
        case .runAdmitted(let admission): insert(admission)
        case .ordersQueued(let run, let orders, let durableAt, let queuedAt):
            handOver(run, orders, durableAt: durableAt, queuedAt: queuedAt)
        case .orderAnswered(let answer): apply(answer)
        case .orderReported(let run, let order, let report): apply(report, run, order)
        case .executed(let execution): apply(execution)
        case .cancelRequested(let run, let order, _):
            _ = runs.update(run) { $0.isCancelRequested = true }
            update(run, order) { $0.requestCancel() }
            count(cancelOf: OrderPlace(run: run, order: order))
        case .cancelAnswered(let run, let order, let outcome, let error):
            update(run, order) { $0.apply(cancelOutcome: outcome, isForGood: error?.code.endsCancel ?? false) }
        case .replaceRequested(let run, let order, let replacement, _):
            nextClientSequence = max(nextClientSequence, replacement.clientSequence + 1)
            runs.addPlace(replacement.clientSequence, OrderPlace(run: run, order: order))
            update(run, order) { $0.requestReplace(replacement) }
            reserve(replacement.addedMargin, OrderPlace(run: run, order: order))
            count(modificationOf: OrderPlace(run: run, order: order))
        case .replaceAnswered(let run, let order, let outcome, let error):
            update(run, order) {
                $0.error = outcome == .accepted ? $0.error : error ?? $0.error
                return $0.apply(replaceOutcome: outcome)
            }
        case .ordersCanceledLocally(let run, let orders, let reason):
            for order in orders {
                update(run, order) { $0.cancelLocally() }
                noteLocalCancel(run, order, reason)
            }
        case .ordersReleased(let run, let orders):
            for order in orders { update(run, order) { $0.release() } }
        case .orderLookedUp(let run, let order, let outcome, let brokerOrderID):
            update(run, order) {
                $0.brokerOrderID = brokerOrderID ?? $0.brokerOrderID
                let effect = $0.apply(lookup: outcome)
                switch outcome {
                case .found: $0.error = nil  // it is there: what was said while that was open no longer holds
                case .provenAbsent:
                    $0.error = AdapterError(code: .notFound, text: "look-ups found that the broker does not have it")
                case .indeterminate: break
                }
                return effect
            }
        case .gapClosed(let run, let order): update(run, order) { $0.closeGap() }
        case .dayOpened(let opening): open(opening)
        case .overrideGranted(let override): overrides.grant(override)
        case .overrideRevoked(let id, let revocation): overrides.revoke(id, revocation)
        case .squareOffStarted(let squareOff): squareOffs.start(squareOff)
        case .squareOffEnded(let id, let end): squareOffs.end(id, end)
        case .limitWarned(let warning): accounts[Int(warning.account)].isWarned = true
        case .adminActed: break
        case .termsFound(let run, let order, let terms, _): update(run, order) { $0.apply(found: terms) }
        case .anomalyFound(let anomaly):
            _ = runs.update(anomaly.run) { run in
                guard run.orders.indices.contains(Int(anomaly.order)) else { return }
                run.legs[Int(run.orders[Int(anomaly.order)].legIndex)].hasAnomaly = true
            }
        case .orderAdopted(let run, let order, let brokerOrderID, let executedBefore, let at):
            update(run, order) {
                $0.brokerOrderID = brokerOrderID
                return $0.adopt(executedBefore: executedBefore)
            }
            note(brokerOrderID, run, order)
            stamp(run, order, at: at) { _ in }
        case .positionAdopted(let adoption):
            book.update(adoption.account, adoption.instrument) {
                $0.adopt(adoption.quantity, price: adoption.price, mark: adoption.mark)
                if adoption.productCode != 0 { $0.productCode = adoption.productCode }
            }
        case .orderResolved(let run, let order, let resolution): apply(resolution, run, order)
        case .differenceFound: break
        case .heartbeatSet(let heartbeat): heartbeats[heartbeat.key] = heartbeat.ttl > 0 ? heartbeat : nil
        }
    }

    // MARK: Definitions

    private mutating func define(_ account: Account) {
        let adapterNumber: Int32
        if let known = adapters.firstIndex(of: account.adapter) {
            adapterNumber = Int32(known)
        } else {
            adapterNumber = Int32(adapters.count)
            adapters.append(account.adapter)
        }
        if let number = accountNumbers[account.id] {
            accounts[Int(number)].account = account
            accounts[Int(number)].isRemoved = false
            accounts[Int(number)].adapterNumber = adapterNumber
        } else {
            return add(AccountEntry(account: account, adapterNumber: adapterNumber))
        }
        resolveLimits(ofAccount: Int(accountNumbers[account.id] ?? 0))
        updateMembership()
    }

    /// An account that is new: what is laid out for the others stays, so that defining many costs no square of them.
    private mutating func add(_ entry: AccountEntry) {
        let number = accounts.count
        accountNumbers[entry.account.id] = Int32(number)
        accounts.append(entry)
        inputs.makeRoom(accounts: accounts.count)
        book.addAccount()
        resolveLimits(ofAccount: number)
        if resolved.adapters.count < adapters.count {
            resolveScopes()
        } else {
            rates.addAccount(resolved.account(number)?.rates ?? [])
        }
        // A group may have named it before it was there.
        for index in groups.indices { groups[index].terms = nil }
        addResting(entry.account)
    }

    private mutating func define(_ group: ExecutionGroup) {
        let members = group.members.compactMap { accountNumbers[$0.account] }
        if let number = groupNumbers[group.id] {
            let index = Int(number)
            let known = groups[index].group
            // An operator's change of membership or weights starts the carry afresh.
            if groups[index].isRemoved || known.members != group.members || known.policy != group.policy {
                groups[index].carry = [:]
            }
            groups[index].group = group
            groups[index].members = members
            groups[index].isRemoved = false
        } else {
            groupNumbers[group.id] = Int32(groups.count)
            groups.append(GroupEntry(group: group, members: members))
        }
        updateMembership()
    }

    mutating func updateMembership() {
        book.setMembership(accounts: accounts.count, groups: groups.map { $0.isRemoved ? [] : $0.members })
        for index in groups.indices { groups[index].terms = nil }
        resolveScopes()
        resolveResting()
    }

    private mutating func define(_ number: Int32, _ record: InstrumentRecord) {
        guard let instrument = try? Instrument(record, index: InstrumentIndex(number)) else { return }
        let root = String(record.id.root)
        let underlying = underlyingNumbers[root] ?? Int32(instrumentsOfUnderlying.count)
        if Int(underlying) == instrumentsOfUnderlying.count {
            underlyingNumbers[root] = underlying
            instrumentsOfUnderlying.append([])
        }
        if !instrumentsOfUnderlying[Int(underlying)].contains(number) {
            instrumentsOfUnderlying[Int(underlying)].append(number)
        }
        let entry = InstrumentEntry(
            record: record, instrument: instrument, underlying: underlying, root: root,
            ticks: TickBands(record, instrument))
        book.setLot(number, instrument.lot)
        if Int(number) < instruments.count {
            instruments[Int(number)] = entry
        } else {
            instruments.append(entry)
            instrumentNumbers[record.id] = number
        }
        resolveLimits(ofInstrument: min(Int(number), instruments.count - 1))
    }

    // MARK: Runs

    /// - Parameter isReserved: what its legs hold of positions and margin is booked already.
    mutating func insert(_ admission: RunAdmission, isReserved: Bool = false) {
        let run = Run(admission)
        nextClientSequence = max(nextClientSequence, admission.firstClientSequence + UInt64(run.orders.count))
        let group = admission.group.flatMap { groupNumbers[$0] }
        if let group {
            let index = Int(group)
            groups[index].rotation &+= 1
            if !admission.carry.isEmpty {
                // The key that the allocation read it under.
                let key = CarryKey(
                    underlying: underlying(admission.instrument), isClosing: admission.order.isReduceOnly)
                groups[index].carry[key] = admission.carry
            }
        }
        let strategy = admission.order.strategy.flatMap { resolved.strategyNumbers[$0] }
        let isDelivery = admission.order.product == .delivery
        for index in admission.legs.indices {
            let orders = admission.legs[index].slices.count
            guard orders > 0 else { continue }
            let account = admission.legs[index].account
            if !isReserved {
                book.reserve(
                    account, admission.instrument(ofLeg: index), admission.legs[index].side,
                    admission.legs[index].orderedQuantity, orders: Int32(orders), isDelivery: isDelivery)
            }
            rates.record(
                account: account, group: group, adapter: accounts[Int(account)].adapterNumber, strategy: strategy,
                messages: orders, at: admission.legs[index].heldUntil ?? admission.admittedAt)
            let margin = admission.legs[index].margin
            if margin > 0 {
                if !isReserved {
                    inputs.reservedMargin[Int(account)] = saturatingSum(inputs.reservedMargin[Int(account)], margin)
                }
                inputs.unsettled.insert(
                    OrderPlace(run: run.id, order: run.legs[index].firstOrder), of: account, margin: margin)
            }
        }
        for use in admission.overrideUses { overrides.use(use.override) }
        runs.insert(run)
        count(admission, run, group: group)
    }

    /// Applies `body` to one order and books its effect.
    private mutating func update(_ id: RunID, _ order: Int32, _ body: (inout Order) -> Order.Effect) {
        let tracksPrices = !resting.kinds.isEmpty
        let outcome = runs.update(id) { run -> OrderChange? in
            guard run.orders.indices.contains(Int(order)) else { return nil }
            let legIndex = Int(run.orders[Int(order)].legIndex)
            let before = tracksPrices ? run.restingPrice(Int(order)) : nil
            let wasTerminal = run.legStatus(legIndex).isTerminal
            let effect = body(&run.orders[Int(order)])
            let isTerminal = run.legStatus(legIndex).isTerminal
            if wasTerminal != isTerminal { run.liveLegs += isTerminal ? -1 : 1 }
            if effect.isAnomaly { run.legs[legIndex].hasAnomaly = true }
            return OrderChange(
                effect: effect, account: run.admission.legs[legIndex].account,
                instrument: run.admission.instrument(ofLeg: legIndex), side: run.admission.legs[legIndex].side,
                isDelivery: run.admission.order.product == .delivery, before: before,
                after: tracksPrices ? run.restingPrice(Int(order)) : nil)
        }
        guard let change = outcome ?? nil else { return }
        let effect = change.effect
        if effect.isAnomaly { anomalies &+= 1 }
        if change.before != change.after {
            if let gone = change.before {
                resting.change(gone, account: change.account, instrument: change.instrument, by: -1)
            }
            if let come = change.after {
                resting.change(come, account: change.account, instrument: change.instrument, by: 1)
            }
        }
        guard effect.reserved != 0 || effect.liveOrders != 0 || effect.unknownOrders != 0 else { return }
        book.update(change.account, change.instrument) { position in
            switch change.side {
            case .buy: position.openBuy = saturatingSum(position.openBuy, effect.reserved)
            case .sell:
                position.openSell = saturatingSum(position.openSell, effect.reserved)
                if change.isDelivery {
                    position.openDeliverySell = saturatingSum(position.openDeliverySell, effect.reserved)
                }
            }
            position.openOrders += effect.liveOrders
            position.unknownOrders += effect.unknownOrders
        }
    }

    /// Stamps a leg and closes the run's book when its last leg has ended.
    private mutating func stamp(_ id: RunID, _ order: Int32, at: Timestamp, _ body: (inout StageTimes) -> Void) {
        _ = runs.update(id) { run in
            guard run.orders.indices.contains(Int(order)) else { return }
            let leg = Int(run.orders[Int(order)].legIndex)
            body(&run.legs[leg].times)
            if run.legStatus(leg).isTerminal, run.legs[leg].times.done == 0 {
                run.legs[leg].times.done = at.nanoseconds
            }
            run.updatedAt = max(run.updatedAt, at)
            if run.liveLegs == 0 { run.doneAt = run.doneAt ?? at }
        }
    }

    private mutating func handOver(_ id: RunID, _ orders: [Int32], durableAt: Timestamp, queuedAt: Timestamp) {
        for order in orders {
            update(id, order) { $0.handOver() }
            stamp(id, order, at: queuedAt) { times in
                if times.durable == 0 { times.durable = durableAt.nanoseconds }
                if times.queued == 0 { times.queued = queuedAt.nanoseconds }
            }
        }
    }

    private mutating func apply(_ answer: OrderAnswer) {
        update(answer.run, answer.order) { order in
            order.brokerOrderID = answer.brokerOrderID ?? order.brokerOrderID
            order.exchangeOrderID = answer.exchangeOrderID ?? order.exchangeOrderID
            if !answer.adapterState.isEmpty { order.adapterState = answer.adapterState }
            let effect = order.apply(outcome: answer.outcome)
            // A lost reply says nothing of an order that evidence has come of before.
            if answer.outcome != .unknown || order.isUnknown { order.error = answer.error ?? order.error }
            return effect
        }
        note(answer.brokerOrderID, answer.run, answer.order)
        stamp(answer.run, answer.order, at: answer.answeredAt) { times in
            if times.dispatched == 0 { times.dispatched = answer.dispatchedAt.nanoseconds }
            if times.written == 0, let written = answer.writtenAt { times.written = written.nanoseconds }
            if times.firstByte == 0, let first = answer.firstByteAt { times.firstByte = first.nanoseconds }
            if times.acknowledged == 0, answer.outcome == .accepted || answer.outcome == .rejected {
                times.acknowledged = answer.answeredAt.nanoseconds
            }
        }
        releaseMargin(answer.run, answer.order)
    }

    private mutating func apply(_ report: ReportedOrder, _ id: RunID, _ order: Int32) {
        update(id, order) { order in
            order.brokerOrderID = report.brokerOrderID ?? order.brokerOrderID
            order.exchangeOrderID = report.exchangeOrderID ?? order.exchangeOrderID
            if !report.adapterState.isEmpty { order.adapterState = report.adapterState }
            let effect = order.apply(reported: report.state, cumulative: report.cumulativeQuantity)
            order.error = report.error ?? order.error
            return effect
        }
        note(report.brokerOrderID, id, order)
        stamp(id, order, at: report.at) { _ in }
        releaseMargin(id, order)
    }

    private mutating func apply(_ resolution: Resolution, _ id: RunID, _ order: Int32) {
        update(id, order) {
            let effect = $0.apply(resolution.outcome)
            if resolution.outcome.isEnd {
                let text = "\(resolution.by) settled it as \(resolution.outcome.rawName): \(resolution.reason)"
                $0.error = AdapterError(code: .other, text: text)
            }
            return effect
        }
        stamp(id, order, at: resolution.at) { _ in }
        switch resolution.outcome {
        case .dropped: noteLocalCancel(id, order, .requested)
        case .released: break
        default: releaseMargin(id, order)
        }
    }

    /// Remembers the broker's id of an order, so that reports without ours find it.
    private mutating func note(_ brokerOrderID: String?, _ id: RunID, _ order: Int32) {
        guard let brokerOrderID, let account = account(of: id, order) else { return }
        runs.addBrokerOrderID(brokerOrderID, account: account, OrderPlace(run: id, order: order))
    }

    /// The account of an order; `nil` where it is not in memory. Looks at the run in place: a copy of one costs more than
    /// all else that an event changes.
    private func account(of id: RunID, _ order: Int32) -> Int32? {
        runs.look(id) { run in
            run.orders.indices.contains(Int(order))
                ? run.admission.legs[Int(run.orders[Int(order)].legIndex)].account : nil
        } ?? nil
    }

    private mutating func noteLocalCancel(_ id: RunID, _ order: Int32, _ reason: LocalCancelReason) {
        _ = runs.update(id) { run in
            guard run.orders.indices.contains(Int(order)) else { return }
            let leg = Int(run.orders[Int(order)].legIndex)
            run.legs[leg].localCancel = reason
            if reason == .requested { run.isCancelRequested = true }
            if run.liveLegs == 0 { run.doneAt = run.doneAt ?? run.updatedAt }
        }
        releaseMargin(id, order)
    }

    // MARK: Executions

    private mutating func apply(_ execution: Execution) {
        let replaced = execution.replaces.flatMap { id in
            runs.executions[ExecutionKey(adapter: execution.adapter, account: execution.account, executionID: id)]
        }
        // A correction or bust first takes back what stands of the old execution: nothing, once a bust has.
        if execution.kind != .new, let standing = replaced.flatMap({ runs.standing($0) }) {
            book(standing, sign: -1, at: execution.at)
        }
        if execution.kind != .bust { book(execution, sign: 1, at: execution.at) }
        runs.record(execution)
    }

    private mutating func book(_ execution: Execution, sign: Int64, at: Timestamp) {
        if let run = execution.run {
            update(run, execution.order) {
                $0.apply(execution: execution.lastQuantity * sign, price: execution.lastPrice)
            }
            stamp(run, execution.order, at: at) { times in
                if times.firstFill == 0 { times.firstFill = at.nanoseconds }
            }
        }
        let signed = execution.lastQuantity * execution.side.sign * sign
        let owner = execution.run.flatMap { id in
            runs.look(id) { run in
                (
                    product: run.admission.order.product, group: run.admission.group,
                    strategy: run.admission.order.strategy
                )
            }
        }
        // What was sold elsewhere may have been for delivery: it counts.
        let isDelivery = execution.side == .sell && (owner?.product ?? .delivery) == .delivery
        var trip: Position.RoundTrip?
        book.update(execution.account, execution.instrument) { position in
            trip = position.apply(execution: signed, price: execution.lastPrice, fees: execution.fees * sign)
            if let product = owner?.product { position.productCode = product.rawValue }
            position.dayTraded = saturatingSum(position.dayTraded, execution.lastQuantity * sign)
            if isDelivery {
                position.deliverySold = saturatingSum(position.deliverySold, execution.lastQuantity * sign)
            }
        }
        if let trip { count(trip, account: execution.account, instrument: execution.instrument) }
        if let owner {
            attribute(
                owner.group, owner.strategy, execution.account, execution.instrument, added: signed,
                price: execution.lastPrice,
                fees: execution.fees * sign)
        }
    }

    // MARK: Margin that the broker's figures cannot contain yet

    /// Orders that ended without a fill stop counting at once; others wait for a newer snapshot (RISK.md §2, `M_res`).
    private mutating func releaseMargin(_ id: RunID, _ order: Int32) {
        let found = runs.look(id) { run -> (first: Int32, account: Int32)? in
            guard run.orders.indices.contains(Int(order)) else { return nil }
            let legIndex = Int(run.orders[Int(order)].legIndex)
            guard run.margin(ofLeg: legIndex) > 0, run.legStatus(legIndex).isTerminal,
                run.cumulativeQuantity(legIndex) == 0
            else { return nil }
            return (run.legs[legIndex].firstOrder, run.admission.legs[legIndex].account)
        }
        guard let found = found ?? nil else { return }
        if let margin = inputs.unsettled.remove(OrderPlace(run: id, order: found.first), of: found.account) {
            inputs.reservedMargin[Int(found.account)] -= margin
        }
    }

    /// Margin that a modify of an order needs beyond what is reserved for it. It stays reserved until a newer snapshot of
    /// the broker's, whatever became of the modify.
    private mutating func reserve(_ margin: Int64, _ place: OrderPlace) {
        guard margin > 0, let run = runs[place.run], run.orders.indices.contains(Int(place.order)) else { return }
        let leg = Int(run.orders[Int(place.order)].legIndex)
        let account = run.admission.legs[leg].account
        inputs.reservedMargin[Int(account)] = saturatingSum(inputs.reservedMargin[Int(account)], margin)
        inputs.unsettled.add(margin, to: OrderPlace(run: place.run, order: run.legs[leg].firstOrder), of: account)
    }

    /// A snapshot queried at `asOf` contains what was acknowledged and filled before.
    mutating func settleMargin(_ account: Int32, asOf: Timestamp) {
        var cursor = inputs.unsettled.cursor(of: account)
        var reserved: Int64 = 0
        while let place = inputs.unsettled.leg(at: cursor) {
            guard let run = runs[place.run] else {
                inputs.unsettled.remove(at: &cursor)
                continue
            }
            let leg = run.legs[Int(run.orders[Int(place.order)].legIndex)]
            let known = max(leg.times.acknowledged, leg.times.firstFill, run.updatedAt.nanoseconds)
            // Known to its broker by whatever evidence: an answer, a report, an execution, a look-up.
            let isKnown = run.orders[leg.orders].allSatisfy { order in
                switch order.status {
                case .reserved, .held, .sent, .unknown: false
                default: true
                }
            }
            if isKnown, known <= asOf.nanoseconds {
                inputs.unsettled.remove(at: &cursor)
                continue
            }
            reserved = saturatingSum(reserved, inputs.unsettled.margin(at: cursor))
            inputs.unsettled.advance(&cursor)
        }
        inputs.reservedMargin[Int(account)] = reserved
    }

    /// What remainders of an instrument are kept under: its root.
    func underlying(_ instrument: Int32) -> String { instruments[Int(instrument)].root }
}
