import AdapterKit
import AdapterTesting
import Testing

@testable import Paper

@Suite("Faults of requests and replies")
struct ReplyFaultTests {
    @Test("A reply that is lost before acceptance ends unknown, and the look-up proves absence")
    func lostBefore() throws {
        let chaos = try ChaosHost(
            #"{"when":{"command":"submit","nth":1},"then":{"fault":"reply_lost","phase":"before","timeout_ms":200}}"#)
        let sent = chaos.submit("ref1")
        chaos.advance(milliseconds: 199)
        #expect(chaos.host.completion(of: sent) == nil)
        chaos.advance(milliseconds: 1)
        let completion = try #require(chaos.host.completion(of: sent))
        #expect(completion.outcome == .unknown)
        #expect(completion.error?.code == .timeout)
        #expect(completion.error?.retry == .afterReconcile)
        #expect(chaos.lookUp("ref1")?.outcome == .provenAbsent)
        #expect(chaos.trades.isEmpty && chaos.states.isEmpty)
        // The same reference may be sent again, and is taken once.
        #expect(chaos.outcome(chaos.submit("ref1")) == .accepted)
        try chaos.expectSound()
    }

    @Test("A reply that is lost after acceptance ends unknown; the stream and the look-up tell that it lives")
    func lostAfter() throws {
        let chaos = try ChaosHost(
            #"{"when":{"command":"submit"},"then":{"fault":"reply_lost","phase":"after","timeout_ms":200}}"#)
        let sent = chaos.submit("ref1")
        #expect(chaos.trades == ["E1"])
        chaos.advance(milliseconds: 200)
        #expect(chaos.outcome(sent) == .unknown)
        let found = try #require(chaos.lookUp("ref1"))
        #expect(found.outcome == .found)
        #expect(found.orderState == .filled)
        #expect(found.identity?.brokerOrderID == "P1")
        // A second copy is refused as what it is, and that refusal is lost as well.
        let again = chaos.submit("ref1")
        chaos.advance(milliseconds: 200)
        #expect(chaos.outcome(again) == .unknown)
        try chaos.expectSound()
    }

    @Test("Where the reports are lost too, nobody hears of the order until it is looked up")
    func lostWithReports() throws {
        let chaos = try ChaosHost(
            """
            {"when":{"command":"submit"},"then":{"fault":"reply_lost","timeout_ms":200,"lose_reports":true}}
            """)
        chaos.submit("ref1", .buy, 10, price: "99.50")
        chaos.host.quote(ChaosHost.share, bid: 98, ask: 99, askSize: 4)
        chaos.advance(milliseconds: 500)
        #expect(chaos.trades.isEmpty && chaos.states.isEmpty)
        #expect(chaos.lookUp("ref1")?.orderState == .partiallyFilled)
        #expect(chaos.trades == ["E1"])
        chaos.host.quote(ChaosHost.share, bid: 98, ask: 99, askSize: 10)
        #expect(chaos.trades == ["E1", "E2"])
        #expect(chaos.states == [.filled])
        try chaos.expectSound()
    }

    @Test(
        "What remains of a reply decides the code, never the certainty",
        arguments: [
            ("nothing", AdapterError.Code.timeout), ("truncated", .truncated), ("server_error", .brokerUnavailable),
        ])
    func remains(_ word: String, _ code: AdapterError.Code) throws {
        let chaos = try ChaosHost(
            "{\"when\":{\"command\":\"submit\"},\"then\":{\"fault\":\"reply_lost\",\"remains\":\"\(word)\",\"timeout_ms\":0}}"
        )
        let sent = chaos.submit("ref1")
        chaos.advance(milliseconds: 0)
        #expect(chaos.outcome(sent) == .unknown)
        #expect(chaos.host.completion(of: sent)?.error?.code == code)
        #expect(chaos.host.completion(of: sent)?.error?.certainty == .unknown)
    }

    @Test("A cancel and a modify whose replies are lost were done all the same")
    func lostCancelAndModify() throws {
        let chaos = try ChaosHost(
            #"{"when":{"command":"cancel"},"then":{"fault":"reply_lost","timeout_ms":0}}"#,
            #"{"when":{"command":"modify"},"then":{"fault":"reply_lost","timeout_ms":0}}"#)
        chaos.submit("ref1", .buy, 10, price: "95")
        let modify = chaos.host.modify(
            ChaosHost.name("ref1"), quantity: 20, clientReference: try #require(ClientReference("ref2")))
        chaos.advance(milliseconds: 0)
        #expect(chaos.outcome(modify) == .unknown)
        #expect(chaos.host.orderUpdates.last?.leavesQuantity == 20)
        let cancel = chaos.host.cancel(ChaosHost.name("ref1"))
        chaos.advance(milliseconds: 0)
        #expect(chaos.outcome(cancel) == .unknown)
        #expect(chaos.lookUp("ref1")?.orderState == .canceled)
        try chaos.expectSound()
    }

    @Test("A throttled request was not looked at; the error says when to come again, where the broker says so")
    func throttle() throws {
        let chaos = try ChaosHost(
            #"{"when":{"command":"submit","nth":1},"then":{"fault":"throttle","retry_after_ms":2000}}"#,
            #"{"when":{"command":"submit","nth":2},"then":{"fault":"throttle"}}"#,
            #"{"when":{"command":"query.funds"},"then":{"fault":"throttle"}}"#)
        let first = try #require(chaos.host.completion(of: chaos.submit("ref1")))
        #expect(first.outcome == .rejected)
        #expect(first.error?.code == .rateLimited)
        #expect(first.error?.retry == .after(nanoseconds: 2_000_000_000))
        #expect(first.error?.httpStatus == 429)
        let second = try #require(chaos.host.completion(of: chaos.submit("ref2")))
        #expect(second.error?.code == .rateLimited)
        #expect(second.error?.retry == nil)
        #expect(chaos.lookUp("ref1")?.outcome == .provenAbsent)
        #expect(chaos.outcome(chaos.submit("ref3")) == .accepted)
        #expect(chaos.outcome(chaos.host.query(.funds)) == .rejected)
        try chaos.expectSound()
    }

    @Test("A login that ends refuses what it met; nothing is sent until the adapter has logged in again")
    func sessionExpiry() throws {
        let chaos = try ChaosHost(
            #"{"when":{"command":"submit","nth":2},"then":{"fault":"session_expiry","login_ms":300}}"#,
            accounts: ["P0", "P1"])
        chaos.submit("rest", .buy, 10, price: "95")
        let sent = chaos.host.submitBatch([
            ChaosHost.order("ref1"), ChaosHost.order("ref2"), ChaosHost.order("ref3", account: 1),
        ])
        #expect(sent.map { chaos.outcome($0) } == [.rejected, .notSent, .notSent])
        #expect(chaos.host.completion(of: sent[0])?.error?.code == .authenticationExpired)
        #expect(chaos.host.completion(of: sent[1])?.error?.retry == .afterLogin)
        #expect(chaos.host.states.map(\.state) == [.opening, .ready, .opening])
        let told = chaos.states.count
        chaos.host.quote(ChaosHost.share, bid: 94, ask: 95)  // fills what rests; nobody listens
        #expect(chaos.trades.isEmpty)
        #expect(chaos.states.count == told)
        #expect(chaos.lookUp("rest")?.outcome == .indeterminate)
        #expect(chaos.outcome(chaos.host.query(.orders)) == .rejected)
        chaos.advance(milliseconds: 300)
        #expect(chaos.host.state == .ready)
        #expect(chaos.trades == ["E1"])
        #expect(chaos.states.last == .filled)
        #expect(chaos.outcome(chaos.submit("ref4")) == .accepted)
        try chaos.expectSound()
    }

    @Test("A slow reply comes when it comes; the order lives meanwhile")
    func slow() throws {
        let chaos = try ChaosHost(
            #"{"when":{"command":"submit"},"then":{"fault":"slow","delay_ms":700}}"#,
            #"{"when":{"command":"query.positions"},"then":{"fault":"slow","delay_ms":100}}"#,
            #"{"when":{"command":"look_up"},"then":{"fault":"slow","delay_ms":50}}"#)
        let sent = chaos.submit("ref1")
        let query = chaos.host.query(.positions)
        let lookUp = chaos.host.reconcile([(ChaosHost.name("ref1"), chaos.host.now)])
        #expect(chaos.outcome(query) == nil && chaos.outcome(lookUp[0]) == nil)
        chaos.advance(milliseconds: 100)
        #expect(chaos.outcome(lookUp[0]) == .found)
        #expect(chaos.outcome(query) == .ok)
        #expect(chaos.host.rows[query.token]?.positions.map(\.quantity) == [10])
        #expect(chaos.outcome(sent) == nil)
        chaos.advance(milliseconds: 600)
        #expect(chaos.outcome(sent) == .accepted)
        try chaos.expectSound()
    }

    @Test("A slow reply that the host no longer waits for does no harm")
    func slowBeyondDeadline() throws {
        let chaos = try ChaosHost(#"{"when":{"command":"submit"},"then":{"fault":"slow","delay_ms":700}}"#)
        let sent = chaos.submit("ref1")
        chaos.host.expire(sent)
        chaos.advance(milliseconds: 700)
        #expect(chaos.trades == ["E1"])
        #expect(try PaperLedger(chaos.host.store).contradictions() == [])
    }

    @Test("A lane that hangs is held up for the time that the rule says, and then goes on as if nothing had been")
    func hang() throws {
        let chaos = try ChaosHost(#"{"when":{"command":"submit","nth":1},"then":{"fault":"hang","hang_ms":2}}"#)
        let clock = ContinuousClock()
        let start = clock.now
        let sent = chaos.submit("ref1")
        #expect(clock.now - start >= .milliseconds(2))
        #expect(chaos.outcome(sent) == .accepted)
        try chaos.expectSound()
    }

    @Test("A broker whose clock is wrong stamps its replies and reports with it")
    func clockSkew() throws {
        let chaos = try ChaosHost(
            #"{"when":{"command":"submit"},"then":{"fault":"clock_skew","offset_ms":-5000}}"#,
            #"{"when":{"report":"execution"},"then":{"fault":"clock_skew","offset_ms":60000}}"#,
            #"{"when":{"command":"look_up"},"then":{"fault":"clock_skew","offset_ms":1000}}"#)
        let now = chaos.host.now.nanoseconds
        let sent = chaos.submit("ref1")
        #expect(chaos.host.completion(of: sent)?.brokerTime?.nanoseconds == now - 5_000_000_000)
        #expect(chaos.host.tradeUpdates.map { $0.tradeTime?.nanoseconds } == [now + 60_000_000_000])
        #expect(chaos.host.orderUpdates.last?.brokerTime?.nanoseconds == now)
        #expect(chaos.lookUp("ref1")?.brokerTime?.nanoseconds == now + 1_000_000_000)
        try chaos.expectSound()
    }

    @Test("A session that closes ends what is under way, and forgets a login and a crash that were to come")
    func close() throws {
        let chaos = try ChaosHost(
            #"{"when":{"command":"submit","nth":1},"then":{"fault":"slow","delay_ms":60000}}"#,
            #"{"when":{"command":"submit","nth":2},"then":{"fault":"reply_lost","phase":"before","timeout_ms":60000}}"#,
            #"{"when":{"command":"submit","nth":3},"then":{"fault":"session_expiry","login_ms":60000}}"#)
        let slow = chaos.submit("ref1")
        let lost = chaos.submit("ref2")
        chaos.submit("ref3")
        chaos.host.close()
        #expect(chaos.outcome(slow) == .accepted)
        #expect(chaos.outcome(lost) == .unknown)
        #expect(chaos.host.state == .closed)
        #expect(chaos.host.openTokens.isEmpty)
        try chaos.expectSound()
    }

    @Test("Faults of a request that travels are met where it arrives")
    func travelling() throws {
        let chaos = try ChaosHost(
            #"{"when":{"command":"submit","nth":1},"then":{"fault":"throttle"}}"#,
            #"{"when":{"command":"submit","nth":2},"then":{"fault":"reply_lost","phase":"before","timeout_ms":10}}"#,
            config: #""ack_delay_ms":50,"#)
        let (first, second, third) = (chaos.submit("ref1"), chaos.submit("ref2"), chaos.submit("ref3"))
        #expect(chaos.lookUp("ref2")?.outcome == .indeterminate)
        chaos.advance(milliseconds: 50)
        #expect(chaos.outcome(first) == .rejected)
        #expect(chaos.outcome(second) == nil)
        #expect(chaos.outcome(third) == .accepted)
        chaos.advance(milliseconds: 10)
        #expect(chaos.outcome(second) == .unknown)
        #expect(chaos.lookUp("ref2")?.outcome == .provenAbsent)
        try chaos.expectSound()
    }

    @Test("A full wire delivers at once, and loses nothing")
    func fullWire() throws {
        let chaos = try ChaosHost(#"{"when":{"command":"query"},"then":{"fault":"slow","delay_ms":1000}}"#)
        let queries = (0...Agenda<Delivery>.most).map { _ in chaos.host.query(.profile) }
        #expect(chaos.host.completions.suffix(1).map(\.token) == queries.suffix(1).map(\.token))
        chaos.advance(milliseconds: 1_000)
        #expect(chaos.host.openTokens.isEmpty)
        #expect(chaos.host.violations == [])
    }

    @Test("Without a timer what is due comes with the account's next call")
    func noTimer() throws {
        let chaos = try ChaosHost(#"{"when":{"command":"submit","nth":2},"then":{"fault":"slow","delay_ms":700}}"#)
        chaos.submit("ref1")
        chaos.host.failing["timer_after"] = .quota
        let sent = chaos.submit("ref2")
        chaos.advance(milliseconds: 1_000)
        #expect(chaos.host.completion(of: sent) == nil)
        chaos.submit("ref3")
        #expect(chaos.outcome(sent) == .accepted)
        try chaos.expectSound()
    }
}
