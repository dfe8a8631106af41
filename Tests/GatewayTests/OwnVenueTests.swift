import Domain
import Engine
import Gateway
import Instruments
import Testing

/// Two adapters, each with an exchange of its own: Paper lists the pair at BINANCE, Minimal at BYBIT.
@Suite(
    "An order that names the account's own venue",
    .enabled(if: GatewayFixture.hasAdapters, "the adapters are not built"),
    .serialized)
struct OwnVenueTests {
    private static let asked = try! InstrumentID("ANY:SPOT:DOGE-USDT")
    private static let first = try! InstrumentID("BINANCE:SPOT:DOGE-USDT")
    private static let second = try! InstrumentID("BYBIT:SPOT:DOGE-USDT")

    private func fixture(others: [String] = ["minimal"]) async throws -> GatewayFixture {
        let fixture = try await GatewayFixture(
            accounts: 1,
            config: """
                { instruments: [ { id: "BINANCE:SPOT:DOGE-USDT", currency: USDT, tick: "0.05", lot_size: "2" } ] }
                """, others: others,
            currency: "USDT",
            files: [
                "BINANCE_SPOT_DOGE-USDT.daily.csv": GatewayFixture.candles,
                "BYBIT_SPOT_DOGE-USDT.daily.csv": GatewayFixture.candles,
            ],
            overlay: """
                "BINANCE:SPOT:DOGE-USDT": { tick: 0.05, lot_size: 2, currency: USDT, source: test }
                "BYBIT:SPOT:DOGE-USDT": { tick: 0.01, lot_size: 3, currency: USDT, source: test }
                """,
            // Minimal tells no funds.
            rms: """
                rms: 1
                profiles:
                  fundless: { margin-buffer: unlimited, daily-loss: { max: unlimited }, concentration: { bps: unlimited },
                    leverage: { bps: unlimited }, drawdown: { max: unlimited, bps: unlimited } }
                \(others.isEmpty ? "" : "accounts: [ { id: Q1, profile: fundless } ]")
                """)
        for _ in 0..<500 where fixture.runtime.market.record(Self.first) == nil {
            try await Task.sleep(for: .milliseconds(10))
        }
        try list("minimal", [(Self.second, "0.01", 3)], in: fixture)
        try fixture.runtime.stepPrices()
        return fixture
    }

    /// Makes `source` list these and nothing else.
    private func list(
        _ source: String, _ rows: [(id: InstrumentID, tick: String, lot: ExactDecimal?)], in fixture: GatewayFixture
    ) throws {
        let load = InstrumentLoad(source: source)
        load.append(
            rows.map { row in
                var fields = InstrumentFields(id: row.id)
                (fields.currency, fields.tickSize, fields.lotSize) = (
                    Currency("USDT"), ExactDecimal(row.tick), row.lot
                )
                fields.alias = row.id.text
                return fields
            })
        try fixture.runtime.market.master.finish(load, at: fixture.gateway.clock.wall())
    }

    private func order(_ quantity: Int64, _ side: Side = .buy, account: String? = nil) -> ParentOrder {
        var order = ParentOrder(
            target: account.map { .account(AccountID($0)!) } ?? .group(GroupID("family")!), symbol: Self.asked,
            side: side, orderType: .limit, product: .cash)
        order.quantity = ExactDecimal(quantity)
        order.limitPrice = side == .buy ? 105 : 95
        return order
    }

    private func preview(_ order: ParentOrder, _ fixture: GatewayFixture) throws(GatewayError) -> RunSnapshot {
        try fixture.gateway.preview(
            order, by: GatewayFixture.caller, receivedAt: fixture.gateway.clock.wall())
    }

