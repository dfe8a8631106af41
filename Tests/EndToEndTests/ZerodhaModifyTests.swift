import Exact
import Foundation
import LoopbackBroker
import NIOConcurrencyHelpers
import Testing

extension EndToEnd {
    /// Changes of a live order, from HTTP to the broker's API: what is sent is what changes, in the broker's words.
    @Suite("Modifies of a live order, behind the built program") struct ZerodhaModifyTests {
        private static let client = KiteServer.Client(
            apiKey: "apikey09", apiSecret: "planted-secret-09-not-a-secret",
            requestToken: "planted-request-09-not-a-secret", accessToken: "planted-access-09-not-a-secret")
        private static let symbol = "NSE:EQ:INFY"

        private static func options(_ broker: KiteServer) -> Site.Options {
            var options = Site.Options()
            let address = broker.address
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
                        limits: KiteServer.limits(
                            validities: "DAY, IOC, GTD",
                            allowing: "products: [DELIVERY], order_types: [LIMIT, MARKET, STOP, STOP_LIMIT], "
                                + "order_classes: [REGULAR]"),
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

        /// The broker's book of one order that rests, and what it was sent to change it.
        private final class Desk: Sendable {
            private struct Book {
                var changes: [(what: String, text: String)] = []
                var row: JSONObject?
            }
            private let book = NIOLockedValueBox(Book())

            var changes: [(what: String, text: String)] { book.withLockedValue { $0.changes } }

            func answer(_ request: LoopbackBroker.Request, _ form: [String: String]) -> JSONValue? {
                book.withLockedValue { book in
                    switch (request.method, request.path) {
                    case ("POST", "/orders/regular"):
                        book.row = [
                            "order_id": "9700", "status": "OPEN", "variety": "regular", "exchange": "NSE",
                            "tradingsymbol": "INFY", "transaction_type": "BUY", "product": "CNC", "filled_quantity": 0,
                            "trigger_price": "0", "disclosed_quantity": "0", "tag": .string(form["tag"] ?? ""),
                            "meta": [:],
                        ]
                        take(form, &book)
                        return ["order_id": "9700"]
                    case ("PUT", _):
                        book.changes.append(("PUT \(request.target)", request.text))
                        take(form, &book)
                        return ["order_id": "9700"]
                    case ("GET", "/orders"): return .array(book.row.map { [.object($0)] } ?? [])
                    case ("GET", "/orders/9700"): return .array(book.row.map { [.object($0)] } ?? [])
                    case ("GET", "/trades"): return []
                    case ("GET", "/portfolio/positions"): return ["net": [], "day": []]
                    default: return nil
                    }
                }
            }

            /// What the order is from now on; a market order is shown as the limit that the broker makes of it.
            private func take(_ form: [String: String], _ book: inout Book) {
                for name in [
                    "order_type", "price", "trigger_price", "validity", "validity_ttl", "quantity",
                    "disclosed_quantity",
                ] {
                    if let value = form[name] { book.row?[name] = .string(value) }
                }
                if form["order_type"] == "MARKET" {
                    book.row?["order_type"] = "LIMIT"
                    book.row?["price"] = "107.1"
                }
            }
        }

        /// What a client asks, the body that the broker is to be sent for it, and what the order shows then.
        private static let changes: [(body: JSONValue, form: String, shown: JSONObject)] = [
            (
                ["order_type": "STOP_LIMIT", "trigger_price": "104"], "order_type=SL&trigger_price=104",
                ["order_type": "STOP_LIMIT", "price": "105", "trigger_price": "104"]
            ),
            (
                ["order_type": "STOP"], "order_type=SL-M&market_protection=-1",
                ["order_type": "STOP", "price": .null, "trigger_price": "104"]
            ),
            (
                ["order_type": "LIMIT", "price": "101.5"], "price=101.5&order_type=LIMIT",
                ["order_type": "LIMIT", "price": "101.5", "trigger_price": .null]
            ),
            (
                ["time_in_force": "GTD", "broker_options": ["zerodha": ["validity_minutes": 30]]],
                "validity=TTL&validity_ttl=30", ["time_in_force": "GTD"]
            ),
            (["time_in_force": "DAY"], "validity=DAY", ["time_in_force": "DAY"]),
            (
                ["quantity": "12", "disclosed_quantity": "4"], "quantity=12&disclosed_quantity=4",
                ["ordered_quantity": "12", "disclosed_quantity": "4"]
            ),
            (["disclosed_quantity": "0"], "disclosed_quantity=0", ["disclosed_quantity": .null]),
            (
                ["order_type": "MARKET", "broker_options": ["zerodha": ["market_protection": "2"]]],
                "order_type=MARKET&market_protection=2", ["order_type": "MARKET", "price": .null]
            ),
            (
                ["broker_options": ["zerodha": ["market_protection": "3.5"]]], "market_protection=3.5",
                ["order_type": "MARKET", "price": .null]
            ),
        ]

        private static let refused: [(body: JSONValue, code: String, path: String, remedy: String)] = [
            (["time_in_force": "FOK"], "unsupported", "/time_in_force", "with LIMIT, use DAY, IOC, GTD"),
            (
                ["broker_options": ["zerodha": ["validity_minutes": "soon"]]], "invalid_broker_options",
                "/broker_options/zerodha/validity_minutes", ""
            ),
            (
                ["broker_options": ["paper": [:]]], "invalid_request", "/broker_options",
                "give options of zerodha, where the order is, or none"
            ),
            (["disclosed_quantity": "11"], "disclosed_above_quantity", "/disclosed_quantity", "give at most 10"),
        ]

        @Test("Each change reaches the broker with what changes alone, and the order shows it once it is taken")
        func changes() async throws {
            let broker = try KiteServer([Self.client])
            defer { broker.stop() }
            let desk = Desk()
            broker.follows { desk.answer($0, $1) }
            await Scenario.run("modifies", Self.options(broker)) { scenario in
                let server = try scenario.launch()
                guard try server.listens() else { throw Failure("the gateway does not listen: \(server.tail)") }
                try Self.logIn(server)
                let placed = server.http.send(
                    "POST", "/api/orders?wait=acked", Self.order, idempotencyKey: "place")
                let id = try scenario.need(placed?.json["order_id"]?.string, "no order: \(placed?.text ?? "no answer")")
                let path = "/api/orders/\(id)"
                for (number, (body, code, field, remedy)) in Self.refused.enumerated() {
                    let answer = server.http.send("PATCH", path, body, idempotencyKey: "refused\(number)")
                    scenario.expectEqual(answer?.status, 400, answer?.text ?? "no answer")
                    scenario.expectEqual(answer?.json["code"]?.string, code, answer?.text ?? "no answer")
                    let entry = answer?.json["errors"]?[0]
                    scenario.expectEqual(entry?["path"]?.string, field, "its field")
                    if !remedy.isEmpty { scenario.expectEqual(entry?["remedy"]?.string, remedy, "what would be right") }
                }
                scenario.expectEqual(desk.changes.count, 0, "changes at the broker")
                for (number, (body, form, shown)) in Self.changes.enumerated() {
                    let answer = server.http.send("PATCH", path, body, idempotencyKey: "change\(number)")
                    scenario.expect((200...202).contains(answer?.status ?? 0), answer?.text ?? "no answer")
                    Self.expect(shown, of: path, server, scenario)
                    scenario.expectEqual(desk.changes.last?.what, "PUT /orders/regular/9700", "the call")
                    scenario.expectEqual(desk.changes.last?.text, form, "its body")
                    scenario.expectEqual(desk.changes.count, number + 1, "changes at the broker")
                }
                // The answer is lost; what the broker's book shows is what became of it.
                broker.nextChange(KiteServer.Turn(behaviour: .loseReply, isAccepted: true))
                _ = server.http.send(
                    "PATCH", path, ["order_type": "LIMIT", "price": "100", "quantity": "13"], idempotencyKey: "lost")
                Self.expect(
                    ["order_type": "LIMIT", "price": "100", "ordered_quantity": "13"], of: path, server, scenario)
                scenario.expectEqual(desk.changes.count, Self.changes.count + 1, "it is not sent again")
                // Killed while the answer to such a change is open: the next start asks, and sends nothing.
                broker.nextChange(KiteServer.Turn(behaviour: .loseReply, isAccepted: true))
                _ = server.http.send(
                    "PATCH", path, ["order_type": "STOP_LIMIT", "trigger_price": "99"], idempotencyKey: "killed")
                _ = Poll.holds(seconds: 10) { desk.changes.count == Self.changes.count + 2 }
                server.destroy()
                let second = try scenario.launch()
                guard try second.listens() else { throw Failure("the gateway does not listen: \(second.tail)") }
                Self.expect(
                    ["order_type": "STOP_LIMIT", "price": "100", "trigger_price": "99"], of: path, second, scenario)
                scenario.expectEqual(desk.changes.count, Self.changes.count + 2, "nothing is sent again")
                scenario.expectEqual(broker.complaints, [], "what was wrong with what the broker was sent")
            }
        }

        private static let order: JSONValue = [
            "account_id": "Z9", "symbol": .string(symbol), "side": "BUY", "quantity": "10", "order_type": "LIMIT",
            "price": "105", "product": "DELIVERY",
        ]

        private static func expect(_ shown: JSONObject, of path: String, _ server: Server, _ scenario: Scenario) {
            let holds = Poll.holds(seconds: 20) {
                guard let order = server.http.get(path)?.json, order["status"]?.string == "WORKING" else {
                    return false
                }
                return shown.allSatisfy { order[$0.key] == $0.value }
            }
            let found = server.http.get(path)?.text ?? "no answer"
            scenario.expect(holds, "\(JSONValue.object(shown).serializedText()) is not shown: \(found)")
        }

        private static func logIn(_ server: Server) throws {
            let waits = Poll.holds(seconds: 30) {
                server.http.get("/api/accounts/Z9/login")?.json["challenge"]?["id"]?.string != nil
            }
            let challenge = server.http.get("/api/accounts/Z9/login")?.json["challenge"]?["id"] ?? .null
            let posted = server.http.send(
                "POST", "/api/accounts/Z9/login",
                ["challenge": challenge, "fields": ["request_token": .string(client.requestToken)]])
            let isReady = Poll.holds(seconds: 30) {
                let preview: JSONValue = [
                    "symbol": .string(symbol), "side": "BUY", "quantity": "10", "order_type": "LIMIT", "price": "105",
                    "product": "DELIVERY",
                ]
                let answer = server.http.send("POST", "/api/execution-groups/one/preview", preview)
                return answer?.json["legs"]?[0]?["reject"]?.isNull ?? false
            }
            guard waits, posted?.status == 200, isReady else { throw Failure("Z9 is not ready: \(server.tail)") }
        }
    }
}
