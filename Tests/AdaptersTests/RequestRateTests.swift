import CSluice
import Domain
import Testing
import Transport

@testable import Adapters

@Suite("Rate limits of requests: every send that names a bucket costs it")
struct RequestRateTests {
    private func stage() throws -> ConnectedStage { try ConnectedStage(["-DBUCKETS"]) }

    /// How many requests the network was given since `before`.
    private func sent(_ stage: ConnectedStage, since before: Int) -> Int { stage.transport.requests.count - before }

    private func cancel(_ stage: ConnectedStage) throws {
        let command = CancelCommand(id: 900, reference: OrderReference(accountIndex: 0, brokerOrderID: "live"))
        try #require(stage.session.cancel(command) == .taken)
        stage.lanes.runUntilIdle()
    }

    @Test("Of the requests of one command the first is paid for with the command, every further one costs a unit")
    func further() throws {
        let stage = try stage()
        let before = stage.transport.requests.count
        try stage.submit("burst")
        #expect(sent(stage, since: before) == 9, "ten a second, one of them kept for cancels")
        stage.after(milliseconds: 999)
        #expect(sent(stage, since: before) == 9)
        stage.after(milliseconds: 1)
        #expect(sent(stage, since: before) == 12)
        let limit = try #require(stage.session.health.limits.first { $0.id == "orders" })
        #expect(limit.scopes.first?.windows.first?.used == 3 && limit.waiting == 0)
    }

    @Test("The requests of a cancel go before others and use the reserve")
    func cancelsFirst() throws {
        let stage = try stage()
        let before = stage.transport.requests.count
        try stage.submit("burst")
        try cancel(stage)
        #expect(sent(stage, since: before) == 10, "the cancel's own unit is the reserve's")
        stage.after(milliseconds: 1_000)
        var methods: [String] = []
        for pending in stage.transport.requests[(before + 9)...] { methods.append(pending.write()?.method ?? "") }
        #expect(methods == ["DELETE", "DELETE", "DELETE", "DELETE", "DELETE", "POST", "POST", "POST"])
    }

    @Test("A command that waits for units of its own requests does not starve behind commands that have not begun")
    func begun() throws {
        let stage = try stage()
        let before = stage.transport.requests.count
        try stage.submit("burst")
        for _ in 0..<20 { try stage.submit("plain") }
        #expect(sent(stage, since: before) == 9)
        stage.after(milliseconds: 1_000)
        // The burst's own twelve, and then the others.
        var bodies: [String] = []
        for pending in stage.transport.requests[before...] {
            bodies.append(pending.write().map { String(decoding: $0.body, as: UTF8.self) } ?? "")
        }
        #expect(bodies.prefix(12).allSatisfy { $0.contains("run=burst") } && bodies.count == 18)
    }

    @Test("A request with two costs waits for both; where the second is refused the first is given back")
    func two() throws {
        let stage = try stage()
        let before = stage.transport.requests.count
        try stage.submit("slow-strict")
        try stage.submit("slow-strict")
        #expect(sent(stage, since: before) == 1)
        stage.after(milliseconds: 1_000)
        #expect(sent(stage, since: before) == 1, "the second bucket has nothing for ten seconds, and refuses")
        #expect(stage.said("result") == Int64(SLUICE_TRANSPORT_BLOCKED_BY_LIMIT))
        #expect(stage.recorder.submitted.map(\.outcome) == [.notSent])
        try stage.submit("slow")
        #expect(sent(stage, since: before) == 2, "the unit of the first was not lost")
        try stage.submit("slow")
        #expect(sent(stage, since: before) == 2)
    }

    @Test("A further try costs a unit too, and has the time that is left of the whole")
    func tries() throws {
        let stage = try stage()
        let before = stage.transport.requests.count
        try stage.submit("slow-read")
        let first = try #require(stage.transport.requests.last)
        #expect(first.exchange.totalTimeout == 20_000_000_000)
        first.write()
        first.end(.sentNoReply)
        stage.after(milliseconds: 250)
        #expect(sent(stage, since: before) == 1, "it waits for the bucket")
        stage.after(milliseconds: 750)
        #expect(sent(stage, since: before) == 2)
        let second = try #require(stage.transport.requests.last)
        #expect(second.exchange.totalTimeout == 19_000_000_000, "\(second.exchange.totalTimeout)")
    }

