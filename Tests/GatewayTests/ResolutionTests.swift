import Domain
import Engine
import Exact
import Foundation
import Gateway
import Testing

@Suite(
    "Orders that evidence does not settle", .enabled(if: GatewayFixture.hasAdapters, "the adapters are not built"),
    .serialized)
struct ResolutionTests {
    /// The request never arrives, and no look-up or list says so.
    static let silent = """
        { when: { command: submit, nth: 1 }, then: { fault: reply_lost, phase: before, timeout_ms: 30 } }, \
        { when: { command: look_up }, then: { fault: reply_lost, timeout_ms: 30 } }
        """
    /// The broker accepts an order, and then says for a minute that it does not have it.
    static let hidden = """
        { when: { command: look_up }, then: { fault: visibility_delay, delay_ms: 60000, declared: false } }, \
        { when: { command: query.orders }, then: { fault: visibility_delay, delay_ms: 60000, declared: false } }
        """

    static func resolve(
        _ id: RunID, _ outcome: Resolution.Outcome, quantity: ExactDecimal? = nil, price: ExactDecimal? = nil,
        key: String = UUID().uuidString, _ fixture: GatewayFixture
    ) async throws -> RunSnapshot {
        try await fixture.gateway.resolve(
            LegID(run: id, index: 0), outcome, quantity: quantity, price: price, reason: "the desk said so",
            by: GatewayFixture.caller, idempotency: Idempotency(key: key, fingerprint: [3]))
    }

