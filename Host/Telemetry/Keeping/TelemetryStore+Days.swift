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
    package func dayResults(from: Int64, to: Int64, account: AccountID? = nil) throws(Failure) -> [DayResult] {
        try read { database in
            var values: [(any DatabaseValueConvertible)?] = [from, to]
            if let account { values.append(account.rawValue) }
            return try Row.fetchAll(
                database,
                sql: """
                    SELECT account_id, day, currency, minor_units, fees, at, is_closed FROM day_result
                    WHERE day BETWEEN ? AND ? \(account == nil ? "" : "AND account_id = ?")
                    ORDER BY day, account_id, currency LIMIT \(Self.maximumDayRows)
                    """, arguments: StatementArguments(values)
            ).compactMap { row in
                guard let currency = Currency(row[2] as String) else { return nil }
                return DayResult(
                    account: AccountID(unchecked: row[0]), day: row[1], currency: currency, result: row[3],
                    fees: row[4], at: Timestamp(nanoseconds: row[5]), isClosed: row[6])
            }
        }
    }
}
