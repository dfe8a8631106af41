import Domain
import Testing

@testable import Engine

@Suite("Money across currencies: by stated rates, and refused without one") struct CurrencyRateTests {
    /// An account in USD, and an instrument in INR at 4,000.00.
    func fixture(rate: String?, _ change: (inout AccountLimits) -> Void) throws -> EngineFixture {
        var limits = EngineFixture.open
        change(&limits)
        var fixture = EngineFixture(limits: limits)
        fixture.engine.apply(
            .instrumentDefined(
                number: 1,
                InstrumentRecord(
                    id: try InstrumentID("NSE:EQ:RELIANCE"), currency: try #require(Currency("INR")),
                    tickSize: try #require(ExactDecimal("0.05")), source: "test")))
        fixture.engine.setReference(1, price: 4_000, at: fixture.now)
        if let rate {
            fixture.engine.setCurrencyRates(
                CurrencyRates([
                    .init(from: try #require(Currency("INR")), to: EngineFixture.currency): try #require(
                        ExactDecimal(rate))
                ]))
        }
        return fixture
    }

    func refusal(_ fixture: inout EngineFixture, _ quantity: Int64, _ side: Side = .buy) throws -> Rejection? {
        var order = fixture.parent(side, quantity, account: 0, price: "4000")
        order.symbol = try InstrumentID("NSE:EQ:RELIANCE")
        return try fixture.decide(order).legs[0].rejection
    }

    @Test("Without a rate an opening order is refused, and a closing one passes") func missing() throws {
        var fixture = try fixture(rate: nil) { _ in }
        let refused = try #require(try refusal(&fixture, 1))
        #expect(refused.code == "notional_limits_no_input" && refused.sentence == .currencyNotConvertible)
        fixture.engine.book.update(0, 1) { $0.quantity = 10 }
        #expect(try refusal(&fixture, 10, .sell) == nil)
    }

    @Test("Limits in the account's currency are compared with values at the rate, rounded up")
    func converted() throws {
        // 4,000.00 INR are 48.00 USD.
        var fixture = try fixture(rate: "0.012") { $0.notional.maximum = 48_000 }
        #expect(try refusal(&fixture, 10) == nil)
        let above = try #require(try refusal(&fixture, 11))
        #expect(above.control == .notionalLimits && above.limit == 48_000 && above.projected == 52_800)
    }

    @Test("What is held in both currencies counts together") func together() throws {
        var fixture = try fixture(rate: "0.012") { $0.grossExposure = 100_000 }
        fixture.engine.book.update(0, 0) { $0.quantity = 5 }  // 500.00 USD
        #expect(try refusal(&fixture, 10) == nil)
        let above = try #require(try refusal(&fixture, 11))
        #expect(above.control == .grossExposure && above.observed == 50_000 && above.projected == 102_800)
        // A position without a rate makes the sum unknown.
        fixture.engine.setCurrencyRates(CurrencyRates())
        fixture.engine.book.update(0, 1) { $0.quantity = 1 }
        let unknown = try fixture.decide(fixture.parent(.buy, 1, account: 0, price: "100")).legs[0].rejection
        #expect(unknown?.code == "gross_exposure_no_input")
    }

    @Test("The day's result counts other currencies at the rate, rounded down; without one it is not known")
    func result() throws {
        var fixture = try fixture(rate: "0.012") { _ in }
        var order = fixture.parent(.buy, 10, account: 0, price: "4000")
        order.symbol = try InstrumentID("NSE:EQ:RELIANCE")
        let run = try fixture.admit(order)
        fixture.answer(run.id)
        try fixture.fill(run.id, quantity: 10, price: "4000", execution: "E1")
        fixture.engine.setReference(1, price: try #require(ExactDecimal("3999.05")), at: fixture.now)
        // -9.50 INR are -0.114 USD.
        #expect(fixture.engine.dayResult(account: 0) == -12)
        fixture.engine.setCurrencyRates(CurrencyRates())
        #expect(fixture.engine.dayResult(account: 0) == nil)
    }
}
