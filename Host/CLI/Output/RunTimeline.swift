import Exact
import Glibc

/// When each leg of a run reached each stage, on one axis.
///
/// Stages lie between microseconds and minutes apart, so the axis is logarithmic: a column is a factor, not a distance.
struct RunTimeline {
    /// A stage that a leg passes after the request was received, in order.
    struct Stage: Sendable {
        /// As the answer names it.
        let key: String
        /// What fills the bar on the way to it, without and with a terminal.
        let letter: Character
        let glyph: Character
        let title: String
    }

    static let stages = [
        Stage(key: "admitted", letter: "a", glyph: "░", title: "admitted"),
        Stage(key: "durable", letter: "d", glyph: "▒", title: "durable"),
        Stage(key: "queued", letter: "q", glyph: "▓", title: "queued"),
        Stage(key: "dispatched", letter: "s", glyph: "█", title: "sent to the adapter"),
        Stage(key: "written", letter: "w", glyph: "▄", title: "written to the network"),
        Stage(key: "first_byte", letter: "b", glyph: "╌", title: "first byte back"),
        Stage(key: "acked", letter: "k", glyph: "─", title: "the broker's word"),
        Stage(key: "first_fill", letter: "f", glyph: "━", title: "first fill"),
        Stage(key: "done", letter: "e", glyph: "═", title: "end"),
    ]

    /// The way to one stage, in microseconds since the request was received.
    struct Segment: Sendable {
        var stage: Stage
        var start: Int64
        var end: Int64
    }

    struct Bar: Sendable {
        var account: String
        var status: String
        var isOver: Bool
        var segments: [Segment]
        /// `code` of its refusal; empty where there is none.
        var reject: String
    }

    let bars: [Bar]
    /// The latest time of any leg, at least 1 µs.
    let end: Int64

    init(_ run: JSONValue) {
        bars = (run["legs"]?.array ?? []).map { leg in
            var reached: Int64 = 0
            let segments = Self.stages.compactMap { stage -> Segment? in
                guard let time = leg["latency_us"]?[stage.key]?.int64 else { return nil }
                defer { reached = max(reached, time) }
                // A fill that was told before the acknowledgement: bars do not run backwards.
                return Segment(stage: stage, start: reached, end: max(reached, time))
            }
            return Bar(
                account: leg.text("account_id"), status: leg.text("status"),
                isOver: Self.isOver(leg.text("status")), segments: segments, reject: leg.text("reject.code"))
        }
        end = bars.reduce(1) { max($0, $1.segments.last?.end ?? 0) }
    }

    private static func isOver(_ status: String) -> Bool {
        ["FILLED", "CANCELED", "REFUSED", "REJECTED", "NOT_SENT", "CANCELED_LOCALLY", "EXPIRED"].contains(status)
    }

    /// Where a time lies on the axis, 0 to 1.
    func place(_ microseconds: Int64) -> Double {
        log1p(Double(max(0, min(microseconds, end)))) / log1p(Double(end))
    }

    /// Times that the axis is marked at: powers of ten.
    var marks: [Int64] {
        var marks: [Int64] = []
        var mark: Int64 = 10
        while mark < end {
            marks.append(mark)
            mark *= 10
        }
        return marks
    }
}

// MARK: - On a terminal, and in plain text

extension RunTimeline {
    /// One bar a leg, with what fills it below.
    ///
    /// - Parameter withStages: a bar for each stage of each leg as well, with its times.
    func lines(_ style: Style, withStages: Bool = false) -> [String] {
        guard bars.contains(where: { !$0.segments.isEmpty }) else { return [] }
        let labels = bars.map(\.account)
        // Stages stand below their leg, two columns in.
        let longest = withStages ? 2 + (Self.stages.map(\.key.count).max() ?? 0) : 7
        let label = min(24, max(longest, labels.map(\.count).max() ?? 0))
        let columns = max(20, min(style.width ?? 100, 120) - label - 22)
        var lines = [
            style(.bold, "timeline") + style(.dim, "  since received, logarithmic"), axis(label, columns, style),
        ]
        for bar in bars {
            lines.append(
                "  \(padded(bar.account, label)) \(drawn(bar, columns, style)) "
                    + style(Style.tone(ofStatus: bar.status), bar.status)
                    + (bar.reject.isEmpty ? "" : " \(bar.reject)"))
            guard withStages else { continue }
            for segment in bar.segments {
                // What takes no time at the end of the axis is still seen.
                let first = min(columns - 1, column(segment.start, columns))
                let last = column(segment.end, columns)
                let gap = String(repeating: " ", count: first)
                let filled = String(repeating: glyph(segment.stage, style), count: max(1, last - first))
                lines.append(
                    "  \(padded("  \(segment.stage.key)", label)) "
                        + padded(gap + filled, columns)
                        + "  +\(Units.latency(microseconds: segment.end - segment.start))")
            }
        }
        let used = Self.stages.filter { stage in bars.contains { $0.segments.contains { $0.stage.key == stage.key } } }
        let legend = used.map { "\(glyph($0, style)) \($0.title)" }.joined(separator: "   ")
        return lines + legend.wrapped(to: min(style.width ?? 100, 120) - 4).map { style(.dim, "  \($0)") }
    }

    private func glyph(_ stage: Stage, _ style: Style) -> String {
        String(style.width == nil ? stage.letter : stage.glyph)
    }

    private func column(_ microseconds: Int64, _ columns: Int) -> Int {
        Int((place(microseconds) * Double(columns)).rounded(.down))
    }

    private func drawn(_ bar: Bar, _ columns: Int, _ style: Style) -> String {
        var cells = [String](repeating: " ", count: columns)
        for segment in bar.segments {
            for cell in column(
                segment.start, columns)..<max(column(segment.start, columns), column(segment.end, columns))
            {
                cells[cell] = glyph(segment.stage, style)
            }
        }
        if !bar.isOver, let last = bar.segments.last {
            for cell in column(last.end, columns)..<columns { cells[cell] = style.width == nil ? "." : "·" }
        }
        return cells.joined()
    }

    private func axis(_ label: Int, _ columns: Int, _ style: Style) -> String {
        var cells = Array(repeating: Character(" "), count: columns + 14)
        func write(_ text: String, at column: Int) {
            for (offset, character) in text.enumerated() where cells.indices.contains(column + offset) {
                cells[column + offset] = character
            }
        }
        var free = 0
        for mark in marks {
            let place = column(mark, columns)
            let text = "|\(Units.latency(microseconds: mark))"
            guard place >= free, place + text.count + 10 < columns else { continue }
            write(text, at: place)
            free = place + text.count + 1
        }
        write("|\(Units.latency(microseconds: end))", at: columns)
        var line = String(cells)
        while line.last == " " { line.removeLast() }
        return style(.dim, String(repeating: " ", count: label + 3) + line)
    }

    private func padded(_ text: String, _ width: Int) -> String {
        let shown = text.count > width ? text.prefix(width - 1) + "…" : text
        return shown + String(repeating: " ", count: max(0, width - shown.count))
    }
}
