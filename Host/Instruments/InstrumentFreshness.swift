package import Domain

/// How old an adapter's figures may be.
package struct InstrumentFreshness: Sendable {
    /// Older listings are refreshed and shown as stale, in nanoseconds.
    package var maximumAge: Int64 = 7 * 86_400_000_000_000
    /// When the day begins for which figures are needed to trade at a venue that has no calendar, seconds after midnight
    /// UTC.
    package var sessionStart: Int64 = 0
    /// The latest beginning of a venue's own day of trading at or before a moment; `nil` = the venue has no calendar.
    package var venueSession: @Sendable (_ venue: String, _ now: Timestamp) -> Timestamp? = { _, _ in nil }
    /// Whether opening orders on instruments whose figures are of an earlier day are refused.
    package var refusesWhenStale = true

    package init() {}

    /// The latest beginning of a session at or before `now`: of the venue's where it has a calendar.
    package func session(of venue: String? = nil, at now: Timestamp) -> Timestamp {
        if let venue, let begin = venueSession(venue, now) { return begin }
        let day: Int64 = 86_400_000_000_000
        let offset = sessionStart * 1_000_000_000
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
