package import CSluice
package import Exact

/// The memory in which one host call's arguments are laid out.
///
/// Taken again for every call, so that a call allocates nothing once the memory has its size; the host copies what it
/// keeps before it returns. Owned by one session and used on its lane alone.
package struct Scratch {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    private var used = 0
    private var overflow: [UnsafeMutableRawPointer] = []
    private var overflowBytes = 0

    /// Memory kept between calls. What a larger call needs beyond it is given back after the call.
    package static let keptAtMost = 256 << 10

    package init() {
        capacity = 4096
        base = .allocate(byteCount: capacity, alignment: 16)
    }

    /// Gives all memory back. The last call.
    package func free() {
        for block in overflow { block.deallocate() }
        base.deallocate()
    }

    /// Begins the next call: everything laid out before is void.
    @inline(__always)
    package mutating func reset() {
        used = 0
        if !overflow.isEmpty { shrink() }
    }

    /// Overwrites what was laid out. A test host does so after a call, so that whoever kept a pointer reads garbage.
    package mutating func poison() {
        base.initializeMemory(as: UInt8.self, repeating: 0xAA, count: capacity)
    }

    private mutating func shrink() {
        for block in overflow { block.deallocate() }
        overflow.removeAll()
        let wanted = min(capacity + overflowBytes, Scratch.keptAtMost)
        overflowBytes = 0
        guard wanted > capacity else { return }
        base.deallocate()
        capacity = wanted
        base = .allocate(byteCount: capacity, alignment: 16)
    }

    /// Memory for `count` bytes, aligned for every entity.
    @inline(__always)
    package mutating func take(_ count: Int) -> UnsafeMutableRawPointer {
        let start = (used + 7) & ~7
        guard start + count <= capacity else { return takeMore(count) }
        used = start + count
        return base + start
    }

    @inline(never)
    private mutating func takeMore(_ count: Int) -> UnsafeMutableRawPointer {
        let block = UnsafeMutableRawPointer.allocate(byteCount: max(count, 16), alignment: 16)
        overflow.append(block)
        overflowBytes += count + 8
        return block
    }
}

// MARK: - Leaf values

extension Scratch {
    @inline(__always)
    package mutating func text(_ text: String) -> sluice_str {
        var text = text
        return text.withUTF8 { bytes in
            let memory = take(bytes.count)
            if let start = bytes.baseAddress { memory.copyMemory(from: start, byteCount: bytes.count) }
            return sluice_str(
                ptr: UnsafePointer(memory.assumingMemoryBound(to: CChar.self)), len: UInt64(bytes.count))
        }
    }

    @inline(__always)
    package mutating func text(_ text: String?) -> sluice_str {
        guard let text else { return sluice_str() }
        return self.text(text)
    }

    /// Text of the program itself, which needs no copy.
    @inline(__always)
    package func text(_ text: StaticString) -> sluice_str {
        guard text.hasPointerRepresentation else { return sluice_str() }
        let start = UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
        return sluice_str(ptr: start, len: UInt64(text.utf8CodeUnitCount))
    }

    @inline(__always)
    package mutating func text(_ reference: ClientReference?) -> sluice_str {
        guard let reference, !reference.isAbsent else { return sluice_str() }
        let memory = take(24)
        reference.write(to: memory)
        return sluice_str(
            ptr: UnsafePointer(memory.assumingMemoryBound(to: CChar.self)), len: UInt64(reference.count))
    }

    @inline(__always)
    package mutating func bytes(_ bytes: [UInt8]?) -> sluice_bytes {
        guard let bytes else { return sluice_bytes() }
        let memory = take(bytes.count)
        bytes.withUnsafeBytes { source in
            if let start = source.baseAddress { memory.copyMemory(from: start, byteCount: source.count) }
        }
        return sluice_bytes(
            ptr: UnsafePointer(memory.assumingMemoryBound(to: UInt8.self)), len: UInt64(bytes.count))
    }

    @inline(__always)
    package func decimal(_ value: ExactDecimal?) -> sluice_decimal {
        guard let value else { return sluice_decimal() }
        return sluice_decimal(
            low: UInt64(truncatingIfNeeded: value.mantissa), high: Int64(truncatingIfNeeded: value.mantissa >> 64),
            exponent: Int32(truncatingIfNeeded: value.exponent), flags: UInt32(SLUICE_DECIMAL_PRESENT))
    }

    @inline(__always)
    package func time(_ value: Timestamp?) -> sluice_time { value?.nanoseconds ?? Int64.min }

    /// An account's place as the boundary writes it. A place that no account has, so that the host refuses it.
    @inline(__always)
    package func account(_ index: Int) -> UInt32 { UInt32(exactly: index) ?? UInt32.max }

    /// Lays out entities one after another. `fill` writes one but for its size, with which every entity of the boundary
    /// begins, and may lay out what it points to. Nothing is laid out of no items.
    @inline(__always)
    package mutating func list<Items: Collection, Entity>(
        _ items: Items, of blank: Entity, size: Int,
        _ fill: (inout Scratch, Items.Element, inout Entity) -> Void
    ) -> sluice_span {
        guard !items.isEmpty else { return sluice_span() }
        let start = take(items.count * size)
        var place = start
        for item in items {
            var entity = blank
            fill(&self, item, &entity)
            place.assumingMemoryBound(to: Entity.self).pointee = entity
            place.storeBytes(of: UInt32(size), as: UInt32.self)
            place += size
        }
        return span(start, count: items.count, stride: size)
    }

    @inline(__always)
    package func span(_ memory: UnsafeMutableRawPointer?, count: Int, stride: Int) -> sluice_span {
        sluice_span(ptr: UnsafeRawPointer(memory), count: UInt64(count), stride: UInt32(stride), reserved: 0)
    }
}
