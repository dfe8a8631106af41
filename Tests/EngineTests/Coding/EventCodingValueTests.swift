import Domain
import Testing

@testable import Engine

@Suite("Values of the journal's format")
struct EventCodingValueTests {
    private func bytes(_ body: (inout EventWriter) -> Void) -> [UInt8] {
        var writer = EventWriter(base: Timestamp(nanoseconds: 0))
        body(&writer)
        return writer.bytes
    }

    /// What a read makes of the bytes; `nil` for an error.
    private func read<Value>(
        _ bytes: [UInt8], _ body: (inout EventReader) throws(EventCodingError) -> Value
    ) -> Value? {
        bytes.withUnsafeBytes { buffer in
            var reader = EventReader(buffer, base: Timestamp(nanoseconds: 0))
            guard let value = try? body(&reader), reader.isAtEnd else { return nil }
            return value
        }
    }

    @Test("Numbers have the documented bytes")
    func numbers() {
        #expect(bytes { $0.write(0 as UInt64) } == [0])
        #expect(bytes { $0.write(127 as UInt64) } == [0x7f])
        #expect(bytes { $0.write(128 as UInt64) } == [0x80, 0x01])
        #expect(bytes { $0.write(300 as UInt64) } == [0xac, 0x02])
        #expect(bytes { $0.write(UInt64.max) } == Array(repeating: 0xff, count: 9) + [0x01])
        #expect(bytes { $0.write(-1 as Int64) } == [0x01])
        #expect(bytes { $0.write(1 as Int64) } == [0x02])
        #expect(bytes { $0.write(Int64.min) } == Array(repeating: 0xff, count: 9) + [0x01])
        #expect(bytes { $0.write(Int128.max) } == [0xfe] + Array(repeating: 0xff, count: 17) + [0x03])
        #expect(bytes { $0.write(Int128.min) } == Array(repeating: 0xff, count: 18) + [0x03])
    }

    @Test("Wide numbers of every size come back, in the bytes that a narrow one has", arguments: 0..<200)
    func wideNumbers(seed: UInt64) {
        var sample = EventSampler(seed: seed)
        let random = Int128(truncatingIfNeeded: sample.bits()) << 64 | Int128(truncatingIfNeeded: sample.bits())
        let value = random >> Int128(sample.below(128))
        #expect(read(bytes { $0.write(value) }) { reader throws(EventCodingError) in try reader.readInt128() } == value)
        let narrow = Int64(truncatingIfNeeded: value)
        #expect(bytes { $0.write(Int128(narrow)) } == bytes { $0.write(narrow) })
    }

    @Test("A number has one spelling: padding and excess bits are errors")
    func numberSpelling() {
        func unsigned(_ bytes: [UInt8]) -> UInt64? {
            read(bytes) { reader throws(EventCodingError) in try reader.readUnsigned() }
        }
        func wide(_ bytes: [UInt8]) -> Int128? {
            read(bytes) { reader throws(EventCodingError) in try reader.readInt128() }
        }
        let full: [UInt8] = Array(repeating: 0xff, count: 9)
        #expect(unsigned(full + [0x01]) == UInt64.max)
        for wrong in [[0x80, 0x00], [0x80], full + [0x02], full + [0x80, 0x00], full + full] as [[UInt8]] {
            #expect(unsigned(wrong) == nil, "\(wrong)")
        }
        #expect(wide(full + full + [0x03]) == Int128.min)
        for wrong in [[0x80, 0x00], [0xff], full + full + [0x04], full + full + [0x83, 0x00]] as [[UInt8]] {
            #expect(wide(wrong) == nil, "\(wrong)")
        }
    }

    @Test("A place that does not fit 32 bits is an error")
    func narrowNumbers() {
        func int32(_ value: Int64) -> Int32? {
            read(bytes { $0.write(value) }) { reader throws(EventCodingError) in try reader.readInt32() }
        }
        #expect(int32(Int64(Int32.max)) == .max)
        #expect(int32(Int64(Int32.min)) == .min)
        #expect(int32(Int64(Int32.max) + 1) == nil)
        #expect(int32(Int64(Int32.min) - 1) == nil)
    }

