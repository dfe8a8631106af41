import Domain
import Engine
import Exact
import Foundation
import Gateway
import Testing

/// Modifies of type and validity over a real adapter: sent once, and what became of them is the broker's word.
@Suite(
    "Modifies of an order's words", .enabled(if: GatewayFixture.hasAdapters, "the adapters are not built"), .serialized)
struct ModifyTests {
    private static func modify(
        _ id: RunID, _ changes: OrderChanges, _ fixture: GatewayFixture
    ) async throws -> RunSnapshot {
        try await fixture.gateway.modify(
            LegID(run: id, index: 0), changes, by: GatewayFixture.caller,
            idempotency: Idempotency(key: UUID().uuidString, fingerprint: [1]))
    }

    /// To a stop-limit that nothing triggers, of another validity.
    private static let wish = OrderChanges(
        quantity: 9, limitPrice: ExactDecimal("105"), stopPrice: ExactDecimal("104.50"), orderType: .stopLimit,
        timeInForce: .goodTillCancel)

    private static func expect(_ leg: RunSnapshot.Leg, isChanged: Bool) {
        #expect(leg.orderType == (isChanged ? .stopLimit : .limit))
        #expect(leg.timeInForce == (isChanged ? .goodTillCancel : .day))
        #expect(leg.limitPrice == ExactDecimal(isChanged ? "105" : "91"))
        #expect(leg.stopPrice == (isChanged ? ExactDecimal("104.50") : nil))
        #expect(leg.orderedQuantity == (isChanged ? 9 : 6))
    }

    @Test("A change of type whose reply is lost is settled by what the broker shows", arguments: ["after", "before"])
    func lostReply(phase: String) async throws {
        let fixture = try await EvidenceTests.fixture(
            """
            { when: { command: modify, nth: 1 }, then: { fault: reply_lost, phase: \(phase), timeout_ms: 80, \
            \(phase == "after" ? "lose_reports: true" : "remains: nothing") } }
            """)
        let id = try #require(
            try await fixture.place(fixture.parent(.buy, 6, price: "91.00", account: "P1"), wait: .acked).run.id)
        let asked = try await Self.modify(id, Self.wish, fixture)
        #expect(asked.legs[0].status == .pendingReplace)
        Self.expect(asked.legs[0], isChanged: false)
        let run = try await fixture.run(id) { $0.legs[0].status == .working }
        Self.expect(run.legs[0], isChanged: phase == "after")
        #expect(try await EvidenceTests.events(id, "modify_requested", fixture).count == 1, "it is not sent again")
        await fixture.stop()
    }

    @Test(
        "A gateway that is killed with such a modify open asks the broker, after the start, and sends nothing",
        arguments: ["after", "before"])
    func killed(phase: String) async throws {
        let lost = "reply_lost, phase: before, timeout_ms: 80"
        let reads = ["look_up", "query.order", "query.orders"].map {
            ", { when: { command: \($0), to_ms: 2500 }, then: { fault: \(lost) } }"
        }
        let first = try await EvidenceTests.fixture(
            """
            { when: { command: modify, nth: 1 }, then: { fault: reply_lost, phase: \(phase), timeout_ms: 80, \
            \(phase == "after" ? "lose_reports: true" : "remains: nothing") } }\(reads.joined())
            """)
        let id = try #require(
            try await first.place(first.parent(.buy, 6, price: "91.00", account: "P1"), wait: .acked).run.id)
        _ = try await Self.modify(id, Self.wish, first)
        var answers: [EventView] = []
        while answers.isEmpty { answers = try await EvidenceTests.events(id, "modify_answered", first) }
        #expect(answers.first?.facts["outcome"]?.string == "unknown")
        // What a kill leaves. The accounts are what they were, so the broker says nothing for a while after the start either.
        let directory = GatewayFixture.makeDirectory()
        try FileManager.default.copyItem(
            atPath: first.directory.path + "/data", toPath: directory.path + "/data")
        await first.stop()
        let second = try await GatewayFixture(directory: directory, accounts: 1)
        let run = try await second.run(id) { $0.legs[0].status == .working }
        Self.expect(run.legs[0], isChanged: phase == "after")
        #expect(try await EvidenceTests.events(id, "modify_requested", second).count == 1)
        // The order can be changed again, from what it is.
        _ = try await Self.modify(id, OrderChanges(orderType: .market), second)
        #expect(try await second.run(id) { $0.status.isTerminal }.legs[0].status == .filled)
        await second.stop()
    }

    @Test("An order that waits for a rate window is not changed; it is once somebody has let it go")
    func held() async throws {
        let fixture = try await GatewayFixture(
            accounts: 1,
            rms: """
                rms: 1
                accounts: [ { id: P1, limits: { message-rate: { windows: [ { limit: 1, per: 2s } ], max_hold: 2s } } } ]
                """)
        _ = try await fixture.place(fixture.parent(.buy, 5, price: "91.00", account: "P1"), wait: .durable)
        let id = try #require(
            try await fixture.place(fixture.parent(.buy, 6, price: "91.00", account: "P1"), wait: .durable).run.id)
        #expect(try await fixture.gateway.settledRun(id)?.legs[0].status == .held)
        await #expect {
            _ = try await Self.modify(id, OrderChanges(quantity: 3), fixture)
        } throws: { error in
            guard case .refused(let refusal) = error as? GatewayError else { return false }
            return refusal.code == "not_modifiable" && refusal.value == "HELD"
        }
        _ = try await fixture.run(id) { $0.legs[0].status == .working }
        _ = try await Self.modify(id, OrderChanges(quantity: 3), fixture)
        #expect(try await fixture.run(id) { $0.legs[0].orderedQuantity == 3 }.legs[0].status == .working)
        await fixture.stop()
    }
}
