import Adapters
import Domain
import Engine
import Exact
import Faults
import NIOConcurrencyHelpers

// Books and brokers are compared account by account: at the start and on every reconnect, at an interval, and when a
// session with live orders has gone quiet. Lists are asked for outside the lock and taken in one step.

extension Gateway {
    /// Comparisons under way at once; more wait for their turn.
    static let mostReconciliations = 32
    /// Comparisons of one account that follow one another at once, while something is unsure.
    static let looksInARow = 5

    /// One account's questions, to be put outside the lock.
    struct ReconciliationQuestion {
        var account: AccountID
        var number: Int32
        var session: AdapterSession
        var index: Int32
        var askedAt: Timestamp
    }

    /// All answers of one comparison.
    struct ReconciliationAnswers: Sendable {
        var orders: Answered<BrokerOrder> = .unsupported
        var executions: Answered<ExecutionReport> = .unsupported
        var positions: Answered<PositionReport> = .unsupported
        var holdings: Answered<HoldingReport> = .unsupported
    }

    /// An account became ready: it is compared at once.
    func reconcileSoon(_ account: AccountID, _ now: Timestamp, _ state: inout State) {
        let isFirst = state.reconciliations[account] == nil
        var entry =
            state.reconciliations[account]
            ?? AccountReconciliation(dueAt: now, cause: .start, report: ReconciliationReport(account: account))
        // What was asked over a session that is gone will not be answered.
        (entry.dueAt, entry.cause, entry.askedAt) = (now, isFirst ? .start : .reconnect, nil)
        state.reconciliations[account] = entry
        state.reconciliationsDue = now
    }

    /// The accounts whose time has come. Under the lock.
    func dueReconciliations(_ now: Timestamp, _ state: inout State) -> [ReconciliationQuestion] {
        guard state.reconciliationsDue <= now else { return [] }
        state.reconciliationsDue = now.advanced(by: 250_000_000)
        let policy = options.reconciliation
        let patience = options.commandDeadline.multipliedSaturating(by: 3)
        var isUnderWay = 0
        var due: [(Timestamp, AccountID)] = []
        for (account, entry) in state.reconciliations {
            if let askedAt = entry.askedAt, now.since(askedAt) < patience {
                isUnderWay += 1
                continue
            }
            guard let seat = state.sessions[account], seat.session.status.state == .ready,
                let number = state.engine.accountNumber(account)
            else { continue }
            if entry.dueAt <= now {
                due.append((entry.dueAt, account))
            } else if state.engine.openOrders(number) > 0,
                now.since(state.heard(seat.session)) > policy.quietGap,
                now.since(entry.report.finishedAt ?? now) > policy.quietGap
            {
                state.reconciliations[account]?.cause = .quiet
                due.append((entry.dueAt, account))
            }
        }
        due.sort { ($0.0, $0.1.rawValue) < ($1.0, $1.1.rawValue) }
        return due.prefix(max(0, Self.mostReconciliations - isUnderWay)).compactMap { _, account in
            guard let seat = state.sessions[account], let number = state.engine.accountNumber(account) else {
                return nil
            }
            state.reconciliations[account]?.askedAt = now
            return ReconciliationQuestion(
                account: account, number: number, session: seat.session, index: seat.index, askedAt: now)
        }
    }

    /// Puts an account's questions; the last answer ends the comparison.
    func ask(_ question: ReconciliationQuestion) {
        FaultPoint.hit(.reconcileAsked)
        let session = question.session
        let capabilities = session.adapter.description.capabilities
        let box = NIOLockedValueBox((left: 4, answers: ReconciliationAnswers()))
        @Sendable func answered(_ take: (inout ReconciliationAnswers) -> Void) {
            let answers = box.withLockedValue { box -> ReconciliationAnswers? in
                take(&box.answers)
                box.left -= 1
                return box.left == 0 ? box.answers : nil
            }
            if let answers { step { state in self.finish(question, answers, &state) } }
        }
        func ask<Row, Kept>(
            _ query: AdapterQuery<Row>, _ capability: AdapterCapabilities,
            _ part: WritableKeyPath<ReconciliationAnswers, Answered<Kept>> & Sendable,
            _ convert: @escaping @Sendable (Row) -> Kept
        ) {
            guard capabilities.contains(capability) else { return answered { $0[keyPath: part] = .unsupported } }
            session.query(
                query, accountIndex: question.index, deadline: clock.monotonic() + options.commandDeadline
            ) { result in
                answered { answers in
                    switch result {
                    case .success(let rows): answers[keyPath: part] = .rows(rows.map(convert))
                    case .failure(let failure): answers[keyPath: part] = .failed("\(failure)")
                    }
                }
            }
        }
        ask(.orders, .queryOrders, \.orders) { BrokerOrder($0) }
        ask(.trades, .queryTrades, \.executions) { $0 }
        ask(.positions, .queryPositions, \.positions) { $0 }
        ask(.holdings, .queryHoldings, \.holdings) { $0 }
    }

