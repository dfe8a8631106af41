import Exact
import Foundation
import LoopbackBroker
import NIOConcurrencyHelpers
import Testing

extension EndToEnd {
    /// Orders that are more than one order at the broker, from HTTP to its API.
    @Suite("Cover orders and orders that the broker slices, behind the built program") struct ZerodhaOrderTests {
        private static let client = KiteServer.Client(
            apiKey: "apikey08", apiSecret: "planted-secret-08-not-a-secret",
            requestToken: "planted-request-08-not-a-secret", accessToken: "planted-access-08-not-a-secret")
        private static let symbol = "NSE:EQ:INFY"
        private static let frozen = "NSE:EQ:SBIN"

        private static func options(_ broker: KiteServer) -> Site.Options {
            var options = Site.Options()
            options.manifests = [
                (
                    "zerodha",
                    "manifest: 1\nid: zerodha\nlibrary: libsluice-zerodha.so\nendpoints: { rest: \(broker.address) }\n"
                )
            ]
            let address = broker.address
            options.files = { directory, data in
                [("key", client.apiKey), ("secret", client.apiSecret)]
                    + KiteServer.files(
                        data: data, symbols: [symbol, frozen], replayed: [symbol, frozen], frozen: [frozen],
                        limits: KiteServer.limits(
                            allowing: "products: [DELIVERY, INTRADAY], order_types: [LIMIT, MARKET], "
                                + "order_classes: [REGULAR, COVER, ICEBERG]"),
                        accounts: """
                              - { id: Z8, adapter: zerodha, currency: INR,
                                  secrets: { api_key: "file:\(directory)/key", api_secret: "file:\(directory)/secret" },
                                  config: { stream: false, poll_seconds: 1, login_url: "\(address)/connect/login" } }

                            """,
                        groups:
                            "  - { id: one, policy: proportional, accounts: [ { account_id: Z8, capital: \"100000\" } ] }\n"
                    )
            }
            return options
        }

        /// What the broker was sent for orders, and what its books hold.
        private final class Desk: Sendable {
            struct Book {
                var sent: [(what: String, form: [String: String])] = []
                var rows: [JSONObject] = []
            }
            private let book = NIOLockedValueBox(Book())

            var sent: [(what: String, form: [String: String])] { book.withLockedValue { $0.sent } }

            /// Answers as the broker does: an order of 38 is cut into 18, 18 and 2, of which the first fills at once, and
            /// nothing marks the slices but what is promised.
            func answer(_ request: LoopbackBroker.Request, _ form: [String: String]) -> JSONValue? {
                book.withLockedValue { book in
                    if request.method != "GET", request.path.hasPrefix("/orders/") {
                        book.sent.append(("\(request.method) \(request.target)", form))
                    }
                    switch (request.method, request.path) {
                    case ("POST", let path) where path.hasPrefix("/orders/"):
                        return place(form, String(path.dropFirst("/orders/".count)), &book)
                    case ("DELETE", let path) where path.hasPrefix("/orders/"):
                        let id = String(path.split(separator: "/").last ?? "")
                        for index in book.rows.indices where book.rows[index]["order_id"] == .string(id) {
                            book.rows[index]["status"] = "CANCELLED"
                        }
                        return ["order_id": .string(id)]
                    case ("GET", "/orders"): return .array(book.rows.map { .object($0) })
                    case ("GET", "/trades"):
                        return .array(
                            book.rows.filter { $0["status"] == "COMPLETE" }.map { row in
                                [
                                    "trade_id": row["order_id"] ?? .null, "order_id": row["order_id"] ?? .null,
                                    "exchange": "NSE", "tradingsymbol": "INFY", "product": "CNC",
                                    "transaction_type": "BUY", "quantity": row["quantity"] ?? .null,
                                    "average_price": 100, "fill_timestamp": "2026-11-25 10:00:01",
                                ]
                            })
                    case ("GET", "/portfolio/positions"): return ["net": [], "day": []]
                    default: return nil
                    }
                }
            }

