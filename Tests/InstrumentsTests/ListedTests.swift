import Domain
import InstrumentKit
import Instruments
import Testing

@Suite("What a listing says, and until when")
struct ListedTests {
    private static let hour: Int64 = 3_600_000_000_000

    /// An hour and minute UTC of day 0.
    private func time(_ hour: Int64, _ minute: Int64 = 0, day number: Int64 = 0) -> Timestamp {
        noon(number).advanced(by: (hour - 12) * Self.hour + minute * 60_000_000_000)
    }

    @Test("A list read before the venue's list of the day is made is yesterday's, with a calendar and without")
    func listTimes() {
        var freshness = InstrumentFreshness()
        for hasCalendar in [false, true] {
            if hasCalendar {
                // A day of trading that begins at 03:00 UTC, as the commodity exchange's does.
                freshness.venueSession = { _, now in
                    let begin = InstrumentFreshness.begin(3 * 3_600, now)
                    return begin
                }
            }
            for venue in ["NSE", "NFO", "MCX"] {
                let early = time(3, 1)
                #expect(freshness.isStaleForTrading(early, of: venue, at: time(3, 16)))
                #expect(freshness.isStaleForTrading(early, of: venue, at: time(9)))
                #expect(!freshness.isStaleForTrading(time(3, 16), of: venue, at: time(9)))
                #expect(!freshness.isStaleForTrading(time(3, 16), of: venue, at: time(23)))
                #expect(!freshness.isStaleForTrading(time(3, 16), of: venue, at: time(2, 59, day: 1)))
                #expect(freshness.isStaleForTrading(time(3, 16), of: venue, at: time(3, 16, day: 1)))
            }
        }
        #expect(!InstrumentFreshness().isStaleForTrading(time(0, 1), of: "US", at: time(23)))
    }

    @Test("Where no day of trading began, what was read before the day's list stands")
    func holiday() {
        var freshness = InstrumentFreshness()
        let friday = time(3)
        freshness.venueSession = { _, _ in friday }
        #expect(!freshness.isStaleForTrading(time(3, 16), of: "MCX", at: time(12, day: 2)))
        #expect(freshness.isStaleForTrading(time(2), of: "MCX", at: time(12, day: 2)))
    }

    @Test("An index is priced by what little its source says, and never traded")
    func index() throws {
        var nifty = InstrumentFields(id: id("NSE:IDX:NIFTY"))
        (nifty.currency, nifty.alias) = (Currency("INR"), "NSE:NIFTY 50")
        let master = InstrumentMaster()
        try master.take([nifty], from: "alpha", at: noon(0))
        let index = try master.index("NSE:IDX:NIFTY")
        let record = try #require(master.table.snapshot.record(index))
        #expect(record.tickSize == ExactDecimal("0.01") && !record.isTradable)
        #expect(master.table.snapshot.refusalKind(index) == .notTraded)
        #expect(master.table.snapshot.refusal(index)?.contains("is not traded") == true)
        #expect(master.instrument(alias: "NSE:NIFTY 50", of: "alpha")?.record != nil)
        // What is traded still needs its figures.
        var share = nifty
        (share.id, share.alias) = (id("NSE:EQ:NIFTYBEES"), "NSE:NIFTYBEES")
        try master.take([nifty, share], from: "alpha", at: noon(1))
        #expect(master.table.snapshot.missingField(try master.index("NSE:EQ:NIFTYBEES")) == "tick")
    }
}

extension InstrumentFreshness {
    /// The latest time of day at or before a moment.
    fileprivate static func begin(_ seconds: Int64, _ now: Timestamp) -> Timestamp {
        let midnight = now.nanoseconds / day * day
        let begin = midnight + seconds * 1_000_000_000
        return Timestamp(nanoseconds: begin <= now.nanoseconds ? begin : begin - day)
    }
}
