import Domain
import Engine
import Exact
import Foundation
import Gateway
import Testing

/// Faults between gateway and broker that leave a request or a fact open: each is settled by evidence, none is forgotten.
@Suite(
    "Requests and facts that got lost on the way",
    .enabled(if: GatewayFixture.hasAdapters, "the adapters are not built"), .serialized)
struct EvidenceTests {
    /// A fixture whose paper accounts meet these faults.
    static func fixture(
        _ rules: String, accounts: Int = 1, directory: URL = GatewayFixture.makeDirectory(),
        candles: String = GatewayFixture.candles, rms: String = "rms: 1\n", more: String = ""
    ) async throws -> GatewayFixture {
        try await GatewayFixture(
            directory: directory, accounts: accounts, config: "{ \(more)scenario: { rules: [ \(rules) ] } }", rms: rms,
            candles: candles)
    }

    static func cancel(_ id: RunID, _ fixture: GatewayFixture) async throws -> RunSnapshot {
        try await fixture.gateway.cancel(
            id, by: GatewayFixture.caller, idempotency: Idempotency(key: UUID().uuidString, fingerprint: [1]))
    }

    static func events(_ id: RunID, _ type: String, _ fixture: GatewayFixture) async throws -> [EventView] {
        try await fixture.gateway.events(of: id).filter { $0.type == type }
    }

    // MARK: Cancels

