import Domain
import Foundation
import HTTPTypes
import Testing

@testable import API

@Suite("A fan-out over HTTP through a real adapter", .enabled(if: APIFixture.librariesDirectory != nil), .serialized)
struct PaperTests {
    @Test("A market order is filled on every account: run, orders, positions, trades and funds tell the same")
    func filled() async throws {
        let fixture = try await APIFixture(isConnected: true)
        try await APIFixture.router(fixture) { client in
            let market: JSONObject = ["order_type": "MARKET", "price": .null]
            let run = try await client.send(
                .post, "/api/execution-groups/family/orders?wait=done&timeout_ms=5000", APIFixture.order(market),
                idempotency: "a")
            #expect(run.status == 200 && run.body["status"]?.string == "DONE", "\(run.text)")
            for leg in run.body["legs"]?.array ?? [] {
                let stages = ["admitted", "durable", "queued", "dispatched", "acked", "first_fill", "done"]
                let latencies = stages.map { leg["latency_us"]?[$0]?.int64 ?? -1 }
                #expect(latencies.allSatisfy { $0 >= 0 } && leg["status"]?.string == "FILLED", "\(leg)")
                #expect(leg["slices"]?[0]?["broker_order_id"]?.string != nil)
            }
            let positions = try await client.send(.get, "/api/positions?group=family").body["items"]?.array ?? []
            #expect(positions.map { $0["quantity"]?.string } == ["2", "4", "6"])
            let orders = try await client.send(.get, "/api/orders?account_id=P2&status=FILLED").body["items"]?.array
            #expect(orders?.count == 1 && orders?[0]["cumulative_quantity"]?.string == "4")
            let trades = try await client.send(.get, "/api/accounts/P3/trades").body["items"]?.array
            #expect(trades?.first?["quantity"]?.string == "6" && trades?.first?["order_id"]?.string == "r1-3")
            let funds = try await client.send(.get, "/api/accounts/P1/funds")
            #expect(funds.status == 200 && funds.body["items"]?[0]?["currency"]?.string == "USD", "\(funds.text)")
            let latency = try await client.send(.get, "/api/analytics/latency").body["items"]?.array ?? []
            #expect(latency.contains { $0["stage"]?.string == "acked" && $0["count"]?.int64 == 3 })
            let brokers = try await client.send(.get, "/api/brokers/paper")
            #expect(brokers.body["state"]?.string == "loaded" && brokers.body["capabilities"]?.array?.isEmpty == false)
            let ready = try await client.send(.get, "/ready").body["accounts"]?.array
            #expect(ready?.allSatisfy { $0["ready"]?.bool == true && $0["reason"]?.isNull == true } == true)
        }
    }

    @Test("A resting order is changed and canceled by its id, a run by its own; each request once")
    func changes() async throws {
        try await APIFixture.router(try await APIFixture(isConnected: true)) { client in
            let resting: JSONObject = ["account_id": "P1", "price": "90.00"]
            let placed = try await client.send(
                .post, "/api/orders?wait=acked", APIFixture.order(resting), idempotency: "a")
            #expect(placed.status == 200 && placed.body["status"]?.string == "WORKING", "\(placed.text)")
            let id = try #require(placed.body["order_id"]?.string)
            let path = "/api/orders/\(id)"
            #expect(try await client.send(.patch, path, [:], idempotency: "b").paths == ["/quantity"])
            let changed = try await client.send(.patch, path, ["price": "91.00"], idempotency: "c")
            #expect(changed.status == 202 || changed.status == 200, "\(changed.text)")
            let reused = try await client.send(.patch, path, ["price": "92.00"], idempotency: "c")
            #expect(reused.problem == "idempotency_key_reused", "\(reused.text)")
            let shown = try await eventually(client, path) {
                $0["price"]?.string == "91" && $0["status"]?.string == "WORKING"
            }
            #expect(shown, "the change took effect")
            let canceled = try await client.send(.delete, path, idempotency: "d")
            #expect(canceled.status == 202 || canceled.status == 200, "\(canceled.text)")
            #expect(try await eventually(client, path) { $0["status"]?.string == "CANCELED" })
            let run = try await client.send(
                .post, "/api/execution-groups/family/orders?wait=acked", APIFixture.order(["price": "90.00"]),
                idempotency: "e")
            #expect(run.body["status"]?.string == "WORKING", "\(run.text)")
            let runID = try #require(run.body["run_id"]?.string)
            let end = try await client.send(.post, "/api/runs/\(runID)/cancel", idempotency: "f")
            #expect(end.status == 202 || end.status == 200, "\(end.text)")
            #expect(try await eventually(client, "/api/runs/\(runID)") { $0["status"]?.string == "CANCELED" })
        }
    }

