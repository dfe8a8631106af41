import Domain

/// The 18 characters of a client order id, held inline: a string of that length would cost an allocation an order.
struct ClientReferenceText: Sendable {
    static let count = 18
    private let first: UInt64
    private let second: UInt64
    private let rest: UInt16

    init(_ id: ClientOrderID) {
        let split: UInt64 = 101_559_956_668_416  // 36^9: two halves of nine digits that fit a machine word each
        let (high, low) = id.number.quotientAndRemainder(dividingBy: UInt128(split))
        var (upper, lower) = (UInt64(truncatingIfNeeded: high), UInt64(truncatingIfNeeded: low))
        (first, second, rest) = withUnsafeTemporaryAllocation(byteCount: 24, alignment: 8) { bytes in
            for index in 0..<9 {
                let (upperRest, upperDigit) = upper.quotientAndRemainder(dividingBy: 36)
                let (lowerRest, lowerDigit) = lower.quotientAndRemainder(dividingBy: 36)
                bytes[8 - index] = Self.character(upperDigit)
                bytes[17 - index] = Self.character(lowerDigit)
                (upper, lower) = (upperRest, lowerRest)
            }
            return (
                bytes.load(as: UInt64.self), bytes.load(fromByteOffset: 8, as: UInt64.self),
                bytes.load(fromByteOffset: 16, as: UInt16.self)
            )
        }
    }

    /// Writes the 18 bytes.
    func write(to destination: UnsafeMutableRawPointer) {
        destination.storeBytes(of: first, as: UInt64.self)
        destination.storeBytes(of: second, toByteOffset: 8, as: UInt64.self)
        destination.storeBytes(of: rest, toByteOffset: 16, as: UInt16.self)
    }

    private static func character(_ digit: UInt64) -> UInt8 {
        UInt8(truncatingIfNeeded: digit < 26 ? digit + 97 : digit &+ 22)
    }

    /// Reads an id back from the bytes of an adapter. `nil` for anything but 18 characters `[a-z][a-z0-9]*`.
    static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> ClientOrderID? {
        guard bytes.count == count, bytes[0] >= 97, bytes[0] <= 122 else { return nil }
        var (upper, lower): (UInt64, UInt64) = (0, 0)
        for index in 0..<9 {
            guard let upperDigit = digit(bytes[index]), let lowerDigit = digit(bytes[index + 9]) else { return nil }
            upper = upper &* 36 &+ upperDigit
            lower = lower &* 36 &+ lowerDigit
        }
        return ClientOrderID(number: UInt128(upper) &* 101_559_956_668_416 &+ UInt128(lower))
    }

    private static func digit(_ byte: UInt8) -> UInt64? {
        switch byte {
        case 97...122: UInt64(byte &- 97)
        case 48...57: UInt64(byte &- 22)
        default: nil
        }
    }
}
