package import Domain
import GRDB
import GRDBSQLite

/// API keys. Each change is a transaction of its own, durable on return, so that a revocation survives a crash.
extension Store {
    /// How many keys there can be, revoked ones included.
    package static let maximumKeys = 10_000

    /// Adds a key. Fails with `.duplicateKey` where the id is taken.
    package func insertKey(_ row: KeyRow) throws(StoreFailure) {
        try Store.check(row)
        try transaction { database throws(StoreFailure) in try Store.insert(row, database) }
    }

    /// Whether a row can be stored, the id and the number of keys aside.
    package static func check(_ row: KeyRow) throws(StoreFailure) {
        _ = try joined(row.groups?.map(\.rawValue), field: "groups")
        _ = try joined(row.addresses, field: "addresses")
        guard row.secretSHA256.count == 32 else {
            throw .invalidValue(
                field: "secret_sha256", value: "\(row.secretSHA256.count) bytes", expected: "32 bytes")
        }
    }

    static func apply(_ writes: [KeyWrite], _ database: Database) throws(StoreFailure) {
        for write in writes {
            switch write {
            case .insert(let row):
                try check(row)
                try insert(row, database)
            case .revoke(let id, let time): try revoke(id, at: time, database)
            }
        }
    }

    private static func insert(_ row: KeyRow, _ database: Database) throws(StoreFailure) {
        guard try keyCount(database) < maximumKeys else {
            throw .invalidValue(
                field: "key", value: "one more than \(maximumKeys)",
                expected: "at most \(maximumKeys) keys; delete revoked ones")
        }
        var statement = try RawStatement(database, "INSERT INTO api_key VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
        statement.bind(1, row.id)
        statement.bind(2, row.name)
        statement.bind(3, row.secretSHA256)
        statement.bind(4, row.scopes)
        statement.bind(5, try joined(row.groups?.map(\.rawValue), field: "groups"))
        statement.bind(6, try joined(row.addresses, field: "addresses"))
        statement.bind(7, row.createdAt)
        statement.bind(8, row.expiresAt)
        statement.bind(9, row.revokedAt)
        statement.bind(10, row.lastUsedAt)
        let code = statement.runReportingCode()
        if code & 0xFF == SQLITE_CONSTRAINT { throw .duplicateKey(id: row.id) }
        guard code == SQLITE_OK else { throw statement.failure(code) }
    }

    package func key(_ id: String) throws(StoreFailure) -> KeyRow? {
        try read { database throws(StoreFailure) in
            var statement = try RawStatement(database, "SELECT * FROM api_key WHERE id = ?")
            statement.bind(1, id)
            guard try statement.next() else { return nil }
            defer { statement.reset() }
            return Store.keyRow(statement)
        }
    }

    /// All keys by id, at most `maximumKeys`.
    package func keys() throws(StoreFailure) -> [KeyRow] {
        try read { database throws(StoreFailure) in
            var statement = try RawStatement(database, "SELECT * FROM api_key ORDER BY id")
            var rows: [KeyRow] = []
            while try statement.next() { rows.append(Store.keyRow(statement)) }
            return rows
        }
    }

    /// Changes what a key may do and until when; its secret, creation, revocation and use stay.
    package func updateKey(
        _ id: String, name: String, scopes: String, groups: [GroupID]?, addresses: [String]?, expiresAt: Timestamp?
    ) throws(StoreFailure) {
        let groups = try Store.joined(groups?.map(\.rawValue), field: "groups")
        let addresses = try Store.joined(addresses, field: "addresses")
        try changeKey(
            id, "UPDATE api_key SET name = ?2, scopes = ?3, groups = ?4, addresses = ?5, expires_at = ?6 WHERE id = ?1"
        ) { statement in
            statement.bind(2, name)
            statement.bind(3, scopes)
            statement.bind(4, groups)
            statement.bind(5, addresses)
            statement.bind(6, expiresAt)
        }
    }

    /// Revokes a key for good. The time of the first revocation stays.
    package func revokeKey(_ id: String, at time: Timestamp) throws(StoreFailure) {
        try transaction { database throws(StoreFailure) in try Store.revoke(id, at: time, database) }
    }

    private static func revoke(_ id: String, at time: Timestamp, _ database: Database) throws(StoreFailure) {
        var statement = try RawStatement(
            database, "UPDATE api_key SET revoked_at = coalesce(revoked_at, ?2) WHERE id = ?1")
        statement.bind(1, id)
        statement.bind(2, time)
        try statement.run()
        guard statement.changes == 1 else { throw .unknownKey(id: id) }
    }

    package func deleteKey(_ id: String) throws(StoreFailure) {
        try changeKey(id, "DELETE FROM api_key WHERE id = ?1") { _ in }
    }

    /// Notes when keys were last used, in one transaction. Keys deleted meanwhile are passed over, and a time never
    /// goes back.
    package func touchKeys(_ uses: [(id: String, lastUsedAt: Timestamp)]) throws(StoreFailure) {
        if uses.isEmpty { return }
        try transaction { database throws(StoreFailure) in
            var statement = try RawStatement(
                database, "UPDATE api_key SET last_used_at = max(coalesce(last_used_at, ?2), ?2) WHERE id = ?1")
            for use in uses {
                statement.bind(1, use.id)
                statement.bind(2, use.lastUsedAt)
                try statement.run()
            }
        }
    }

    private func changeKey(_ id: String, _ sql: String, bind: (inout RawStatement) -> Void) throws(StoreFailure) {
        try transaction { database throws(StoreFailure) in
            var statement = try RawStatement(database, sql)
            statement.bind(1, id)
            bind(&statement)
            try statement.run()
            guard statement.changes == 1 else { throw .unknownKey(id: id) }
        }
    }

    private static func keyCount(_ database: Database) throws(StoreFailure) -> Int {
        var statement = try RawStatement(database, "SELECT count(*) FROM api_key")
        guard try statement.next() else { return 0 }
        defer { statement.reset() }
        return Int(statement.integer(0))
    }

    private static func keyRow(_ row: RawStatement) -> KeyRow {
        KeyRow(
            id: row.text(0), name: row.text(1), secretSHA256: row.bytes(2), scopes: row.text(3),
            groups: row.optionalText(4).map { split($0).map(GroupID.init(unchecked:)) },
            addresses: row.optionalText(5).map(split), createdAt: row.timestamp(6),
            expiresAt: row.optionalTimestamp(7), revokedAt: row.optionalTimestamp(8),
            lastUsedAt: row.optionalTimestamp(9))
    }

    /// Lists are lines of one text: none may be empty or hold a line break, else two lists would read alike.
    private static func joined(_ items: [String]?, field: String) throws(StoreFailure) -> String? {
        guard let items else { return nil }
        for item in items where item.isEmpty || item.utf8.contains(UInt8(ascii: "\n")) {
            throw .invalidValue(field: field, value: "\"\(item)\"", expected: "a text of one line, not empty")
        }
        return items.joined(separator: "\n")
    }

    private static func split(_ text: String) -> [String] {
        text.isEmpty ? [] : text.split(separator: "\n").map(String.init)
    }
}
