import Domain
import Foundation
import HTTPTypes
import Testing

@testable import API

@Suite("Bad input is refused with its place, its value and a remedy, and nothing is stored")
struct BadInputTests {
    /// Name, body as text, code, paths of the entries.
    typealias Row = (name: String, text: String, code: String, paths: [String])

    private static func order(_ changes: JSONObject) -> String {
        JSONValue.object(APIFixture.order(changes)).serializedText()
    }

    /// The order with one member written as it stands here.
    private static func raw(_ member: String) -> String { String(order([:]).dropLast()) + "," + member + "}" }

    private static let orders: [Row] = [
        ("malformed JSON", "{\"symbol\": ", "invalid_json", ["/symbol"]),
        ("no object", "[1]", "invalid_json", [""]), ("empty", "", "invalid_json", [""]),
        ("key twice", "{\"symbol\":\"US:EQ:AAPL\",\"symbol\":\"US:EQ:AAPL\"}", "invalid_json", ["/symbol"]),
        ("too deep", String(repeating: "[", count: 40), "invalid_json", [String(repeating: "/0", count: 32)]),
        ("not UTF-8 escapes", "{\"symbol\": \"\\ud800\"}", "invalid_json", ["/symbol"]),
        ("NaN", raw("\"lots\": NaN"), "invalid_json", ["/lots"]),
        ("NaN as text", order(["quantity": "NaN"]), "invalid_request", ["/quantity"]),
        ("infinity", order(["price": "Infinity"]), "invalid_request", ["/price"]),
        ("1e400", order(["quantity": .number("1e400")]), "invalid_request", ["/quantity"]),
        ("1e400 as text", order(["price": "1e400"]), "invalid_request", ["/price"]),
        (
            "too many digits", order(["quantity": .string(String(repeating: "9", count: 60))]), "invalid_request",
            ["/quantity"]
        ),
        ("negative quantity", order(["quantity": "-1"]), "invalid_request", ["/quantity"]),
        ("zero quantity", order(["quantity": "0"]), "invalid_request", ["/quantity"]),
        ("fractional quantity", order(["quantity": "1.5"]), "quantity_off_lot", ["/quantity"]),
        ("price off tick", order(["price": "100.001"]), "price_off_tick", ["/price"]),
        ("negative price", order(["price": "-1"]), "price_not_positive", ["/price"]),
        ("quantity that does not fit", order(["quantity": "99999999999999999999999999"]), "overflow", ["/quantity"]),
        ("overflow in money", order(["quantity": "9000000000000000000"]), "overflow", ["/quantity"]),
        ("overflow in lots", order(["quantity": .null, "lots": "9000000000000000000"]), "overflow", ["/lots"]),
        ("unknown instrument", order(["symbol": "US:EQ:NOPE"]), "unknown_instrument", ["/symbol"]),
        ("malformed instrument", order(["symbol": "AAPL"]), "invalid_request", ["/symbol"]),
        ("unknown field", order(["quantiy": "1"]), "invalid_request", ["/quantiy"]),
        ("wrong enum", order(["side": "LONG"]), "invalid_request", ["/side"]),
        ("enum in lower case", order(["side": "buy"]), "invalid_request", ["/side"]),
        ("wrong type", order(["side": 1]), "invalid_request", ["/side"]),
        ("boolean as text", order(["post_only": "yes"]), "invalid_request", ["/post_only"]),
        ("deadline 0", order(["deadline_ms": 0]), "invalid_request", ["/deadline_ms"]),
        ("deadline too long", order(["deadline_ms": 600_001]), "invalid_request", ["/deadline_ms"]),
        ("no instant", order(["valid_until": "tomorrow"]), "invalid_request", ["/valid_until"]),
        ("tag too long", order(["tag": .string(String(repeating: "x", count: 65))]), "invalid_request", ["/tag"]),
        ("control characters", order(["strategy": "a\nb"]), "invalid_request", ["/strategy"]),
        ("options that are none", order(["broker_options": ["paper": 1]]), "invalid_request", ["/broker_options"]),
        (
            "options for no adapter", order(["broker_options": ["nobody": ["speed": 1]]]), "unknown_adapter",
            ["/broker_options/nobody"]
        ),
        ("missing price", order(["price": .null]), "missing_field", ["/price"]),
        (
            "everything at once",
            "{\"symbol\":7,\"side\":\"UP\",\"quantity\":\"x\",\"order_type\":null,\"extra\":1,\"deadline_ms\":-1}",
            "invalid_request", ["/symbol", "/order_type", "/product", "/side", "/quantity", "/deadline_ms", "/extra"]
        ),
    ]

