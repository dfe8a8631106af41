import Domain
import NIOConcurrencyHelpers
import Testing

@testable import Adapters

@Suite("Host services: reads, timers, prices, randomness, the end of a session")
struct ServicesTests {
    private func ask<Row>(
        _ stage: Stage, _ query: AdapterQuery<Row>, deadline: Int64? = nil
    ) -> NIOLockedValueBox<[Result<[Row], QueryFailure>]> {
        let box = NIOLockedValueBox<[Result<[Row], QueryFailure>]>([])
        stage.session.query(query, accountIndex: 0, deadline: deadline) { result in
            box.withLockedValue { $0.append(result) }
        }
        stage.lanes.runUntilIdle()
        return box
    }

    private func symbol(_ name: String) -> InstrumentID { InstrumentID(canonical: "NSE:EQ:\(name)") }

    private func failed<Row>(_ box: NIOLockedValueBox<[Result<[Row], QueryFailure>]>) -> QueryFailure? {
        let results = box.withLockedValue { $0 }
        guard results.count == 1, case .failure(let failure)? = results.first else { return nil }
        return failure
    }

    @Test("Pages are followed to the end and answered once")
    func pages() throws {
        let stage = try Stage()
        let answer = ask(stage, .orders).withLockedValue { $0 }
        #expect(answer.count == 1)
        let rows = try #require(try answer.first?.get())
        #expect(rows.map(\.report.brokerOrderID) == ["first", "second", "first", "second", "first", "second"])
    }

    @Test("An empty answer is an answer")
    func empty() throws {
        let stage = try Stage()
        let answer = ask(stage, .orders.on(symbol("EMPTY"))).withLockedValue { $0 }
        #expect(try #require(try answer.first?.get()).isEmpty)
    }

