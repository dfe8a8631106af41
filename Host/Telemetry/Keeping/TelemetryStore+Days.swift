package import Domain
import GRDB

extension TelemetryStore {
    /// Days of results a question gets at most, over all accounts.
    package static let maximumDayRows = 50_000

    /// Keeps results in place of what was kept of the same day; a closed day is not opened again.
    package func keep(_ results: [DayResult]) throws(Failure) {
        guard !results.isEmpty else { return }
        try write { database in
            let put = try database.cachedStatement(
                sql: """
                    INSERT INTO day_result (account_id, day, currency, minor_units, fees, at, is_closed)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT (account_id, day, currency) DO UPDATE SET minor_units = excluded.minor_units,
                        fees = excluded.fees, at = excluded.at, is_closed = excluded.is_closed
                    WHERE excluded.is_closed >= is_closed
                    """)
            for result in results {
                let values: [(any DatabaseValueConvertible)?] = [
                    result.account.rawValue, result.day, result.currency.description, result.result, result.fees,
                    result.at.nanoseconds, result.isClosed,
                ]
                try put.execute(arguments: StatementArguments(values))
            }
        }
    }

    /// Results of the days from `from` to `to`, both counted since 1970 and included, by day, account and currency.
    ///
    /// - Parameter accounts: of these alone; `nil` = of all.
    /// - Throws: `Failure.isTooWide` for more than `maximumDayRows`.
    package func dayResults(from: Int64, to: Int64, accounts: Set<AccountID>? = nil) throws(Failure) -> [DayResult] {
        try read { database in
            var results: [DayResult] = []
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT account_id, day, currency, minor_units, fees, at, is_closed FROM day_result
                    WHERE day BETWEEN ? AND ? ORDER BY day, account_id, currency
                    """, arguments: [from, to])
            while let row = try rows.next() {
                let account = AccountID(unchecked: row[0])
                guard accounts?.contains(account) ?? true, let currency = Currency(row[2] as String) else { continue }
                guard results.count < Self.maximumDayRows else { throw Failure.tooManyRows(Self.maximumDayRows) }
                results.append(
                    DayResult(
                        account: account, day: row[1], currency: currency, result: row[3], fees: row[4],
                        at: Timestamp(nanoseconds: row[5]), isClosed: row[6]))
            }
            return results
        }
    }
}
