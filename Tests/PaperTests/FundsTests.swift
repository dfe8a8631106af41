import AdapterKit
import Exact
import Testing

@testable import Paper

@Suite("Funds, margin, positions and holdings")
struct FundsTests {
    private func settings(cash: Int64 = 10_000) -> Settings {
        var settings = Settings()
        settings.startingCash = Money(ExactDecimal(cash)) ?? .zero
        return settings
    }

    private func money(_ text: Number) -> Money { Money(text.value) ?? .zero }

    @Test("On margin an order blocks the product's rate; an order beyond the funds is refused with both numbers")
    func margin() throws {
        var desk = Desk(settings())
        try desk.quote(bid: "100", ask: "100")
        try desk.submit(.buy, 100, .limit, price: "99")
        #expect(desk.broker.ledger.usedTotal == money("1980"))
        let error = refusal { try desk.submit(.buy, 500) }
        #expect(error?.code == .funds)
        #expect(error?.text == "the order needs 10000 INR (margin 10000, fees 0); 8020 are available")
        #expect(desk.broker.ledger.usedTotal == money("1980"))
    }

    @Test("A round trip on margin moves only its result through cash")
    func roundTrip() throws {
        var desk = Desk(settings())
        try desk.quote(bid: "100", ask: "100")
        try desk.submit(.buy, 100)
        #expect(desk.cash == 10_000)
        try desk.quote(bid: "101.5", ask: "102")
        #expect(desk.broker.ledger.unrealisedTotal == money("175"))  // marked at the middle
        try desk.submit(.sell, 40)
        #expect(desk.cash == 10_060)
        #expect(try desk.bucket().quantity == 60)
        #expect(try desk.bucket().realised == money("60"))
        try desk.submit(.sell, 100)
        #expect(desk.cash == 10_150)
        #expect(try desk.bucket().quantity == -40)
        #expect(try desk.bucket().cost == money("-4060"))
    }

    @Test("An order that only closes needs no funds, even where none are left")
    func closingNeedsNoFunds() throws {
        var desk = Desk(settings())
        try desk.quote(bid: "100", ask: "100")
        try desk.submit(.buy, 500)
        #expect(desk.broker.ledger.available == .zero)
        try desk.quote(bid: "90", ask: "90")
        #expect(desk.broker.ledger.available == money("-5000"))
        #expect(refusal { try desk.submit(.buy, 1) }?.code == .funds)
        #expect(try desk.fillsOf(.sell, 500) == ["500@90"])
        #expect(desk.cash == 5_000)
        #expect(desk.broker.ledger.usedTotal == .zero)
    }

    @Test("Gains are not lent against, losses count at once")
    func unrealised() throws {
        var desk = Desk(settings())
        try desk.quote(bid: "100", ask: "100")
        try desk.submit(.buy, 100)
        let available = desk.broker.ledger.available
        try desk.quote(bid: "110", ask: "110")
        #expect(desk.broker.ledger.available == available)
        #expect(desk.broker.equity == money("11000"))
        try desk.quote(bid: "99", ask: "99")
        #expect(desk.broker.ledger.available == available - money("100"))
    }

    @Test("Both sides of working orders block the worse side only")
    func bothSides() throws {
        var desk = Desk(settings())
        try desk.quote(bid: "99", ask: "101")
        try desk.submit(.buy, 100, .limit, price: "99")
        try desk.submit(.sell, 80, .limit, price: "101")
        #expect(desk.broker.ledger.usedTotal == money("1980"))
        try desk.submit(.sell, 40, .limit, price: "101")
        #expect(desk.broker.ledger.usedTotal == money("2424"))
    }

    @Test("Delivery pays the whole price and sells only what is held")
    func delivery() throws {
        var desk = Desk(settings())
        try desk.quote(bid: "100", ask: "100")
        #expect(refusal { try desk.submit(.sell, 1, product: .delivery) }?.brokerCode == "HOLDINGS")
        try desk.submit(.buy, 60, product: .delivery)
        #expect(desk.cash == 4_000)
        #expect(refusal { try desk.submit(.buy, 41, product: .delivery) }?.code == .funds)
        try desk.submit(.sell, 50, .limit, price: "110", product: .delivery)
        #expect(refusal { try desk.submit(.sell, 11, product: .delivery) }?.brokerCode == "HOLDINGS")
        try desk.submit(.sell, 10, product: .delivery)
        #expect(desk.cash == 5_000)
        #expect(desk.broker.equity == money("10000"))
    }