            private func place(_ form: [String: String], _ variety: String, _ book: inout Book) -> JSONValue {
                let tag = JSONValue.string(form["tag"] ?? "")
                func add(_ id: String, _ quantity: Int64, _ status: JSONValue, _ tags: [JSONValue]) {
                    book.rows.append([
                        "order_id": .string(id), "status": status, "variety": .string(variety), "exchange": "NSE",
                        "tradingsymbol": "INFY", "order_type": .string(form["order_type"] ?? ""),
                        "transaction_type": "BUY", "validity": "DAY", "product": .string(form["product"] ?? ""),
                        "quantity": JSONValue(quantity),
                        "filled_quantity": status == "COMPLETE" ? JSONValue(quantity) : 0,
                        "price": .string(form["price"] ?? "0"), "tag": tags.contains(tag) ? tag : .null,
                        "tags": .array(tags), "meta": [:],
                    ])
                }
                let first = "\(9_500 + book.rows.count)"
                guard form["autoslice"] == "true" else {
                    add(first, Int64(form["quantity"] ?? "") ?? 0, "OPEN", [tag])
                    return ["order_id": .string(first)]
                }
                let others = ["\(first)1", "\(first)2"]
                add(first, 18, "COMPLETE", [tag])
                for (id, quantity) in zip(others, [18, 2] as [Int64]) {
                    add(id, quantity, "OPEN", ["autoslice", .string("autoslice:\(first)")])
                }
                return [
                    "order_id": .string(first), "children": .array(others.map { ["order_id": .string($0)] }),
                ]
            }
        }

        private static func order(_ changes: KeyValuePairs<String, JSONValue>) -> JSONValue {
            var order: JSONObject = [
                "symbol": .string(symbol), "side": "BUY", "quantity": "10", "order_type": "LIMIT", "price": "105",
                "product": "DELIVERY",
            ]
            for (name, value) in changes { order[name] = value.isNull ? nil : value }
            return .object(order)
        }

        private static func place(
            _ server: Server, _ key: String, _ changes: KeyValuePairs<String, JSONValue>
        ) -> HTTP.Answer? {
            server.http.send(
                "POST", "/api/execution-groups/one/orders?wait=acked", order(changes), idempotencyKey: key)
        }

        private static func becomeReady(_ server: Server) throws {
            let waits = Poll.holds(seconds: 30) {
                server.http.get("/api/accounts/Z8/login")?.json["challenge"]?["id"]?.string != nil
            }
            let challenge = server.http.get("/api/accounts/Z8/login")?.json["challenge"]?["id"] ?? .null
            let posted = server.http.send(
                "POST", "/api/accounts/Z8/login",
                ["challenge": challenge, "fields": ["request_token": .string(client.requestToken)]])
            let isReady = Poll.holds(seconds: 30) {
                let answer = server.http.send("POST", "/api/execution-groups/one/preview", order([:]))
                return answer?.json["legs"]?[0]?["reject"]?.isNull ?? false
            }
            guard waits, posted?.status == 200, isReady else { throw Failure("Z8 is not ready: \(server.tail)") }
        }

        @Test("A cover order reaches the broker with its stop, and a sliced order ends when every slice has")
        func orders() async throws {
            let broker = try KiteServer([Self.client])
            defer { broker.stop() }
            let desk = Desk()
            broker.follows { desk.answer($0, $1) }
            await Scenario.run("cover orders and slices", Self.options(broker)) { scenario in
                let server = try scenario.launch()
                guard try server.listens() else { throw Failure("the gateway does not listen: \(server.tail)") }
                try Self.becomeReady(server)
                try Self.cover(server, desk, scenario)
                try Self.slices(server, desk, scenario)
                scenario.expectEqual(broker.complaints, [], "what was wrong with what the broker was sent")
            }
        }

