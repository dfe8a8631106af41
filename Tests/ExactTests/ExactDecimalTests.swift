import Exact
import Testing

@Suite("Exact decimals: form and text")
struct ExactDecimalTests {
    @Test(
        "One value has one representation",
        arguments: [
            ("500", 500, 0), ("2500.050", 250_005, -2), ("0", 0, 0), ("-0", 0, 0), ("-0.000", 0, 0), ("0e400", 0, 0),
            ("0.0e-99999999999999999999999", 0, 0), ("1e2", 100, 0), ("1E+2", 100, 0), ("100e-2", 1, 0),
            ("1.50e1", 15, 0), ("-12.5", -125, -1), ("0.05", 5, -2),
            ("1234567890123456789", 1_234_567_890_123_456_789, 0),
            ("12345678901234567890", 12_345_678_901_234_567_890, 0),
            ("9999999999999999999", 9_999_999_999_999_999_999, 0),
            ("99999999999999999999.5", 999_999_999_999_999_999_995, -1),
            ("0.0000000000000000001", 1, -19), ("1e-38", 1, -38), ("10e-39", 1, -38),
            ("1.0000000000000000000000000000000000000000000000", 1, 0), ("-5e-38", -5, -38),
            ("1e38", 100_000_000_000_000_000_000_000_000_000_000_000_000, 0),
            ("1e39", 100_000_000_000_000_000_000_000_000_000_000_000_000, 1),
            ("1e76", 100_000_000_000_000_000_000_000_000_000_000_000_000, 38),
            ("170141183460469231731687303715884105727", Int128.max, 0),
            ("-170141183460469231731687303715884105727", -Int128.max, 0),
            ("1.70141183460469231731687303715884105727", Int128.max, -38),
        ] as [(String, Int128, Int)])
    func canonicalForm(text: String, mantissa: Int128, exponent: Int) throws {
        let value = try #require(ExactDecimal(text))
        #expect(value.mantissa == mantissa)
        #expect(value.exponent == exponent)
        #expect(ExactDecimal(value.description) == value)
    }

    @Test(
        "What is no JSON number, or cannot be held, is refused",
        arguments: [
            "", " ", "-", "+1", "01", "-01", "00", ".5", "5.", "-.5", "1.e5", "1e", "1e+", "1e-", "e5", "1.2.3", "1 ",
            " 1",
            "1_000", "1,000", "0x10", "NaN", "nan", "Infinity", "-Infinity", "inf", "1e400", "1e-400", "-1e77", "1e77",
            "1e-39",
            "11e-39", "１", "1\u{0}", "--1", "1-", "1e5.5", "1e5 ", "∞", "1e99999999999999999999999999",
            "1e-99999999999999999999999999", "170141183460469231731687303715884105728",
            "-170141183460469231731687303715884105728", "17014118346046923173168730371588410572.75",
            "1.00000000000000000000000000000000000000001", "340282366920938463463374607431768211456",
            "999999999999999999999999999999999999999999999999999", "1234567890123456789012345678901234567891e-3",
            "99999999999999999999x", "0.00000000000000000000x",
        ])
    func refusedText(text: String) {
        #expect(ExactDecimal(text) == nil)
    }

    @Test(
        "Text is plain and without trailing zeros",
        arguments: [
            ("2500.050", "2500.05"), ("500", "500"), ("0.0", "0"), ("-0.5", "-0.5"), ("1e-5", "0.00001"),
            ("-100e-4", "-0.01"), ("1e38", "100000000000000000000000000000000000000"), ("1e60", "1e60"),
            ("-25e50", "-25e50"),
            ("123456789012345678901234567890e12", "12345678901234567890123456789e13"),
            ("12345678901234567890.00000000001", "12345678901234567890.00000000001"),
            ("10000000000000000000", "10000000000000000000"), ("0.1e-37", "0.00000000000000000000000000000000000001"),
            ("170141183460469231731687303715884105727e1", "170141183460469231731687303715884105727e1"),
        ])
    func plainText(text: String, description: String) throws {
        let value = try #require(ExactDecimal(text))
        #expect(value.description == description)
        var bytes = Array("=".utf8)
        value.write(to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "=" + description)
    }

