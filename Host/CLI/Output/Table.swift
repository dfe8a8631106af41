/// Rows in aligned columns.
struct Table: Sendable {
    enum Alignment: Sendable { case left, right }

    struct Column: Sendable {
        var title: String
        var alignment: Alignment
        /// Gives way, by wrapping its words, when the table is wider than the terminal.
        var wraps: Bool
        /// Left out when no row has anything in it.
        var isOptional: Bool
    }

    struct Cell: Hashable, Sendable, ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
        var text: String
        var tone: Style.Tone

        init(_ text: String, _ tone: Style.Tone = .plain) { (self.text, self.tone) = (text.displayable, tone) }
        init(stringLiteral value: String) { self.init(value) }

        /// A status word in its tone.
        static func status(_ word: String) -> Cell { Cell(word, Style.tone(ofStatus: word)) }
    }

    private var columns: [Column] = []
    private var rows: [[Cell]] = []
    /// Two spaces between columns.
    private static let gap = 2
    /// A wrapping column stays at least this wide.
    private static let narrowest = 16

    init(_ columns: [Column] = []) { self.columns = columns }

    var isEmpty: Bool { rows.isEmpty }

    /// Adds a row; cells that are missing at its end are empty.
    mutating func append(_ row: [Cell]) {
        rows.append(Array(row.prefix(columns.count)) + Array(repeating: "", count: max(0, columns.count - row.count)))
    }

    /// The table's lines, none with spaces at its end.
    func lines(_ style: Style) -> [String] {
        let kept = columns.indices.filter { index in
            !columns[index].isOptional || rows.contains { !$0[index].text.isEmpty }
        }
        var widths = kept.map { index in
            rows.reduce(columns[index].title.count) { max($0, $1[index].text.count) }
        }
        if let width = style.width, let place = kept.firstIndex(where: { columns[$0].wraps }) {
            let excess = widths.reduce(0, +) + Self.gap * (kept.count - 1) - width
            if excess > 0 { widths[place] = max(Self.narrowest, widths[place] - excess) }
        }
        var lines = [line(kept.map { Cell(columns[$0].title, .bold) }, kept, widths, style)]
        for row in rows {
            let wrapped = zip(kept, widths).map { index, width in
                columns[index].wraps ? row[index].text.wrapped(to: width) : [row[index].text]
            }
            for part in 0..<(wrapped.map(\.count).max() ?? 1) {
                let cells = zip(kept, wrapped).map { index, parts in
                    part < parts.count ? Cell(parts[part], row[index].tone) : ""
                }
                lines.append(line(cells, kept, widths, style))
            }
        }
        return lines
    }

    private func line(_ cells: [Cell], _ kept: [Int], _ widths: [Int], _ style: Style) -> String {
        var result = ""
        var pending = 0  // spaces owed before the next text, so that none trail
        for (place, cell) in cells.enumerated() {
            let padding = max(0, widths[place] - cell.text.count)
            if columns[kept[place]].alignment == .right { pending += padding }
            if !cell.text.isEmpty {
                result += String(repeating: " ", count: pending) + style(cell.tone, cell.text)
                pending = 0
            }
            if columns[kept[place]].alignment == .left { pending += padding }
            pending += Self.gap
        }
        return result
    }
}

extension Table.Column {
    static func text(_ title: String) -> Self {
        Self(title: title, alignment: .left, wraps: false, isOptional: false)
    }
    static func number(_ title: String) -> Self {
        Self(title: title, alignment: .right, wraps: false, isOptional: false)
    }
    static func sentence(_ title: String) -> Self {
        Self(title: title, alignment: .left, wraps: true, isOptional: true)
    }
    /// The same, left out when no row has anything in it.
    var optional: Self {
        var column = self
        column.isOptional = true
        return column
    }
}

extension String {
    /// The text in lines of at most `width` characters, broken between words where that is possible.
    func wrapped(to width: Int) -> [String] {
        guard count > width, width > 0 else { return [self] }
        var lines: [String] = []
        var line = ""
        for word in split(separator: " ", omittingEmptySubsequences: true) {
            var word = word
            if !line.isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            while line.isEmpty, word.count > width {
                lines.append(String(word.prefix(width)))
                word = word.dropFirst(width)
            }
            line += line.isEmpty ? String(word) : " \(word)"
        }
        if !line.isEmpty { lines.append(line) }
        return lines.isEmpty ? [""] : lines
    }
}
