package import Adapters
import Domain
import Engine
import Faults
import Store

extension Gateway: AdapterDelegate {
    /// News of a lane: the engine takes all of it in one step, and the batch carries the adapter's own writes with it.
    package func lane(_ session: AdapterSession, delivers batch: inout LaneBatch) {
        var events: [LaneEvent] = []
        swap(&events, &batch.events)
        let adapter = session.id.adapter
        FaultPoint.hit(.newsTaken)
        step { state in
            let now = clock.wall()
            let offset = now.nanoseconds - clock.monotonic()
            state.newsOfSessions[ObjectIdentifier(session)] = now
            for event in events { take(event, session, adapter, now, offset, &state) }
        }
        FaultPoint.hit(.newsEmitted)
        for case .session(let status) in events where status.state == .ready { askInstruments(session) }
    }

    private func take(
        _ event: LaneEvent, _ session: AdapterSession, _ adapter: AdapterID, _ now: Timestamp, _ offset: Int64,
        _ state: inout State
    ) {
        switch event {
        case .submitted(let completion): answered(completion, now, offset, &state)
        case .canceled(let completion):
            FaultPoint.hit(.cancelAnswered)
            canceled(completion, session, now, &state)
        case .modified(let completion):
            guard let place = state.engine.runs.place(ofClientSequence: completion.id) else { return }
            FaultPoint.hit(.modifyAnswered)
            emit(
                .replaceAnswered(
                    run: place.run, order: place.order, outcome: completion.outcome, error: completion.error), &state)
            if completion.outcome == .unknown {
                lookUp(place, &state, settlesReplace: true)
                checkReplace(place, session, now, &state)
            }
        case .lookedUp(let completion): lookedUp(completion, session, now, &state)
        case .order(let report):
            if let place = report.clientOrderID.flatMap({ state.engine.orderReference(of: $0) }) {
                settleReplace(place, under: report.clientOrderID, &state)
            }
            reported(report, now, &state)
            FaultPoint.hit(.orderReported)
        case .execution(let report): _ = executed(report, now, &state)
        case .session(let status): sessionChanged(session, status, now, &state)
        case .keyValue(let write):
            state.pending.keyValues.append(
                StoredKeyValue(
                    adapterID: adapter, accountID: write.account, key: String(decoding: write.key, as: UTF8.self),
                    value: write.value))
            state.pending.isUrgent = true
            FaultPoint.hit(.keyValueTaken)
        case .late(let late):
            guard late.kind != .query, late.kind != .lifecycle,
                let place = state.engine.runs.place(ofClientSequence: late.id)
            else { return }
            lookUp(place, &state)
            if late.kind == .modify { checkReplace(place, session, now, &state) }
        case .secretRevealed(let account, let name):
            emit(
                .secretRevealed, account.rawValue, "\(name), to adapter \(adapter)",
                by: Actor(person: "adapter:\(adapter)", keyID: ""), &state)
        case .poisoned(let reason):
            logger.error(
                "Adapter broke its contract", metadata: ["adapter.id": "\(adapter)", "reason": "\(reason)"])
        case .question(let question, let news): heard(question, news, session, &state)
        case .allCanceled: break
        }
    }

    private func answered(
        _ completion: MutationCompletion, _ now: Timestamp, _ offset: Int64, _ state: inout State
    ) {
        guard let place = state.engine.runs.place(ofClientSequence: completion.id) else { return }
        func wall(_ monotonic: Int64?) -> Timestamp? {
            monotonic.flatMap { $0 == 0 ? nil : Timestamp(nanoseconds: $0 + offset) }
        }
        let dispatched = wall(completion.times.dispatched) ?? now
        let answered = wall(completion.times.acked) ?? now
        let error = Self.error(of: completion)
        let answer = OrderAnswer(
            run: place.run, order: place.order, outcome: completion.outcome,
            brokerOrderID: completion.brokerOrderID, exchangeOrderID: completion.exchangeOrderID, error: error,
            adapterState: completion.adapterState ?? [], dispatchedAt: dispatched,
            writtenAt: wall(completion.times.written), firstByteAt: wall(completion.times.firstByte),
            answeredAt: answered)
        emit(.orderAnswered(answer), &state)
        if let roundTrip = completion.times.roundTrip, capture.isOn {
            captured(roundTrip: roundTrip, place, state.engine)
        }
        if let reported = completion.state, reported.isTerminal, completion.outcome == .accepted {
            let report = ReportedOrder.state(reported, at: now)
            emit(.orderReported(run: place.run, order: place.order, report: report), &state)
        }
        switch completion.outcome {
        case .unknown:
            FaultPoint.hit(.submitUnknown)
            lookUp(place, &state)
        case .rejected:
            FaultPoint.hit(.submitRejected)
            failed(place, now, &state)
        case .accepted: FaultPoint.hit(.submitAccepted)
        case .notSent: break
        }
    }

