import COpenSSL
import Exact
import Foundation
import LoopbackBroker
import NIOConcurrencyHelpers

/// Zerodha's API on this machine, as far as a gateway's day needs it: logins, orders that fill at once, books.
///
/// It keeps what it accepted in a ledger of its own, checks every request's headers and every login's checksum, and loses
/// the replies that it is told to lose, after it has accepted the order.
final class KiteServer: Sendable {
    /// One client of the broker.
    struct Client: Sendable {
        let apiKey: String
        let apiSecret: String
        let requestToken: String
        let accessToken: String
        /// Its first order is accepted and the reply never arrives.
        var losesFirstReply = false
    }

    /// An order that the broker accepted.
    struct Accepted: Sendable {
        let apiKey: String
        let id: String
        let symbol: String
        let side: String
        let quantity: Int
        let product: String
        let tag: String
    }

    /// What becomes of one order instead of what is usual.
    struct Turn: Sendable {
        var behaviour: LoopbackBroker.Behaviour
        /// Whether the broker holds the order all the same.
        var isAccepted: Bool
    }

    /// What a test's own book answers, before the usual one is asked: `data` of a success.
    typealias Script = @Sendable (_ request: LoopbackBroker.Request, _ form: [String: String]) -> JSONValue?

    private struct State {
        var script: Script?
        var turns: [Turn] = []
        var turnsOfQuantities: [Int: Turn] = [:]
        var turnsOfChanges: [Turn] = []
        /// Seconds that its clock is ahead.
        var ahead: Int64 = 0
        var dead: Set<String> = []
        var list = KiteServer.instruments
        var accepted: [Accepted] = []
        var loggedIn: Set<String> = []
        var complaints: [String] = []
        var lost: Set<String> = []
        var triggers: [String] = []
    }

    private let state: NIOLockedValueBox<State>
    private let broker: LoopbackBroker

    init(_ clients: [Client]) throws {
        let state = NIOLockedValueBox(State())
        self.state = state
        broker = try LoopbackBroker { request, _ in
            state.withLockedValue { state in
                Self.dated(Self.answer(request, clients, &state), Date().addingTimeInterval(TimeInterval(state.ahead)))
            }
        }
    }

    var address: String { broker.http }
    var streamAddress: String { broker.webSocket }
    /// Connections that were opened for prices and news of orders, oldest first.
    var sockets: [LoopbackBroker.Socket] { broker.sockets }
    /// What the broker holds, in the order of acceptance.
    var accepted: [Accepted] { state.withLockedValue { $0.accepted } }
    /// What it was asked to do with orders that wait for a price, by method and path.
    var triggers: [String] { state.withLockedValue { $0.triggers } }
    /// What was wrong with what it was sent.
    var complaints: [String] { state.withLockedValue { $0.complaints } }
    func stop() { broker.stop() }
    /// The next order meets this.
    func next(_ turn: Turn) { state.withLockedValue { $0.turns.append(turn) } }
    /// The next order of this quantity meets this.
    func next(of quantity: Int, _ turn: Turn) { state.withLockedValue { $0.turnsOfQuantities[quantity] = turn } }
    /// The next change of an order meets this; where it is accepted, the script has heard of it.
    func nextChange(_ turn: Turn) { state.withLockedValue { $0.turnsOfChanges.append(turn) } }
    /// Its clock is so many seconds ahead of this machine's from now on.
    func sets(ahead seconds: Int64) { state.withLockedValue { $0.ahead = seconds } }
    /// The client's token is dead from its next order on, until it logs in again.
    func kill(_ client: Client) { state.withLockedValue { _ = $0.dead.insert(client.apiKey) } }
    /// What answers orders and books from now on.
    func follows(_ script: @escaping Script) { state.withLockedValue { $0.script = script } }
    /// The list of instruments from now on.
    func list(_ text: String) { state.withLockedValue { $0.list = text } }

