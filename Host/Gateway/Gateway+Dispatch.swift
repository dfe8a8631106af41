import Adapters
package import Domain
import Engine
import Faults
import Telemetry

extension Gateway {
    /// Hands every durable order, cancel and modify whose turn it is to its lane.
    package func dispatchStep(durableAt: Timestamp? = nil) {
        dispatchLock.withLock {
            let ready = step { state in parcels(&state, durableAt: durableAt) }
            if !ready.isEmpty { FaultPoint.hit(.dispatchChosen) }
            for parcel in ready { send(parcel) }
            if !ready.isEmpty { FaultPoint.hit(.dispatchDone) }
        }
    }

    /// Everything for one session, in the order in which it leaves.
    struct Parcel {
        let session: AdapterSession
        var cancels: [CancelCommand] = []
        var modifies: [ModifyCommand] = []
        var lookups: [LookupCommand] = []
        var submits: [SubmitCommand] = []
        var submitted: [OrderPlace] = []
    }

    private func parcels(_ state: inout State, durableAt: Timestamp?) -> [Parcel] {
        guard !state.outbound.isEmpty else { return [] }
        let now = clock.wall()
        let (entries, mutations) = state.outbound.take()
        var parcels: [ObjectIdentifier: Parcel] = [:]
        var order: [ObjectIdentifier] = []
        func add(_ session: AdapterSession, _ body: (inout Parcel) -> Void) {
            let id = ObjectIdentifier(session)
            if parcels[id] == nil { order.append(id) }
            body(&parcels[id, default: Parcel(session: session)])
        }
        for mutation in mutations { addMutation(mutation, &state, add) }
        var queued: [RunID: [Int32]] = [:]
        var queuedRuns: [RunID] = []
        var late: [OrderPlace] = []
        for entry in entries {
            guard let run = state.engine.runs[entry.place.run], run.orders[Int(entry.place.order)].isWaiting else {
                continue
            }
            if entry.deadline <= now {
                late.append(entry.place)
                continue
            }
            let wait: WaitReason? =
                entry.notBefore > now
                ? .held
                : !hasSession(run, entry.place, state)
                    ? .session : takeRate(run, entry.place, now, &state) ? nil : .rate
            if let wait {
                var entry = entry
                tell(wait, of: &entry, run, now)
                state.outbound.append(entry)  // waits until its deadline
                continue
            }
            guard let (session, terms) = submitCommand(run, entry.place, &state) else {
                state.outbound.append(entry)
                continue
            }
            var command = terms
            // A wait for the broker's rate limit is a wait to be sent: it ends with the run's deadline.
            let left = entry.deadline.since(now)
            command.sendBefore = left > RateWindow.day ? nil : clock.monotonic() + left
            if queued[run.id] == nil { queuedRuns.append(run.id) }
            queued[run.id, default: []].append(entry.place.order)
            add(session) { parcel in
                parcel.submits.append(command)
                parcel.submitted.append(entry.place)
            }
        }
        for id in queuedRuns {
            let orders = queued[id] ?? []
            let held = orders.filter { state.engine.runs[id]?.orders[Int($0)].status == .held }
            if !held.isEmpty { emit(.ordersReleased(run: id, orders: held), &state) }
            let durable = durableAt ?? state.engine.runs[id]?.admission.admittedAt ?? now
            emit(.ordersQueued(run: id, orders: orders, durableAt: durable, queuedAt: now), &state)
        }
        for place in late {
            emit(.ordersCanceledLocally(run: place.run, orders: [place.order], reason: .deadline), &state)
        }
        return order.compactMap { parcels[$0] }
    }

