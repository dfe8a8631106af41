import Domain
import Testing

@testable import Engine

@Suite("The trading day is the venue's") struct TradingDayTests {
    func fixture(_ venue: String?) -> EngineFixture {
        var fixture = EngineFixture()
        var limits = EngineFixture.open
        limits.hours.dayVenue = venue
        fixture.setLimits(limits)
        fixture.engine.setCalendar(
            TradingCalendar(venues: [
                "NSE": .init(offsets: [.init(fromDay: 0, seconds: 19_800)], week: [], days: [:], lastDay: .max),
                "US": .init(offsets: [.init(fromDay: 0, seconds: -18_000)], week: [], days: [:], lastDay: .max),
            ]))
        return fixture
    }

    /// 2026-01-01 in days since the epoch.
    static let day: Int64 = 20_454

    static let instants: [(venue: String?, second: Int64, offset: Int64)] = [
        (nil, 82_800, 0), (nil, 86_400, 1), ("NSE", 64_800, 0), ("NSE", 66_600, 1), ("US", 14_400, -1),
        ("US", 18_000, 0), ("XNAS", 82_800, 0),
    ]

    @Test("It begins at the venue's midnight", arguments: instants)
    func midnight(_ venue: String?, _ second: Int64, _ offset: Int64) {
        let at = Timestamp(nanoseconds: (Self.day * 86_400 + second) * 1_000_000_000)
        #expect(fixture(venue).engine.tradingDay(of: 0, now: at) == Self.day + offset)
    }

    @Test("A change of the venue never opens a day twice") func never() {
        var fixture = fixture("NSE")
        let at = Timestamp(nanoseconds: (Self.day * 86_400 + 20 * 3_600) * 1_000_000_000)
        for event in fixture.engine.dayEvents(now: at, mayLackPrices: true) { fixture.engine.apply(event) }
        #expect(fixture.engine.accounts[0].day == Self.day + 1)
        var limits = EngineFixture.open
        limits.hours.dayVenue = "US"
        fixture.setLimits(limits)
        #expect(fixture.engine.dayEvents(now: at, mayLackPrices: true).isEmpty)
    }
}
