import AdapterKit
import Exact

@testable import Paper

/// A random life of an account, fixed by its seed: orders, modifies, cancels, quotes, bars and days.
struct Drill {
    var desk: Desk
    var random: SeededGenerator
    /// Every order that was accepted.
    private(set) var numbers: [OrderNumber] = []
    private var price: Int64 = 10_000  // hundredths

    static let listed = [Desk.share, Desk.coin]

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
        var settings = Settings()
        settings.startingCash = Money(50_000) ?? .zero
        settings.slippageBasisPoints = [0, 0, 5, 50].randomElement(using: &random) ?? 0
        settings.fees = Fees(
            perOrder: Money(ExactDecimal(Int64.random(in: 0...2, using: &random))) ?? .zero,
            rate: Int64.random(in: 0...30_000, using: &random),
            minimum: .zero, maximum: Bool.random(using: &random) ? Money(20) : nil)
        settings.participationBasisPoints = [0, 500, 1_000, 10_000].randomElement(using: &random) ?? 0
        settings.mostWorkingOrders = 30
        settings.mostRememberedOrders = 60
        settings.fillDelayNanoseconds = Bool.random(using: &random) ? 0 : 1_500_000_000
        settings.fillsFrom = [.automatic, .automatic, .candles, .quotes].randomElement(using: &random) ?? .automatic
        desk = Desk(settings)
    }

    /// One random step. Refusals are part of life.
    mutating func step() {
        bar = nil
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<8: submit()
        case 8..<10:
            if let number = numbers.randomElement(using: &random) { try? desk.cancel(number) }
        case 10..<12: modify()
        case 12..<15: quote()
        case 15..<19: candle()
        default:
            desk.advance(seconds: Int64.random(in: 1...40_000, using: &random))
            desk.broker.advance(to: desk.now)
            desk.commit()
        }
    }

    private mutating func near() -> Number {
        let ticks = (price + Int64.random(in: -300...300, using: &random)) / 5
        return Number(ExactDecimal(mantissa: Int128(max(1, ticks) * 5), exponent: -2) ?? 1)
    }

    private mutating func submit() {
        let type: OrderType = [.market, .limit, .limit, .stop, .stopLimit].randomElement(using: &random) ?? .market
        let timeInForce: TimeInForce =
            [.day, .goodTillCancel, .immediateOrCancel, .fillOrKill].randomElement(using: &random) ?? .day
        let product: Product = [.intraday, .delivery, .margin, .cash].randomElement(using: &random) ?? .intraday
        let terms = Self.listed.randomElement(using: &random) ?? Desk.share
        let side: Side = Bool.random(using: &random) ? .buy : .sell
        let quantity = Number(ExactDecimal(Int64.random(in: 1...120, using: &random)))
        let (limit, trigger) = (near(), near())
        let number = try? desk.submit(
            side, quantity, type, price: type == .limit || type == .stopLimit ? limit : nil,
            trigger: type == .stop || type == .stopLimit ? trigger : nil, timeInForce, product: product, on: terms)
        if let number { numbers.append(number) }
    }

    private mutating func modify() {
        guard let number = numbers.randomElement(using: &random) else { return }
        let (first, second) = (near(), near())
        let quantity = Number(ExactDecimal(Int64.random(in: 1...150, using: &random)))
        switch Int.random(in: 0..<4, using: &random) {
        case 0: try? desk.modify(number, price: first)
        case 1: try? desk.modify(number, trigger: first)
        case 2: try? desk.modify(number, quantity: quantity, reference: "m\(random.next() % 1_000_000)")
        default: try? desk.modify(number, quantity: quantity, price: second)
        }
    }

    private mutating func quote() {
        price = max(100, price + Int64.random(in: -100...100, using: &random))
        let terms = Self.listed.randomElement(using: &random) ?? Desk.share
        let (bid, ask) = (decimal(price - Int64.random(in: 0...20, using: &random)), decimal(price))
        let size = Bool.random(using: &random) ? Number(ExactDecimal(Int64.random(in: 0...80, using: &random))) : nil
        switch Int.random(in: 0..<3, using: &random) {
        case 0: try? desk.quote(last: ask, on: terms)
        case 1: try? desk.quote(bid: bid, bidSize: size, ask: ask, askSize: size, on: terms)
        default: try? desk.quote(last: bid, bid: bid, ask: ask, askSize: size, lastSize: size, on: terms)
        }
    }

    /// The bar that the latest step applied, in hundredths.
    private(set) var bar: (low: Int64, high: Int64, terms: InstrumentTerms)?

    private mutating func candle() {
        let open = max(100, price + Int64.random(in: -60...60, using: &random))
        let close = max(100, open + Int64.random(in: -150...150, using: &random))
        let low = max(50, min(open, close) - Int64.random(in: 0...100, using: &random))
        let high = max(open, close) + Int64.random(in: 0...100, using: &random)
        price = close
        let terms = Self.listed.randomElement(using: &random) ?? Desk.share
        let volume = Number(ExactDecimal(Int64.random(in: 0...3_000, using: &random)))
        let start =
            Bool.random(using: &random)
            ? Timestamp(nanoseconds: 1_000) : Timestamp(nanoseconds: desk.now.nanoseconds - 5_000_000_000)
        bar = (low, high, terms)
        try? desk.candle(
            decimal(open), decimal(high), decimal(low), decimal(close), volume: volume, start: start, on: terms)
    }

    private func decimal(_ hundredths: Int64) -> Number {
        Number(ExactDecimal(mantissa: Int128(hundredths), exponent: -2) ?? 1)
    }
}