    private func send(_ parcel: Parcel) {
        if !parcel.cancels.isEmpty { FaultPoint.hit(.dispatchCancels) }
        for command in parcel.cancels {
            if case .refused(let cause) = parcel.session.cancel(command) {
                finish(command.id, kind: .cancel, cause)
            }
        }
        if !parcel.modifies.isEmpty { FaultPoint.hit(.dispatchModifies) }
        for command in parcel.modifies {
            if case .refused(let cause) = parcel.session.modify(command) { finish(command.id, kind: .replace, cause) }
        }
        if !parcel.lookups.isEmpty { FaultPoint.hit(.dispatchLookUps) }
        for command in parcel.lookups {
            if case .refused = parcel.session.lookUp(command) {
                state.withLockedValue { state in
                    guard let place = state.engine.runs.place(ofClientSequence: command.id) else { return }
                    state.lookups[place]?.isAsked = false
                }
            }
        }
        guard !parcel.submits.isEmpty else { return }
        FaultPoint.hit(.dispatchSubmits)
        let taken = parcel.session.submit(parcel.submits)
        guard taken < parcel.submits.count else { return }
        // The lane's queue is full: proof that nothing of the rest was sent.
        step { state in
            let now = clock.wall()
            for place in parcel.submitted[taken...] {
                emit(
                    .orderAnswered(
                        OrderAnswer(
                            run: place.run, order: place.order, outcome: .notSent, brokerOrderID: nil,
                            exchangeOrderID: nil,
                            error: AdapterError(code: .rateLimited, text: "the account's queue is full"),
                            adapterState: [], dispatchedAt: now, writtenAt: nil, firstByteAt: nil, answeredAt: now)),
                    &state)
            }
        }
    }

    enum CommandKind { case cancel, replace }

    /// A cancel or modify that its lane did not take: certainly not sent.
    private func finish(_ id: UInt64, kind: CommandKind, _ cause: HostCause) {
        step { state in
            guard let place = state.engine.runs.place(ofClientSequence: id) else { return }
            let error = AdapterError(code: .internalError, text: cause.rawName)
            switch kind {
            case .cancel: state.outbound.mutations.append(.cancel(place))  // tried again with the next tick
            case .replace:
                emit(.replaceAnswered(run: place.run, order: place.order, outcome: .notSent, error: error), &state)
            }
        }
    }

    // MARK: Commands

    private func addMutation(
        _ mutation: OutboundQueue.Mutation, _ state: inout State,
        _ add: (AdapterSession, (inout Parcel) -> Void) -> Void
    ) {
        let place: OrderPlace
        switch mutation {
        case .cancel(let found), .replace(let found), .lookUp(let found): place = found
        }
        guard let run = state.engine.runs[place.run] else { return }
        let order = run.orders[Int(place.order)]
        let account = state.engine.accounts[Int(run.admission(of: order).account)].account
        if case .cancel = mutation {
            guard order.isCancelWanted else { return }
            // A cancel is never dropped: it waits for a session, and for the answer that names the order to the broker.
            let session = state.sessions[account.id]?.session.status.state
            let isAwaitingName = order.brokerOrderID == nil && order.status == .pendingCancel && !order.isAnswered
            guard session == .ready || session == .degraded, !isAwaitingName else {
                state.outbound.mutations.append(mutation)
                return
            }
        }
        guard let seat = state.sessions[account.id] else {
            refuseMutation(mutation, place, &state)
            return
        }
        let instrument = state.engine.instruments[Int(run.instrument(of: order))].instrument
        let reference = reference(run, place, seat, &state)
        let deadline = clock.monotonic() + options.commandDeadline
        switch mutation {
        case .cancel:
            cancelLeaves(place, now: clock.wall(), &state)
            let command = CancelCommand(id: order.clientSequence, reference: reference, deadline: deadline)
            add(seat.session) { $0.cancels.append(command) }
        case .replace:
            guard let wanted = order.replacement, let terms = order.wantedTerms else { return }
            let command = ModifyCommand(
                id: wanted.clientSequence, reference: reference,
                changes: order.changes(to: terms, options: wanted.options, instrument),
                clientOrderID: state.engine.clientOrderID(wanted.clientSequence), deadline: deadline)
            add(seat.session) { $0.modifies.append(command) }
        case .lookUp:
            let queued = run.legs[Int(order.legIndex)].times.queued
            let command = LookupCommand(
                id: order.clientSequence, reference: reference,
                writtenTime: queued == 0 ? nil : Timestamp(nanoseconds: queued), deadline: deadline)
            add(seat.session) { $0.lookups.append(command) }
        }
    }