    @Test("The whole time of a request counts its tries together")
    func total() throws {
        let stage = try ConnectedStage()
        let before = stage.transport.requests.count
        try stage.submit("read")
        let first = try #require(stage.transport.requests.last)
        first.write()
        stage.clock.advance(by: 9_000_000_000)
        first.end(.sentNoReply)
        stage.lanes.runUntilIdle()
        stage.after(milliseconds: 200)
        let second = try #require(stage.transport.requests.last)
        #expect(second !== first && second.exchange.totalTimeout == 10_800_000_000)
        second.write()
        stage.clock.advance(by: 10_700_000_000)
        second.end(.sentNoReply)
        stage.lanes.runUntilIdle()
        stage.after(milliseconds: 1_000)
        #expect(sent(stage, since: before) == 2, "a third could not be begun within the twenty seconds")
        #expect(stage.said("tries") == 2)
    }

    @Test("A request that is taken back while it waits is told at once, and costs nothing")
    func takenBack() throws {
        let stage = try stage()
        let before = stage.transport.requests.count
        try stage.submit("slow")
        try stage.submit("slow-abort")
        #expect(stage.said("abort") == 0 && stage.said("result") == Int64(SLUICE_TRANSPORT_ABORTED))
        try stage.submit("slow")
        stage.after(milliseconds: 1_000)
        #expect(sent(stage, since: before) == 2, "the third has the unit that the second did not use")
    }

    @Test("A read that waits for a command that is over is not made, and its unit is left to others")
    func over() throws {
        let stage = try stage()
        let before = stage.transport.requests.count
        try stage.submit("slow")
        try stage.submit("slow-read-early")
        #expect(stage.recorder.submitted.count == 1)
        try stage.submit("slow")
        stage.after(milliseconds: 1_000)
        #expect(sent(stage, since: before) == 2)
        let last = try #require(stage.transport.requests.last?.write())
        #expect(String(decoding: last.body, as: UTF8.self).contains("run=slow&"))
    }

    @Test("What waits when another login begins is taken back, unless it may be sent under that one too")
    func anotherLogin() throws {
        let stage = try stage()
        let before = stage.transport.requests.count
        stage.after(milliseconds: 3_599_500)
        for run in ["slow", "slow", "slow-replay"] { try stage.submit(run) }
        #expect(sent(stage, since: before) == 1)
        stage.after(milliseconds: 500)
        #expect(stage.session.status.state == .degraded)
        _ = stage.session.open()
        stage.lanes.runUntilIdle()
        #expect(stage.said("result") == Int64(SLUICE_TRANSPORT_ABORTED))
        #expect(stage.recorder.submitted.map(\.outcome) == [.notSent])
        stage.after(milliseconds: 500)
        #expect(sent(stage, since: before) == 2, "the one that may be replayed has gone on")
    }

