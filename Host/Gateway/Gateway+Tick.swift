import Adapters
import Domain
import Engine

extension Gateway {
    /// What time alone makes due: held orders, deadlines, look-ups, gaps, funds, losses, the day. A ticker calls it every
    /// few milliseconds; a simulation when it moves its clock.
    package func tick() {
        let (now, monotonic) = (clock.wall(), clock.monotonic())
        let (questions, reopenings, resumes) = step {
            state -> (Questions, [AdapterSession], [@Sendable () -> Void]) in
            guard case .running = state.serving else {
                let late = takeLateReconciliationWaiters(now, all: true, &state)
                return (Questions(), [], takeSatisfied(Array(state.runWaiters.keys), &state, now: now) + late)
            }
            let mayLackPrices = now.since(state.startedAt) > options.priceGrace
            for event in state.engine.dayEvents(now: now, mayLackPrices: mayLackPrices) { emit(event, &state) }
            markOverdue(now, &state)
            repeatCancels(now: now, &state)
            startLookups(&state)
            for place in state.gaps.filter({ $0.value <= monotonic }).keys.sorted(by: OrderPlace.isOlder) {
                state.gaps[place] = nil
                if let run = state.engine.runs[place.run], run.orders[Int(place.order)].waitsForExecutions {
                    emit(.gapClosed(run: place.run, order: place.order), &state)
                }
            }
            checkLosses(now, &state)
            checkDue(now, &state)
            workSquareOffs(now, &state)
            let questions = Questions(
                funds: dueFunds(now, &state), holdings: dueHoldings(now, &state), trades: dueTrades(now, &state),
                terms: dueReplaceChecks(now, &state), accounts: dueReconciliations(now, &state),
                instruments: dueRefreshes(now, &state))
            let late = takeLateReconciliationWaiters(now, all: false, &state)
            return (
                questions, dueReopenings(now, &state),
                takeSatisfied(Array(state.runWaiters.keys), &state, now: now) + late
            )
        }
        for resume in resumes { resume() }
        reopen(reopenings)
        state.withLockedValue { $0.adapters }?.sweep()
        withdrawLate(now)
        withdrawStopped()
        if state.withLockedValue({ !$0.outbound.isEmpty }) { dispatchStep() }
        for (session, account, index) in questions.funds { askFunds(session, account, index, at: now) }
        for demand in questions.holdings { askHoldings(demand) }
        for (session, account, index) in questions.trades { askTrades(session, account, index) }
        for question in questions.terms { ask(question) }
        for question in questions.accounts { ask(question) }
        refresh(questions.instruments)
        feeds.withLockedValue { $0 }?.tick(now)
    }

    /// What is asked of brokers after a step, outside the lock.
    private struct Questions {
        var funds: [(AdapterSession, AccountID, Int32)] = []
        var holdings: [HoldingsDemand] = []
        var trades: [(AdapterSession, AccountID, Int32)] = []
        var terms: [TermsQuestion] = []
        var accounts: [ReconciliationQuestion] = []
        var instruments: [AdapterSession] = []
    }

    /// An order whose lane hangs gets no completion, not even the host's own. Past its deadline it is taken back where the
    /// adapter was not given it; else its outcome is unknown.
    private func markOverdue(_ now: Timestamp, _ state: inout State) {
        guard state.overdueDue <= now else { return }
        state.overdueDue = now.advanced(by: 1_000_000_000)
        let limit = options.commandDeadline.multipliedSaturating(by: 2)
        let asked = ordersInQuestion(state)
        let overdue = unanswered(state) { run, order in
            let queued = Timestamp(nanoseconds: run.legs[Int(order.legIndex)].times.queued)
            return !asked.contains(order.clientSequence) && now.since(queued) > limit
        }
        guard !overdue.isEmpty else { return }
        let unsent = Set(takeBack(overdue, state))
        for place in overdue {
            if unsent.contains(place) {
                answerUnsent(place, "the adapter was busy for too long and was not given the order", now, &state)
                continue
            }
            emit(
                .orderAnswered(
                    OrderAnswer(
                        run: place.run, order: place.order, outcome: .unknown, brokerOrderID: nil, exchangeOrderID: nil,
                        error: AdapterError(code: .timeout, text: "the adapter has not answered in time"),
                        adapterState: [], dispatchedAt: now, writtenAt: nil, firstByteAt: nil, answeredAt: now)), &state
            )
            lookUp(place, &state)
        }
    }

    /// Books an order that the adapter was not given: no byte of it left.
    private func answerUnsent(_ place: OrderPlace, _ text: String, _ now: Timestamp, _ state: inout State) {
        emit(
            .orderAnswered(
                OrderAnswer(
                    run: place.run, order: place.order, outcome: .notSent, brokerOrderID: nil, exchangeOrderID: nil,
                    error: AdapterError(code: .internalError, text: text), adapterState: [], dispatchedAt: now,
                    writtenAt: nil, firstByteAt: nil, answeredAt: now)), &state)
    }

