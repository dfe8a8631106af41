/// Part of a list, newest first.
///
/// A page may be shorter than asked for, even empty, and yet have a `next`: a filter without an index stops after
/// `Store.maximumRowsExamined` rows instead of holding a connection for as long as the table is large. The list is
/// complete when `next` is `nil`. Rows written meanwhile are newer than any cursor and so neither repeat nor hide one.
package struct Page<Row: Sendable, Cursor: Sendable>: Sendable {
    package var rows: [Row]
    /// Hand this to the next call as `before`.
    package var next: Cursor?

    package init(rows: [Row], next: Cursor?) { (self.rows, self.next) = (rows, next) }
}

extension Store {
    /// The longest page.
    package static let maximumPage = 1000
    /// The most rows that one page looks at.
    package static let maximumRowsExamined = 100_000

    static func checkLimit(_ limit: Int) throws(StoreFailure) {
        guard (1...maximumPage).contains(limit) else {
            throw .invalidValue(field: "limit", value: "\(limit)", expected: "1 to \(maximumPage)")
        }
    }

    /// Collects rows of a statement that is ordered from new to old, until the page is full or enough was looked at.
    ///
    /// - Parameters:
    ///   - key: the column with the integer that orders the list.
    ///   - isFull: whether the page ends before `limit`.
    ///   - row: `nil` for a row that the filter drops.
    static func collect<Row>(
        _ statement: inout RawStatement, limit: Int, examining: Int = maximumRowsExamined, key: CInt,
        isFull: () -> Bool = { false },
        row: (RawStatement) throws(StoreFailure) -> Row?
    ) throws(StoreFailure) -> Page<Row, Int64> {
        var page = Page<Row, Int64>(rows: [], next: nil)
        var examined = 0
        var last: Int64?
        defer { statement.reset() }
        while try statement.next() {
            if page.rows.count == limit || examined == examining || isFull() {
                page.next = last
                break
            }
            examined += 1
            last = statement.integer(key)
            if let row = try row(statement) { page.rows.append(row) }
        }
        return page
    }
}
