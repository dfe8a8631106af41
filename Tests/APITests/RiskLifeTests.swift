import Domain
import Exact
import HTTPTypes
import Testing

@testable import API

@Suite(
    "The risk document's life, and what risk people do, over HTTP", .serialized,
    .enabled(if: APIFixture.librariesDirectory != nil))
struct RiskLifeTests {
    static let tight = """
        rms: 1
        # Tighter than what is shipped.
        profiles: { default: { max-position: { max: 50 } } }
        accounts: [ { id: P1, limits: { max-position: { max: 20 } } } ]

        """

    @Test("A document is shown, compared, tried, applied with its version, listed and gone back to") func life()
        async throws
    {
        try await APIFixture.router(try await APIFixture()) { client in
            let first = try await client.send(.get, "/api/rms/config")
            #expect(first.status == 200 && first.headers[.eTag] == "\"1\"")
            #expect(first.body["version"]?.int64 == 1)
            let body: JSONObject = ["document": .string(Self.tight), "reason": "test"]
            let unnamed = try await client.send(.put, "/api/rms/config", body)
            #expect(unnamed.status == 428 && unnamed.problem == "version_required")
            let stale = try await client.send(.put, "/api/rms/config", body, headers: [.ifMatch: "\"7\""])
            #expect(stale.status == 412 && stale.body["current_version"]?.int64 == 1)
            #expect(stale.body["changes"]?.array?.isEmpty == false, "a stale version is told what differs")
            let dry = try await client.send(
                .put, "/api/rms/config?dry_run=true", body, headers: [.ifMatch: "\"1\""])
            #expect(dry.status == 200 && dry.body["is_dry_run"]?.bool == true && dry.body["version"]?.int64 == 2)
            #expect(try await client.send(.get, "/api/rms/config").body["version"]?.int64 == 1)
            let diff = try await client.send(.post, "/api/rms/diff", ["document": .string(Self.tight)])
            #expect(diff.body["differs"]?.bool == true)
            let applied = try await client.send(.put, "/api/rms/config", body, headers: [.ifMatch: "\"1\""])
            #expect(applied.status == 200 && applied.body["version"]?.int64 == 2, "\(applied.text)")
            let again = try await client.send(.put, "/api/rms/config", body, headers: [.ifMatch: "\"2\""])
            #expect(again.body["is_changed"]?.bool == false && again.body["version"]?.int64 == 2)
            let limits = try await client.send(.get, "/api/rms/effective?scope=account:P1").body["limits"]?.array ?? []
            let position = limits.first {
                $0["control"]?.string == "max-position" && $0["key"]?.string == "max"
            }
            #expect(position?["value"]?.string == "20" && position?["origin"]?.string == "account:P1")
            #expect(try await client.send(.get, "/api/rms/effective?scope=account:nobody").problem == "unknown_scope")
            let back = try await client.send(
                .post, "/api/rms/rollback", ["version": 1, "reason": "back"], headers: [.ifMatch: "\"2\""])
            #expect(back.status == 200 && back.body["version"]?.int64 == 3, "\(back.text)")
            let history = try await client.send(.get, "/api/rms/history").body["items"]?.array ?? []
            #expect(history.map { $0["reason"]?.string } == ["back", "test", "the first start"])
            #expect(history.map { $0["changes"]?.int64 ?? -1 }.last == 0)
            #expect(try await client.send(.get, "/api/rms/config?version=9").problem == "unknown_version")
        }
    }

    @Test("A document with errors lists them all with their places and changes nothing") func invalid() async throws {
        try await APIFixture.router(try await APIFixture()) { client in
            let rows = (0..<1_200).map { "  - { id: nobody\($0), limits: { max-position: { max: -1 } } }" }
            let text = "rms: 1\nfrm: {}\naccounts:\n" + rows.joined(separator: "\n") + "\n"
            let refused = try await client.send(
                .put, "/api/rms/config", ["document": .string(text), "reason": "x"], headers: [.ifMatch: "1"])
            #expect(refused.status == 400 && refused.problem == "invalid_document")
            #expect(refused.paths.count == 1_001, "a thousand and how many more: \(refused.paths.count)")
            #expect(refused.paths.first?.contains("line 4, column") == true, "\(refused.paths.prefix(2))")
            #expect(try await client.send(.get, "/api/rms/config").body["version"]?.int64 == 1)
        }
    }

