import Exact

/// What the demo did and whether it was as it should be: told as it goes, kept as data.
struct DemoStory {
    struct Check: Hashable, Sendable {
        var text: String
        var isMet: Bool
        /// What was there instead.
        var found: String
    }

    struct Step: Sendable {
        var title: String
        var asked: [String] = []
        var checks: [Check] = []
        var answers = JSONObject()
        var began: Int64
        var ended: Int64?
    }

    private(set) var steps: [Step] = []
    /// `nil` = nothing is told, the data comes at the end.
    private let console: Console?
    private let style: Style
    private let clock: @Sendable () -> Int64
    private let began: Int64

    /// - Parameter clock: nanoseconds that never go back.
    init(console: Console?, clock: @escaping @Sendable () -> Int64) {
        (self.console, self.clock, style, began) = (console, clock, console?.style ?? .plain, clock())
    }

    /// Whether everything so far was as it should be.
    var isGood: Bool { steps.allSatisfy { $0.checks.allSatisfy(\.isMet) } }
    /// Since the story began.
    var milliseconds: Int64 { (clock() - began) / 1_000_000 }

    mutating func begin(_ title: String, _ why: String) {
        end()
        steps.append(Step(title: title, began: clock()))
        tell("")
        tell(style(.bold, "\(steps.count). \(title)"))
        for line in why.wrapped(to: min(style.width ?? 100, 100) - 3) { tell(style(.dim, "   \(line)")) }
    }

    /// The last step is over.
    mutating func end() {
        guard let last = steps.indices.last, steps[last].ended == nil else { return }
        steps[last].ended = clock()
    }

    /// A request, as a person would write it.
    mutating func asked(_ text: String) {
        guard let last = steps.indices.last else { return }
        steps[last].asked.append(text)
        tell("   > \(text)")
    }

    /// Something to look at.
    func show(_ lines: [String]) { for line in lines { tell(line.isEmpty ? "" : "     \(line)") } }

    /// An answer, for the data.
    mutating func keep(_ name: String, _ value: JSONValue) {
        guard let last = steps.indices.last else { return }
        steps[last].answers[name] = value
    }

    /// What must hold, and what was found instead where it does not.
    mutating func check(_ isMet: Bool, _ text: String, found: @autoclosure () -> String = "") {
        guard let last = steps.indices.last else { return }
        let check = Check(text: text, isMet: isMet, found: isMet ? "" : found().displayable)
        steps[last].checks.append(check)
        if isMet {
            tell("   \(style(.good, "✓")) \(text)")
        } else {
            tell("   \(style(.bad, "✗ \(text)"))" + (check.found.isEmpty ? "" : " — found \(check.found)"))
        }
    }

    private func tell(_ line: String) { console?.out(line) }

    /// The last lines: how many checks held, and which did not.
    func conclude() {
        let checks = steps.flatMap(\.checks)
        let failed = steps.enumerated().flatMap { index, step in
            step.checks.filter { !$0.isMet }.map { "step \(index + 1), \(step.title): \($0.text)" }
        }
        tell("")
        let time = Units.latency(microseconds: milliseconds * 1_000)
        guard !failed.isEmpty else {
            tell(style(.good, "All \(checks.count) checks of \(steps.count) steps held, in \(time)."))
            return
        }
        tell(style(.bad, "\(failed.count) of \(checks.count) checks did not hold:"))
        for line in failed { tell("  \(line)") }
    }

    /// The whole story as data.
    func document(output: [String]) -> JSONValue {
        .object([
            "ok": .bool(isGood), "duration_ms": JSONValue(milliseconds),
            "steps": .array(
                steps.enumerated().map { index, step in
                    .object([
                        "number": JSONValue(Int64(index + 1)), "title": .string(step.title),
                        "duration_ms": JSONValue(((step.ended ?? clock()) - step.began) / 1_000_000),
                        "asked": .array(step.asked.map { .string($0) }),
                        "checks": .array(step.checks.map(Self.document)), "answers": .object(step.answers),
                    ])
                }), "files": .array(output.map { .string($0) }),
        ])
    }

    private static func document(_ check: Check) -> JSONValue {
        var members: JSONObject = ["text": .string(check.text), "ok": .bool(check.isMet)]
        if !check.isMet { members["found"] = .string(check.found) }
        return .object(members)
    }
}
