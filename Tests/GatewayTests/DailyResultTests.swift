import Domain
import Engine
import Gateway
import Telemetry
import Testing

@Suite("Results of days, by numbers worked out on paper", .enabled(if: GatewayFixture.hasAdapters), .serialized)
struct DailyResultTests {
    /// Bars close at 100, 101, 102, 103; a market order fills at the last close.
    private static func trade(_ side: Side, _ quantity: Int64, _ fixture: GatewayFixture) async throws {
        let placed = try await fixture.place(fixture.parent(side, quantity, account: "P1"))
        #expect(placed.run.status == .done)
    }

    /// The next bar, once P1's broker has it: an order may overtake prices on their way there.
    private static func step(_ fixture: GatewayFixture) async throws {
        try fixture.runtime.stepPrices()
        let account = try #require(AccountID("P1"))
        while let seat = fixture.gateway.session(of: account), seat.session.health.queuedPrices > 0 {
            await Task.yield()
        }
    }

    @Test("Bought 10 at 100, sold 4 at 101 and 9 at 103: 4 + 18 of what was closed, 3 short at 103")
    func realised() async throws {
        let fixture = try await GatewayFixture(accounts: 2)
        func row() async throws -> DailyResult {
            var reader = DailyResultReader(fixture.gateway, from: nil, to: nil)
            var rows: [DailyResult] = []
            while let part = try await reader.rows() { rows += part }
            #expect(rows.count == 1 && rows[0].account.rawValue == "P1", "\(rows)")
            return try #require(rows.last)
        }
        func day() throws -> DayResult {
            let days = fixture.gateway.openDays().filter { $0.account.rawValue == "P1" && $0.result != 0 }
            #expect(days.count == 1, "\(days)")
            return try #require(days.first)
        }
        try await Self.trade(.buy, 10, fixture)
        try await Self.step(fixture)
        // 10 held at 100, worth 101 each.
        #expect(try day().result == 10_00)
        try await Self.trade(.sell, 4, fixture)
        var now = try await row()
        #expect(now.realised?.amount == ExactDecimal("4.00") && now.quantity == 6 && now.averagePrice == 100)
        #expect(now.boughtQuantity == 10 && now.boughtValue?.amount == 1_000)
        #expect(
            now.soldQuantity == 4 && now.soldValue?.amount == 404 && now.executions == 2 && now.fees.minorUnits == 0)
        // 4 closed with 1 each, 6 held with 1 each.
        #expect(try day().result == 10_00)
        try await Self.step(fixture)
        try await Self.step(fixture)
        #expect(try day().result == 4_00 + 6 * 3_00)
        try await Self.trade(.sell, 9, fixture)
        now = try await row()
        #expect(now.realised?.amount == ExactDecimal("22.00") && now.quantity == -3 && now.averagePrice == 103)
        #expect(now.soldQuantity == 13 && now.soldValue?.amount == 1_331)
        #expect(try day().result == 22_00)
        // What telemetry keeps is what the ledger says.
        let telemetry = fixture.runtime.telemetry
        let store = try #require(telemetry.store)
        try store.keep(fixture.gateway.openDays())
        let kept = try store.dayResults(from: .min, to: .max, accounts: AccountID("P1").map { [$0] })
        #expect(kept.map(\.result) == [22_00] && kept.map(\.isClosed) == [false])
        await fixture.stop()
    }
}
