import Testing

@testable import Exact

@Suite("Exact decimals: arithmetic, against schoolbook digits")
struct ExactDecimalArithmeticTests {
    /// Two values; often near each other, so that sums cancel and quotients are whole.
    private func pair(using random: inout SeededGenerator) -> (ExactDecimal, ExactDecimal) {
        let left = ExactDecimal.random(using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
            let near = left.mantissa &+ Int128(Int.random(in: -3...3, using: &random))
            return (left, ExactDecimal(mantissa: near, exponent: left.exponent) ?? left)
        case 1:
            let factor = ExactDecimal(Int64.random(in: -1_000_000...1_000_000, using: &random))
            return (left.multiplied(by: factor) ?? left, left)
        default: return (left, ExactDecimal.random(using: &random))
        }
    }

    /// A result is the exact one, and it is refused only when it cannot be held.
    private func check(_ result: ExactDecimal?, is expected: Reference, _ comment: Comment) {
        if let result {
            #expect(Reference(result) == expected, comment)
        } else {
            #expect(!expected.isRepresentable, comment)
        }
    }

    @Test("Sums, differences and products are exact or refused", arguments: UInt64(0)..<300)
    func ringOperations(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<30 {
            let (a, b) = pair(using: &random)
            let (x, y) = (Reference(a), Reference(b))
            check(a.adding(b), is: x + y, "\(a) + \(b)")
            check(a.subtracting(b), is: x + y.negated, "\(a) - \(b)")
            check(a.multiplied(by: b), is: x * y, "\(a) * \(b)")
            #expect(a.adding(b) == b.adding(a))
            #expect(a.multiplied(by: b) == b.multiplied(by: a))
            #expect(a.subtracting(a) == .zero)
            #expect(a.adding(.zero) == a)
            #expect(a.multiplied(by: 1) == a)
            #expect(a.multiplied(by: -1) == a.negated)
            #expect(a.negated.negated == a)
            #expect(a.magnitude == (a.isNegative ? a.negated : a))
            if let sum = a.adding(b) { #expect(sum.subtracting(b) == a) }
        }
    }

    @Test("Order is exact and total", arguments: UInt64(0)..<300)
    func ordering(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<30 {
            let (a, b) = pair(using: &random)
            let order = Reference(a).compared(to: Reference(b))
            #expect((a < b) == (order < 0), "\(a) < \(b)")
            #expect((b < a) == (order > 0), "\(b) < \(a)")
            #expect((a == b) == (order == 0), "\(a) == \(b)")
            #expect(a != b || a.hashValue == b.hashValue)
        }
    }

    @Test("Division names its rounding and leaves what it says", arguments: UInt64(0)..<300)
    func division(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<20 {
            let (a, b) = pair(using: &random)
            guard !b.isZero else { continue }
            let exact = a.dividedExactly(by: b)
            if let exact { #expect(Reference(exact) * Reference(b) == Reference(a), "\(a) / \(b)") }
            for rounding in ExactDecimal.Rounding.allCases {
                checkQuotient(a.divided(by: b, rounding: rounding), a, b, rounding, exact: exact)
            }
            let unit = Int.random(in: -45...45, using: &random)
            let scaled = a.scaled(to: unit)
            if let scaled { #expect(Reference(scaled) * .tenTo(unit) == Reference(a), "\(a) at \(unit)") }
            let ten = ExactDecimal("1e\(unit)")
            for rounding in ExactDecimal.Rounding.allCases {
                let rounded = a.scaled(to: unit, rounding: rounding)
                if let scaled { #expect(rounded == scaled, "\(a) at \(unit)") }
                if let ten { #expect(rounded == a.divided(by: ten, rounding: rounding), "\(a) at \(unit)") }
            }
        }
    }

    private func checkQuotient(
        _ quotient: Int128?, _ a: ExactDecimal, _ b: ExactDecimal, _ rounding: ExactDecimal.Rounding, exact: Int128?
    ) {
        let comment: Comment = "\(a) / \(b) \(rounding)"
        let (x, y) = (Reference(a), Reference(b))
        guard let quotient else {
            // Refused only when |a / b| is beyond Int128 (within one unit of it, by rounding).
            let edge = Reference(Int128.max) * Reference(b.magnitude)
            #expect(Reference(a.magnitude).compared(to: edge) > 0, comment)
            return
        }
        let rest = x + (Reference(quotient) * y).negated  // a - q * b, of the divisor's size at most
        let size = Reference(b.magnitude)
        let magnitude = Reference(digits: rest.digits, exponent: rest.exponent, isNegative: false)
        #expect(magnitude.compared(to: size) < 0, comment)
        guard !rest.digits.isEmpty else {
            #expect(exact == quotient, comment)
            return
        }
        #expect(exact == nil, comment)
        let isAbove = rest.isNegative != b.isNegative  // the quotient was raised above the true one
        switch rounding {
        case .floor: #expect(!isAbove, comment)
        case .ceiling: #expect(isAbove, comment)
        case .down: #expect(isAbove == (a.isNegative != b.isNegative), comment)
        case .up: #expect(isAbove != (a.isNegative != b.isNegative), comment)
        case .halfEven:
            let half = (magnitude + magnitude).compared(to: size)
            #expect(half < 0 || (half == 0 && quotient % 2 == 0), comment)
        }
    }

    @Test("Prices in ticks")
    func ticks() throws {
        let price = try #require(ExactDecimal("2500.05"))
        let tick = try #require(ExactDecimal("0.05"))
        #expect(price.dividedExactly(by: tick) == 50_001)
        #expect(ExactDecimal("2500.07")?.dividedExactly(by: tick) == nil)
        #expect(ExactDecimal("2500.07")?.divided(by: tick, rounding: .floor) == 50_001)
        #expect(ExactDecimal("-2500.07")?.divided(by: tick, rounding: .floor) == -50_002)
        #expect(price.dividedExactly(by: .zero) == nil)
        #expect(price.divided(by: .zero, rounding: .up) == nil)
        #expect(price.scaled(to: -2) == 250_005)
        #expect(price.scaled(to: -4) == 25_000_500)
        #expect(price.scaled(to: -1) == nil)
        #expect(price.scaled(to: -1, rounding: .halfEven) == 25_000)
        #expect(ExactDecimal("2500.15")?.scaled(to: -1, rounding: .halfEven) == 25_002)
        #expect((500 as ExactDecimal).scaled(to: 2) == 5)
        #expect(ExactDecimal("1e60")?.dividedExactly(by: ExactDecimal("1e50") ?? 0) == 10_000_000_000)
    }

    @Test(
        "Exponents far out of range neither trap nor loop",
        arguments: [Int.min, Int.min + 38, -1_000_000, -77, 77, 1_000_000, Int.max - 38, Int.max])
    func hostileExponents(exponent: Int) throws {
        for text in ["0", "1", "-1", "2500.05", "1e-38", "1e76", "-170141183460469231731687303715884105727e38"] {
            let value = try #require(ExactDecimal(text))
            #expect(value.scaled(to: exponent) == (value.isZero ? 0 : nil))
            for rounding in ExactDecimal.Rounding.allCases {
                let rounded = value.scaled(to: exponent, rounding: rounding)
                if exponent < 0 && !value.isZero {
                    #expect(rounded == nil)
                } else {
                    #expect(rounded == 0 || rounded == 1 || rounded == -1)
                }
            }
        }
        #expect((-1 as ExactDecimal).scaled(to: .max, rounding: .floor) == -1)
        #expect((1 as ExactDecimal).scaled(to: .max, rounding: .halfEven) == 0)
        #expect((1 as ExactDecimal).scaled(to: .max, rounding: .up) == 1)
    }

    @Test("The 256-bit helper adds, subtracts and divides with carries")
    func wide() {
        let top = WideMagnitude(low: .max)
        #expect(top.adding(WideMagnitude(low: 1)) == WideMagnitude(high: 1, low: 0))
        #expect(WideMagnitude(high: 1, low: 0).subtracting(WideMagnitude(low: 1)) == top)
        #expect(WideMagnitude(.max, times: 10).dividedExactlyByTen == top)
        #expect(WideMagnitude(.max, times: 11).dividedExactlyByTen == nil)
    }
}
