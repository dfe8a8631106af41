/// One measured figure with what it is held against.
struct Row {
    enum Unit: String {
        case nanoseconds = "ns"
        case perSecond = "/s"
        case mebibytes = "MiB"
        case count = ""
    }

    var benchmark = ""
    var name: String
    var unit: Unit
    /// In thousandths of the unit. A figure without a distribution has the middle alone.
    var middle: Int64
    var p90: Int64?
    var p99: Int64?
    var samples: Int
    /// In thousandths of the unit: an upper bound, or for a rate a lower one.
    var budget: Int64?
    /// The row that it is a multiple of.
    var floor: String?
    var note = ""

    init(_ name: String, _ samples: Samples, budget: Int64? = nil, floor: String? = nil, note: String = "") {
        (self.name, unit, self.samples) = (name, .nanoseconds, samples.count)
        (middle, p90, p99) = (samples.percentile(50), samples.percentile(90), samples.percentile(99))
        (self.budget, self.floor, self.note) = (budget.map { $0 * 1_000 }, floor, note)
    }

    /// A single figure, in thousandths of the unit; so is the budget.
    init(
        _ name: String, _ unit: Unit, thousandths: Int64, budget: Int64? = nil, floor: String? = nil, note: String = ""
    ) {
        (self.name, self.unit, middle, samples) = (name, unit, thousandths, 1)
        (self.budget, self.floor, self.note) = (budget, floor, note)
    }

    /// `nil` without a budget.
    var isMissed: Bool? { budget.map { unit == .perSecond ? middle < $0 : middle > $0 } }

    var verdict: String {
        guard let budget, let isMissed else { return "" }
        guard isMissed else { return "ok" }
        let (large, small) = unit == .perSecond ? (budget, middle) : (middle, budget)
        return "MISSED x\(Self.tenths(large * 10 / max(1, small)))"
    }

    private static func tenths(_ value: Int64) -> String {
        "\(value < 0 ? "-" : "")\(value.magnitude / 10).\(value.magnitude % 10)"
    }

    private func text(_ thousandths: Int64?) -> String {
        guard let value = thousandths else { return "" }
        switch unit {
        case .nanoseconds:
            if value < 100_000 { return Self.tenths(value / 100) + " ns" }
            if value < 10_000_000 { return "\(value / 1_000) ns" }
            if value < 10_000_000_000 { return Self.tenths(value / 100_000) + " µs" }
            return Self.tenths(value / 100_000_000) + " ms"
        case .perSecond: return "\(value / 1_000) /s"
        case .mebibytes: return Self.tenths(value / 100) + " MiB"
        case .count: return Self.tenths(value / 100)
        }
    }

    static let heading =
        "what".padded(58) + "p50".aligned(11) + "p90".aligned(11) + "p99".aligned(11) + "budget".aligned(11)
        + "  verdict"

    func line(_ bench: Bench) -> String {
        var line =
            "  " + name.padded(56) + text(middle).aligned(11) + text(p90).aligned(11) + text(p99).aligned(11)
            + text(budget).aligned(11) + "  " + verdict
        if let floor, let base = bench.median(floor), base > 0 {
            line += (budget == nil ? "" : "  ") + "x\(Self.tenths(middle * 10 / base)) of \(floor)"
        }
        if samples > 1 { line += "  n=\(samples)" }
        return note.isEmpty ? line : line + "  (\(note))"
    }

    var json: String {
        func field(_ name: String, _ value: Int64?) -> String { "\"\(name)\": \(value.map { "\($0)" } ?? "null")" }
        let quote = { (text: String) in "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\"" }
        return
            "{\"benchmark\": \(quote(benchmark)), \"name\": \(quote(name)), \"unit\": \(quote("thousandths of " + unit.rawValue)), "
            + [
                field("p50", middle), field("p90", p90), field("p99", p99), field("samples", Int64(samples)),
                field("budget", budget),
            ].joined(separator: ", ")
            + ", \"missed\": \(isMissed.map { "\($0)" } ?? "null"), \"note\": \(quote(note))}"
    }
}

extension String {
    func padded(_ width: Int) -> String { count >= width ? self : self + String(repeating: " ", count: width - count) }
    func aligned(_ width: Int) -> String {
        count >= width ? " " + self : String(repeating: " ", count: width - count) + self
    }
}
