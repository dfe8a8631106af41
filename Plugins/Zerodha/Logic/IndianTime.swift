import AdapterKit

/// Times of a broker in India: UTC+05:30 all year, no daylight saving.
enum IndianTime {
    static let offsetNanoseconds: Int64 = 19_800 * 1_000_000_000
    static let dayNanoseconds: Int64 = 86_400 * 1_000_000_000

    /// `2021-05-31 09:18:57` is Indian time; `2017-12-15T09:15:00+0530` says so itself, with or without a colon.
    ///
    /// - Returns: `nil` for any other text, for a day that is not in the calendar, and for years outside 1970-2199.
    static func instant(_ text: String) -> Timestamp? {
        var text = text
        return text.withUTF8 { bytes in instant(bytes) }
    }

    static func instant(_ bytes: UnsafeBufferPointer<UInt8>) -> Timestamp? {
        guard bytes.count >= 19, bytes[10] == UInt8(ascii: " ") || bytes[10] == UInt8(ascii: "T"),
            let day = day(bytes, at: 0), let second = timeOfDay(bytes, at: 11)
        else { return nil }
        var shift = offsetNanoseconds
        if bytes.count > 19 {
            guard let stated = statedOffset(bytes, at: 19) else { return nil }
            shift = stated
        }
        return Timestamp(nanoseconds: day * dayNanoseconds + second - shift)
    }

    /// `09:18:57` on the Indian day of `moment`, as some trade records have it.
    static func instant(timeOfDay text: String, onTheDayOf moment: Timestamp) -> Timestamp? {
        var text = text
        guard let second = text.withUTF8({ $0.count == 8 ? timeOfDay($0, at: 0) : nil }) else { return nil }
        let local = moment.nanoseconds + offsetNanoseconds
        let midnight = local - (local % dayNanoseconds + dayNanoseconds) % dayNanoseconds
        return Timestamp(nanoseconds: midnight + second - offsetNanoseconds)
    }

    /// The next moment after `now` at which the broker ends every login: 06:00 of a calendar day (FACTS.md §2).
    static func loginEnd(after now: Timestamp) -> Timestamp {
        let sixth = 6 * 3_600 * Int64(1_000_000_000)
        let local = now.nanoseconds + offsetNanoseconds
        let midnight = local - (local % dayNanoseconds + dayNanoseconds) % dayNanoseconds
        let today = midnight + sixth
        return Timestamp(nanoseconds: (today > local ? today : today + dayNanoseconds) - offsetNanoseconds)
    }

    /// The Indian calendar day of a moment, `20261231`.
    static func dayNumber(_ moment: Timestamp) -> Int {
        let local = moment.nanoseconds + offsetNanoseconds
        let days = (local - (local % dayNanoseconds + dayNanoseconds) % dayNanoseconds) / dayNanoseconds
        let (year, month, day) = civil(days)
        return year * 10_000 + month * 100 + day
    }

    /// `2026-12-31 09:15:00`, as the broker's queries want it.
    static func text(_ moment: Timestamp) -> String {
        let local = moment.nanoseconds + offsetNanoseconds
        let within = (local % dayNanoseconds + dayNanoseconds) % dayNanoseconds
        let (year, month, day) = civil((local - within) / dayNanoseconds)
        let second = Int(within / 1_000_000_000)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(year)-\(two(month))-\(two(day)) \(two(second / 3_600)):\(two(second / 60 % 60)):\(two(second % 60))"
    }

    /// `2026-12-31` as days since 1970-01-01; `nil` where it is no day of the calendar.
    static func day(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> Int64? {
        guard bytes.count >= start + 10, bytes[start + 4] == UInt8(ascii: "-"), bytes[start + 7] == UInt8(ascii: "-"),
            let year = number(bytes, start, 4), let month = number(bytes, start + 5, 2),
            let day = number(bytes, start + 8, 2), (1970...2199).contains(year), (1...12).contains(month), day >= 1
        else { return nil }
        let days = days(year, month, day)
        let (_, sameMonth, sameDay) = civil(days)
        return sameMonth == month && sameDay == day ? days : nil
    }

    private static func timeOfDay(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> Int64? {
        guard bytes.count >= start + 8, bytes[start + 2] == UInt8(ascii: ":"), bytes[start + 5] == UInt8(ascii: ":"),
            let hour = number(bytes, start, 2), let minute = number(bytes, start + 3, 2),
            let second = number(bytes, start + 6, 2), hour < 24, minute < 60, second < 60
        else { return nil }
        return Int64(hour * 3_600 + minute * 60 + second) * 1_000_000_000
    }

    private static func statedOffset(_ bytes: UnsafeBufferPointer<UInt8>, at start: Int) -> Int64? {
        let rest = bytes.count - start
        if rest == 1, bytes[start] == UInt8(ascii: "Z") { return 0 }
        guard rest == 5 || (rest == 6 && bytes[start + 3] == UInt8(ascii: ":")),
            bytes[start] == UInt8(ascii: "+") || bytes[start] == UInt8(ascii: "-"),
            let hour = number(bytes, start + 1, 2), let minute = number(bytes, bytes.count - 2, 2), hour < 15,
            minute < 60
        else { return nil }
        let amount = Int64(hour * 3_600 + minute * 60) * 1_000_000_000
        return bytes[start] == UInt8(ascii: "-") ? -amount : amount
    }

    private static func number(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ length: Int) -> Int? {
        var value = 0
        for index in start..<start + length {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            value = value * 10 + Int(digit)
        }
        return value
    }

    /// Days since 1970-01-01 of a Gregorian date: the year is counted from March, so that leap days come last.
    private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int64 {
        let shifted = month > 2 ? year : year - 1
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return Int64(era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468)
    }

    private static func civil(_ days: Int64) -> (year: Int, month: Int, day: Int) {
        let shifted = Int(days) + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * month + 2) / 5 + 1
        let year = yearOfEra + era * 400
        return month < 10 ? (year, month + 3, day) : (year + 1, month - 9, day)
    }
}
