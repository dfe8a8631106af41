import GRDBSQLite

/// Counts rows of a database that nobody has open, without the code that wrote them.
enum ReadDatabase {
    static func count(_ path: String, _ query: String) throws -> Int {
        var connection: OpaquePointer?
        guard sqlite3_open_v2(path, &connection, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK else {
            throw BenchFailure("cannot open \(path)")
        }
        defer { sqlite3_close(connection) }
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(connection, query, -1, &statement, nil) == SQLITE_OK,
            sqlite3_step(statement) == SQLITE_ROW
        else { throw BenchFailure("cannot read: \(query)") }
        defer { sqlite3_finalize(statement) }
        return Int(sqlite3_column_int64(statement, 0))
    }
}