    /// Takes what a broker answered: news first, then what differs.
    private func finish(
        _ question: ReconciliationQuestion, _ answers: ReconciliationAnswers, _ state: inout State
    ) {
        let now = clock.wall()
        guard var entry = state.reconciliations[question.account], entry.askedAt == question.askedAt,
            state.sessions[question.account]?.session === question.session
        else { return }
        entry.askedAt = nil
        FaultPoint.hit(.reconcileAnswered)
        var report = ReconciliationReport(account: question.account)
        (report.cause, report.askedAt, report.finishedAt) = (entry.cause, question.askedAt, now)
        (report.orders, report.executions) = (.init(answers.orders), .init(answers.executions))
        (report.positions, report.holdings) = (.init(answers.positions), .init(answers.holdings))
        var findings = Findings(account: question.number, now: now)
        let delay = question.session.adapter.description.visibilityDelayNanoseconds
        if let rows = answers.orders.rows {
            takeOrders(rows, answers.executions.rows ?? [], question, delay, &report, &findings, &entry, &state)
        } else {
            findings.keep(entry, [.orderElsewhere, .orderMissing, .orderEnded])
        }
        for row in answers.executions.rows ?? [] where executed(row, now, &state) { report.executions.booked += 1 }
        takePositions(answers, question, &report, &findings, entry, &state)
        let isUnsure = settle(&findings, &entry, policy: options.reconciliation, delay: delay, &state)
        report.differences = entry.standing.values.sorted {
            ($0.cause.rawValue, $0.subject) < ($1.cause.rawValue, $1.subject)
        }
        report.fundsAsOf = state.engine.funds(question.number)?.asOf
        let isWhole =
            answers.orders.rows != nil && answers.executions.rows != nil && report.positions.state == .answered
        report.status = !report.differences.isEmpty ? .differs : isWhole ? .matched : .incomplete
        entry.report = report
        // A busy account is not asked again and again: after a few looks in a row the interval holds.
        entry.looks = isUnsure || report.positions.state == .skipped ? entry.looks + 1 : 0
        let isSoon = entry.looks > 0 && entry.looks % Self.looksInARow != 0
        entry.cause = isSoon ? .confirmation : .interval
        entry.dueAt = now.advanced(
            by: isSoon ? max(options.reconciliation.confirmation, delay) : options.reconciliation.interval)
        let waiters = isSoon ? [] : entry.waiters
        if !isSoon { entry.waiters = [] }
        state.reconciliations[question.account] = entry
        FaultPoint.hit(.reconcileFinished)
        for waiter in waiters { waiter.resume() }
    }

    // MARK: Orders

