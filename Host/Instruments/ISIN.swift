/// An ISIN (ISO 6166): two letters, nine letters or digits, and a check digit that fits.
package struct ISIN: Hashable, Sendable, CustomStringConvertible {
    package let text: String
    package var description: String { text }

    /// Returns `nil` unless the form and the check digit are right. Lower case is not accepted: it is a code.
    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 12, bytes[..<2].allSatisfy({ (65...90).contains($0) }),
            bytes.allSatisfy({ (65...90).contains($0) || (48...57).contains($0) }), bytes[11] < 65
        else { return nil }
        // Letters count as the two digits of 10 to 35; every second digit from the right, the last but one first, is doubled.
        var digits: [UInt8] = []
        for byte in bytes {
            let value = byte < 65 ? byte - 48 : byte - 55
            if value > 9 { digits.append(value / 10) }
            digits.append(value % 10)
        }
        var sum = 0
        for (place, digit) in digits.reversed().enumerated() {
            let value = Int(digit) * (place % 2 == 0 ? 1 : 2)
            sum += value > 9 ? value - 9 : value
        }
        guard sum % 10 == 0 else { return nil }
        self.text = text
    }
}