    /// The day's list: shares of one lot.
    static let instruments = """
        instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,instrument_type,segment,exchange
        408065,1594,INFY,INFOSYS,0,,0,0.05,1,EQ,NSE,NSE
        779521,3045,SBIN,STATE BANK OF INDIA,0,,0,0.05,1,EQ,NSE,NSE

        """

    private static func answer(
        _ request: LoopbackBroker.Request, _ clients: [Client], _ state: inout State
    ) -> LoopbackBroker.Behaviour {
        if request["X-Kite-Version"] != "3" { state.complaints.append("\(request.path) lacks X-Kite-Version: 3") }
        if request.path == "/session/token", request.method == "POST" { return logIn(request, clients, &state) }
        guard
            let client = clients.first(where: {
                request["Authorization"] == "token \($0.apiKey):\($0.accessToken)" && state.loggedIn.contains($0.apiKey)
            })
        else { return failure(403, "Incorrect `api_key` or `access_token`.", "TokenException") }
        if state.dead.contains(client.apiKey), request.method != "GET" {
            state.loggedIn.remove(client.apiKey)
            return failure(403, "Incorrect `api_key` or `access_token`.", "TokenException")
        }
        let turn =
            request.method == "PUT" && !state.turnsOfChanges.isEmpty ? state.turnsOfChanges.removeFirst() : nil
        if let turn, !turn.isAccepted { return turn.behaviour }
        if let data = state.script?(request, fields(request.text)) { return turn?.behaviour ?? success(data) }
        let own = state.accepted.filter { $0.apiKey == client.apiKey }
        switch (request.method, request.path) {
        case ("GET", "/user/profile"): return success(["user_id": .string(client.apiKey), "user_name": "Client"])
        case ("GET", "/user/margins"):
            return success([
                "equity": [
                    "enabled": true, "net": 1_000_000, "available": ["cash": 1_000_000, "collateral": 0],
                    "utilised": ["debits": 0],
                ]
            ])
        case ("GET", "/instruments"): return .answer(200, state.list, [("Content-Type", "text/csv")])
        case ("GET", "/orders"): return success(.array(own.map(order)))
        case ("GET", "/trades"): return success(.array(own.map(trade)))
        case ("GET", "/portfolio/positions"): return success(["net": positions(own), "day": positions(own)])
        case ("GET", "/portfolio/holdings"): return success([])
        case ("POST", "/gtt/triggers"), ("DELETE", "/gtt/triggers/77"):
            state.triggers.append("\(request.method) \(request.path)")
            return success(["trigger_id": 77])
        case ("GET", "/gtt/triggers"): return success([])
        case ("POST", "/orders/regular"): return place(request, client, &state)
        default:
            state.complaints.append("\(request.method) \(request.path) is nothing that this broker has")
            return failure(404, "Route not found", "GeneralException")
        }
    }

    /// The answer with the server's date.
    private static func dated(_ behaviour: LoopbackBroker.Behaviour, _ date: Date) -> LoopbackBroker.Behaviour {
        guard case .answer(let status, let body, let headers) = behaviour else { return behaviour }
        let style = Date.VerbatimFormatStyle(
            format:
                "\(weekday: .abbreviated), \(day: .twoDigits) \(month: .abbreviated) \(year: .defaultDigits) \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits):\(second: .twoDigits) GMT",
            locale: Locale(identifier: "en_US_POSIX"), timeZone: .gmt, calendar: Calendar(identifier: .gregorian))
        return .answer(status, body, headers + [("Date", date.formatted(style))])
    }

    private static func success(_ data: JSONValue) -> LoopbackBroker.Behaviour {
        .json(JSONValue.object(["status": "success", "data": data]).serializedText())
    }

    private static func failure(_ status: Int, _ message: String, _ kind: String) -> LoopbackBroker.Behaviour {
        let body: JSONValue = ["status": "error", "message": .string(message), "error_type": .string(kind)]
        return .json(body.serializedText(), status)
    }

