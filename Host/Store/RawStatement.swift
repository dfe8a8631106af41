import Domain
import GRDB
import GRDBSQLite

/// A cached prepared statement of one connection, bound and read without a box per value.
///
/// GRDB prepares and caches it; the row-by-row work goes to SQLite directly, which is what carries some hundred
/// thousand rows a second. Used only inside the database access that made it. Every parameter is bound anew for every
/// row, so nothing of an earlier row can leak into a later one.
struct RawStatement {
    private let statement: Statement
    private let handle: OpaquePointer
    private let connection: OpaquePointer?
    private var bindResult = SQLITE_OK

    init(_ database: Database, _ sql: String) throws(StoreFailure) {
        let statement = try translatingErrors { try database.cachedStatement(sql: sql) }
        self.statement = statement
        handle = statement.sqliteStatement
        connection = database.sqliteConnection
        sqlite3_reset(handle)
    }

    // MARK: Parameters, counted from 1

    private mutating func note(_ result: CInt) {
        if result != SQLITE_OK { bindResult = result }
    }

    mutating func bind(_ index: CInt, _ value: Int64?) {
        if let value { note(sqlite3_bind_int64(handle, index, value)) } else { note(sqlite3_bind_null(handle, index)) }
    }

    mutating func bind(_ index: CInt, _ value: Timestamp?) { bind(index, value?.nanoseconds) }

    mutating func bind(_ index: CInt, _ value: String?) {
        guard var value else { return note(sqlite3_bind_null(handle, index)) }
        let handle = handle
        // SQLite copies into the memory of the row before: no allocation once a statement is warm.
        note(
            value.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { characters in
                    sqlite3_bind_text64(
                        handle, index, characters.baseAddress ?? emptyText, UInt64(characters.count),
                        transientDestructor, UInt8(SQLITE_UTF8))
                }
            })
    }

    mutating func bind(_ index: CInt, _ value: [UInt8]?) {
        guard let value else { return note(sqlite3_bind_null(handle, index)) }
        let handle = handle
        note(
            value.withUnsafeBytes { bytes in
                bytes.isEmpty
                    ? sqlite3_bind_zeroblob(handle, index, 0)
                    : sqlite3_bind_blob64(
                        handle, index, bytes.baseAddress, UInt64(bytes.count), transientDestructor)
            })
    }

    /// Binds without a copy: `bytes` must outlive the next `run` and be unbound or bound anew before any other.
    mutating func bindBorrowed(_ index: CInt, _ bytes: UnsafeRawBufferPointer) {
        note(
            bytes.isEmpty
                ? sqlite3_bind_zeroblob(handle, index, 0)
                : sqlite3_bind_blob64(handle, index, bytes.baseAddress, UInt64(bytes.count), nil))
    }

    // MARK: Running

    /// Runs a statement without rows and makes it ready for the next. Answers the extended result code.
    mutating func runReportingCode() -> CInt {
        guard bindResult == SQLITE_OK else { return bindResult }
        _ = sqlite3_step(handle)
        // The reset repeats what the step found, and as an extended code in every case.
        return sqlite3_reset(handle)
    }

    mutating func run() throws(StoreFailure) {
        let result = runReportingCode()
        guard result == SQLITE_OK else { throw failure(result) }
    }

    /// Steps to the next row; `false` at the end.
    mutating func next() throws(StoreFailure) -> Bool {
        guard bindResult == SQLITE_OK else { throw failure(bindResult) }
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE:
            sqlite3_reset(handle)
            return false
        default:
            throw failure(sqlite3_reset(handle))
        }
    }

    /// Ends a reading before its last row, and with it the read lock.
    func reset() { sqlite3_reset(handle) }

    func failure(_ code: CInt) -> StoreFailure {
        StoreFailure(sqliteCode: code, message: sqlite3_errmsg(connection).map { String(cString: $0) } ?? "no message")
    }

    /// How many rows the last `run` changed.
    var changes: Int { Int(sqlite3_changes(connection)) }

    // MARK: Columns, counted from 0

    func isNull(_ column: CInt) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    func integer(_ column: CInt) -> Int64 { sqlite3_column_int64(handle, column) }

    func optionalInteger(_ column: CInt) -> Int64? { isNull(column) ? nil : integer(column) }

    func timestamp(_ column: CInt) -> Timestamp { Timestamp(nanoseconds: integer(column)) }

    func optionalTimestamp(_ column: CInt) -> Timestamp? {
        optionalInteger(column).map(Timestamp.init(nanoseconds:))
    }

    func text(_ column: CInt) -> String {
        guard let start = sqlite3_column_text(handle, column) else { return "" }
        let count = Int(sqlite3_column_bytes(handle, column))
        return String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    func optionalText(_ column: CInt) -> String? { isNull(column) ? nil : text(column) }

    /// Whether a text column reads `wanted`, without making a string of it.
    func holds(_ wanted: String, at column: CInt) -> Bool {
        withBytes(column) { bytes in bytes.elementsEqual(wanted.utf8) }
    }

    func bytes(_ column: CInt) -> [UInt8] { withBytes(column) { Array($0) } }

    /// The bytes of a blob or text, valid inside `body` only.
    func withBytes<Value, Failure: Error>(
        _ column: CInt, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let start = sqlite3_column_blob(handle, column)
        let count = Int(sqlite3_column_bytes(handle, column))
        return try body(UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : count))
    }
}

/// SQLITE_TRANSIENT, whose macro does not come across: SQLite takes a copy.
private let transientDestructor = unsafeBitCast(-1, to: sqlite3_destructor_type.self)

/// What an empty text is bound from: a null pointer would bind NULL.
/// `nonisolated(unsafe)`: written once before anyone has it, never changed or freed.
private nonisolated(unsafe) let emptyText: UnsafePointer<CChar> = {
    let text = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
    text.initialize(to: 0)
    return UnsafePointer(text)
}()
