import Domain
import Gateway
import Instruments
import Testing

@Suite(
    "What the instrument master holds back", .enabled(if: GatewayFixture.hasAdapters, "the adapters are not built"),
    .serialized)
struct InstrumentHoldTests {
    /// Makes `source` list the fixture's instrument.
    private func list(
        _ source: String, freeze: ExactDecimal, at: Timestamp, in fixture: GatewayFixture
    ) throws {
        var row = InstrumentFields(id: GatewayFixture.symbol)
        row.currency = Currency("USD")
        row.freezeQuantity = freeze
        row.alias = "AAPL"
        let load = InstrumentLoad(source: source)
        load.append([row])
        try fixture.runtime.market.master.finish(load, at: at)
    }

    @Test(
        "An adapter that says another figure opens nothing there, closes, and opens again when a person has settled it")
    func quarantine() async throws {
        let fixture = try await GatewayFixture(accounts: 1)
        #expect(try await fixture.place(fixture.parent(.buy, 10)).run.status == .done)
        let now = fixture.gateway.clock.wall()
        for (source, freeze) in [("alpha", 1_000), ("beta", 1_000), ("paper", 500)] as [(String, ExactDecimal)] {
            try list(source, freeze: freeze, at: now, in: fixture)
        }
        let refused = try await fixture.place(fixture.parent(.buy, 10)).run.legs[0]
        let reject = try #require(refused.reject)
        #expect(refused.status == .refused && reject.code == "instrument")
        #expect(reject.limit == 1_000 && reject.observed == 500)
        #expect(reject.message.contains("freeze_quantity"))
        #expect(try await fixture.place(fixture.parent(.sell, 4)).run.status == .done)

        await #expect(throws: GatewayError.self) {
            try await fixture.gateway.acknowledgeInstrument(
                GatewayFixture.symbol, believing: "gamma", reason: "a guess", by: GatewayFixture.caller.actor)
        }
        try await fixture.gateway.acknowledgeInstrument(
            GatewayFixture.symbol, believing: "paper", reason: "circular 12", by: GatewayFixture.caller.actor)
        #expect(try await fixture.place(fixture.parent(.buy, 10)).run.status == .done)
        await fixture.stop()
    }

    @Test("Figures of an earlier session open nothing and close")
    func stale() async throws {
        let fixture = try await GatewayFixture(accounts: 1)
        #expect(try await fixture.place(fixture.parent(.buy, 10)).run.status == .done)
        let now = fixture.gateway.clock.wall()
        let twoDays: Int64 = 172_800_000_000_000
        try list("paper", freeze: 1_000, at: now.advanced(by: -twoDays), in: fixture)
        let refused = try await fixture.place(fixture.parent(.buy, 10)).run.legs[0]
        #expect(refused.status == .refused && refused.reject?.code == "instrument_stale")
        #expect(try await fixture.place(fixture.parent(.sell, 10)).run.status == .done)
        try list("paper", freeze: 1_000, at: now, in: fixture)
        #expect(try await fixture.place(fixture.parent(.buy, 10)).run.status == .done)
        await fixture.stop()
    }

    @Test("A sync asks the adapter anew; an adapter without a session says so, and what it lists is kept")
    func sync() async throws {
        let fixture = try await GatewayFixture(
            accounts: 1,
            config: "{ instruments: [ { id: \"US:EQ:ACME\", currency: USD, tick: \"0.05\", lot_size: \"10\" } ] }")
        let reports = try await fixture.gateway.syncInstruments(
            nil, acceptsShrinking: false, by: GatewayFixture.caller.actor, timeoutMilliseconds: 20_000)
        #expect(reports.map(\.adapter.rawValue) == ["paper"] && reports[0].failure == nil)
        #expect(reports[0].merge?.rowCount == 1)
        let none = try await fixture.gateway.syncInstruments(
            AdapterID("gamma"), acceptsShrinking: false, by: GatewayFixture.caller.actor, timeoutMilliseconds: 1_000)
        #expect(none.first?.failure?.contains("no session") == true)
        #expect(fixture.runtime.market.master.statistics(at: fixture.gateway.clock.wall()).sources.first?.listed == 1)
        await fixture.stop()
    }
}
