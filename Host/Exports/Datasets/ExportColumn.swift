import Domain

/// One column as people and programs know it. Names, kinds and units are promises: a column may be added, none changes.
package struct ExportColumn: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        /// Anybody's text. Made safe in CSV, unchanged in JSON.
        case text
        /// A number with decimals: a number in CSV, a string in JSON, so that nothing rounds it.
        case decimal
        /// A whole number, within ±2^63.
        case integer
        case boolean
        /// RFC 3339, UTC, microseconds.
        case time
        /// A JSON object; its text in CSV.
        case json
    }

    package var name: String
    package var kind: Kind
    /// `µs`, `count`, `price` …; `nil` where there is none.
    package var unit: String?
    package var note: String
}

/// A column with how a row's cell is written: the one table that rows, documentation and `openapi.json` are made of.
struct Column<Row>: Sendable {
    let description: ExportColumn
    let write: @Sendable (borrowing Row, inout ExportWriter) -> Void

    private init(
        _ name: String, _ kind: ExportColumn.Kind, _ unit: String?, _ note: String,
        write: @escaping @Sendable (borrowing Row, inout ExportWriter) -> Void
    ) {
        description = ExportColumn(name: name, kind: kind, unit: unit, note: note)
        self.write = write
    }

    /// A text as it lies in memory.
    static func bytes(
        _ name: String, _ note: String, _ value: @escaping @Sendable (borrowing Row) -> UnsafeRawBufferPointer?
    ) -> Column { Column(name, .text, nil, note) { $1.text(utf8: value($0)) } }
    /// An id of ours, which needs no care in any format.
    static func plain(
        _ name: String, _ note: String, _ write: @escaping @Sendable (borrowing Row, inout [UInt8]) -> Void
    ) -> Column {
        Column(name, .text, nil, note) { row, writer in writer.plain { write(row, &$0) } }
    }
    /// The text of an exact number, as it lies in memory.
    static func digits(
        _ name: String, _ unit: String, _ note: String,
        _ value: @escaping @Sendable (borrowing Row) -> UnsafeRawBufferPointer?
    ) -> Column { Column(name, .decimal, unit, note) { $1.decimal(digits: value($0)) } }
    static func text(_ name: String, _ note: String, _ value: @escaping @Sendable (borrowing Row) -> String?) -> Column
    {
        Column(name, .text, nil, note) { $1.text(value($0)) }
    }
    static func decimal(
        _ name: String, _ unit: String, _ note: String, _ value: @escaping @Sendable (borrowing Row) -> ExactDecimal?
    ) -> Column { Column(name, .decimal, unit, note) { $1.decimal(value($0)) } }
    static func integer(
        _ name: String, _ unit: String?, _ note: String, _ value: @escaping @Sendable (borrowing Row) -> Int64?
    ) -> Column { Column(name, .integer, unit, note) { $1.integer(value($0)) } }
    static func boolean(_ name: String, _ note: String, _ value: @escaping @Sendable (borrowing Row) -> Bool?) -> Column
    {
        Column(name, .boolean, nil, note) { $1.boolean(value($0)) }
    }
    static func time(_ name: String, _ note: String, _ value: @escaping @Sendable (borrowing Row) -> Timestamp?)
        -> Column
    { Column(name, .time, nil, note) { $1.time(value($0)) } }
    static func json(_ name: String, _ note: String, _ value: @escaping @Sendable (borrowing Row) -> JSONObject)
        -> Column
    {
        Column(name, .json, nil, note) { $1.json(value($0)) }
    }

    /// Nanoseconds as whole microseconds, rounded down.
    static func duration(_ name: String, _ note: String, _ value: @escaping @Sendable (borrowing Row) -> Int64?)
        -> Column
    { .integer(name, "µs", note) { value($0).map { $0 / 1_000 } } }

    /// Microseconds from the receipt of the request to a stage, `nil` where it was not reached (0). A clock that was set
    /// back in between makes 0, not a negative latency.
    static func stage(_ name: String, _ note: String, _ times: @escaping @Sendable (borrowing Row) -> (Int64, Int64))
        -> Column
    {
        .integer(name, "µs", note) { row in
            let (start, reached) = times(row)
            guard reached != 0 else { return nil }
            return max(0, Timestamp(nanoseconds: reached).since(Timestamp(nanoseconds: start))) / 1_000
        }
    }
}
