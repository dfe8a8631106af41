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

    /// A listing of the fixture's instrument, or of another one.
    private func list(_ row: InstrumentFields, in fixture: GatewayFixture) throws {
        let load = InstrumentLoad(source: "alpha")
        load.append([row])
        try fixture.runtime.market.master.finish(load, at: fixture.gateway.clock.wall())
    }

    private func row(_ id: InstrumentID, lot: ExactDecimal?) -> InstrumentFields {
        var row = InstrumentFields(id: id)
        (row.currency, row.tickSize, row.lotSize) = (Currency("USD"), ExactDecimal("0.01"), lot)
        return row
    }

    @Test("Nobody is locked into what no source lists any more: it opens nothing and closes")
    func withdrawn() async throws {
        let fixture = try await GatewayFixture(accounts: 1)
        try list(row(GatewayFixture.symbol, lot: 1), in: fixture)
        fixture.runtime.market.instruments.setOverlay([])
        #expect(try await fixture.place(fixture.parent(.buy, 10)).run.status == .done)
        try list(row(try InstrumentID("US:EQ:OTHER"), lot: 1), in: fixture)
        let refused = try await fixture.place(fixture.parent(.buy, 10)).run.legs[0]
        #expect(refused.status == .refused && refused.reject?.code == "instrument")
        #expect(refused.reject?.message.contains("only closing orders") == true)
        #expect(try await fixture.place(fixture.parent(.sell, 10)).run.status == .done)
        await fixture.stop()
    }

    @Test(
        "A missing figure is named: what is open closes by the figure known before, what was never known says how to say it"
    )
    func missingFigure() async throws {
        let fixture = try await GatewayFixture(accounts: 1)
        try list(row(GatewayFixture.symbol, lot: 1), in: fixture)
        fixture.runtime.market.instruments.setOverlay([])
        #expect(try await fixture.place(fixture.parent(.buy, 10)).run.status == .done)
        fixture.runtime.market.instruments.setOverlay([])
        try list(row(GatewayFixture.symbol, lot: nil), in: fixture)
        let refused = try await fixture.place(fixture.parent(.buy, 10)).run.legs[0]
        #expect(refused.status == .refused && refused.reject?.code == "instrument_no_input")
        #expect(refused.reject?.message.contains("lot_size is missing") == true)
        #expect(try await fixture.place(fixture.parent(.sell, 10)).run.status == .done)

        let gold = try InstrumentID("MCX:FUT:GOLD:20261204")
        try list(row(gold, lot: nil), in: fixture)
        var order = fixture.parent(.buy, 1)
        order.symbol = gold
        let named = order
        let failure = await #expect(throws: GatewayError.self) { try await fixture.place(named) }
        guard case .refused(let refusal) = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(refusal.code == "instrument_no_input" && refusal.path == "/symbol")
        #expect(refusal.message.contains("lot_size is missing"))
        #expect(refusal.remedy.contains("instruments.overlay"))
        await fixture.stop()
    }

    @Test("An index is priced and cannot be ordered")
    func index() async throws {
        let fixture = try await GatewayFixture(accounts: 1)
        var row = InstrumentFields(id: try InstrumentID("NSE:IDX:NIFTY"))
        row.currency = Currency("USD")
        try list(row, in: fixture)
        #expect(fixture.runtime.market.record(row.id)?.tickSize == ExactDecimal("0.01"))
        var order = fixture.parent(.buy, 1, price: "100")
        order.symbol = row.id
        let leg = try await fixture.place(order).run.legs[0]
        #expect(leg.status == .refused && leg.reject?.message == "the instrument is not tradable")
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