    /// Books an execution.
    /// - Returns: whether it was news.
    func executed(_ report: ExecutionReport, _ now: Timestamp, _ state: inout State) -> Bool {
        do {
            // What is known is refreshed by admissions: an execution is counted in the steps in which its order was sent.
            if let symbol = report.symbol, state.engine.instrumentNumber(symbol) == nil { try? define(symbol, &state) }
            let event = try state.engine.event(for: report, at: now)
            if case .executed(let execution) = event, let run = execution.run {
                let place = OrderPlace(run: run, order: execution.order)
                settleReplace(place, under: report.clientOrderID, &state)
                nameOrder(place, by: report, now, &state)
            }
            emit(event, &state)
            if case .executed(let execution) = event {
                FaultPoint.hit(.executionBooked)
                afterExecution(execution, &state)
                let account = state.engine.accounts[Int(execution.account)].account.id
                // Figures of the broker that contain this fill are wanted soon.
                state.executedAt[account] = now
                state.fundsDue[account] = min(state.fundsDue[account] ?? now, now.advanced(by: 200_000_000))
                let cause = execution.run.flatMap { id in
                    state.engine.runs.look(id) {
                        $0.admission.isGatewayClosing || $0.admission.isAdopted ? nil : $0.admission.origin.caller
                    }
                        ?? nil
                }
                checkLosses(now, &state, only: execution.account, cause: cause)
            }
            return true
        } catch {
            switch error {
            case .duplicate: break
            case .unknownAccount, .unknownInstrument, .malformed, .unknownExecution:
                logger.error(
                    "Execution could not be booked",
                    metadata: [
                        "account.id": "\(report.account)", "execution.id": "\(report.executionID)",
                        "fault": "\(error)",
                    ])
            }
            return false
        }
    }

    /// An execution that comes before the acknowledgement, or in its place, may be the first to say how the broker calls the
    /// order: a cancel at a broker that knows no other name needs it.
    private func nameOrder(
        _ place: OrderPlace, by report: ExecutionReport, _ now: Timestamp, _ state: inout State
    ) {
        guard let name = report.brokerOrderID,
            state.engine.runs.look(place.run, { $0.orders[Int(place.order)].brokerOrderID == nil }) ?? false
        else { return }
        emit(
            .orderReported(
                run: place.run, order: place.order,
                report: ReportedOrder.state(.other, brokerOrderID: name, at: now)), &state)
    }

    func afterReport(_ event: Event, _ now: Timestamp, _ state: inout State) {
        guard case .orderReported(let id, let order, let report) = event else { return }
        let place = OrderPlace(run: id, order: order)
        let waits = state.engine.runs.look(id) { $0.orders[Int(order)].waitsForExecutions } ?? false
        if waits, state.gaps[place] == nil {
            state.gaps[place] = clock.monotonic() + options.executionGap
            lookUp(place, &state)
        }
        if report.state == .rejected { failed(place, now, &state) }
    }

    /// A broker rejected a leg: the run's policy says what becomes of the others.
    private func failed(_ place: OrderPlace, _ now: Timestamp, _ state: inout State) {
        for event in state.engine.consequences(ofFailureIn: place.run) { emit(event, &state) }
        FaultPoint.hit(.legFailed)
    }

    /// A run with `unwind` whose legs have all ended after a failure: its fills are closed, once, by orders of the
    /// gateway with a key of their own.
    func settleUnwind(_ id: RunID, _ now: Timestamp, _ state: inout State) {
        // Asked of every event of a run: nothing of the run is held while the next step changes it.
        guard state.engine.unwinds(id), !state.unwound.contains(id), let run = state.engine.runs[id] else { return }
        state.unwound.insert(id)
        for demand in state.engine.unwindDemands(run) {
            let request = AdmissionRequest(
                order: demand, origin: Origin(caller: "gateway", idempotencyKey: "unwind:\(id):\(demand.target)"),
                authority: .everything, receivedAt: now, isGatewayClosing: true)
            do {
                var admission = try state.engine.decide(request, now: now)
                attribute(&admission, to: run.admission.group, state)
                keep(admission, caller: "gateway", fingerprint: [], &state)
                FaultPoint.hit(.unwindAdmitted)
            } catch {
                logger.error("Unwind refused", metadata: ["run.id": "\(id)", "reason": "\(error)"])
            }
        }
    }

    // MARK: Sessions

    private func sessionChanged(
        _ session: AdapterSession, _ status: SessionStatus, _ now: Timestamp, _ state: inout State
    ) {
        let readiness: Inputs.Readiness =
            switch status.state {
            case .ready: status.isPoisoned ? .degraded : .ready
            case .degraded: .degraded
            default: .notReady
            }
        for account in session.accounts {
            // Late news of a session that another has taken the place of says nothing about the account.
            guard state.sessions[account.id]?.session === session,
                let number = state.engine.accountNumber(account.id)
            else { continue }
            if readiness != .notReady, state.engine.readiness(number) == .notReady { askAgain(account.id, &state) }
            state.engine.setReadiness(number, readiness)
            state.engine.setNarrowedOffer(number, CapabilityDocument.offer(status.capabilityDocument))
            if readiness == .ready {
                state.fundsDue[account.id] = now
                askSoon(account.id, now, &state)
                reconcileSoon(account.id, now, &state)
            }
        }
        FaultPoint.hit(.sessionChanged)
        planReopening(session, status, now, &state)
        hub.publish(
            session: session.id, .session(session.id, status, accounts: session.accounts.map(\.id), at: now))
        // Every account passes through opening at every start: only where it leads is news.
        logger.log(
            level: status.state == .opening ? .debug : .info, "Session state",
            metadata: [
                "adapter.id": "\(session.id.adapter)", "login": "\(session.id.login)",
                "state": "\(status.state.rawName)",
            ])
    }

    /// What was asked over a session that is gone will not be answered: it is asked again.
    private func askAgain(_ account: AccountID, _ state: inout State) {
        for place in state.lookups.keys {
            guard let run = state.engine.runs[place.run],
                state.engine.account(of: run, order: place.order)?.id == account
            else { continue }
            state.lookups[place]?.isAsked = false
        }
    }
}
