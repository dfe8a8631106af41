import Domain
import HTTPTypes
import Testing

@testable import API

@Suite("Reconciliation and settling over HTTP")
struct ReconciliationTests {
    @Test("Accounts that are not connected are shown as not compared, before and after asking")
    func pending() async throws {
        try await APIFixture.router(try await APIFixture()) { client in
            let shown = try await client.send(.get, "/api/reconciliation")
            let items = try #require(shown.body["items"]?.array)
            #expect(items.map { $0["account_id"]?.string } == ["P1", "P2", "P3"])
            for item in items {
                #expect(item["status"]?.string == "pending" && item["orders"]?["state"]?.string == "pending")
                #expect(item["finished_at"]?.isNull == true && item["differences"]?.array?.isEmpty == true)
            }
            let one = try await client.send(.get, "/api/reconciliation?account=P2")
            #expect(one.body["items"]?.array?.count == 1)
            let asked = try await client.send(.post, "/api/reconciliation", ["account_id": "P1"])
            #expect(asked.status == 200 && asked.body["items"]?.array?.count == 1, "\(asked.text)")
            #expect(try await client.send(.get, "/api/reconciliation?account=NONE").status == 404)
            #expect(try await client.send(.post, "/api/reconciliation", ["account_id": "NONE"]).status == 404)
        }
    }

    @Test("What is wrong with a person's word is named by field")
    func badWords() async throws {
        try await APIFixture.router(try await APIFixture()) { client in
            let run = try await client.send(
                .post, "/api/execution-groups/family/orders", APIFixture.order([:]), idempotency: "a")
            let order = "\(try #require(run.body["run_id"]?.string))-1"
            var number = 0
            func fields(_ path: String, _ body: JSONObject) async throws -> [String] {
                number += 1
                let answer = try await client.send(
                    .post, "/api/orders/\(order)/\(path)", body, idempotency: "wrong\(number)")
                #expect(answer.status == 400, "\(answer.text)")
                return (answer.body["errors"]?.array ?? []).compactMap { $0["path"]?.string }.sorted()
            }
            #expect(try await fields("resolve", [:]) == ["/outcome", "/reason"])
            #expect(try await fields("resolve", ["outcome": "released", "reason": "x"]) == ["/outcome"])
            #expect(try await fields("resolve", ["outcome": "filled", "reason": "x"]) == ["/price"])
            #expect(
                try await fields("resolve", ["outcome": "absent", "quantity": "1", "price": "2", "reason": "x"])
                    == ["/price", "/quantity"])
            #expect(try await fields("release", ["drop": "yes"]) == ["/drop", "/reason"])
            #expect(try await fields("release", ["reason": "x", "hold": true]) == ["/hold"])
            for (path, body) in [
                ("resolve", ["outcome": "absent", "reason": "x"] as JSONObject), ("release", ["reason": "x"]),
            ] {
                let answer = try await client.send(
                    .post, "/api/orders/\(order)/\(path)", body, idempotency: path)
                #expect(
                    answer.status >= 400 && answer.body["code"]?.string?.hasPrefix("not_") == true, "\(answer.text)")
                #expect(
                    try await client.send(.post, "/api/orders/r99999-1/\(path)", body, idempotency: "n\(path)")
                        .status == 404)
            }
        }
    }
}
