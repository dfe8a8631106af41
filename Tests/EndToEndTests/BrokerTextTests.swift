import Exact
import Foundation
import LoopbackBroker
import Testing

extension EndToEnd {
    /// What a broker's server says and how long it takes, from its socket to the exports of the built program.
    @Suite("A broker's words and times, exported") struct BrokerTextTests {
        private static let client = KiteServer.Client(
            apiKey: "apikey09", apiSecret: "planted-secret-09-not-a-secret",
            requestToken: "planted-request-09-not-a-secret", accessToken: "planted-access-09-not-a-secret")
        private static let symbol = "NSE:EQ:INFY"
        private static let words = [
            #"=cmd|' /C calc'!A0"#, "+1 \"quoted\", and\na line\r\nmore", "@SUM(A1)\tTab", "'it''s", "déjà 注文 🙂",
        ]

        private static func options(_ address: String) -> Site.Options {
            var options = Site.Options()
            options.manifests = [
                (
                    "zerodha",
                    "manifest: 1\nid: zerodha\nlibrary: libsluice-zerodha.so\nendpoints: { rest: \(address) }\n"
                )
            ]
            options.files = { directory, data in
                [("key", client.apiKey), ("secret", client.apiSecret)]
                    + KiteServer.files(
                        data: data, symbols: [symbol], replayed: [symbol],
                        accounts: """
                              - { id: Z9, adapter: zerodha, currency: INR,
                                  secrets: { api_key: "file:\(directory)/key", api_secret: "file:\(directory)/secret" },
                                  config: { stream: false, poll_seconds: 1, login_url: "\(address)/connect/login" } }

                            """,
                        groups:
                            "  - { id: one, policy: proportional, accounts: [ { account_id: Z9, capital: \"100000\" } ] }\n"
                    )
            }
            return options
        }

        private static func order(_ quantity: Int) -> JSONValue {
            [
                "symbol": .string(symbol), "side": "BUY", "quantity": .string("\(quantity)"), "order_type": "LIMIT",
                "price": "105", "product": "DELIVERY",
            ]
        }

        private static func logIn(_ server: Server) -> Bool {
            var challenge = JSONValue.null
            let waits = Poll.holds(seconds: 30) {
                challenge = server.http.get("/api/accounts/Z9/login")?.json["challenge"]?["id"] ?? .null
                return challenge.string != nil
            }
            let fields: JSONValue = ["request_token": .string(client.requestToken)]
            let body: JSONValue = ["challenge": challenge, "fields": fields]
            guard waits, server.http.send("POST", "/api/accounts/Z9/login", body)?.status == 200 else { return false }
            return Poll.holds(seconds: 30) {
                // The overlay knows the instrument before the broker's list has told its name there.
                let sync = server.http.send("POST", "/api/symbols/sync", ["adapter_id": "zerodha"])
                guard sync?.json["items"]?.array?.first?["status"]?.string == "refreshed" else { return false }
                let preview = server.http.send("POST", "/api/execution-groups/one/preview", order(10))
                return preview?.json["legs"]?.array?.allSatisfy { $0["reject"]?.isNull ?? false } ?? false
            }
        }

        /// Places an order, and waits until its run has ended.
        private static func place(_ server: Server, _ quantity: Int, _ scenario: Scenario) throws -> String {
            let placed = server.http.send(
                "POST", "/api/execution-groups/one/orders?wait=durable", order(quantity), idempotencyKey: "k\(quantity)"
            )
            let run = try scenario.need(placed?.json["run_id"]?.string, "no run: \(placed?.text ?? "no answer")")
            let ended = Poll.holds(seconds: 30) {
                ["DONE", "PARTIAL"].contains(server.http.get("/api/runs/\(run)")?.json["status"]?.string)
            }
            scenario.expect(ended, "\(run) has not ended: \(server.http.get("/api/runs/\(run)")?.text ?? "")")
            return run
        }

