import Exact
import Testing

@testable import CLI

@Suite("Risk requests")
struct RiskRequestTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var line: String
        var method: APIRequest.Method
        var path: String
        var body: String?
        var version: String?
        var reads = false
        var testDescription: String { line }
        init(
            _ line: String, _ method: APIRequest.Method, _ path: String, _ body: String? = nil, version: String? = nil,
            reads: Bool = false
        ) {
            (self.line, self.method, self.path, self.body) = (line, method, path, body)
            (self.version, self.reads) = (version, reads)
        }
    }

    private static let files = ["a.yaml": "rms: 1\n", "s.yaml": "steps: []\n", "-": "rms: 1 # stdin\n"]

    @Test(
        "Each command asks exactly what the API's page names",
        arguments: [
            Case("rms show", .get, "/api/rms/effective?scope=firm"),
            Case(
                "rms show instrument:NFO:OPT:NIFTY*", .get, "/api/rms/effective?scope=instrument:NFO:OPT:NIFTY%2A"),
            Case("rms show --document", .get, "/api/rms/config"),
            Case("rms show --version 3", .get, "/api/rms/config?version=3"),
            Case("rms diff a.yaml", .post, "/api/rms/diff", #"{"document":"rms: 1\n"}"#),
            Case("rms diff -", .post, "/api/rms/diff", #"{"document":"rms: 1 # stdin\n"}"#),
            Case(
                "rms diff --version 10 --against 11", .post, "/api/rms/diff", #"{"version":10,"against":11}"#),
            Case(
                "rms apply a.yaml --reason why", .put, "/api/rms/config",
                #"{"document":"rms: 1\n","reason":"why"}"#, version: "\"12\"", reads: true),
            Case(
                "rms apply a.yaml --reason why --expected-version 7 --dry-run", .put, "/api/rms/config?dry_run=true",
                #"{"document":"rms: 1\n","reason":"why"}"#, version: "\"7\""),
            Case("rms history --limit 5", .get, "/api/rms/history?limit=5"),
            Case(
                "rms rollback 10 --reason why", .post, "/api/rms/rollback", #"{"version":10,"reason":"why"}"#,
                version: "\"12\"", reads: true),
            Case(
                "rms rollback 10 --reason why --expected-version 12", .post, "/api/rms/rollback",
                #"{"version":10,"reason":"why"}"#, version: "\"12\""),
            Case(
                "rms explain --group g --symbol US:EQ:X --side buy --quantity 5 --type market --mode clip", .post,
                "/api/rms/explain",
                #"{"symbol":"US:EQ:X","side":"BUY","quantity":"5","order_type":"MARKET","group_id":"g","mode":"clip"}"#
            ),
            Case(
                "rms explain --account P1 --symbol US:EQ:X --lots 2", .post, "/api/rms/explain",
                #"{"symbol":"US:EQ:X","lots":"2","account_id":"P1"}"#),
            Case("rms explain --run r42", .post, "/api/rms/explain", #"{"run_id":"r42"}"#),
            Case("rms explain --run r42 --leg 2", .post, "/api/rms/explain", #"{"run_id":"r42","leg":2}"#),
            Case(
                "rms simulate a.yaml --from 1d --to 2026-11-25T21:00:00+05:30 --group g --maximum-legs 9", .post,
                "/api/rms/simulate",
                #"{"document":"rms: 1\n","from":"2026-11-24T16:10:00.000000Z","to":"2026-11-25T15:30:00.000000Z","group_id":"g","maximum_legs":9}"#
            ),
            Case("rms simulate --version 3", .post, "/api/rms/simulate", #"{"version":3}"#),
            Case("rms status", .get, "/api/rms/status"),
            Case(
                "rms halt account:P1 --reason why", .post, "/api/rms/halt",
                #"{"scope":"account:P1","reason":"why","cancel_working":false}"#),
            Case(
                "rms override max-position --scope account:P1 --until 30m --max-uses 3 --reason why", .post,
                "/api/rms/overrides",
                #"{"control":"max-position","scope":"account:P1","until":"2026-11-25T16:40:00.000000Z","max_uses":3,"reason":"why"}"#
            ),
            Case("rms overrides", .get, "/api/rms/overrides"),
            Case("rms revoke o1 --reason a&b", .delete, "/api/rms/overrides/o1?reason=a%26b"),
            Case(
                "rms square-off group:g --reason why", .post, "/api/rms/square-off",
                #"{"reason":"why","scope":"group:g"}"#),
            Case(
                "rms square-off --cancel q1 --reason why", .post, "/api/rms/square-off/q1/cancel", #"{"reason":"why"}"#),
            Case("rms square-offs", .get, "/api/rms/square-off"),
            Case("rms square-offs q1", .get, "/api/rms/square-off/q1"),
            Case("rms heartbeat --ttl 30s", .post, "/api/rms/heartbeat", #"{"ttl_ms":30000}"#),
            Case(
                "rms heartbeat --ttl 1500ms --scope key:k1", .post, "/api/rms/heartbeat",
                #"{"ttl_ms":1500,"scope":"key:k1"}"#),
            Case("rms heartbeat --off", .post, "/api/rms/heartbeat", #"{"ttl_ms":0}"#),
        ])
    func requests(_ row: Case) async throws {
        let harness = Harness(json: row.reads ? [RiskSample.config, "{}"] : ["{}"], files: Self.files)
        #expect(await harness.run(row.line.split(separator: " ").map(String.init)) == 0, "\(harness.error)")
        #expect(harness.requests.count == (row.reads ? 2 : 1))
        if row.reads { #expect(harness.requests.first?.path == "/api/rms/config") }
        let request = try #require(harness.request)
        #expect(request.method == row.method)
        #expect(request.path == row.path)
        #expect(request.body.map { String(decoding: $0, as: UTF8.self) } == row.body)
        func header(_ name: String) -> String? { request.headers.first { $0.name == name }?.value }
        #expect(header("Authorization") == "Bearer key-1")
        #expect(header("If-Match") == row.version)
        #expect((header("Idempotency-Key") != nil) == (row.method == .post && row.path.contains("/square-off")))
    }

    @Test("A story is played under the live limits, or under those of a document")
    func scenario() async {
        let harness = Harness(json: [RiskSample.scenario(holds: true)], files: Self.files)
        #expect(await harness.run("rms", "simulate", "--scenario", "s.yaml", "--document", "-") == 0)
        #expect(
            harness.request?.body.map { String(decoding: $0, as: UTF8.self) }
                == #"{"scenario":"steps: []\n","document":"rms: 1 # stdin\n"}"#)
    }

    @Test(
        "Wrong use is 2, says what would be right, and asks the gateway nothing",
        arguments: [
            (["show", "P1"], "kind:id"), (["show", "firm", "--document"], "--document"),
            (["show", "--version", "-1"], "--version"), (["diff"], "--version"),
            (["diff", "a.yaml", "--version", "3"], "FILE"), (["apply", "a.yaml"], "--reason"),
            (["apply", "a.yaml", "--reason", " "], "--reason"), (["apply", "--reason", "x"], "file"),
            (["apply", "a.yaml", "--reason", "x", "--expected-version", "1.5"], "--expected-version"),
            (["rollback", "--reason", "x"], "version"), (["rollback", "ten", "--reason", "x"], "version"),
            (["explain"], "--group"), (["explain", "--group", "g", "--account", "a"], "--group"),
            (["explain", "--group", "g"], "--symbol"), (["explain", "--run", "r1", "--symbol", "X"], "order"),
            (["explain", "--run", "r1", "--leg", "0"], "--leg"),
            (["explain", "--account", "a", "--symbol", "X", "--leg", "1"], "--run"),
            (["explain", "--account", "a", "--symbol", "X", "--mode", "clip"], "--group"),
            (["simulate"], "--scenario"), (["simulate", "a.yaml", "--scenario", "s.yaml"], "FILE"),
            (["simulate", "a.yaml", "--document", "a.yaml"], "--scenario"),
            (["simulate", "--scenario", "s.yaml", "--from", "1d"], "--from"),
            (["simulate", "--scenario", "-", "--document", "-"], "standard input"),
            (["simulate", "a.yaml", "--from", "yesterday"], "RFC 3339"),
            (["simulate", "a.yaml", "--from", "100000000d"], "--from"),
            (["simulate", "a.yaml", "--maximum-legs", "0"], "--maximum-legs"),
            (
                ["override", "max-position", "--scope", "firm", "--until", "30", "--max-uses", "1", "--reason", "x"],
                "30m"
            ),
            (
                ["override", "max-position", "--scope", "firm", "--until", "30m", "--max-uses", "0", "--reason", "x"],
                "--max-uses"
            ), (["override", "max-position", "--scope", "firm", "--until", "30m", "--reason", "x"], "--max-uses"),
            (["override", "max-position", "--scope", "firm", "--max-uses", "1", "--reason", "x"], "--until"),
            (["revoke", "o1"], "--reason"), (["square-off", "--reason", "x"], "SCOPE"),
            (["square-off", "firm", "--cancel", "q1", "--reason", "x"], "SCOPE"),
            (["square-off", "firm", "--reason", "x", "--timeout-ms", "5"], "--wait"),
            (["square-off", "firm", "--reason", "x", "--wait", "--timeout-ms", "0"], "--timeout-ms"),
            (["heartbeat"], "--ttl"), (["heartbeat", "--ttl", "30s", "--off"], "--off"),
            (["heartbeat", "--ttl", "30"], "30s"), (["heartbeat", "--ttl", "0s"], "30s"),
        ] as [([String], String)])
    func usage(arguments: [String], mentions: String) async {
        let harness = Harness(json: ["{}"], files: Self.files)
        #expect(await harness.run(["rms"] + arguments) == 2)
        #expect(harness.requests.isEmpty)
        #expect(harness.error.lowercased().contains(mentions.lowercased()), "\(harness.error)")
        #expect(harness.out.isEmpty)
    }

    @Test(
        "A length of time is a whole number with its unit, above nothing and within what fits",
        arguments: [
            ("500ms", 500), ("30s", 30_000), ("5m", 300_000), ("2h", 7_200_000), ("1d", 86_400_000), ("30", nil),
            ("s", nil), ("0s", nil), ("-5m", nil), ("1.5h", nil), ("5 m", nil), ("5M", nil), ("٣s", nil), ("", nil),
            ("9223372036854775807d", nil), ("99999999999999999999s", nil),
        ] as [(String, Int64?)])
    func durations(text: String, milliseconds: Int64?) {
        #expect(DurationArgument(text)?.milliseconds == milliseconds)
    }

    @Test("A duration is counted from now, ahead or back; a time beyond all times is none")
    func moments() {
        let now = "2026-11-25T16:10:00.000000Z"
        #expect(MomentArgument("2h")?.time(from: now, .ahead) == "2026-11-25T18:10:00.000000Z")
        #expect(MomentArgument("2h")?.time(from: now, .back) == "2026-11-25T14:10:00.000000Z")
        #expect(
            MomentArgument("2026-11-25T21:40:00+05:30")?.time(from: now, .ahead) == "2026-11-25T16:10:00.000000Z")
        #expect(MomentArgument("9000000000000000000ms")?.time(from: now, .ahead) == nil)
        #expect(MomentArgument("100000d")?.time(from: now, .ahead) == nil)
        #expect(MomentArgument("tomorrow") == nil)
    }
}
