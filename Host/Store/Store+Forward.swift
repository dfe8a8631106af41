package import Domain

/// Which runs to read on from, oldest first; a `nil` filter lets all pass.
package struct RunForwardQuery: Hashable, Sendable {
    /// Only runs after this one.
    package var after: RunID?
    package var groupID: GroupID?
    /// Only runs that were admitted at or after.
    package var from: Timestamp?
    /// Only runs that were admitted before.
    package var to: Timestamp?
    /// 1 to `Store.maximumPage`.
    package var limit: Int

    package init(after: RunID?, groupID: GroupID?, from: Timestamp?, to: Timestamp?, limit: Int) {
        (self.after, self.groupID, self.from, self.to, self.limit) = (after, groupID, from, to, limit)
    }
}

/// A run as a reader that goes forward needs it: its number and how much it will bring.
package struct RunWeight: Hashable, Sendable {
    package var run: RunID
    /// Legs up to the last one that an order was made for; refused ones behind it are not counted. One look-up: to count a
    /// run's legs costs more than to export them.
    package var legs: Int
    /// The newest durable event about it.
    package var updatedAt: Timestamp
}

extension Store {
    /// Runs by number, oldest first, for whoever reads all of them. `Page.next` is what to hand on as `after`.
    package func runsForward(_ query: RunForwardQuery) throws(StoreFailure) -> Page<RunWeight, RunID> {
        try Store.checkLimit(query.limit)
        let filter = query.groupID != nil ? "group_id = ?2 AND" : "?2 IS NULL AND"
        let page = try read { database throws(StoreFailure) in
            var statement = try RawStatement(
                database,
                """
                SELECT run_number, created_at, updated_at,
                    (SELECT (leg_key & 1048575) + 1 FROM leg
                     WHERE leg_key >= run_number << 20 AND leg_key < (run_number + 1) << 20
                     ORDER BY leg_key DESC LIMIT 1)
                FROM run WHERE \(filter) run_number > ?1 ORDER BY run_number
                """)
            statement.bind(1, try query.after?.rowNumber ?? 0)
            statement.bind(2, query.groupID?.rawValue)
            return try Store.collect(&statement, limit: query.limit, key: 0) { row throws(StoreFailure) -> RunWeight? in
                let createdAt = row.timestamp(1)
                if let from = query.from, createdAt < from { return nil }
                if let to = query.to, createdAt >= to { return nil }
                return RunWeight(
                    run: RunID(number: UInt64(clamping: row.integer(0))), legs: Int(clamping: row.integer(3)),
                    updatedAt: row.timestamp(2))
            }
        }
        return Page(rows: page.rows, next: page.next.map { RunID(number: UInt64(clamping: $0)) })
    }

    /// The numbers of the records with events of any of `runs`, oldest first, each once.
    package func journalSequences(of runs: [RunID]) throws(StoreFailure) -> [UInt64] {
        try read { database throws(StoreFailure) in
            var statement = try RawStatement(database, "SELECT sequence FROM run_journal WHERE run_number = ?")
            var sequences: Set<UInt64> = []
            for run in runs {
                statement.bind(1, try run.rowNumber)
                while try statement.next() { sequences.insert(UInt64(clamping: statement.integer(0))) }
            }
            return sequences.sorted()
        }
    }
}
