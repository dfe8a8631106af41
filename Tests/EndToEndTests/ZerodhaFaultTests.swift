import Exact
import Foundation
import LoopbackBroker
import Testing

extension EndToEnd {
    /// What the built program makes of a broker's server that answers badly.
    @Suite("A broker that answers badly, behind the built program") struct ZerodhaFaultTests {
        private static let clients = (5...7).map { number in
            KiteServer.Client(
                apiKey: "apikey0\(number)", apiSecret: "planted-secret-0\(number)-not-a-secret",
                requestToken: "planted-request-0\(number)-not-a-secret",
                accessToken: "planted-access-0\(number)-not-a-secret")
        }
        private static let symbols = ["NSE:EQ:INFY", "NSE:EQ:SBIN"]
        private static var symbol: String { symbols[0] }

        /// Z5 and Z6 in a group, and each alone in another; Z7 behind a proxy.
        private static func options(_ broker: KiteServer, proxy: LoopbackBroker) -> Site.Options {
            var options = Site.Options()
            options.manifests = [
                (
                    "zerodha",
                    "manifest: 1\nid: zerodha\nlibrary: libsluice-zerodha.so\nendpoints: { rest: \(broker.address) }\n"
                )
            ]
            let (address, proxyAddress) = (broker.address, proxy.http)
            options.files = { directory, data in
                let accounts = (5...7).map { number in
                    """
                      - { id: Z\(number), adapter: zerodha, currency: INR,
                          secrets: { api_key: "file:\(directory)/key-\(number)", api_secret: "file:\(directory)/secret-\(number)" },
                          \(number == 7 ? "egress: { proxy: \"\(proxyAddress)\" }," : "")
                          config: { stream: false, poll_seconds: 3, login_url: "\(address)/connect/login" } }

                    """
                }
                return clients.enumerated().flatMap { index, client in
                    [("key-\(index + 5)", client.apiKey), ("secret-\(index + 5)", client.apiSecret)]
                }
                    + KiteServer.files(
                        data: data, symbols: symbols, replayed: symbols, accounts: accounts.joined(),
                        groups: """
                              - { id: one, policy: proportional, accounts: [ { account_id: Z5, capital: "100000" } ] }
                              - { id: other, policy: proportional, accounts: [ { account_id: Z6, capital: "100000" } ] }
                              - { id: two, policy: proportional, accounts: [ { account_id: Z5, capital: "100000" }, { account_id: Z6, capital: "100000" } ] }

                            """)
            }
            return options
        }

        /// A way to answer an order, what the broker holds then, and what its leg must be in the end.
        private struct Case {
            var name: String
            var turn: KiteServer.Turn
            var status: String
        }

        /// Every recorded failure: what was not placed is a rejection; what may have been placed was, and is found.
        private static func recorded() throws -> [Case] {
            let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .appending(path: "ZerodhaTests/Fixtures/errors.json")
            let cases = try JSONValue.parse([UInt8](Data(contentsOf: path))).array ?? []
            return cases.compactMap { entry in
                // The token's end is a test of its own.
                guard let status = entry["http_status"]?.int64, let body = entry["body"], status != 403 else {
                    return nil
                }
                let isUnknown = entry["for_order_placement"]?.string == "unknown"
                return Case(
                    name: entry["id"]?.string ?? "?",
                    turn: KiteServer.Turn(
                        behaviour: .answer(
                            Int(status), body.string ?? body.serializedText(),
                            [("Content-Type", entry["content_type"]?.string ?? "")]),
                        isAccepted: isUnknown), status: isUnknown ? "FILLED" : "REJECTED")
            }
        }

