import AdapterKit
import AdapterTesting
import Exact
import Testing

@testable import Zerodha

@Suite("What answers, hints and the end of a login mean")
struct AnswerTests {
    private func placed(_ data: String) throws -> Completion {
        let desk = try Desk()
        let sent = desk.host.submit(Desk.order(options: #"{"autoslice":true}"#))
        desk.answer("POST", "/orders/regular", data)
        return try #require(desk.host.completion(of: sent))
    }

    @Test(
        "An order that the broker cut is accepted as soon as one part is, whatever form the answer has",
        arguments: [
            #"{"order_id":"1","children":[{"order_id":"2"},{"error":{"code":400,"error_type":"MarginException","message":"no"}}]}"#,
            #"[{"order_id":"1"},{"order_id":"2"},{"error":{"code":400,"error_type":"MarginException","message":"no"}}]"#,
        ])
    func cut(answer: String) throws {
        let completion = try placed(answer)
        #expect(completion.outcome == .accepted)
        #expect(completion.identity?.brokerOrderID == "1")
        #expect(completion.children.map(\.outcome) == [.accepted, .accepted, .rejected])
    }

    @Test(
        "Where no part has an id, the whole is refused only if every part was refused for certain",
        arguments: [
            (#"[{"error":{"code":400,"error_type":"MarginException","message":"no"}}]"#, Outcome.rejected),
            (#"[{"error":{"code":429,"error_type":"NetworkException","message":"no"}}]"#, .rejected),
            (
                #"[{"error":{"code":400,"error_type":"MarginException"}},{"error":{"code":503,"error_type":"NetworkException"}}]"#,
                .unknown
            ),
            (#"[{"error":{"code":400,"error_type":"MarginException"}},{}]"#, .unknown),
            ("[]", .unknown), ("{}", .unknown), ("true", .unknown), ("null", .unknown),
        ])
    func noPart(answer: String, outcome: Outcome) throws {
        #expect(try placed(answer).outcome == outcome)
    }

    @Test(
        "A status of which nobody has written down what it proves is unknown, unless the exception says it",
        arguments: [
            (408, nil, AdapterError.Certainty.unknown), (409, "GeneralException", .unknown),
            (422, "InputException", .rejected), (499, nil, .unknown), (404, nil, .rejected), (405, nil, .rejected),
            (410, nil, .rejected), (428, "HoldingException", .rejected), (429, nil, .rejected), (403, nil, .rejected),
        ] as [(Int, String?, AdapterError.Certainty)])
    func statuses(status: Int, kind: String?, certainty: AdapterError.Certainty) throws {
        let body = try kind.map { try JSONValue.parse(#"{"status":"error","message":"m","error_type":"\#($0)"}"#) }
        #expect(Failure.read(status: status, body: body).certainty == certainty)
    }

    @Test("Legs of an iceberg without a tag are orders of their own: nothing says what belongs together")
    func strangersIceberg() throws {
        let book = try #require(
            OrderBook(
                try JSONValue.parse(
                    """
                    [{"order_id":"1","status":"COMPLETE","exchange":"NSE","tradingsymbol":"INFY","variety":"iceberg",
                    "transaction_type":"BUY","order_type":"LIMIT","product":"CNC","validity":"DAY","price":1,
                    "quantity":100,"filled_quantity":100,"tag":null,"tags":[],
                    "meta":{"iceberg":{"leg":1,"legs":3,"leg_quantity":100,"total_quantity":300}}}]
                    """)))
        let update = try #require(book.whole().first).update(
            account: 0, instrument: StoredInstrument(id: "NSE:EQ:INFY", lotSize: 1), withOrder: true)
        #expect(update.state == .filled)
        #expect(update.cumulativeQuantity == 100)
        #expect(update.leavesQuantity == 0)
        #expect(update.order?.quantity == 100)
    }

    @Test("Our tag is found wherever it stands among the venue's and anybody's")
    func tags() throws {
        let record = try #require(
            OrderRecord(
                try JSONValue.parse(
                    """
                    {"order_id":"1","status":"OPEN","exchange":"NSE","tradingsymbol":"INFY","tag":null,
                    "tags":["mktp:2.00","a remark that is longer than a reference","a00000000000000001"]}
                    """)))
        let reference = try #require(ClientReference("a00000000000000001"))
        #expect(record.clientReference == reference)
        #expect(record.carries(reference))
    }

    @Test("A hint of no known state tells its quantities, and the books are read")
    func hint() throws {
        let desk = try Desk()
        let stream = try #require(desk.host.streams.last)
        desk.host.stream(stream.id, is: .open)
        desk.answer("GET", "/orders", "[]")
        desk.host.receive(
            stream.id,
            text: """
                {"type":"order","data":{"order_id":"5","status":"A NEW WORD","exchange":"NSE","tradingsymbol":"INFY",
                "quantity":10,"filled_quantity":4,"pending_quantity":6}}
                """)
        let told = try #require(desk.host.orderUpdates.last)
        #expect(told.state == .other)
        #expect(told.rawState == "A NEW WORD")
        #expect(told.cumulativeQuantity == 4)
        desk.host.advance(nanoseconds: 250_000_000)
        #expect(desk.request("GET", "/orders") != nil)
    }

    @Test("A session of prices tells no orders and reads no books")
    func dataSession() throws {
        let desk = try Desk(role: .data)
        let stream = try #require(desk.host.streams.last)
        desk.host.stream(stream.id, is: .open)
        desk.host.receive(
            stream.id,
            text: """
                {"type":"order","data":{"order_id":"5","status":"OPEN","exchange":"NSE","tradingsymbol":"INFY"}}
                """)
        desk.host.advance(nanoseconds: 10_000_000_000)
        #expect(desk.host.orderUpdates.isEmpty)
        #expect(desk.host.requests.isEmpty)
        #expect(desk.host.violations.isEmpty)
    }

    @Test("A session of prices asks nobody for a login: without one it fails, and another is made when there is one")
    func waitsForLogin() throws {
        let host = try ScriptedHost(
            ZerodhaAdapter.self, role: .data, environment: .live,
            secrets: ["api_key": "made-up", "api_secret": "made-up, not-a-secret"])
        let opened = host.open()
        #expect(host.completion(of: opened)?.outcome == .notSent)
        #expect(host.state == .failed)
        #expect(host.states.last?.error?.code == .authenticationExpired)
        #expect(host.challenges.isEmpty)
        #expect(host.requests.isEmpty)
    }

    @Test(
        "A session of prices is as good as its stream, subscribes again after it was lost, and never forgets a kept login"
    )
    func streamOfPrices() throws {
        let desk = try Desk(role: .data)
        let stream = try #require(desk.host.streams.last)
        desk.host.stream(stream.id, is: .open)
        desk.host.subscribe([Desk.instrument()], .depth)
        let asked = desk.host.frames.map(\.text)
        #expect(asked == [#"{"a":"subscribe","v":[408065]}"#, #"{"a":"mode","v":["full",[408065]]}"#])
        desk.host.stream(stream.id, is: .lost, reason: "silence")
        #expect(desk.host.state == .degraded)
        desk.host.stream(stream.id, is: .open)
        #expect(desk.host.state == .ready)
        #expect(desk.host.frames.map(\.text) == asked + asked)
        desk.host.stream(stream.id, is: .closed, httpStatus: 403)
        #expect(desk.host.state == .failed)
        #expect(desk.host.secret("access_token") != nil)
        #expect(desk.host.violations.isEmpty)
    }

    // MARK: Clocks

    @Test(
        "An order is proven absent only where its day is the book's, however the clocks differ by minutes",
        arguments: [
            ("2026-12-30 10:00:00", "2026-12-30 10:01:00", Outcome.provenAbsent),
            ("2026-12-29 15:00:00", "2026-12-30 09:00:00", .indeterminate),
            // Ours may be behind: the broker's book may be the next day's already.
            ("2026-12-30 23:40:00", "2026-12-30 23:55:00", .indeterminate),
            ("2026-12-30 00:05:00", "2026-12-30 00:20:00", .indeterminate),
            ("2026-12-30 00:15:00", "2026-12-30 00:20:00", .provenAbsent),
        ])
    func absence(written: String, now: String, outcome: Outcome) throws {
        let desk = try Desk(now: now)
        let sent = desk.host.reconcile([
            (
                identity: OrderIdentity(account: 0, clientReference: ClientReference("a00000000000000001")),
                written: IndianTime.instant(written)
            )
        ])
        desk.answer("GET", "/orders", "[]")
        #expect(desk.host.completion(of: try #require(sent.first))?.outcome == outcome)
    }

    // MARK: The login

    @Test("A login that ends is renewed where the broker gave a token for that, and a person asked where that fails")
    func renewal() throws {
        let desk = try Desk(refreshToken: "refreshtoken0123456789abcdefghij")
        let first = try #require(desk.host.streams.last)
        desk.host.stream(first.id, is: .open)
        desk.answer("GET", "/orders", "[]")
        desk.host.advance(nanoseconds: 20 * 3_600_000_000_000)
        desk.answer(
            "POST", "/session/refresh_token",
            #"{"access_token":"next-day-not-a-secret","refresh_token":""}"#)
        #expect(desk.host.state == .ready)
        let second = try #require(desk.host.streams.last)
        #expect(second.id != first.id)
        #expect(second.target.contains("next-day-not-a-secret"))

        desk.host.advance(nanoseconds: 24 * 3_600_000_000_000)
        desk.refuse("POST", "/session/refresh_token", 403, "TokenException")
        #expect(desk.host.state == .challenge)
        #expect(desk.host.secret("refresh_token") == nil)
    }

    @Test("Whoever logs out is not logged in again")
    func logout() throws {
        let desk = try Desk(refreshToken: "refreshtoken0123456789abcdefghij")
        let sent = desk.host.vendorCall("logout")
        desk.answer("DELETE", "/session/token", "true")
        #expect(desk.host.completion(of: sent)?.outcome == .ok)
        #expect(desk.request("POST", "/session/refresh_token") == nil)
        #expect(desk.host.state == .challenge)
    }

    // MARK: Calls by name

    @Test("The list of one exchange is shown by its size and first lines, an exchange nobody has refused by name")
    func list() throws {
        let desk = try Desk()
        let sent = desk.host.vendorCall("instruments", #"{"exchange":"NSE"}"#)
        let request = try #require(desk.request("GET", "/instruments/NSE"))
        desk.host.deliver(part: Array("instrument_token,exchange\n1,NSE\n".utf8), of: request.tag)
        desk.host.answer(request, text: "")
        let document = try JSONValue.parse(try #require(desk.host.completion(of: sent)?.document))
        #expect(document["lines"]?.int64 == 2)
        #expect(document["first"]?[1]?.string == "1,NSE")
        let refused = desk.host.vendorCall("instruments", #"{"exchange":"LSE"}"#)
        #expect(desk.host.completion(of: refused)?.error?.field == "arguments.exchange")
    }

    @Test("Bars over more days than the broker gives are refused before they are asked for")
    func span() throws {
        let desk = try Desk()
        let sent = desk.host.vendorCall(
            "candles",
            #"{"instrument_token":408065,"interval":"1m","from":"2026-01-01 00:00:00","to":"2026-03-31 00:00:00"}"#)
        #expect(desk.host.completion(of: sent)?.error?.field == "arguments.to")
        #expect(desk.host.requests.isEmpty)
    }

    @Test("Quantities of quotes are units where the broker counts lots")
    func quotes() throws {
        let desk = try Desk()
        let instrument = Desk.instrument("MCX:CRUDEOIL26DECFUT", lot: 100)
        let sent = desk.host.query(.quotes, instruments: [instrument])
        desk.answer(
            "GET", "/quote",
            """
            {"MCX:CRUDEOIL26DECFUT":{"last_price":5630,"last_quantity":2,"timestamp":"2026-12-30 09:59:59",
            "depth":{"buy":[{"price":5629,"quantity":3}],"sell":[{"price":5631,"quantity":0}]}}}
            """)
        let row = try #require(desk.host.rows[sent.token]?.quotes.first)
        #expect(row.lastSize == 200)
        #expect(row.bidSize == 300)
        #expect(row.askSize == nil)
    }
}
