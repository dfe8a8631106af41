/// A run's timeline as a drawing within a page.
struct RunDrawing {
    private static let (left, width, right, row) = (150, 820, 200, 22)

    /// One colour a stage, told apart in grey as well.
    private static let colours = [
        "#bdd7ee", "#9dc3e6", "#6fa8dc", "#2f75b5", "#1f4e79", "#f4b183", "#ed7d31", "#a9d18e", "#548235",
    ]

    let timeline: RunTimeline

    init(_ timeline: RunTimeline) { self.timeline = timeline }

    /// SVG without anything from outside; hovering over a bar tells its times.
    func svg() -> String {
        let bottom = (timeline.bars.count + 1) * Self.row
        let total = Self.left + Self.width + Self.right
        var parts = [
            "<svg viewBox=\"0 0 \(total) \(bottom + 50)\" width=\"100%\" role=\"img\" aria-label=\"timeline, logarithmic\">"
        ]
        var free = 0
        for mark in timeline.marks + [timeline.end] {
            let x = place(mark)
            parts.append("<line class=\"axis\" x1=\"\(x)\" y1=\"16\" x2=\"\(x)\" y2=\"\(bottom)\"/>")
            guard x >= free, mark == timeline.end || x < place(timeline.end) - 60 else { continue }
            parts.append(
                "<text class=\"mark\" x=\"\(x)\" y=\"12\">\(RunPage.escaped(Units.latency(microseconds: mark)))</text>")
            free = x + 60
        }
        for (index, bar) in timeline.bars.enumerated() { parts += drawn(bar, y: (index + 1) * Self.row) }
        parts += legend(y: bottom + 14)
        return parts.joined(separator: "\n") + "\n</svg>"
    }

    private func drawn(_ bar: RunTimeline.Bar, y: Int) -> [String] {
        var parts = ["<text x=\"0\" y=\"\(y + 10)\">\(RunPage.escaped(bar.account))</text>"]
        for segment in bar.segments {
            let (start, end) = (place(segment.start), place(segment.end))
            let told =
                "\(segment.stage.title): \(Units.latency(microseconds: segment.end)), "
                + "\(Units.latency(microseconds: segment.end - segment.start)) after the stage before"
            parts.append(
                "<rect x=\"\(start)\" y=\"\(y)\" width=\"\(max(1, end - start))\" height=\"14\" "
                    + "fill=\"\(colour(segment.stage))\"><title>\(RunPage.escaped(told))</title></rect>")
        }
        let words = [bar.status, bar.reject].filter { !$0.isEmpty }.joined(separator: " · ")
        parts.append(
            "<text x=\"\(Self.left + Self.width + 8)\" y=\"\(y + 10)\">\(RunPage.escaped(words))</text>")
        return parts
    }

    private func legend(y: Int) -> [String] {
        RunTimeline.stages.enumerated().flatMap { index, stage in
            let (x, top) = (Self.left + index % 5 * 180, y + index / 5 * 16)
            return [
                "<rect x=\"\(x)\" y=\"\(top)\" width=\"10\" height=\"10\" fill=\"\(colour(stage))\"/>",
                "<text x=\"\(x + 14)\" y=\"\(top + 9)\">\(RunPage.escaped(stage.title))</text>",
            ]
        }
    }

    private func colour(_ stage: RunTimeline.Stage) -> String {
        let index = RunTimeline.stages.firstIndex { $0.key == stage.key } ?? 0
        return Self.colours[index]
    }

    private func place(_ microseconds: Int64) -> Int {
        Self.left + Int((timeline.place(microseconds) * Double(Self.width)).rounded())
    }
}
