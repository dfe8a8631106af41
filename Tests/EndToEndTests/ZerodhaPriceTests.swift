import Exact
import Foundation
import LoopbackBroker
import Testing

extension EndToEnd {
    /// Prices that a broker streams: from its binary frames to the references that orders are held against.
    @Suite("A broker's prices behind the built program") struct ZerodhaPriceTests {
        private static let client = KiteServer.Client(
            apiKey: "apikey04", apiSecret: "planted-secret-04-not-a-secret",
            requestToken: "planted-request-04-not-a-secret", accessToken: "planted-access-04-not-a-secret")
        private static let streamed = "NSE:EQ:INFY"
        private static let traded = "NSE:EQ:SBIN"

        /// The broker's published packet of NSE:INFY in full mode, last price 1573.70, in a frame.
        private static let frame = bytes(
            "000100b800063a01000266ba000000070002656d001232170003e9bb00058a01000264f30002673c000261c90002646c60e2947f"
                + "00000000000000000000000060e2947f000000050002669c000100000000008c0002667400020000000000020002666f00010000"
                + "000000db0002666a00070000000000320002666500010000000000ac000266ba000300000000002c000266bf0003000000000"
                + "12e000266c9000300000000008d000266ce00020000000002d4000266d300050000")

        private static func bytes(_ hex: String) -> [UInt8] {
            let digits = Array(hex.utf8)
            return stride(from: 0, to: digits.count, by: 2).map {
                UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16) ?? 0
            }
        }

        private static func options(_ broker: KiteServer) -> Site.Options {
            var options = Site.Options()
            options.manifests = [
                (
                    "zerodha",
                    "manifest: 1\nid: zerodha\nlibrary: libsluice-zerodha.so\nendpoints: { rest: \(broker.address), stream: \(broker.streamAddress) }\n"
                )
            ]
            let address = broker.address
            options.files = { directory, data in
                [("key", client.apiKey), ("secret", client.apiSecret)]
                    + KiteServer.files(
                        data: data, symbols: [streamed, traded], replayed: [traded],
                        prices:
                            "  stream: [ { account: Z4, symbols: [\"\(streamed)\"], follow: true, detail: depth } ]\n",
                        limits: limits,
                        accounts: """
                              - { id: Z4, adapter: zerodha, currency: INR,
                                  secrets: { api_key: "file:\(directory)/key", api_secret: "file:\(directory)/secret" },
                                  config: { poll_seconds: 1, login_url: "\(address)/connect/login" } }

                            """,
                        groups:
                            "  - { id: family, policy: proportional, accounts: [ { account_id: Z4, capital: \"100000\" } ] }\n"
                    )
            }
            return options
        }

        /// Prices of half an hour are good enough here: only a stream that is lost makes them older than that.
        private static let limits = KiteServer.limits(priceAge: "30m")

        private static func order(_ symbol: String, _ price: String) -> JSONValue {
            [
                "symbol": .string(symbol), "side": "BUY", "quantity": "10", "order_type": "LIMIT",
                "price": .string(price), "product": "DELIVERY",
            ]
        }

        /// What a preview refuses the one leg with; an empty text: nothing.
        private static func refusal(_ server: Server, _ symbol: String, _ price: String) -> String? {
            let answer = server.http.send("POST", "/api/execution-groups/family/preview", order(symbol, price))
            guard let answer, answer.status == 200, let leg = answer.json["legs"]?[0] else { return nil }
            return leg["reject"].flatMap { $0.isNull ? nil : $0.serializedText() } ?? ""
        }

        private static func isStreaming(_ socket: LoopbackBroker.Socket, _ token: String) -> Bool {
            socket.frames.contains { $0.hasPrefix("{\"a\":\"subscribe\"") && $0.contains(token) }
        }

        @Test(
            "Streamed prices are what orders are held against, too old as soon as the stream is lost, and there again after it"
        )
        func stream() async throws {
            let broker = try KiteServer([Self.client])
            defer { broker.stop() }
            await Scenario.run("one account that streams", Self.options(broker)) { scenario in
                let server = try scenario.launch()
                guard try server.listens() else { throw Failure("the gateway does not listen: \(server.tail)") }
                let waits = Poll.holds(seconds: 30) {
                    server.http.get("/api/accounts/Z4/login")?.json["challenge"]?["id"]?.string != nil
                }
                scenario.expect(waits, "there is no challenge")
                let challenge = server.http.get("/api/accounts/Z4/login")?.json["challenge"]?["id"] ?? .null
                let posted = server.http.send(
                    "POST", "/api/accounts/Z4/login",
                    ["challenge": challenge, "fields": ["request_token": .string(Self.client.requestToken)]])
                scenario.expectEqual(posted?.status, 200, "login over HTTP: \(posted?.text ?? "no answer")")

                func socket(_ token: String, isNot old: LoopbackBroker.Socket? = nil) throws -> LoopbackBroker.Socket {
                    var found: LoopbackBroker.Socket?
                    _ = Poll.holds(seconds: 60) {
                        found = broker.sockets.last { $0 !== old && Self.isStreaming($0, token) }
                        return found != nil
                    }
                    return try scenario.need(
                        found, "no connection asks for \(token): \(broker.sockets.map(\.frames)) \(server.tail)")
                }
                func becomes(_ words: String, _ isRight: @escaping (String) -> Bool) {
                    var last: String?
                    let holds = Poll.holds(seconds: 30) {
                        last = Self.refusal(server, Self.streamed, "1570")
                        return last.map(isRight) ?? false
                    }
                    scenario.expect(holds, "\(words): \(last ?? "no answer")")
                }

                let first = try socket("408065")
                // It follows the subscription in a frame of its own.
                let isFull = Poll.holds(seconds: 10) { first.frames.contains(#"{"a":"mode","v":["full",[408065]]}"#) }
                scenario.expect(isFull, "the mode: \(first.frames)")
                becomes("no price yet, no order") { $0.contains("price_collar_no_reference") }
                first.send(Self.frame)
                becomes("a price, an order") { $0.isEmpty }
                let last = server.http.get("/api/symbols/\(Self.streamed)")?.text ?? ""
                scenario.expect(last.contains("1573.7"), "the instrument's price: \(last)")

                // What the account trades is streamed without having been named.
                let placed = server.http.send(
                    "POST", "/api/execution-groups/family/orders?wait=durable", Self.order(Self.traded, "105"),
                    idempotencyKey: "follow")
                scenario.expect(placed?.json["run_id"]?.string != nil, "an order: \(placed?.text ?? "no answer")")
                _ = try socket("779521")

                first.drop()
                becomes("a lost stream, no order") { $0.contains("price_collar_stale") }
                let second = try socket("408065", isNot: first)
                scenario.expect(Self.isStreaming(second, "779521"), "everything again: \(second.frames)")
                second.send(Self.frame)
                becomes("a price again, an order again") { $0.isEmpty }
                scenario.expectEqual(broker.complaints, [], "what was wrong with what the broker was sent")
            }
        }
    }
}