    @Test("At the end of the day delivery settles into holdings, and holdings can be sold")
    func settlement() throws {
        var desk = Desk(settings())
        try desk.quote(bid: "100", ask: "100")
        try desk.submit(.buy, 60, product: .delivery)
        desk.broker.advance(to: desk.broker.nextDayEnd)
        desk.now = Timestamp(nanoseconds: desk.now.nanoseconds + 86_400_000_000_000)
        #expect(try desk.bucket(.delivery).quantity == 0)
        #expect(try desk.bucket(.delivery).heldQuantity == 60)
        try desk.quote(bid: "110", ask: "110")
        try desk.submit(.sell, 20, product: .delivery)
        #expect(try desk.bucket(.delivery).quantity == -20)
        #expect(desk.cash == 6_200)
        #expect(desk.broker.equity == money("10600"))
        desk.broker.advance(to: desk.broker.nextDayEnd)
        #expect(try desk.bucket(.delivery).heldQuantity == 40)
        #expect(try desk.bucket(.delivery).heldCost == money("4000"))
        #expect(try desk.bucket(.delivery).realised == money("200"))
        #expect(desk.broker.equity == money("10600"))
    }

    @Test("Fees are those of the whole order, however many executions it took", arguments: [Int64(0), 7])
    func fees(_ size: Int64) throws {
        var settings = settings(cash: 1_000_000)
        settings.fees = Fees(perOrder: money("1"), rate: 33_333, minimum: money("2.5"), maximum: money("20"))
        var desk = Desk(settings)
        let number = try desk.submit(.buy, 10)
        for _ in 0..<10 {
            try desk.quote(bid: "99", ask: "100", askSize: size == 0 ? nil : Number(ExactDecimal(size)))
        }
        // 1000 × 0.00033333 + 1 = 1.33333, lifted to the minimum.
        #expect(try desk.order(number).fees == money("2.5"))
        #expect(try desk.order(number).executions.reduce(Money.zero) { $0 + $1.fee } == money("2.5"))
        #expect(desk.cash == Number("999997.5").value)
        let large = try desk.submit(.buy, 1_003)
        for _ in 0..<200 {
            try desk.quote(bid: "99", ask: "100", askSize: size == 0 ? nil : Number(ExactDecimal(size)))
        }
        #expect(try desk.order(large).fees == money("20"))
    }

    @Test("A fee is rounded up to the account's smallest amount")
    func feeRounding() throws {
        let fees = Fees(rate: 10_000)
        #expect(fees.total(for: money("100.01")) == money("0.02"))
        #expect(fees.total(for: money("100")) == money("0.01"))
        #expect(fees.total(for: .zero) == .zero)
    }

    @Test("A bought option blocks its premium, a written one the rate on its strike")
    func options() throws {
        let terms = InstrumentTerms(
            id: "NFO:OPT:NIFTY:20261231:26000:C", currency: "INR", tick: Number("0.05").value, lotSize: 75,
            multiplier: 1)
        var desk = Desk(settings(cash: 1_000_000))
        try desk.quote(bid: "200", ask: "200", on: terms)
        try desk.submit(.buy, 75, product: .carry, on: terms)
        #expect(desk.broker.ledger.usedTotal == money("15000"))
        try desk.submit(.sell, 150, product: .carry, on: terms)
        #expect(try desk.bucket(.carry, on: terms).quantity == -75)
        #expect(desk.broker.ledger.usedTotal == money("390000"))  // 26,000 × 75 × 20 %
    }

    @Test("A crypto balance keeps all its decimals")
    func fineDecimals() throws {
        var desk = Desk(settings())
        try desk.quote(bid: "7424.91", ask: "7424.91", on: Desk.coin)
        try desk.submit(.buy, "0.12345", product: .cash, on: Desk.coin)
        #expect(desk.cash == Number("9083.3948605").value)
        #expect(try desk.bucket(.cash, on: Desk.coin).quantity == 12_345)
    }

