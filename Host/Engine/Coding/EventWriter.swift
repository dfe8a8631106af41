package import Domain

/// Writes values in the journal's binary form (README.md beside this file).
///
/// One writer makes one record or one projection body, or many in turn (`removeAll`). Every `write` can be read back by
/// the `read` of the same type. Memory of its own, because a million values a second cannot each ask an array whether it
/// is shared; it grows by doubling and nothing else allocates.
package struct EventWriter: ~Copyable {
    /// What times are written relative to; the reader must be told the same.
    package var base: Timestamp
    private var memory: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    /// Bytes written. All of them are initialised, none behind them is read.
    package private(set) var count = 0
    /// Where the open part begins, behind the byte kept for its length.
    private var partStart = 0

    /// `capacity` is a guess that saves growing.
    package init(base: Timestamp, capacity: Int = 256) {
        self.base = base
        self.capacity = max(16, capacity)
        memory = .allocate(capacity: self.capacity)
    }

    deinit { memory.deallocate() }

    /// The bytes, until the next call.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        body(UnsafeRawBufferPointer(start: memory, count: count))
    }

    /// Everything written so far.
    package var bytes: [UInt8] { withBytes { Array($0) } }

    /// Forgets what was written and keeps the memory.
    package mutating func removeAll() { count = 0 }

    // MARK: Whole numbers

    /// Also an enumeration's raw value, which the caller takes: through a protocol it costs a dynamic call.
    @inline(__always)
    package mutating func write(byte: UInt8) {
        reserve(1)
        put(byte)
    }

    /// LEB128: seven bits a byte, lowest first, the top bit says that more follow.
    @inline(__always)
    package mutating func write(_ value: UInt64) {
        reserve(10)
        if value < 0x80 {
            put(UInt8(truncatingIfNeeded: value))
        } else {
            putLong(value)
        }
    }

    /// Zigzag (0, -1, 1, -2 ... become 0, 1, 2, 3 ...), then as unsigned.
    @inline(__always)
    package mutating func write(_ value: Int64) {
        write(UInt64(bitPattern: value << 1 ^ value >> 63))
    }

    @inline(__always)
    package mutating func write(_ value: Int32) {
        write(Int64(value))
    }

    /// The same form as the narrower numbers, so that a value's bytes do not depend on its type.
    package mutating func write(_ value: Int128) {
        if let narrow = Int64(exactly: value) { return write(narrow) }
        reserve(19)
        var rest = UInt128(bitPattern: value << 1 ^ value >> 127)
        while rest >= 0x80 {
            put(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        put(UInt8(truncatingIfNeeded: rest))
    }

    // MARK: Text, words, times

    /// How many elements or bytes follow.
    @inline(__always)
    package mutating func write(count: Int) {
        write(UInt64(count))
    }

    /// UTF-8 behind its length in bytes.
    package mutating func write(_ text: String) {
        let length = text.utf8.count
        write(count: length)
        reserve(length)
        var text = text
        text.withUTF8 { put($0) }
    }

    package mutating func write(_ bytes: [UInt8]) {
        write(count: bytes.count)
        if bytes.isEmpty { return }
        reserve(bytes.count)
        bytes.withUnsafeBufferPointer { put($0) }
    }

    /// Nanoseconds after `base`, modulo 2^64: every instant has a difference to every other.
    @inline(__always)
    package mutating func write(_ time: Timestamp) {
        write(time.nanoseconds &- base.nanoseconds)
    }

    @inline(__always)
    mutating func write(_ flags: FieldFlags) {
        write(flags.rawValue)
    }

    // MARK: A part with its length in front

    /// Begins a part whose length is not known yet. Parts do not nest.
    @inline(__always)
    mutating func openPart() {
        write(byte: 0)
        partStart = count
    }

    /// Ends the part and puts its length in front. One of 128 bytes and more moves up to make room.
    mutating func closePart() {
        let length = count - partStart
        if length < 0x80 {
            memory[partStart - 1] = UInt8(truncatingIfNeeded: length)
            return
        }
        let extra = (length.bitWidth - length.leadingZeroBitCount - 1) / 7
        reserve(extra)
        let start = memory + partStart
        (start + extra).update(from: start, count: length)  // the two may overlap
        count = partStart - 1
        putLong(UInt64(length))
        count += length
    }

    // MARK: Memory

    @inline(__always)
    private mutating func reserve(_ size: Int) {
        if capacity - count < size { grow(size) }
    }

    @inline(never)
    private mutating func grow(_ size: Int) {
        let larger = max(count + size, capacity * 2)
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        moved.moveInitialize(from: memory, count: count)
        memory.deallocate()
        (memory, capacity) = (moved, larger)
    }

    // The callers of these have reserved the room.

    @inline(__always)
    private mutating func put(_ byte: UInt8) {
        memory[count] = byte
        count += 1
    }

    private mutating func putLong(_ value: UInt64) {
        var (rest, end) = (value, memory + count)
        while rest >= 0x80 {
            end.pointee = UInt8(truncatingIfNeeded: rest) | 0x80
            rest >>= 7
            end += 1
        }
        end.pointee = UInt8(truncatingIfNeeded: rest)
        count = end + 1 - memory
    }

    @inline(__always)
    private mutating func put(_ source: UnsafeBufferPointer<UInt8>) {
        guard let address = source.baseAddress else { return }
        (memory + count).update(from: address, count: source.count)
        count += source.count
    }
}