    @Test(
        "A cancel that failed once is sent again, and a person sees PENDING_CANCEL meanwhile",
        arguments: [
            "{ when: { command: cancel, nth: 1 }, then: { fault: throttle } }",
            "{ when: { command: cancel, nth: 1 }, then: { fault: reply_lost, phase: before, timeout_ms: 80 } }",
            "{ when: { command: cancel, nth: 1 }, then: { fault: reply_lost, phase: after, timeout_ms: 80, lose_reports: true } }",
            "{ when: { command: cancel, nth: 1 }, then: { fault: session_expiry, login_ms: 150 } }",
            "{ when: { command: cancel, limit: 3 }, then: { fault: throttle } }",
        ])
    func cancelAgain(rule: String) async throws {
        let fixture = try await Self.fixture(rule)
        let id = try #require(
            try await fixture.place(fixture.parent(.buy, 6, price: "91.00", account: "P1"), wait: .acked).run.id)
        let asked = try await Self.cancel(id, fixture)
        #expect(asked.legs.allSatisfy { $0.status == .pendingCancel })
        var seen: Set<LegStatus> = []
        let run = try await fixture.run(id) { run in
            seen.formUnion(run.legs.map(\.status))
            return run.status.isTerminal
        }
        #expect(run.legs.map(\.status) == [.canceled])
        #expect(seen.isSubset(of: [.pendingCancel, .canceled]), "\(seen)")
        let requests = try await Self.events(id, "cancel_requested", fixture)
        #expect(requests.count == 1, "a repetition is no new request: \(requests.count)")
        await fixture.stop()
    }

    @Test("A broker's retry advice is waited for before a cancel is sent again")
    func retryAfter() async throws {
        let fixture = try await Self.fixture(
            "{ when: { command: cancel, nth: 1 }, then: { fault: throttle, retry_after_ms: 900 } }")
        let id = try #require(
            try await fixture.place(fixture.parent(.buy, 6, price: "91.00", account: "P1"), wait: .acked).run.id)
        _ = try await Self.cancel(id, fixture)
        _ = try await fixture.run(id) { $0.status.isTerminal }
        let answers = try await Self.events(id, "cancel_answered", fixture)
        #expect(answers.map { $0.facts["outcome"]?.string } == ["rejected", "accepted"])
        #expect(try #require(answers.last).at.since(try #require(answers.first).at) >= 900_000_000)
        await fixture.stop()
    }

    @Test("A halt of the firm cancels what works although the broker throttles")
    func haltCancels() async throws {
        let fixture = try await Self.fixture(
            "{ when: { command: cancel, nth: 1 }, then: { fault: throttle } }", accounts: 3)
        let id = try #require(try await fixture.place(fixture.parent(.buy, 6, price: "91.00"), wait: .acked).run.id)
        _ = try await fixture.gateway.setTradingState(
            .firm, .halted, reason: "test", by: "t", cancelWorking: true)
        let run = try await fixture.run(id) { $0.status.isTerminal }
        #expect(run.legs.allSatisfy { $0.status == .canceled })
        await fixture.stop()
    }

    @Test("A failed leg's others are canceled although the first cancel is lost")
    func cancelRest() async throws {
        let fixture = try await Self.fixture(
            """
            { when: { command: submit, account: P1, nth: 1 }, then: { fault: late_reject, delay_ms: 50 } }, \
            { when: { command: cancel, nth: 1 }, then: { fault: reply_lost, phase: before, timeout_ms: 80 } }
            """, accounts: 3)
        var order = fixture.parent(.buy, 6, price: "91.00")
        order.onLegFailure = .cancelRest
        let id = try #require(try await fixture.place(order, wait: .acked).run.id)
        let run = try await fixture.run(id) { $0.status.isTerminal }
        #expect(run.legs.map(\.status) == [.rejected, .canceled, .canceled])
        await fixture.stop()
    }

    @Test("A cancel that was not answered before a restart is sent again after it")
    func cancelOverRestart() async throws {
        let directory = GatewayFixture.makeDirectory()
        let rule = "{ when: { command: cancel, nth: 1 }, then: { fault: throttle, retry_after_ms: 60000 } }"
        var fixture = try await Self.fixture(rule, directory: directory)
        let id = try #require(
            try await fixture.place(fixture.parent(.buy, 6, price: "91.00", account: "P1"), wait: .acked).run.id)
        _ = try await Self.cancel(id, fixture)
        await fixture.stop()
        fixture = try await Self.fixture(rule, directory: directory)
        #expect(try await fixture.run(id) { $0.status.isTerminal }.legs.map(\.status) == [.canceled])
        await fixture.stop()
    }

    // MARK: Modifies

    @Test("A modify whose reply is lost is settled by what the broker shows", arguments: ["after", "before"])
    func modify(phase: String) async throws {
        let fixture = try await Self.fixture(
            """
            { when: { command: modify, nth: 1 }, then: { fault: reply_lost, phase: \(phase), timeout_ms: 80, \
            \(phase == "after" ? "lose_reports: true" : "remains: nothing") } }
            """)
        let id = try #require(
            try await fixture.place(fixture.parent(.buy, 6, price: "91.00", account: "P1"), wait: .acked).run.id)
        let asked = try await fixture.gateway.modify(
            LegID(run: id, index: 0), OrderChanges(quantity: 9, limitPrice: ExactDecimal("92")),
            by: GatewayFixture.caller, idempotency: Idempotency(key: "m", fingerprint: [2]))
        #expect(asked.legs.map(\.status) == [.pendingReplace])
        let run = try await fixture.run(id) { $0.legs[0].status == .working }
        #expect(run.legs[0].orderedQuantity == (phase == "after" ? 9 : 6))
        #expect(run.legs[0].limitPrice == ExactDecimal(phase == "after" ? "92" : "91"))
        let answers = try await Self.events(id, "modify_answered", fixture)
        // What is seen at the broker may be told as the answer that was lost; nothing is sent for it.
        #expect(answers.first?.facts["outcome"]?.string == "unknown" && answers.count <= 2)
        #expect(try await Self.events(id, "modify_requested", fixture).count == 1, "it is not sent again")
        _ = try await Self.cancel(id, fixture)
        #expect(try await fixture.run(id) { $0.status.isTerminal }.legs.map(\.status) == [.canceled])
        await fixture.stop()
    }

    // MARK: Executions

    /// Ten can be filled at each bar.
    private static let thin = GatewayFixture.candles.replacingOccurrences(of: ",1000000", with: ",100")

    @Test("A working order whose broker counts more than is known has its executions asked for")
    func quantityHint() async throws {
        let fixture = try await Self.fixture(
            "{ when: { report: execution, nth: 1 }, then: { fault: report_lost } }", candles: Self.thin,
            more: "fills_from: candles, ")
        let id = try #require(
            try await fixture.place(fixture.parent(.buy, 30, price: "105.00", account: "P1"), wait: .acked).run.id)
        try fixture.runtime.stepPrices()
        let run = try await fixture.run(id) { $0.legs[0].cumulativeQuantity > 0 }
        #expect(run.legs[0].status == .partiallyFilled && run.legs[0].cumulativeQuantity == 10)
        #expect(fixture.gateway.positions(of: nil, authority: .everything).map(\.quantity) == [10])
        #expect(try await Self.events(id, "order_anomaly", fixture).isEmpty)
        await fixture.stop()
    }

    @Test("An execution that comes before the acknowledgement says how the broker calls the order")
    func executionNames() async throws {
        let fixture = try await Self.fixture(
            """
            { when: { command: submit }, then: { fault: reply_lost, phase: after, timeout_ms: 60000 } }, \
            { when: { report: state }, then: { fault: report_lost } }
            """)
        let id = try #require(
            try await fixture.place(fixture.parent(.buy, 6, account: "P1"), wait: .durable).run.id)
        let run = try await fixture.run(id) { $0.legs[0].cumulativeQuantity > 0 }
        #expect(run.legs[0].status == .filled)
        #expect(run.legs[0].slices.map(\.brokerOrderID) == ["P1"])
        #expect(try await Self.events(id, "leg_answered", fixture).isEmpty, "no acknowledgement has come")
        await fixture.stop()
    }

    @Test("V12: a fill after the cancel is an event of the run and an alert, with its numbers")
    func fillAfterCancel() async throws {
        let fixture = try await Self.fixture(
            "{ when: { command: cancel, nth: 1 }, then: { fault: fill_after_cancel, part_bps: 5000, delay_ms: 50 } }")
        let id = try #require(
            try await fixture.place(fixture.parent(.buy, 6, price: "91.00", account: "P1"), wait: .acked).run.id)
        _ = try await Self.cancel(id, fixture)
        _ = try await fixture.run(id) { $0.legs[0].cumulativeQuantity > 0 }
        let anomalies = try await Self.events(id, "order_anomaly", fixture)
        #expect(anomalies.map(\.topic) == [.legs, .alerts])
        let facts = try #require(anomalies.last?.facts)
        #expect(facts["kind"]?.string == "fill_after_end")
        #expect(facts["ordered"]?.string == "6" && facts["executed"]?.string == "3" && facts["excess"]?.string == "3")
        #expect(try await fixture.gateway.settledRun(id)?.legs[0].hasAnomaly == true)
        await fixture.stop()
    }

    // MARK: Funds

    @Test("A failed question for funds is asked again soon, and figures stand until they are too old")
    func funds() async throws {
        let rms = """
            rms: 1
            accounts: [ { id: P1, limits: { concentration: { bps: 9000 } } } ]
            """
        // `ready` waits for funds: with one question every five seconds it would wait in vain.
        let fixture = try await Self.fixture(
            "{ when: { command: query.funds, to_ms: 400 }, then: { fault: reply_lost, timeout_ms: 50 } }", rms: rms)
        let first = try #require(fixture.gateway.accountStatuses().first?.funds)
        let placed = try await fixture.place(fixture.parent(.buy, 6, price: "91.00", account: "P1"), wait: .acked)
        #expect(placed.run.legs[0].reject == nil)
        #expect(first.equity > 0)
        await fixture.stop()
    }

    @Test("Figures of before stand when a later question fails")
    func olderFunds() async throws {
        let fixture = try await Self.fixture(
            "{ when: { command: query.funds, nth: 2 }, then: { fault: reply_lost, timeout_ms: 50 } }")
        let first = try #require(fixture.gateway.accountStatuses().first?.funds)
        // A fill asks for funds again: that question fails, the one after it is answered.
        _ = try await fixture.place(fixture.parent(.buy, 6, account: "P1"))
        var later = first
        for _ in 0..<400 {
            later = try #require(fixture.gateway.accountStatuses().first?.funds, "figures do not go away")
            if later.asOf > first.asOf { break }
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(later.asOf > first.asOf)
        await fixture.stop()
    }
}

extension GatewayFixture {
    /// Waits until a run is as it should be: what adapters do comes by their own threads.
    func run(_ id: RunID, until condition: (RunSnapshot) -> Bool) async throws -> RunSnapshot {
        for _ in 0..<1_000 {
            if let run = try await gateway.settledRun(id), condition(run) { return run }
            try await Task.sleep(for: .milliseconds(10))
        }
        let run = try #require(try await gateway.settledRun(id))
        Issue.record("the run did not come there: \(run.legs.map(\.status))")
        return run
    }
}