    static func unknown(_ fixture: GatewayFixture, price: String = "91.00") async throws -> RunID {
        let id = try #require(
            try await fixture.place(fixture.parent(.buy, 6, price: price, account: "P1"), wait: .acked).run.id)
        _ = try await fixture.run(id) { $0.legs[0].status == .unknown }
        return id
    }

    @Test(
        "An unknown order holds its reservation until a person settles it, with a reason, once",
        arguments: [Resolution.Outcome.canceled, .rejected, .absent])
    func unknown(outcome: Resolution.Outcome) async throws {
        let fixture = try await EvidenceTests.fixture(Self.silent)
        let id = try await Self.unknown(fixture)
        #expect(fixture.gateway.positions(of: nil, authority: .everything).first?.openBuyQuantity == 6)
        let warning = try await fixture.gateway.preflight().checks.first { $0.outcome == .warn }
        #expect(warning?.kind == .positions && warning?.detail == "it is not known whether the broker has \(id)-1")
        #expect(warning?.remedy?.contains("sluice orders resolve \(id)-1") ?? false)
        let run = try await Self.resolve(id, outcome, key: "k", fixture)
        #expect(run.legs[0].reject?.message == "tester settled it as \(outcome.rawName): the desk said so")
        let expected: LegStatus = outcome == .rejected ? .rejected : outcome == .absent ? .notSent : .canceled
        #expect(run.legs[0].status == expected && run.status.isTerminal)
        #expect(fixture.gateway.positions(of: nil, authority: .everything).first?.openBuyQuantity ?? 0 == 0)
        let again = try await Self.resolve(id, outcome, key: "k", fixture)
        #expect(again.legs[0].status == expected, "the same key is the same request")
        let events = try await EvidenceTests.events(id, "order_resolved", fixture)
        #expect(events.count == 1)
        #expect(events.first?.facts["by"]?.string == "tester")
        #expect(events.first?.facts["reason"]?.string == "the desk said so")
        await #expect(throws: GatewayError.self) { _ = try await Self.resolve(id, .canceled, fixture) }
        await fixture.stop()
    }

    @Test("A person's fill is booked with its price; what was not filled counts as canceled")
    func filled() async throws {
        let fixture = try await EvidenceTests.fixture(Self.silent)
        let id = try await Self.unknown(fixture)
        for (quantity, price) in [("7", "90"), ("0.5", "90"), ("4", nil), ("4", "0")] as [(String, String?)] {
            await #expect(throws: GatewayError.self, "\(quantity) at \(price ?? "nothing")") {
                _ = try await Self.resolve(
                    id, .filled, quantity: ExactDecimal(quantity), price: price.flatMap { ExactDecimal($0) }, fixture)
            }
        }
        let run = try await Self.resolve(id, .filled, quantity: 4, price: 90, fixture)
        #expect(run.legs[0].status == .canceled)
        #expect(run.legs[0].cumulativeQuantity == 4 && run.legs[0].canceledQuantity == 2)
        #expect(run.legs[0].averagePrice == 90)
        let position = try #require(fixture.gateway.positions(of: nil, authority: .everything).first)
        #expect(position.quantity == 4 && position.openBuyQuantity == 0)
        await fixture.stop()
    }

    @Test("An order that its broker knows is not a person's to settle")
    func known() async throws {
        let fixture = try await GatewayFixture(accounts: 1)
        let id = try #require(
            try await fixture.place(fixture.parent(.buy, 6, price: "91.00", account: "P1"), wait: .acked).run.id)
        do {
            _ = try await Self.resolve(id, .absent, fixture)
            Issue.record("it was resolved")
        } catch GatewayError.refused(let refusal) {
            #expect(refusal.code == "not_resolvable")
        }
        #expect(try await fixture.gateway.settledRun(id)?.legs[0].status == .working)
        await fixture.stop()
    }

    @Test("An acknowledged order that the broker says it never had is flagged, and a person ends it")
    func missing() async throws {
        let fixture = try await EvidenceTests.fixture(Self.hidden)
        let id = try #require(
            try await fixture.place(fixture.parent(.buy, 6, price: "91.00", account: "P1"), wait: .acked).run.id)
        let report = try await ReconciliationTests.report(fixture, asking: true) { !$0.differences.isEmpty }
        let difference = try #require(report.differences.first)
        #expect(difference.cause == .orderMissing && difference.action == .flag && difference.ours == 6)
        #expect(difference.order == LegID(run: id, index: 0))
        #expect(try await fixture.gateway.settledRun(id)?.legs[0].status == .working, "it never ends by itself")
        let run = try await Self.resolve(id, .absent, fixture)
        #expect(run.legs[0].status == .canceled)
        #expect(try await ReconciliationTests.reconcile(fixture).differences.isEmpty)
        await fixture.stop()
    }

    @Test("With adopt an acknowledged order ends once its absence was proven often enough")
    func adoptedAbsence() async throws {
        let fixture = try await GatewayFixture(
            accounts: 1, config: "{ scenario: { rules: [ \(Self.hidden) ] } }", reconcile: "{ order_missing: adopt }")
        let id = try #require(
            try await fixture.place(fixture.parent(.buy, 6, price: "91.00", account: "P1"), wait: .acked).run.id)
        _ = try await ReconciliationTests.reconcile(fixture)
        let run = try await fixture.run(id) { $0.status.isTerminal }
        #expect(run.legs[0].status == .canceled && run.legs[0].cumulativeQuantity == 0)
        let resolved = try await EvidenceTests.events(id, "order_resolved", fixture)
        #expect(resolved.map { $0.facts["by"]?.string } == ["rule:order-missing"])
        await fixture.stop()
    }

    // MARK: Held orders

    private static let slow = """
        rms: 1
        accounts: [ { id: P1, limits: { message-rate: { windows: [ { limit: 1, per: 2s } ], max_hold: 2s } } } ]
        """

    @Test("A held order is dropped or released by a person, with a reason", arguments: [true, false])
    func held(drops: Bool) async throws {
        let fixture = try await GatewayFixture(accounts: 1, rms: Self.slow)
        _ = try await fixture.place(fixture.parent(.buy, 6, price: "91.00", account: "P1"), wait: .acked)
        let id = try #require(
            try await fixture.place(fixture.parent(.buy, 5, price: "91.00", account: "P1"), wait: .durable).run.id)
        #expect(try await fixture.gateway.settledRun(id)?.legs[0].status == .held)
        func release() async throws -> RunSnapshot {
            try await fixture.gateway.release(
                LegID(run: id, index: 0), drops: drops, reason: "checked", by: GatewayFixture.caller,
                idempotency: Idempotency(key: UUID().uuidString, fingerprint: [4]))
        }
        let run = try await release()
        #expect(run.legs[0].status == (drops ? .canceledLocally : .reserved))
        let ended = try await fixture.run(id) { $0.legs[0].status == (drops ? .canceledLocally : .working) }
        #expect(ended.legs[0].brokerOrderIDIsSet != drops)
        let events = try await EvidenceTests.events(id, "order_resolved", fixture)
        #expect(events.map { $0.facts["outcome"]?.string } == [drops ? "dropped" : "released"])
        await #expect(throws: GatewayError.self) { _ = try await release() }
        await fixture.stop()
    }
}

extension RunSnapshot.Leg {
    fileprivate var brokerOrderIDIsSet: Bool { slices.contains { $0.brokerOrderID != nil } }
}