        private static func cover(_ server: Server, _ desk: Desk, _ scenario: Scenario) throws {
            let preview = server.http.send(
                "POST", "/api/execution-groups/one/preview",
                order(["order_class": "COVER", "product": "INTRADAY", "trigger_price": "95"]))
            scenario.expectEqual(preview?.json["legs"]?[0]?["reject"], .null, "preview: \(preview?.text ?? "none")")
            scenario.expectEqual(preview?.json["legs"]?[0]?["trigger_price"]?.string, "95", "its stop")
            let refused: [(KeyValuePairs<String, JSONValue>, String)] = [
                (["order_class": "COVER", "product": "INTRADAY"], "missing_field"),
                (["order_class": "COVER", "product": "INTRADAY", "trigger_price": "106"], "stop_beyond_price"),
                (["trigger_price": "95"], "unexpected_field"),
            ]
            for (changes, code) in refused {
                let answer = place(server, "refused-\(code)", changes)
                scenario.expectEqual(answer?.status, 400, answer?.text ?? "no answer")
                scenario.expectEqual(answer?.json["code"]?.string, code, answer?.text ?? "no answer")
                scenario.expectEqual(answer?.json["errors"]?[0]?["path"]?.string, "/trigger_price", "its field")
            }
            for (key, type, price) in [("limit", "LIMIT", JSONValue("105")), ("market", "MARKET", .null)] {
                let placed = place(
                    server, "cover-\(key)",
                    [
                        "order_class": "COVER", "product": "INTRADAY", "order_type": .string(type), "price": price,
                        "trigger_price": "95",
                    ])
                scenario.expectEqual(
                    placed?.json["legs"]?[0]?["status"]?.string, "WORKING", placed?.text ?? "no answer")
                guard let sent = desk.sent.last else { throw Failure("nothing was sent: \(server.tail)") }
                scenario.expectEqual(sent.what, "POST /orders/co", "the call")
                scenario.expectEqual(sent.form["order_type"], type, "its type")
                scenario.expectEqual(sent.form["trigger_price"], "95", "its stop")
                scenario.expectEqual(sent.form["price"], price.string, "its price")
                scenario.expectEqual(sent.form["product"], "MIS", "its product")
            }
            scenario.expectEqual(desk.sent.count, 2, "orders at the broker")
        }

        private static func slices(_ server: Server, _ desk: Desk, _ scenario: Scenario) throws {
            let twice = place(
                server, "twice",
                ["symbol": .string(frozen), "broker_options": ["zerodha": ["autoslice": true]]])
            scenario.expectEqual(twice?.status, 400, twice?.text ?? "no answer")
            scenario.expectEqual(twice?.json["code"]?.string, "sliced_twice", twice?.text ?? "no answer")
            scenario.expectEqual(
                twice?.json["errors"]?[0]?["path"]?.string, "/broker_options/zerodha/autoslice", "its field")

            let before = desk.sent.count
            let placed = place(
                server, "sliced", ["quantity": "38", "broker_options": ["zerodha": ["autoslice": true]]])
            let run = try scenario.need(placed?.json["run_id"]?.string, "no run: \(placed?.text ?? "no answer")")
            func leg() -> JSONValue { server.http.get("/api/runs/\(run)")?.json["legs"]?[0] ?? .null }
            let isPartlyFilled = Poll.holds(seconds: 20) { leg()["cumulative_quantity"]?.string == "18" }
            scenario.expect(isPartlyFilled, "the first slice's fill is not told: \(leg().serializedText())")
            scenario.expectEqual(leg()["status"]?.string, "PARTIALLY_FILLED", "with two slices live")
            let id = try scenario.need(leg()["leg_id"]?.string, "no leg: \(leg().serializedText())")
            let cancelled = server.http.send("DELETE", "/api/orders/\(id)", nil, idempotencyKey: "cancel")
            scenario.expect((200...202).contains(cancelled?.status ?? 0), "cancel: \(cancelled?.text ?? "no answer")")
            let hasEnded = Poll.holds(seconds: 20) { leg()["status"]?.string == "CANCELED" }
            scenario.expect(hasEnded, "it has not ended: \(leg().serializedText())")
            scenario.expectEqual(leg()["cumulative_quantity"]?.string, "18", "what was filled of it")
            let deletes = desk.sent.dropFirst(before + 1).map(\.what)
            scenario.expectEqual(
                Set(deletes), ["DELETE /orders/regular/95021", "DELETE /orders/regular/95022"], "what was cancelled")
            let orders = server.http.get("/api/orders")?.json["items"]?.array ?? []
            scenario.expectEqual(orders.count, 3, "orders that there are: nobody's slices")
        }
    }
}
