package import Domain

/// A time of day without a zone, in whole seconds since midnight: 0 to 86,399.
package struct TimeOfDay: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let seconds: Int

    /// `nil` outside a day.
    package init?(seconds: Int) {
        guard (0..<86_400).contains(seconds) else { return nil }
        self.seconds = seconds
    }

    /// Reads `15:20` or `15:20:30`.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3,
            parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { $0 &- 48 <= 9 } })
        else { return nil }
        let numbers = parts.compactMap { Int($0) }
        guard numbers.count == parts.count, numbers[0] < 24, numbers[1] < 60, numbers.count == 2 || numbers[2] < 60
        else { return nil }
        seconds = numbers[0] * 3600 + numbers[1] * 60 + (numbers.count == 3 ? numbers[2] : 0)
    }

    package static func < (left: TimeOfDay, right: TimeOfDay) -> Bool { left.seconds < right.seconds }

    /// `15:20:30`.
    package var description: String {
        [seconds / 3600, seconds / 60 % 60, seconds % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }.joined(separator: ":")
    }
}

/// Durations as files write them: a decimal and a unit, `250ms`, `2s`, `1.5h`.
package enum DurationText {
    /// Units by name, longest name first, in nanoseconds.
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("m", 60_000_000_000),
        ("h", 3_600_000_000_000), ("d", 86_400_000_000_000),
    ]

    /// Nanoseconds. `nil` for other text, below zero, for parts of a nanosecond and beyond 292 years.
    package static func nanoseconds(_ text: String) -> Int64? {
        for unit in units where text.hasSuffix(unit.name) {
            guard let number = ExactDecimal(String(text.dropLast(unit.name.count))) else { continue }
            guard !number.isNegative else { return nil }
            return number.multiplied(by: ExactDecimal(unit.nanoseconds))?.int64
        }
        return nil
    }

    /// The shortest text that reads back as `nanoseconds`, which are not negative: `5m`, `1500ms`.
    package static func text(nanoseconds: Int64) -> String {
        guard nanoseconds != 0 else { return "0s" }
        let unit = units.last { nanoseconds % $0.nanoseconds == 0 } ?? units[0]
        return "\(nanoseconds / unit.nanoseconds)\(unit.name)"
    }
}

extension FieldType where Value == Int64 {
    /// A duration in nanoseconds, within bounds in nanoseconds.
    package static func duration(_ range: ClosedRange<Int64> = 0 ... .max) -> FieldType<Int64> {
        func expectation() -> String {
            var expectation = "a duration like 250ms, 2s or 5m"
            if range.lowerBound > 0 { expectation += ", at least \(DurationText.text(nanoseconds: range.lowerBound))" }
            if range.upperBound < .max {
                expectation += ", at most \(DurationText.text(nanoseconds: range.upperBound))"
            }
            return expectation
        }
        return FieldType<String>.text(expectation()).map { text in
            DurationText.nanoseconds(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}

extension FieldType where Value == TimeOfDay {
    /// `15:20` or `15:20:30`.
    package static var timeOfDay: FieldType<TimeOfDay> {
        FieldType<String>.text("a time of day from 00:00 to 23:59:59, like 15:20").map { TimeOfDay($0) }
    }
}

extension FieldType where Value == CivilDate {
    /// `2026-12-31`.
    package static var date: FieldType<CivilDate> {
        FieldType<String>.text("a date like 2026-12-31").map { text in
            let date = CivilDate(compact: text.filter { $0 != "-" })
            return date?.description == text ? date : nil
        }
    }
}

extension FieldType where Value == Money {
    /// An amount with its currency, `20000 INR`, with no more digits than the currency has.
    package static var money: FieldType<Money> {
        FieldType<String>.text("an amount with its currency, like \"20000 INR\"").map { Money($0) }
    }
}

extension FieldType where Value == [Money] {
    /// One amount or a list of them, no currency twice.
    package static var moneyPerCurrency: FieldType<[Money]> {
        FieldType<[Money]>.oneOrMore(.money).filter("amounts like \"20000 INR\", one for each currency") { amounts in
            Set(amounts.map(\.currency)).count == amounts.count && !amounts.isEmpty
        }
    }
}

/// Bytes as people write them: `512MiB`, `2GiB`.
package enum ByteSizeText {
    private static let units: KeyValuePairs<String, Int64> = [
        "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
    ]

    /// `nil` for anything but a whole number and one of the units, and for what does not fit.
    package static func bytes(_ text: String) -> Int64? {
        guard let unit = units.first(where: { text.hasSuffix($0.key) }), text.first != "+",
            let count = Int64(text.dropLast(unit.key.count))
        else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: unit.value)
        return overflow || count < 0 ? nil : bytes
    }

    /// In the largest unit that divides it.
    package static func text(bytes: Int64) -> String {
        guard let unit = units.last(where: { bytes % $0.value == 0 }) else { return "\(bytes) bytes" }
        return "\(bytes / unit.value)\(unit.key)"
    }
}

extension FieldType where Value == Int64 {
    /// A number of bytes, within bounds in bytes.
    package static func byteSize(_ range: ClosedRange<Int64>) -> FieldType<Int64> {
        let bounds =
            "at least \(ByteSizeText.text(bytes: range.lowerBound)), at most \(ByteSizeText.text(bytes: range.upperBound))"
        return FieldType<String>.text("a size like 512MiB or 2GiB, \(bounds)").map { text in
            ByteSizeText.bytes(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }
}
