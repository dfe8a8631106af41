import GRDB

extension Schema {
    /// Adds the hash of every record, and makes those of the records that there are. Rewrites the journal once, in one
    /// transaction: a crash leaves the database as it was.
    static func addChain(_ database: Database) throws {
        try database.execute(sql: "ALTER TABLE journal ADD COLUMN chain BLOB NOT NULL DEFAULT (x'')")
        let hasher = try ChainHash()
        var anchor = ChainAnchor.beginning
        while true {
            var made: [ChainAnchor] = []
            var select = try RawStatement(
                database,
                """
                SELECT sequence, recorded_at, format_version, bytes FROM journal WHERE sequence > ? ORDER BY sequence
                LIMIT 256
                """)
            select.bind(1, Int64(clamping: anchor.sequence))
            while try select.next() {
                let (sequence, time, version) = (select.integer(0), select.integer(1), select.integer(2))
                let hash = try select.withBytes(3) { bytes throws(StoreFailure) in
                    try hasher.of(
                        previous: anchor.hash, sequence: sequence, recordedAt: time, formatVersion: version,
                        bytes: bytes)
                }
                anchor = ChainAnchor(sequence: UInt64(clamping: sequence), hash: hash)
                made.append(anchor)
            }
            if made.isEmpty { break }
            var update = try RawStatement(database, "UPDATE journal SET chain = ? WHERE sequence = ?")
            for record in made {
                update.bind(1, record.hash)
                update.bind(2, Int64(clamping: record.sequence))
                try update.run()
            }
        }
        guard anchor.sequence > 0 else { return }
        try Store.apply(
            [
                MetaWrite(name: Store.headName, value: anchor.description),
                MetaWrite(name: Store.upgradedName, value: "\(anchor.sequence)"),
            ], database)
    }
}