    @Test("of an order")
    func orders() async throws {
        let fixture = try await APIFixture()
        try await APIFixture.router(fixture) { client in
            let before = fixture.runtime.store.lastSequence
            for (index, row) in Self.orders.enumerated() {
                let answer = try await client.send(
                    .post, "/api/execution-groups/family/orders", text: row.text, idempotency: "k\(index)")
                #expect(answer.status == 400, "\(row.name): \(answer.text)")
                #expect(answer.problem == row.code, "\(row.name): \(answer.text)")
                #expect(Set(answer.paths) == Set(row.paths), "\(row.name): \(answer.text)")
                #expect(answer.paths.count == row.paths.count, "\(row.name): \(answer.text)")
            }
            #expect(fixture.runtime.store.lastSequence <= before + 1, "only the instrument's definition may be new")
            #expect(try await client.send(.get, "/api/runs").body["items"]?.array?.isEmpty == true)
            // The keys are free: nothing was kept for them.
            let good = try await client.send(
                .post, "/api/execution-groups/family/orders", APIFixture.order(), idempotency: "k0")
            #expect(good.body["run_id"]?.string == "r1")
        }
    }

    @Test("of what an order is for")
    func targets() async throws {
        try await APIFixture.router(try await APIFixture()) { client in
            let unknown = try await client.send(
                .post, "/api/execution-groups/nobody/orders", APIFixture.order(), idempotency: "a")
            #expect(unknown.status == 404 && unknown.problem == "unknown_group" && unknown.paths == ["{group}"])
            let created = try await client.send(
                .post, "/api/execution-groups", ["id": "empty", "policy": "equal", "accounts": []])
            #expect(created.status == 201, "\(created.text)")
            let empty = try await client.send(
                .post, "/api/execution-groups/empty/orders", APIFixture.order(), idempotency: "b")
            #expect(empty.status == 400 && empty.paths.count == 1, "\(empty.text)")
            let account = try await client.send(
                .post, "/api/orders", APIFixture.order(["account_id": "nobody"]), idempotency: "c")
            #expect(account.status == 404 && account.problem == "unknown_account", "\(account.text)")
            let modes = try await client.send(
                .post, "/api/orders", APIFixture.order(["account_id": "P1", "mode": "clip"]), idempotency: "d")
            #expect(modes.problem == "invalid_request" && modes.paths == ["/mode"])
            #expect(try await client.send(.get, "/api/runs").body["items"]?.array?.isEmpty == true)
        }
    }

