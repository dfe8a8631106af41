import Exact
import Foundation
import Testing

extension EndToEnd {
    /// Three accounts at a broker's server on this machine and two simulated ones, in one group.
    @Suite("A broker behind the built program") struct ZerodhaTests {
        private static let clients = (1...3).map { number in
            KiteServer.Client(
                apiKey: "apikey0\(number)", apiSecret: "planted-secret-0\(number)-not-a-secret",
                requestToken: "planted-request-0\(number)-not-a-secret",
                accessToken: "planted-access-0\(number)-not-a-secret", losesFirstReply: number == 2)
        }
        private static let accounts = ["Z1", "Z2", "Z3", "R1", "R2"]
        private static let symbol = "NSE:EQ:INFY"

        private static func options(_ broker: KiteServer) -> Site.Options {
            var options = Site.Options()
            options.manifests = [
                (
                    "zerodha",
                    "manifest: 1\nid: zerodha\nlibrary: libsluice-zerodha.so\nrecord: {}\nendpoints: { rest: \(broker.address) }\n"
                )
            ]
            let address = broker.address
            options.files = { directory, data in
                let brokers = clients.enumerated().map { index, client in
                    """
                      - { id: Z\(index + 1), adapter: zerodha, currency: INR,
                          secrets: { api_key: "file:\(directory)/key-\(index + 1)", api_secret: "file:\(directory)/secret-\(index + 1)" },
                          config: { stream: false, poll_seconds: 1, login_url: "\(address)/connect/login" } }

                    """
                }
                let papers = ["R1", "R2"].map {
                    "  - { id: \($0), adapter: paper, environment: sandbox, currency: INR, config: { starting_cash: \"1000000\" } }\n"
                }
                let members = accounts.map { "{ account_id: \($0), capital: \"100000\" }" }
                return clients.enumerated().flatMap { index, client in
                    [("key-\(index + 1)", client.apiKey), ("secret-\(index + 1)", client.apiSecret)]
                }
                    + [("adapters.d/paper.yaml", "manifest: 1\nid: paper\nlibrary: libsluice-paper.so\nrecord: {}\n")]
                    + KiteServer.files(
                        data: data, symbols: [symbol], replayed: [symbol], accounts: (brokers + papers).joined(),
                        groups:
                            "  - { id: family, policy: proportional, accounts: [ \(members.joined(separator: ", ")) ] }\n"
                    )
            }
            return options
        }

        @Test(
            "From login to a fan-out of which one reply is lost: each order is at the broker once and none stays unknown"
        )
        func fanOut() async throws {
            let broker = try KiteServer(Self.clients)
            defer { broker.stop() }
            await Scenario.run("three accounts at a broker, two simulated", Self.options(broker)) { scenario in
                let server = try scenario.launch()
                guard try server.listens() else { throw Failure("the gateway does not listen: \(server.tail)") }
                try Self.logIn(server, scenario)
                try Self.becomeReady(server, scenario)

                Self.refuseOptions(server, broker, scenario)
                let body: JSONValue = [
                    "symbol": .string(Self.symbol), "side": "BUY", "quantity": "50", "order_type": "LIMIT",
                    "price": "105", "product": "DELIVERY", "tag": "kite",
                ]
                let placed = server.http.send(
                    "POST", "/api/execution-groups/family/orders?wait=durable", body, idempotencyKey: "kite")
                let run = try scenario.need(
                    placed?.json["run_id"]?.string, "no run: \(placed?.description ?? "no answer")")
                var last = JSONValue.null
                let isDone = Poll.holds(seconds: 60) {
                    last = server.http.get("/api/runs/\(run)")?.json ?? .null
                    return last["status"]?.string == "DONE"
                }
                scenario.expect(isDone, "the run has not ended: \(last.serializedText().prefix(3_000))")
                for leg in last["legs"]?.array ?? [] {
                    scenario.expectEqual(
                        leg["status"]?.string, "FILLED", "leg of \(leg["account_id"]?.string ?? "?")")
                    scenario.expectEqual(leg["cumulative_quantity"]?.string, "10", "its fill")
                }
                scenario.expectEqual(
                    broker.accepted.map(\.apiKey).sorted(), Self.clients.map(\.apiKey), "orders at the broker")
                scenario.expectEqual(Set(broker.accepted.map(\.tag)).count, 3, "tags at the broker")
                scenario.expectEqual(broker.accepted.map(\.quantity), [10, 10, 10], "quantities at the broker")

                Self.callInAHalt(server, broker, scenario)

                // The logins outlive the process, in a copy that was made while it ran, and no secret stands anywhere in
                // clear.
                let copy = "\(scenario.site.directory)/copy"
                let backup = try scenario.run(["backup", scenario.site.data, "--to", copy])
                scenario.expectEqual(backup.ending, .status(0), "backup: \(backup)")
                server.destroy()
                try Self.restore(copy, scenario)
                let next = try scenario.launch()
                guard try next.listens() else { throw Failure("the gateway does not listen again: \(next.tail)") }
                try Self.becomeReady(next, scenario)
                scenario.expectEqual(broker.complaints, [], "what was wrong with what the broker was sent")
                next.destroy()
                try Self.lookForSecrets(scenario)
                try Recordings.check(scenario, adapters: ["paper", "zerodha"])
                try Recordings.alter(scenario, adapter: "zerodha")
            }
        }

