extension Encoding {
    /// The bytes behind an encoded text; `nil`: the text is not what the encoding writes.
    func decoded(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        switch self {
        case .hex, .hexUpper: text.count % 2 == 0 ? Encoding.readHex(text) : nil
        case .hexNumber: Encoding.readHex(text)
        case .base64: Encoding.readBits(text, Encoding.base64Values, bits: 6, lengths: [0, 2, 3])
        case .base64URL: Encoding.readBits(text, Encoding.base64URLValues, bits: 6, lengths: [0, 2, 3])
        case .base32: Encoding.readBits(text, Encoding.base32Values, bits: 5, lengths: [0, 2, 4, 5, 7])
        default: nil
        }
    }

    private static let skip: UInt8 = 254
    private static let bad: UInt8 = 255

    private static let base64Values = values(base64Letters)
    private static let base64URLValues = values(base64URLLetters)
    /// Written for people: either case, and in groups.
    private static let base32Values: [UInt8] = {
        var table = values(base32Letters)
        for (value, letter) in base32Letters.enumerated() where letter >= UInt8(ascii: "A") {
            table[Int(letter | 0x20)] = UInt8(value)
        }
        table[Int(UInt8(ascii: " "))] = skip
        table[Int(UInt8(ascii: "-"))] = skip
        return table
    }()

    private static func values(_ letters: [UInt8]) -> [UInt8] {
        var table = [UInt8](repeating: bad, count: 256)
        for (value, letter) in letters.enumerated() { table[Int(letter)] = UInt8(value) }
        return table
    }

    private static func readHex(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 2 + 1)
        var half: UInt8? = text.count % 2 == 0 ? nil : 0  // an odd number of digits lacks its leading zero
        for byte in text {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            if let high = half {
                bytes.append(high << 4 | digit)
                half = nil
            } else {
                half = digit
            }
        }
        return bytes
    }

    /// Reads letters of `bits` bits each. Padding may be there or not; `lengths`: how many letters the last group may have.
    private static func readBits(
        _ text: UnsafeRawBufferPointer, _ table: [UInt8], bits: Int, lengths: [Int]
    ) -> [UInt8]? {
        var end = text.count
        while end > 0, text[end - 1] == UInt8(ascii: "=") || text[end - 1] == 0x0A || text[end - 1] == 0x0D { end -= 1 }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(end * bits / 8 + 1)
        var kept: UInt32 = 0
        var count = 0
        var letters = 0
        for index in 0..<end {
            let value = table[Int(text[index])]
            if value == skip { continue }
            guard value != bad else { return nil }
            letters += 1
            kept = kept << UInt32(bits) | UInt32(value)
            count += bits
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: kept >> UInt32(count)))
                kept &= (1 << UInt32(count)) - 1
            }
        }
        guard lengths.contains(letters % (bits == 6 ? 4 : 8)), kept == 0 else { return nil }
        return bytes
    }
}
