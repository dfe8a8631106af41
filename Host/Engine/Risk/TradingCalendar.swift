package import Domain

/// When venues trade, as data: sessions by weekday, holidays, days of their own sessions, and the venue's offset from UTC
/// by date. Nothing of it is built in; Gateway reads it from a file.
///
/// A venue trades in its own time: a session belongs to the local date on which it opens and may end on the next.
package struct TradingCalendar: Hashable, Sendable {
    /// One session in seconds since local midnight, half-open: `open <= t < close`.
    package struct Session: Hashable, Sendable {
        /// 0 to 86,399.
        package let open: Int64
        /// Above `open`, at most 172,800: beyond 86,400 it ends on the next day.
        package let close: Int64

        /// `nil` outside those bounds.
        package init?(open: Int64, close: Int64) {
            guard (0..<86_400).contains(open), close > open, close <= 172_800, close - open <= 86_400 else {
                return nil
            }
            (self.open, self.close) = (open, close)
        }
    }

    /// From this local date on, clocks of the venue stand so far ahead of UTC.
    package struct Offset: Hashable, Sendable {
        /// Days since the epoch.
        package let fromDay: Int64
        package let seconds: Int64
        package init(fromDay: Int64, seconds: Int64) { (self.fromDay, self.seconds) = (fromDay, seconds) }
    }

    package struct Venue: Hashable, Sendable {
        /// Ascending by day; the first holds before its day too.
        package var offsets: [Offset]
        /// Seven lists, Monday first, each in ascending order without overlap.
        package var week: [[Session]]
        /// Days that are not as their weekday: an empty list is a holiday.
        package var days: [Int64: [Session]]
        /// The last local date whose holidays are known; later the venue counts as unknown. `Int64.max` = it has none.
        package var lastDay: Int64

        package init(offsets: [Offset], week: [[Session]], days: [Int64: [Session]], lastDay: Int64) {
            (self.offsets, self.week, self.days, self.lastDay) = (offsets, week, days, lastDay)
        }

        func sessions(_ day: Int64) -> [Session] {
            if let own = days[day] { return own }
            // 1970-01-01 was a Thursday.
            let weekday = Int(((day + 3) % 7 + 7) % 7)
            return weekday < week.count ? week[weekday] : []
        }

        /// Seconds that local clocks are ahead at an instant in seconds since the epoch.
        func offset(at second: Int64) -> Int64 {
            var seconds = offsets.first?.seconds ?? 0
            for change in offsets.dropFirst() where second + seconds >= change.fromDay * 86_400 {
                seconds = change.seconds
            }
            return seconds
        }
    }

    package var venues: [String: Venue]
    package init(venues: [String: Venue] = [:]) { self.venues = venues }

    /// Where an instant stands in a venue's sessions; sessions that touch count as one.
    package func state(of venue: String, at now: Timestamp) -> VenueHours {
        guard let venue = venues[venue] else { return .unknown }
        let second = now.nanoseconds.dividedFloor(by: 1_000_000_000)
        let local = second + venue.offset(at: second)
        let day = local.dividedFloor(by: 86_400)
        guard day <= venue.lastDay else { return .unknown }
        for first in [day, day - 1] {
            for session in venue.sessions(first) {
                let (open, close) = (first * 86_400 + session.open, first * 86_400 + session.close)
                guard open <= local, local < close else { continue }
                let rest = now.nanoseconds - second * 1_000_000_000
                return VenueHours(
                    phase: .open,
                    sinceOpen: (local - begin(open, venue)) * 1_000_000_000 + rest,
                    untilClose: (end(close, venue) - local) * 1_000_000_000 - rest)
            }
        }
        return VenueHours(phase: .closed)
    }

    /// How long before its first opening a venue's day begins: brokers make their lists new before it.
    package static let lead: Int64 = 1_800

    /// The latest beginning of the venue's day at or before an instant: `lead` before the first opening of a local date. A
    /// date without sessions belongs to the one before it. `nil`: the venue is not in the calendar, or never opens.
    ///
    /// After `lastDay` the week counts: a holiday that nobody listed begins a day too early, never too late.
    package func dayBegin(of venue: String, at now: Timestamp) -> Timestamp? {
        guard let venue = venues[venue] else { return nil }
        let second = now.nanoseconds.dividedFloor(by: 1_000_000_000)
        let local = second + venue.offset(at: second)
        let today = local.dividedFloor(by: 86_400)
        for day in (0..<32).map({ today + 1 - $0 }) {
            guard let open = venue.sessions(day).first?.open else { continue }
            let begin = day * 86_400 + open - Self.lead
            guard begin <= local else { continue }
            let utc = begin - venue.offset(at: begin - venue.offset(at: second))
            return Timestamp(nanoseconds: utc * 1_000_000_000)
        }
        return nil
    }

    /// The opening of the first of the sessions that touch one another up to the one opening at `open`; looks back over 16.
    private func begin(_ open: Int64, _ venue: Venue) -> Int64 {
        var open = open
        for _ in 0..<16 {
            let day = (open - 1).dividedFloor(by: 86_400)
            var earlier: Int64?
            for first in [day, day - 1] {
                for session in venue.sessions(first) where first * 86_400 + session.close == open {
                    earlier = first * 86_400 + session.open
                }
            }
            guard let earlier else { return open }
            open = earlier
        }
        return open
    }

    private func end(_ close: Int64, _ venue: Venue) -> Int64 {
        var close = close
        for _ in 0..<16 {
            let day = close.dividedFloor(by: 86_400)
            guard let next = venue.sessions(day).first(where: { day * 86_400 + $0.open == close }) else { return close }
            close = day * 86_400 + next.close
        }
        return close
    }
}

/// Where a venue's clock stands. Trivial: computed once a parent and carried with every leg.
package struct VenueHours: Hashable, Sendable {
    package enum Phase: UInt8, Hashable, Sendable {
        /// No calendar, or none of this venue.
        case unknown = 0
        case closed = 1
        case open = 2
    }
    package var phase = Phase.unknown
    /// Nanoseconds; 0 unless open.
    package var sinceOpen: Int64 = 0
    package var untilClose: Int64 = 0

    package static var unknown: Self { Self() }
}
