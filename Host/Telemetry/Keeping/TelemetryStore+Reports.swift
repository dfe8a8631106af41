package import Domain
import GRDB

/// How legs ended, counted.
package struct OutcomeCount: Hashable, Sendable {
    package var adapter: AdapterID
    package var account: AccountID
    /// In the answer's words: `FILLED`, `REFUSED` …
    package var status: String
    /// Why it was refused, rejected or not sent; `nil` = it was not.
    package var code: String?
    package var legs: Int64
    /// Means over the legs of which each is known, nanoseconds, rounded down; `nil` where it is known of none.
    package var adapterTime: Int64?
    package var wireTime: Int64?
    package var networkTime: Int64?
    package var brokerTime: Int64?
    /// Cancels, look-ups and modifies after the first send; `nil` where capture saw none of the legs.
    package var retries: Int64?
    /// Legs that were the first of several to be handed over, of `ranked` that were one of several.
    package var sentFirst: Int64
    package var ranked: Int64
    /// Mean place in the order of sending, thousandths, rounded down: 0 = always first, 1000 = always last. `nil` where
    /// `ranked` is 0.
    package var sendPlace: Int64?
}

/// A mean that is being made. Saturates.
private struct Mean {
    var sum: Int64 = 0
    var count: Int64 = 0

    mutating func add(_ value: Int64?) {
        guard let value else { return }
        let (whole, overflow) = sum.addingReportingOverflow(value)
        sum = overflow ? .max : whole
        count += 1
    }

    var value: Int64? { count == 0 ? nil : sum / count }
}

/// What `OutcomeCount` sums, as it is summed.
private struct OutcomeSum {
    var (legs, sentFirst) = (Int64(0), Int64(0))
    var (adapterTime, wireTime, networkTime, brokerTime) = (Mean(), Mean(), Mean(), Mean())
    var (retries, sendPlace) = (Mean(), Mean())

    /// - Parameter sent: legs of its run that were handed over.
    mutating func add(_ leg: borrowing PackedLeg, sent: Int64) {
        legs += 1
        adapterTime.add(leg.adapterTime)
        wireTime.add(leg.wireTime)
        networkTime.add(leg.networkTime)
        brokerTime.add(leg.brokerTime)
        retries.add(leg.retries)
        guard let rank = leg.sendRank, sent > 1 else { return }
        sendPlace.add(rank * 1_000 / (sent - 1))
        sentFirst += rank == 0 ? 1 : 0
    }
}

private struct OutcomeKey: Hashable, Comparable {
    let adapter: String
    let account: String
    let status: String
    let code: String?

    init(_ leg: borrowing PackedLeg) {
        (adapter, account) = (leg.adapter?.string ?? "", leg.account?.string ?? "")
        (status, code) = (leg.status?.string ?? "", leg.failureCode)
    }

    static func < (left: Self, right: Self) -> Bool {
        (left.adapter, left.account, left.status, left.code ?? "")
            < (right.adapter, right.account, right.status, right.code ?? "")
    }
}

extension PackedLeg {
    /// The code of a leg that failed; what a broker says of an order that it took is none.
    fileprivate var failureCode: String? {
        guard let code = rejectCode?.string, code != LegTiming.Reject.message else { return nil }
        return code
    }
}

/// What a strategy did, in one currency.
package struct StrategyReport: Hashable, Sendable {
    /// `nil` = orders that name none.
    package var strategy: String?
    package var currency: Currency
    /// By status, in the answer's words.
    package var runs: [String: Int64] = [:]
    package var legs: Int64 = 0
    package var refused: Int64 = 0
    /// Σ of the runs' slippage, in the currency: positive is worse than arrival. `nil` = no run had one, or it does not fit.
    package var slippageCost: ExactDecimal?
    /// Runs that `slippageCost` sums.
    package var priced: Int64 = 0
    var isOverflown = false
}

/// Totals over runs.
package struct RunTotals: Hashable, Sendable {
    /// By status, in the answer's words.
    package var runs: [String: Int64] = [:]
    /// Runs that handed over two legs or more, and what lay between the first and the last, nanoseconds.
    package var spreads: Int64 = 0
    package var meanSpread: Int64?
    package var longestSpread: Int64?
}

extension TelemetryStore {
    /// Strategies, outcomes, or other names that a report tells apart at most: a question that would make more is refused,
    /// so that no answer looks whole and is not.
    package static let maximumReportRows = 2_000

