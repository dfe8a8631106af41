import Domain
import Gateway
import Testing

@Suite("Sessions of a running gateway", .serialized, .enabled(if: GatewayFixture.hasAdapters))
struct GatewaySessionTests {
    @Test("An account that was disconnected can be connected again") func reconnect() async throws {
        let fixture = try await GatewayFixture(accounts: 1)
        defer { Task { await fixture.stop() } }
        let id = try #require(AccountID("P1"))
        let account = try #require(fixture.gateway.account(id))
        fixture.gateway.disconnect(id)
        #expect(fixture.gateway.session(of: id) == nil)
        var refusals: [String] = []
        for _ in 0..<500 where fixture.gateway.session(of: id) == nil {
            refusals += fixture.gateway.connect([account], adapters: fixture.runtime.adapters).map(\.code)
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(refusals.allSatisfy { $0 == "session.closing" }, "\(refusals)")
        for _ in 0..<500 where fixture.gateway.accountStatuses().first?.isReady != true {
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(fixture.gateway.accountStatuses().first?.isReady == true)
        let placed = try await fixture.place(fixture.parent(.buy, 1, account: "P1"))
        #expect(placed.run.status == .done)
    }
}
