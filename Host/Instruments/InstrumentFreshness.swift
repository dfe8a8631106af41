package import Domain

/// How old an adapter's figures may be.
package struct InstrumentFreshness: Sendable {
    /// Older listings are refreshed and shown as stale, in nanoseconds.
    package var maximumAge: Int64 = 7 * 86_400_000_000_000
    /// When the day begins for which figures are needed to trade at a venue that has no calendar, seconds after midnight
    /// UTC.
    package var sessionStart: Int64 = 0
    /// The same for venues whose lists are made anew at a time of their own: what is read earlier is yesterday's list. The
    /// Indian exchanges' lists are rebuilt about 08:30 there, 03:00 UTC; a quarter of an hour later they are.
    package var listTimes: [String: Int64] = Dictionary(
        uniqueKeysWithValues: ["NSE", "NFO", "CDS", "NCO", "BSE", "BFO", "BCD", "MCX", "NCDEX"].map {
            ($0, 3 * 3_600 + 900)
        })
    /// The latest beginning of a venue's own day of trading at or before a moment; `nil` = the venue has no calendar.
    package var venueSession: @Sendable (_ venue: String, _ now: Timestamp) -> Timestamp? = { _, _ in nil }
    /// Whether opening orders on instruments whose figures are of an earlier day are refused.
    package var refusesWhenStale = true

    package init() {}

    /// The latest beginning of a session at or before `now`: of the venue's where it has a calendar. Where the calendar's
    /// day begins before the venue's list of the day is made, the day's figures are those of the list.
    package func session(of venue: String? = nil, at now: Timestamp) -> Timestamp {
        guard let venue, let begin = venueSession(venue, now) else {
            return daily(venue.flatMap { listTimes[$0] } ?? sessionStart, at: now)
        }
        guard let listTime = listTimes[venue] else { return begin }
        let list = daily(listTime, at: now)
        // The list of the day on which the session begins, where it is there already: else what was read before it.
        return list > begin && list.since(begin) < 43_200_000_000_000 ? list : begin
    }

    /// The latest time of day at or before `now`, in seconds after midnight UTC.
    private func daily(_ seconds: Int64, at now: Timestamp) -> Timestamp {
        let day: Int64 = 86_400_000_000_000
        let offset = seconds * 1_000_000_000
        let since = now.nanoseconds.subtractingReportingOverflow(offset)
        guard !since.overflow else { return now }
        var days = since.partialValue / day
        if since.partialValue % day < 0 { days -= 1 }
        return Timestamp(nanoseconds: days * day + offset)
    }

    /// Whether figures read then are not those of the session in progress.
    package func isStaleForTrading(_ refreshedAt: Timestamp, of venue: String? = nil, at now: Timestamp) -> Bool {
        refreshedAt < session(of: venue, at: now)
    }

    /// Whether they are not at one of these venues; of none, the day of a venue without calendar counts.
    package func isStaleForTrading(_ refreshedAt: Timestamp, ofAny venues: [String], at now: Timestamp) -> Bool {
        venues.isEmpty
            ? isStaleForTrading(refreshedAt, at: now)
            : venues.contains { isStaleForTrading(refreshedAt, of: $0, at: now) }
    }

    package func isStaleForSearch(_ refreshedAt: Timestamp, at now: Timestamp) -> Bool {
        now.since(refreshedAt) > maximumAge
    }
}
