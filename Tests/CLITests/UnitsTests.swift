import Exact
import Testing

@testable import CLI

@Suite("Figures")
struct UnitsTests {
    @Test(
        "A latency has the unit a person would choose, rounded half up",
        arguments: [
            (0, "0 µs"), (999, "999 µs"), (1_000, "1.0 ms"), (1_049, "1.0 ms"), (1_050, "1.1 ms"), (21_110, "21.1 ms"),
            (999_949, "999.9 ms"), (999_950, "1.00 s"), (2_404_999, "2.40 s"), (2_405_000, "2.41 s"),
            (61_000_000, "61.00 s"),
        ] as [(Int64, String)])
    func latency(microseconds: Int64, text: String) {
        #expect(Units.latency(microseconds: microseconds) == text)
        #expect(Units.latency(JSONValue(microseconds)) == text)
    }

    @Test("A stage that was not reached is a dash")
    func absent() {
        #expect(Units.latency(nil) == "-")
        #expect(Units.latency(.null) == "-")
    }

    @Test("A time of today is short, another day is named, anything else stays")
    func times() {
        let now = "2026-11-25T16:10:00.000000Z"
        #expect(Units.time("2026-11-25T09:08:07.123456Z", now: now) == "09:08:07.123")
        #expect(Units.time("2026-11-25T09:08:07Z", now: now) == "09:08:07")
        #expect(Units.time("2026-11-24T09:08:07.123456Z", now: now) == "2026-11-24 09:08:07")
        #expect(Units.time("soon", now: now) == "soon")
        #expect(Units.time("", now: now).isEmpty)
    }

    @Test("A fresh idempotency key is one of its own, and fits a header")
    func keys() {
        let keys = Set((0..<200).map { _ in IdempotencyKey.fresh() })
        #expect(keys.count == 200)
        #expect(keys.allSatisfy { $0.utf8.count == 30 && $0.utf8.allSatisfy { (0x21...0x7E).contains($0) } })
    }

    @Test("Pieces of paths cannot leave their place")
    func paths() {
        #expect(APIPath.make("api", "runs", "a/b?c#d") == "/api/runs/a%2Fb%3Fc%23d")
        #expect(APIPath.make("api", "symbols", "US:EQ:AAPL") == "/api/symbols/US:EQ:AAPL")
        #expect(
            APIPath.make("api", "runs", query: [("limit", "5"), ("cursor", nil), ("q", "é&x=1")])
                == "/api/runs?limit=5&q=%C3%A9%26x%3D1")
    }
}
