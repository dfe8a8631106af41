import Domain
import Foundation
import HTTPTypes
import Testing

@Suite("Telemetry over HTTP", .enabled(if: APIFixture.librariesDirectory != nil), .serialized)
struct TelemetryTests {
    private static func place(_ count: Int, _ client: APIClient) async throws {
        for number in 0..<count {
            let placed = try await client.send(
                .post, "/api/execution-groups/family/orders?wait=done", APIFixture.order(["strategy": "orb"]),
                idempotency: "k\(number)")
            #expect(placed.status == 200, "\(placed.text)")
        }
    }

    @Test("Analytics count what the runs' own answers say, and show a key its groups alone")
    func analytics() async throws {
        let fixture = try await APIFixture(isConnected: true)
        let bound = try fixture.key(.read, groups: ["others"])
        try await APIFixture.router(fixture) { client in
            try await Self.place(2, client)
            let summary = try await client.send(.get, "/api/analytics/summary").body
            #expect(summary["runs"]?.int64 == 2 && summary["legs"]?.int64 == 6, "\(summary)")
            #expect(summary["legs_by_status"]?["FILLED"]?.int64 == 6 && summary["legs_failed"]?.int64 == 0)
            let stages = summary["latency"]?.array?.compactMap { $0["stage"]?.string } ?? []
            for stage in ["admitted", "durable", "queued", "dispatched", "acked", "first_fill", "done"] {
                #expect(stages.contains(stage), "\(stages)")
            }
            let outcomes = try await client.send(.get, "/api/analytics/legs?account=P1").body["items"]?.array ?? []
            #expect(outcomes.count == 1 && outcomes[0]["legs"]?.int64 == 2 && outcomes[0]["status"]?.string == "FILLED")
            let strategies = try await client.send(.get, "/api/analytics/strategies").body["items"]?.array ?? []
            #expect(strategies.map { $0["strategy"]?.string } == ["orb"] && strategies[0]["runs"]?.int64 == 2)
            let rows = try await client.send(.get, "/api/analytics/latency?by=account&stage=acked&step_minutes=60")
            #expect(rows.body["items"]?.array?.reduce(0) { $0 + ($1["count"]?.int64 ?? 0) } == 6, "\(rows.text)")
            #expect(try await client.send(.get, "/api/analytics/pnl/daily").status == 200)
            let hidden = try await client.send(.get, "/api/analytics/summary", key: bound).body
            #expect(hidden["runs"]?.int64 == 0 && hidden["legs"]?.int64 == 0, "\(hidden)")
            let sessions = try await client.send(.get, "/api/analytics/sessions").body["items"]?.array ?? []
            #expect(sessions.count == 1 && sessions[0]["reason"]?.isNull == true)
        }
    }

    @Test("A question about telemetry that makes no sense is refused with the parameter's name")
    func badInput() async throws {
        try await APIFixture.router(try await APIFixture()) { client in
            let wrong = [
                ("summary?from=yesterday", "?from"), ("latency?stage=acknowledged", "?stage"),
                ("summary?from=2026-01-02T00:00:00Z&to=2026-01-02T00:00:00Z", "?to"), ("latency?by=broker", "?by"),
                ("latency?step_minutes=0", "?step_minutes"), ("legs?color=red", "?color"),
                ("sessions?cursor=x", "?cursor"),
                ("strategies?adapter=NO", "?adapter"), ("pnl/daily?strategy=orb", "?strategy"),
            ]
            for (path, parameter) in wrong {
                let answer = try await client.send(.get, "/api/analytics/" + path)
                #expect(answer.status == 400, "\(path): \(answer.text)")
                #expect(answer.body["errors"]?[0]?["path"]?.string == parameter, "\(path): \(answer.text)")
            }
        }
    }

    @Test("Figures for scrapers come in the format that is asked for, and only to keys that see everything")
    func metrics() async throws {
        let fixture = try await APIFixture(isConnected: true)
        let bound = try fixture.key(.read, groups: ["family"])
        try await APIFixture.router(fixture) { client in
            try await Self.place(1, client)
            let plain = try await client.send(.get, "/metrics")
            #expect(plain.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
            for line in [
                "sluice_serving 1", "sluice_runs_total{group=\"family\"} 1",
                "sluice_legs_total{adapter=\"paper\",outcome=\"accepted\"} 3",
                "sluice_accounts_ready{adapter=\"paper\"} 3",
                "sluice_leg_stage_latency_seconds_count{adapter=\"paper\",stage=\"acked\"} 3",
                "sluice_telemetry_dropped_events_total 0",
            ] {
                #expect(plain.text.contains("\n" + line + "\n"), "\(line) is not in \(plain.text)")
            }
            try Promtool.check(["check", "metrics"], input: plain.text)
            try Promtool.check(["check", "rules", Promtool.rules])
            let open = try await client.send(
                .get, "/metrics", headers: [.accept: "application/openmetrics-text; version=1.0.0, text/plain;q=0.5"])
            #expect(open.headers[.contentType]?.hasPrefix("application/openmetrics-text") == true)
            #expect(open.text.hasSuffix("# EOF\n") && open.text.contains(" # {run_id=\"r1\"} "))
            #expect(try await client.send(.get, "/metrics", key: bound).problem == "key_bound_to_groups")
        }
    }
}