    @Test("One parent fans out over two exchanges: each leg is sent, filled and held at its own")
    func fanOut() async throws {
        let fixture = try await fixture()
        let preview = try preview(order(12), fixture)
        #expect(preview.order.symbol == Self.asked)
        #expect(preview.legs.map(\.symbol) == [Self.first, Self.second])
        #expect(preview.legs.map(\.allocatedQuantity) == [6, 6], "the lot of both, 6, is what is shared out")
        let placed = try await fixture.place(order(12), wait: .acked)
        #expect(placed.run.legs.map(\.symbol) == [Self.first, Self.second])
        #expect(placed.run.legs.allSatisfy { $0.reject == nil }, "\(placed.run.legs.map(\.reject))")
        for _ in 0..<500 where fixture.gateway.positions(of: nil, authority: .everything).count < 2 {
            try fixture.runtime.stepPrices()
            try await Task.sleep(for: .milliseconds(10))
        }
        let positions = fixture.gateway.positions(of: nil, authority: .everything)
        #expect(positions.map(\.symbol) == [Self.first, Self.second] && positions.map(\.quantity) == [6, 6])
        let explained = try await fixture.gateway.explain(run: try #require(placed.run.id), leg: nil)
        #expect(explained?.symbols == [Self.first, Self.second])
        await fixture.stop()
    }

    @Test("None and several are refusals of the leg that list what was found; where no account has one, of the parent")
    func refusals() async throws {
        let fixture = try await fixture()
        try list("minimal", [(try InstrumentID("BYBIT:SPOT:BTC-USDT"), "0.01", 1)], in: fixture)
        var legs = try preview(order(12), fixture).legs
        #expect(legs[0].reject == nil && legs[1].reject?.code == "instrument")
        #expect(legs[1].reject?.message.hasSuffix(": minimal lists no SPOT:DOGE-USDT on BYBIT") == true)
        #expect(legs[1].symbol == Self.asked)

        let third = try InstrumentID("OKX:SPOT:DOGE-USDT")
        try list("minimal", [(Self.second, "0.01", 1), (third, "0.01", 1)], in: fixture)
        legs = try preview(order(12), fixture).legs
        #expect(
            legs[1].reject?.message
                .hasSuffix("name one of them: minimal lists BYBIT:SPOT:DOGE-USDT, OKX:SPOT:DOGE-USDT") == true)

        try list("minimal", [(try InstrumentID("BYBIT:SPOT:ETH-USDT"), "0.01", nil)], in: fixture)
        var other = order(12)
        other.symbol = try InstrumentID("ANY:SPOT:ETH-USDT")
        do throws(GatewayError) {
            _ = try preview(other, fixture)
            Issue.record("no account trades it")
        } catch {
            guard case .refused(let refusal) = error else { throw error }
            #expect(refusal.code == "unknown_instrument" && refusal.path == "/symbol")
            #expect(
                refusal.message.hasSuffix(
                    "P1: paper lists no SPOT:ETH-USDT on BINANCE; "
                        + "Q1: BYBIT:SPOT:ETH-USDT: lot_size is missing: no source and no overlay says it"))
        }
        await fixture.stop()
    }

    @Test("What is no longer listed closes and does not open, by the account's venue as by its own id")
    func withdrawn() async throws {
        let fixture = try await fixture(others: [])
        #expect(try await fixture.place(order(6, account: "P1")).run.status == .done)
        try list("paper", [(try InstrumentID("BINANCE:SPOT:BTC-USDT"), "0.05", 1)], in: fixture)
        let opening = try preview(order(2, account: "P1"), fixture)
        #expect(
            opening.legs[0].symbol == Self.first
                && opening.legs[0].reject?.message.hasSuffix("paper lists no SPOT:DOGE-USDT on BINANCE") == true)
        let closing = try await fixture.place(order(6, .sell, account: "P1"))
        #expect(closing.run.legs[0].symbol == Self.first && closing.run.status == .done)
        #expect(throws: GatewayError.self) { try preview(order(2, account: "P1"), fixture) }
        await fixture.stop()
    }

    @Test("Of several venues, an order that only reduces is of the one that the account holds")
    func reducing() async throws {
        let fixture = try await fixture(others: [])
        #expect(try await fixture.place(order(6, account: "P1")).run.status == .done)
        try list("paper", [(Self.first, "0.05", 2), (Self.second, "0.05", 2)], in: fixture)
        #expect(throws: GatewayError.self) { try preview(order(6, .sell, account: "P1"), fixture) }
        var closing = order(6, .sell, account: "P1")
        closing.isReduceOnly = true
        let run = try preview(closing, fixture)
        #expect(run.legs[0].symbol == Self.first && run.legs[0].reject == nil)
        await fixture.stop()
    }
}
