import AdapterKit
import AdapterTesting
import Exact
import Testing

@testable import Paper

@Suite("Faults of orders, reports and reads")
struct OrderFaultTests {
    @Test("A late reject ends an accepted order that never met the market")
    func lateReject() throws {
        let chaos = try ChaosHost(
            #"{"when":{"command":"submit","nth":1},"then":{"fault":"late_reject","delay_ms":100}}"#)
        let sent = chaos.submit("ref1")
        #expect(chaos.outcome(sent) == .accepted)
        #expect(chaos.trades.isEmpty)
        chaos.host.quote(ChaosHost.share, bid: 98, ask: 99)
        chaos.advance(milliseconds: 99)
        #expect(chaos.states == [.open])
        chaos.advance(milliseconds: 1)
        #expect(chaos.states == [.open, .rejected])
        #expect(chaos.host.orderUpdates.last?.reason?.brokerCode == "REFUSED_LATE")
        #expect(chaos.host.orderUpdates.last?.cumulativeQuantity == 0)
        #expect(chaos.trades.isEmpty)
        try chaos.expectSound()
    }

    @Test("A cancel may beat a late reject, and then it is a cancel")
    func cancelBeatsReject() throws {
        let chaos = try ChaosHost(#"{"when":{"command":"submit"},"then":{"fault":"late_reject","delay_ms":100}}"#)
        chaos.submit("ref1")
        #expect(chaos.outcome(chaos.host.cancel(ChaosHost.name("ref1"))) == .accepted)
        chaos.advance(milliseconds: 200)
        #expect(chaos.states.last == .canceled)
        try chaos.expectSound()
    }

    @Test("A reject after a partial fill leaves the fill")
    func partialThenReject() throws {
        let chaos = try ChaosHost(
            #"{"when":{"command":"submit"},"then":{"fault":"partial_then_reject","part_bps":3000,"delay_ms":100}}"#)
        chaos.submit("warm", .sell, 1, price: "200")  // the price is known from here on
        chaos.submit("ref1", .buy, 11)
        #expect(chaos.host.tradeUpdates.map(\.quantity) == [3])
        chaos.advance(milliseconds: 100)
        let end = try #require(chaos.host.orderUpdates.last { $0.identity.clientReference == ClientReference("ref1") })
        #expect(end.state == .rejected)
        #expect(end.cumulativeQuantity == 3)
        try chaos.expectSound()
    }

    @Test("Where no price is known yet, the partial fill waits for the reject")
    func partialThenRejectUnpriced() throws {
        let chaos = try ChaosHost(
            #"{"when":{"command":"submit"},"then":{"fault":"partial_then_reject","part_bps":3000,"delay_ms":100}}"#)
        chaos.submit("ref1", .buy, 10)  // the first order: the price comes after it
        #expect(chaos.trades.isEmpty)
        chaos.advance(milliseconds: 100)
        #expect(chaos.host.tradeUpdates.map(\.quantity) == [3])
        #expect(chaos.states.last == .rejected)
        try chaos.expectSound()
    }

    @Test("A fill may come before the acknowledgement")
    func fillBeforeAck() throws {
        let chaos = try ChaosHost(#"{"when":{"command":"submit"},"then":{"fault":"fill_before_ack","delay_ms":50}}"#)
        let sent = chaos.submit("ref1")
        #expect(chaos.trades == ["E1"])
        #expect(chaos.outcome(sent) == nil)
        chaos.advance(milliseconds: 50)
        #expect(chaos.outcome(sent) == .accepted)
        try chaos.expectSound()
    }

    @Test("A fill that beat the cancel is told after it", arguments: [(5_000, ExactDecimal(5)), (10_000, 10)])
    func fillAfterCancel(_ part: Int, _ filled: ExactDecimal) throws {
        let chaos = try ChaosHost(
            "{\"when\":{\"command\":\"cancel\"},\"then\":{\"fault\":\"fill_after_cancel\",\"part_bps\":\(part),\"delay_ms\":80}}"
        )
        chaos.submit("ref1", .buy, 10, price: "95")
        #expect(chaos.states.last == .open)
        let cancel = chaos.host.cancel(ChaosHost.name("ref1"))
        #expect(chaos.outcome(cancel) == .accepted)
        #expect(chaos.states.last == .canceled)
        #expect(chaos.host.orderUpdates.last?.cumulativeQuantity == 0)
        #expect(chaos.trades.isEmpty)
        chaos.advance(milliseconds: 80)
        #expect(chaos.host.tradeUpdates.map(\.quantity) == [filled])
        #expect(chaos.host.tradeUpdates.map(\.price) == [95])
        #expect(chaos.states.last == (filled == 10 ? .filled : .canceled))
        #expect(chaos.host.orderUpdates.last?.cumulativeQuantity == filled)
        try chaos.expectSound()
    }

    @Test("Reports come several times, each time the same")
    func duplicates() throws {
        let chaos = try ChaosHost(#"{"when":{"report":"any"},"then":{"fault":"duplicate_reports","times":3}}"#)
        chaos.submit("ref1")
        #expect(chaos.trades == ["E1", "E1", "E1"])
        #expect(Set(chaos.host.tradeUpdates).count == 1)
        #expect(chaos.states.filter { $0 == .filled }.count == 3)
        try chaos.expectSound()
    }

    @Test("A report that is lost is seen by those who ask")
    func lostReport() throws {
        let chaos = try ChaosHost(#"{"when":{"report":"execution"},"then":{"fault":"report_lost"}}"#)
        #expect(chaos.outcome(chaos.submit("ref1")) == .accepted)
        #expect(chaos.trades.isEmpty)
        #expect(chaos.host.orderUpdates.last?.cumulativeQuantity == 10)  // the state says that something is missing
        #expect(chaos.lookUp("ref1")?.orderState == .filled)
        #expect(chaos.trades == ["E1"])
        try chaos.expectSound()
    }

    @Test("Shuffled reports come in the order of the seed, and all of them come", arguments: UInt64(0)..<20)
    func shuffle(seed: UInt64) throws {
        func play() throws -> ([String], [OrderState]) {
            let chaos = try ChaosHost(
                #"{"when":{"report":"any"},"then":{"fault":"shuffle_reports","within_ms":100}}"#,
                more: "\"seed\":\(seed),")
            for index in 0..<12 { chaos.submit("ref\(index)", .buy, 1) }
            chaos.advance(milliseconds: 100)
            try chaos.expectSound()
            return (chaos.trades, chaos.states)
        }
        let first = try play()
        #expect(first.0.sorted() == (1...12).map { "E\($0)" }.sorted())
        #expect(first.0 != (1...12).map { "E\($0)" })  // twelve keep their order once in 479 million times
        #expect(try play() == first)
    }

    @Test("A look-up does not see a young order: the adapter that knows of it says indeterminate")
    func visibilityDelay() throws {
        let chaos = try ChaosHost(
            #"{"when":{"command":"look_up"},"then":{"fault":"visibility_delay","delay_ms":3000}}"#,
            #"{"when":{"command":"query.orders"},"then":{"fault":"visibility_delay","delay_ms":3000}}"#)
        let written = chaos.host.now
        chaos.submit("ref1")
        #expect(chaos.lookUp("ref1", written: written)?.outcome == .indeterminate)
        #expect(chaos.lookUp("ref9", written: written)?.outcome == .indeterminate)
        let young = chaos.host.query(.orders)
        #expect(chaos.host.rows[young.token]?.orders ?? [] == [])
        chaos.advance(milliseconds: 3_000)
        #expect(chaos.lookUp("ref1", written: written)?.outcome == .found)
        #expect(chaos.lookUp("ref9", written: written)?.outcome == .provenAbsent)
        let old = chaos.host.query(.orders)
        #expect(chaos.host.rows[old.token]?.orders.count == 1)
        try chaos.expectSound()
    }

    @Test("A broker that hides young orders and tells nobody makes the adapter claim their absence")
    func undeclaredVisibilityDelay() throws {
        let chaos = try ChaosHost(
            """
            {"when":{"command":"look_up"},"then":{"fault":"visibility_delay","delay_ms":3000,"declared":false}}
            """)
        chaos.submit("ref1")
        #expect(chaos.lookUp("ref1")?.outcome == .provenAbsent)
        chaos.advance(milliseconds: 3_000)
        #expect(chaos.lookUp("ref1")?.outcome == .found)
        try chaos.expectSound()
    }

    @Test(
        "Pages that disagree repeat a row, lack one, or never end",
        arguments: [("repeat", [2, 3, 4]), ("omit", [4]), ("loop", [3, 4])])
    func pages(_ how: String, _ second: [Int]) throws {
        let chaos = try ChaosHost(
            """
            {"when":{"command":"query.orders","nth":2},"then":{"fault":"pages_disagree","how":"\(how)"}}
            """,
            """
            {"when":{"command":"query.trades","nth":2},"then":{"fault":"pages_disagree","how":"\(how)"}}
            """)
        for index in 1...5 { chaos.submit("ref\(index)", .buy, 1) }
        for kind in [QueryKind.orders, .trades] {
            let first = chaos.host.query(kind, limit: 2)
            let cursor = try #require(chaos.host.completion(of: first)?.nextCursor)
            let next = chaos.host.query(kind, cursor: cursor, limit: 2)
            let rows = chaos.host.rows[next.token]
            let ids =
                kind == .orders
                ? rows?.orders.compactMap { $0.identity.brokerOrderID?.dropFirst() }
                : rows?.trades.map { $0.executionID.dropFirst() }
            #expect(ids?.compactMap { Int($0) } == second)
            #expect(chaos.host.completion(of: next)?.nextCursor == (how == "loop" ? cursor : "4"))
        }
        try chaos.expectSound()
    }

    @Test("A broker that does not dedupe takes a client reference twice")
    func withoutDedupe() throws {
        let chaos = try ChaosHost(more: #""dedupes_client_reference":false,"#)
        #expect(chaos.outcome(chaos.submit("ref1")) == .accepted)
        #expect(chaos.outcome(chaos.submit("ref1")) == .accepted)
        #expect(chaos.trades == ["E1", "E2"])
        try chaos.expectSound(dedupes: false)
        let again = try ChaosHost(
            more: #""dedupes_client_reference":false,"#, store: chaos.host.store, now: chaos.host.now)
        #expect(again.lookUp("ref1")?.identity?.brokerOrderID == "P2")
    }

    @Test("A fault for one account, instrument or side leaves the others alone")
    func narrowed() throws {
        let chaos = try ChaosHost(
            #"{"when":{"command":"submit","account":"P1","side":"SELL","symbol":"NSE:EQ:ACME"},"then":{"fault":"throttle"}}"#,
            #"{"when":{"command":"submit","symbol":"NSE:EQ:OTHER"},"then":{"fault":"throttle"}}"#,
            accounts: ["P0", "P1"])
        #expect(chaos.outcome(chaos.submit("ref1", .sell)) == .accepted)
        #expect(chaos.outcome(chaos.submit("ref2", .buy, account: 1)) == .accepted)
        #expect(chaos.outcome(chaos.submit("ref3", .sell, account: 1)) == .rejected)
    }

    @Test("Every fault is told to the operator, and counted")
    func told() throws {
        let chaos = try ChaosHost(#"{"when":{"command":"submit"},"then":{"fault":"throttle"}}"#)
        chaos.submit("ref1")
        let line = try #require(chaos.host.log.last)
        #expect(line.text == "Fault of the scenario")
        #expect(line.fields["fault"] == "throttle" && line.fields["event"] == "submit" && line.fields["rule"] == "0")
        #expect(chaos.host.metrics["paper_faults"] == 1)
        #expect(chaos.host.log.first?.text == "A scenario of faults is in force")
    }
}
