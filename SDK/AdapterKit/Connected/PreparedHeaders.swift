import CSluice

/// Headers that many requests carry, laid out for the boundary. Made once, as when a login has its token.
public final class PreparedHeaders {
    /// `sluice_header`s, then their names. Nothing in it changes after `init`.
    private let memory: UnsafeMutableRawPointer
    private let values: [PreparedTemplate]

    /// Lays headers out, in their order.
    public init(_ headers: [(name: String, value: PreparedTemplate)]) {
        values = headers.map(\.value)
        let namesAt = headers.count * SLUICE_SIZE_header
        memory = .allocate(byteCount: max(16, namesAt + headers.reduce(0) { $0 + $1.name.utf8.count }), alignment: 16)
        var text = memory + namesAt
        for (index, header) in headers.enumerated() {
            var entity = sluice_header()
            entity.struct_size = UInt32(SLUICE_SIZE_header)
            entity.name = sluice_str(
                ptr: UnsafePointer(text.assumingMemoryBound(to: CChar.self)), len: UInt64(header.name.utf8.count))
            entity.value = header.value.entity
            (memory + index * SLUICE_SIZE_header).assumingMemoryBound(to: sluice_header.self).pointee = entity
            for byte in header.name.utf8 {
                text.storeBytes(of: byte, as: UInt8.self)
                text += 1
            }
        }
    }

    deinit { memory.deallocate() }

    var count: Int { values.count }

    /// Copies the headers; what they point to stays here.
    @inline(__always)
    func copy(to target: UnsafeMutableRawPointer) {
        target.copyMemory(from: memory, byteCount: count * SLUICE_SIZE_header)
    }
}

extension Request {
    /// Adds headers that were prepared, before all others, in place of those that were added so before.
    public mutating func headers(_ prepared: PreparedHeaders) { storage.prepared = prepared }
}