    package func totals(_ filter: TelemetryFilter) throws(Failure) -> RunTotals {
        let rule = Rule(filter, after: nil)
        return try read { database in
            var totals = RunTotals()
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT status, count(*) FROM run_summary WHERE \(rule.sql) GROUP BY status
                    """, arguments: StatementArguments(rule.arguments))
            for row in rows { totals.runs[row[0]] = row[1] }
            let spread = try Row.fetchOne(
                database,
                sql: """
                    SELECT count(*), CAST(avg(last_sent_at - first_sent_at) AS INTEGER), max(last_sent_at - first_sent_at)
                    FROM run_summary WHERE \(rule.sql) AND first_sent_at != 0 AND legs > 1
                    """, arguments: StatementArguments(rule.arguments))
            if let spread {
                (totals.spreads, totals.meanSpread, totals.longestSpread) = (spread[0], spread[1], spread[2])
            }
            return totals
        }
    }

    /// Legs by adapter, account, status and code, most first.
    ///
    /// - Throws: `Failure.isTooWide` for more than `maximumReportRows`.
    package func outcomes(_ filter: TelemetryFilter) throws(Failure) -> [OutcomeCount] {
        try read { database in
            var counts: [OutcomeKey: OutcomeSum] = [:]
            try forEachLeg(filter, database) { leg, sent in
                counts[OutcomeKey(leg), default: OutcomeSum()].add(leg, sent: sent)
            }
            guard counts.count <= Self.maximumReportRows else { throw Failure.tooManyRows(Self.maximumReportRows) }
            let sorted = counts.sorted { left, right in
                left.value.legs != right.value.legs ? left.value.legs > right.value.legs : left.key < right.key
            }
            return sorted.compactMap { key, sum in
                guard let adapter = AdapterID(key.adapter) else { return nil }
                return OutcomeCount(
                    adapter: adapter, account: AccountID(unchecked: key.account), status: key.status, code: key.code,
                    legs: sum.legs, adapterTime: sum.adapterTime.value, wireTime: sum.wireTime.value,
                    networkTime: sum.networkTime.value, brokerTime: sum.brokerTime.value,
                    retries: sum.retries.count == 0 ? nil : sum.retries.sum, sentFirst: sum.sentFirst,
                    ranked: sum.sendPlace.count, sendPlace: sum.sendPlace.value)
            }
        }
    }

    /// Legs by status, and those that were refused, rejected or not sent by code, most first: bounded by the words there
    /// are, however many accounts.
    package func legCounts(
        _ filter: TelemetryFilter
    ) throws(Failure) -> (statuses: [String: Int64], refusals: [(code: String, legs: Int64)]) {
        try read { database in
            var (statuses, codes): ([String: Int64], [String: Int64]) = ([:], [:])
            try forEachLeg(filter, database) { leg, _ in
                statuses[leg.status?.string ?? "", default: 0] += 1
                if let code = leg.failureCode { codes[code, default: 0] += 1 }
            }
            let sorted = codes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            return (statuses, sorted.map { (code: $0.key, legs: $0.value) })
        }
    }

    /// Strategies and their currencies, by name. Sums are exact: made here, not by the database.
    ///
    /// - Throws: `Failure.isTooWide` for more than `maximumReportRows`.
    package func strategies(_ filter: TelemetryFilter) throws(Failure) -> [StrategyReport] {
        struct Key: Hashable {
            var strategy: String?
            var currency: Currency
        }
        let rule = Rule(filter, after: nil)
        return try read { database in
            var reports: [Key: StrategyReport] = [:]
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT strategy, currency, status, legs, legs_refused, slippage_cost FROM run_summary WHERE \(rule.sql)
                    ORDER BY strategy, currency
                    """, arguments: StatementArguments(rule.arguments))
            while let row = try rows.next() {
                guard let currency = Currency(row[1] as String) else { continue }
                let key = Key(strategy: row[0], currency: currency)
                guard reports[key] != nil || reports.count < Self.maximumReportRows else {
                    throw Failure.tooManyRows(Self.maximumReportRows)
                }
                var report = reports[key] ?? StrategyReport(strategy: key.strategy, currency: currency)
                report.runs[row[2], default: 0] += 1
                report.legs += row[3] as Int64
                report.refused += row[4] as Int64
                if let cost = (row[5] as String?).flatMap({ ExactDecimal($0) }) {
                    report.priced += 1
                    let sum = (report.slippageCost ?? .zero).adding(cost)
                    report.isOverflown = report.isOverflown || sum == nil
                    report.slippageCost = report.isOverflown ? nil : sum
                }
                reports[key] = report
            }
            return reports.values.sorted {
                ($0.strategy ?? "", $0.currency.description) < ($1.strategy ?? "", $1.currency.description)
            }
        }
    }
}
