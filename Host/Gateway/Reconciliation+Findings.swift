import Domain
import Engine
import Exact

/// What one comparison has shown to differ.
struct Findings {
    struct Finding {
        var key: AccountReconciliation.Key
        var order: OrderPlace?
        var row: BrokerOrder?
        var trades: [ExecutionReport] = []
        var gap: PositionGap?
    }
    let account: Int32
    let now: Timestamp
    private(set) var all: [Finding] = []
    /// Causes that this comparison could not look at: what stood of them stands.
    private(set) var kept: Set<Difference.Cause> = []

    init(account: Int32, now: Timestamp) { (self.account, self.now) = (account, now) }

    mutating func keep(_ entry: AccountReconciliation, _ causes: [Difference.Cause]) { kept.formUnion(causes) }

    mutating func missing(_ place: OrderPlace, _ state: borrowing Gateway.State) {
        guard let (id, quantity) = Self.order(place, state) else { return }
        all.append(
            Finding(
                key: .init(cause: .orderMissing, subject: id, ours: quantity, theirs: nil), order: place))
    }

    mutating func ended(_ place: OrderPlace, _ row: BrokerOrder, _ state: borrowing Gateway.State) {
        guard let (id, quantity) = Self.order(place, state) else { return }
        all.append(
            Finding(
                key: .init(cause: .orderEnded, subject: id, ours: quantity, theirs: row.report.leavesQuantity),
                order: place))
    }

    mutating func elsewhere(_ row: BrokerOrder, trades: [ExecutionReport]) {
        let id = row.report.brokerOrderID ?? ""
        all.append(
            Finding(
                // Its quantity alone: what is executed of it meanwhile does not make it another one.
                key: .init(cause: .orderElsewhere, subject: id, ours: nil, theirs: row.quantity), row: row,
                trades: trades.filter { $0.brokerOrderID == id }))
    }

    mutating func position(_ gap: PositionGap) {
        all.append(
            Finding(
                key: .init(cause: gap.cause, subject: gap.symbol.text, ours: gap.ours, theirs: gap.theirs), gap: gap))
    }

    /// The client order id and what is still live of an order.
    private static func order(_ place: OrderPlace, _ state: borrowing Gateway.State) -> (String, ExactDecimal)? {
        let engine = state.engine
        guard let run = engine.runs[place.run], run.orders.indices.contains(Int(place.order)) else { return nil }
        let order = run.orders[Int(place.order)]
        return (
            engine.clientOrderID(order.clientSequence).description,
            engine.instruments[Int(run.instrument(of: order))].instrument.quantity(order.leavesQuantity)
        )
    }
}

extension Gateway {
    /// Acts on differences that two comparisons have shown, and lets go of those that are gone.
    /// - Returns: whether something was seen for the first time, so that a second look is wanted soon.
    func settle(
        _ findings: inout Findings, _ entry: inout AccountReconciliation, policy: ReconciliationPolicy, delay: Int64,
        _ state: inout State
    ) -> Bool {
        let now = findings.now
        let kept = findings.kept
        var suspects = entry.suspects.filter { kept.contains($0.key.cause) }
        var standing = entry.standing.filter { kept.contains($0.key.cause) }
        var isUnsure = false
        for finding in findings.all {
            if let known = entry.standing[finding.key] {
                standing[finding.key] = known
                continue
            }
            guard let since = entry.suspects[finding.key], now.since(since) >= min(delay, policy.confirmation) else {
                suspects[finding.key] = entry.suspects[finding.key] ?? now
                isUnsure = true
                continue
            }
            if let found = act(on: finding, account: findings.account, policy, now, &state) {
                standing[finding.key] = found
            }
        }
        (entry.suspects, entry.standing) = (suspects, standing)
        return isUnsure
    }

