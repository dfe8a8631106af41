import Domain

/// How long a broker asks to be left alone: the header `Retry-After` of RFC 9110, 10.2.3.
enum RetryAfter {
    /// Nanoseconds, at most a day and never negative; `nil`: the text is neither a number of seconds nor a date.
    ///
    /// - Parameters:
    ///   - brokerDate: the answer's own `Date`: a wait until a date is measured on the clock that named it.
    ///   - wall: this machine's clock, nanoseconds since 1970, for an answer without one.
    static func nanoseconds(_ text: String, brokerDate: String?, wall: Int64) -> Int64? {
        let second: Int64 = 1_000_000_000
        let words = text.trimmingPrefix(while: { $0 == " " || $0 == "\t" })
        let whole = words.prefix { ("0"..."9").contains($0) }
        let rest = words.dropFirst(whole.count)
        if !whole.isEmpty, rest.allSatisfy({ $0 == " " || $0 == "\t" }) || isFraction(rest) {
            // A part of a second is waited for whole: too late is no offence.
            let seconds = Int64(whole) ?? .max
            let most = RateWindow.day / second
            return min(most, seconds >= most ? most : seconds + (isFraction(rest) ? 1 : 0)) * second
        }
        guard let until = date(String(words)) else { return nil }
        let now = brokerDate.flatMap { date($0) } ?? wall / second
        return min(RateWindow.day / second, max(0, until - now)) * second
    }

    private static func isFraction(_ text: Substring) -> Bool {
        text.first == "." && text.count > 1 && text.dropFirst().allSatisfy { ("0"..."9").contains($0) }
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Seconds since 1970 of a date in one of the three forms of RFC 9110, 5.6.7; `nil`: it is none.
    static func date(_ text: String) -> Int64? {
        guard text.utf8.count <= 64 else { return nil }
        let words = text.split { $0 == " " || $0 == "," || $0 == "-" }
        // Sun, 06 Nov 1994 08:49:37 GMT; Sunday, 06-Nov-94 08:49:37 GMT; Sun Nov  6 08:49:37 1994
        let places: (day: Int, month: Int, year: Int, time: Int)
        switch words.count {
        case 6 where words[5] == "GMT" || words[5] == "UTC": places = (1, 2, 3, 4)
        case 5: places = (2, 1, 4, 3)
        default: return nil
        }
        let clock = words[places.time].split(separator: ":", omittingEmptySubsequences: false).map { number($0) }
        guard let month = months.firstIndex(where: { $0 == words[places.month] }),
            let day = number(words[places.day]), var year = number(words[places.year]), clock.count == 3,
            let hour = clock[0], let minute = clock[1], let second = clock[2], hour < 24, minute < 60, second <= 60
        else { return nil }
        if year < 100 { year += year < 70 ? 2000 : 1900 }
        guard let civil = CivilDate(year: Int64(year), month: Int64(month) + 1, day: Int64(day)) else { return nil }
        return civil.daysSinceEpoch * 86_400 + Int64(hour * 3_600 + minute * 60 + second)
    }

    private static func number(_ text: Substring) -> Int? {
        guard (1...4).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int(text)
    }
}
