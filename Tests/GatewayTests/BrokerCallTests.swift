import Domain
import Engine
import Gateway
import Testing

@testable import Adapters

@Suite("Calls of an adapter's own, against trading states", .serialized, .enabled(if: GatewayFixture.hasAdapters))
struct BrokerCallTests {
    private static func account() throws -> Account {
        Account(
            id: AccountID(unchecked: "P1"), adapter: try #require(AdapterID("paper")), login: "P1",
            currency: try #require(Currency("USD")))
    }
    private static let actor = Actor(person: "ann", keyID: "k1")

    private func call(
        _ name: String, _ effect: RequestEffect, isReducing: Bool = false
    ) -> AdapterConnections.VendorCall {
        AdapterConnections.VendorCall(name: name, effect: effect, isReducing: isReducing)
    }

    private func isAdmitted(_ fixture: GatewayFixture, _ call: AdapterConnections.VendorCall) async throws -> Bool {
        let account = try Self.account()
        do throws(GatewayError) {
            try await fixture.gateway.admit(call, account: account, by: Self.actor)
            return true
        } catch {
            guard case .stopped(let change, let name) = error else { throw error }
            #expect(name == call.name && change.reason == "drill")
            return false
        }
    }

    @Test(
        "What may change something at the broker is refused where firm, adapter, account or key is stopped; what reads or only takes back is not",
        arguments: ["firm", "adapter:paper", "account:P1", "key:k1"], [TradingStatus.halted, .reducing])
    func stopped(scope: String, status: TradingStatus) async throws {
        let fixture = try await GatewayFixture()
        defer { Task { await fixture.stop() } }
        let gateway = fixture.gateway
        let scope = try #require(Scope(scope))
        #expect(try await isAdmitted(fixture, call("place", .mutation)))
        _ = try await gateway.setTradingState(scope, status, reason: "drill", by: "ann", cancelWorking: false)
        #expect(try await !isAdmitted(fixture, call("place", .mutation)))
        #expect(try await !isAdmitted(fixture, call("put", .idempotent)))
        #expect(try await isAdmitted(fixture, call("delete", .mutation, isReducing: true)))
        #expect(try await isAdmitted(fixture, call("renew", .session)))
        #expect(try await isAdmitted(fixture, call("list", .read)))
        _ = try await gateway.setTradingState(scope, .active, reason: "over", by: "ann", cancelWorking: false)
        #expect(try await isAdmitted(fixture, call("place", .mutation)))
    }

    @Test("A stopped scope that the call does not lie in stops nothing")
    func elsewhere() async throws {
        let fixture = try await GatewayFixture()
        defer { Task { await fixture.stop() } }
        _ = try await fixture.gateway.setTradingState(
            try #require(Scope("account:P2")), .halted, reason: "drill", by: "ann", cancelWorking: false)
        #expect(try await isAdmitted(fixture, call("place", .mutation)))
    }
}