    /// - Returns: what stands; `nil` = the broker's word was taken over and nothing differs any more.
    private func act(
        on finding: Findings.Finding, account: Int32, _ policy: ReconciliationPolicy, _ now: Timestamp,
        _ state: inout State
    ) -> ReconciliationReport.Standing? {
        let key = finding.key
        var action = policy.action(key.cause)
        if action == .adopt, !adopt(finding, account: account, now, &state) {
            // Absences are adopted when they have been proven often enough; what cannot be adopted is told.
            action = .flag
        }
        emit(
            .differenceFound(
                Difference(
                    account: account, cause: key.cause, action: action, subject: key.subject, ours: key.ours,
                    theirs: key.theirs, at: now)), &state)
        let id = state.engine.accounts[Int(account)].account.id
        logger.warning(
            "The broker's books differ",
            metadata: [
                "account.id": "\(id)", "cause": "\(key.cause.rawName)", "action": "\(action.rawName)",
                "subject": "\(key.subject)", "ours": "\(key.ours?.description ?? "none")",
                "theirs": "\(key.theirs?.description ?? "none")",
            ])
        if action == .adopt { return nil }
        if action == .reduce { reduce(id, key, now, &state) }
        return ReconciliationReport.Standing(
            cause: key.cause, action: action, subject: key.subject, ours: key.ours, theirs: key.theirs,
            order: finding.order.flatMap { place in
                state.engine.runs[place.run].map {
                    LegID(run: place.run, index: Int($0.orders[Int(place.order)].legIndex))
                }
            }, since: now)
    }

    private func reduce(
        _ account: AccountID, _ key: AccountReconciliation.Key, _ now: Timestamp, _ state: inout State
    ) {
        let scope = Scope(kind: .account, id: account.rawValue)
        guard state.engine.tradingStates[scope]?.status(at: now) ?? .active < .reducing else { return }
        act(
            on: Breach(
                TradingStateChange(
                    scope: scope, status: .reducing,
                    reason: "\(key.cause.rawName) \(key.subject): \(key.ours?.description ?? "none") here, "
                        + "\(key.theirs?.description ?? "none") at the broker",
                    by: "rule:reconcile", at: now), .reducing), &state)
    }

    private func adopt(
        _ finding: Findings.Finding, account: Int32, _ now: Timestamp, _ state: inout State
    ) -> Bool {
        if let row = finding.row { return adopt(row, finding.trades, account: account, now, &state) }
        guard let gap = finding.gap,
            let adoption = state.engine.adoption(
                of: gap, account: account, reason: "rms.reconcile: \(gap.cause.rawName) is adopted",
                by: "rule:reconcile", now: now)
        else { return false }
        emit(.positionAdopted(adoption), &state)
        return true
    }

    /// Takes an order that was entered elsewhere into the books. Executions of it that are not booked yet count to it;
    /// those booked before moved the position already and stay as they are.
    private func adopt(
        _ row: BrokerOrder, _ trades: [ExecutionReport], account: Int32, _ now: Timestamp, _ state: inout State
    ) -> Bool {
        guard let symbol = row.symbol, let number = state.engine.instrumentNumber(symbol),
            let id = row.report.brokerOrderID
        else { return false }
        let instrument = state.engine.instruments[Int(number)].instrument
        var executed: Int64 = 0
        if let stated = row.report.cumulativeQuantity {
            guard let steps = instrument.steps(stated) else { return false }
            executed = steps
        }
        // A trade that this step is about to book is not part of what was before.
        for trade in trades where trade.kind == .new && !state.engine.isBooked(trade) {
            executed -= min(executed, instrument.steps(trade.lastQuantity) ?? 0)
        }
        guard
            let admission = state.engine.adoption(of: row, account: account, executedBefore: executed, now: now)
        else { return false }
        emit(.runAdmitted(admission), &state)
        emit(
            .orderAdopted(run: admission.run, order: 0, brokerOrderID: id, executedBefore: executed, at: now), &state)
        // What its adapter remembers of it, without which a cancel may not find it.
        reported(row.report, now, &state)
        for trade in trades { _ = self.executed(trade, now, &state) }
        return true
    }
}

extension Engine {
    /// Whether an execution is known already.
    func isBooked(_ report: ExecutionReport) -> Bool {
        guard let account = accountNumber(report.account) else { return false }
        return runs.executions(
            has: ExecutionKey(
                adapter: accounts[Int(account)].account.adapter, account: account, executionID: report.executionID))
    }
}
