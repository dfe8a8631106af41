extension Encoding {
    /// Bytes that `count` bytes become at most.
    func room(for count: Int) -> Int {
        switch self {
        case .hex, .hexUpper, .hexNumber: count * 2 + 1
        case .base64, .base64URL: (count + 2) / 3 * 4
        case .base32: (count + 4) / 5 * 8
        case .percent, .form: count * 3
        case .json: count * 6
        case .twosComplement: count + 1
        case .lower, .upper: count
        }
    }

    /// Writes `bytes` encoded to memory that has `room(for:)` bytes; returns how many were written.
    func write(_ bytes: UnsafeRawBufferPointer, to memory: UnsafeMutableRawPointer) -> Int {
        let out = memory.assumingMemoryBound(to: UInt8.self)
        switch self {
        case .hex: return Encoding.writeHex(bytes, out, Encoding.lowerHex)
        case .hexUpper: return Encoding.writeHex(bytes, out, Encoding.upperHex)
        case .hexNumber:
            let whole = Encoding.writeHex(bytes, out, Encoding.lowerHex)
            let zeros = (0..<whole).first { out[$0] != UInt8(ascii: "0") } ?? max(whole - 1, 0)
            for index in zeros..<whole { out[index - zeros] = out[index] }
            return whole - zeros
        case .base64: return Encoding.writeBase64(bytes, out, Encoding.base64Letters, isPadded: true)
        case .base64URL: return Encoding.writeBase64(bytes, out, Encoding.base64URLLetters, isPadded: false)
        case .base32: return Encoding.writeBase32(bytes, out)
        case .percent: return Encoding.writePercent(bytes, out, space: nil)
        case .form: return Encoding.writePercent(bytes, out, space: UInt8(ascii: "+"))
        case .json: return Encoding.writeJSON(bytes, out)
        case .twosComplement:
            let pad = bytes.first.map { $0 & 0x80 != 0 ? 1 : 0 } ?? 0
            out[0] = 0
            for (index, byte) in bytes.enumerated() { out[index + pad] = byte }
            return bytes.count + pad
        case .lower:
            for (index, byte) in bytes.enumerated() {
                out[index] = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
            }
            return bytes.count
        case .upper:
            for (index, byte) in bytes.enumerated() {
                out[index] = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) ? byte & ~0x20 : byte
            }
            return bytes.count
        }
    }

    private static let lowerHex = Array("0123456789abcdef".utf8)
    private static let upperHex = Array("0123456789ABCDEF".utf8)
    static let base64Letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    static let base64URLLetters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    static let base32Letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

    private static func writeHex(
        _ bytes: UnsafeRawBufferPointer, _ out: UnsafeMutablePointer<UInt8>, _ digits: [UInt8]
    ) -> Int {
        digits.withUnsafeBufferPointer { digits in
            for index in 0..<bytes.count {
                out[index * 2] = digits[Int(bytes[index] >> 4)]
                out[index * 2 + 1] = digits[Int(bytes[index] & 15)]
            }
        }
        return bytes.count * 2
    }

    private static func writeBase64(
        _ bytes: UnsafeRawBufferPointer, _ out: UnsafeMutablePointer<UInt8>, _ letters: [UInt8], isPadded: Bool
    ) -> Int {
        var written = 0
        var index = 0
        while index < bytes.count {
            let count = min(3, bytes.count - index)
            var group = UInt32(bytes[index]) << 16
            if count > 1 { group |= UInt32(bytes[index + 1]) << 8 }
            if count > 2 { group |= UInt32(bytes[index + 2]) }
            for place in 0..<4 {
                if place <= count {
                    out[written] = letters[Int(group >> UInt32(18 - 6 * place)) & 63]
                } else if isPadded {
                    out[written] = UInt8(ascii: "=")
                } else {
                    continue
                }
                written += 1
            }
            index += 3
        }
        return written
    }

    private static func writeBase32(_ bytes: UnsafeRawBufferPointer, _ out: UnsafeMutablePointer<UInt8>) -> Int {
        var written = 0
        var index = 0
        while index < bytes.count {
            let count = min(5, bytes.count - index)
            var group: UInt64 = 0
            for place in 0..<5 { group = group << 8 | (place < count ? UInt64(bytes[index + place]) : 0) }
            let letters = (count * 8 + 4) / 5
            for place in 0..<8 {
                out[written] =
                    place < letters ? base32Letters[Int(group >> UInt64(35 - 5 * place)) & 31] : UInt8(ascii: "=")
                written += 1
            }
            index += 5
        }
        return written
    }

    /// RFC 3986's unreserved characters stay.
    private static func writePercent(
        _ bytes: UnsafeRawBufferPointer, _ out: UnsafeMutablePointer<UInt8>, space: UInt8?
    ) -> Int {
        var written = 0
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                out[written] = byte
                written += 1
            case UInt8(ascii: " ") where space != nil:
                out[written] = space ?? byte
                written += 1
            default:
                out[written] = UInt8(ascii: "%")
                out[written + 1] = upperHex[Int(byte >> 4)]
                out[written + 2] = upperHex[Int(byte & 15)]
                written += 3
            }
        }
        return written
    }

    /// The inside of a JSON string: RFC 8259 with the short escapes.
    private static func writeJSON(_ bytes: UnsafeRawBufferPointer, _ out: UnsafeMutablePointer<UInt8>) -> Int {
        var written = 0
        for byte in bytes {
            let short: UInt8? =
                switch byte {
                case UInt8(ascii: "\""), UInt8(ascii: "\\"): byte
                case 0x08: UInt8(ascii: "b")
                case 0x09: UInt8(ascii: "t")
                case 0x0A: UInt8(ascii: "n")
                case 0x0C: UInt8(ascii: "f")
                case 0x0D: UInt8(ascii: "r")
                default: nil
                }
            if let short {
                out[written] = UInt8(ascii: "\\")
                out[written + 1] = short
                written += 2
            } else if byte < 0x20 {
                for (index, letter) in "\\u00".utf8.enumerated() { out[written + index] = letter }
                out[written + 4] = lowerHex[Int(byte >> 4)]
                out[written + 5] = lowerHex[Int(byte & 15)]
                written += 6
            } else {
                out[written] = byte
                written += 1
            }
        }
        return written
    }
}
