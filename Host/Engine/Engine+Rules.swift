package import Domain

extension Engine {
    // MARK: What time makes due

    /// What time and news of the brokers alone make due: trading days that begin, cool-offs that end, high-water marks that
    /// rise, cancels that self-trade prevention asks for.
    ///
    /// - Parameter mayLackPrices: `false` = the day of an account that holds an instrument without a price waits for one: its
    ///   result of the day would be unknown all day.
    package func dayEvents(now: Timestamp, mayLackPrices: Bool) -> [Event] {
        var events: [Event] = []
        for (number, entry) in accounts.enumerated() where !entry.isRemoved {
            let day = tradingDay(of: number, now: now)
            let marks = entry.day < day ? marks(of: Int32(number)) : []
            if entry.day < day, mayLackPrices || marks.allSatisfy({ $0.points != nil }) {
                let opening = DayOpening(
                    account: Int32(number), day: day, marks: marks, equity: inputs.funds[number]?.equity)
                events.append(.dayOpened(opening))
            } else if let equity = risenEquity(number) {
                events.append(
                    .dayOpened(DayOpening(account: Int32(number), day: entry.day, marks: [], equity: equity)))
            }
        }
        if !tradingStates.isEmpty { events += endedCoolOffs(now) }
        if !selfTradeCancels.isEmpty { events += dueSelfTradeCancels() }
        return events
    }

    /// Days since the epoch of an account's trading day: the local date of the venue that its limits name, else UTC's.
    /// Never earlier than the day it is in: a change of the venue does not open a day twice.
    package func tradingDay(of account: Int, now: Timestamp) -> Int64 {
        let second = now.nanoseconds.dividedFloor(by: 1_000_000_000)
        let venue = resolved.account(account)?.hours.dayVenue.flatMap { calendar?.venues[$0] }
        let day = (second + (venue?.offset(at: second) ?? 0)).dividedFloor(by: 86_400)
        return max(day, accounts[account].day)
    }

    /// Marks of every instrument that the account, or a group or strategy in it, holds.
    private func marks(of account: Int32) -> [DayOpening.Mark] {
        var held = book.slots(of: account).compactMap { slot -> Int32? in
            let position = book.positions[Int(slot)]
            return position.quantity == 0 ? nil : position.instrument
        }
        for instrument in attribution.heldInstruments(of: account) where !held.contains(instrument) {
            held.append(instrument)
        }
        return held.map { instrument in
            let points = inputs.reference(instrument).points
            return DayOpening.Mark(instrument: instrument, points: points > 0 ? points : nil)
        }
    }

    /// The account's equity where a drawdown limit needs it recorded: it is above what the journal knows.
    private func risenEquity(_ account: Int) -> Int64? {
        guard let limits = resolved.account(account), limits.drawdown.isLimited,
            let equity = inputs.funds[account]?.equity
        else { return nil }
        let entry = accounts[account]
        guard let high = entry.equityHigh, let session = entry.sessionEquityHigh else { return equity }
        return equity > min(high, session) ? equity : nil
    }

    private func endedCoolOffs(_ now: Timestamp) -> [Event] {
        tradingStates.values
            .filter { $0.status == .coolOff && $0.status(at: now) == .active }
            .sorted { $0.scope.description < $1.scope.description }
            .map { change in
                .stateChanged(
                    TradingStateChange(
                        scope: change.scope, status: .active, reason: "the cool-off ended", by: change.by, at: now))
            }
    }

    private func dueSelfTradeCancels() -> [Event] {
        selfTradeCancels.compactMap { place in
            guard let run = runs[place.run], run.orders.indices.contains(Int(place.order)) else { return nil }
            let order = run.orders[Int(place.order)]
            if order.isWaiting {
                return .ordersCanceledLocally(run: place.run, orders: [place.order], reason: .requested)
            }
            guard order.isAtBroker, order.status != .pendingCancel else { return nil }
            return .cancelRequested(run: place.run, order: place.order, by: "rule:self-trade")
        }
    }

    // MARK: Losses

    /// What reached its limit changes state, once: an account by its day's loss (C25), its drawdown (C26) or its losing
    /// streak (C28), a group by its loss (C27). Leaving it takes a person, a cool-off apart.
    /// - Parameter only: one account and no group, `nil` = all.
    package func lossEvents(now: Timestamp, only: Int32? = nil) -> [Breach] {
        var changes: [Breach] = []
        for index in only.map({ Int($0)..<Int($0) + 1 }) ?? accounts.indices {
            guard !accounts[index].isRemoved, let limits = resolved.account(index) else { continue }
            if let change = lossChange(index, limits, now) { changes.append(change) }
        }
        guard only == nil else { return changes }
        for (number, limits) in resolved.groups.enumerated() where !groups[number].isRemoved {
            if let change = groupChange(number, limits.loss, now) { changes.append(change) }
            if let loss = limits.aggregate?.loss, let change = groupChange(number, loss, now),
                !changes.contains(where: { $0.change.scope == change.change.scope })
            {
                changes.append(change)
            }
        }
        for (name, number) in resolved.strategyNumbers.sorted(by: { $0.key < $1.key }) {
            if let change = strategyChange(name, resolved.strategies[Int(number)].loss, now) { changes.append(change) }
        }
        return changes
    }

