package import Domain

extension Store {
    /// Seven days in nanoseconds: the least that a key is kept.
    package static let idempotencyRetention: Int64 = 7 * 86_400 * 1_000_000_000

    package func idempotency(caller: String, key: String) throws(StoreFailure) -> IdempotencyRow? {
        try read { database throws(StoreFailure) in
            var statement = try RawStatement(
                database, "SELECT fingerprint, subject, created_at FROM idempotency WHERE caller = ? AND key = ?")
            statement.bind(1, caller)
            statement.bind(2, key)
            guard try statement.next() else { return nil }
            defer { statement.reset() }
            return IdempotencyRow(
                caller: caller, key: key, fingerprint: statement.bytes(0), subject: statement.text(1),
                createdAt: statement.timestamp(2))
        }
    }

    /// Forgets keys older than `idempotencyRetention` before `now`, oldest first and at most `limit` (1 to 10,000) of
    /// them, in one small transaction; answers how many. Call it again while it answers `limit`: commits get their turn
    /// in between.
    package func pruneIdempotency(now: Timestamp, limit: Int) throws(StoreFailure) -> Int {
        guard (1...10_000).contains(limit) else {
            throw .invalidValue(field: "limit", value: "\(limit)", expected: "1 to 10000")
        }
        return try transaction { database throws(StoreFailure) in
            var statement = try RawStatement(
                database,
                """
                DELETE FROM idempotency WHERE (caller, key) IN
                    (SELECT caller, key FROM idempotency WHERE created_at < ? ORDER BY created_at LIMIT ?)
                """)
            statement.bind(1, now.advanced(by: -Store.idempotencyRetention))
            statement.bind(2, Int64(limit))
            try statement.run()
            return statement.changes
        }
    }
}
