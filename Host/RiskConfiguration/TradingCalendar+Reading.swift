import Domain
package import Engine
package import Settings

extension TradingCalendar {
    /// Reads a calendar file, strictly: every error at its place, nothing of a file with an error.
    ///
    /// ```yaml
    /// calendar: 1
    /// venues:
    ///   NSE:
    ///     offset: "+05:30"              # local clock against UTC; or by local date, where clocks change:
    ///     # offset: [ { from: 2026-03-08, utc: "-04:00" }, { from: 2026-11-01, utc: "-05:00" } ]
    ///     week:                         # a weekday that is not named does not trade
    ///       - { days: [MON, TUE, WED, THU, FRI], hours: ["09:15-15:30"] }
    ///     holidays: [2026-01-26]        # local dates without any session
    ///     special_days:                 # local dates with sessions of their own
    ///       - { date: 2026-11-08, hours: ["18:00-19:00"] }
    ///     known_until: 2026-12-31       # the last date whose holidays are in the list, or `unlimited`
    ///   BINANCE:
    ///     offset: "+00:00"
    ///     week: [ { days: [MON, TUE, WED, THU, FRI, SAT, SUN], hours: ["00:00-24:00"] } ]
    ///     known_until: unlimited
    /// ```
    /// Hours are half-open, `24:00` ends a day, `17:00-16:00+1` ends on the next one. A session belongs to the date on which
    /// it opens. After `known_until` the venue counts as unknown, and C5 refuses: a holiday that nobody listed must not pass
    /// for a trading day.
    /// - Parameter file: For the places of errors.
    package init(_ text: String, file: String) throws(ConfigurationErrors) {
        self = try DocumentReader.read(text: text, file: file) { reader in
            _ = reader.required("calendar", .integer(1...1))
            let venues = reader.required("venues", .entries(of: .venueCalendar)) ?? []
            var calendar = TradingCalendar()
            for (name, venue) in venues {
                guard InstrumentID.venues.contains(name) else {
                    reader.report(
                        "'\(name)' is not a venue",
                        remedy: "venues are \(InstrumentID.venues.sorted().joined(separator: ", "))", at: "venues")
                    continue
                }
                calendar.venues[name] = venue
            }
            return calendar
        }
    }
}

extension FieldType where Value == TradingCalendar.Venue {
    fileprivate static var venueCalendar: FieldType<TradingCalendar.Venue> {
        .mapping { venue in
            let offsets = venue.required("offset", .offsets)
            var week: [[TradingCalendar.Session]] = Array(repeating: [], count: 7)
            for row in venue.sections("week") {
                let days = row.required("days", .list(of: .choice(Self.weekdays), count: 1...7)) ?? []
                let hours = row.required("hours", .hours) ?? []
                for day in days {
                    if week[day].isEmpty { week[day] = hours } else { row.report("a weekday stands twice", at: "days") }
                }
                row.finish()
            }
            if week.allSatisfy(\.isEmpty) {
                venue.report("no weekday has a session", remedy: "give week: [ { days: [...], hours: [...] } ]")
            }
            for day in 0..<7 where overlaps(week[day], next: week[(day + 1) % 7]) {
                venue.report("a session reaches into one of the next day", remedy: "end it before", at: "week")
                break
            }
            var days: [Int64: [TradingCalendar.Session]] = [:]
            for date in venue.optional("holidays", .list(of: .date)) ?? [] {
                if days.updateValue([], forKey: date.daysSinceEpoch) != nil {
                    venue.report("\(date) stands twice", at: "holidays")
                }
            }
            for row in venue.sections("special_days") {
                let date = row.required("date", .date)
                let hours = row.required("hours", .hours)
                if let date, let hours, days.updateValue(hours, forKey: date.daysSinceEpoch) != nil {
                    row.report("\(date) stands twice", at: "date")
                }
                row.finish()
            }
            guard let offsets, let known = venue.required("known_until", .allowance(.date)) else { return nil }
            let lastDay: Int64 =
                switch known {
                case .unlimited: .max
                case .limited(let date): date.daysSinceEpoch
                }
            return TradingCalendar.Venue(offsets: offsets, week: week, days: days, lastDay: lastDay)
        }
    }

