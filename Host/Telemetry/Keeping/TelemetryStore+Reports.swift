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
    /// Those that were handed over, and the sum of what they waited for the broker and the adapter, nanoseconds; saturates.
    package var answered: Int64
    package var adapterTime: Int64
    package var wireTime: Int64
    /// Legs of which network and broker time are known apart, and the sums of both.
    package var measured: Int64
    package var networkTime: Int64
    package var brokerTime: Int64
    package var retries: Int64
}

/// What `OutcomeCount` sums, as it is summed.
private struct OutcomeSum {
    var (legs, answered, adapterTime, wireTime) = (Int64(0), Int64(0), Int64(0), Int64(0))
    var (measured, networkTime, brokerTime, retries) = (Int64(0), Int64(0), Int64(0), Int64(0))

    mutating func add(_ leg: borrowing PackedLeg) {
        func add(_ value: Int64?, to sum: inout Int64) {
            let (whole, overflow) = sum.addingReportingOverflow(value ?? 0)
            sum = overflow ? .max : whole
        }
        legs += 1
        answered += leg.adapterTime == nil ? 0 : 1
        measured += leg.networkTime == nil ? 0 : 1
        add(leg.adapterTime, to: &adapterTime)
        add(leg.wireTime, to: &wireTime)
        add(leg.networkTime, to: &networkTime)
        add(leg.brokerTime, to: &brokerTime)
        add(leg.retries, to: &retries)
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
    package var legs: Int64 = 0
    package var refused: Int64 = 0
    /// Runs that handed over two legs or more, and what lay between the first and the last, nanoseconds.
    package var spreads: Int64 = 0
    package var meanSpread: Int64?
    package var longestSpread: Int64?
}

extension TelemetryStore {
    /// Strategies, outcomes, or other names that a report tells apart; what comes later in the order of names is left out
    /// and the report says so.
    package static let maximumReportRows = 2_000

    package func totals(_ filter: TelemetryFilter) throws(Failure) -> RunTotals {
        let rule = Rule(filter, after: nil)
        return try read { database in
            var totals = RunTotals()
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT status, count(*), sum(legs), sum(legs_refused) FROM run_summary WHERE \(rule.sql)
                    GROUP BY status
                    """, arguments: StatementArguments(rule.arguments))
            for row in rows {
                totals.runs[row[0]] = row[1]
                totals.legs += row[2] as Int64
                totals.refused += row[3] as Int64
            }
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

    /// Legs by adapter, account, status and code, most first within the bound.
    package func outcomes(_ filter: TelemetryFilter) throws(Failure) -> [OutcomeCount] {
        try read { database in
            var counts: [OutcomeKey: OutcomeSum] = [:]
            try forEachLeg(filter, database) { leg in counts[OutcomeKey(leg), default: OutcomeSum()].add(leg) }
            let sorted = counts.sorted { left, right in
                left.value.legs != right.value.legs ? left.value.legs > right.value.legs : left.key < right.key
            }
            return sorted.prefix(Self.maximumReportRows).compactMap { key, sum in
                guard let adapter = AdapterID(key.adapter) else { return nil }
                return OutcomeCount(
                    adapter: adapter, account: AccountID(unchecked: key.account), status: key.status, code: key.code,
                    legs: sum.legs, answered: sum.answered, adapterTime: sum.adapterTime, wireTime: sum.wireTime,
                    measured: sum.measured, networkTime: sum.networkTime, brokerTime: sum.brokerTime,
                    retries: sum.retries)
            }
        }
    }

    /// Legs that were refused, rejected or not sent, by code, most first.
    package func refusals(_ filter: TelemetryFilter) throws(Failure) -> [(code: String, legs: Int64)] {
        try read { database in
            var counts: [String: Int64] = [:]
            try forEachLeg(filter, database) { leg in
                if let code = leg.failureCode { counts[code, default: 0] += 1 }
            }
            let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
            return sorted.prefix(Self.maximumReportRows).map { (code: $0.key, legs: $0.value) }
        }
    }

    /// Strategies and their currencies, by name. Sums are exact: made here, not by the database.
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
                guard reports[key] != nil || reports.count < Self.maximumReportRows else { break }
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