        /// A halt stops what a call of the adapter's own would place, and nothing that takes back or reads; what may change
        /// something stands in the audit.
        private static func callInAHalt(_ server: Server, _ broker: KiteServer, _ scenario: Scenario) {
            func call(_ name: String, _ arguments: JSONValue) -> HTTP.Answer? {
                server.http.send(
                    "POST", "/api/brokers/zerodha/call",
                    ["account_id": "Z1", "name": .string(name), "arguments": arguments])
            }
            let waiting: JSONValue = [
                "gtt_type": "SINGLE", "exchange": "NSE", "symbol": "INFY", "trigger_prices": ["90"],
                "last_price": "105",
                "orders": [
                    [
                        "side": "BUY", "quantity": "10", "order_type": "LIMIT", "product": "DELIVERY",
                        "limit_price": "90",
                    ]
                ],
            ]
            let placed = call("gtt_place", waiting)
            scenario.expectEqual(placed?.status, 200, "gtt_place while active: \(placed?.text ?? "no answer")")
            for (scope, act) in [("firm", "halt"), ("account:Z1", "reduce"), ("adapter:zerodha", "halt")] {
                func set(_ act: String) {
                    let answer = server.http.send(
                        "POST", "/api/rms/\(act)", ["scope": .string(scope), "reason": "a test of calls"])
                    scenario.expectEqual(answer?.status, 200, "\(act) \(scope): \(answer?.text ?? "no answer")")
                }
                set(act)
                let refused = call("gtt_place", waiting)
                let what = "gtt_place after \(act) of \(scope): \(refused?.text ?? "no answer")"
                scenario.expectEqual(refused?.status, 422, what)
                scenario.expectEqual(refused?.json["code"]?.string, "trading_state", what)
                scenario.expect(refused?.text.contains("a test of calls") ?? false, what)
                let deleted = call("gtt_delete", ["gtt_id": "77"])
                scenario.expectEqual(deleted?.status, 200, "gtt_delete: \(deleted?.text ?? "no answer")")
                scenario.expectEqual(call("gtt_list", [:])?.status, 200, "gtt_list")
                set("resume")
            }
            let deletion = "DELETE /gtt/triggers/77"
            scenario.expectEqual(
                broker.triggers, ["POST /gtt/triggers", deletion, deletion, deletion], "what reached the broker")
            let records = server.http.get("/api/audit?limit=200")?.json["items"]?.array ?? []
            let calls = records.filter { $0["type"]?.string == "broker_called" }.compactMap {
                $0["facts"]?["detail"]?.string
            }
            scenario.expectEqual(
                calls.sorted(), Array(repeating: "gtt_delete (reducing)", count: 3) + ["gtt_place (mutation)"],
                "the audit's calls among \(records.map { $0["type"]?.string ?? "?" })")
        }

        /// Lets a backup be the data directory.
        private static func restore(_ copy: String, _ scenario: Scenario) throws {
            let files = FileManager.default
            let checked = try scenario.run(["check", copy])
            scenario.expectEqual(checked.ending, .status(0), "check of the backup: \(checked)")
            let again = try scenario.run(["backup", scenario.site.data, "--to", copy])
            scenario.expectEqual(again.ending, .status(1), "a backup over another: \(again)")
            for name in ["instruments.db", "secrets"] {
                scenario.expect(files.fileExists(atPath: "\(copy)/\(name)"), "the backup lacks \(name)")
            }
            // The key's own file is nobody's to copy.
            try files.copyItem(atPath: "\(scenario.site.data)/admin.key", toPath: "\(copy)/admin.key")
            try files.copyItem(atPath: "\(scenario.site.data)/recordings", toPath: "\(copy)/recordings")
            try files.moveItem(atPath: scenario.site.data, toPath: "\(scenario.site.data)-before")
            try files.moveItem(atPath: copy, toPath: scenario.site.data)
        }

