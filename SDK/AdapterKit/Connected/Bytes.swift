import CSluice

/// Bytes that the host passes: a body, a part of one, a frame. A view: it lives as long as the call it came with.
///
/// Reads by offset answer `nil` past the end, so that a short frame is found, never trapped on.
public struct Bytes: ~Escapable {
    let memory: UnsafeRawBufferPointer

    @_lifetime(immortal)
    package init(_ memory: UnsafeRawBufferPointer) { self.memory = memory }

    public var count: Int { memory.count }
    public var isEmpty: Bool { memory.count == 0 }

    /// The byte at a place, or `nil` past the end.
    public func uint8(at offset: Int) -> UInt8? { bigEndian(UInt8.self, at: offset) }

    /// An integer, most significant byte first, or `nil` where it does not lie within.
    @inline(__always)
    public func bigEndian<Integer: FixedWidthInteger & BitwiseCopyable>(_ type: Integer.Type, at offset: Int)
        -> Integer?
    {
        read(type, at: offset).map { Integer(bigEndian: $0) }
    }

    /// An integer, least significant byte first, or `nil` where it does not lie within.
    @inline(__always)
    public func littleEndian<Integer: FixedWidthInteger & BitwiseCopyable>(
        _ type: Integer.Type, at offset: Int
    ) -> Integer? {
        read(type, at: offset).map { Integer(littleEndian: $0) }
    }

    @inline(__always)
    private func read<Integer: FixedWidthInteger & BitwiseCopyable>(_ type: Integer.Type, at offset: Int) -> Integer? {
        guard offset >= 0, let start = memory.baseAddress, memory.count - offset >= MemoryLayout<Integer>.size else {
            return nil
        }
        return start.loadUnaligned(fromByteOffset: offset, as: type)
    }

    /// A run of bytes within, cut off at the end.
    @_lifetime(copy self)
    public func slice(from offset: Int, count: Int) -> Bytes {
        let start = min(max(offset, 0), memory.count)
        let end = start + min(max(count, 0), memory.count - start)
        return Bytes(UnsafeRawBufferPointer(rebasing: memory[start..<end]))
    }

    /// The bytes, to keep.
    public func copy() -> [UInt8] { [UInt8](memory) }

    /// The text they are, or `nil` where they are not UTF-8.
    public var text: String? { String(validating: memory, as: UTF8.self) }

    /// Lends the memory for one call.
    public func withUnsafeBytes<Value, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try body(memory)
    }
}