    @Test("Text that is not UTF-8 is an error, and other text keeps its bytes")
    func text() {
        func text(_ bytes: [UInt8]) -> String? {
            read(bytes) { reader throws(EventCodingError) in try reader.readText() }
        }
        #expect(text([2, 0xc3, 0xa9]) == "é")
        #expect(text([3, 0x65, 0xcc, 0x81]).map { Array($0.utf8) } == [0x65, 0xcc, 0x81])
        for wrong in [[1, 0xc3], [2, 0xc0, 0x80], [3, 0xed, 0xa0, 0x80], [2, 0x41]] as [[UInt8]] {
            #expect(text(wrong) == nil, "\(wrong)")
        }
    }

    @Test("A decimal has one spelling")
    func decimals() {
        func decimal(exponent: Int64, mantissa: Int128) -> ExactDecimal? {
            let bytes = bytes {
                $0.write(exponent)
                $0.write(mantissa)
            }
            return read(bytes) { reader throws(EventCodingError) in try reader.readDecimal() }
        }
        #expect(decimal(exponent: -2, mantissa: 250_005) == ExactDecimal("2500.05"))
        #expect(decimal(exponent: -3, mantissa: 2_500_050) == nil)
        #expect(decimal(exponent: 2, mantissa: 5) == nil)
        #expect(decimal(exponent: -1, mantissa: 0) == nil)
        #expect(decimal(exponent: -39, mantissa: 1) == nil)
        #expect(decimal(exponent: .max, mantissa: 1) == nil)
        #expect(decimal(exponent: 0, mantissa: .min) == nil)
    }

    @Test("What could be no value, or would trap its user, is refused")
    func malformedValues() {
        func currency(_ packed: UInt64) -> Currency? {
            read(bytes { $0.write(packed) }) { reader throws(EventCodingError) in try reader.readCurrency() }
        }
        #expect(currency(0x494e52)?.description == "INR")
        for wrong in [0, 0x49_00_52, 0x69_6e_72, UInt64.max] as [UInt64] { #expect(currency(wrong) == nil) }

        func instrument(_ text: String) -> InstrumentID? {
            read(bytes { $0.write(text) }) { reader throws(EventCodingError) in try reader.readInstrumentID() }
        }
        #expect(instrument("NSE:EQ:RELIANCE")?.root == "RELIANCE")
        for wrong in ["", "NSE", "NSE:EQ", "NSE::EQ:", ":::"] { #expect(instrument(wrong) == nil, "\(wrong)") }

        func date(_ days: Int64) -> CivilDate? {
            read(bytes { $0.write(days) }) { reader throws(EventCodingError) in try reader.readDate() }
        }
        #expect(date(2_932_896)?.description == "9999-12-31")
        for wrong in [2_932_897, -719_529, .max, .min] as [Int64] { #expect(date(wrong) == nil) }

        let adapter = read(bytes { $0.write("NOT AN ID") }) { reader throws(EventCodingError) in
            try reader.readAdapterID()
        }
        #expect(adapter == nil)
    }

    @Test("A part of any length is written behind its length", arguments: [0, 1, 127, 128, 16_383, 16_384, 70_000])
    func parts(length: Int) {
        var writer = EventWriter(base: Timestamp(nanoseconds: 0), capacity: 1)
        writer.write(byte: 9)
        writer.openPart()
        for index in 0..<length { writer.write(byte: UInt8(truncatingIfNeeded: index)) }
        writer.closePart()
        writer.write(byte: 8)
        var expected = bytes { $0.write((0..<length).map { UInt8(truncatingIfNeeded: $0) }) }
        expected = [9] + expected + [8]
        #expect(writer.bytes == expected)
    }
}
