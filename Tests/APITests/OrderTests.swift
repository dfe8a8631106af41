import Domain
import Foundation
import HTTPTypes
import Testing

@testable import API

@Suite("Orders, runs and groups over HTTP")
struct OrderTests {
    private static let runMembers = [
        "run_id", "group_id", "group_version", "rms_version", "status", "symbol", "side", "strategy", "tag",
        "requested_quantity", "allocated_quantity", "unallocated_quantity", "left_out", "created_at", "latency_us",
        "legs",
    ]
    private static let legMembers = [
        "leg_id", "account_id", "adapter_id", "symbol", "side", "weight", "allocated_quantity", "ordered_quantity",
        "price",
        "status", "client_order_id", "broker_order_id", "slices", "cumulative_quantity", "canceled_quantity",
        "overfilled_quantity", "average_price", "reject", "latency_us",
    ]
    private static let rejectMembers = [
        "code", "control", "scope", "limit", "observed", "projected", "unit", "input_ages_ms", "config_version",
        "message",
        "broker",
    ]

    @Test("A run whose legs are all refused is 422, and the body is the run with every member of the contract")
    func refused() async throws {
        try await APIFixture.router(try await APIFixture()) { client in
            let answer = try await client.send(
                .post, "/api/execution-groups/family/orders", APIFixture.order(["tag": "t", "symbol": "us:eq:aapl"]),
                idempotency: "a")
            #expect(answer.status == 422 && answer.headers[.contentType] == "application/json")
            let run = try #require(answer.body.object)
            #expect(Self.runMembers.allSatisfy(run.keys.contains), "\(run.keys)")
            #expect(
                run["status"]?.string == "REFUSED" && run["symbol"]?.string == "US:EQ:AAPL" && run["tag"]?.string == "t"
            )
            #expect(run["requested_quantity"]?.string == "12")
            let legs = try #require(run["legs"]?.array)
            #expect(legs.map { $0["allocated_quantity"]?.string } == ["2", "4", "6"])
            for leg in legs {
                #expect(Self.legMembers.allSatisfy(leg.object?.keys.contains ?? { _ in false }), "\(leg)")
                let reject = try #require(leg["reject"]?.object)
                #expect(Self.rejectMembers.allSatisfy(reject.keys.contains), "\(reject.keys)")
                #expect(reject["code"]?.string == "not_ready" && leg["status"]?.string == "REFUSED")
            }
            let id = try #require(run["run_id"]?.string)
            for path in ["/api/runs/\(id)", "/api/execution-groups/family/runs/\(id)"] {
                let shown = try await client.send(.get, path)
                #expect(shown.status == 200 && shown.body["status"]?.string == "REFUSED", "\(path) \(shown.text)")
            }
            #expect(try await client.send(.get, "/api/execution-groups/others/runs/\(id)").status == 404)
            let events = try await client.send(.get, "/api/runs/\(id)/events").body["items"]?.array
            #expect(
                events?.map { $0["type"]?.string } == ["run_admitted", "leg_refused", "leg_refused", "leg_refused"])
            let order = try await client.send(.get, "/api/orders/\(id)-2")
            #expect(order.body["order_id"]?.string == "\(id)-2" && order.body["account_id"]?.string == "P2")
        }
    }

    @Test("One key and body make one run, however the body is written; another body is refused")
    func idempotency() async throws {
        try await APIFixture.router(try await APIFixture()) { client in
            let path = "/api/execution-groups/family/orders"
            let replayed = try #require(HTTPField.Name("Idempotency-Replayed"))
            let first = try await client.send(.post, path, APIFixture.order(), idempotency: "k")
            #expect(first.body["run_id"]?.string == "r1" && first.headers[replayed] == nil)
            let spellings: [JSONObject] = [
                ["quantity": .number("12.0")], ["price": .number("100")], ["lots": .null], ["time_in_force": "DAY"],
                ["symbol": "us:eq:aapl"], ["post_only": false],
            ]
            for spelling in spellings {
                let again = try await client.send(
                    .post, path + "?wait=acked&timeout_ms=10", APIFixture.order(spelling), idempotency: "k")
                #expect(again.body["run_id"]?.string == "r1" && again.status == 422, "\(spelling): \(again.text)")
                #expect(again.headers[replayed] == "true")
            }
            let others: [JSONObject] = [["quantity": "13"], ["tag": "x"], ["deadline_ms": 9_999], ["mode": "clip"]]
            for other in others {
                let reused = try await client.send(.post, path, APIFixture.order(other), idempotency: "k")
                #expect(reused.status == 422 && reused.problem == "idempotency_key_reused", "\(other): \(reused.text)")
            }
            let elsewhere = try await client.send(
                .post, "/api/execution-groups/others/orders", APIFixture.order(), idempotency: "k")
            #expect(elsewhere.problem == "idempotency_key_reused")
            #expect(try await client.send(.get, "/api/runs").body["items"]?.array?.count == 1)
        }
    }

    @Test("One key sent many times at once makes one run; the others are told to wait or get it")
    func concurrentKeys() async throws {
        try await APIFixture.router(try await APIFixture()) { client in
            let answers = try await withThrowingTaskGroup(of: APIClient.Answer.self) { group in
                for _ in 0..<50 {
                    group.addTask {
                        try await client.send(
                            .post, "/api/execution-groups/family/orders", APIFixture.order(), idempotency: "k")
                    }
                }
                return try await group.reduce(into: [APIClient.Answer]()) { $0.append($1) }
            }
            for answer in answers {
                let isRun = answer.status == 422 && answer.body["run_id"]?.string == "r1"
                let isInUse = answer.status == 409 && answer.problem == "idempotency_key_in_use"
                #expect(isRun || isInUse, "\(answer.text)")
            }
            #expect(try await client.send(.get, "/api/runs").body["items"]?.array?.count == 1)
        }
    }

    @Test("A preview answers a run without ids and leaves nothing behind")
    func preview() async throws {
        let fixture = try await APIFixture()
        try await APIFixture.router(fixture) { client in
            let path = "/api/execution-groups/family/preview"
            let answer = try await client.send(.post, path, APIFixture.order())
            #expect(answer.status == 200 && answer.body["status"]?.string == "PREVIEW", "\(answer.text)")
            #expect(!answer.text.contains("\"run_id\"") && !answer.text.contains("client_order_id"))
            #expect(answer.body["legs"]?.array?.count == 3)
            #expect(try await client.send(.get, "/api/runs").body["items"]?.array?.isEmpty == true)
            let bad = try await client.send(.post, path, APIFixture.order(["price": "0.001"]))
            #expect(bad.problem == "price_off_tick")
        }
    }

    @Test("Groups are versioned: a change of another version is refused with 412")
    func groups() async throws {
        try await APIFixture.router(try await APIFixture()) { client in
            let path = "/api/execution-groups/mine"
            let body: JSONObject = [
                "id": "mine", "policy": "weighted",
                "accounts": [["account_id": "P1", "weight": "3"], ["account_id": "P2", "weight": 2, "max_lots": 9]],
            ]
            let made = try await client.send(.post, "/api/execution-groups", body)
            #expect(
                made.status == 201 && made.body["version"]?.int64 == 1 && made.headers[.eTag] == "\"1\"", "\(made.text)"
            )
            #expect(
                made.body["accounts"]?[0]?["weight"]?.string == "3"
                    && made.body["accounts"]?[1]?["max_lots"]?.string == "9")
            let again = try await client.send(.post, "/api/execution-groups", body)
            #expect(again.status == 409 && again.problem == "group_exists")
            let changed = try await client.send(.put, path, body, headers: [.ifMatch: "1"])
            #expect(changed.status == 200 && changed.body["version"]?.int64 == 2, "\(changed.text)")
            let stale = try await client.send(.put, path, body, headers: [.ifMatch: "\"1\""])
            #expect(stale.status == 412 && stale.problem == "version_mismatch" && stale.headers[.eTag] == "\"2\"")
            // An answer may be sent back as it is.
            #expect(try await client.send(.put, path, try #require(changed.body.object)).body["version"]?.int64 == 3)
            let added = try await client.send(.post, path + "/accounts", ["account_id": "P3", "weight": "1"])
            #expect(added.status == 201 && added.body["accounts"]?.array?.count == 3, "\(added.text)")
            #expect(
                try await client.send(.post, path + "/accounts", ["account_id": "P3", "weight": "1"]).status == 409)
            let patched = try await client.send(.patch, path + "/accounts/P2", ["weight": "7", "max_lots": .null])
            #expect(patched.body["accounts"]?[1]?["weight"]?.string == "7", "\(patched.text)")
            #expect(patched.body["accounts"]?[1]?["max_lots"]?.isNull == true)
            let stalePatch = try await client.send(
                .patch, path + "/accounts/P2", ["weight": "8"], headers: [.ifMatch: "1"])
            #expect(stalePatch.status == 412)
            #expect(try await client.send(.delete, path + "/accounts/P1").body["accounts"]?.array?.count == 2)
            #expect(try await client.send(.delete, path + "/accounts/P1").status == 404)
            #expect(try await client.send(.delete, path, headers: [.ifMatch: "1"]).status == 412)
            #expect(try await client.send(.delete, path).status == 204)
            #expect(try await client.send(.get, path).status == 404)
        }
    }

    @Test("Lists come newest first, a page at a time, each item once")
    func paging() async throws {
        try await APIFixture.router(try await APIFixture()) { client in
            for index in 1...7 {
                _ = try await client.send(
                    .post, "/api/execution-groups/\(index % 2 == 0 ? "family" : "others")/orders", APIFixture.order(),
                    idempotency: "k\(index)")
            }
            func collect(_ path: String, _ name: String) async throws -> [String] {
                var found: [String] = []
                var cursor: String?
                repeat {
                    let page = try await client.send(.get, path + (cursor.map { "&cursor=\($0)" } ?? ""))
                    found += (page.body["items"]?.array ?? []).compactMap { $0[name]?.string }
                    cursor = page.body["next_cursor"]?.string
                } while cursor != nil && found.count < 100
                return found
            }
            #expect(try await collect("/api/runs?limit=2", "run_id") == (1...7).reversed().map { "r\($0)" })
            #expect(try await collect("/api/runs?limit=2&group=family", "run_id") == ["r6", "r4", "r2"])
            #expect(
                try await collect("/api/execution-groups/family/runs?limit=1&status=REFUSED", "run_id") == [
                    "r6", "r4", "r2",
                ])
            #expect(try await collect("/api/accounts?limit=1", "id") == ["P3", "P2", "P1"])
            #expect(try await collect("/api/execution-groups?limit=1", "id").sorted() == ["family", "others"])
            #expect(try await collect("/api/runs/r6/events?limit=1", "type").count == 4)
        }
    }

    @Test("Trading states are set with a reason, and seen")
    func states() async throws {
        try await APIFixture.router(try await APIFixture()) { client in
            let bad = try await client.send(.post, "/api/rms/reduce", ["scope": "planet", "cancel_working": true])
            #expect(Set(bad.paths) == ["/scope", "/reason", "/cancel_working"], "\(bad.text)")
            let unknown = try await client.send(.post, "/api/rms/halt", ["scope": "account:nobody", "reason": "x"])
            #expect(unknown.status == 404 && unknown.paths == ["/scope"], "\(unknown.text)")
            let halted = try await client.send(.post, "/api/rms/halt", ["scope": "firm", "reason": "drill"])
            #expect(
                halted.status == 200 && halted.body["state"]?.string == "halted" && halted.body["by"]?.string == "admin"
            )
            let status = try await client.send(.get, "/api/rms/status")
            #expect(status.body["state"]?.string == "halted" && status.body["states"]?[0]?["reason"]?.string == "drill")
            #expect(status.body["accounts"]?.array?.count == 3)
            #expect(try await client.send(.post, "/api/rms/resume", ["scope": "firm", "reason": "over"]).status == 200)
            #expect(try await client.send(.get, "/api/rms/status").body["state"]?.string == "active")
        }
    }

    @Test("While the gateway does not serve, requests are told to come back")
    func notServing() async throws {
        let fixture = try await APIFixture()
        try await fixture.server.application().test(.router) { test in
            let client = APIClient(client: test, key: fixture.admin)
            #expect(try await client.send(.get, "/ready", key: "").status == 200)
            await fixture.gateway.drain()
            let order = try await client.send(
                .post, "/api/execution-groups/family/orders", APIFixture.order(), idempotency: "a")
            #expect(order.status == 503 && order.problem == "not_serving" && order.headers[.retryAfter] != nil)
            #expect(try await client.send(.get, "/ready", key: "").status == 503)
            #expect(try await client.send(.get, "/health", key: "").status == 200)
        }
        await fixture.stop()
    }

    @Test("Accounts are made, changed and removed; what refers to one keeps it")
    func accounts() async throws {
        try await APIFixture.router(try await APIFixture()) { client in
            let bad = try await client.send(
                .post, "/api/accounts",
                ["id": "a/b", "adapter": "absent", "currency": "rupees!", "secrets": ["k": "v"]])
            #expect(Set(bad.paths) == ["/id", "/adapter", "/currency", "/secrets"], "\(bad.text)")
            let changed = try await client.send(.patch, "/api/accounts/P1", ["owner": "PAN1", "enabled": false])
            #expect(changed.status == 200 && changed.body["owner"]?.string == "PAN1", "\(changed.text)")
            #expect(changed.body["state"]?.string == "disabled" && changed.body["enabled"]?.bool == false)
            #expect(try await client.send(.patch, "/api/accounts/P1", ["owner": .null]).body["owner"]?.isNull == true)
            #expect(try await client.send(.patch, "/api/accounts/P1", ["currency": "INR"]).paths == ["/currency"])
            #expect(try await client.send(.post, "/api/accounts/P1/connect").problem == "account_disabled")
            #expect(try await client.send(.post, "/api/accounts/P2/connect").problem == "account_has_no_session")
            #expect(try await client.send(.delete, "/api/accounts/P1").problem == "in_use")
            for data in ["funds", "holdings"] {
                let answer = try await client.send(.get, "/api/accounts/P2/\(data)")
                #expect(answer.status == 503 && answer.problem == "account_not_connected", "\(answer.text)")
            }
            for data in ["positions", "orders", "trades"] {
                #expect(try await client.send(.get, "/api/accounts/P2/\(data)").body["items"]?.array?.isEmpty == true)
            }
        }
    }
}
