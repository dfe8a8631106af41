extension ExactDecimal: CustomStringConvertible, LosslessStringConvertible {
    /// Reads a decimal written as a JSON number: `-0.05`, `2500`, `1.5e3`.
    ///
    /// Returns `nil` for anything else (spaces, `+`, leading zeros, `.5`, `5.`, `NaN`) and for what cannot be held
    /// exactly.
    public init?(_ text: String) {
        var text = text
        guard let value = text.withUTF8({ Self.parse($0) }) else { return nil }
        self = value
    }

    /// Reads a decimal from text bytes by the same rules.
    public static func parse(_ bytes: UnsafeBufferPointer<UInt8>) -> ExactDecimal? {
        guard let start = bytes.baseAddress else { return nil }
        let end = start + bytes.count
        var cursor = start
        let isNegative = cursor < end && cursor.pointee == UInt8(ascii: "-")
        if isNegative { cursor += 1 }
        guard cursor < end, var digit = cursor.digit else { return nil }

        // Up to 19 digits are taken as they come. Whatever is longer, or has an exponent, is read again from the start,
        // so the wrap-around of a longer mantissa is never seen.
        let firstDigit = cursor
        var magnitude = UInt64(digit)
        cursor += 1
        if magnitude != 0 {
            while cursor < end {
                digit = cursor.pointee &- UInt8(ascii: "0")
                guard digit <= 9 else { break }
                magnitude = magnitude &* 10 &+ UInt64(digit)
                cursor += 1
            }
        }
        var digits = cursor - firstDigit
        var fractionDigits = 0
        if cursor < end, cursor.pointee == UInt8(ascii: ".") {
            cursor += 1
            let firstFractionDigit = cursor
            while cursor < end {
                digit = cursor.pointee &- UInt8(ascii: "0")
                guard digit <= 9 else { break }
                magnitude = magnitude &* 10 &+ UInt64(digit)
                cursor += 1
            }
            fractionDigits = cursor - firstFractionDigit
            digits += fractionDigits
            guard fractionDigits > 0 else { return nil }
        }
        guard cursor == end, digits <= 19 else {
            return LongDecimal(bytes)?.value
        }
        while fractionDigits > 0, magnitude % 10 == 0 {
            magnitude /= 10
            fractionDigits -= 1
        }
        let mantissa = Int128(truncatingIfNeeded: magnitude)
        return ExactDecimal(canonicalMantissa: isNegative ? 0 &- mantissa : mantissa, exponent: 0 - fractionDigits)
    }

    /// Plain decimal text without trailing zeros, `2500.05`. Only beyond `Int128` it has an exponent: `1e60`.
    public var description: String {
        withText { String(decoding: $0, as: UTF8.self) }
    }

    /// Appends the description to a buffer, without making a string.
    public func write(to bytes: inout [UInt8]) {
        withText { bytes.append(contentsOf: $0) }
    }
}

extension UnsafePointer<UInt8> {
    /// The value of the decimal digit here.
    fileprivate var digit: UInt8? {
        let value = pointee &- UInt8(ascii: "0")
        return value <= 9 ? value : nil
    }
}

// MARK: - Writing

extension ExactDecimal {
    /// Room for a sign, "0.", 39 digits and an exponent.
    package static let textCapacity = 64

    private func withText<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.textCapacity) { buffer in
            let start = write(backwards: buffer)
            return body(UnsafeBufferPointer(rebasing: buffer[start...]))
        }
    }

    /// Writes the text so that it ends where the buffer of `textCapacity` bytes ends, and returns where it starts.
    package func write(backwards buffer: UnsafeMutableBufferPointer<UInt8>) -> Int {
        var position = buffer.count
        func put(_ byte: UInt8) {
            position -= 1
            buffer.initializeElement(at: position, to: byte)
        }
        var digitsToPoint = max(0, 0 - exponent)
        func putDigit(_ digit: UInt64) {
            put(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: digit))
            digitsToPoint -= 1
            if digitsToPoint == 0 { put(UInt8(ascii: ".")) }
        }
        var rest = mantissa.magnitude
        if exponent > 0 {
            var power = UInt8(exponent)  // at most 38, and a mantissa has at most 38 trailing zeros
            while let shorter = rest.dividedExactlyByTen {
                rest = shorter
                power += 1
            }
            put(UInt8(ascii: "0") + power % 10)
            if power > 9 { put(UInt8(ascii: "0") + power / 10) }
            put(UInt8(ascii: "e"))
        }
        while rest > UInt128(UInt64.max) {  // one machine word at a time: 128-bit division is slow
            let (upper, lower) = rest.quotientAndRemainder(dividingBy: 10_000_000_000_000_000_000)
            var word = UInt64(truncatingIfNeeded: lower)
            for _ in 0..<19 {
                putDigit(word % 10)
                word /= 10
            }
            rest = upper
        }
        var word = UInt64(truncatingIfNeeded: rest)
        repeat {
            putDigit(word % 10)
            word /= 10
        } while word != 0 || digitsToPoint >= 0
        if isNegative { put(UInt8(ascii: "-")) }
        return position
    }
}