    private static func logIn(
        _ request: LoopbackBroker.Request, _ clients: [Client], _ state: inout State
    ) -> LoopbackBroker.Behaviour {
        let form = fields(request.text)
        guard let client = clients.first(where: { $0.apiKey == form["api_key"] }),
            form["request_token"] == client.requestToken
        else { return failure(403, "Token is invalid or has expired.", "TokenException") }
        guard form["checksum"] == digest(client.apiKey + client.requestToken + client.apiSecret) else {
            state.complaints.append("the checksum of \(client.apiKey) is wrong")
            return failure(400, "Invalid `checksum`.", "InputException")
        }
        state.loggedIn.insert(client.apiKey)
        state.dead.remove(client.apiKey)
        return success([
            "user_id": .string(client.apiKey), "access_token": .string(client.accessToken), "refresh_token": "",
        ])
    }

    private static func place(
        _ request: LoopbackBroker.Request, _ client: Client, _ state: inout State
    ) -> LoopbackBroker.Behaviour {
        let form = fields(request.text)
        guard let symbol = form["tradingsymbol"], let side = form["transaction_type"], let product = form["product"],
            let quantity = form["quantity"].flatMap(Int.init), let tag = form["tag"], (1...20).contains(tag.utf8.count),
            tag.allSatisfy({ $0.isLetter || $0.isNumber }), form["exchange"] == "NSE"
        else {
            state.complaints.append("an order cannot be read: \(request.text)")
            return failure(400, "Missing or wrong parameter", "InputException")
        }
        if form["order_type"] == "MARKET", form["market_protection"] == nil {
            state.complaints.append("a market order has no market_protection: \(request.text)")
        }
        let turn =
            state.turnsOfQuantities.removeValue(forKey: quantity)
            ?? (state.turns.isEmpty ? nil : state.turns.removeFirst())
        if let turn, !turn.isAccepted { return turn.behaviour }
        let id = "2611250000\(10_000 + state.accepted.count)"
        state.accepted.append(
            Accepted(
                apiKey: client.apiKey, id: id, symbol: symbol, side: side, quantity: quantity, product: product,
                tag: tag))
        if let turn { return turn.behaviour }
        if client.losesFirstReply, state.lost.insert(client.apiKey).inserted { return .loseReply }
        return success(["order_id": .string(id)])
    }

    private static func order(_ order: Accepted) -> JSONValue {
        [
            "order_id": .string(order.id), "exchange_order_id": .string("1\(order.id)"), "parent_order_id": .null,
            "status": "COMPLETE", "status_message": .null, "variety": "regular", "exchange": "NSE",
            "tradingsymbol": .string(order.symbol), "order_type": "LIMIT", "transaction_type": .string(order.side),
            "validity": "DAY", "product": .string(order.product), "quantity": JSONValue(Int64(order.quantity)),
            "filled_quantity": JSONValue(Int64(order.quantity)), "pending_quantity": 0, "cancelled_quantity": 0,
            "price": 105, "trigger_price": 0, "average_price": 100, "tag": .string(order.tag),
            "tags": [.string(order.tag)], "meta": [:],
        ]
    }

    private static func trade(_ order: Accepted) -> JSONValue {
        [
            "trade_id": .string("7\(order.id.suffix(5))"), "order_id": .string(order.id),
            "exchange_order_id": .string("1\(order.id)"), "exchange": "NSE", "tradingsymbol": .string(order.symbol),
            "product": .string(order.product), "transaction_type": .string(order.side),
            "quantity": JSONValue(Int64(order.quantity)), "average_price": 100,
            "fill_timestamp": "2026-11-25 10:00:01",
        ]
    }

