import Domain
import GRDB

/// A row of a projection that is not what the journal says.
package struct TableDifference: Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, Hashable, Sendable {
        case missing = "is missing"
        case foreign = "is not in the journal"
        case different = "differs from the journal"
    }

    /// `run`, `leg`, `execution` or `run_journal`.
    package var table: String
    /// The row, as people name it.
    package var row: String
    package var kind: Kind

    package var description: String { "\(table) \(row) \(kind.rawValue)" }
}

/// The tables that are made of the journal, made anew beside a store: to be compared with its own, or to take their place.
///
/// They are built in a temporary file of SQLite's, which goes with this value. Used by one thread.
package final class Shadow {
    private let queue: DatabaseQueue

    package init() throws(StoreFailure) {
        queue = try translatingErrors {
            var configuration = Configuration()
            configuration.allowsUnsafeTransactions = true
            // An empty path is a private file that nobody else can open.
            let queue = try DatabaseQueue(path: "", configuration: configuration)
            try queue.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF")
            }
            try Schema.migrator.migrate(queue)
            return queue
        }
    }

    /// Adds what records make of the tables, in the journal's order. Of a batch only runs, legs, executions, touched runs
    /// and the record's number are looked at.
    package func add(_ batches: [CommitBatch]) throws(StoreFailure) {
        try translatingErrors {
            try queue.writeWithoutTransaction { database in
                try Store.inTransaction(database) { database throws(StoreFailure) in
                    for batch in batches { try Store.project(batch, database) }
                }
            }
        }
    }

    private struct Table {
        var name: String
        /// What tells rows apart.
        var key: String
        var columns: String
        /// The key as people name it.
        var shown: String
    }

    private static let tables = [
        Table(
            name: "run", key: "run_number", columns: "run_number, group_id, account_id, status, created_at, updated_at",
            shown: "'number ' || run_number"),
        Table(
            name: "leg", key: "leg_key",
            columns: "leg_key, client_order_id, account_id, adapter_id, symbol, side, status, updated_at",
            shown: "(leg_key & 1048575) || ' of run number ' || (leg_key >> 20)"),
        Table(
            name: "execution", key: "execution_id, account_id, adapter_id",
            columns: "execution_id, account_id, adapter_id, kind, replaces, leg_key, symbol, side, last_quantity, "
                + "last_price, fees, transact_time, recorded_at",
            shown: "execution_id || ' of account ' || account_id || ' at ' || adapter_id"),
        Table(
            name: "run_journal", key: "run_number, sequence", columns: "run_number, sequence",
            shown: "'of run number ' || run_number || ' in record ' || sequence"),
    ]

    /// Rows of `store` that are other than those made here; at most `limit` a table.
    package func differences(from store: Store, limit: Int) throws(StoreFailure) -> [TableDifference] {
        try attached(store) { database in
            var found: [TableDifference] = []
            for table in Self.tables {
                let (name, key, columns) = (table.name, table.key, table.columns)
                func rows(_ first: String, _ second: String, _ isInBoth: String, _ kind: TableDifference.Kind) throws {
                    let rest = limit - found.count { $0.table == name }
                    guard rest > 0 else { return }
                    let sql = """
                        SELECT \(table.shown) FROM (SELECT \(columns) FROM \(first).\(name)
                            EXCEPT SELECT \(columns) FROM \(second).\(name))
                        WHERE (\(key)) \(isInBoth) (SELECT \(key) FROM \(second).\(name)) LIMIT \(rest)
                        """
                    found += try String.fetchAll(database, sql: sql).map {
                        TableDifference(table: name, row: $0, kind: kind)
                    }
                }
                try rows("main", "store", "NOT IN", .missing)
                try rows("store", "main", "NOT IN", .foreign)
                try rows("store", "main", "IN", .different)
            }
            return found
        }
    }

    /// Puts the tables made here in the place of the store's, in one transaction: durable on return, or nothing of it.
    /// Nobody else may use the store meanwhile.
    package func replaceTables(of store: Store) throws(StoreFailure) {
        if let cause = store.stopCause { throw .stopped(cause: cause) }
        try attached(store) { database in
            try database.execute(sql: "PRAGMA store.synchronous = FULL")
            try Store.inTransaction(database) { database throws(StoreFailure) in
                try translatingErrors {
                    for table in Self.tables {
                        let body = ["run", "leg"].contains(table.name) ? ", body" : ""
                        let order = table.name == "execution" ? "ORDER BY row_number" : ""
                        try database.execute(
                            sql: """
                                DELETE FROM store.\(table.name);
                                INSERT INTO store.\(table.name) (\(table.columns)\(body))
                                    SELECT \(table.columns)\(body) FROM main.\(table.name) \(order);
                                """)
                    }
                }
            }
        }
    }

    private func attached<Value>(
        _ store: Store, _ body: (Database) throws -> Value
    ) throws(StoreFailure) -> Value {
        try translatingErrors {
            try queue.writeWithoutTransaction { database in
                try database.execute(sql: "ATTACH ? AS store", arguments: [store.directory + "/sluice.db"])
                defer { try? database.execute(sql: "DETACH store") }
                return try body(database)
            }
        }
    }
}