    /// Books what a session that is closing had not given to its adapter. A lane that works ends it by itself; one that
    /// hangs in a call never comes to it.
    func bookUnsent(_ session: AdapterSession) {
        let unsent = session.withdrawSubmits()
        guard !unsent.isEmpty else { return }
        let now = clock.wall()
        step { state in
            for id in unsent {
                guard let place = state.engine.runs.place(ofClientSequence: id) else { continue }
                answerUnsent(place, "the session was closed before the adapter was given the order", now, &state)
            }
        }
    }

    /// Takes back what still lies in a lane's queue when its parent's deadline has passed: certain not to have been sent.
    private func withdrawLate(_ now: Timestamp) {
        step { state in
            guard state.lateDue <= now else { return }
            state.lateDue = now.advanced(by: 250_000_000)
            let late = unanswered(state) { run, _ in
                let length = run.admission.order.deadlineMilliseconds.multipliedSaturating(by: 1_000_000)
                return run.admission.admittedAt.advanced(by: length) <= now
            }
            book(takeBack(late, state), reason: .deadline, &state)
        }
    }

    private func dueFunds(_ now: Timestamp, _ state: inout State) -> [(AdapterSession, AccountID, Int32)] {
        var due: [(AdapterSession, AccountID, Int32)] = []
        for (account, seat) in state.sessions {
            guard state.fundsDue[account].map({ $0 <= now }) ?? false,
                seat.session.adapter.description.capabilities.contains(.queryFunds)
            else { continue }
            let status = seat.session.status.state
            guard status == .ready || status == .degraded else { continue }
            state.fundsDue[account] = now.advanced(by: options.fundsInterval)
            due.append((seat.session, account, seat.index))
        }
        return due.sorted { $0.1.rawValue < $1.1.rawValue }
    }

    /// A question for an account's holdings, with what the books said when it left (C23).
    struct HoldingsDemand {
        let session: AdapterSession
        let account: AccountID
        let index: Int32
        let query: Inputs.HoldingsQuery
    }

    /// Accounts whose limits look at holdings and whose last answer is older than `holdingsInterval`.
    private func dueHoldings(_ now: Timestamp, _ state: inout State) -> [HoldingsDemand] {
        var due: [HoldingsDemand] = []
        for (account, seat) in state.sessions {
            guard state.holdingsDue[account].map({ $0 <= now }) ?? true,
                seat.session.status.state == .ready,
                seat.session.adapter.description.capabilities.contains(.queryHoldings),
                let number = state.engine.accountNumber(account),
                state.engine.accountLimits(number)?.shortRules.delivery ?? .unlimited != .unlimited
            else { continue }
            state.holdingsDue[account] = now.advanced(by: options.holdingsInterval)
            due.append(
                HoldingsDemand(
                    session: seat.session, account: account, index: seat.index,
                    query: state.engine.holdingsQuery(number, now: now)))
        }
        return due
    }

    private func askHoldings(_ demand: HoldingsDemand) {
        let deadline = clock.monotonic() + options.commandDeadline
        demand.session.query(.holdings, accountIndex: demand.index, deadline: deadline) { result in
            switch result {
            case .success(let rows): self.state.withLockedValue { $0.engine.setHoldings(demand.query, rows) }
            case .failure(let failure):
                self.logger.warning(
                    "Holdings could not be read",
                    metadata: ["account.id": "\(demand.account)", "reason": "\(failure)"])
            }
        }
    }

    private func askFunds(_ session: AdapterSession, _ account: AccountID, _ index: Int32, at asked: Timestamp) {
        session.query(.funds, accountIndex: index, deadline: clock.monotonic() + options.commandDeadline) { result in
            switch result {
            case .success(let reports):
                self.state.withLockedValue { state in
                    state.fundsFailures[account] = nil
                    guard let number = state.engine.accountNumber(account) else { return }
                    for var report in reports {
                        // What the figures cannot contain is counted from when the question left.
                        report.asOf = min(report.asOf, asked)
                        state.engine.setFunds(number, report)
                    }
                }
            case .failure(let failure):
                // The figures of before stand until their `max_age` says that they are stale; where there are none yet,
                // every order would be refused until the next question: it comes soon, then ever later.
                self.state.withLockedValue { state in
                    let failures = state.fundsFailures[account] ?? 0
                    state.fundsFailures[account] = failures + 1
                    let soon = self.clock.wall().advanced(by: self.backoff(failures))
                    state.fundsDue[account] = min(state.fundsDue[account] ?? soon, soon)
                }
                self.logger.warning(
                    "Funds could not be read",
                    metadata: ["account.id": "\(account)", "reason": "\(failure)"])
            }
        }
    }
}
