import Adapters
import Domain
import Engine
import Exact
import Foundation
import Gateway
import Testing

@Suite(
    "Books beside the broker's", .enabled(if: GatewayFixture.hasAdapters, "the adapters are not built"), .serialized)
struct ReconciliationTests {
    static let account = AccountID("P1")!

    static func report(_ fixture: GatewayFixture) throws -> ReconciliationReport {
        try #require(fixture.gateway.reconciliations(of: [account], authority: .everything).first)
    }

    static func reconcile(_ fixture: GatewayFixture) async throws -> ReconciliationReport {
        let reports = try await fixture.gateway.reconcile(
            [account], authority: .everything, timeoutMilliseconds: 8_000)
        return try #require(reports.first)
    }

    /// - Parameter asking: Whether every look is a new comparison.
    static func report(
        _ fixture: GatewayFixture, asking: Bool = false, until condition: (ReconciliationReport) -> Bool
    ) async throws -> ReconciliationReport {
        for _ in 0..<1_000 {
            let found = asking ? try await reconcile(fixture) : try report(fixture)
            if condition(found) { return found }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("the comparison did not come there: \(try report(fixture))")
        return try report(fixture)
    }

    /// Puts an order at the paper broker that the gateway knows nothing of.
    static func enterElsewhere(_ fixture: GatewayFixture, quantity: Int64, price: String) async throws {
        let (session, index) = try #require(fixture.gateway.session(of: account))
        let record = try #require(fixture.runtime.market.record(GatewayFixture.symbol))
        let prepared = try session.prepare(
            record, index: try #require(fixture.runtime.market.index(GatewayFixture.symbol)), alias: nil,
            brokerData: nil)
        let verdict = session.submit(
            SubmitCommand(
                id: 9_000_000, accountIndex: index, side: .buy, orderType: .limit, product: .intraday,
                timeInForce: .day, clientOrderID: ClientOrderID(prefix: 1, sequence: 77), runText: "elsewhere",
                instrument: prepared, quantity: ExactDecimal(quantity), price: ExactDecimal(price)))
        #expect(verdict == .taken)
    }

    @Test("An account is compared when it becomes ready; equal books match")
    func start() async throws {
        let fixture = try await GatewayFixture(accounts: 1)
        let first = try await Self.report(fixture) { $0.status == .matched }
        #expect(first.cause == .start && first.orders.state == .answered && first.positions.state == .answered)
        _ = try await fixture.place(fixture.parent(.buy, 6, account: "P1"))
        _ = try await fixture.place(fixture.parent(.buy, 5, price: "91.00", account: "P1"), wait: .acked)
        let report = try await Self.reconcile(fixture)
        #expect(report.status == .matched && report.differences.isEmpty)
        #expect(report.orders.matched == 1 && report.positions.matched == 1 && report.executions.rows == 1)
        #expect(report.fundsAsOf != nil)
        await fixture.stop()
    }

    @Test("A failed question is not an empty list: nothing is concluded from it")
    func failedQuestion() async throws {
        let fixture = try await EvidenceTests.fixture(
            "{ when: { command: query.orders }, then: { fault: reply_lost, timeout_ms: 30 } }")
        let id = try #require(
            try await fixture.place(fixture.parent(.buy, 6, price: "91.00", account: "P1"), wait: .acked).run.id)
        let report = try await Self.reconcile(fixture)
        #expect(report.status == .incomplete && report.orders.state == .failed && report.orders.reason != nil)
        #expect(report.orders.localOnly == 0 && report.differences.isEmpty)
        #expect(try await fixture.gateway.settledRun(id)?.legs[0].status == .working)
        await fixture.stop()
    }

    @Test("Reports of a live order that were lost are found by the next comparison")
    func lostReports() async throws {
        let fixture = try await EvidenceTests.fixture("{ when: { report: any }, then: { fault: report_lost } }")
        let id = try #require(
            try await fixture.place(fixture.parent(.buy, 6, price: "91.00", account: "P1"), wait: .acked).run.id)
        for _ in 0..<3 { try fixture.runtime.stepPrices() }
        let filled = try await fixture.place(fixture.parent(.buy, 4, account: "P1"), wait: .acked)
        let report = try await Self.reconcile(fixture)
        let run = try await fixture.run(try #require(filled.run.id)) { $0.status.isTerminal }
        #expect(run.status == .done && run.legs[0].cumulativeQuantity == 4)
        #expect(report.differences.isEmpty)
        #expect(try await fixture.gateway.settledRun(id)?.legs[0].status == .working)
        await fixture.stop()
    }

