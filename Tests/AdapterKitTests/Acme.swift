import AdapterKit
import Exact

/// A small adapter that talks to a broker, as an author would write it.
final class Acme: ConnectedAdapter {
    static let descriptor = Descriptor(
        id: "acme", name: "Acme", version: "1.0.0", capabilities: [.submit, .modify, .cancel, .queryInstruments],
        capabilityDocument: #"{"cases":{"options":{"note_pct":"note"},"words":{"AUTO":-1}}}"#,
        orderOptionsSchema: #"{"type":"object","properties":{"note":{}}}"#,
        rateBuckets: [
            RateBucket(
                id: "orders", scopeKey: "login", windows: [RateBucket.Window(units: 10, perNanoseconds: 1_000_000_000)])
        ])
    static let connections = Connections(
        endpoints: [
            Connections.Endpoint(.https, "rest", live: "https://api.acme.example/v1"),
            Connections.Endpoint(.webSocket, "feed", live: "wss://feed.acme.example"),
        ],
        secrets: [
            Connections.SecretNeed("api_key", "names us", isRequired: true),
            Connections.SecretNeed("api_secret", "signs", isRequired: true),
            Connections.SecretNeed("access_token", "the login", isRequired: false),
        ],
        vendorCalls: [Connections.VendorCall("ping", .read, "says pong")],
        capabilities: [.subscribe, .vendorCall, .takesWebhooks])

    private let host: Host
    private var authorization: PreparedTemplate?
    private var signature: PreparedTemplate?
    private var feed: StreamID?
    var uids: [UInt64: UInt64] = [:]

    init(host: Host, options: SessionOptions) throws(AdapterFailure) { self.host = host }

    func open(_ command: Command) {
        guard let key = try? host.secret("api_key", account: 0), let secret = try? host.secret("api_secret", account: 0)
        else {
            host.sessionState(.failed)
            command.notSent(AdapterError(.authenticationRejected, "api_key and api_secret are needed"))
            return
        }
        signature = PreparedTemplate(
            .encode(.hex, .hmac(.sha256, key: .secret(secret), "\(.slot(.path))\(.slot(.body))")))
        if let token = try? host.secret("access_token", account: 0) { return ready(key, token, command) }
        host.sessionReport(
            .challenge,
            challenge: Challenge(
                .redirect, id: "login", url: "https://acme.example/login?key=\(secret: key)", prompt: "Sign in",
                fields: [Challenge.Field("code")]))
        command.ok()
    }

    func authReply(_ answer: ChallengeAnswer, _ command: Command) {
        guard let code = answer["code"], let key = try? host.secret("api_key", account: 0) else {
            command.reject(AdapterError(.invalid, field: "code"))
            return
        }
        var request = host.request(.post, "rest", "/token", for: command, effect: .session)
        request.form("code", .secret(code))
        request.capture(Capture(.json("/token"), as: "access_token"))
        host.send(request, for: command) { [self] answer in
            if let token = answer.captured("access_token") {
                ready(key, token, command)
            } else {
                command.fail(answer.transport.error ?? AdapterError(.authenticationRejected, retry: .never))
            }
        }
    }

    private func ready(_ key: SecretHandle, _ token: SecretHandle, _ command: Command) {
        authorization = PreparedTemplate("token \(secret: key):\(secret: token)")
        host.sessionReport(.ready, expiresAt: Timestamp(nanoseconds: host.now.nanoseconds + 1_000))
        command.ok()
    }

