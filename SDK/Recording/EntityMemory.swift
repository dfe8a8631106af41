package import CSluice
package import Exact

/// Entities built again from frames, for one lane call. Everything is given back by `free`: an adapter that kept a
/// pointer reads memory that is no longer its.
package final class EntityMemory {
    private var blocks: [UnsafeMutableRawPointer] = []

    package init() {}
    deinit { free() }

    package func free() {
        for block in blocks { block.deallocate() }
        blocks.removeAll(keepingCapacity: true)
    }

    private func zeroed(_ count: Int) -> UnsafeMutableRawPointer {
        let block = UnsafeMutableRawPointer.allocate(byteCount: max(16, count), alignment: 16)
        block.initializeMemory(as: UInt8.self, repeating: 0, count: max(16, count))
        blocks.append(block)
        return block
    }

    // MARK: - Leaf values

    package func bytes(_ value: JSONValue?) -> sluice_bytes {
        guard let value, let bytes = Self.plain(value) else { return sluice_bytes() }
        let block = zeroed(bytes.count)
        bytes.withUnsafeBytes {
            if let start = $0.baseAddress { block.copyMemory(from: start, byteCount: bytes.count) }
        }
        return sluice_bytes(ptr: UnsafePointer(block.assumingMemoryBound(to: UInt8.self)), len: UInt64(bytes.count))
    }

    package func text(_ value: JSONValue?) -> sluice_str {
        let bytes = bytes(value)
        return sluice_str(ptr: UnsafeRawPointer(bytes.ptr)?.assumingMemoryBound(to: CChar.self), len: bytes.len)
    }

    /// The bytes that a frame's value stands for; `nil`: it is no text.
    package static func plain(_ value: JSONValue) -> [UInt8]? {
        if let text = value.string { return Array(text.utf8) }
        return value["base64"]?.string.flatMap { Base64.bytes($0) }
    }

    package static func uint64(_ value: JSONValue?) -> UInt64 {
        guard case .number(let token)? = value else { return 0 }
        return UInt64(token) ?? 0
    }

    package static func int64(_ value: JSONValue?) -> Int64 {
        guard case .number(let token)? = value else { return 0 }
        return Int64(token) ?? 0
    }

    // MARK: - Entities

    /// `nil`: the frame has none.
    package func entity(_ value: JSONValue?, _ entity: Entity) -> UnsafeMutableRawPointer? {
        guard let object = value?.object else { return nil }
        let start = zeroed(entity.size)
        write(object, entity, to: start)
        return start
    }

    package func list(_ value: JSONValue?, _ entity: Entity) -> sluice_span {
        guard let items = value?.array, !items.isEmpty else { return sluice_span() }
        let start = zeroed(entity.size * items.count)
        for (index, item) in items.enumerated() {
            write(item.object ?? JSONObject(), entity, to: start + index * entity.size)
        }
        return sluice_span(ptr: start, count: UInt64(items.count), stride: UInt32(entity.size), reserved: 0)
    }

    private func write(_ object: JSONObject, _ entity: Entity, to start: UnsafeMutableRawPointer) {
        start.storeBytes(of: UInt32(entity.size), as: UInt32.self)
        for field in entity.fields { write(object[field.name], field.shape, to: start + field.offset) }
    }

    private func write(_ value: JSONValue?, _ shape: Entity.Shape, to place: UnsafeMutableRawPointer) {
        switch shape {
        case .time: place.storeBytes(of: value == nil ? Int64.min : Self.int64(value), as: Int64.self)
        case .embedded(let entity):
            write(value?.object ?? JSONObject(), entity, to: place)
        default:
            guard let value else { return }
            write(present: value, shape, to: place)
        }
    }

    private func write(present value: JSONValue, _ shape: Entity.Shape, to place: UnsafeMutableRawPointer) {
        switch shape {
        case .uint32: place.storeBytes(of: UInt32(truncatingIfNeeded: Self.uint64(value)), as: UInt32.self)
        case .uint64: place.storeBytes(of: Self.uint64(value), as: UInt64.self)
        case .int64: place.storeBytes(of: Self.int64(value), as: Int64.self)
        case .text, .bytes: store(bytes(value), to: place)
        case .decimal:
            guard let decimal = value.string.flatMap({ DecimalText.value($0) }) else { return }
            place.storeBytes(of: UInt64(truncatingIfNeeded: decimal.mantissa), as: UInt64.self)
            place.storeBytes(of: Int64(truncatingIfNeeded: decimal.mantissa >> 64), toByteOffset: 8, as: Int64.self)
            place.storeBytes(of: decimal.exponent, toByteOffset: 16, as: Int32.self)
            place.storeBytes(of: UInt32(SLUICE_DECIMAL_PRESENT), toByteOffset: 20, as: UInt32.self)
        case .pointer(let target): place.storeBytes(of: address(entity(value, target)), as: UInt64.self)
        case .list(let element): store(list(value, element), to: place)
        case .numbers(let width):
            let items = value.array ?? []
            let start = zeroed(width * items.count)
            for (index, item) in items.enumerated() {
                let number = Self.uint64(item)
                if width == 4 {
                    start.storeBytes(of: UInt32(truncatingIfNeeded: number), toByteOffset: 4 * index, as: UInt32.self)
                } else {
                    start.storeBytes(of: number, toByteOffset: 8 * index, as: UInt64.self)
                }
            }
            store(sluice_span(ptr: start, count: UInt64(items.count), stride: UInt32(width), reserved: 0), to: place)
        case .time, .embedded: break
        }
    }

    private func address(_ pointer: UnsafeMutableRawPointer?) -> UInt64 { UInt64(UInt(bitPattern: pointer)) }

    private func store(_ bytes: sluice_bytes, to place: UnsafeMutableRawPointer) {
        place.storeBytes(of: UInt64(UInt(bitPattern: bytes.ptr)), as: UInt64.self)
        place.storeBytes(of: bytes.len, toByteOffset: 8, as: UInt64.self)
    }

    private func store(_ span: sluice_span, to place: UnsafeMutableRawPointer) {
        place.storeBytes(of: UInt64(UInt(bitPattern: span.ptr)), as: UInt64.self)
        place.storeBytes(of: span.count, toByteOffset: 8, as: UInt64.self)
        place.storeBytes(of: span.stride, toByteOffset: 16, as: UInt32.self)
    }
}