    @Test("What a change may not be is said by field and value, and nothing of it is sent")
    func refusedChanges() async throws {
        try await APIFixture.router(try await APIFixture(isConnected: true)) { client in
            let placed = try await client.send(
                .post, "/api/orders?wait=acked", APIFixture.order(["account_id": "P1", "price": "90.00"]),
                idempotency: "a")
            let id = try #require(placed.body["order_id"]?.string)
            let path = "/api/orders/\(id)"
            let cases: [(JSONObject, code: String, path: String, value: String)] = [
                (["order_type": "SL"], "invalid_request", "/order_type", "SL"),
                (["time_in_force": "day"], "invalid_request", "/time_in_force", "day"),
                (["disclosed_quantity": "-1"], "invalid_request", "/disclosed_quantity", "-1"),
                (["valid_until": "2030-01-01T00:00:00Z"], "invalid_request", "/valid_until", "2030-01-01T00:00:00Z"),
                (["broker_options": ["zerodha": [:]]], "invalid_request", "/broker_options", "zerodha"),
                (["broker_options": ["paper": ["x": 1]]], "invalid_broker_options", "/broker_options/paper", ""),
                (["order_type": "MARKET", "price": "91"], "unexpected_field", "/price", "91"),
                (["order_type": "STOP_LIMIT"], "missing_field", "/trigger_price", "null"),
                (
                    ["order_type": "STOP", "trigger_price": "101", "time_in_force": "IOC"], "unsupported",
                    "/time_in_force", "IOC"
                ),
                (["disclosed_quantity": "6"], "unsupported", "/disclosed_quantity", "6"),
                (["disclosed_quantity": "13"], "disclosed_above_quantity", "/disclosed_quantity", "13"),
                (["time_in_force": "GTD"], "missing_field", "/broker_options", "null"),
                (["price": "90"], "nothing_changed", "", ""),
            ]
            for (number, (body, code, field, value)) in cases.enumerated() {
                let refused = try await client.send(.patch, path, body, idempotency: "c\(number)")
                #expect(refused.status == 400 && refused.problem == code, "\(body): \(refused.text)")
                let entry = refused.body["errors"]?[0]
                if !field.isEmpty { #expect(entry?["path"]?.string?.hasPrefix(field) == true, "\(refused.text)") }
                if !value.isEmpty { #expect(entry?["value"]?.string == value, "\(refused.text)") }
                if !field.isEmpty { #expect(entry?["remedy"]?.string?.isEmpty == false, "\(refused.text)") }
            }
            let run = placed.body["run_id"]?.string ?? ""
            let events = try await client.send(.get, "/api/runs/\(run)/events").body["items"]?.array ?? []
            #expect(!events.contains { $0["type"]?.string == "modify_requested" })
        }
    }

    @Test("A resting limit becomes a stop-limit that stays, then a market order that fills; its views follow")
    func changesOfType() async throws {
        try await APIFixture.router(try await APIFixture(isConnected: true)) { client in
            let placed = try await client.send(
                .post, "/api/orders?wait=acked", APIFixture.order(["account_id": "P1", "price": "90.00"]),
                idempotency: "a")
            let path = "/api/orders/\(try #require(placed.body["order_id"]?.string))"
            let stop: JSONObject = [
                "order_type": "STOP_LIMIT", "trigger_price": "103", "price": "103.50", "time_in_force": "GTC",
            ]
            _ = try await client.send(.patch, path, stop, idempotency: "b")
            #expect(
                try await eventually(client, path) {
                    $0["order_type"]?.string == "STOP_LIMIT" && $0["time_in_force"]?.string == "GTC"
                        && $0["trigger_price"]?.string == "103" && $0["price"]?.string == "103.5"
                        && $0["status"]?.string == "WORKING" && $0["disclosed_quantity"]?.isNull == true
                })
            let market = try await client.send(.patch, path, ["order_type": "MARKET"], idempotency: "c")
            #expect(market.status < 300, "\(market.text)")
            #expect(try await eventually(client, path) { $0["status"]?.string == "FILLED" })
            let run = placed.body["run_id"]?.string ?? ""
            let events = try await client.send(.get, "/api/runs/\(run)/events").body["items"]?.array ?? []
            let asked = events.filter { $0["type"]?.string == "modify_requested" }
            #expect(asked.count == 2 && events.filter { $0["type"]?.string == "modify_answered" }.count == 2)
            let told = asked.map { $0.serializedText() }.joined()
            #expect(told.contains("\"order_type\":\"STOP_LIMIT\"") && told.contains("\"time_in_force\":\"GTC\""))
        }
    }

    @Test("A wait that is not reached in its time is answered 202 with the run as it stands")
    func waiting() async throws {
        try await APIFixture.router(try await APIFixture(isConnected: true)) { client in
            let path = "/api/execution-groups/family/orders"
            let run = try await client.send(
                .post, path + "?wait=done&timeout_ms=50", APIFixture.order(["price": "90.00"]), idempotency: "a")
            #expect(run.status == 202 && run.body["status"]?.string != "DONE", "\(run.text)")
            let bad = try await client.send(
                .post, path + "?wait=forever&timeout_ms=-1", APIFixture.order(), idempotency: "b")
            #expect(bad.paths == ["?wait", "?timeout_ms"])
        }
    }

    /// Asks again until the answer is as wanted, for five seconds at most.
    private func eventually(
        _ client: APIClient, _ path: String, _ isWanted: (JSONValue) -> Bool
    ) async throws -> Bool {
        let end = ContinuousClock.now + .seconds(5)
        while ContinuousClock.now < end {
            if isWanted(try await client.send(.get, path).body) { return true }
        }
        return false
    }
}
