import AdapterKit
import Exact

/// An adapter whose broker answers in the contract's own words, so that a test decides what it tells: rows, outcomes,
/// ticks and order news stand in the recorded bodies and frames as they are to be told.
final class Mirror: ConnectedAdapter {
    static let descriptor = Descriptor(
        id: "mirror", name: "Mirror", version: "1.0.0",
        capabilities: [
            .submit, .preview, .queryOrders, .queryTrades, .queryPositions, .queryHoldings, .queryFunds, .queryProfile,
            .queryQuotes, .queryCandles,
        ], capabilityDocument: #"{"cases":{"alias":"{exchange}:{symbol}","packet_frame":"{packet}"}}"#)
    static let connections = Connections(
        endpoints: [
            Connections.Endpoint(.https, "rest", live: "https://api.mirror.example"),
            Connections.Endpoint(.webSocket, "feed", live: "wss://feed.mirror.example"),
        ],
        secrets: [Connections.SecretNeed("access_token", "the login", isRequired: false)],
        vendorCalls: [Connections.VendorCall("read", .read, "gives its answer")],
        capabilities: [.subscribe, .vendorCall, .takesWebhooks])

    private let host: Host
    private let isOfPrices: Bool
    private var uids: [String: UInt64] = [:]

    init(host: Host, options: SessionOptions) throws(AdapterFailure) {
        self.host = host
        isOfPrices = options.role == .data
    }

    func open(_ command: Command) {
        host.sessionReport(.ready)
        if !isOfPrices { _ = try? host.openWebSocket(Connection("feed", account: 0, target: "/orders")) }
        command.ok()
    }

    private func read(_ path: String, _ command: Command, _ then: @escaping (JSONValue, Int) -> Void) {
        let request = host.request(.get, "rest", path, for: command, effect: .read)
        host.send(request, for: command) { answer in then((try? answer.json()) ?? .null, answer.status) }
    }

    func submit(_ order: Order, _ command: Command) {
        var request = host.request(.post, "rest", "/orders", for: command, effect: .mutation)
        request.form("tag", order.clientReference)
        host.send(request, for: command) { answer in
            let body = (try? answer.json()) ?? .null
            let retry: AdapterError.Retry? =
                switch body["retry"]?.string {
                case "never": .never
                case "pause": .after(nanoseconds: 1)
                case "login": .afterLogin
                case "reconcile": .afterReconcile
                default: nil
                }
            let error = AdapterError(.brokerRisk, retry: retry, brokerText: body["text"]?.string)
            switch body["outcome"]?.string {
            case "rejected": command.reject(error)
            case "unknown": command.unknown(error)
            default:
                command.accept(
                    brokerOrderID: body["id"]?.string, state: body["state"]?.int64.flatMap(Mirror.state),
                    children: (body["children"]?.array ?? []).map { child in
                        ChildOrder(
                            .slice, OrderIdentity(account: 0, brokerOrderID: child["id"]?.string), quantity: 1,
                            outcome: child["text"] == nil ? .accepted : .rejected,
                            error: child["text"].map { AdapterError(.funds, brokerCode: $0.string) })
                    })
            }
        }
    }

    private static func state(_ number: Int64) -> OrderState? {
        UInt32(exactly: number).flatMap(OrderState.init(rawValue:))
    }

    func preview(_ orders: OrderBasket, _ command: Command) {
        read("/margins", command) { body, _ in
            command.send(
                margins: (body.array ?? []).map {
                    Margin(
                        account: 0, clientReference: ClientReference("a1"), currency: "INR",
                        required: $0["required"]?.decimal, charges: $0["charges"]?.decimal)
                })
            command.ok()
        }
    }

    func query(_ kind: QueryKind, _ filter: Filter, _ command: Command) {
        read("/\(kind)", command) { body, status in
            guard status < 400 else {
                command.fail(AdapterError(.brokerUnavailable, httpStatus: status))
                return
            }
            self.send(kind, body.array ?? [], command)
            command.ok()
        }
    }

    private func known(_ row: JSONValue) -> String {
        row["of"]?.string.flatMap { host.instrument(alias: $0)?.id } ?? ""
    }

    private func send(_ kind: QueryKind, _ rows: [JSONValue], _ command: Command) {
        switch kind {
        case .orders: command.send(orders: rows.map(order))
        case .trades: command.send(trades: rows.compactMap(trade))
        case .positions:
            command.send(
                positions: rows.map {
                    Position(
                        account: 0, instrumentID: known($0), product: .carry, quantity: $0["quantity"]?.decimal ?? 0,
                        averagePrice: $0["average"]?.decimal, realised: $0["realised"]?.decimal)
                })
        case .holdings:
            command.send(
                holdings: rows.map {
                    Holding(
                        account: 0, instrumentID: known($0), quantity: $0["quantity"]?.decimal ?? 0,
                        free: $0["free"]?.decimal,
                        averagePrice: $0["average"]?.decimal)
                })
        case .funds:
            command.send(
                funds: rows.map {
                    Funds(account: 0, currency: "INR", available: $0["available"]?.decimal, used: $0["used"]?.decimal)
                })
        case .profile:
            command.send(
                profiles: rows.map { Profile(account: 0, accountID: $0["id"]?.string, name: $0["name"]?.string) })
        case .quotes:
            command.send(
                quotes: rows.map {
                    QuoteRow(
                        instrument: 0, instrumentID: known($0), last: $0["last"]?.decimal, bid: $0["bid"]?.decimal,
                        ask: $0["ask"]?.decimal)
                })
        case .candles:
            command.send(
                candles: rows.compactMap { row in
                    guard let start = row["start"]?.int64, let price = row["price"]?.decimal else { return nil }
                    return CandleRow(
                        instrument: 0, instrumentID: known(row), start: Timestamp(nanoseconds: start * 1_000_000_000),
                        lengthNanoseconds: 60_000_000_000, open: price, high: price, low: price, close: price,
                        volume: row["volume"]?.decimal)
                })
        default: break
        }
    }

    private func order(_ row: JSONValue) -> OrderUpdate {
        OrderUpdate(
            OrderIdentity(
                account: 0, brokerOrderID: row["id"]?.string,
                clientReference: row["tag"]?.string.flatMap { ClientReference($0) }),
            row["state"]?.int64.flatMap(Mirror.state) ?? .other, cumulativeQuantity: row["filled"]?.decimal,
            leavesQuantity: row["left"]?.decimal, averagePrice: row["average"]?.decimal,
            reason: row["text"]?.string.map { AdapterError(.brokerRisk, brokerText: $0) })
    }

    private func trade(_ row: JSONValue) -> TradeUpdate? {
        guard let id = row["execution"]?.string, let quantity = row["quantity"]?.decimal,
            let price = row["price"]?.decimal
        else { return nil }
        return TradeUpdate(
            OrderIdentity(account: 0, brokerOrderID: row["order"]?.string), executionID: id, side: .buy,
            quantity: quantity, price: price)
    }

    func vendorCall(_ name: String, _ arguments: String, _ command: Command) {
        read("/read", command) { body, _ in command.ok(document: body.serializedText()) }
    }

    // MARK: Streams

    func subscribe(_ instruments: InstrumentList, _ mode: SubscriptionMode, _ command: Command) {
        instruments.each { instrument in
            if let text = instrument.brokerData { uids[String(decoding: text, as: UTF8.self)] = instrument.uid }
            if let alias = instrument.alias { uids[alias] = instrument.uid }
        }
        _ = try? host.openWebSocket(Connection("feed", account: 0, target: "/prices"))
        command.ok()
    }

    func onFrame(_ stream: StreamID, _ kind: FrameKind, _ payload: Bytes) {
        tell((try? JSONValue.parse(payload.copy())) ?? .null, stream)
    }

    func onWebhook(_ webhook: Webhook) { tell((try? JSONValue.parse(webhook.body.text ?? "")) ?? .null, nil) }

    private func tell(_ message: JSONValue, _ stream: StreamID?) {
        if let order = message["order"] { host.orderUpdate([self.order(order)]) }
        if let trade = message["trade"].flatMap(trade) { host.tradeUpdate([trade]) }
        if message["warn"] != nil { host.log(.warning, "The broker said something odd") }
        if let answer = message["answer"]?.string, let stream {
            host.send(.text("\(answer)", effect: .session, tag: 1), on: stream)
        }
        host.ticks((message["ticks"]?.array ?? []).map(tick))
    }

    private func tick(_ row: JSONValue) -> Tick {
        var tick = Tick(instrument: row["of"]?.string.flatMap { uids[$0] } ?? 0)
        func level(_ name: String) -> [BookLevel] {
            (row[name]?.array ?? []).compactMap { level in
                guard let price = level[0]?.decimal, let quantity = level[1]?.decimal else { return nil }
                return BookLevel(price: price, quantity: quantity, orders: level[2]?.int64.map { UInt32($0) } ?? 0)
            }
        }
        tick.last = row["last"]?.decimal
        tick.lastQuantity = row["lastQuantity"]?.decimal
        tick.volume = row["volume"]?.decimal
        tick.averagePrice = row["average"]?.decimal
        (tick.open, tick.high) = (row["open"]?.decimal, row["high"]?.decimal)
        (tick.low, tick.close) = (row["low"]?.decimal, row["close"]?.decimal)
        tick.openInterest = row["interest"]?.decimal
        tick.lastTradeTime = row["traded"]?.int64.map { Timestamp(nanoseconds: $0 * 1_000_000_000) }
        tick.exchangeTime = row["said"]?.int64.map { Timestamp(nanoseconds: $0 * 1_000_000_000) }
        (tick.bids, tick.asks) = (level("bids"), level("asks"))
        return tick
    }
}