    private static var weekdays: KeyValuePairs<String, Int> {
        ["MON": 0, "TUE": 1, "WED": 2, "THU": 3, "FRI": 4, "SAT": 5, "SUN": 6]
    }

    private static func overlaps(_ day: [TradingCalendar.Session], next: [TradingCalendar.Session]) -> Bool {
        guard let last = day.last, let first = next.first else { return false }
        return last.close - 86_400 > first.open
    }
}

extension FieldType where Value == [TradingCalendar.Offset] {
    /// One offset, or a list of them by the local date they begin on.
    fileprivate static var offsets: FieldType<[TradingCalendar.Offset]> {
        let expectation = "an offset from UTC like \"+05:30\", or a list of { from: 2026-03-08, utc: \"-04:00\" }"
        return FieldType<[TradingCalendar.Offset]>(expectation) { value in
            guard value.kind == .list else {
                return FieldType<Int64>.utcOffset.read(value).map {
                    [TradingCalendar.Offset(fromDay: .min, seconds: $0)]
                }
            }
            let changes = FieldType<[TradingCalendar.Offset]>.list(of: .offsetChange, count: 1...200).read(value)
            guard let changes else { return nil }
            guard zip(changes, changes.dropFirst()).allSatisfy({ $0.fromDay < $1.fromDay }) else {
                value.report("the dates do not ascend", remedy: "give each change once, earliest first")
                return nil
            }
            return changes
        }
    }
}

extension FieldType where Value == TradingCalendar.Offset {
    fileprivate static var offsetChange: FieldType<TradingCalendar.Offset> {
        .mapping { row in
            let date = row.required("from", .date)
            let seconds = row.required("utc", .utcOffset)
            guard let date, let seconds else { return nil }
            return TradingCalendar.Offset(fromDay: date.daysSinceEpoch, seconds: seconds)
        }
    }
}

extension FieldType where Value == Int64 {
    /// `+05:30`, in seconds, from -14 to +14 hours.
    fileprivate static var utcOffset: FieldType<Int64> {
        FieldType<String>.text.map("an offset from UTC like \"+05:30\", at most 14 hours") { text in
            guard let sign = text.first, sign == "+" || sign == "-", text.utf8.count == 6,
                let time = TimeOfDay(String(text.dropFirst())), time.seconds <= 14 * 3_600
            else { return nil }
            return sign == "-" ? -Int64(time.seconds) : Int64(time.seconds)
        }
    }
}

extension FieldType where Value == [TradingCalendar.Session] {
    /// Sessions of one date, ascending and apart or touching.
    fileprivate static var hours: FieldType<[TradingCalendar.Session]> {
        FieldType<[TradingCalendar.Session]>.list(of: .session, count: 1...16)
            .filter("sessions in ascending order that do not overlap") { sessions in
                zip(sessions, sessions.dropFirst()).allSatisfy { $0.close <= $1.open }
            }
    }
}

extension FieldType where Value == TradingCalendar.Session {
    fileprivate static var session: FieldType<TradingCalendar.Session> {
        FieldType<String>.text.map("hours like \"09:15-15:30\", \"00:00-24:00\" or \"17:00-16:00+1\"") { text in
            let parts = text.split(separator: "-", omittingEmptySubsequences: false)
            guard parts.count == 2, let open = TimeOfDay(String(parts[0])) else { return nil }
            let isNext = parts[1].hasSuffix("+1")
            let end = String(isNext ? parts[1].dropLast(2) : parts[1])
            guard let close = end == "24:00" && !isNext ? 86_400 : TimeOfDay(end)?.seconds else { return nil }
            return TradingCalendar.Session(open: Int64(open.seconds), close: Int64(close + (isNext ? 86_400 : 0)))
        }
    }
}
