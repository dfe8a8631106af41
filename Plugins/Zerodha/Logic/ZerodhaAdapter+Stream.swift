import AdapterKit
import Exact

/// The price and order stream of one login.
struct Stream {
    var id: StreamID?
    var isOpen = false
    /// Of the frames that were sent.
    var lastTag: UInt64 = 0
    /// Of a session of prices: whether it has said that its prices are old.
    var wasLost = false
    /// What is streamed, by the broker's number of the instrument.
    var subscriptions: [UInt32: Subscription] = [:]

    struct Subscription {
        let uid: UInt64
        let instrumentID: String
        var mode: SubscriptionMode
        /// Units a lot, where the broker counts lots.
        let lotSize: ExactDecimal?
    }

    /// Instruments a connection (FACTS.md §7).
    static let most = 3_000
}

extension SubscriptionMode {
    /// The broker's word.
    fileprivate var word: String {
        switch self {
        case .last: "ltp"
        case .quote: "quote"
        case .depth: "full"
        }
    }
}

extension ZerodhaAdapter {
    /// Connects; the host keeps the connection and reports each time that it is open again.
    func openStream() {
        guard settings.streams, stream.id == nil, let login, let token = login.accessToken else { return }
        var connection = Connection(
            Self.streamEndpoint, account: 0,
            target: "/?api_key=\(secret: login.apiKey)&access_token=\(secret: token)")
        connection.headers = [(name: "X-Kite-Version", value: "3")]
        connection.pingIntervalNanoseconds = 2_500_000_000
        // The broker beats once a second: five seconds of silence are a dead connection (FACTS.md §13).
        connection.idleTimeoutNanoseconds = 5_000_000_000
        connection.maxFrame = 4 << 20
        do throws(HostError) { stream.id = try host.openWebSocket(connection) } catch {
            host.log(.error, "The stream could not be opened", ["error": error.description])
        }
    }

    func closeStream() {
        if let id = stream.id { host.closeWebSocket(id) }
        stream.id = nil
        stream.isOpen = false
    }

    func onStream(_ id: StreamID, _ state: StreamState, httpStatus: Int, reason: String?) {
        guard id == stream.id else { return }
        switch state {
        case .opening: break
        case .open:
            stream.isOpen = true
            resubscribe()
            if isData {
                if stream.wasLost { host.sessionReport(.ready, expiresAt: IndianTime.loginEnd(after: host.now)) }
                stream.wasLost = false
            } else {
                // Nothing that was missed comes again (FACTS.md §12).
                readBooks()
            }
        case .lost:
            stream.isOpen = false
            if isData { streamIsLost(.degraded, "the stream is interrupted", httpStatus, reason) }
            if books.mayMove { ordersMayMove() }
        case .closed:
            stream.isOpen = false
            stream.id = nil
            if isData { return streamIsLost(.failed, "the stream is closed", httpStatus, reason) }
            if httpStatus == 403 {
                host.log(
                    .warning, "The broker refused the stream: the login has ended, or the plan has none",
                    ["reason": reason ?? ""])
                checkLogin()
            } else {
                host.log(.warning, "The stream is closed", ["status": String(httpStatus), "reason": reason ?? ""])
            }
            if books.mayMove { ordersMayMove() }
        }
    }

    /// A session of prices is as good as its stream: what it told last is not news any more.
    private func streamIsLost(_ state: SessionState, _ text: String, _ httpStatus: Int, _ reason: String?) {
        stream.wasLost = true
        host.sessionState(
            state,
            error: AdapterError(
                httpStatus == 403 ? .forbidden : .network, reason.map { "\(text): \($0)" } ?? text,
                certainty: .notSent, retry: httpStatus == 403 ? .afterLogin : .now,
                httpStatus: httpStatus == 0 ? nil : httpStatus))
    }

    /// Whether it was the login: a read says so, and `read` then ends it.
    private func checkLogin() {
        host.send(ownRequest(.profile)) { [self] answer in _ = read(answer, bucket: .others) }
    }

    // MARK: Subscriptions

    func subscribe(_ instruments: InstrumentList, _ mode: SubscriptionMode, _ command: Command) {
        var added: [UInt32: Stream.Subscription] = [:]
        var failure: AdapterError?
        instruments.each { instrument in
            guard let token = Symbol.token(of: instrument) else {
                failure =
                    failure
                    ?? AdapterError(
                        .instrument,
                        "the broker's number of \(instrument.id) is not known: sync the instruments",
                        field: "instruments", certainty: .notSent, retry: .never)
                return
            }
            let countsLots = (try? Symbol.of(instrument))?.exchange.countsLots ?? false
            added[token] = Stream.Subscription(
                uid: instrument.uid, instrumentID: instrument.id, mode: mode,
                lotSize: countsLots ? instrument.lotSize : nil)
        }
        if failure == nil, !settings.streams {
            failure = .unsupported("the account's config says that it has no stream", field: "stream")
        }
        let total = added.keys.reduce(stream.subscriptions.count) {
            $0 + (stream.subscriptions[$1] == nil ? 1 : 0)
        }
        if failure == nil, total > Stream.most {
            failure = AdapterError(
                .rateLimited, "a connection streams \(Stream.most) instruments at most, and this would make \(total)",
                field: "instruments", certainty: .notSent, retry: .never)
        }
        if let failure {
            command.notSent(failure)
            return
        }
        for (token, subscription) in added { stream.subscriptions[token] = subscription }
        if stream.isOpen { announce(Array(added.keys), mode) }
        command.ok()
    }

