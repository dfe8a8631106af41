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

    @Test("A question about one account or adapter counts that account's legs alone, in the total and by status")
    func narrowed() async throws {
        let fixture = try await APIFixture(isConnected: true)
        try await APIFixture.router(fixture) { client in
            try await Self.place(2, client)
            for (query, legs) in [("account=P2", Int64(2)), ("adapter=paper", 6), ("adapter=absent", 0)] {
                let summary = try await client.send(.get, "/api/analytics/summary?\(query)").body
                #expect(summary["legs"]?.int64 == legs && (summary["legs_by_status"]?["FILLED"]?.int64 ?? 0) == legs)
                #expect(summary["runs"]?.int64 == (legs == 0 ? 0 : 2), "\(query) \(summary)")
            }
            // Results of the day are there at once, not only after the next full minute.
            let days = try await client.send(.get, "/api/analytics/pnl/daily").body["items"]?.array ?? []
            #expect(days.compactMap { $0["account_id"]?.string } == ["P1", "P2", "P3"], "\(days)")
            let one = try await client.send(.get, "/api/analytics/pnl/daily?account=P2").body["items"]?.array ?? []
            #expect(one.map { $0["account_id"]?.string } == ["P2"] && one[0]["result"] == days[1]["result"])
            for (query, count) in [("adapter=paper", 3), ("adapter=absent", 0), ("group=others", 1)] {
                let some = try await client.send(.get, "/api/analytics/pnl/daily?\(query)").body["items"]?.array
                #expect(some?.count == count, "\(query)")
            }
        }
    }

    @Test("What was not measured is absent, not zero; the order of sending is told for each account")
    func measures() async throws {
        let fixture = try await APIFixture(isConnected: true)
        try await APIFixture.router(fixture) { client in
            try await Self.place(3, client)
            let rows = try await client.send(.get, "/api/analytics/legs").body["items"]?.array ?? []
            #expect(rows.count == 3)
            for row in rows {
                // Paper has no network.
                #expect(row["mean_adapter_us"]?.int64 != nil && row["mean_wire_us"]?.isNull == true, "\(row)")
                #expect(row["sent_with_others"]?.int64 == 3 && row["retries"]?.int64 == 0)
                // The turn moves on: in three runs of three accounts each is first once, and on average in the middle.
                #expect(row["sent_first"]?.int64 == 1 && row["mean_send_place_permille"]?.int64 == 500, "\(row)")
            }
            let timing = try await client.send(.get, "/api/analytics/runs/r2").body
            let legs = timing["legs"]?.array ?? []
            #expect(legs.map { $0["weight"]?.string } == ["100000", "200000", "300000"], "\(timing)")
            #expect(Set(legs.compactMap { $0["send_rank"]?.int64 }) == [0, 1, 2])
            let first = timing["first_in_turn"]?.int64 ?? 0
            #expect(legs.indices.contains(Int(first) - 1) && legs[Int(first) - 1]["send_rank"]?.int64 == 0, "\(timing)")
            #expect(timing["price_dispersion"]?.string == "0" && timing["slippage_cost"]?.string == "0")
            #expect(timing["unallocated_quantity"]?.string == "0" && timing["send_spread_us"]?.int64 != nil)
            #expect(legs.allSatisfy { $0["seen"]?.bool == true && $0["broker_us"]?.isNull == true })
            let bound = try fixture.key(.read, groups: ["others"])
            #expect(try await client.send(.get, "/api/analytics/runs/r2", key: bound).status == 404)
            #expect(try await client.send(.get, "/api/analytics/runs/r99").status == 404)
        }
    }

    @Test("A label that a caller chooses is escaped, and promtool reads what comes of it")
    func attackedLabel() async throws {
        try await APIFixture.router(try await APIFixture(isConnected: true)) { client in
            let strategies = ["a\"} 1\nsluice_serving 0", "back\\slash", "{x=\"y\"}", "# TYPE x gauge"]
            var taken = 0
            for (number, strategy) in strategies.enumerated() {
                let placed = try await client.send(
                    .post, "/api/execution-groups/family/orders?wait=done",
                    APIFixture.order(["strategy": .string(strategy), "quantity": .string("\(6 + 6 * number)")]),
                    idempotency: "s\(number)")
                // Refused at the door, or counted under a label that is no more than a label.
                taken += placed.status == 200 ? 1 : 0
                #expect(placed.status == 200 || placed.paths == ["/strategy"], "\(placed.text)")
            }
            let text = try await client.send(.get, "/metrics").text
            #expect(text.split(separator: "\n").filter { $0.hasPrefix("sluice_serving ") } == ["sluice_serving 1"])
            #expect(text.split(separator: "\n").filter { $0.hasPrefix("sluice_strategy_runs_total{") }.count == taken)
            try Promtool.check(["check", "metrics"], input: text)
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
