import Domain
import Testing

@testable import Adapters

@Suite("A lane keeps to its broker's limits and leaves a broker that does not answer alone")
struct SessionFlowTests {
    private static let second: Int64 = 1_000_000_000

    private func cancel(_ id: UInt64, _ account: Int32 = 0) -> CancelCommand {
        CancelCommand(id: id, reference: OrderReference(accountIndex: account, brokerOrderID: "live"))
    }

    @Test(
        "No second of an account sees more calls than declared, no cancel waits, every order goes once",
        arguments: 0..<6)
    func windows(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let stage = try Stage(["-DUNITS=5"])
        var accounts: [UInt64: Int32] = [:]
        var lastCancel: [Int32: Int64] = [:]
        var start: [UInt64: Int64] = [:]
        for step in 0..<120 as Range<UInt64> {
            let account = Int32.random(in: 0...1, using: &random)
            let order = stage.order("accept", account: account)
            accounts[order.id] = account
            #expect(stage.session.submit(order) == .taken)
            let now = stage.clock.monotonic()
            if now - (lastCancel[account] ?? -Self.second) >= Self.second {
                let id = 10_000 + step
                (lastCancel[account], accounts[id], start[id]) = (now, account, now)
                #expect(stage.session.cancel(cancel(id, account)) == .taken)
            }
            stage.lanes.runUntilIdle()
            stage.after(milliseconds: Int64.random(in: 0...200, using: &random))
        }
        for _ in 0..<80 { stage.after(milliseconds: 500) }
        #expect(stage.recorder.submitted.count == 120)
        #expect(Set(stage.recorder.submitted.map(\.id)).count == 120)
        #expect(stage.recorder.submitted.allSatisfy { $0.outcome == .accepted })
        for canceled in stage.recorder.canceled {
            #expect(canceled.times.dispatched == start[canceled.id], "seed \(seed): a cancel waited")
        }
        for account in 0...1 as ClosedRange<Int32> {
            let calls = (stage.recorder.submitted + stage.recorder.canceled)
                .filter { accounts[$0.id] == account }.map(\.times.dispatched).sorted()
            for (index, at) in calls.enumerated() where index >= 5 {
                #expect(at - calls[index - 5] >= Self.second, "seed \(seed): six calls in a second")
            }
        }
        #expect(stage.session.health.limits.first?.waiting == 0)
    }

    @Test("What waits for a unit ends with its deadline, by a withdrawal or with the session, certainly not sent")
    func ends() throws {
        let stage = try Stage(["-DUNITS=2"])
        try stage.submit("accept")
        let expiring = try stage.submit("accept", deadline: stage.clock.monotonic() + 1_500_000_000)
        #expect(stage.recorder.submitted.count == 1, "the second unit is kept for a cancel")
        let hopeless = try stage.submit("accept", deadline: stage.clock.monotonic() + 500_000_000)
        #expect(stage.recorder.submitted.last?.id == hopeless)
        #expect(stage.recorder.submitted.last?.cause == .rateLimited)
        #expect(stage.recorder.submitted.last?.error?.code == .rateLimited)
        let withdrawn = try stage.submit("accept")
        let closed = try stage.submit("accept")
        #expect(stage.session.withdrawSubmits([withdrawn]) == [withdrawn])
        stage.after(milliseconds: 1_000)
        #expect(stage.recorder.submitted.last?.id == expiring)
        #expect(stage.recorder.submitted.last?.outcome == .accepted)
        stage.host.close(stage.session)
        stage.lanes.runUntilIdle()
        #expect(stage.recorder.submitted.last?.id == closed)
        #expect(stage.recorder.submitted.last?.outcome == .notSent)
        #expect(stage.recorder.submitted.count == 4)
    }

    @Test("A bucket that does not queue refuses at once and says when a unit is free")
    func refuses() throws {
        let stage = try Stage(manifest: "rate: { orders: { mode: refuse, windows: [ { units: 2, per: 3s } ] } }\n")
        try stage.submit("accept")
        try stage.submit("accept")
        let refused = try #require(stage.recorder.submitted.last)
        #expect(refused.outcome == .notSent)
        #expect(refused.cause == .rateLimited)
        #expect(refused.error?.text?.contains("3000 ms, nothing was sent") == true, "\(refused)")
        #expect(refused.error?.retryAfterNanoseconds == 3 * Self.second)
        stage.after(milliseconds: 3_000)
        try stage.submit("accept")
        #expect(stage.recorder.submitted.last?.outcome == .accepted)
        #expect(stage.session.health.counters.throttled == 1)
    }

    @Test("A broker's throttle holds its account back, not another, and is no fault of the way to it")
    func throttled() throws {
        let stage = try Stage()
        for _ in 0..<12 {
            try stage.submit("throttle")
            stage.after(milliseconds: 1_000)
        }
        #expect(stage.session.circuitState == .closed)
        try stage.submit("throttle")
        let waiting = try stage.submit("accept")
        let other = stage.order("accept", account: 1)
        #expect(stage.session.submit(other) == .taken)
        stage.lanes.runUntilIdle()
        #expect(stage.recorder.submitted.last?.id == other.id)
        stage.after(milliseconds: 1_000)
        #expect(stage.recorder.submitted.last?.id == waiting)
    }

    @Test("An open circuit refuses what opens risk and lets cancels through; a read that is answered closes it")
    func circuit() throws {
        let stage = try Stage()
        for _ in 0..<10 { try stage.submit("network") }
        #expect(stage.session.circuitState == .open)
        #expect(stage.session.health.counters.circuitOpenings == 1)
        try stage.submit("accept")
        let refused = try #require(stage.recorder.submitted.last)
        #expect(refused.outcome == .notSent && refused.cause == .circuitOpen)
        #expect(refused.error?.retryAfterNanoseconds == 5 * Self.second)
        stage.after(milliseconds: 4_999)
        try stage.submit("accept")
        #expect(stage.recorder.submitted.last?.cause == .circuitOpen)
        stage.after(milliseconds: 1)  // the probe is asked and answered
        #expect(stage.session.circuitState == .closed)
        try stage.submit("accept")
        #expect(stage.recorder.submitted.last?.outcome == .accepted)
    }

    @Test("A closing order and a cancel pass an open circuit, and their answer closes it")
    func reducing() throws {
        let stage = try Stage()
        for _ in 0..<10 { try stage.submit("network") }
        #expect(stage.session.circuitState == .open)
        let closing = try stage.submit("reject", flags: .closing)
        #expect(stage.recorder.submitted.last?.id == closing)
        #expect(stage.recorder.submitted.last?.outcome == .rejected)
        #expect(stage.session.circuitState == .closed, "a rejection is an answer")
        for _ in 0..<10 { try stage.submit("network") }
        #expect(stage.session.cancel(cancel(900)) == .taken)
        stage.lanes.runUntilIdle()
        #expect(stage.recorder.canceled.last?.outcome == .accepted)
    }
}