    private static let groups: [Row] = [
        (
            "zero weight", #"{"id":"g","policy":"weighted","accounts":[{"account_id":"P1","weight":"0"}]}"#,
            "invalid_request", ["/accounts/0/weight"]
        ),
        (
            "no parameter", #"{"id":"g","policy":"proportional","accounts":[{"account_id":"P1"}]}"#, "invalid_request",
            ["/accounts/0/capital"]
        ),
        (
            "negative capital", #"{"id":"g","policy":"proportional","accounts":[{"account_id":"P1","capital":"-5"}]}"#,
            "invalid_request", ["/accounts/0/capital"]
        ),
        (
            "capital finer than a cent",
            #"{"id":"g","policy":"proportional","accounts":[{"account_id":"P1","capital":"0.001"}]}"#,
            "invalid_request", ["/accounts/0/capital"]
        ),
        (
            "overflow in money",
            #"{"id":"g","policy":"proportional","accounts":[{"account_id":"P1","capital":"1e18"}]}"#, "invalid_request",
            ["/accounts/0/capital"]
        ),
        (
            "unknown account", #"{"id":"g","policy":"equal","accounts":[{"account_id":"nobody"}]}"#, "unknown_account",
            ["/accounts/0/account_id"]
        ),
        (
            "account twice", #"{"id":"g","policy":"equal","accounts":[{"account_id":"P1"},{"account_id":"P1"}]}"#,
            "invalid_request", ["/accounts/1/account_id"]
        ),
        (
            "bounds crossed",
            #"{"id":"g","policy":"equal","accounts":[{"account_id":"P1","min_lots":"3","max_lots":"2"}]}"#,
            "invalid_request", ["/accounts/0/max_lots"]
        ),
        (
            "unwind not allowed", #"{"id":"g","policy":"equal","on_leg_failure":"unwind","accounts":[]}"#,
            "invalid_request", ["/on_leg_failure"]
        ),
        ("no accounts", #"{"id":"g","policy":"equal"}"#, "invalid_request", ["/accounts"]),
        ("no id", #"{"policy":"equal","accounts":[]}"#, "invalid_request", ["/id"]),
        ("bad id", #"{"id":"a b","policy":"equal","accounts":[]}"#, "invalid_request", ["/id"]),
        ("bad policy", #"{"id":"g","policy":"random","accounts":[]}"#, "invalid_request", ["/policy"]),
        (
            "unknown field of an account", #"{"id":"g","policy":"equal","accounts":[{"account_id":"P1","cap":1}]}"#,
            "invalid_request", ["/accounts/0/cap"]
        ),
        ("account that is none", #"{"id":"g","policy":"equal","accounts":["P1"]}"#, "invalid_request", ["/accounts/0"]),
    ]

    @Test("of a group")
    func groups() async throws {
        let fixture = try await APIFixture()
        try await APIFixture.router(fixture) { client in
            let before = fixture.runtime.store.lastSequence
            for row in Self.groups {
                let answer = try await client.send(.post, "/api/execution-groups", text: row.text)
                #expect(answer.status == 400 && answer.problem == row.code, "\(row.name): \(answer.text)")
                #expect(answer.paths == row.paths, "\(row.name): \(answer.text)")
            }
            #expect(fixture.runtime.store.lastSequence == before)
        }
    }

    private static let queries: [(path: String, place: String)] = [
        ("/api/runs?limit=0", "?limit"), ("/api/runs?limit=201", "?limit"), ("/api/runs?limit=ten", "?limit"),
        ("/api/runs?cursor=x", "?cursor"), ("/api/runs?status=OPEN", "?status"), ("/api/runs?colour=red", "?colour"),
        ("/api/runs?limit=1&limit=2", "?limit"), ("/api/orders?symbol=AAPL", "?symbol"),
        ("/api/orders?status=x", "?status"),
        ("/api/accounts?cursor=nobody", "?cursor"), ("/api/symbols/search", "?query"),
        ("/api/symbols/search?query=A&kind=STOCK", "?kind"), ("/api/symbols/search?query=A&venue=MARS", "?venue"),
        ("/api/stream?topics=runs,weather", "?topics"), ("/api/positions?account=a%20b", "?account"),
        ("/api/runs?limit=%zz", "?"),
    ]

    @Test("of parameters of a query")
    func queries() async throws {
        try await APIFixture.router(try await APIFixture(accounts: 1)) { client in
            for (path, place) in Self.queries {
                let answer = try await client.send(.get, path)
                #expect(answer.problem == "invalid_request" && answer.paths == [place], "\(path): \(answer.text)")
            }
        }
    }

    @Test("of headers")
    func headers() async throws {
        try await APIFixture.router(try await APIFixture()) { client in
            let path = "/api/execution-groups/family/orders"
            let none = try await client.send(.post, path, APIFixture.order())
            #expect(
                none.status == 400 && none.problem == "idempotency_key_required" && none.paths == ["Idempotency-Key"])
            for key in [String(repeating: "k", count: 65), "ключ"] {
                let bad = try await client.send(.post, path, APIFixture.order(), idempotency: key)
                #expect(
                    bad.problem == "idempotency_key_invalid" || bad.problem == "idempotency_key_required", "\(bad.text)"
                )
            }
            let version = try await client.send(
                .put, "/api/execution-groups/family", ["policy": "equal", "accounts": []], headers: [.ifMatch: "new"])
            #expect(version.problem == "invalid_request" && version.paths == ["If-Match"])
            let place = try #require(HTTPField.Name("Last-Event-ID"))
            let stream = try await client.send(.get, "/api/stream", headers: [place: "yesterday"])
            #expect(stream.problem == "invalid_request" && stream.paths == ["Last-Event-ID"])
        }
    }

    @Test("Values are clipped, and text of the client cannot pass for more than a value")
    func clipping() async throws {
        try await APIFixture.router(try await APIFixture()) { client in
            let long = String(repeating: "é", count: 5_000)
            let answer = try await client.send(
                .post, "/api/execution-groups/family/orders", APIFixture.order(["side": .string(long), long: 1]),
                idempotency: "a")
            #expect(answer.status == 400)
            for entry in answer.body["errors"]?.array ?? [] { #expect((entry["value"]?.string?.count ?? 0) <= 200) }
            #expect(answer.text.utf8.count < 8_000)
        }
    }

    private static let paths: [(path: String, status: Int)] = [
        ("/api/symbols/US%3AEQ%3AAAPL", 200), ("/api/symbols/us:eq:aapl", 200),
        ("/api/symbols/US%253AEQ%253AAAPL", 400),  // US%3AEQ%3AAAPL is no id
        ("/api/symbols/%ff", 400), ("/api/symbols/%4", 400), ("/api/execution-groups/%2e%2e", 404),
        ("/api/nothing", 404),
        ("/api", 404), ("/", 404), ("/api/runs/r01", 404), ("/api/orders/r1", 404), ("/api/runs/r99", 404),
    ]

    @Test("Paths are decoded once, and what is no text is refused")
    func paths() async throws {
        try await APIFixture.router(try await APIFixture(accounts: 1)) { client in
            for (path, status) in Self.paths {
                let answer = try await client.send(.get, path)
                #expect(answer.status == status, "\(path): \(answer.text)")
                if status != 200 { #expect(!answer.problem.hasPrefix("no "), "\(path): \(answer.text)") }
            }
        }
    }
}
