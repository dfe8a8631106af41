/// The identifier of something a person named: an account, a group, an adapter, a strategy.
///
/// 1 to 64 characters of `A-Z a-z 0-9 . _ -`, beginning with a letter or digit, so that it can stand in a URL path, a
/// file name and a scope (`account:AB1234`) without quoting.
package protocol NamedIdentifier: Hashable, Sendable, CustomStringConvertible {
    var rawValue: String { get }
    init(unchecked rawValue: String)
}

extension NamedIdentifier {
    /// `nil` where the text breaks the rule above.
    package init?(_ rawValue: String) {
        guard isWellFormedName(rawValue) else { return nil }
        self.init(unchecked: rawValue)
    }

    package var description: String { rawValue }
    /// The rule in words, for error messages.
    package static var rule: String { "1 to 64 characters of A-Z a-z 0-9 . _ -, beginning with a letter or digit" }
}

private func isWellFormedName(_ text: String) -> Bool {
    let bytes = text.utf8
    guard (1...64).contains(bytes.count), let first = bytes.first else { return false }
    func isAlphanumeric(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }
    return isAlphanumeric(first) && bytes.allSatisfy { isAlphanumeric($0) || $0 == 46 || $0 == 95 || $0 == 45 }
}

/// FIX 1, `Account`.
package struct AccountID: NamedIdentifier {
    package let rawValue: String
    package init(unchecked rawValue: String) { self.rawValue = rawValue }
}

package struct GroupID: NamedIdentifier {
    package let rawValue: String
    package init(unchecked rawValue: String) { self.rawValue = rawValue }
}

/// The id of an adapter: `[a-z0-9-]{1,32}`, also its file name.
package struct AdapterID: Hashable, Sendable, CustomStringConvertible {
    package let rawValue: String
    package init?(_ rawValue: String) {
        guard (1...32).contains(rawValue.utf8.count),
            rawValue.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 45 })
        else { return nil }
        self.rawValue = rawValue
    }
    package var description: String { rawValue }
    package static var rule: String { "1 to 32 characters of a-z 0-9 -" }
}

/// One fan-out (or one single order), counted from 1 within a data directory and written `r42`.
package struct RunID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let number: UInt64
    package init(number: UInt64) { self.number = number }

    package init?(_ text: some StringProtocol) {
        guard text.first == "r", let number = UInt64(text.dropFirst()), number > 0, "r\(number)" == text else {
            return nil
        }
        self.number = number
    }
    package var description: String { "r\(number)" }
    package static func < (left: RunID, right: RunID) -> Bool { left.number < right.number }
}

/// One leg of a run, counted from 1 and written `r42-3` (FIX 66 and 67, `ListID` and `ListSeqNo`).
package struct LegID: Hashable, Sendable, CustomStringConvertible {
    package let run: RunID
    /// Place in the run's `legs`, from 0.
    package let index: Int

    package init(run: RunID, index: Int) { (self.run, self.index) = (run, index) }

    package init?(_ text: String) {
        guard let dash = text.lastIndex(of: "-"), let run = RunID(text[..<dash]),
            let number = Int(text[text.index(after: dash)...]), number > 0, number <= 1_000_000
        else { return nil }
        self.init(run: run, index: number - 1)
        guard description == text else { return nil }
    }
    package var description: String { "\(run)-\(index + 1)" }
}

/// The identifier we give an order before it leaves the gateway (FIX 11, `ClOrdID`): 18 characters `[a-z][a-z0-9]*`.
///
/// Issued once per slice and per replacing modify, stored before the first send, never reused. Held as a number so that
/// a hundred thousand of them cost no heap.
@frozen
package struct ClientOrderID: Hashable, Sendable, CustomStringConvertible {
    /// Base 36 below a leading letter: less than 26 × 36^17.
    package let number: UInt128

    package init(number: UInt128) { self.number = number }

    /// The `sequence`-th id of the data directory whose random `prefix` (less than 26 × 36^7) was drawn at its creation.
    package init(prefix: UInt64, sequence: UInt64) {
        number = UInt128(prefix) * Self.sequenceLimit + UInt128(sequence) % Self.sequenceLimit
    }

    /// 36^10: how many ids one prefix can issue.
    package static let sequenceLimit: UInt128 = 3_656_158_440_062_976
    /// 26 × 36^7: how many prefixes there are.
    package static let prefixLimit: UInt64 = 2_037_468_266_496

    package init?(_ text: String) {
        let bytes = text.utf8
        guard bytes.count == 18, let first = bytes.first, (97...122).contains(first) else { return nil }
        var value = UInt128(first - 97)
        for byte in bytes.dropFirst() {
            switch byte {
            case 97...122: value = value * 36 + UInt128(byte - 97)
            case 48...57: value = value * 36 + UInt128(byte - 48 + 26)
            default: return nil
            }
        }
        number = value
    }

    package var description: String {
        String(unsafeUninitializedCapacity: 18) { buffer in
            // Two halves of nine digits: 64-bit division costs a tenth of a 128-bit one.
            let split: UInt64 = 101_559_956_668_416  // 36^9
            let (high, low) = number.quotientAndRemainder(dividingBy: UInt128(split))
            for half in [1, 0] {
                var value = UInt64(truncatingIfNeeded: half == 1 ? low : high)
                for index in stride(from: half * 9 + 8, through: half * 9, by: -1) {
                    let digit = UInt8(value % 36)
                    buffer[index] = digit < 26 ? digit + 97 : digit - 26 + 48
                    value /= 36
                }
            }
            return 18
        }
    }
}