    @Test(
        "A failed read says why, and brings no rows",
        arguments: [
            ("FAIL", QueryFailure.Reason.failed), ("BADROW", .malformed), ("LOOP", .endless),
            ("STATUS", .refusedByAdapter),
        ])
    func failures(name: String, reason: QueryFailure.Reason) throws {
        let stage = try Stage()
        let failure = try #require(failed(ask(stage, .orders.on(symbol(name)))))
        #expect(failure.reason == reason)
        if name == "FAIL" { #expect(failure.error?.code == .authExpired) }
        if name == "BADROW" { #expect(failure.text.contains("rows[1].ref.broker_order_id")) }
    }

    @Test("Rows after the completion are refused")
    func rowsAfter() throws {
        let stage = try Stage()
        _ = ask(stage, .orders.on(symbol("AFTER")))
        #expect(stage.said("after") == -6)
    }

    @Test("Typed rows: funds hold for the instant the query left, positions are signed, previews count")
    func rows() throws {
        let stage = try Stage()
        let funds = try #require(try ask(stage, .funds).withLockedValue { $0 }.first?.get())
        #expect(funds.first?.cash == 1000)
        #expect(funds.first?.asOf == stage.clock.wall())
        let positions = try #require(try ask(stage, .positions).withLockedValue { $0 }.first?.get())
        #expect(positions.first?.quantity == -5)
        #expect(positions.first?.product == .intraday)
        let margins = try #require(
            try ask(stage, .preview([stage.order("x"), stage.order("y")])).withLockedValue { $0 }.first?.get())
        #expect(margins.first?.required == 2)
        #expect(failed(ask(stage, .holdings))?.reason == .unsupported)
    }

    @Test("A read ends on its deadline, by the lane or by a sweep while the lane hangs")
    func readDeadline() throws {
        let stage = try Stage()
        let box = ask(stage, .orders.on(symbol("NEVER")), deadline: stage.clock.monotonic() + 1_000)
        #expect(box.withLockedValue { $0.isEmpty })
        stage.clock.advance(by: 1_000)
        stage.session.sweep()
        #expect(failed(box)?.reason == .deadline)
        stage.lanes.runUntilIdle()  // the lane ends it too: once is enough
        #expect(box.withLockedValue { $0.count } == 1)
    }

    @Test("A timer fires once, after its delay and never before; a wall timer follows the wall clock")
    func timers() throws {
        let stage = try Stage()
        try stage.submit("later")
        stage.clock.advance(by: 999_999)
        stage.lanes.runUntilIdle()
        #expect(stage.recorder.submitted.isEmpty)
        stage.clock.advance(by: 1)
        stage.lanes.runUntilIdle()
        #expect(stage.recorder.submitted.map(\.outcome) == [.accepted])
        #expect(stage.recorder.submitted.first?.brokerOrderID == "later")
        try stage.submit("timer-at")
        #expect(stage.lanes.nextWake == stage.clock.monotonic() + 1_000_000_000)
        stage.after(milliseconds: 1_000)
        #expect(stage.session.health.metrics["timer"]?.count == 1)
        stage.clock.setWall(stage.clock.wall().advanced(by: 60_000_000_000))
        stage.after(milliseconds: 1_000)
        #expect(stage.session.health.metrics["timer"]?.count == 2)
        #expect(stage.said("timer") == 1)
    }

    @Test("A watched instrument's price follows the call at once, later ones are conflated, candles are not")
    func prices() throws {
        let stage = try Stage()
        stage.prices.set(0, last: 2500)
        try stage.submit("watch")
        #expect(stage.said("watch") == 0)
        #expect(stage.said("unknown") == -6)
        #expect(stage.said("during") == 0)
        #expect(stage.said("quotes") == 1)
        #expect(stage.said("last") == 2500)
        let instrument = InstrumentIndex(0)
        for last in 1...1000 { stage.session.deliver(TestPrices.quote(ExactDecimal(Int64(last))), of: instrument) }
        stage.session.deliver(TestPrices.quote(7), of: InstrumentIndex(1))  // not watched
        for bar in 0..<100 { stage.session.deliver(candle(bar), of: instrument) }
        stage.lanes.runUntilIdle()
        #expect(stage.said("quotes") == 2)
        #expect(stage.said("last") == 1000)
        #expect(stage.said("candles") == 100)
        try stage.submit("unwatch")
        stage.session.deliver(TestPrices.quote(5), of: instrument)
        stage.lanes.runUntilIdle()
        #expect(stage.said("quotes") == 2)
        #expect(stage.prices.watched.isEmpty)
    }

    private func candle(_ bar: Int) -> Candle {
        Candle(
            symbol: symbol("RELIANCE"), start: Timestamp(nanoseconds: Int64(bar)), lengthNanoseconds: 1, open: 1,
            high: 2,
            low: 1, close: 2, volume: 3, receivedTime: Timestamp(nanoseconds: 1))
    }

    @Test("Candles have a bound: the oldest are dropped and counted")
    func candleBound() throws {
        let stage = try Stage(candleBound: 10)
        try stage.submit("watch")
        for bar in 0..<25 { stage.session.deliver(candle(bar), of: InstrumentIndex(0)) }
        stage.lanes.runUntilIdle()
        #expect(stage.said("candles") == 10)
        #expect(stage.session.health.counters.droppedCandles == 15)
    }

    @Test("Commands come before prices")
    func commandsFirst() throws {
        let stage = try Stage()
        try stage.submit("watch")
        stage.session.deliver(TestPrices.quote(9), of: InstrumentIndex(0))
        #expect(stage.session.submit(stage.order("watch")) == .taken)
        stage.lanes.runUntilIdle()
        #expect(stage.said("during") == 0)
        #expect(stage.said("quotes") == 1)
    }

    @Test("Random bytes come from the seed, and no more than 4096 at once")
    func random() throws {
        let first = try Stage()
        let second = try Stage()
        try first.submit("random")
        try second.submit("random")
        #expect(first.said("random") == second.said("random"))
        #expect(first.said("random") != 0)
        #expect(first.said("refused") == -2)
    }

    @Test("At its end a session refuses what waits, lets the adapter finish, and closes")
    func closing() throws {
        let stage = try Stage()
        try stage.submit("late")  // completed by the adapter's close
        let waiting = stage.order("accept")
        #expect(stage.session.submit(waiting) == .taken)
        let ended = NIOLockedValueBox(false)
        stage.host.close(stage.session) { ended.withLockedValue { $0 = true } }
        #expect(stage.session.submit(stage.order("accept")) == .refused(.closed))
        stage.lanes.runUntilIdle()
        #expect(ended.withLockedValue { $0 })
        #expect(stage.recorder.states == [.closing, .closed, .closed])
        let byID = Dictionary(uniqueKeysWithValues: stage.recorder.submitted.map { ($0.id, $0) })
        #expect(byID[1]?.outcome == .rejected)
        #expect(byID[waiting.id]?.outcome == .notSent)
        #expect(byID[waiting.id]?.cause == .closed)
        #expect(stage.host.sessions.isEmpty)
        #expect(failed(ask(stage, .orders))?.reason == .closed)
    }

    @Test("An adapter that does not finish within five seconds is finished: mutations are unknown, reads failed")
    func stickyClose() throws {
        let stage = try Stage(login: "sticky")
        let silent = try stage.submit("silent")
        let box = ask(stage, .orders.on(symbol("NEVER")))
        stage.host.close(stage.session)
        stage.lanes.runUntilIdle()
        #expect(stage.session.status.state == .closing)
        #expect(stage.recorder.submitted.isEmpty)
        stage.after(milliseconds: 4_999)
        #expect(stage.session.status.state == .closing)
        stage.after(milliseconds: 1)
        #expect(stage.session.status.state == .closed)
        #expect(stage.recorder.submitted.map(\.id) == [silent])
        #expect(stage.recorder.submitted.map(\.outcome) == [.unknown])
        #expect(stage.recorder.submitted.map(\.cause) == [.closed])
        #expect(failed(box)?.reason == .closed)
    }

    @Test("A login that is never answered has failed at its deadline, and another can begin")
    func muteLogin() throws {
        let stage = try Stage(login: "mute", opened: false)
        _ = stage.session.open(deadline: stage.clock.monotonic() + 30_000_000_000)
        stage.lanes.runUntilIdle()
        stage.after(milliseconds: 29_999)
        #expect(stage.session.status.state == .opening)
        stage.after(milliseconds: 1)
        #expect(stage.session.status.state == .failed)
        #expect(stage.session.status.error?.code == .timeout)
        _ = stage.session.open(deadline: stage.clock.monotonic() + 30_000_000_000)
        stage.lanes.runUntilIdle()
        #expect(stage.recorder.states == [.opening, .failed, .opening])
    }

    @Test("Accounts of one login share a session, others do not, and each account's config lies over the manifest's")
    func grouping() throws {
        let workshop = try Workshop()
        try workshop.install()
        try workshop.manifest("scripted", "config: { a: 1, b: 2 }\n")
        let host = workshop.host()
        try host.load()
        var foreign = Stage.account("X", login: "one")
        foreign.environment = .sandbox
        var broken = Stage.account("Y", login: "three")
        broken.config = "[1]"
        var unknown = Stage.account("Z", login: "four")
        unknown.adapter = try #require(AdapterID("nobody"))
        let made = host.makeSessions(
            for: [
                Stage.account("A", login: "one"), Stage.account("B", login: "two"), Stage.account("C", login: "one"),
                foreign, broken, unknown,
            ], services: SessionServices(), delegate: Recorder())
        #expect(made.sessions.map { $0.accounts.map(\.id.rawValue) } == [["A", "C"], ["B"], ["X"]])
        #expect(made.sessions.first?.accountIndex(AccountID(unchecked: "C")) == 1)
        #expect(made.refusals.map(\.code) == ["account.config", "adapter.unknown"])
        let merged = SessionConfig.merged(manifest: #"{"a":1,"b":2}"#, account: #"{"b":3}"#)
        #expect(merged?.serializedText() == #"{"a":1,"b":3}"#)
        #expect(host.session(for: AccountID(unchecked: "B"))?.id.login == "two")
    }
}
