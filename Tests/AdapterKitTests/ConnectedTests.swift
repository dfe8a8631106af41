import AdapterKit
import AdapterTesting
import Exact
import Testing

private let secrets = ["api_key": "kkkk", "api_secret": "ssss", "access_token": "tttt"]

private func order(_ reference: String = "a00000000000000001") -> StoredOrder {
    StoredOrder(
        account: 0, instrument: StoredInstrument(id: "NSE:EQ:INFY", alias: "NSE:INFY & CO"), side: .buy, type: .limit,
        quantity: 10, price: ExactDecimal("1500.05"), product: .delivery, timeInForce: .day,
        clientReference: ClientReference(reference))
}

private func opened() throws -> ScriptedHost {
    let host = try ScriptedHost(Acme.self, secrets: secrets)
    host.open()
    return host
}

struct ConnectedTests {
    @Test("A request leaves with its templates made: secrets, encodings and a signature over other parts of it")
    func request() throws {
        let host = try opened()
        let sent = host.submit(order())
        let request = try #require(host.requests.first)
        #expect(request.method == "POST" && request.target == "/orders" && request.endpoint == "rest")
        #expect(request.tokens == [sent.token] && request.effect == .mutation)
        #expect(request.costs == [Cost("orders")])
        #expect(request.header("authorization") == "token kkkk:tttt")
        #expect(request.header("content-type") == "application/x-www-form-urlencoded")
        #expect(
            request.bodyText
                == "symbol=NSE%3AINFY+%26+CO&side=BUY&quantity=10&price=1500.05&tag=a00000000000000001")
        #expect(request.header("x-sign")?.count == 64)
        host.answer(request, text: #"{"data":{"order_id":"77"}}"#)
        let completion = try #require(host.completion(of: sent))
        #expect(completion.outcome == .accepted && completion.identity?.brokerOrderID == "77")
        #expect(host.violations.isEmpty)
    }

    @Test(
        "What the transport proves decides how a mutation without an answer ends",
        arguments: [
            (TransportResult.neverSent, Outcome.notSent), (.blockedByLimit, .notSent), (.aborted, .notSent),
            (.sentNoReply, .unknown), (.replyTruncated, .unknown),
        ])
    func certainty(result: TransportResult, outcome: Outcome) throws {
        let host = try opened()
        let sent = host.submit(order())
        host.fail(try #require(host.requests.first), result)
        #expect(host.completion(of: sent)?.outcome == outcome)
    }

    @Test("A request that the host does not take ends its command as not sent")
    func refused() throws {
        let host = try opened()
        host.failing["http_send"] = .quota
        let sent = host.submit(order())
        #expect(host.completion(of: sent)?.outcome == .notSent)
        #expect(host.requests.isEmpty)
    }

    @Test("A login asks a person, and its token is taken out of the answer before the adapter sees it")
    func login() throws {
        let host = try ScriptedHost(Acme.self, secrets: ["api_key": "kkkk", "api_secret": "ssss"])
        host.open()
        #expect(host.state == .challenge)
        #expect(host.challenges.first?.url == "https://acme.example/login?key=kkkk")
        let sent = host.authReply("login", ["code": "c0de"])
        let request = try #require(host.requests.first)
        #expect(request.bodyText == "code=c0de" && request.effect == .session)
        host.answer(request, text: #"{"token":"fresh"}"#)
        #expect(host.completion(of: sent)?.outcome == .ok && host.state == .ready)
        #expect(host.secret("access_token") == "fresh")
        host.submit(order())
        #expect(host.requests.first?.header("authorization") == "token kkkk:fresh")
    }

    @Test("A modify carries an order type and options; a path and a query are encoded")
    func modifyAndCancel() throws {
        let host = try opened()
        let identity = OrderIdentity(account: 0, brokerOrderID: "7/8")
        host.modify(
            identity, price: 5, orderType: .market, options: #"{"note":1}"#,
            clientReference: try #require(ClientReference("b00000000000000001")))
        let modify = try #require(host.requests.first)
        #expect(modify.target == "/orders/7%2F8")
        #expect(modify.bodyText == #"{"price":5,"type":"market","options":"{\"note\":1}"}"#)
        host.cancel(identity)
        let cancel = try #require(host.requests.last)
        #expect(cancel.target == "/orders/7%2F8?reason=a%20b%26c" && cancel.isUrgent && cancel.body.isEmpty)
        #expect(cancel.header("content-type") == nil)
    }

    @Test("A large body comes in parts, and the answer after the last")
    func parts() throws {
        let host = try opened()
        let sent = host.query(.instruments)
        let request = try #require(host.requests.first)
        #expect(request.isStreamed)
        let lines = (0..<20_000).map { "NSE:EQ:S\($0)" }
        host.answer(request, text: lines.joined(separator: "\n"))
        #expect(host.rows[sent.token]?.instruments.map(\.instrument.id) == lines)
        #expect(host.completion(of: sent)?.outcome == .ok)
    }

    @Test("Frames bring ticks and orders; a short one is nothing")
    func frames() throws {
        let host = try opened()
        host.subscribe([StoredInstrument(uid: 9, id: "NSE:EQ:INFY", brokerData: Array("408065".utf8))], .depth)
        let stream = try #require(host.streams.first)
        #expect(stream.target == "/?mode=depth")
        host.stream(stream.id, is: .open)
        #expect(host.frames.map(\.text) == ["subscribe"])
        host.receive(stream.id, .binary, [0, 6, 0x3a, 1, 0, 2, 0x66, 0x83])
        host.receive(stream.id, .binary, [0, 6])
        host.receive(stream.id, text: #"{"data":{"order_id":"77","filled_quantity":3}}"#)
        #expect(host.ticks.map(\.instrument) == [9])
        #expect(host.ticks.first?.last == ExactDecimal("1573.15"))
        #expect(host.orderUpdates.map(\.cumulativeQuantity) == [3])
        host.webhook(body: Array(#"{"data":{"order_id":"78"}}"#.utf8))
        #expect(host.orderUpdates.last?.identity.brokerOrderID == "78")
        #expect(host.violations.isEmpty)
    }

    @Test("A vendor call is made by its name alone, and its result is a document")
    func vendorCall() throws {
        let host = try opened()
        let sent = host.vendorCall("ping")
        host.answer(try #require(host.requests.first), text: #"{"pong":1}"#)
        #expect(host.completion(of: sent)?.document == #"{"pong":1}"#)
        #expect(host.vendorCall("pong").status == .unsupported)
    }

    @Test("A session that is gone runs nothing that waited for an answer")
    func destroyed() throws {
        let host = try opened()
        host.submit(order())
        host.destroy()
        #expect(host.completions.count == 1)  // the open
    }
}