        @Test(
            "What a broker says reaches JSON unchanged and a spreadsheet without acting; bytes that are no text reach neither"
        )
        func words() async throws {
            let broker = try KiteServer([Self.client])
            defer { broker.stop() }
            await Scenario.run("a broker's words", Self.options(broker.address)) { scenario in
                let server = try scenario.launch()
                guard try server.listens() else { throw Failure("the gateway does not listen: \(server.tail)") }
                scenario.expect(Self.logIn(server), "Z9 is not ready: \(server.tail)")
                for (number, words) in Self.words.enumerated() {
                    let body: JSONValue = [
                        "status": "error", "message": .string(words), "error_type": "InputException",
                    ]
                    broker.next(KiteServer.Turn(behaviour: .json(body.serializedText(), 400), isAccepted: false))
                    _ = try Self.place(server, 10 + number, scenario)
                }
                // Latin-1 within a JSON: nobody can say what it says, so the order is looked up, and was accepted.
                let raw = Array(#"{"status":"error","message":"=caf"#.utf8) + [0xE9] + Array(#""}"#.utf8)
                broker.next(KiteServer.Turn(behaviour: .bytes(200, raw), isAccepted: true))
                _ = try Self.place(server, 30, scenario)

                let lines = server.http.get("/api/exports/legs?format=ndjson")?.body ?? []
                let legs = lines.split(separator: 10).compactMap { try? JSONValue.parse(Array($0)) }
                let texts = legs.prefix(Self.words.count).map { $0["broker_text"]?.string ?? "" }
                scenario.expectEqual(texts, Self.words, "the broker's words in NDJSON")
                scenario.expectEqual(legs.last?["status"]?.string, "FILLED", "the leg whose answer was no text")
                for dataset in ["runs", "legs", "events", "latency", "pnl", "positions", "audit"] {
                    for format in ["csv", "json", "ndjson"] {
                        let bytes = server.http.get("/api/exports/\(dataset)?format=\(format)")?.body ?? []
                        // Whatever is in it is text.
                        scenario.expect(
                            !bytes.isEmpty && String(validating: bytes, as: UTF8.self) != nil,
                            "\(dataset) as \(format) is no UTF-8")
                    }
                }
                let csv = server.http.get("/api/exports/legs?columns=leg_id,broker_text")?.text ?? ""
                for start in ["=", "+", "@", "'it"] {
                    scenario.expect(
                        csv.contains(",\(start == "+" ? "\"" : "")'\(start)"), "\(start) is not held back: \(csv)")
                }
                try Self.times(server, scenario)
                scenario.expectEqual(broker.complaints, [], "what was wrong with what the broker was sent")
            }
        }

        /// Over a socket of the system the adapter's time, the network's and the broker's are told apart, and add up.
        private static func times(_ server: Server, _ scenario: Scenario) throws {
            let run = try Self.place(server, 40, scenario)
            let timing = server.http.get("/api/analytics/runs/\(run)")?.json ?? .null
            let leg = try scenario.need(timing["legs"]?[0], "no timing: \(timing.serializedText())")
            let stages = server.http.get("/api/runs/\(run)")?.json["legs"]?[0]?["latency_us"] ?? .null
            func stage(_ name: String) throws -> Int64 {
                try scenario.need(stages[name]?.int64, "\(name) is absent: \(stages.serializedText())")
            }
            func time(_ name: String) throws -> Int64 {
                try scenario.need(leg[name]?.int64, "\(name) is absent: \(leg.serializedText())")
            }
            let whole = try stage("acked") - stage("dispatched")
            let wire = try stage("first_byte") - stage("written")
            // Each is rounded down to a microsecond of its own.
            scenario.expect(
                abs(try time("wire_us") - wire) <= 2,
                "wire_us of \(leg.serializedText()) and \(stages.serializedText())")
            scenario.expect(
                abs(try time("adapter_us") + wire - whole) <= 4,
                "adapter_us of \(leg.serializedText()) and \(stages.serializedText())")
            scenario.expect(
                abs(try time("network_us") + time("broker_us") - time("wire_us")) <= 2,
                "parts of \(leg.serializedText())")
            scenario.expect(try time("network_us") < time("wire_us"), "the network took all of \(leg.serializedText())")
            scenario.expectEqual(leg["seen"]?.bool, true, "whether telemetry saw it")
            let names = [
                "received", "admitted", "durable", "queued", "dispatched", "written", "first_byte", "acked",
                "first_fill", "done",
            ]
            let times = names.dropFirst().compactMap { stages[$0]?.int64 }
            scenario.expect(
                times.count == 9 && times == times.sorted(), "ten stages in order: \(stages.serializedText())")
        }
    }
}
