import AdapterKit
import AdapterTesting
import Testing

@testable import Zerodha

@Suite("The broker's clock")
struct ClockTests {
    /// Our clock stands at 04:30:00 UTC of Wednesday, 30 December 2026.
    @Test(
        "A date in whole seconds proves a difference beyond its second alone, and one that cannot be read proves nothing",
        arguments: [
            ("Wed, 30 Dec 2026 04:30:00 GMT", 0), ("Wed, 30 Dec 2026 04:29:59 GMT", 0),
            ("Wed, 30 Dec 2026 04:29:58 GMT", -1_000), ("Wed, 30 Dec 2026 04:30:02 GMT", 2_000),
            ("Wed, 30 Dec 2026 05:30:00 GMT", 3_600_000), ("Thu, 31 Dec 2026 04:30:00 GMT", 86_400_000),
            ("Tue, 29 Dec 2026 04:30:00 GMT", -86_399_000), ("Thu, 29 Feb 2024 04:30:00 GMT", -89_423_999_000),
            ("Fri, 01 Jan 2027 00:00:00 GMT", 156_600_000), ("Wed, 30 Dec 2026 04:30 GMT", 0),
            ("Wednesday, 30-Dec-26 05:30:00 GMT", 0), ("Wed, 30 Dec 2026 25:30:00 GMT", 0),
            ("Wed, 30 Dez 2026 05:30:00 GMT", 0), ("Wed, 30 Dec 2026 05:30:00 +0530", 0), ("", 0),
        ] as [(String, Int64)])
    func offset(date: String, milliseconds: Int64) throws {
        let desk = try Desk()
        desk.host.vendorCall("positions")
        let request = try #require(desk.request("GET", "/portfolio/positions"))
        desk.host.answer(request, headers: ["Date": date], text: #"{"status":"success","data":{"net":[],"day":[]}}"#)
        #expect(desk.host.brokerClockOffset == milliseconds * 1_000_000)
        #expect(desk.host.violations.isEmpty)
    }
}
