package import Domain

/// How old an adapter's figures may be.
package struct InstrumentFreshness: Hashable, Sendable {
    /// Older listings are refreshed and shown as stale, in nanoseconds.
    package var maximumAge: Int64 = 7 * 86_400_000_000_000
    /// When the day begins for which figures are needed to trade, seconds after midnight UTC.
    package var sessionStart: Int64 = 0
    /// Whether opening orders on instruments whose figures are of an earlier day are refused.
    package var refusesWhenStale = true

    package init() {}

    /// The latest beginning of a session at or before `now`.
    package func session(at now: Timestamp) -> Timestamp {
        let day: Int64 = 86_400_000_000_000
        let offset = sessionStart * 1_000_000_000
        let since = now.nanoseconds.subtractingReportingOverflow(offset)
        guard !since.overflow else { return now }
        var days = since.partialValue / day
        if since.partialValue % day < 0 { days -= 1 }
        return Timestamp(nanoseconds: days * day + offset)
    }

    /// Whether figures read then are not those of the session in progress.
    package func isStaleForTrading(_ refreshedAt: Timestamp, at now: Timestamp) -> Bool {
        refreshedAt < session(at: now)
    }

    package func isStaleForSearch(_ refreshedAt: Timestamp, at now: Timestamp) -> Bool {
        now.since(refreshedAt) > maximumAge
    }
}