    @Test("An order that was entered elsewhere is adopted: it counts, shows, and can be canceled")
    func adoptedOrder() async throws {
        let fixture = try await GatewayFixture(accounts: 1)
        try await Self.enterElsewhere(fixture, quantity: 7, price: "91.00")
        #expect(try await Self.reconcile(fixture).differences.isEmpty)
        var run: RunSnapshot?
        for _ in 0..<500 where run == nil {
            run = try await fixture.gateway.runs(
                Gateway.RunFilter(group: nil, account: nil, status: nil, before: nil, limit: 10)
            ).items.first
            try await Task.sleep(for: .milliseconds(10))
        }
        let adopted = try #require(run)
        let id = try #require(adopted.id)
        #expect(adopted.legs[0].status == .working && adopted.legs[0].orderedQuantity == 7)
        #expect(adopted.legs[0].limitPrice == 91 && adopted.order.tag == "entered elsewhere")
        let position = try #require(fixture.gateway.positions(of: nil, authority: .everything).first)
        #expect(position.openBuyQuantity == 7)
        #expect(try await EvidenceTests.events(id, "order_adopted", fixture).map(\.topic) == [.alerts])
        _ = try await EvidenceTests.cancel(id, fixture)
        let ended = try await fixture.run(id) { $0.status.isTerminal }
        #expect(ended.legs[0].status == .canceled)
        #expect(try await Self.reconcile(fixture).orders.brokerOnly == 0)
        await fixture.stop()
    }

    @Test("An order entered elsewhere that fills is booked once, whether the fill or the adoption came first")
    func adoptedFill() async throws {
        let fixture = try await GatewayFixture(accounts: 1)
        try await Self.enterElsewhere(fixture, quantity: 7, price: "110.00")
        let report = try await Self.reconcile(fixture)
        #expect(report.status == .matched && report.positions.matched == 1)
        #expect(fixture.gateway.positions(of: nil, authority: .everything).map(\.quantity) == [7])
        await fixture.stop()
    }

    // MARK: Positions

    private static let held = """
        { positions: [ { instrument: "US:EQ:AAPL", product: INTRADAY, quantity: "12", average_price: "90" } ] }
        """

    private static func fixture(
        _ policy: String, directory: URL = GatewayFixture.makeDirectory()
    ) async throws -> GatewayFixture {
        try await GatewayFixture(directory: directory, accounts: 1, config: held, reconcile: policy)
    }

    @Test("A position that the broker alone has is flagged after a second look, and nothing is overwritten")
    func flaggedPosition() async throws {
        let fixture = try await Self.fixture("{}")
        let report = try await Self.report(fixture) { !$0.differences.isEmpty }
        let difference = try #require(report.differences.first)
        #expect(report.status == .differs && report.differences.count == 1)
        #expect(difference.cause == .positionElsewhere && difference.action == .flag)
        #expect(difference.subject == "US:EQ:AAPL" && difference.ours == 0 && difference.theirs == 12)
        #expect(fixture.gateway.positions(of: nil, authority: .everything).isEmpty)
        #expect(fixture.gateway.tradingStates().isEmpty)
        _ = try await Self.reconcile(fixture)
        let alerts = try await fixture.gateway.events(after: 0, limit: 100_000).views.filter {
            $0.type == "difference_found"
        }
        #expect(alerts.count == 1 && alerts.first?.topic == .alerts && alerts.first?.account == Self.account)
        #expect(alerts.first?.facts["theirs"]?.string == "12")
        _ = try await Self.reconcile(fixture)
        let again = try await fixture.gateway.events(after: 0, limit: 100_000).views.filter {
            $0.type == "difference_found"
        }
        #expect(again.count == 1, "what stands is told once")
        await fixture.stop()
    }

    @Test("With reduce the account only reduces until a person resumes it")
    func reducedPosition() async throws {
        let fixture = try await Self.fixture("{ position_elsewhere: reduce }")
        _ = try await Self.report(fixture) { !$0.differences.isEmpty }
        let state = try #require(fixture.gateway.tradingStates().first)
        #expect(state.scope.description == "account:P1" && state.status == .reducing && state.by == "rule:reconcile")
        #expect(state.reason.contains("0 here, 12 at the broker"), "\(state.reason)")
        let refused = try await fixture.place(fixture.parent(.buy, 1, account: "P1"))
        #expect(refused.run.legs[0].reject?.code == "trading_state")
        await fixture.stop()
    }

    @Test("With adopt the broker's position counts, at its cost, also after a restart")
    func adoptedPosition() async throws {
        let directory = GatewayFixture.makeDirectory()
        var fixture = try await Self.fixture("{ position_elsewhere: adopt }", directory: directory)
        for _ in 0..<500 where fixture.gateway.positions(of: nil, authority: .everything).isEmpty {
            try await Task.sleep(for: .milliseconds(10))
        }
        let position = try #require(fixture.gateway.positions(of: nil, authority: .everything).first)
        #expect(position.quantity == 12 && position.averagePrice == 90)
        #expect(try await Self.reconcile(fixture).status == .matched)
        await fixture.stop()
        fixture = try await Self.fixture("{ position_elsewhere: adopt }", directory: directory)
        #expect(fixture.gateway.positions(of: nil, authority: .everything).map(\.quantity) == [12])
        #expect(try await Self.reconcile(fixture).status == .matched)
        await fixture.stop()
    }
}
