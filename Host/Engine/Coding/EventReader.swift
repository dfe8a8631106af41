package import Domain

/// Reads values in the journal's binary form from foreign memory, which must outlive the reader.
///
/// Any bytes are taken: what is no value is an error, nothing traps, and no count is believed beyond the bytes that are
/// left. Every value has one spelling, so that equal events are equal bytes.
package struct EventReader {
    package let base: Timestamp
    private let bytes: UnsafeRawBufferPointer
    /// Bytes from the start, also inside a part.
    package private(set) var offset = 0
    /// Where the bytes, or the part being read, end.
    private var limit: Int

    package init(_ bytes: UnsafeRawBufferPointer, base: Timestamp) {
        (self.bytes, self.base, limit) = (bytes, base, bytes.count)
    }

    /// The same place, with times relative to `base`.
    init(_ other: EventReader, base: Timestamp) {
        (bytes, offset, limit) = (other.bytes, other.offset, other.limit)
        self.base = base
    }

    /// Nothing is left: fields that were appended to a structure later are absent here.
    package var isAtEnd: Bool { offset == limit }
    private var remaining: Int { limit - offset }

    // MARK: Whole numbers

    @inline(__always)
    package mutating func readByte(_ expected: @autoclosure () -> String) throws(EventCodingError) -> UInt8 {
        guard offset < limit else {
            throw EventCodingError(.truncated, offset: offset, expected: expected())
        }
        defer { offset += 1 }
        return bytes[offset]
    }

    @inline(__always)
    package mutating func readUnsigned() throws(EventCodingError) -> UInt64 {
        let first = try readByte("a number")
        return first < 0x80 ? UInt64(first) : try readLong(UInt64(first & 0x7f))
    }

    private mutating func readLong(_ first: UInt64) throws(EventCodingError) -> UInt64 {
        let start = offset - 1
        var (value, shift) = (first, UInt64(7))
        while true {
            let byte = try readByte("the rest of a number")
            // The tenth byte holds the 64th bit alone; a last byte of 0 would be a second spelling.
            guard shift < 63 || byte <= 1 else {
                throw EventCodingError(.malformed, offset: start, expected: "a number of at most 64 bits")
            }
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 {
                guard byte != 0 else {
                    throw EventCodingError(.malformed, offset: start, expected: "a number without padding")
                }
                return value
            }
            shift += 7
        }
    }

    @inline(__always)
    package mutating func readSigned() throws(EventCodingError) -> Int64 {
        let value = try readUnsigned()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    package mutating func readInt32() throws(EventCodingError) -> Int32 {
        let start = offset
        let value = try readSigned()
        guard let narrow = Int32(exactly: value) else {
            throw EventCodingError(.malformed, offset: start, expected: "a number of at most 32 bits")
        }
        return narrow
    }

    package mutating func readInt() throws(EventCodingError) -> Int {
        let start = offset
        let value = try readSigned()
        guard let number = Int(exactly: value) else {
            throw EventCodingError(.malformed, offset: start, expected: "a number of a machine word")
        }
        return number
    }

    package mutating func readInt128() throws(EventCodingError) -> Int128 {
        let start = offset
        var (value, shift) = (UInt128(0), UInt128(0))
        while true {
            let byte = try readByte(shift == 0 ? "a number" : "the rest of a number")
            guard shift < 126 || byte <= 3 else {
                throw EventCodingError(.malformed, offset: start, expected: "a number of at most 128 bits")
            }
            value |= UInt128(byte & 0x7f) << shift
            if byte < 0x80 {
                guard byte != 0 || shift == 0 else {
                    throw EventCodingError(.malformed, offset: start, expected: "a number without padding")
                }
                return Int128(bitPattern: value >> 1) ^ -Int128(bitPattern: value & 1)
            }
            shift += 7
        }
    }

    // MARK: Text, words, times

    /// How many elements follow, each of at least `size` bytes.
    package mutating func readCount(ofAtLeast size: Int, _ what: String) throws(EventCodingError) -> Int {
        let start = offset
        let count = try readUnsigned()
        guard count <= UInt64(remaining / size) else {
            throw EventCodingError(
                .malformed, offset: start, expected: "a count of \(what) that the remaining bytes can hold",
                found: count)
        }
        return Int(count)
    }

    /// An enumeration's raw value: `read(Side.init(rawValue:))`.
    @inline(__always)
    package mutating func read<Word>(_ make: (UInt8) -> Word?) throws(EventCodingError) -> Word {
        guard offset < limit else {
            throw EventCodingError(.truncated, offset: offset, expected: "a value of \(Word.self)")
        }
        let value = bytes[offset]
        guard let word = make(value) else {
            throw EventCodingError(
                .unknownValue, offset: offset, expected: "a value of \(Word.self)", found: UInt64(value))
        }
        offset += 1
        return word
    }

    package mutating func readText() throws(EventCodingError) -> String {
        let part = try readPart("bytes of text")
        // Plain ASCII, nearly all text there is, needs no validation: it cannot be repaired into something else.
        if part.allSatisfy({ $0 < 0x80 }) { return String(decoding: part, as: UTF8.self) }
        guard let text = String(validating: part, as: UTF8.self) else {
            throw EventCodingError(.malformed, offset: offset - part.count, expected: "UTF-8 text")
        }
        return text
    }

    package mutating func readBytes() throws(EventCodingError) -> [UInt8] {
        Array(try readPart("bytes"))
    }

    private mutating func readPart(_ what: String) throws(EventCodingError) -> UnsafeRawBufferPointer {
        let count = try readCount(ofAtLeast: 1, what)
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)])
    }

    package mutating func readTime() throws(EventCodingError) -> Timestamp {
        Timestamp(nanoseconds: base.nanoseconds &+ (try readSigned()))
    }

    /// `known` is how many flags this version has. A further one would announce a field of unknown length.
    mutating func readFlags(known: Int) throws(EventCodingError) -> FieldFlags {
        let start = offset
        let value = try readUnsigned()
        guard value >> UInt64(known) == 0 else {
            throw EventCodingError(.unknownValue, offset: start, expected: "the \(known) known flags", found: value)
        }
        return FieldFlags(rawValue: value)
    }

    /// Flags that were appended to an event: a record from before them ends here and has none set.
    mutating func readAppendedFlags(known: Int) throws(EventCodingError) -> FieldFlags {
        isAtEnd ? FieldFlags() : try readFlags(known: known)
    }

    // MARK: Structure

    /// Elements behind their count. Room is made for as many as the bytes can hold, never for more.
    @inline(__always)
    mutating func readList<Element>(
        ofAtLeast size: Int, _ what: String,
        _ element: (inout EventReader) throws(EventCodingError) -> Element
    ) throws(EventCodingError) -> [Element] {
        let count = try readCount(ofAtLeast: size, what)
        var list: [Element] = []
        if count == 0 { return list }
        list.reserveCapacity(count)
        for _ in 0..<count { list.append(try element(&self)) }
        return list
    }

    /// A part behind its length. What `body` leaves of it was appended by a later version and is skipped.
    @inline(__always)
    mutating func readPart<Result>(
        _ body: (inout EventReader) throws(EventCodingError) -> Result
    ) throws(EventCodingError) -> Result {
        let length = try readCount(ofAtLeast: 1, "bytes of an event")
        let outer = limit
        limit = offset + length
        let result = try body(&self)
        offset = limit
        limit = outer
        return result
    }
}
