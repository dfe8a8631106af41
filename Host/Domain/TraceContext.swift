/// Whose work a request is part of, as its `traceparent` header says it (W3C Trace Context, level 1).
///
/// `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`: version, trace, the client's own span, flags.
package struct TraceContext: Hashable, Sendable, CustomStringConvertible {
    /// The trace's 128 bits; never all 0.
    package let high: UInt64
    package let low: UInt64
    /// The client's span; never 0.
    package let parent: UInt64
    package let flags: UInt8

    /// `nil` for what the standard calls invalid: a trace or a span of zeros.
    package init?(high: UInt64, low: UInt64, parent: UInt64, flags: UInt8) {
        guard high | low != 0, parent != 0 else { return nil }
        (self.high, self.low, self.parent, self.flags) = (high, low, parent, flags)
    }

    /// Reads a header's value. A later version is read by its first four fields, as the standard asks; `nil` for what is
    /// invalid, which a server must treat as if it were absent.
    package init?(traceparent text: String) {
        let bytes = Array(text.utf8)
        let dash = UInt8(ascii: "-")
        guard bytes.count >= 55, bytes[2] == dash, bytes[35] == dash, bytes[52] == dash,
            let version = Self.number(bytes[0..<2]), version != 0xFF,
            version == 0 ? bytes.count == 55 : bytes.count == 55 || bytes[55] == dash,
            let high = Self.number(bytes[3..<19]), let low = Self.number(bytes[19..<35]),
            let parent = Self.number(bytes[36..<52]), let flags = Self.number(bytes[53..<55])
        else { return nil }
        self.init(high: high, low: low, parent: parent, flags: UInt8(truncatingIfNeeded: flags))
    }

    /// Whether the client records its trace: what it does not record, nobody else should.
    package var isSampled: Bool { flags & 1 == 1 }

    /// Lower-case hexadecimal, 32 digits.
    package var traceID: String { Self.hexadecimal(high) + Self.hexadecimal(low) }

    package var description: String {
        "00-\(traceID)-\(Self.hexadecimal(parent))-\(Self.hexadecimal(UInt64(flags)).suffix(2))"
    }

    /// 16 lower-case digits.
    package static func hexadecimal(_ number: UInt64) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Lower-case digits only: the standard forbids others.
    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var number: UInt64 = 0
        for byte in digits {
            switch byte {
            case 48...57: number = number << 4 | UInt64(byte - 48)
            case 97...102: number = number << 4 | UInt64(byte - 87)
            default: return nil
            }
        }
        return number
    }
}
