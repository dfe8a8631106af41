import Domain
import Engine
import Testing

@Suite("A venue's day of trading")
struct VenueDayTests {
    /// India: 09:15 to 15:30, with an hour of its own at a holiday's evening. New York: clocks change on 8 March 2026.
    private static let calendar: TradingCalendar = {
        func sessions(_ hours: (Int64, Int64)...) -> [TradingCalendar.Session] {
            hours.compactMap { TradingCalendar.Session(open: $0.0, close: $0.1) }
        }
        let india = sessions((33_300, 55_800))
        let york = sessions((34_200, 43_200), (46_800, 57_600))  // with a pause at noon
        let day = { (date: String) in CivilDate(compact: date.filter { $0 != "-" })?.daysSinceEpoch ?? 0 }
        return TradingCalendar(venues: [
            "NSE": TradingCalendar.Venue(
                offsets: [TradingCalendar.Offset(fromDay: .min, seconds: 19_800)],
                week: [india, india, india, india, india, [], []],
                days: [day("2026-11-26"): [], day("2026-11-28"): sessions((64_800, 68_400))], lastDay: .max),
            "US": TradingCalendar.Venue(
                offsets: [
                    TradingCalendar.Offset(fromDay: day("2026-01-01"), seconds: -18_000),
                    TradingCalendar.Offset(fromDay: day("2026-03-08"), seconds: -14_400),
                ], week: [york, york, york, york, york, [], []], days: [:], lastDay: .max),
            "NCO": TradingCalendar.Venue(
                offsets: [TradingCalendar.Offset(fromDay: .min, seconds: 19_800)],
                week: [[], [], [], [], [], [], []], days: [:], lastDay: .max),
        ])
    }()

    @Test(
        "It begins half an hour before the first opening of a local date that has one, and lasts until the next",
        arguments: [
            ("NSE", "2026-11-25T03:14:59Z", "2026-11-24T03:15:00Z"),  // Wednesday 08:44:59 in India: still Tuesday's
            ("NSE", "2026-11-25T03:15:00Z", "2026-11-25T03:15:00Z"),
            ("NSE", "2026-11-25T18:30:00Z", "2026-11-25T03:15:00Z"),  // midnight there begins nothing
            ("NSE", "2026-11-26T06:00:00Z", "2026-11-25T03:15:00Z"),  // a holiday
            ("NSE", "2026-11-28T06:00:00Z", "2026-11-27T03:15:00Z"),
            ("NSE", "2026-11-28T12:00:00Z", "2026-11-28T12:00:00Z"),  // Saturday's hour of its own
            ("NSE", "2026-11-30T03:00:00Z", "2026-11-28T12:00:00Z"),
            ("US", "2026-03-06T18:00:00Z", "2026-03-06T14:00:00Z"),  // the afternoon is the same day
            ("US", "2026-03-09T13:00:00Z", "2026-03-09T13:00:00Z"),  // summer time
            ("US", "2026-03-09T12:59:59Z", "2026-03-06T14:00:00Z"),
        ])
    func begins(venue: String, now: String, expected: String) throws {
        let now = try #require(Timestamp(rfc3339: now))
        #expect(Self.calendar.dayBegin(of: venue, at: now) == Timestamp(rfc3339: expected))
    }

    @Test("A venue without a calendar, and one that never opens, have none")
    func none() throws {
        let now = try #require(Timestamp(rfc3339: "2026-11-25T03:15:00Z"))
        #expect(Self.calendar.dayBegin(of: "MCX", at: now) == nil)
        #expect(Self.calendar.dayBegin(of: "NCO", at: now) == nil)
    }
}