    /// The most severe change that the account's own limits ask for; `nil` where the scope is that severe already.
    private func lossChange(_ index: Int, _ limits: AccountLimits, _ now: Timestamp) -> Breach? {
        let (id, currency) = (accounts[index].account.id, accounts[index].account.currency)
        let scope = Scope(kind: .account, id: id.rawValue)
        let known = tradingStates[scope]?.status(at: now) ?? .active
        func money(_ minor: Int64) -> Money { Money(minorUnits: minor, currency: currency) }
        var found: Breach?
        func propose(_ response: BreachResponse, _ reason: @autoclosure () -> String, _ rule: String) {
            let status = response.action.status
            guard status > known, status > found?.change.status ?? .active else { return }
            found = Breach(
                TradingStateChange(
                    scope: scope, status: status, reason: reason(), by: rule, at: now,
                    escalation: response.escalation(after: now)), response.action)
        }
        if limits.dailyLoss.maximum != AccountLimits.unlimited, !limits.observed.contains(.dailyLoss),
            known < .halted, let result = dayResult(account: Int32(index)), result <= -limits.dailyLoss.maximum
        {
            propose(
                limits.dailyLoss.response,
                "day's result \(money(result)) reached the limit \(money(-limits.dailyLoss.maximum))",
                "rule:daily-loss")
        }
        if limits.drawdown.isLimited, !limits.observed.contains(.drawdown), let equity = inputs.funds[index]?.equity,
            let breach = drawdown(Int32(index), limits.drawdown, equity: equity)
        {
            propose(
                limits.drawdown.response,
                "equity \(money(equity)) is \(money(breach.fall)) below its mark, the limit is \(money(breach.limit))",
                Self.drawdownRule)
        }
        let streak = limits.lossStreak
        if streak.count != AccountLimits.unlimited, !limits.observed.contains(.lossStreak), known == .active {
            let count = self.streak(Int32(index), epsilon: streak.epsilon)
            if count >= streak.count, found == nil {
                found = Breach(
                    TradingStateChange(
                        scope: scope, status: .coolOff,
                        reason: "\(count) losing round trips in a row reached the limit \(streak.count)",
                        by: Self.lossStreakRule, at: now, until: now.advanced(by: streak.coolOff)), nil)
            }
        }
        return found
    }

    /// Accounts whose day's loss has come near its limit and that nobody was told of today.
    package func warnings(now: Timestamp, only: Int32? = nil) -> [LimitWarning] {
        (only.map { Int($0)..<Int($0) + 1 } ?? accounts.indices).compactMap { index in
            guard !accounts[index].isRemoved, !accounts[index].isWarned, let limits = resolved.account(index),
                limits.dailyLoss.maximum != AccountLimits.unlimited, limits.dailyLoss.warnBasisPoints > 0,
                let result = dayResult(account: Int32(index)), result < 0,
                let near = scaled(limits.dailyLoss.maximum, limits.dailyLoss.warnBasisPoints, over: 10_000),
                result <= -near
            else { return nil }
            return LimitWarning(
                control: .dailyLoss, account: Int32(index), limit: -limits.dailyLoss.maximum, observed: result, at: now)
        }
    }

    private func groupChange(_ number: Int, _ limit: GroupLossLimit, _ now: Timestamp) -> Breach? {
        breach(
            groupLoss(Int32(number), limit), limit, Scope(kind: .group, id: groups[number].group.id.rawValue),
            Self.groupLossRule, now)
    }

    private func strategyChange(_ name: String, _ limit: GroupLossLimit, _ now: Timestamp) -> Breach? {
        breach(strategyLoss(name, limit), limit, Scope(kind: .strategy, id: name), "rule:daily-loss", now)
    }

    private func breach(
        _ state: GroupLossState, _ limit: GroupLossLimit, _ scope: Scope, _ rule: String, _ now: Timestamp
    ) -> Breach? {
        guard state.phase == .breached,
            limit.response.action.status > tradingStates[scope]?.status(at: now) ?? .active
        else { return nil }
        return Breach(
            TradingStateChange(
                scope: scope, status: limit.response.action.status,
                reason:
                    "the \(scope.kind.name)'s result \(state.result) minor units reached the limit \(-state.limit)",
                by: rule, at: now, escalation: limit.response.escalation(after: now)), limit.response.action)
    }
}
