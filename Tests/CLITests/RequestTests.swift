import Exact
import Testing

@testable import CLI

@Suite("Requests")
struct RequestTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var line: String
        var method: APIRequest.Method
        var path: String
        var body: String?
        var testDescription: String { line }
        init(_ line: String, _ method: APIRequest.Method, _ path: String, _ body: String? = nil) {
            (self.line, self.method, self.path, self.body) = (line, method, path, body)
        }
    }

    @Test(
        "Each command asks exactly what the API's page names",
        arguments: [
            Case("adapters list", .get, "/api/brokers"), Case("adapters describe paper", .get, "/api/brokers/paper"),
            Case("accounts list", .get, "/api/accounts"),
            Case(
                "accounts add P6 --adapter paper --currency USD --environment sandbox --config {\"starting_cash\":\"1.50\"}",
                .post, "/api/accounts",
                #"{"id":"P6","adapter":"paper","currency":"USD","environment":"sandbox","config":{"starting_cash":"1.50"}}"#
            ), Case("accounts remove P6", .delete, "/api/accounts/P6"),
            Case("accounts connect P6", .post, "/api/accounts/P6/connect"),
            Case("accounts status P6 --json", .get, "/api/accounts/P6"),
            Case("groups list", .get, "/api/execution-groups"),
            Case("groups show family", .get, "/api/execution-groups/family"),
            Case("groups show family --carry", .get, "/api/execution-groups/family?carry=true"),
            Case(
                "groups create family --policy PROPORTIONAL --account P1,capital=500.5 --account P2,capital=1,max_lots=4,enabled=false --carry off --allow-unwind true",
                .post, "/api/execution-groups",
                #"{"policy":"proportional","carry":"off","allow_unwind":true,"accounts":[{"account_id":"P1","capital":"500.5"},{"account_id":"P2","capital":"1","max_lots":"4","enabled":false}],"id":"family"}"#
            ), Case("groups remove family", .delete, "/api/execution-groups/family"),
            Case(
                "groups preview family --symbol US:EQ:AAPL --side buy --quantity 150 --type limit --price 329.50 --product CASH --time-in-force day",
                .post, "/api/execution-groups/family/preview",
                #"{"symbol":"US:EQ:AAPL","side":"BUY","quantity":"150","order_type":"LIMIT","price":"329.50","product":"CASH","time_in_force":"DAY"}"#
            ),
            Case(
                "orders place --group family --symbol X --lots 2 --mode quorum --min-legs 3 --deadline-ms 500 --wait acked --timeout-ms 900",
                .post, "/api/execution-groups/family/orders?wait=acked&timeout_ms=900",
                #"{"symbol":"X","lots":"2","mode":"quorum","min_legs":3,"deadline_ms":500}"#),
            Case(
                "orders place --account P1 --symbol X --reduce-only", .post, "/api/orders",
                #"{"symbol":"X","reduce_only":true,"account_id":"P1"}"#),
            Case("orders cancel o1", .delete, "/api/orders/o1"),
            Case("orders modify o1 --price 1.10", .patch, "/api/orders/o1", #"{"price":"1.10"}"#),
            Case(
                "orders modify o1 --type STOP_LIMIT --trigger-price 1.2 --time-in-force GTC --disclosed-quantity 5",
                .patch, "/api/orders/o1",
                #"{"trigger_price":"1.2","order_type":"STOP_LIMIT","time_in_force":"GTC","disclosed_quantity":"5"}"#),
            Case(
                #"orders modify o1 --broker-options {"paper":{"a":1}}"#, .patch, "/api/orders/o1",
                #"{"broker_options":{"paper":{"a":1}}}"#),
            Case("orders list --account P1", .get, "/api/orders?account=P1"),
            Case("orders show o1", .get, "/api/orders/o1"),
            Case("positions list", .get, "/api/positions"), Case("runs list", .get, "/api/runs"),
            Case("runs list --group family", .get, "/api/execution-groups/family/runs"),
            Case("runs show r1", .get, "/api/runs/r1"), Case("runs events r1", .get, "/api/runs/r1/events"),
            Case("runs explain r1", .get, "/api/runs/r1/explain"),
            Case("runs cancel r1", .post, "/api/runs/r1/cancel"),
            Case(
                "keys create --person ada --scope read --scope trade --group family", .post, "/api/keys",
                #"{"person":"ada","scopes":["read","trade"],"groups":["family"]}"#),
            Case("keys list", .get, "/api/keys"),
            Case("keys revoke k1", .delete, "/api/keys/k1"), Case("rms status", .get, "/api/rms/status"),
            Case(
                "rms halt firm --reason why --cancel-working", .post, "/api/rms/halt",
                #"{"scope":"firm","reason":"why","cancel_working":true}"#),
            Case(
                "rms reduce instrument:NFO:OPT:NIFTY* --reason why", .post, "/api/rms/reduce",
                #"{"scope":"instrument:NFO:OPT:NIFTY*","reason":"why"}"#),
            Case(
                "rms resume group:family --reason why", .post, "/api/rms/resume",
                #"{"scope":"group:family","reason":"why"}"#),
            Case("audit list", .get, "/api/audit"),
            Case(
                "audit list --kind admin --person ana --from 2026-01-01T00:00:00Z --limit 5 --cursor 7-1", .get,
                "/api/audit?person=ana&kind=admin&from=2026-01-01T00:00:00Z&limit=5&cursor=7-1"),
            Case("latency", .get, "/api/analytics/latency"),
            Case(
                "orders resolve r1-1 --outcome filled --quantity 5 --price 1.50 --reason why", .post,
                "/api/orders/r1-1/resolve", #"{"outcome":"filled","quantity":"5","price":"1.50","reason":"why"}"#),
            Case(
                "orders resolve r1-1 --outcome absent --reason why", .post, "/api/orders/r1-1/resolve",
                #"{"outcome":"absent","reason":"why"}"#),
            Case("orders release r1-1 --reason why", .post, "/api/orders/r1-1/release", #"{"reason":"why"}"#),
            Case(
                "orders release r1-1 --drop --reason why", .post, "/api/orders/r1-1/release",
                #"{"drop":true,"reason":"why"}"#),
            Case("reconcile", .post, "/api/reconciliation", "{}"),
            Case(
                "reconcile --account P1 --timeout-ms 500", .post, "/api/reconciliation?timeout_ms=500",
                #"{"account_id":"P1"}"#),
            Case("reconcile --last --account P1", .get, "/api/reconciliation?account=P1"),
        ])
    func requests(_ row: Case) async throws {
        let harness = Harness()
        #expect(await harness.run(row.line.split(separator: " ").map(String.init)) == 0, "\(harness.error)")
        let request = try #require(harness.request)
        #expect(request.method == row.method)
        #expect(request.path == row.path)
        #expect(request.body.map { String(decoding: $0, as: UTF8.self) } == row.body)
        #expect(request.headers.contains { $0 == ("Authorization", "Bearer key-1") })
        // Where the API asks for one, and nowhere else.
        let needsKey =
            row.method != .get && !row.path.hasSuffix("/preview")
            && ["/orders", "/api/runs"].contains { row.path.contains($0) }
        let hasKey = request.headers.contains { $0.name == "Idempotency-Key" && !$0.value.isEmpty }
        #expect(hasKey == needsKey)
    }

    @Test("An edit writes what it read, with the version it read")
    func edit() async throws {
        let harness = Harness(
            200,
            #"{"id":"family","version":3,"policy":"equal","accounts":[{"account_id":"P1"}],"created_at":"a","updated_at":"b"}"#
        )
        #expect(await harness.run("groups", "edit", "family", "--mode", "clip") == 0)
        let request = try #require(harness.request)
        #expect(request.method == .put)
        #expect(request.headers.contains { $0 == ("If-Match", "3") })
        #expect(
            request.body.map { String(decoding: $0, as: UTF8.self) }
                == #"{"id":"family","policy":"equal","accounts":[{"account_id":"P1"}],"mode":"clip"}"#)
    }

    @Test("An order may come from a file, with flags above it, and numbers as they were written")
    func file() async throws {
        let harness = Harness(
            files: ["order.json": #"{"symbol":"X","side":"BUY","price":2500.050}"#],
            environment: ["SLUICE_API_KEY": "k"])
        #expect(await harness.run("orders", "place", "--group", "g", "--file", "order.json", "--side", "SELL") == 0)
        #expect(
            harness.request?.body.map { String(decoding: $0, as: UTF8.self) }
                == #"{"symbol":"X","side":"SELL","price":2500.050}"#)
    }
}

extension Harness {
    convenience init(files: [String: String], environment: [String: String]) {
        self.init([], failure: nil, files: files, environment: environment)
    }
}
