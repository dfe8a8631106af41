import Exact

/// What differs between two documents of limits, as people read it:
/// `account:P1  daily-loss.max  20000 INR -> 10000 INR  tighter`.
enum RiskChanges {
    /// Longer lines become three, where no terminal says how wide it is.
    private static let width = 100

    static func lines(_ changes: [JSONValue], _ style: Style) -> [String] {
        let rows = changes.map(Row.init)
        func widest(_ part: (Row) -> String) -> Int { rows.reduce(0) { max($0, part($1).count) } }
        let bound = style.width ?? width
        let places = widest(\.place)
        let names = widest(\.name)
        // What fits on a line decides the columns; a long list must not push the others apart.
        func isShort(_ row: Row) -> Bool { places + names + row.change.count + row.effect.count + 6 <= bound }
        let changeWidth = rows.reduce(0) { isShort($1) ? max($0, $1.change.count) : $0 }
        return rows.flatMap { row -> [String] in
            let effect = style(tone(row.effect), row.effect)
            let start = style(.bold, row.place) + pad(row.place, to: places) + "  " + row.name
            guard isShort(row) else {
                return [start + pad(row.name, to: names) + "  " + effect]
                    + wrapped(row.before, mark: "-", bound, style) + wrapped(row.after, mark: "+", bound, style)
            }
            return [
                start + pad(row.name, to: names) + "  " + row.change + pad(row.change, to: changeWidth) + "  " + effect
            ]
        }
    }

    /// `3 changes`, `1 change`.
    static func count(_ changes: [JSONValue]) -> String { "\(changes.count) change\(changes.count == 1 ? "" : "s")" }

    private struct Row {
        var place: String
        var name: String
        var before: String
        var after: String
        var effect: String

        init(_ change: JSONValue) {
            place = change.text("place")
            name = [change.text("control"), change.text("key")].filter { !$0.isEmpty }.joined(separator: ".")
            before = Self.value(change, "before")
            after = Self.value(change, "after")
            effect = change.text("effect")
        }

        var change: String { "\(before) -> \(after)" }

        /// A key that is not written is not an empty one: what stands above it counts then.
        private static func value(_ change: JSONValue, _ name: String) -> String {
            let text = change.text(name)
            return text.isEmpty ? "not set" : text
        }
    }

    private static func tone(_ effect: String) -> Style.Tone {
        switch effect {
        case "tighter": .good
        case "looser": .warning
        default: .plain
        }
    }

    private static func pad(_ text: String, to width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count))
    }

    private static func wrapped(_ text: String, mark: String, _ bound: Int, _ style: Style) -> [String] {
        text.wrapped(to: max(20, bound - 4)).enumerated().map { "  \($0 == 0 ? mark : " ") \($1)" }
    }
}
