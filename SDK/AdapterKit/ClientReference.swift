import CSluice

/// The host's own name for an order (FIX 11, ClOrdID): 18 characters of [a-z][a-z0-9]*, unique for ever.
///
/// It is kept in place, so that copying, comparing and hashing one costs a few instructions and no allocation: the right
/// key for an adapter's table of orders. Texts of up to 23 bytes are held, so that a test may use shorter names.
public struct ClientReference: Hashable, Sendable, CustomStringConvertible {
    private var first: UInt64 = 0
    private var second: UInt64 = 0
    private var third: UInt64 = 0  // its highest byte is the length

    /// Returns `nil` for an empty text and for one of more than 23 bytes.
    public init?(_ text: String) {
        var text = text
        let value = text.withUTF8 { bytes in
            bytes.baseAddress.flatMap { ClientReference(UnsafeRawBufferPointer(start: $0, count: bytes.count)) }
        }
        guard let value else { return nil }
        self = value
    }

    @inline(__always)
    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let start = bytes.baseAddress, bytes.count > 0, bytes.count <= Self.capacity else { return nil }
        let count = bytes.count
        if count == 18 {  // what hosts issue
            first = start.loadUnaligned(as: UInt64.self)
            second = start.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
            third = UInt64(start.loadUnaligned(fromByteOffset: 16, as: UInt16.self))
        } else {
            for index in 0..<count {
                let byte = UInt64(bytes[index]) << UInt64((index & 7) * 8)
                switch index >> 3 {
                case 0: first |= byte
                case 1: second |= byte
                default: third |= byte
                }
            }
        }
        third |= UInt64(count) << 56
    }

    private init() {}

    /// No reference: what an order that somebody else placed carries.
    public static let absent = ClientReference()

    /// Whether this is no reference.
    public var isAbsent: Bool { third == 0 }

    static let capacity = 23

    var count: Int { Int(third >> 56) }

    /// Writes 24 bytes, of which the first `count` are the text.
    @inline(__always)
    func write(to memory: UnsafeMutableRawPointer) {
        memory.storeBytes(of: first, as: UInt64.self)
        memory.storeBytes(of: second, toByteOffset: 8, as: UInt64.self)
        memory.storeBytes(of: third, toByteOffset: 16, as: UInt64.self)
    }

    /// The text.
    public var description: String { withText { String(decoding: $0, as: UTF8.self) } }

    /// Lends the text.
    @inline(__always)
    func withText<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 3) { words in
            words[0] = first
            words[1] = second
            words[2] = third
            return UnsafeRawBufferPointer(words).withMemoryRebound(to: UInt8.self) {
                body(UnsafeBufferPointer(rebasing: $0[..<count]))
            }
        }
    }
}

extension Cell {
    /// A client reference that the host wrote; `nil` where it is absent.
    @inline(__always)
    package func clientReference(_ offset: Int) -> ClientReference? {
        memory(offset).flatMap { ClientReference($0) }
    }

    /// Whether a client reference is present and cannot be one.
    @inline(__always)
    package func isBrokenReference(_ offset: Int) -> Bool {
        guard has(offset, 16) else { return false }
        let length = uint64(offset + 8)
        guard let start = pointer(offset) else { return length != 0 }
        return length == 0 || length > UInt64(ClientReference.capacity) || !isUTF8(start, Int(length))
    }
}
