import Exact

/// What a run of recorded cases found: counts by file and operation, and every difference.
public struct CaseReport: Hashable, Sendable {
    /// Cases of one file and one operation.
    public struct Count: Hashable, Sendable {
        public var file: String
        public var operation: String
        public var passed = 0
        public var failed = 0
        public var skipped = 0
    }

    /// One thing that is not as recorded.
    public struct Difference: Hashable, Sendable, CustomStringConvertible {
        public var file: String
        public var caseName: String
        public var operation: String
        /// What differs: `header Authorization`, `body.quantity`, `outcome`.
        public var place: String
        public var expected: String
        public var found: String

        public var description: String { "\(file) \(caseName): \(place) is \(found), recorded is \(expected)" }
    }

    /// A case that could not be run, and why.
    public struct Skipped: Hashable, Sendable {
        public var file: String
        public var caseName: String
        public var reason: String
    }

    /// A member of recordings that the contract has no place for, and in how many cases.
    public struct Uncompared: Hashable, Sendable {
        public var file: String
        public var member: String
        public var cases: Int
    }

    public private(set) var counts: [Count] = []
    public private(set) var differences: [Difference] = []
    public private(set) var skipped: [Skipped] = []

    /// What recordings say and the contract cannot: such members were not compared.
    public private(set) var uncompared: [Uncompared] = []
    /// Files of the folder that hold no cases in a form that is known.
    public internal(set) var unread: [String] = []

    /// Nothing was run yet.
    public init() {}

    public var passed: Int { counts.reduce(0) { $0 + $1.passed } }
    public var failed: Int { counts.reduce(0) { $0 + $1.failed } }
    /// Whether everything was run, at least something, and is as recorded.
    public var isClean: Bool { differences.isEmpty && skipped.isEmpty && passed > 0 }

    mutating func add(
        _ file: String, _ name: String, _ operation: String, _ found: [Finding], uncompared members: [String] = []
    ) {
        let index = place(file, operation)
        if found.isEmpty { counts[index].passed += 1 } else { counts[index].failed += 1 }
        for member in Set(members).sorted() {
            if let known = uncompared.firstIndex(where: { $0.file == file && $0.member == member }) {
                uncompared[known].cases += 1
            } else {
                uncompared.append(Uncompared(file: file, member: member, cases: 1))
            }
        }
        differences += found.map {
            Difference(
                file: file, caseName: name, operation: operation, place: $0.place, expected: $0.expected,
                found: $0.found)
        }
    }

    mutating func skip(_ file: String, _ name: String, _ operation: String, _ reason: String) {
        counts[place(file, operation)].skipped += 1
        skipped.append(Skipped(file: file, caseName: name, reason: reason))
    }

    private mutating func place(_ file: String, _ operation: String) -> Int {
        if let index = counts.firstIndex(where: { $0.file == file && $0.operation == operation }) { return index }
        counts.append(Count(file: file, operation: operation))
        return counts.count - 1
    }

    /// The report for people.
    public var text: String {
        var lines: [String] = []
        for count in counts {
            var line = "\(count.file)  \(count.operation)  \(count.passed) passed"
            if count.failed > 0 { line += ", \(count.failed) FAILED" }
            if count.skipped > 0 { line += ", \(count.skipped) skipped" }
            lines.append(line)
        }
        let files = uncompared.reduce(into: [String]()) { if !$0.contains($1.file) { $0.append($1.file) } }
        lines += files.map { file in
            let members = uncompared.filter { $0.file == file }.map { "\($0.member) (\($0.cases))" }
            return "not compared: \(file): \(members.joined(separator: ", ")): the contract has no place for them"
        }
        if !unread.isEmpty { lines.append("no cases: \(unread.joined(separator: ", "))") }
        lines += skipped.map { "skipped: \($0.file) \($0.caseName): \($0.reason)" }
        lines += differences.map { "difference: \($0)" }
        let total = counts.reduce(0) { $0 + $1.skipped }
        let run = "\(passed) passed, \(failed) failed, \(total) skipped"
        let note = passed + failed == 0 ? "no case was run; " : total > 0 ? "not everything was run; " : ""
        lines.append(note + run)
        return lines.joined(separator: "\n")
    }

    /// The report for machines.
    public var json: String {
        var json = JSONWriter(pretty: true)
        json.beginObject()
        json.member("passed", passed)
        json.member("failed", failed)
        json.member("skipped", skipped.count)
        json.member("is_clean", isClean)
        json.objects("counts", counts) { json, count in
            json.member("file", count.file)
            json.member("operation", count.operation)
            json.member("passed", count.passed)
            json.member("failed", count.failed)
            json.member("skipped", count.skipped)
        }
        json.objects("differences", differences) { json, difference in
            json.member("file", difference.file)
            json.member("case", difference.caseName)
            json.member("operation", difference.operation)
            json.member("place", difference.place)
            json.member("expected", difference.expected)
            json.member("found", difference.found)
        }
        json.objects("skipped", skipped) { json, item in
            json.member("file", item.file)
            json.member("case", item.caseName)
            json.member("reason", item.reason)
        }
        json.objects("not_compared", uncompared) { json, item in
            json.member("file", item.file)
            json.member("member", item.member)
            json.member("cases", item.cases)
        }
        json.key("no_cases")
        json.beginArray()
        for file in unread { json.value(.string(file)) }
        json.endArray()
        json.endObject()
        return String(decoding: json.bytes, as: UTF8.self)
    }
}

/// One difference, before it is known whose it is.
struct Finding {
    var place: String
    var expected: String
    var found: String

    init(_ place: String, expected: String, found: String) {
        self.place = place
        self.expected = expected
        self.found = found
    }
}

extension JSONWriter {
    /// A member that is a list of objects, whose members `fill` writes.
    fileprivate mutating func objects<Item>(_ key: String, _ items: [Item], _ fill: (inout JSONWriter, Item) -> Void) {
        self.key(key)
        beginArray()
        for item in items {
            beginObject()
            fill(&self, item)
            endObject()
        }
        endArray()
    }
}
