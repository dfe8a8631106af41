package import Domain

/// Whose executions to list.
package enum ExecutionScope: Hashable, Sendable {
    case all
    case run(RunID)
    case account(AccountID)
}

/// A place in the list of executions: the order in which they were stored.
package struct ExecutionCursor: Hashable, Sendable {
    package let rowNumber: Int64

    package init(rowNumber: Int64) { self.rowNumber = rowNumber }
}

extension Store {
    /// Executions in the order they were stored, newest first.
    ///
    /// - Parameters:
    ///   - before: the `next` of the page before.
    ///   - limit: 1 to `maximumPage`.
    package func executions(
        _ scope: ExecutionScope, before: ExecutionCursor? = nil, limit: Int
    ) throws(StoreFailure) -> Page<ExecutionRow, ExecutionCursor> {
        try Store.checkLimit(limit)
        let page = try read { database throws(StoreFailure) in
            var statement: RawStatement
            if case .run(let run) = scope {
                // The plus sends the planner to the index of legs instead of down the table in row order.
                statement = try RawStatement(
                    database,
                    """
                    SELECT \(Store.executionColumns) FROM execution
                    WHERE leg_key >= ?2 AND leg_key < ?3 AND row_number < ?1 ORDER BY +row_number DESC
                    """)
                let keys = try Store.legKeys(of: run)
                statement.bind(2, keys.lowerBound)
                statement.bind(3, keys.upperBound)
            } else {
                statement = try RawStatement(
                    database,
                    """
                    SELECT \(Store.executionColumns) FROM execution
                    WHERE row_number < ?1 ORDER BY row_number DESC
                    """)
            }
            statement.bind(1, before?.rowNumber ?? .max)
            return try Store.collect(&statement, limit: limit, key: 0) { row throws(StoreFailure) -> ExecutionRow? in
                if case .account(let wanted) = scope, !row.holds(wanted.rawValue, at: 2) { return nil }
                return try Store.executionRow(row)
            }
        }
        return Page(rows: page.rows, next: page.next.map(ExecutionCursor.init(rowNumber:)))
    }

    private static let executionColumns = """
        row_number, adapter_id, account_id, execution_id, kind, replaces, leg_key, symbol, side, last_quantity, \
        last_price, fees, transact_time, recorded_at
        """

    private static func executionRow(_ row: RawStatement) throws(StoreFailure) -> ExecutionRow {
        guard let adapterID = AdapterID(row.text(1)) else {
            throw .corrupt("execution row \(row.integer(0)) has an impossible adapter id")
        }
        return ExecutionRow(
            adapterID: adapterID, accountID: AccountID(unchecked: row.text(2)), executionID: row.text(3),
            kind: row.text(4), replaces: row.optionalText(5), leg: row.optionalInteger(6).map(LegID.init(key:)),
            symbol: row.optionalText(7), side: row.text(8), lastQuantity: row.text(9), lastPrice: row.text(10),
            fees: row.text(11), transactTime: row.optionalTimestamp(12), recordedAt: row.timestamp(13))
    }
}
