import Testing

@testable import CLI

@Suite("sluice top")
struct TopTests {
    private static func live(second: Int, legs: Int, isServing: Bool = true) -> String {
        """
        {"at":"2026-11-25T16:10:0\(second).000000Z","version":"0.1.0","serving":\(isServing),"live_runs":3,
         "waiting_orders":7,"waiting_requests":0,"event_streams":2,"journal_records":41,"dropped_events":0,
         "stopped_scopes":{"HALTED":1},"runs":\(legs / 2),
         "adapters":[{"adapter_id":"paper","accounts":5,"accounts_ready":4,"sessions":{"ready":4,"closed":1},
           "queued_commands":6,"open_commands":1,"busy_lanes":1,"longest_call_us":2500000,
           "legs":{"accepted":\(legs),"refused":9,"rejected":2},"fills":\(legs)}]}
        """
    }

    private static let latency = """
        {"items":[{"adapter_id":"paper","stage":"acked","count":12,"p50_us":410,"p90_us":800,"p99_us":21100,
          "max_us":30000}],"next_cursor":null}
        """
    private static let runs = """
        {"items":[{"run_id":"r9","created_at":"2026-11-25T16:09:59.000000Z","group_id":"family","side":"BUY",
          "symbol":"US:EQ:AAPL","requested_quantity":"12","status":"DONE","legs":[]}],"next_cursor":null}
        """

    @Test("Where there is no terminal one picture is printed, and no cursor is moved")
    func plain() async {
        let harness = Harness(json: [Self.live(second: 1, legs: 10), Self.latency, Self.runs])
        #expect(await harness.run("top") == 0)
        #expect(!harness.out.contains("\u{1B}") && !harness.out.contains("LEGS/S"), "\(harness.out)")
        for part in ["serving", "orders waiting 7", "HALTED 1", "paper", "4/5", "2.50 s", "410 µs", "r9", "DONE"] {
            #expect(harness.out.contains(part), "\(part) is not in \(harness.out)")
        }
        let paths = harness.requests.map(\.path)
        #expect(paths.count == 3 && paths[0] == "/api/analytics/live" && paths[2] == "/api/runs?limit=8", "\(paths)")
        #expect(paths[1].hasPrefix("/api/analytics/latency?from=2026-11-25T16"), "latencies of the last five minutes")
    }

    @Test("Rates are those between two pictures, by the gateway's own clock")
    func rates() async {
        let harness = Harness(json: [
            Self.live(second: 1, legs: 10), Self.latency, Self.runs,
            Self.live(second: 3, legs: 30), Self.latency, Self.runs,
        ])
        #expect(await harness.run("top", "--count", "2") == 0)
        #expect(harness.out.contains("LEGS/S") && harness.out.contains("runs 15 (5/s)"), "\(harness.out)")
    }

    @Test("On a terminal each picture takes the place of the one before")
    func inPlace() async {
        let style = Style(hasColour: false, width: 120)
        let harness = Harness(json: [Self.live(second: 1, legs: 10), Self.latency, Self.runs], style: style)
        #expect(await harness.run("top", "--count", "1") == 0)
        #expect(harness.out.hasPrefix("\u{1B}[2J\u{1B}[Hsluice 0.1.0"), "\(harness.out)")
        #expect(harness.out.hasSuffix("\u{1B}[J\n") && harness.out.contains("\u{1B}[K\n"))
    }

    @Test("With --json each picture is one document a line; what makes no sense is refused before anything is asked")
    func arguments() async {
        let harness = Harness(json: [Self.live(second: 1, legs: 10)])
        #expect(await harness.run("top", "--json", "--count", "2") == 0)
        #expect(harness.out.split(separator: "\n").count == 2)
        for arguments in [["--count", "0"], ["--interval-ms", "5"], ["--runs", "99"]] {
            let refused = Harness(json: [])
            #expect(await refused.run(["top"] + arguments) == 2)
            #expect(refused.requests.isEmpty)
        }
    }
}