    @Test("A frame waits for its units; a connection for which there is none is refused")
    func sockets() throws {
        let stage = try stage()
        _ = stage.call("watch", #"{"costs":1}"#)
        #expect(stage.said("opened") == 0)
        let link = try #require(stage.transport.links.first)
        try link.open()
        stage.lanes.runUntilIdle()
        #expect(link.sent.count == 1)
        link.lose("gone")
        try link.open()
        stage.lanes.runUntilIdle()
        #expect(link.sent.count == 1, "one a second")
        stage.after(milliseconds: 1_000)
        #expect(link.sent.count == 2)
        _ = stage.call("watch", #"{"costs":1}"#)
        #expect(stage.said("opened") == Int64(SLUICE_ERR_QUOTA) && stage.transport.links.count == 1)
        stage.after(milliseconds: 10_000)
        _ = stage.call("watch", #"{"costs":1}"#)
        #expect(stage.said("opened") == 0 && stage.transport.links.count == 2)
    }

    // MARK: - What brokers say

    @Test(
        "A throttle's Retry-After holds back what it concerns, whatever the adapter makes of the answer",
        arguments: [
            (429, "7"), (418, "7"), (503, "Thu, 01 Jan 2026 00:00:07 GMT"), (429, "Thursday, 01-Jan-26 00:00:07 GMT"),
        ])
    func retryAfter(status: Int, text: String) throws {
        let stage = try stage()
        let before = stage.transport.requests.count
        try stage.submit("plain")
        let pending = try #require(stage.transport.requests.last)
        pending.write()
        pending.answer(
            status, "slow down", headers: [("retry-after", text), ("date", "Thu, 01 Jan 2026 00:00:00 GMT")])
        stage.lanes.runUntilIdle()
        try stage.submit("plain")
        try stage.submit("slow")
        #expect(sent(stage, since: before) == 1, "a command waits, of whatever bucket its request is")
        stage.after(milliseconds: 6_999)
        #expect(sent(stage, since: before) == 1)
        stage.after(milliseconds: 1)
        #expect(sent(stage, since: before) == 3)
    }

    @Test("A Retry-After of a request's own bucket holds that one alone")
    func ownBucket() throws {
        let stage = try stage()
        let before = stage.transport.requests.count
        try stage.submit("slow")
        let pending = try #require(stage.transport.requests.last)
        pending.write()
        pending.answer(429, "", headers: [("retry-after", "5")])
        stage.lanes.runUntilIdle()
        try stage.submit("plain")
        try stage.submit("slow")
        #expect(sent(stage, since: before) == 2)
        stage.after(milliseconds: 4_999)
        #expect(sent(stage, since: before) == 2)
        stage.after(milliseconds: 1)
        #expect(sent(stage, since: before) == 3)
    }

    @Test("An answer that is no throttle teaches nothing")
    func noThrottle() throws {
        let stage = try stage()
        let before = stage.transport.requests.count
        for status in [200, 400, 500] {
            try stage.submit("plain")
            let pending = try #require(stage.transport.requests.last)
            pending.write()
            pending.answer(status, "", headers: [("retry-after", "7")])
            stage.lanes.runUntilIdle()
        }
        #expect(sent(stage, since: before) == 3)
    }

    @Test("What an adapter tells of the orders that are left holds further orders back until the count begins anew")
    func feedback() throws {
        let stage = try stage()
        let before = stage.transport.requests.count
        try stage.submit("feedback")
        #expect(stage.said("feedback") == 0)
        try stage.submit("plain")
        #expect(sent(stage, since: before) == 1)
        stage.after(milliseconds: 4_999)
        #expect(sent(stage, since: before) == 1)
        stage.after(milliseconds: 1)
        #expect(sent(stage, since: before) == 2)
    }

    @Test(
        "Retry-After is a number of seconds or a date in one of three forms, bounded to a day, and never negative",
        arguments: [
            ("7", 7), (" 7 ", 7), ("0", 0), ("1.5", 2), ("99999999999999999999999", 86_400), ("86401", 86_400),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 37), ("Sunday, 06-Nov-94 08:49:37 GMT", 37),
            ("Sun Nov  6 08:49:37 1994", 37), ("Sun, 06 Nov 1994 08:48:59 GMT", 0),
            ("Mon, 06 Nov 2034 08:49:37 GMT", 86_400), ("-1", nil), ("soon", nil), ("", nil), ("7 s", nil), ("1.", nil),
            ("Sun, 31 Feb 1994 08:49:37 GMT", nil), ("Sun, 06 Nov 1994 24:00:00 GMT", nil),
        ] as [(String, Int64?)])
    func forms(text: String, seconds: Int64?) {
        let date = "Sun, 06 Nov 1994 08:49:00 GMT"
        let wait = RetryAfter.nanoseconds(text, brokerDate: date, wall: 0)
        #expect(wait == seconds.map { $0 * 1_000_000_000 })
        // Without the broker's date it is measured on this machine's clock.
        #expect(RetryAfter.nanoseconds(text, brokerDate: nil, wall: 784_111_740_000_000_000) == wait)
    }
}