    /// How an order is found at its broker.
    func reference(_ run: Run, _ place: OrderPlace, _ seat: SessionPlace, _ state: inout State) -> OrderReference {
        let order = run.orders[Int(place.order)]
        return OrderReference(
            accountIndex: seat.index, brokerOrderID: order.brokerOrderID, exchangeOrderID: order.exchangeOrderID,
            clientOrderID: state.engine.clientOrderID(order.clientSequence),
            adapterState: order.adapterState.isEmpty ? nil : order.adapterState,
            order: submitCommand(run, place, &state).map { AcknowledgedOrder($0.1) })
    }

    private func refuseMutation(_ mutation: OutboundQueue.Mutation, _ place: OrderPlace, _ state: inout State) {
        let error = AdapterError(code: .authExpired, text: "the account has no session")
        switch mutation {
        case .cancel:
            emit(.cancelAnswered(run: place.run, order: place.order, outcome: .notSent, error: error), &state)
        case .replace:
            emit(.replaceAnswered(run: place.run, order: place.order, outcome: .notSent, error: error), &state)
        case .lookUp: state.lookups[place]?.isAsked = false
        }
    }

    private func submitCommand(
        _ run: Run, _ place: OrderPlace, _ state: inout State
    ) -> (AdapterSession, SubmitCommand)? {
        let order = run.orders[Int(place.order)]
        let leg = run.admission(of: order)
        let account = state.engine.accounts[Int(leg.account)].account
        guard let seat = state.sessions[account.id],
            let prepared = prepared(run.instrument(of: order), account.adapter, seat.session, &state)
        else { return nil }
        let instrument = state.engine.instruments[Int(run.instrument(of: order))].instrument
        let terms = run.admission.order
        var flags: OrderFlags = []
        if leg.isClosing { flags.insert(.closing) }
        if terms.isReduceOnly { flags.insert(.reduceOnly) }
        if terms.isPostOnly { flags.insert(.postOnly) }
        if terms.isAfterMarket { flags.insert(.afterMarket) }
        return (
            seat.session,
            SubmitCommand(
                id: order.clientSequence, accountIndex: seat.index, side: leg.side, orderType: order.orderType,
                product: terms.product, timeInForce: order.timeInForce, orderClass: terms.orderClass, flags: flags,
                clientOrderID: state.engine.clientOrderID(order.clientSequence), runText: run.id.description,
                instrument: prepared, quantity: instrument.quantity(order.quantity),
                disclosedQuantity: order.disclosedQuantity,
                price: order.limitPrice == 0 ? nil : instrument.price(order.limitPrice),
                triggerPrice: order.stopPrice == 0 ? nil : instrument.price(order.stopPrice), trail: terms.trail,
                validUntil: order.timeInForce == .goodTillDate ? terms.validUntil : nil,
                options: terms.brokerOptions[account.adapter.rawValue],
                deadline: clock.monotonic() + options.commandDeadline)
        )
    }

    /// An instrument in the adapter's form, made once.
    private func prepared(
        _ number: Int32, _ adapter: AdapterID, _ session: AdapterSession, _ state: inout State
    ) -> AdapterInstrument? {
        let key = PreparedKey(adapter: adapter, instrument: number)
        if let known = state.preparedInstruments[key] { return known }
        let record = state.engine.instruments[Int(number)].record
        let snapshot = market.instruments.snapshot
        let index = snapshot.index(of: record.id)
        let handle = index.flatMap { snapshot.handle($0, for: adapter.rawValue) }
        guard
            let made = try? session.prepare(
                record, index: index ?? InstrumentIndex(number), alias: handle?.alias, brokerData: handle?.brokerData)
        else { return nil }
        state.preparedInstruments[key] = made
        return made
    }

    private func hasSession(_ run: Run, _ place: OrderPlace, _ state: borrowing State) -> Bool {
        state.engine.account(of: run, order: place.order).map { state.sessions[$0.id] != nil } ?? false
    }
}
