package import Domain
import Faults
import GRDB

extension Store {
    package func write(_ keyValues: [KeyValueWrite]) throws(StoreFailure) {
        if keyValues.isEmpty { return }
        try transaction(stopsOnAnyFailure: true) { database throws(StoreFailure) in
            try Store.apply(keyValues, database)
        }
    }

    /// All values of one adapter for one account, by key. How many there can be is the adapters' quota.
    package func keyValues(adapterID: AdapterID, accountID: AccountID) throws(StoreFailure) -> [KeyValue] {
        try read { database throws(StoreFailure) in
            var statement = try RawStatement(
                database, "SELECT key, value FROM key_value WHERE adapter_id = ? AND account_id = ? ORDER BY key")
            statement.bind(1, adapterID.rawValue)
            statement.bind(2, accountID.rawValue)
            var values: [KeyValue] = []
            while try statement.next() {
                values.append(KeyValue(key: statement.text(0), value: statement.bytes(1)))
            }
            return values
        }
    }

    static func apply(_ writes: [KeyValueWrite], _ database: Database) throws(StoreFailure) {
        if writes.isEmpty { return }
        var put = try RawStatement(
            database,
            """
            INSERT INTO key_value VALUES (?, ?, ?, ?)
            ON CONFLICT (adapter_id, account_id, key) DO UPDATE SET value = excluded.value
            """)
        var delete = try RawStatement(
            database, "DELETE FROM key_value WHERE adapter_id = ? AND account_id = ? AND key = ?")
        for write in writes {
            if let value = write.value {
                put.bind(1, write.adapterID.rawValue)
                put.bind(2, write.accountID.rawValue)
                put.bind(3, write.key)
                put.bind(4, value)
                try put.run()
            } else {
                delete.bind(1, write.adapterID.rawValue)
                delete.bind(2, write.accountID.rawValue)
                delete.bind(3, write.key)
                try delete.run()
            }
        }
    }
}

// MARK: - Meta

extension Store {
    /// The named fact about this data directory, `nil` where it was never set.
    package func meta(_ name: String) throws(StoreFailure) -> String? {
        try read { database throws(StoreFailure) in
            var statement = try RawStatement(database, "SELECT value FROM meta WHERE name = ?")
            statement.bind(1, name)
            guard try statement.next() else { return nil }
            defer { statement.reset() }
            return statement.text(0)
        }
    }

    /// Sets one fact in a transaction of its own, durable on return.
    package func setMeta(_ name: String, to value: String) throws(StoreFailure) {
        try transaction { database throws(StoreFailure) in
            try Store.apply([MetaWrite(name: name, value: value)], database)
        }
        FaultPoint.hit(.metaWritten)
    }

    static func apply(_ writes: [MetaWrite], _ database: Database) throws(StoreFailure) {
        if writes.isEmpty { return }
        var statement = try RawStatement(
            database, "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value")
        for write in writes {
            statement.bind(1, write.name)
            statement.bind(2, write.value)
            try statement.run()
        }
    }
}
