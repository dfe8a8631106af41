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
