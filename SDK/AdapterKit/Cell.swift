package import CSluice
package import Exact

/// A bounded look at one entity that the host passed: reads by offset, and never past the entity's own `struct_size`.
///
/// A field that does not end within the size reads as zero, which is the documented "absent" of every field. All reading
/// goes through raw memory, because the runtime merges metadata of imported C structs across images by their tag: a C
/// struct must not meet generics, `Any` or a collection here. Valid until the lane call returns, like what it looks at.
package struct Cell {
    package let base: UnsafeRawPointer
    package let size: Int

    /// Looks at an entity that begins with `struct_size`. Returns `nil` for a null pointer.
    @inline(__always)
    package init?(_ pointer: UnsafeRawPointer?) {
        guard let pointer else { return nil }
        self.init(base: pointer, size: Int(pointer.loadUnaligned(as: UInt32.self)))
    }

    @inline(__always)
    package init(base: UnsafeRawPointer, size: Int) {
        self.base = base
        self.size = size
    }

    @inline(__always)
    package func has(_ offset: Int, _ length: Int) -> Bool { offset + length <= size }

    @inline(__always)
    package func uint32(_ offset: Int) -> UInt32 {
        has(offset, 4) ? base.loadUnaligned(fromByteOffset: offset, as: UInt32.self) : 0
    }

    @inline(__always)
    package func uint64(_ offset: Int) -> UInt64 {
        has(offset, 8) ? base.loadUnaligned(fromByteOffset: offset, as: UInt64.self) : 0
    }

    @inline(__always)
    package func int64(_ offset: Int) -> Int64 { Int64(bitPattern: uint64(offset)) }

    @inline(__always)
    package func pointer(_ offset: Int) -> UnsafeRawPointer? { UnsafeRawPointer(bitPattern: UInt(uint64(offset))) }

    /// The entity behind a pointer field, or `nil` where the field is null or absent.
    @inline(__always)
    package func target(_ offset: Int) -> Cell? { Cell(pointer(offset)) }

    /// An entity that stands by value within this one: bounded by its own size, by its room, and by what is left of us.
    @inline(__always)
    package func embedded(_ offset: Int, room: Int) -> Cell {
        let left = min(room, size - offset)
        guard left >= 4 else { return Cell(base: base + offset, size: 0) }
        let own = Int(base.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        return Cell(base: base + offset, size: min(own, left))
    }

    /// The bytes of a `sluice_str` or `sluice_bytes`, or `nil` where it is absent.
    @inline(__always)
    package func memory(_ offset: Int) -> UnsafeRawBufferPointer? {
        guard has(offset, 16), let start = pointer(offset) else { return nil }
        return UnsafeRawBufferPointer(start: start, count: Int(truncatingIfNeeded: uint64(offset + 8)))
    }

    package func text(_ offset: Int) -> String? {
        memory(offset).map { String(copying: $0.assumingMemoryBound(to: UInt8.self)) }
    }

    package func bytes(_ offset: Int) -> [UInt8]? {
        memory(offset).map { [UInt8]($0) }
    }

    package func decimal(_ offset: Int) -> ExactDecimal? {
        guard has(offset, 24), uint32(offset + 20) & UInt32(SLUICE_DECIMAL_PRESENT) != 0 else { return nil }
        let mantissa = Int128(_low: uint64(offset), _high: int64(offset + 8))
        return ExactDecimal(mantissa: mantissa, exponent: Int(Int32(bitPattern: uint32(offset + 16))))
    }

    package func time(_ offset: Int) -> Timestamp? {
        let value = int64(offset)
        return value == Int64.min || value == 0 ? nil : Timestamp(nanoseconds: value)
    }
}

/// A run of entities, stepped by the stride that the other side names.
package struct CellSpan {
    package let start: UnsafeRawPointer?
    package let count: Int
    package let stride: Int

    /// No elements.
    static var empty: CellSpan { CellSpan() }

    private init() {
        start = nil
        count = 0
        stride = 0
    }

    /// Returns `nil` for a span that breaks the contract: no memory, a stride too short for its elements, an element
    /// longer than the stride, or more than `limit` elements.
    package init?(_ span: sluice_span, limit: Int) {
        guard span.count <= UInt64(limit) else { return nil }
        count = Int(span.count)
        start = span.ptr
        stride = Int(span.stride)
        guard count > 0 else { return }
        guard start != nil, stride >= 8 else { return nil }
        for index in 0..<count where self[index].size > stride { return nil }
    }

    @inline(__always)
    package subscript(index: Int) -> Cell {
        precondition(index >= 0 && index < count, "no such element")
        guard let cell = Cell(start.map { $0 + index * stride }) else { preconditionFailure("a span without memory") }
        return cell
    }
}

// MARK: - Checks at the boundary

extension Cell {
    /// Whether a text is unusable: a length without memory, an absurd length, or bytes that are not UTF-8.
    @inline(__always)
    package func isBrokenText(_ offset: Int) -> Bool {
        guard has(offset, 16) else { return false }
        let length = uint64(offset + 8)
        guard let start = pointer(offset) else { return length != 0 }
        guard length <= Cell.longestText else { return true }
        return !isUTF8(start, Int(length))
    }

    /// Whether bytes are unusable: a length without memory, or more than `limit`.
    @inline(__always)
    package func areBrokenBytes(_ offset: Int, limit: UInt64) -> Bool {
        guard has(offset, 16) else { return false }
        let length = uint64(offset + 8)
        return length > limit || (length != 0 && pointer(offset) == nil)
    }

    /// Whether a decimal claims to be present and cannot be one.
    @inline(__always)
    package func isBrokenDecimal(_ offset: Int) -> Bool {
        guard has(offset, 24), uint32(offset + 20) & UInt32(SLUICE_DECIMAL_PRESENT) != 0 else { return false }
        let exponent = Int32(bitPattern: uint32(offset + 16))
        return exponent < -38 || exponent > 38 || (uint64(offset) == 0 && int64(offset + 8) == Int64.min)
    }

    /// Whether a decimal is present and above zero.
    @inline(__always)
    package func isPositiveDecimal(_ offset: Int) -> Bool {
        guard has(offset, 24), uint32(offset + 20) & UInt32(SLUICE_DECIMAL_PRESENT) != 0 else { return false }
        let high = int64(offset + 8)
        return high > 0 || (high == 0 && uint64(offset) != 0)
    }

    /// A text that one side passes the other stays under 16 MiB: a length beyond it is garbage, not text.
    package static let longestText: UInt64 = 16 << 20
}

/// Whether the bytes are UTF-8. Plain ASCII, nearly everything that crosses, is told eight bytes at a time.
@inline(__always)
package func isUTF8(_ start: UnsafeRawPointer, _ count: Int) -> Bool {
    var index = 0
    var seen: UInt64 = 0
    while index &+ 8 <= count {
        seen |= start.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        index &+= 8
    }
    while index < count {
        seen |= UInt64(start.load(fromByteOffset: index, as: UInt8.self))
        index &+= 1
    }
    return seen & 0x8080_8080_8080_8080 == 0 || isValidUTF8Slowly(start, count)
}

@inline(never)
private func isValidUTF8Slowly(_ start: UnsafeRawPointer, _ count: Int) -> Bool {
    String(validating: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self) != nil
}
