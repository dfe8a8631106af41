package import Domain
import GRDB

/// Which runs to list; a `nil` filter lets all pass.
package struct RunQuery: Hashable, Sendable {
    package var groupID: GroupID?
    /// Matches orders on one account, whose run names it, not the legs of a fan-out.
    package var accountID: AccountID?
    package var status: String?
    /// Only runs before this one: the `next` of the page before.
    package var before: RunID?
    /// 1 to `Store.maximumPage`.
    package var limit: Int

    package init(
        groupID: GroupID? = nil, accountID: AccountID? = nil, status: String? = nil, before: RunID? = nil, limit: Int
    ) {
        (self.groupID, self.accountID, self.status) = (groupID, accountID, status)
        (self.before, self.limit) = (before, limit)
    }
}

/// A run with all its legs by index, of one moment.
package struct RunWithLegs: Hashable, Sendable {
    package var run: RunRow
    package var legs: [LegRow]
}

extension Store {
    package func run(_ id: RunID) throws(StoreFailure) -> RunWithLegs? {
        try read(isolated: true) { database throws(StoreFailure) in
            var runs = try RawStatement(database, "SELECT \(Store.runColumns) FROM run WHERE run_number = ?")
            runs.bind(1, try id.rowNumber)
            guard try runs.next() else { return nil }
            defer { runs.reset() }
            let run = try Store.runRow(runs)
            var statement = try RawStatement(
                database, "SELECT \(Store.legColumns) FROM leg WHERE leg_key >= ? AND leg_key < ? ORDER BY leg_key")
            let range = try Store.legKeys(of: id)
            statement.bind(1, range.lowerBound)
            statement.bind(2, range.upperBound)
            var legs: [LegRow] = []
            while try statement.next() { legs.append(try Store.legRow(statement)) }
            return RunWithLegs(run: run, legs: legs)
        }
    }

    /// Runs by number, newest first.
    package func runs(_ query: RunQuery) throws(StoreFailure) -> Page<RunRow, RunID> {
        try Store.checkLimit(query.limit)
        let filter = query.groupID != nil ? "group_id = ?2 AND" : "?2 IS NULL AND"
        let page = try read { database throws(StoreFailure) in
            var statement = try RawStatement(
                database,
                "SELECT \(Store.runColumns) FROM run WHERE \(filter) run_number < ?1 ORDER BY run_number DESC")
            statement.bind(1, try query.before?.rowNumber ?? .max)
            statement.bind(2, query.groupID?.rawValue)
            return try Store.collect(&statement, limit: query.limit, key: 0) { row throws(StoreFailure) -> RunRow? in
                if let wanted = query.status, !row.holds(wanted, at: 3) { return nil }
                if let wanted = query.accountID, !row.holds(wanted.rawValue, at: 2) { return nil }
                return try Store.runRow(row)
            }
        }
        return Page(rows: page.rows, next: page.next.map { RunID(number: UInt64(clamping: $0)) })
    }

    static let runColumns = "run_number, group_id, account_id, status, created_at, updated_at, body"

    private static func runRow(_ row: RawStatement) throws(StoreFailure) -> RunRow {
        RunRow(
            run: RunID(number: UInt64(clamping: row.integer(0))),
            groupID: row.optionalText(1).map(GroupID.init(unchecked:)),
            accountID: row.optionalText(2).map(AccountID.init(unchecked:)), status: row.text(3),
            createdAt: row.timestamp(4), updatedAt: row.timestamp(5), body: row.bytes(6))
    }

    static func legKeys(of run: RunID) throws(StoreFailure) -> Range<Int64> {
        let first = try LegID(run: run, index: 0).key
        return first..<(first + 1 << LegID.keyShift)
    }
}
