import Domain

/// Writes rows of cells in one of the formats, straight into bytes. Knows nothing of where they go.
///
/// CSV is RFC 4180 in UTF-8 with a header and CRLF: an absent value is an empty cell, an empty text is `""`. A *text* cell
/// that begins with `=`, `+`, `-`, `@`, a tab, a line end, one of the wide forms of the four signs, or an apostrophe gets
/// one apostrophe in front, so that no spreadsheet runs it; to read it back, drop one leading apostrophe of text cells.
/// Numbers stay numbers. JSON and NDJSON carry every text unchanged; decimals are strings there.
package struct ExportWriter: Sendable {
    package let format: ExportFormat
    private let columns: [ExportColumn]
    /// Per column: what stands before its value.
    private let openings: [[UInt8]]
    /// What was written and not yet taken.
    private(set) package var bytes: [UInt8] = []
    /// Rows since the beginning.
    private(set) package var rows: Int64 = 0
    private var column = 0
    /// The last second that was written, with its text up to the point: rows of one run share theirs.
    private var second = Int64.min
    private var secondText: [UInt8] = []

    package init(_ format: ExportFormat, columns: [ExportColumn]) {
        (self.format, self.columns) = (format, columns)
        openings = columns.enumerated().map { index, column in
            switch format {
            case .csv: index == 0 ? [] : [UInt8(ascii: ",")]
            case .json, .ndjson:
                Array((index == 0 ? "{" : ",").utf8) + JSONValue.string(column.name).serialized()
                    + [UInt8(ascii: ":")]
            }
        }
    }

    /// Hands over what was written; the memory is kept for the next portion.
    package mutating func take() -> [UInt8] {
        defer { bytes.removeAll(keepingCapacity: true) }
        return bytes
    }

    // MARK: Frame

    /// What stands before the first row.
    package mutating func begin(_ dataset: ExportDataset) {
        switch format {
        case .csv:
            for (index, column) in columns.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                bytes.append(contentsOf: column.name.utf8)
            }
            endLine()
        case .json:
            var json = JSONWriter(reserving: 4_096)
            json.beginObject()
            json.member("dataset", dataset.rawValue)
            json.key("columns")
            json.beginArray()
            for column in columns {
                json.beginObject()
                json.member("name", column.name)
                json.member("type", column.kind.rawValue)
                json.member("unit", column.unit)
                json.endObject()
            }
            json.endArray()
            json.endObject()
            bytes.append(contentsOf: json.bytes.dropLast())
            raw(",\"items\":[")
        case .ndjson: break
        }
    }

    /// What stands behind the last row: without it, a JSON document is not whole.
    package mutating func end() {
        guard format == .json else { return }
        raw("\n],\"rows\":")
        ExactDecimal(rows).write(to: &bytes)
        raw("}\n")
    }

    mutating func endRow() {
        precondition(column == columns.count, "a row has \(columns.count) cells")
        column = 0
        rows += 1
        switch format {
        case .csv: endLine()
        case .json: bytes.append(UInt8(ascii: "}"))
        case .ndjson: raw("}\n")
        }
    }

    private mutating func endLine() { raw("\r\n") }

    // MARK: Cells

    /// Before each cell. The kind is checked: a column that is written as another would break its promise.
    private mutating func open(_ kind: ExportColumn.Kind) {
        precondition(columns[column].kind == kind, "\(columns[column].name) is \(columns[column].kind)")
        if format == .csv {
            if column > 0 { bytes.append(UInt8(ascii: ",")) }
        } else {
            if column == 0, format == .json { raw(rows == 0 ? "\n" : ",\n") }
            bytes.append(contentsOf: openings[column])
        }
        column += 1
    }

    private mutating func null() { if format != .csv { raw("null") } }

    mutating func text(_ value: String?) {
        open(.text)
        guard let value else { return null() }
        if format == .csv { csv(value) } else { quoted(value) }
    }

    /// Valid UTF-8, read before the call returns.
    mutating func text(utf8 value: UnsafeRawBufferPointer?) {
        open(.text)
        guard let value else { return null() }
        value.withMemoryRebound(to: UInt8.self) { utf8 in if format == .csv { csv(utf8) } else { quoted(utf8) } }
    }

    /// A text of letters, digits, `-` and the like that begins with a letter: nothing in it means anything to a format.
    mutating func plain(_ write: (inout [UInt8]) -> Void) {
        open(.text)
        if format != .csv { bytes.append(UInt8(ascii: "\"")) }
        write(&bytes)
        if format != .csv { bytes.append(UInt8(ascii: "\"")) }
    }

    /// The text of an exact number, as `ExactDecimal` writes it.
    mutating func decimal(digits value: UnsafeRawBufferPointer?) {
        open(.decimal)
        guard let value else { return null() }
        if format != .csv { bytes.append(UInt8(ascii: "\"")) }
        bytes.append(contentsOf: value)
        if format != .csv { bytes.append(UInt8(ascii: "\"")) }
    }

    mutating func decimal(_ value: ExactDecimal?) {
        open(.decimal)
        guard let value else { return null() }
        if format != .csv { bytes.append(UInt8(ascii: "\"")) }
        value.write(to: &bytes)
        if format != .csv { bytes.append(UInt8(ascii: "\"")) }
    }

    mutating func integer(_ value: Int64?) {
        open(.integer)
        guard let value else { return null() }
        Self.append(value, to: &bytes)
    }

    static func append(_ value: Int64, to bytes: inout [UInt8]) {
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        var rest = value.magnitude
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var place = 20
            repeat {
                place -= 1
                digits.initializeElement(at: place, to: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
                rest /= 10
            } while rest > 0
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[place...]))
        }
    }

    mutating func boolean(_ value: Bool?) {
        open(.boolean)
        guard let value else { return null() }
        raw(value ? "true" : "false")
    }

    mutating func time(_ value: Timestamp?) {
        open(.time)
        guard let value else { return null() }
        if format != .csv { bytes.append(UInt8(ascii: "\"")) }
        instant(value)
        if format != .csv { bytes.append(UInt8(ascii: "\"")) }
    }

    private mutating func instant(_ value: Timestamp) {
        let whole = value.nanoseconds.dividedFloor(by: 1_000_000_000)
        if whole != second {
            secondText.removeAll(keepingCapacity: true)
            value.writeRFC3339(to: &secondText)
            // Without the microseconds and the Z.
            secondText.removeLast(7)
            second = whole
        }
        bytes.append(contentsOf: secondText)
        var (rest, divisor) = ((value.nanoseconds - whole * 1_000_000_000) / 1_000, Int64(100_000))
        while divisor > 0 {
            bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / divisor))
            rest %= divisor
            divisor /= 10
        }
        bytes.append(UInt8(ascii: "Z"))
    }

    mutating func json(_ value: JSONObject) {
        open(.json)
        let text = JSONValue.object(value).serialized()
        if format == .csv { csv(String(decoding: text, as: UTF8.self)) } else { bytes.append(contentsOf: text) }
    }

    // MARK: Texts

    private mutating func raw(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func quoted(_ text: String) {
        var text = text
        text.withUTF8 { quoted($0) }
    }

    private mutating func quoted(_ utf8: UnsafeBufferPointer<UInt8>) {
        let isPlain = utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        guard isPlain else {
            return bytes.append(contentsOf: JSONValue.string(String(decoding: utf8, as: UTF8.self)).serialized())
        }
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: utf8)
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func csv(_ text: String) {
        var text = text
        text.withUTF8 { csv($0) }
    }

    private mutating func csv(_ utf8: UnsafeBufferPointer<UInt8>) {
        var needsQuotes = utf8.isEmpty
        for byte in utf8 where byte == 0x22 || byte == 0x2C || byte == 0x0A || byte == 0x0D { needsQuotes = true }
        let isEscaped = Self.mayRun(utf8)
        guard needsQuotes else {
            if isEscaped { bytes.append(UInt8(ascii: "'")) }
            return bytes.append(contentsOf: utf8)
        }
        bytes.append(UInt8(ascii: "\""))
        if isEscaped { bytes.append(UInt8(ascii: "'")) }
        for byte in utf8 {
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Whether a spreadsheet may take the text for a formula, or it begins with the apostrophe that marks those.
    private static func mayRun(_ utf8: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let first = utf8.first else { return false }
        switch first {
        case UInt8(ascii: "="), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "@"), UInt8(ascii: "'"), 0x09, 0x0A,
            0x0D:
            return true
        case 0xEF:
            // U+FF0B, U+FF0D, U+FF1D, U+FF20: the signs in the width of ideographs.
            guard utf8.count >= 3, utf8[1] == 0xBC else { return false }
            return [0x8B, 0x8D, 0x9D, 0xA0].contains(utf8[2])
        default: return false
        }
    }
}
