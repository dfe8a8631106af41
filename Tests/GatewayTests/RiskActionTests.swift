import Domain
import Engine
import Foundation
import Gateway
import Testing

@Suite(
    "Square-offs, overrides and heartbeats of a running gateway", .serialized, .enabled(if: GatewayFixture.hasAdapters))
struct RiskActionTests {
    func squareOff(_ fixture: GatewayFixture, _ scope: String, key: String = "q") async throws
        -> Gateway.SquareOffStatus
    {
        try await fixture.gateway.squareOff(
            Scope(scope)!, reason: "end of day", by: GatewayFixture.caller,
            idempotency: Idempotency(key: key, fingerprint: Array(scope.utf8)))
    }

    /// Lets ticks run until a square-off has ended.
    func ended(_ fixture: GatewayFixture, _ id: Int64) async throws -> Gateway.SquareOffStatus? {
        for _ in 0..<500 {
            if let status = fixture.gateway.squareOff("q\(id)"), status.end != nil { return status }
            try await Task.sleep(for: .milliseconds(10))
        }
        return fixture.gateway.squareOff("q\(id)")
    }

    func quantities(_ fixture: GatewayFixture) -> [String] {
        fixture.gateway.positions(of: nil, authority: .everything).map { "\($0.account) \($0.quantity)" }.filter {
            !$0.hasSuffix(" 0")
        }.sorted()
    }

    @Test("A halted account is closed, its resting orders gone first, and it stays stopped") func halted() async throws
    {
        let fixture = try await GatewayFixture()
        defer { Task { await fixture.stop() } }
        _ = try await fixture.place(fixture.parent(.buy, 60))
        _ = try await fixture.place(fixture.parent(.buy, 5, price: "95.00", account: "P1"), wait: .acked)
        _ = try await fixture.gateway.setTradingState(
            Scope("account:P1")!, .halted, reason: "t", by: "ann", cancelWorking: false)
        let started = try await squareOff(fixture, "account:P1")
        let again = try await squareOff(fixture, "account:P1")
        #expect(started.squareOff.id == again.squareOff.id, "the same key starts it once")
        let status = try await ended(fixture, started.squareOff.id)
        #expect(status?.word == "DONE", "\(String(describing: status))")
        #expect(quantities(fixture) == ["P2 20", "P3 30"])
        let states = fixture.gateway.tradingStates()
        #expect(states.map(\.status) == [.halted], "a more severe state stays")
    }

    @Test("A square-off of an active scope puts it into reducing; a group's closes its own share only") func group()
        async throws
    {
        let fixture = try await GatewayFixture()
        defer { Task { await fixture.stop() } }
        _ = try await fixture.place(fixture.parent(.buy, 10, account: "P1"))
        _ = try await fixture.place(fixture.parent(.buy, 60))
        let started = try await squareOff(fixture, "group:family")
        #expect(fixture.gateway.tradingStates().map(\.status) == [.reducing])
        let status = try await ended(fixture, started.squareOff.id)
        #expect(status?.word == "DONE", "\(String(describing: status))")
        #expect(quantities(fixture) == ["P1 10"])
    }

    @Test("It goes on after a restart where it was, and closes once") func restart() async throws {
        let directory = GatewayFixture.makeDirectory()
        // No reference price within the collar's age: the square-off has to wait.
        let rms = """
            rms: 1
            profiles: { default: { price-collar: { bps: 1000, max_age: 10m } } }

            """
        let first = try await GatewayFixture(directory: directory, rms: rms)
        _ = try await first.place(first.parent(.buy, 60))
        let id = try await squareOff(first, "firm").squareOff.id
        await first.stop()
        let second = try await GatewayFixture(directory: directory, rms: rms)
        defer { Task { await second.stop() } }
        let status = try await ended(second, id)
        #expect(status?.word == "DONE", "\(String(describing: status))")
        #expect(quantities(second) == [])
        var sold: ExactDecimal = 0
        for account in ["P1", "P2", "P3"] {
            for row in try await second.gateway.executions(account: AccountID(account)!, limit: 100)
            where row.side == "SELL" {
                sold = try #require(ExactDecimal(row.lastQuantity).flatMap { sold.adding($0) })
            }
        }
        #expect(sold == 60)
    }

    @Test("A square-off that cannot go on says why, and one that is taken back closes nothing more") func canceled()
        async throws
    {
        let fixture = try await GatewayFixture(
            accounts: 1, rms: "rms: 1\nprofiles: { default: { price-collar: { bps: 1000, max_age: 1s } } }\n")
        defer { Task { await fixture.stop() } }
        _ = try await fixture.place(fixture.parent(.buy, 60))
        // Prices are stepped by the test: by and by the last one is too old.
        for _ in 0..<150 {
            let preview = try fixture.gateway.preview(
                fixture.parent(.buy, 1), by: GatewayFixture.caller, receivedAt: fixture.gateway.clock.wall())
            if preview.legs[0].reject != nil { break }
            try await Task.sleep(for: .milliseconds(10))
        }
        let id = try await squareOff(fixture, "account:P1").squareOff.id
        for _ in 0..<300 where fixture.gateway.squareOff("q\(id)")?.word != "BLOCKED" {
            try await Task.sleep(for: .milliseconds(10))
        }
        let blocked = try #require(fixture.gateway.squareOff("q\(id)"))
        #expect(blocked.positions.map(\.message) == ["the reference price is too old"])
        let canceled = try await fixture.gateway.cancelSquareOff("q\(id)", reason: "t", by: "ann")
        #expect(canceled.word == "CANCELED")
        #expect(quantities(fixture) == ["P1 60"])
        await #expect(throws: GatewayError.self) {
            _ = try await fixture.gateway.cancelSquareOff("q99", reason: "t", by: "ann")
        }
    }

    @Test("A key that promised a heartbeat and is silent is reduced, once; a renewal keeps it going") func heartbeat()
        async throws
    {
        let fixture = try await GatewayFixture(accounts: 1)
        defer { Task { await fixture.stop() } }
        let scope = Scope("key:tester")!
        let armed = try await fixture.gateway.beat(GatewayFixture.caller, scope: scope, ttl: Heartbeat.shortest)
        #expect(armed != nil && fixture.gateway.heartbeats().count == 1)
        for _ in 0..<300 where fixture.gateway.tradingStates().isEmpty { try await Task.sleep(for: .milliseconds(10)) }
        let state = try #require(fixture.gateway.tradingStates().first)
        #expect(state.scope == scope && state.status == .reducing && state.by == "rule:heartbeat")
        #expect(fixture.gateway.heartbeats().isEmpty)
        let refused = try await fixture.place(fixture.parent(.buy, 1, account: "P1"), wait: .durable)
        #expect(refused.run.legs[0].reject?.code == "trading_state")
    }

    @Test("Two persons: neither who halted nor whose order led to it may resume") func secondPerson() async throws {
        let fixture = try await GatewayFixture(accounts: 1)
        defer { Task { await fixture.stop() } }
        _ = try await fixture.gateway.setTradingState(.firm, .halted, reason: "t", by: "ann", cancelWorking: false)
        func resume(_ person: String) async throws {
            _ = try await fixture.gateway.setTradingState(
                .firm, .active, reason: "t", by: person, cancelWorking: false,
                isSecondPerson: { $0.by != person && $0.cause != person })
        }
        await #expect(throws: GatewayError.self) { try await resume("ann") }
        #expect(fixture.gateway.tradingStates().count == 1)
        try await resume("bo")
        #expect(fixture.gateway.tradingStates().isEmpty)
    }
}
