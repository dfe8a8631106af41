import Domain
import Exact
import Foundation
import Gateway
import Testing

@testable import API

@Suite("The audit tells who did what, when and why")
struct AuditTests {
    private func walk(_ client: APIClient, _ query: String, limit: Int) async throws -> [JSONValue] {
        var items: [JSONValue] = []
        var cursor = ""
        repeat {
            let answer = try await client.send(.get, "/api/audit?limit=\(limit)\(query)\(cursor)")
            #expect(answer.status == 200, "\(answer.text)")
            let page = answer.body["items"]?.array ?? []
            #expect(page.count <= limit)
            items += page
            cursor = answer.body["next_cursor"]?.string.map { "&cursor=\($0)" } ?? ""
        } while !cursor.isEmpty
        return items
    }

    @Test("Acts of people stand in the journal with their person, key, subject and reason")
    func acts() async throws {
        let fixture = try await APIFixture()
        try await APIFixture.router(fixture) { client in
            let made = try await client.send(.post, "/api/keys", ["person": "bo", "scopes": ["read"]])
            let id = try #require(made.body["id"]?.string)
            #expect(try await client.send(.delete, "/api/keys/\(id)").status == 204)
            _ = try await client.send(
                .post, "/api/execution-groups", ["id": "new", "policy": "equal", "accounts": [["account_id": "P1"]]])
            #expect(try await client.send(.delete, "/api/execution-groups/new").status == 204)
            _ = try await client.send(.post, "/api/rms/halt", ["scope": "account:P1", "reason": "a look at it"])
            let run = try await client.send(
                .post, "/api/execution-groups/family/orders", APIFixture.order(), idempotency: "a")
            let all = try await walk(client, "", limit: 200)
            func find(_ type: String, _ subject: String) -> JSONValue? {
                all.first { $0["type"]?.string == type && $0["subject"]?.string == subject }
            }
            for (type, subject) in [
                ("key_created", id), ("key_revoked", id), ("group_put", "new"), ("group_removed", "new"),
            ] {
                let entry = try #require(find(type, subject), "\(type)")
                #expect(entry["by"]?.string == "admin" && entry["kind"]?.string == "admin", "\(entry)")
                #expect(entry["key_id"]?.string != nil)
            }
            let secret = try #require(made.body["key"]?.string)
            #expect(!"\(all)".contains(secret.split(separator: "_")[3]))
            #expect(find("key_created", id)?["facts"]?["detail"]?.string?.hasPrefix("person bo, scopes read") == true)
            let halt = try #require(find("trading_state", "account:P1"))
            #expect(halt["by"]?.string == "admin" && halt["reason"]?.string == "a look at it")
            let runID = try #require(run.body["run_id"]?.string)
            let admitted = try #require(find("run_admitted", runID))
            #expect(admitted["by"]?.string == "admin" && admitted["kind"]?.string == "decision")
            #expect(find("account_put", "P1")?["by"]?.string == "configuration")
            // The ring of this fixture made its own key.
            #expect(all.contains { $0["type"]?.string == "key_created" && $0["by"]?.string == "gateway" })
        }
    }

    @Test("Pages of any size join to the whole list; filters take the matching lines of it", arguments: [1, 3, 7])
    func pages(limit: Int) async throws {
        let fixture = try await APIFixture()
        try await APIFixture.router(fixture) { client in
            for index in 0..<3 {
                _ = try await client.send(
                    .post, "/api/execution-groups/family/orders?wait=done", APIFixture.order(),
                    idempotency: "k\(index)")
            }
            // What a gateway records by itself at its start may still come: the list is one that has come to rest.
            var all = try await walk(client, "", limit: 200)
            for _ in 0..<100 {
                let before = all
                all = try await walk(client, "", limit: 200)
                if all == before { break }
            }
            #expect(all.count > 10)
            let ids = all.map { $0["id"]?.string ?? "" }
            #expect(Set(ids).count == ids.count)
            #expect(try await walk(client, "", limit: limit) == all)
            for kind in AuditKind.allCases {
                #expect(
                    try await walk(client, "&kind=\(kind.rawValue)", limit: limit)
                        == all.filter { $0["kind"]?.string == kind.rawValue }, "\(kind)")
            }
            #expect(
                try await walk(client, "&person=configuration", limit: limit)
                    == all.filter { $0["by"]?.string == "configuration" })
            let middle = try #require(all[all.count / 2]["at"]?.string)
            #expect(
                try await walk(client, "&from=\(middle)", limit: limit)
                    == all.filter { $0["at"]?.string ?? "" >= middle })
            #expect(
                try await walk(client, "&to=\(middle)", limit: limit)
                    == all.filter { $0["at"]?.string ?? "" < middle })
        }
    }

    @Test("Bad filters are refused by name; a foreign anchor is found; verify answers the anchor of the journal")
    func verify() async throws {
        let fixture = try await APIFixture(accounts: 1)
        try await APIFixture.router(fixture) { client in
            for (query, path) in [
                ("kind=x", "?kind"), ("from=yesterday", "?from"), ("cursor=x", "?cursor"), ("limit=0", "?limit"),
                ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "?to"),
            ] {
                let answer = try await client.send(.get, "/api/audit?\(query)")
                #expect(answer.status == 400 && answer.paths == [path], "\(query): \(answer.text)")
            }
            let report = try await client.send(.post, "/api/audit/verify", [:])
            #expect(report.body["whole"]?.bool == true, "\(report.text)")
            let anchor = try #require(report.body["anchor"]?.string)
            #expect(anchor.hasPrefix("\(fixture.runtime.store.lastSequence):"))
            let again = try await client.send(.post, "/api/audit/verify", ["anchor": .string(anchor)])
            #expect(again.body["whole"]?.bool == true)
            let foreign = "1:" + String(repeating: "00", count: 32)
            let other = try await client.send(.post, "/api/audit/verify", ["anchor": .string(foreign)])
            #expect(other.body["whole"]?.bool == false)
            #expect(other.body["findings"]?.array?.first?["code"]?.string == "anchor")
            #expect(try await client.send(.post, "/api/audit/verify", ["anchor": "x"]).paths == ["/anchor"])
        }
    }
}
