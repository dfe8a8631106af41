import AdapterKit

/// Writes one durable record: a version byte, then numbers as variable-length integers, seven bits a byte.
struct RecordWriter {
    private(set) var bytes: [UInt8]

    /// The layout of every record. A reader refuses what it does not know.
    static let version: UInt8 = 1

    init(capacity: Int) {
        bytes = []
        bytes.reserveCapacity(capacity)
        bytes.append(Self.version)
    }

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    mutating func unsigned(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Small distances from zero are short, whichever way.
    mutating func signed(_ value: Int64) {
        unsigned(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    /// An amount: how many trailing zero digits it has left out (0, 9 or 16), then the rest.
    mutating func money(_ value: Money) {
        var (zeros, rest) = (UInt8(0), value.atoms)
        for (count, power) in [(UInt8(16), Int128(10_000_000_000_000_000)), (9, 1_000_000_000)] {
            let (quotient, remainder) = value.atoms.quotientAndRemainder(dividingBy: power)
            if remainder == 0 {
                (zeros, rest) = (count, quotient)
                break
            }
        }
        byte(zeros)
        var bits = UInt128(bitPattern: (rest << 1) ^ (rest >> 127))
        while bits >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: bits) | 0x80)
            bits >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: bits))
    }

    mutating func time(_ value: Timestamp) { signed(value.nanoseconds) }

    /// `nil` is told apart from every instant.
    mutating func time(_ value: Timestamp?) {
        byte(value == nil ? 0 : 1)
        if let value { time(value) }
    }

    mutating func text(_ value: String) {
        unsigned(UInt64(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }
}

/// Reads what `RecordWriter` wrote. Throws where the bytes end early or say what cannot be.
struct RecordReader {
    /// The record is of another version, cut short, or contradicts itself.
    struct Broken: Error {}

    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) throws(Broken) {
        self.bytes = bytes
        guard try byte() == RecordWriter.version else { throw Broken() }
    }

    var isAtEnd: Bool { position == bytes.count }

    mutating func byte() throws(Broken) -> UInt8 {
        guard position < bytes.count else { throw Broken() }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func unsigned() throws(Broken) -> UInt64 {
        guard let value = UInt64(exactly: try bits(most: 10)) else { throw Broken() }
        return value
    }

    private mutating func bits(most: Int) throws(Broken) -> UInt128 {
        var value: UInt128 = 0
        for index in 0..<most {
            let next = try byte()
            let shift = UInt128(index) * 7
            let part = UInt128(next & 0x7F) << shift
            guard part >> shift == UInt128(next & 0x7F) else { throw Broken() }
            value |= part
            if next < 0x80 { return value }
        }
        throw Broken()
    }

    mutating func signed() throws(Broken) -> Int64 {
        let value = try unsigned()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    mutating func money() throws(Broken) -> Money {
        let zeros = try byte()
        let value = try bits(most: 19)
        let rest = Int128(bitPattern: value >> 1) ^ -Int128(bitPattern: value & 1)
        let power: Int128
        switch zeros {
        case 0: power = 1
        case 9: power = 1_000_000_000
        case 16: power = 10_000_000_000_000_000
        default: throw Broken()
        }
        let (atoms, overflow) = rest.multipliedReportingOverflow(by: power)
        guard !overflow, atoms != Int128.min else { throw Broken() }
        return Money(atoms: atoms)
    }

    mutating func time() throws(Broken) -> Timestamp { Timestamp(nanoseconds: try signed()) }

    mutating func optionalTime() throws(Broken) -> Timestamp? {
        switch try byte() {
        case 0: nil
        case 1: try time()
        default: throw Broken()
        }
    }

    mutating func text() throws(Broken) -> String {
        let count = try unsigned()
        guard count <= UInt64(bytes.count - position) else { throw Broken() }
        defer { position += Int(count) }
        guard let text = String(validating: bytes[position..<position + Int(count)], as: UTF8.self) else {
            throw Broken()
        }
        return text
    }

    /// A count of things that take at least one byte each.
    mutating func count() throws(Broken) -> Int {
        let count = try unsigned()
        guard count <= UInt64(bytes.count - position) else { throw Broken() }
        return Int(count)
    }
}