    @Test("A refusal is explained with its numbers, live and from the record; tighter limits are tried on it")
    func explained()
        async throws
    {
        try await APIFixture.router(try await APIFixture(isConnected: true)) { client in
            let placed = try await client.send(
                .post, "/api/orders?wait=done", APIFixture.order(["account_id": "P1", "quantity": "30"]),
                idempotency: "a")
            #expect(placed.status == 200, "\(placed.text)")
            let run = try #require(placed.body["run_id"]?.string)
            let past = try await client.send(.post, "/api/rms/explain", ["run_id": .string(run), "leg": 1])
            #expect(past.status == 200, "\(past.text)")
            let controls = past.body["legs"]?[0]?["controls"]?.array ?? []
            #expect(controls.count == 33 && past.body["legs"]?[0]?["verdict"]?.string == "PASS")
            let tried = try await client.send(.post, "/api/rms/simulate", ["document": .string(Self.tight)])
            #expect(tried.body["refused"]?.int64 == 1, "\(tried.text)")
            #expect(tried.body["differences"]?[0]?["after"]?.string == "REFUSED max_position")
            #expect(tried.body["differences"]?[0]?["limit"]?.string == "20")
            let candidate = try await client.send(
                .post, "/api/rms/explain", APIFixture.order(["account_id": "P1", "quantity": "20000"]))
            let refused = (candidate.body["legs"]?[0]?["controls"]?.array ?? []).filter {
                $0["verdict"]?.string == "REFUSED"
            }
            #expect(candidate.body["legs"]?[0]?["verdict"]?.string == "REFUSED")
            #expect(refused.contains { $0["control"]?.string == "max-position" && $0["limit"]?.string == "10000" })
            #expect(refused.count > 1, "what follows the first refusal is looked at too")
            #expect(try await client.send(.post, "/api/rms/explain", ["run_id": "r99"]).status == 404)
            #expect(
                try await client.send(.post, "/api/rms/explain", ["run_id": .string(run), "leg": 2]).problem
                    == "unknown_leg")
        }
    }

    @Test("A scenario is played on a copy and judged by what it expects") func scenario() async throws {
        try await APIFixture.router(try await APIFixture(isConnected: true)) { client in
            let story = """
                scenario: 1
                steps:
                  - price: { symbol: US:EQ:AAPL, price: 100 }
                  - order: { account_id: P1, symbol: US:EQ:AAPL, side: BUY, quantity: 15, order_type: LIMIT, price: 100,
                      product: INTRADAY }
                    expect: ADMITTED
                  - fill: { order: 1 }
                  - order: { account_id: P1, symbol: US:EQ:AAPL, side: BUY, quantity: 6, order_type: LIMIT, price: 100,
                      product: INTRADAY }
                    expect: REFUSED max_position
                  - halt: { scope: firm }
                  - order: { account_id: P1, symbol: US:EQ:AAPL, side: SELL, quantity: 1, order_type: LIMIT, price: 100,
                      product: INTRADAY }
                    expect: REFUSED trading_state

                """
            let played = try await client.send(
                .post, "/api/rms/simulate", ["scenario": .string(story), "document": .string(Self.tight)])
            #expect(played.status == 200 && played.body["is_expected"]?.bool == true, "\(played.text)")
            #expect(played.body["steps"]?.array?.count == 6)
            let loose = try await client.send(.post, "/api/rms/simulate", ["scenario": .string(story)])
            #expect(loose.body["is_expected"]?.bool == false)
            let bad = try await client.send(
                .post, "/api/rms/simulate", ["scenario": "scenario: 1\nsteps: [ { prise: 1 } ]\n"])
            #expect(bad.problem == "invalid_scenario", "\(bad.text)")
            #expect(try await client.send(.get, "/api/runs").body["items"]?.array?.isEmpty == true)
        }
    }

    @Test("Emergency: stop halts, close-all closes while halted, resume opens; preflight says what an order needs")
    func operations() async throws {
        try await APIFixture.router(try await APIFixture(isConnected: true)) { client in
            let report = try await client.send(.post, "/api/preflight")
            let kinds = Set((report.body["checks"]?.array ?? []).compactMap { $0["check"]?.string })
            #expect(
                kinds.isSuperset(of: [
                    "storage", "clock", "instruments", "connectivity", "credentials", "balances", "positions", "limits",
                ]))
            #expect(report.body["outcome"]?.string != "fail", "\(report.text)")
            #expect(try await client.send(.get, "/api/preflight").body["at"] == report.body["at"])
            let stopped = try await client.send(.post, "/api/emergency/stop", ["reason": "drill"])
            #expect(stopped.body["state"]?.string == "halted")
            let closing = try await client.send(
                .post, "/api/emergency/close-all", ["reason": "drill"], idempotency: "c")
            #expect(closing.status == 202 && closing.body["square_off"]?["scope"]?.string == "firm", "\(closing.text)")
            #expect(try await client.send(.post, "/api/emergency/resume", ["reason": ""]).status == 400)
            #expect(
                try await client.send(.post, "/api/emergency/resume", ["reason": "over"]).body["state"]?.string
                    == "active")
        }
    }
}
