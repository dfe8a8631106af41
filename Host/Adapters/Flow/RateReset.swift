import Foundation

/// The time of a day at which a broker starts a count anew, in the broker's own zone.
///
/// It must be the broker's instant exactly: a count that starts anew earlier *or* later than the broker's lets more through
/// in one of the broker's days than it allows. So a zone's changes in summer and winter are part of the value, and none of
/// them is guessed.
package struct RateReset: Hashable, Sendable {
    /// From `from` on (nanoseconds since 1970, UTC) the zone is `ahead` of UTC by so many nanoseconds.
    struct Offset: Hashable, Sendable {
        var from: Int64
        var ahead: Int64
    }
    /// Nanoseconds of the zone's clock, below one day.
    package let nanosecondsAfterMidnight: Int64
    /// In order of time, the first one valid before as well; none = UTC.
    private let offsets: [Offset]

    /// `nil` unless it is an instant of a day. In UTC where no offsets are given.
    package init?(nanosecondsAfterMidnight: Int64) { self.init(nanosecondsAfterMidnight, []) }

    /// `nil` unless it is an instant of a day and the zone is known by its IANA name.
    ///
    /// - Complexity: a look into the zone database for each change between 2024 and the year of the 64th.
    package init?(nanosecondsAfterMidnight: Int64, zone: String) {
        guard let zone = TimeZone(identifier: zone) else { return nil }
        let second: Int64 = 1_000_000_000
        var date = Date(timeIntervalSince1970: 1_704_067_200)
        var offsets = [Offset(from: .min, ahead: Int64(zone.secondsFromGMT(for: date)) * second)]
        while offsets.count < 64, let next = zone.nextDaylightSavingTimeTransition(after: date), next > date {
            offsets.append(
                Offset(
                    from: Int64(next.timeIntervalSince1970) * second,
                    ahead: Int64(zone.secondsFromGMT(for: next)) * second))
            date = next
        }
        self.init(nanosecondsAfterMidnight, offsets)
    }

    init?(_ nanosecondsAfterMidnight: Int64, _ offsets: [Offset]) {
        guard (0..<RateWindow.day).contains(nanosecondsAfterMidnight) else { return nil }
        (self.nanosecondsAfterMidnight, self.offsets) = (nanosecondsAfterMidnight, offsets)
    }

    private func ahead(at wall: Int64) -> Int64 {
        (offsets.last { $0.from <= wall } ?? offsets.first)?.ahead ?? 0
    }

    /// The first reset after an instant of the wall clock, both nanoseconds since 1970, UTC.
    func next(after wall: Int64) -> Int64 {
        let local = Int128(wall) + Int128(ahead(at: wall)) - Int128(nanosecondsAfterMidnight)
        let day = Int128(RateWindow.day)
        let today = local / day - (local % day < 0 ? 1 : 0)
        for number in (today - 1)...(today + 2) {
            let onZoneClock = number * day + Int128(nanosecondsAfterMidnight)
            // What the zone is ahead by then; a time that a change skips is taken by the clock before it.
            let near = Int64(clamping: onZoneClock - Int128(ahead(at: wall)))
            let instant = Int64(clamping: onZoneClock - Int128(ahead(at: near)))
            if instant > wall { return instant }
        }
        return .max
    }
}