    @Test("Text and parts bring back the same value", arguments: UInt64(0)..<200)
    func roundTrip(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let value = ExactDecimal.random(using: &random)
            #expect(ExactDecimal(value.description) == value)
            #expect(ExactDecimal(mantissa: value.mantissa, exponent: value.exponent) == value)
            #expect(ExactDecimal("\(value.mantissa)e\(value.exponent)") == value)
            #expect((-38...38).contains(value.exponent))
            #expect(value.exponent >= 0 || value.mantissa % 10 != 0)
            #expect(value.exponent <= 0 || value.mantissa.multipliedReportingOverflow(by: 10).overflow)
        }
    }

    @Test("Trailing zeros and a shifted point change nothing", arguments: UInt64(0)..<50)
    func equalSpellings(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<100 {
            let value = ExactDecimal.random(using: &random)
            guard value.exponent <= 0, !value.isZero else { continue }
            let zeros = String(repeating: "0", count: Int.random(in: 1...60, using: &random))
            let longer = value.isInteger ? "\(value).\(zeros)" : "\(value)\(zeros)"
            #expect(ExactDecimal(longer) == value)
            let shift = Int.random(in: 0...50, using: &random)
            #expect(
                ExactDecimal("\(value.mantissa)\(String(repeating: "0", count: shift))e\(value.exponent - shift)")
                    == value)
        }
    }

    @Test("Bytes at random never crash, and what is read is written back", arguments: UInt64(0)..<100)
    func fuzz(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("0123456789012345678900000..--+eE x".utf8)
        for _ in 0..<500 {
            let count = Int.random(in: 0...60, using: &random)
            let bytes = (0..<count).map { _ in alphabet.randomElement(using: &random) ?? 0 }
            guard let value = bytes.withUnsafeBufferPointer({ ExactDecimal.parse($0) }) else { continue }
            #expect(ExactDecimal(value.description) == value)
        }
    }

    @Test("Parts out of range are refused")
    func refusedParts() {
        #expect(ExactDecimal(mantissa: 1, exponent: 39) == nil)
        #expect(ExactDecimal(mantissa: 10, exponent: -39) == nil)
        #expect(ExactDecimal(mantissa: 1, exponent: .max) == nil)
        #expect(ExactDecimal(mantissa: 1, exponent: .min) == nil)
        #expect(ExactDecimal(mantissa: .min, exponent: 0) == nil)
        #expect(ExactDecimal(mantissa: .min, exponent: -1) == nil)
        #expect(ExactDecimal(mantissa: .max, exponent: 38)?.exponent == 38)
        #expect(ExactDecimal(mantissa: 0, exponent: 38) == .zero)
    }

    @Test("Signs, integers and literals")
    func properties() {
        #expect(ExactDecimal.zero.isZero && !ExactDecimal.zero.isNegative && ExactDecimal.zero.isInteger)
        #expect(ExactDecimal("-0.5")?.isNegative == true)
        #expect(ExactDecimal("0.5")?.isInteger == false)
        #expect(ExactDecimal("1e60")?.isInteger == true)
        #expect(ExactDecimal("1e60")?.int64 == nil)
        #expect(ExactDecimal("1.0")?.int64 == 1)
        #expect(ExactDecimal("9223372036854775808")?.int64 == nil)
        #expect(ExactDecimal(Int64.min).int64 == .min)
        #expect((-7 as ExactDecimal).description == "-7")
        #expect(UnsafeBufferPointer<UInt8>(start: nil, count: 0).isEmpty)
        #expect(ExactDecimal.parse(UnsafeBufferPointer(start: nil, count: 0)) == nil)
    }
}
