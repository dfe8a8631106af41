import Exact
import Foundation
import Testing

extension EndToEnd {
    /// A broker that asks before it takes an order, and people who answer.
    @Suite("Questions of a broker") struct QuestionTests {
        private static let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()

        /// The adapter of the host's own tests, built so that its broker asks about every order.
        private static func library() throws -> [UInt8] {
            let path = FileManager.default.temporaryDirectory.appending(path: "sluice-asks-\(UUID().uuidString).so")
            defer { try? FileManager.default.removeItem(at: path) }
            let compiler = Process()
            compiler.executableURL = URL(filePath: "/usr/bin/cc")
            let headers = tests.deletingLastPathComponent().appending(path: "SDK/CSluice/include").path
            let source = tests.appending(path: "AdaptersTests/Fixtures/connected.c").path
            compiler.arguments =
                ["-std=c11", "-O1", "-fPIC", "-shared", "-DASKS", "-DASKS_ALWAYS", "-I", headers]
                + ["-o", path.path, source]
            try compiler.run()
            compiler.waitUntilExit()
            guard compiler.terminationStatus == 0 else { throw Failure("the adapter that asks does not compile") }
            return [UInt8](try Data(contentsOf: path))
        }

        /// - Parameter secrets: a directory of the test's own, since a secret is named by its whole path.
        private static func options(_ secrets: URL) throws -> Site.Options {
            var options = Site.Options()
            options.manifests = [("connected", "manifest: 1\nid: connected\nlibrary: libsluice-connected.so\n")]
            options.libraries = [("libsluice-connected.so", try library())]
            try FileManager.default.createDirectory(at: secrets, withIntermediateDirectories: true)
            for name in ["key", "secret", "token"] {
                let isMade = FileManager.default.createFile(
                    atPath: secrets.appending(path: name).path, contents: Data("planted-\(name)-not-a-secret".utf8),
                    attributes: [.posixPermissions: 0o600])
                guard isMade else { throw Failure("a file for \(name) cannot be made") }
            }
            // Its broker tells no funds.
            options.moreLimits = [
                "concentration: { bps: unlimited }", "leverage: { bps: unlimited }",
                "drawdown: { max: unlimited, bps: unlimited }",
            ]
            let file = "file:\(secrets.path)"
            options.moreAccounts = ["Q1", "Q2"].map { account in
                """
                { id: \(account), adapter: connected, currency: USD, endpoints: { rest: "http://127.0.0.1:1", stream: "ws://127.0.0.1:1" },
                    secrets: { api_key: "\(file)/key", api_secret: "\(file)/secret", access_token: "\(file)/token" } }
                """
            }
            return options
        }

        @Test("An order waits for a person's word, by the program or over HTTP, and becomes what that word says")
        func answers() async throws {
            let secrets = FileManager.default.temporaryDirectory.appending(path: "sluice-asks-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: secrets) }
            await Scenario.run("a broker that asks", try Self.options(secrets)) { scenario in
                let server = try scenario.start()
                let body: JSONValue = [
                    "symbol": "US:EQ:AAPL", "side": "BUY", "quantity": "10", "order_type": "LIMIT", "price": "100",
                    "product": "CASH", "account_id": "Q1",
                ]
                var runs: [String: String] = [:]
                for account in ["Q1", "Q2"] {
                    guard case .object(var order) = body else { return }
                    order["account_id"] = .string(account)
                    var (placed, tries): (HTTP.Answer?, Int) = (nil, 0)
                    _ = Poll.holds(seconds: 10) {
                        tries += 1
                        placed = server.http.send(
                            "POST", "/api/orders?wait=durable", .object(order),
                            idempotencyKey: "ask-\(account)-\(tries)")
                        return placed?.status != 422
                    }
                    runs[account] = placed?.json["run_id"]?.string ?? placed?.json["leg_id"]?.string
                    scenario.expect(
                        (200...202).contains(placed?.status ?? 0), "an order: \(placed?.text ?? "no answer")")
                }
                var items: [JSONValue] = []
                let isAsked = Poll.holds(seconds: 20) {
                    items = server.http.get("/api/questions")?.json["items"]?.array ?? []
                    return items.count == 2
                }
                scenario.expect(isAsked, "questions: \(items.map { $0.serializedText() }) \(server.tail)")
                let ids = items.map { $0["id"]?.string ?? "?" }.sorted()
                scenario.expectEqual(ids, ["Q1-1", "Q2-1"], "their ids")
                for item in items {
                    scenario.expectEqual(item["text"]?.string, "The price is far off. Confirm?", "its text")
                    scenario.expectEqual(
                        item["options"]?.array?.map { $0["id"]?.string }, ["yes", "no", "later"], "its options")
                    scenario.expect(item["run_id"]?.string != nil, "the order it is about: \(item.serializedText())")
                }
                try Self.answer(server, scenario)
                var statuses: [String: String] = [:]
                let isOver = Poll.holds(seconds: 20) {
                    for row in server.http.get("/api/orders?limit=50")?.json["items"]?.array ?? [] {
                        statuses[row["account_id"]?.string ?? "?"] = row["status"]?.string
                    }
                    return statuses == ["Q1": "WORKING", "Q2": "REJECTED"]
                }
                scenario.expect(isOver, "the orders are \(statuses): \(server.tail)")
                scenario.expectEqual(
                    server.http.get("/api/questions")?.json["items"]?.array?.count, 0, "questions that are left")
                let audit = server.http.get("/api/audit?limit=200")?.text ?? ""
                for word in ["yes: The price is far off", "no: The price is far off"] {
                    scenario.expect(audit.contains(word), "the audit does not say '\(word)'")
                }
            }
        }

        /// Q1 by the program with yes, Q2 over HTTP with no, after answers that nobody may give.
        private static func answer(_ server: Server, _ scenario: Scenario) throws {
            let connection = ["--url", server.url, "--data", scenario.site.data]
            let list = try scenario.run(["questions", "list"] + connection)
            scenario.expect(
                list.ending == .status(0) && list.output.contains("Q1-1")
                    && list.output.contains("The price is far off"),
                "questions list: \(list)")
            let wrong = server.http.send("POST", "/api/questions/Q1-1", ["option": "perhaps"])
            scenario.expect(
                wrong?.status == 400 && wrong?.text.contains("yes") ?? false,
                "an option that it does not have: \(wrong?.text ?? "no answer")")
            let nobody = server.http.send("POST", "/api/questions/Q9-1", ["option": "yes"])
            scenario.expectEqual(nobody?.status, 404, "a question that nobody asked: \(nobody?.text ?? "no answer")")
            let yes = try scenario.run(["questions", "answer", "Q1-1", "yes"] + connection)
            scenario.expectEqual(yes.ending, .status(0), "questions answer: \(yes)")
            let no = server.http.send("POST", "/api/questions/Q2-1", ["option": "no"])
            scenario.expectEqual(no?.status, 204, "an answer over HTTP: \(no?.text ?? "no answer")")
            let again = try scenario.run(["questions", "answer", "Q1-1", "no"] + connection)
            scenario.expectEqual(again.ending, .status(1), "a second answer: \(again)")
        }
    }
}
