package import Domain

/// How much of one limit is used.
package struct LimitUsage: Hashable, Sendable {
    package var control: ControlID
    /// `nil` = an input is missing: a price, the funds.
    package var used: Int64?
    package var limit: Int64
    package var unit: Rejection.Unit
    /// Of money; `nil` for what is no money.
    package var currency: Currency?

    /// Used part in basis points, rounded down; more than 10,000 where a limit was tightened below what is used.
    package var basisPoints: Int64? {
        guard let used else { return nil }
        guard limit > 0 else { return used > 0 ? 10_000 : 0 }
        return scaled(max(0, used), 10_000, over: limit)
    }
}

extension Engine {
    /// Limits of an account that have a number to compare with, in evaluation order; unlimited ones are left out.
    package func usage(account: Int32, now: Timestamp) -> [LimitUsage] {
        guard let limits = resolved.account(Int(account)) else { return [] }
        let entry = accounts[Int(account)]
        let currency = entry.account.currency
        let equity = inputs.funds[Int(account)]?.equity
        var usage: [LimitUsage] = []
        func add(_ control: ControlID, _ used: Int64?, _ limit: Int64, _ unit: Rejection.Unit) {
            guard limit != AccountLimits.unlimited else { return }
            usage.append(
                LimitUsage(
                    control: control, used: used, limit: limit, unit: unit, currency: unit == .money ? currency : nil))
        }
        addRates(rates.accounts[account], now, &usage)
        add(.maxOpenOrders, Int64(book.openOrders(of: account)), limits.openOrders, .count)
        add(.dailyCounts, entry.dayOrders, limits.dailyCounts.orders, .count)
        let gross = grossExposure(account: account, currency: currency)
        add(.grossExposure, gross, limits.grossExposure, .money)
        if let gross, let equity, equity > 0 {
            add(.leverage, scaled(gross, 10_000, over: equity), limits.leverage, .basisPoints)
        } else {
            add(.leverage, nil, limits.leverage, .basisPoints)
        }
        add(.dailyLoss, dayResult(account: account).map { max(0, -$0) }, limits.dailyLoss.maximum, .money)
        add(
            .drawdown,
            equity.map {
                saturatingDifference(highWaterMark(account, limits.drawdown.epoch, equity: $0), $0)
            }, limits.drawdown.maximum, .money)
        add(.lossStreak, streak(account, epsilon: limits.lossStreak.epsilon), limits.lossStreak.count, .count)
        return usage
    }

    /// Totals of the firm (`nil`) or of a group.
    package func usage(group: Int32?, now: Timestamp) -> [LimitUsage] {
        let limits = group.map { resolved.groups[Int($0)] } ?? self.limits.firm
        let total = group.map { Int($0) + 1 } ?? 0
        var usage: [LimitUsage] = []
        let logs = group.map { rates.groups[$0] } ?? rates.firm[0]
        addRates(logs, now, &usage)
        if limits.openOrders != AccountLimits.unlimited {
            usage.append(
                LimitUsage(
                    control: .maxOpenOrders, used: book.totals[total].openOrders, limit: limits.openOrders, unit: .count
                ))
        }
        for (currency, limit) in limits.grossExposure.sorted(by: { $0.key.packed < $1.key.packed })
        where limit != AccountLimits.unlimited {
            usage.append(
                LimitUsage(
                    control: .grossExposure, used: grossExposure(total: total, currency: currency), limit: limit,
                    unit: .money, currency: currency))
        }
        guard let group else { return usage }
        for (currency, limit) in limits.loss.maximum.sorted(by: { $0.key.packed < $1.key.packed })
        where limit != AccountLimits.unlimited {
            let result =
                limits.loss.countsAccounts
                ? memberResult(group, currency: currency) : groupResult(group, currency: currency)
            usage.append(
                LimitUsage(
                    control: .groupLoss, used: result.map { max(0, -$0) }, limit: limit, unit: .money,
                    currency: currency))
        }
        return usage
    }

    /// The fullest window stands for all.
    private func addRates(_ logs: [SlidingLog], _ now: Timestamp, _ usage: inout [LimitUsage]) {
        let windows = logs.map {
            LimitUsage(
                control: .messageRate, used: Int64($0.observed(at: now)), limit: Int64($0.limit), unit: .count)
        }
        if let fullest = windows.max(by: { ($0.basisPoints ?? 0) < ($1.basisPoints ?? 0) }) { usage.append(fullest) }
    }
}