    private func takeOrders(
        _ rows: [BrokerOrder], _ trades: [ExecutionReport], _ question: ReconciliationQuestion, _ delay: Int64,
        _ report: inout ReconciliationReport, _ findings: inout Findings, _ entry: inout AccountReconciliation,
        _ state: inout State
    ) {
        let now = findings.now
        for row in rows {
            if let symbol = row.symbol, state.engine.instrumentNumber(symbol) == nil { try? define(symbol, &state) }
        }
        let comparison = state.engine.compare(
            rows, of: question.number, askedAt: question.askedAt, visibilityDelay: delay)
        report.orders.matched = comparison.matched.count
        report.orders.localOnly = comparison.localOnly.count
        report.orders.brokerOnly = comparison.brokerOnly.count
        report.orders.differs = comparison.otherTerms.count + comparison.behind.count + comparison.ended.count
        report.openOrders = comparison.open.count
        for row in comparison.ours {
            settleReplace(row, askedAt: question.askedAt, now, &state)
            reported(row.report, now, &state)
        }
        for (place, terms) in comparison.otherTerms {
            // Changed elsewhere: the broker's list is the authority on what works there.
            emit(.termsFound(run: place.run, order: place.order, terms: terms, at: now), &state)
        }
        for place in comparison.open { lookUp(place, &state) }
        // What a list lacks is looked up one by one: a list may be a page short.
        let missing = Set(comparison.localOnly)
        entry.absences = entry.absences.filter { missing.contains($0.key) }
        let canLookUp = question.session.adapter.description.capabilities.contains(.reconcile)
        for place in comparison.localOnly {
            if canLookUp {
                lookUp(place, &state)
                if entry.absences[place] != nil { findings.missing(place, state) }
            } else {
                absent(place, proofs: 1, &entry, &state)
                findings.missing(place, state)
            }
        }
        for (place, row) in comparison.ended { findings.ended(place, row, state) }
        for row in comparison.brokerOnly {
            if state.engine.mayBeOurs(row, account: question.number) { continue }
            findings.elsewhere(row, trades: trades)
        }
    }

    /// An order that the broker once acknowledged, or has not answered for, is not there by its own word. What follows is
    /// the operator's to choose: it never ends by itself unless that was asked for.
    func absent(_ place: OrderPlace, proofs: Int, _ entry: inout AccountReconciliation, _ state: inout State) {
        let count = (entry.absences[place] ?? 0) + proofs
        entry.absences[place] = count
        let policy = options.reconciliation
        guard policy.action(.orderMissing) == .adopt, count >= policy.proofsOfLoss else { return }
        entry.absences[place] = nil
        let now = clock.wall()
        if let account = accountID(of: place, state), let number = state.engine.accountNumber(account),
            let run = state.engine.runs[place.run]
        {
            let order = run.orders[Int(place.order)]
            let instrument = state.engine.instruments[Int(run.instrument(of: order))].instrument
            emit(
                .differenceFound(
                    Difference(
                        account: number, cause: .orderMissing, action: .adopt,
                        subject: state.engine.clientOrderID(order.clientSequence).description,
                        ours: instrument.quantity(order.leavesQuantity), theirs: nil, at: now)), &state)
        }
        emit(
            .orderResolved(
                run: place.run, order: place.order,
                Resolution(
                    outcome: .absent, reason: "the broker said \(count) times that it does not have the order",
                    by: "rule:order-missing", at: now)), &state)
    }

    // MARK: Positions

    private func takePositions(
        _ answers: ReconciliationAnswers, _ question: ReconciliationQuestion, _ report: inout ReconciliationReport,
        _ findings: inout Findings, _ entry: AccountReconciliation, _ state: inout State
    ) {
        func passOver(_ reason: String) {
            (report.positions.state, report.positions.reason) = (.skipped, reason)
            findings.keep(entry, [.position, .positionElsewhere])
        }
        guard let rows = answers.positions.rows else {
            return findings.keep(entry, [.position, .positionElsewhere])
        }
        if case .failed = answers.executions { return passOver("executions could not be read") }
        // A fill between the questions is on one side only: the next comparison has it on both.
        if let executedAt = state.executedAt[question.account], executedAt >= question.askedAt {
            return passOver("executions came meanwhile")
        }
        let isMissing = state.missing.contains { place, entry in
            entry.dueAt.nanoseconds != .max && accountID(of: place, state) == question.account
        }
        if isMissing {
            return passOver("executions are still asked for")
        }
        for row in rows where state.engine.instrumentNumber(row.symbol) == nil { try? define(row.symbol, &state) }
        let (matched, gaps) = state.engine.compare(rows, holdings: answers.holdings.rows, of: question.number)
        report.positions.matched = matched
        report.positions.differs = gaps.count
        for gap in gaps { findings.position(gap) }
    }
}