    func unsubscribe(_ instruments: InstrumentList, _ command: Command) {
        var removed: [UInt32] = []
        instruments.each { instrument in
            guard let token = Symbol.token(of: instrument),
                stream.subscriptions.removeValue(forKey: token) != nil
            else { return }
            removed.append(token)
        }
        if stream.isOpen, !removed.isEmpty { send(#"{"a":"unsubscribe","v":[\#(list(removed))]}"#) }
        command.ok()
    }

    private func resubscribe() {
        for mode in [SubscriptionMode.last, .quote, .depth] {
            let tokens = stream.subscriptions.filter { $0.value.mode == mode }.map(\.key)
            if !tokens.isEmpty { announce(tokens, mode) }
        }
    }

    private func announce(_ tokens: [UInt32], _ mode: SubscriptionMode) {
        send(#"{"a":"subscribe","v":[\#(list(tokens))]}"#)
        send(#"{"a":"mode","v":["\#(mode.word)",[\#(list(tokens))]]}"#)
    }

    private func list(_ tokens: [UInt32]) -> String { tokens.sorted().map(String.init).joined(separator: ",") }

    private func send(_ text: String) {
        guard let id = stream.id else { return }
        // Two frames that are on their way at once need names of their own.
        stream.lastTag += 1
        let status = host.send(.text(text, effect: .read, tag: stream.lastTag), on: id)
        if !status.isOK { host.log(.warning, "A frame could not be sent", ["status": status.description]) }
    }

    // MARK: Frames

    func onFrame(_ id: StreamID, _ kind: FrameKind, _ payload: Bytes) {
        guard id == stream.id else { return }
        if kind == .binary {
            payload.withUnsafeBytes { onPrices($0) }
        } else {
            onText(payload)
        }
    }

    /// Unknown types are ignored, as the broker asks (FACTS.md §12).
    private func onText(_ payload: Bytes) {
        let message = payload.withUnsafeBytes { bytes in
            try? JSONValue.parse(bytes.bindMemory(to: UInt8.self), limits: .large)
        }
        guard let message else {
            host.log(.warning, "A text frame of the stream is no JSON")
            return
        }
        switch message["type"]?.string {
        case "order": if let data = message["data"] { orderNews(data) }
        case "error": host.log(.warning, "The stream says", ["error": Self.words(message["data"])])
        case "message": host.log(.info, "The broker says", ["message": Self.words(message["data"])])
        default: break
        }
    }

    /// What a frame says to a person: text, or an object of whatever form, shortened.
    private static func words(_ data: JSONValue?) -> String {
        let text = data?.string ?? data?.serializedText() ?? ""
        return String(text.prefix(500))
    }

    private func onPrices(_ bytes: UnsafeRawBufferPointer) {
        ticks.removeAll(keepingCapacity: true)
        var frame = TickFrame(bytes)
        while let packet = frame.next() {
            guard let subscription = stream.subscriptions[packet.token] else { continue }
            ticks.append(packet.tick(subscription))
        }
        if !ticks.isEmpty { host.ticks(ticks) }
        if frame.isCut || frame.unknown > 0 {
            host.metric("zerodha_price_packets_lost", .counter, Int64(frame.unknown) + (frame.isCut ? 1 : 0))
        }
    }
}

extension TickPacket {
    /// The packet in our words. A price of 0 is none: nothing trades at nothing here.
    func tick(_ subscription: Stream.Subscription) -> Tick {
        let exponent = priceExponent
        func price(_ value: Int32?) -> ExactDecimal? {
            guard let value, value != 0 else { return nil }
            return ExactDecimal(mantissa: Int128(value), exponent: exponent)
        }
        func quantity(_ value: UInt32?) -> ExactDecimal? {
            guard let value, let counted = ExactDecimal(mantissa: Int128(value), exponent: 0) else { return nil }
            guard let lot = subscription.lotSize else { return counted }
            return counted.multiplied(by: lot)
        }
        var tick = Tick(
            instrument: subscription.uid, instrumentID: subscription.uid == 0 ? subscription.instrumentID : nil)
        tick.last = price(last)
        tick.lastQuantity = quantity(lastQuantity)
        tick.averagePrice = price(average)
        tick.volume = quantity(volume)
        tick.totalBidQuantity = quantity(totalBidQuantity)
        tick.totalAskQuantity = quantity(totalAskQuantity)
        tick.open = price(open)
        tick.high = price(high)
        tick.low = price(low)
        tick.close = price(close)
        tick.openInterest = quantity(openInterest)
        tick.openInterestHigh = quantity(openInterestHigh)
        tick.openInterestLow = quantity(openInterestLow)
        tick.lastTradeTime = lastTradeTime.map { Timestamp(nanoseconds: Int64($0) * 1_000_000_000) }
        tick.exchangeTime = exchangeTime.map { Timestamp(nanoseconds: Int64($0) * 1_000_000_000) }
        if mode == .full {
            tick.bids = levels(isBid: true, price, quantity)
            tick.asks = levels(isBid: false, price, quantity)
        }
        return tick
    }

    private func levels(
        isBid: Bool, _ price: (Int32?) -> ExactDecimal?, _ quantity: (UInt32?) -> ExactDecimal?
    ) -> [BookLevel] {
        var levels: [BookLevel] = []
        levels.reserveCapacity(5)
        for index in 0..<5 {
            // Before the open, market orders stand in front without a price; a level of nothing at all is none.
            guard let level = level(index, isBid: isBid), level.price != 0 || level.quantity != 0,
                let quantity = quantity(level.quantity)
            else { continue }
            levels.append(
                BookLevel(price: price(level.price) ?? .zero, quantity: quantity, orders: UInt32(level.orders)))
        }
        return levels
    }
}