    func submit(_ order: Order, _ command: Command) {
        guard let authorization, let signature else { return }
        var request = host.request(.post, "rest", "/orders", for: command, effect: .mutation)
        request.cost("orders")
        request.header("Authorization", authorization)
        request.header("X-Sign", signature)
        request.form("symbol", order.instrument.alias ?? order.instrument.id)
        request.form("side", order.side == .buy ? "BUY" : "SELL")
        request.form("quantity", order.quantity)
        if let price = order.price { request.form("price", price) }
        if let options = order.options { request.form("options", options) }
        request.form("tag", order.clientReference)
        host.send(request, for: command) { answer in
            if let error = answer.transport.error {
                command.fail(error)
                return
            }
            guard let document = try? answer.json() else {
                command.unknown(AdapterError(.protocolViolation, httpStatus: answer.status))
                return
            }
            if answer.isSuccess, let id = document["data"]?["order_id"]?.string {
                command.accept(brokerOrderID: id)
            } else if answer.status >= 500 {
                command.unknown(AdapterError(.brokerUnavailable, httpStatus: answer.status))
            } else {
                command.reject(
                    AdapterError(
                        answer.status == 403 ? .authenticationExpired : .brokerRisk,
                        retry: answer.status == 403 ? .afterLogin : .never, brokerText: document["message"]?.string,
                        httpStatus: answer.status))
            }
        }
    }

    func modify(_ reference: OrderReference, _ changes: Changes, _ command: Command) {
        var request = host.request(.put, "rest", "/orders", for: command, effect: .mutation)
        request.component(reference.brokerOrderID ?? "")
        var json = JSONWriter()
        json.beginObject()
        json.member("price", changes.price)
        json.member("type", changes.orderType.map { "\($0)" })
        json.member("options", changes.options)
        json.endObject()
        request.json(json)
        host.send(request, for: command) { answer in command.accept() }
    }

    func cancel(_ reference: OrderReference, _ command: Command) {
        var request = host.request(.delete, "rest", "/orders", for: command, effect: .mutation)
        request.isUrgent = true
        request.component(reference.brokerOrderID ?? "")
        request.query("reason", "a b&c")
        host.send(request, for: command) { answer in
            if let error = answer.transport.error { command.fail(error) } else { command.accept() }
        }
    }

    func query(_ kind: QueryKind, _ filter: Filter, _ command: Command) {
        let request = host.request(.get, "rest", "/instruments", for: command, effect: .read)
        var rest: [UInt8] = []
        host.send(
            request, parts: { rest += $0.copy() },
            then: { _ in
                let lines = String(decoding: rest, as: UTF8.self).split(separator: "\n")
                command.send(instruments: lines.map { InstrumentRow(StoredInstrument(id: String($0))) })
                command.ok()
            })
    }

    func subscribe(_ instruments: InstrumentList, _ mode: SubscriptionMode, _ command: Command) {
        instruments.each { instrument in
            if let text = instrument.brokerData, let number = UInt64(String(decoding: text, as: UTF8.self)) {
                uids[number] = instrument.uid
            }
        }
        feed = try? host.openWebSocket(Connection("feed", account: 0, target: "/?mode=\("\(mode)")"))
        command.ok()
    }

    func onStream(_ stream: StreamID, _ state: StreamState, httpStatus: Int, reason: String?) {
        if state == .open { host.send(.text("subscribe", effect: .session, tag: 5), on: stream) }
    }

    func onFrame(_ stream: StreamID, _ kind: FrameKind, _ payload: Bytes) {
        if kind == .text { return note(payload.text ?? "") }
        guard let token = payload.bigEndian(UInt32.self, at: 0), let price = payload.bigEndian(Int32.self, at: 4)
        else { return }
        var tick = Tick(instrument: uids[UInt64(token)] ?? 0)
        tick.last = ExactDecimal(mantissa: Int128(price), exponent: -2)
        host.ticks([tick])
    }

    private func note(_ text: String) {
        guard let order = (try? JSONValue.parse(text))?["data"], let id = order["order_id"]?.string else { return }
        host.orderUpdate([
            OrderUpdate(
                OrderIdentity(account: 0, brokerOrderID: id), .filled,
                cumulativeQuantity: order["filled_quantity"]?.decimalOrText)
        ])
    }

    func vendorCall(_ name: String, _ arguments: String, _ command: Command) {
        let request = host.request(.get, "rest", "/ping", for: command, effect: .read)
        host.send(request, for: command) { answer in command.ok(document: answer.body.text ?? "null") }
    }

    func onWebhook(_ webhook: Webhook) { note(webhook.body.text ?? "") }
}