        /// Bodies that nobody can read: each may have been an acceptance, and was.
        private static let unreadable: [(String, LoopbackBroker.Behaviour)] = [
            ("an empty body", .answer(200, "")),
            ("a page", .html(200)),
            ("a body that is cut off", .truncated(#"{"status":"success","data":{"order_id":"26"#)),
            ("a JSON that is cut off", .json(#"{"status":"success","data":{"order_id":"26"#)),
            ("gzip that is none", .brokenGzip),
            ("20 MB", .large(20 << 20)),
            ("another charset", .bytes(200, [0xff, 0xfe] + Array("{\"status\"".utf8.flatMap { [$0, 0] }))),
            ("bytes of Latin-1", .bytes(200, Array("{\"status\":\"succ".utf8) + [0xe9] + Array("ss\"}".utf8))),
            ("lists in lists", .json(String(repeating: "[", count: 50_000) + String(repeating: "]", count: 50_000))),
            ("success without an id", .json(#"{"status":"success","data":{}}"#)),
            ("a lost reply", .loseReply),
            ("no answer at all", .hang),
        ]

        private static func place(
            _ server: Server, _ group: String, _ key: String, _ symbol: String = symbol, quantity: String = "10"
        ) -> HTTP.Answer? {
            server.http.send(
                "POST", "/api/execution-groups/\(group)/orders?wait=durable",
                [
                    "symbol": .string(symbol), "side": "BUY", "quantity": .string(quantity), "order_type": "LIMIT",
                    "price": "105", "product": "DELIVERY",
                ], idempotencyKey: key)
        }

        /// The legs of runs once they have ended, and every status that was seen on the way.
        private static func ends(of runs: [String], _ server: Server) -> [(legs: [JSONValue], seen: Set<String>)] {
            var ends = runs.map { _ in (legs: [JSONValue](), seen: Set<String>(), isOver: false) }
            _ = Poll.holds(seconds: 60) {
                for (number, run) in runs.enumerated() where !ends[number].isOver {
                    let legs = server.http.get("/api/runs/\(run)")?.json["legs"]?.array ?? []
                    ends[number].legs = legs
                    for leg in legs { ends[number].seen.insert(leg["status"]?.string ?? "?") }
                    let statuses = legs.map { $0["status"]?.string ?? "?" }
                    ends[number].isOver =
                        !legs.isEmpty
                        && statuses.allSatisfy { ["FILLED", "REJECTED", "REFUSED", "CANCELED"].contains($0) }
                }
                return ends.allSatisfy(\.isOver)
            }
            return ends.map { ($0.legs, $0.seen) }
        }

        private static func logIn(_ server: Server, _ number: Int) -> Bool {
            let waits = Poll.holds(seconds: 30) {
                server.http.get("/api/accounts/Z\(number)/login")?.json["challenge"]?["id"]?.string != nil
            }
            guard waits else { return false }
            let challenge = server.http.get("/api/accounts/Z\(number)/login")?.json["challenge"]?["id"] ?? .null
            let posted = server.http.send(
                "POST", "/api/accounts/Z\(number)/login",
                [
                    "challenge": challenge,
                    "fields": ["request_token": .string(clients[number - 5].requestToken)],
                ])
            return posted?.status == 200
        }

        private static func isReady(_ server: Server, _ group: String) -> Bool {
            Poll.holds(seconds: 30) {
                let answer = server.http.send(
                    "POST", "/api/execution-groups/\(group)/preview",
                    [
                        "symbol": .string(symbol), "side": "BUY", "quantity": "10", "order_type": "LIMIT",
                        "price": "105", "product": "DELIVERY",
                    ])
                guard let answer, answer.status == 200 else { return false }
                return answer.json["legs"]?.array?.allSatisfy { $0["reject"]?.isNull ?? false } ?? false
            }
        }

        @Test(
            "An order is rejected only where the broker said that it was not placed; every other bad answer is looked up and found"
        )
        func badAnswers() async throws {
            let broker = try KiteServer(Self.clients)
            let proxy = try LoopbackBroker { _, _ in .hang }
            defer {
                broker.stop()
                proxy.stop()
            }
            await Scenario.run("bad answers to orders", Self.options(broker, proxy: proxy)) { scenario in
                // An hour of difference between the clocks changes nothing of what follows, and is told.
                broker.sets(ahead: 3_600)
                let server = try scenario.launch()
                guard try server.listens() else { throw Failure("the gateway does not listen: \(server.tail)") }
                for number in [5, 6] { scenario.expect(Self.logIn(server, number), "Z\(number) is not logged in") }
                scenario.expect(Self.isReady(server, "two"), "the accounts are not ready: \(server.tail)")

                let unreadable = Self.unreadable.map {
                    Case(name: $0.0, turn: KiteServer.Turn(behaviour: $0.1, isAccepted: true), status: "FILLED")
                }
                // Four at once: two accounts, two shares. Further orders of a share wait for what is unknown of it, which the
                // books tell after some seconds, and ten bad answers of one account in ten would open its circuit. Of another size each: that tells them
                // apart at the broker, and the same order in a row is refused.
                let cases = try Self.recorded() + unreadable
                var ends: [(legs: [JSONValue], seen: Set<String>)] = []
                for start in stride(from: 0, to: cases.count, by: 4) {
                    let runs = try (start..<min(start + 4, cases.count)).map { number in
                        broker.next(of: 10 + number, cases[number].turn)
                        let placed = Self.place(
                            server, number.isMultiple(of: 2) ? "one" : "other", "bad-\(number)",
                            Self.symbols[number / 2 % 2], quantity: "\(10 + number)")
                        return try scenario.need(
                            placed?.json["run_id"]?.string,
                            "\(cases[number].name): no run: \(placed?.text ?? "no answer")")
                    }
                    ends += Self.ends(of: runs, server)
                }
                for (number, (legs, seen)) in ends.enumerated() {
                    let item = cases[number]
                    scenario.expectEqual(legs.map { $0["status"]?.string }, [item.status], item.name)
                    scenario.expectEqual(
                        broker.accepted.count { $0.quantity == 10 + number }, item.turn.isAccepted ? 1 : 0,
                        "\(item.name): orders at the broker")
                    if item.turn.isAccepted {
                        scenario.expect(!seen.contains("REJECTED"), "\(item.name): it was called rejected on the way")
                    }
                    // What the broker said stands on the leg.
                    if item.status == "REJECTED", case .answer(_, let body, _) = item.turn.behaviour,
                        let message = (try? JSONValue.parse(body))?["message"]?.string
                    {
                        let text = legs.first?.serializedText() ?? ""
                        scenario.expect(
                            text.contains(message.prefix(24)), "\(item.name): its words on the leg: \(text)")
                    }
                }
                for what in [
                    "an answer proves nothing of an order", "no whole answer in time", "http 504",
                    "the answer is no json", "the broker's clock differs from this machine's",
                ] {
                    // An order is found in the book before the wait for its own answer is over.
                    let isSaid = Poll.holds(seconds: 10) { server.errors.lowercased().contains(what) }
                    scenario.expect(isSaid, "the log does not say \(what): \(server.tail)")
                }
                let checks = server.http.send("POST", "/api/preflight")?.text ?? ""
                scenario.expect(
                    checks.contains("the broker's clock is 359") || checks.contains("the broker's clock is 3600"),
                    "preflight says nothing of the clock: \(checks)")
                broker.sets(ahead: 0)
                try Self.deadToken(server, broker, scenario)
                try Self.badLists(server, broker, scenario)

                // A proxy that accepts and never answers is that account's affair alone.
                _ = Self.logIn(server, 7)
                let waits = Poll.holds(seconds: 30) { !proxy.requests.isEmpty }
                scenario.expect(waits, "nothing went to the proxy")
                let state = server.http.get("/api/accounts/Z7/login")?.text ?? ""
                scenario.expect(!state.contains("\"ready\""), "Z7 is ready behind a proxy that says nothing: \(state)")
                scenario.expect(Self.isReady(server, "one"), "Z5 is not ready any more: \(server.tail)")
                scenario.expectEqual(broker.complaints, [], "what was wrong with what the broker was sent")
            }
        }

        /// One account's login dies while a fan-out runs: its leg was refused for certain, the other's is filled, and the
        /// account waits for a person.
        private static func deadToken(_ server: Server, _ broker: KiteServer, _ scenario: Scenario) throws {
            let before = broker.accepted.count
            broker.kill(clients[1])
            let placed = place(server, "two", "dead-token", quantity: "20")
            let run = try scenario.need(placed?.json["run_id"]?.string, "no run: \(placed?.text ?? "no answer")")
            let legs = ends(of: [run], server)[0].legs
            let statuses = Dictionary(
                legs.map { ($0["account_id"]?.string ?? "?", $0["status"]?.string ?? "?") },
                uniquingKeysWith: { first, _ in first })
            scenario.expectEqual(
                statuses, ["Z5": "FILLED", "Z6": "REJECTED"], "legs of a fan-out in which a login died")
            scenario.expectEqual(broker.accepted.count - before, 1, "orders at the broker")
            scenario.expect(logIn(server, 6), "Z6 asks for no login")
            scenario.expect(isReady(server, "two"), "Z6 does not come back: \(server.tail)")
        }

        /// A list that is not whole changes nothing, and the answer says what is wrong with it.
        private static func badLists(_ server: Server, _ broker: KiteServer, _ scenario: Scenario) throws {
            let good = KiteServer.instruments
            let lists = [
                ("the column exchange is missing", good.replacing(",exchange\n", with: ",market\n")),
                (
                    "the column exchange stands twice",
                    good.replacing(",segment,exchange", with: ",segment,exchange,exchange")
                ),
                ("empty", ""), ("missing", "<html><body>maintenance</body></html>\n"),
            ]
            for (words, list) in lists {
                broker.list(list)
                let answer = server.http.send("POST", "/api/symbols/sync", ["adapter_id": "zerodha"])
                scenario.expect(
                    answer?.text.contains(words) ?? false, "a list of which \(words): \(answer?.text ?? "no answer")")
                scenario.expectEqual(server.http.get("/api/symbols/\(symbol)")?.status, 200, "the symbol after it")
            }
            // A row that stands twice is one instrument; where the two differ none is taken, and the answer says so.
            let row = good.split(separator: "\n").last.map(String.init) ?? ""
            for (again, refused) in [(row, 0), (row.replacing(",0.05,", with: ",0.1,"), 2)] as [(String, Int64)] {
                broker.list(good + again + "\n")
                let answer = server.http.send("POST", "/api/symbols/sync", ["adapter_id": "zerodha"])
                let text = answer?.text ?? "no answer"
                scenario.expectEqual(answer?.json["items"]?[0]?["refused"]?.int64, refused, "a row twice: \(text)")
                scenario.expectEqual(
                    text.contains("2 rows of it differ; none of them is taken"), refused > 0, "a row twice: \(text)")
            }
            // New and moved columns change nothing.
            let moved = good.split(separator: "\n").map { line in
                let cells = line.split(separator: ",", omittingEmptySubsequences: false)
                return (cells.reversed() + ["1"]).joined(separator: ",")
            }.joined(separator: "\n")
            broker.list(moved + "\n")
            let answer = server.http.send("POST", "/api/symbols/sync", ["adapter_id": "zerodha"])
            scenario.expect(
                answer?.status == 200 && !(answer?.text.contains("cannot be read") ?? true),
                "a list with its columns moved: \(answer?.text ?? "no answer")")
            broker.list(good)
        }
    }
}
