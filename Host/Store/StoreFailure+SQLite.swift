import GRDB
import GRDBSQLite

extension StoreFailure {
    /// From an extended result code of SQLite.
    init(sqliteCode code: Int32, message: String) {
        switch code & 0xFF {
        case SQLITE_FULL: self = .diskFull(message)
        case SQLITE_IOERR, SQLITE_CANTOPEN: self = .inputOutput("\(message) (\(code))")
        case SQLITE_READONLY, SQLITE_PERM: self = .readOnly(message)
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_PROTOCOL: self = .locked(message)
        case SQLITE_CORRUPT, SQLITE_NOTADB: self = .corrupt(message)
        case SQLITE_TOOBIG: self = .invalidValue(field: "row", value: message, expected: "less than 1 GB")
        default: self = .other(code: code, message: message)
        }
    }

    /// What went wrong last on a connection.
    init(lastErrorOf connection: OpaquePointer?) {
        guard let connection else {
            self = .closed
            return
        }
        let message = sqlite3_errmsg(connection).map { String(cString: $0) } ?? "no message"
        self.init(sqliteCode: sqlite3_extended_errcode(connection), message: message)
    }

    /// From whatever a database access threw.
    init(_ error: any Error) {
        switch error {
        case let failure as StoreFailure: self = failure
        case let error as DatabaseError:
            self.init(sqliteCode: error.extendedResultCode.rawValue, message: error.message ?? error.description)
        default: self = .other(code: SQLITE_ERROR, message: "\(error)")
        }
    }
}

/// Runs `body` and turns what a database access throws into a `StoreFailure`.
func translatingErrors<Value>(_ body: () throws -> Value) throws(StoreFailure) -> Value {
    do {
        return try body()
    } catch {
        throw StoreFailure(error)
    }
}
