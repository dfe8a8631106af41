import AdapterKit
import Exact

/// What a recording says of one thing, member by member. Each member is compared, or said to have no place in the
/// contract; one that nobody understands is a difference.
struct Expectation {
    let place: String
    let object: JSONObject
    private var left: [String]
    private(set) var findings: [Finding] = []
    /// Members that the contract has no place for.
    private(set) var uncompared: [String] = []

    init(_ object: JSONObject, at place: String) {
        self.place = place
        self.object = object
        left = object.keys
    }

    /// A member for the caller to judge; it counts as compared and is given once.
    mutating func take(_ names: String...) -> JSONValue? { take(any: names) }

    mutating func take(any names: [String]) -> JSONValue? {
        var found: JSONValue?
        for name in names {
            guard let index = left.firstIndex(of: name) else { continue }
            left.remove(at: index)
            found = found ?? object[name]
        }
        return found
    }

    func has(_ names: String...) -> Bool { names.contains { object.contains(key: $0) } }

    mutating func fail(_ name: String, expected: String, found: String) {
        findings.append(Finding(path(name), expected: expected, found: found))
    }

    private func path(_ name: String) -> String { place.isEmpty ? name : "\(place).\(name)" }

    /// A number; recorded null means none or zero, recorded zero may be absent.
    mutating func number(_ names: String..., is found: ExactDecimal?) {
        for name in names {
            guard let value = take(name) else { continue }
            if value.isNull {
                if let found, !found.isZero { fail(name, expected: "none", found: found.description) }
            } else if let expected = value.decimalOrText {
                if found != expected, !(found == nil && expected.isZero) {
                    fail(name, expected: expected.description, found: found?.description ?? "absent")
                }
            } else {
                fail(name, expected: "a number", found: "recorded as \(Comparison.text(value))")
            }
        }
    }

    /// A text, or an identifier written as a number; recorded null means none.
    mutating func text(_ names: String..., is found: String?) {
        for name in names {
            guard let value = take(name) else { continue }
            let expected = value.isNull ? "" : Comparison.text(value)
            if (found ?? "") != expected {
                fail(name, expected: expected.isEmpty ? "none" : expected, found: found ?? "absent")
            }
        }
    }

    /// A word of a closed set.
    mutating func word<Word: Equatable>(_ names: String..., of table: [String: Word], is found: Word?) {
        for name in names {
            guard let value = take(name) else { continue }
            guard let text = value.string, let word = table[text] else {
                fail(
                    name, expected: "a word that is known (\(table.keys.sorted().joined(separator: ", ")))",
                    found: "recorded as \(Comparison.text(value))")
                continue
            }
            if word != found { fail(name, expected: text, found: found.map { "\($0)" } ?? "absent") }
        }
    }

    /// An instant, as seconds since the epoch (`_ms`: milliseconds) or as text with its offset; null: none.
    mutating func time(_ names: String..., is found: Timestamp?) {
        for name in names {
            guard let value = take(name) else { continue }
            let said = found.map { "\($0.nanoseconds) ns" } ?? "absent"
            if value.isNull {
                if found != nil { fail(name, expected: "none", found: said) }
            } else if let expected = RecordedTime.nanoseconds(value, isMilliseconds: name.hasSuffix("_ms")) {
                if found?.nanoseconds != expected, !(found == nil && expected == 0) {
                    fail(name, expected: Comparison.text(value), found: said)
                }
            } else {
                fail(name, expected: "an instant", found: "recorded as \(Comparison.text(value))")
            }
        }
    }

    /// Members that the contract has no place for, and members that say which thing is meant.
    mutating func noPlace(_ names: Set<String>) {
        for name in left where names.contains(name) {
            left.removeAll { $0 == name }
            uncompared.append(name)
        }
    }

    /// Another part's findings.
    mutating func add(_ other: Expectation) {
        findings += other.findings
        uncompared += other.uncompared
    }

    mutating func add(_ found: [Finding]) { findings += found }

    /// Whatever is left is understood by nobody.
    mutating func finish() {
        for name in left {
            findings.append(
                Finding(
                    path(name), expected: Comparison.short(object[name].map { Comparison.text($0) } ?? ""),
                    found: "not understood: nothing of this is compared by that name"))
        }
        left = []
    }
}

/// Instants as recordings write them.
enum RecordedTime {
    static func nanoseconds(_ value: JSONValue, isMilliseconds: Bool) -> Int64? {
        if let number = value.decimalOrText {
            let unit = isMilliseconds ? 1_000_000 : 1_000_000_000
            guard let whole = number.multiplied(by: ExactDecimal(Int64(unit))) else { return nil }
            return whole.int64
        }
        return value.string.flatMap { nanoseconds(iso: $0) }
    }

    /// `2021-07-05T10:41:27.5+05:30`, `Z` and `+0530` too.
    static func nanoseconds(iso text: String) -> Int64? {
        let bytes = Array(text.utf8)
        func digits(_ range: Range<Int>) -> Int64? {
            guard range.upperBound <= bytes.count else { return nil }
            var value: Int64 = 0
            for byte in bytes[range] {
                guard (48...57).contains(byte) else { return nil }
                value = value * 10 + Int64(byte - 48)
            }
            return value
        }
        guard let year = digits(0..<4), let month = digits(5..<7), let day = digits(8..<10), let hour = digits(11..<13),
            let minute = digits(14..<16), let second = digits(17..<19), (1...12).contains(month),
            (1...31).contains(day), hour < 24, minute < 60, second <= 60, (1_678...2_261).contains(year)
        else { return nil }
        var rest = bytes[19...]
        var fraction: Int64 = 0
        if rest.first == UInt8(ascii: ".") {
            let places = rest.dropFirst().prefix { (48...57).contains($0) }
            guard (1...9).contains(places.count), let value = digits(places.startIndex..<places.endIndex) else {
                return nil
            }
            fraction = (0..<(9 - places.count)).reduce(value) { product, _ in product * 10 }
            rest = rest.dropFirst(places.count + 1)
        }
        var offset: Int64 = 0
        let zone = Array(rest.filter { $0 != UInt8(ascii: ":") })
        if zone.count == 5, let sign = zone.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"),
            zone.dropFirst().allSatisfy({ (48...57).contains($0) })
        {
            let number = zone.dropFirst().reduce(Int64(0)) { $0 * 10 + Int64($1 - 48) }
            offset = (number / 100 * 60 + number % 100) * 60 * (sign == UInt8(ascii: "+") ? 1 : -1)
        } else if zone != [UInt8(ascii: "Z")] {
            return nil
        }
        let shifted = month > 2 ? year : year - 1
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        return (days * 86_400 + hour * 3_600 + minute * 60 + second - offset) * 1_000_000_000 + fraction
    }
}
