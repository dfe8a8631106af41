/// A decimal text of any length, for what the fast path declines: many digits or an exponent.
///
/// Zeros at either end cost nothing: only the digits from the first to the last non-zero one must fit.
struct LongDecimal {
    private var isNegative = false
    private var magnitude: UInt128 = 0
    /// Zeros read since the last non-zero digit.
    private var trailingZeros = 0
    private var exponent = 0

    /// Reads a JSON number that takes up all of `bytes`, or returns `nil`.
    init?(_ bytes: UnsafeBufferPointer<UInt8>) {
        guard let end = JSONNumber.end(in: bytes, from: 0), end == bytes.count else { return nil }
        var position = 0
        if bytes[0] == UInt8(ascii: "-") {
            isNegative = true
            position = 1
        }
        var isFraction = false
        while position < end, bytes[position] | 0x20 != UInt8(ascii: "e") {
            if bytes[position] == UInt8(ascii: ".") {
                isFraction = true
            } else {
                guard append(digit: bytes[position] &- UInt8(ascii: "0")) else { return nil }
                if isFraction { exponent -= 1 }
            }
            position += 1
        }
        if position < end { exponent += Self.writtenExponent(bytes[(position + 1)..<end]) }
        exponent += trailingZeros
    }

    /// The value, if it can be held exactly.
    var value: ExactDecimal? {
        ExactDecimal(negative: isNegative, magnitude: magnitude, exponent: exponent)
    }

    private mutating func append(digit: UInt8) -> Bool {
        if digit == 0 {
            if magnitude != 0 { trailingZeros += 1 }
            return true
        }
        if magnitude != 0 {
            guard let power = UInt128.powerOfTen(trailingZeros) else { return false }
            let (shifted, overflow) = magnitude.multipliedReportingOverflow(by: power)
            let (tenfold, overflowOfTenfold) = shifted.multipliedReportingOverflow(by: 10)
            guard !overflow, !overflowOfTenfold else { return false }
            magnitude = tenfold
        }
        let (sum, carry) = magnitude.addingReportingOverflow(UInt128(digit))
        magnitude = sum
        trailingZeros = 0
        return !carry
    }

    /// The exponent as written, held within ±10^17: no text is long enough to bring such a value back into range.
    private static func writtenExponent(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> Int {
        var value = 0
        for byte in bytes where byte != UInt8(ascii: "-") && byte != UInt8(ascii: "+") {
            value = min(value * 10 + Int(byte &- UInt8(ascii: "0")), 100_000_000_000_000_000)
        }
        return bytes.first == UInt8(ascii: "-") ? -value : value
    }
}

/// The JSON grammar of a number, RFC 8259 section 6.
enum JSONNumber {
    /// Where the number that begins at `start` ends, or `nil` when there is no complete number.
    static func end(in bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int? {
        var position = start
        func skipDigits() -> Bool {
            let first = position
            while position < bytes.count, bytes[position] &- UInt8(ascii: "0") <= 9 { position += 1 }
            return position > first
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: "-") { position += 1 }
        if position < bytes.count, bytes[position] == UInt8(ascii: "0") {
            position += 1
        } else if !skipDigits() {
            return nil
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            if !skipDigits() { return nil }
        }
        if position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            if position < bytes.count, bytes[position] == UInt8(ascii: "-") || bytes[position] == UInt8(ascii: "+") {
                position += 1
            }
            if !skipDigits() { return nil }
        }
        return position
    }

    /// Whether `token` is a number and nothing else.
    static func isValid(_ token: String) -> Bool {
        var token = token
        return token.withUTF8 { end(in: $0, from: 0) == $0.count }
    }
}
