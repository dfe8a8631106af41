extension Answer {
    /// When the broker's server says that it made the answer (`Date`, RFC 9110 section 6.6.1), in whole seconds; `nil`: it
    /// says nothing that can be read.
    public var date: Timestamp? { header("date").flatMap { Timestamp(httpDate: $0) } }
}

extension Host {
    /// Learns the broker's clock from the `Date` of an answer: what `.now` adds from then on, and what an operator is shown.
    ///
    /// A date in whole seconds proves a difference only beyond its second and the time that the exchange took; within that
    /// the clocks agree. An answer without a date teaches nothing.
    public func learnClock(from answer: Answer) {
        guard let date = answer.date, answer.transport.result == .done, let written = answer.transport.writtenAt,
            let heard = answer.transport.firstByteAt ?? answer.transport.doneAt
        else { return }
        let least = date.nanoseconds &- heard.nanoseconds
        let most = date.nanoseconds &+ 1_000_000_000 &- written.nanoseconds
        guard least <= most else { return }  // our own clock was set meanwhile
        let ahead = least > 0 ? least : most < 0 ? most : 0
        _ = serverTime(Timestamp(nanoseconds: now.nanoseconds &+ ahead))
    }
}

extension Timestamp {
    /// Reads `Sun, 06 Nov 1994 08:49:37 GMT`, the one form in which dates are sent today.
    init?(httpDate text: String) {
        let words = text.split(separator: " ")
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        guard words.count == 6, words[0].utf8.count == 4, words[5] == "GMT",
            let month = months.firstIndex(where: { $0 == words[2] }).map({ Int64($0) + 1 }),
            let day = Timestamp.digits(words[1], 2), let year = Timestamp.digits(words[3], 4)
        else { return nil }
        let clock = words[4].split(separator: ":", omittingEmptySubsequences: false)
        guard clock.count == 3, let hour = Timestamp.digits(clock[0], 2), let minute = Timestamp.digits(clock[1], 2),
            let second = Timestamp.digits(clock[2], 2), (1...31).contains(day), hour < 24, minute < 60, second <= 60,
            (1_970...2_261).contains(year)
        else { return nil }
        // Days since the epoch by the proleptic Gregorian calendar, years beginning in March.
        let shifted = month > 2 ? year : year - 1
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        self.init(nanoseconds: (days * 86_400 + hour * 3_600 + minute * 60 + second) * 1_000_000_000)
    }

    private static func digits(_ text: Substring, _ count: Int) -> Int64? {
        guard text.utf8.count == count, text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
        return Int64(text)
    }
}