    @Test("Refusals name the field", arguments: 0..<8)
    func fields(_ index: Int) throws {
        var settings = settings()
        settings.priceBandBasisPoints = 1_000
        settings.mostWorkingOrders = 1
        settings.mostInstruments = 1
        settings.rejectsMarketWithoutPrice = true
        var desk = Desk(settings)
        var bare = Desk.share
        let error: AdapterError?
        let expected: (AdapterError.Code, String?)
        if index == 0 {
            expected = (.brokerRisk, "order_type")
            error = refusal { try desk.submit(.buy, 1) }
        } else {
            try desk.quote(last: "100")
            switch index {
            case 1:
                expected = (.invalid, "price")
                error = refusal { try desk.submit(.buy, 1, .limit, price: "100.03") }
            case 2:
                expected = (.invalid, "quantity")
                error = refusal { try desk.submit(.buy, "1.5") }
            case 3:
                expected = (.priceBand, "price")
                error = refusal { try desk.submit(.buy, 1, .limit, price: "110.05") }
                #expect(refusal { try desk.submit(.buy, 1, .limit, price: "110") } == nil)
            case 4:
                try desk.submit(.buy, 1, .limit, price: "95")
                expected = (.brokerRisk, nil)
                error = refusal { try desk.submit(.buy, 1, .limit, price: "95") }
            case 5:
                expected = (.brokerRisk, "instrument.id")
                error = refusal { try desk.submit(.buy, 75, product: .carry, on: Desk.future) }
            case 6:
                bare.multiplier = nil
                expected = (.instrument, "instrument.multiplier")
                error = refusal { try desk.submit(.buy, 1, on: bare) }
            default:
                bare.currency = "USD"
                expected = (.instrument, "instrument.currency")
                error = refusal { try desk.submit(.buy, 1, on: bare) }
            }
        }
        #expect(error?.code == expected.0)
        #expect(error?.field == expected.1)
    }

    @Test("The first price rejects, late, an order that the funds or the band do not allow")
    func lateRejects() throws {
        var settings = settings()
        settings.priceBandBasisPoints = 1_000
        var desk = Desk(settings)
        let dear = try desk.submit(.buy, 100_000)
        let far = try desk.submit(.buy, 1, .limit, price: "50")
        let fine = try desk.submit(.buy, 10)
        try desk.quote(last: "100")
        #expect(try desk.state(dear) == .rejected)
        #expect(try desk.order(dear).endReason == .funds)
        #expect(try desk.state(far) == .rejected)
        #expect(try desk.order(far).endReason == .priceBand)
        #expect(try desk.state(fine) == .filled)
        #expect(desk.broker.ledger.usedTotal == money("200"))
    }

    @Test("Amounts beyond the books are refused, not wrapped")
    func hugeAmounts() throws {
        var settings = Settings()
        settings.startingCash = Money.largestBalance
        var desk = Desk(settings)
        try desk.quote(last: "1000000000")
        #expect(refusal { try desk.submit(.buy, 1_000_000_000_000) }?.code == .quantityRule)
        let huge = ExactDecimal(mantissa: Int128.max, exponent: 0) ?? .zero
        #expect(refusal { try desk.submit(.buy, Number(huge)) }?.code == .invalid)
        #expect(refusal { try desk.submit(.buy, 1, .limit, price: Number(huge)) }?.code == .invalid)
        let tiny = InstrumentTerms(
            id: "X:SPOT:TINY-INR", currency: "INR", tick: ExactDecimal(mantissa: 1, exponent: -12),
            lotSize: ExactDecimal(mantissa: 1, exponent: -12), multiplier: 1)
        #expect(refusal { try desk.submit(.buy, 1, on: tiny) }?.code == .instrument)
    }

    @Test("A finer tick and lot bring positions and working orders along exactly")
    func finerGrid() throws {
        var desk = Desk(settings())
        try desk.quote(bid: "100", ask: "100")
        try desk.submit(.buy, 10)
        let resting = try desk.submit(.buy, 10, .limit, price: "99.95")
        let used = desk.broker.ledger.usedTotal
        var finer = Desk.share
        finer.tick = Number("0.001").value
        finer.lotSize = Number("0.1").value
        try desk.quote(bid: "99.98", ask: "99.999", on: finer)
        #expect(desk.broker.ledger.usedTotal == used)
        #expect(try desk.bucket().quantity == 100)
        #expect(try desk.state(resting) == .open)
        try desk.quote(bid: "99.9", ask: "99.949", on: finer)
        #expect(try desk.fills(resting) == ["10@99.949"])
    }
}