        /// What an order says to one adapter is held against that adapter's own schema before anything is kept or sent.
        private static func refuseOptions(_ server: Server, _ broker: KiteServer, _ scenario: Scenario) {
            let wrong: [(options: JSONValue, code: String, path: String, words: String)] = [
                (["zerodha": ["iceberg_legs": 1]], "invalid_broker_options", "/zerodha/iceberg_legs", "at least 2"),
                (["zerodha": ["iceberg_leg": 3]], "invalid_broker_options", "/zerodha/iceberg_leg", "iceberg_legs"),
                (["zerodha": ["autoslice": "yes"]], "invalid_broker_options", "/zerodha/autoslice", "boolean"),
                (["paper": ["speed": 1]], "invalid_broker_options", "/paper", "leave it out"),
                (["zeroda": [:]], "unknown_adapter", "/zeroda", "paper, zerodha"),
            ]
            for item in wrong {
                let order: JSONValue = [
                    "symbol": .string(symbol), "side": "BUY", "quantity": "50", "order_type": "LIMIT", "price": "105",
                    "product": "DELIVERY", "broker_options": item.options,
                ]
                for (route, key) in [("preview", nil), ("orders", "options")] as [(String, String?)] {
                    let answer = server.http.send(
                        "POST", "/api/execution-groups/family/\(route)", order, idempotencyKey: key)
                    let error = answer?.json["errors"]?[0]
                    let what = "\(route) with options \(item.options.serializedText()): \(answer?.text ?? "no answer")"
                    scenario.expectEqual(answer?.status, 400, what)
                    scenario.expectEqual(answer?.json["code"]?.string, item.code, what)
                    scenario.expectEqual(error?["path"]?.string, "/broker_options\(item.path)", what)
                    scenario.expect(error?["remedy"]?.string?.contains(item.words) ?? false, what)
                }
            }
            scenario.expectEqual(broker.accepted.count, 0, "orders at the broker")
        }

        /// One by the program, one by the broker's redirect, one over HTTP.
        private static func logIn(_ server: Server, _ scenario: Scenario) throws {
            for account in ["Z1", "Z2", "Z3"] {
                let waits = Poll.holds(seconds: 30) {
                    server.http.get("/api/accounts/\(account)/login")?.json["challenge"]?["id"]?.string != nil
                }
                scenario.expect(
                    waits,
                    "\(account) has no challenge: \(server.http.get("/api/accounts/\(account)/login")?.text ?? "")")
            }
            let path = "\(scenario.site.directory)/answer.txt"
            try "https://127.0.0.1/?status=success&request_token=\(clients[0].requestToken)\n"
                .write(toFile: path, atomically: true, encoding: .utf8)
            let shown = try scenario.run([
                "accounts", "login", "Z1", "--url", server.url, "--data", scenario.site.data,
            ])
            scenario.expect(
                shown.output.contains("/connect/login?v=3&api_key=\(clients[0].apiKey)"), "no login page: \(shown)")
            let answered = try scenario.run([
                "accounts", "login", "Z1", "--answer", path, "--url", server.url, "--data", scenario.site.data,
            ])
            scenario.expectEqual(answered.ending, .status(0), "accounts login --answer: \(answered)")
            let redirected = server.http.get(
                "/login/callback/Z2?status=success&request_token=\(clients[1].requestToken)")
            scenario.expectEqual(redirected?.status, 200, "the broker's redirect: \(redirected?.text ?? "no answer")")
            let challenge = server.http.get("/api/accounts/Z3/login")?.json["challenge"]?["id"] ?? .null
            let posted = server.http.send(
                "POST", "/api/accounts/Z3/login",
                ["challenge": challenge, "fields": ["request_token": .string(clients[2].requestToken)]])
            scenario.expectEqual(posted?.status, 200, "login over HTTP: \(posted?.text ?? "no answer")")
            // Whoever answered is in the audit, a broker's redirect too.
            let records = server.http.get("/api/audit?limit=200")?.json["items"]?.array ?? []
            for (account, person) in [("Z1", nil), ("Z2", "callback"), ("Z3", nil)] as [(String, String?)] {
                let answer = records.first {
                    $0["type"]?.string == "account_connected" && $0["subject"]?.string == account
                        && $0["facts"]?["detail"]?.string == "login answered"
                }
                scenario.expect(answer != nil, "the audit has no login of \(account)")
                if let person { scenario.expectEqual(answer?["by"]?.string, person, "who logged \(account) in") }
            }
        }

        private static func becomeReady(_ server: Server, _ scenario: Scenario) throws {
            let order: JSONValue = [
                "symbol": .string(symbol), "side": "BUY", "quantity": "50", "order_type": "LIMIT", "price": "105",
                "product": "DELIVERY",
            ]
            var last: HTTP.Answer?
            let isReady = Poll.holds(seconds: 30) {
                last = server.http.send("POST", "/api/execution-groups/family/preview", order)
                guard let last, last.status == 200 else { return false }
                return last.json["legs"]?.array?.allSatisfy { $0["reject"]?.isNull ?? false } ?? false
            }
            guard isReady else {
                throw Failure("the accounts did not become ready: \(last?.description ?? "no answer")")
            }
        }

        private static func lookForSecrets(_ scenario: Scenario) throws {
            let planted = clients.flatMap { [$0.apiSecret, $0.requestToken, $0.accessToken] }.map { Data($0.utf8) }
            let own: Set = ["answer.txt", "secret-1", "secret-2", "secret-3"]
            let files = FileManager.default.enumerator(atPath: scenario.site.directory)
            var looked = 0
            while let name = files?.nextObject() as? String {
                let path = "\(scenario.site.directory)/\(name)"
                guard !own.contains(name), let data = FileManager.default.contents(atPath: path) else { continue }
                looked += 1
                for secret in planted where data.range(of: secret) != nil {
                    scenario.violate("\(name) holds a secret in clear")
                }
            }
            scenario.expect(looked > 5, "only \(looked) files were looked through")
        }
    }
}