    private static func positions(_ orders: [Accepted]) -> JSONValue {
        var sums: [String: Int] = [:]
        for order in orders {
            sums["\(order.symbol) \(order.product)", default: 0] +=
                order.side == "BUY" ? order.quantity : -order.quantity
        }
        return .array(
            sums.sorted { $0.key < $1.key }.map { key, quantity in
                let words = key.split(separator: " ").map(String.init)
                return [
                    "tradingsymbol": .string(words[0]), "exchange": "NSE", "product": .string(words[1]),
                    "quantity": JSONValue(Int64(quantity)), "overnight_quantity": 0, "multiplier": 1,
                    "average_price": 100, "realised": 0,
                ]
            })
    }

    private static func fields(_ text: String) -> [String: String] {
        var fields: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            fields[String(parts[0])] =
                String(parts[1]).replacingOccurrences(of: "+", with: " ").removingPercentEncoding
        }
        return fields
    }

    private static func digest(_ text: String) -> String {
        var hash = [UInt8](repeating: 0, count: 32)
        let bytes = Array(text.utf8)
        SHA256(bytes, bytes.count, &hash)
        return hash.map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 1 ? "0\(digits)" : digits
        }.joined()
    }
}

extension KiteServer {
    /// The files of a site whose accounts trade at this broker: limits, prices that play, and the configuration.
    ///
    /// - Parameters:
    ///   - symbols: Instruments that there are.
    ///   - replayed: Those of them whose prices play.
    ///   - prices: Further lines of `prices`.
    ///   - accounts: Rows, each with its line's end; `groups` alike.
    ///   - frozen: Those of which an order may hold 40 at most.
    static func files(
        data: String, symbols: [String], replayed: [String], frozen: [String] = [], prices: String = "",
        limits: String = limits(),
        accounts: String, groups: String
    ) -> [(name: String, text: String)] {
        let candles = replayed.map { "market/\($0.replacing(":", with: "_")).daily.csv" }
        let replays = candles.map { "    - { files: ./\($0), every: 100ms, loop: true }\n" }
        let overlay = symbols.map { symbol in
            let freeze = frozen.contains(symbol) ? ", freeze_quantity: 40" : ""
            return "\"\(symbol)\": { tick: 0.05, lot_size: 1, currency: INR, source: test\(freeze) }\n"
        }
        return candles.map { ($0, Site.Options.candles) } + [
            ("overlay.yaml", overlay.joined()), ("rms.yaml", limits),
            (
                "sluice.yaml",
                """
                data: \(data)
                adapters: { directories: [./adapters.d] }
                instruments: { overlay: overlay.yaml }
                rms: { file: rms.yaml }
                prices:
                  replay:
                \(replays.joined())\(prices)accounts:
                \(accounts)groups:
                \(groups)
                """
            ),
        ]
    }

    /// Wide limits for an account at this broker: delivery orders with a limit price.
    ///
    /// - Parameter priceAge: how old a reference price may be.
    ///   - allowing: products, order types and classes.
    ///   - validities: how long orders may stay.
    static func limits(
        priceAge: String = "10m", validities: String = "DAY",
        allowing: String = "products: [DELIVERY], order_types: [LIMIT], order_classes: [REGULAR]"
    ) -> String {
        """
        rms: 1
        profiles:
          wide:
            allow-list:
              - { segments: [NSE], \(allowing), time_in_force: [\(validities)], sides: [BUY, SELL], short_selling: true }
            market-protection: { convert: none }
            price-collar: { bps: 9900, max_age: \(priceAge) }
            quantity-limits: { min: 1, max: 100000 }
            notional-limits: { max: "1000000 INR", parent_max: unlimited }
            message-rate: { windows: [ { limit: 1000, per: 1s } ], max_hold: 30s }
            max-open-orders: { max: 5000, per_instrument: 5000 }
            max-position: { max: unlimited }
            gross-exposure: { max: unlimited }
            margin-buffer: unlimited
            daily-loss: { max: unlimited }
        firm: { profile: wide }

        """
    }
}
