import CSluice
import Domain
import Glibc

// The frozen leaf values, both ways.

extension sluice_decimal {
    @inline(__always)
    init(_ value: ExactDecimal) {
        self.init(
            low: UInt64(truncatingIfNeeded: value.mantissa), high: Int64(truncatingIfNeeded: value.mantissa >> 64),
            exponent: Int32(truncatingIfNeeded: value.exponent), flags: UInt32(SLUICE_DECIMAL_PRESENT))
    }

    @inline(__always)
    init(optional value: ExactDecimal?) {
        if let value { self.init(value) } else { self.init() }
    }

    /// `nil` where absent.
    @inline(__always)
    func value(_ field: StaticString) throws(ContractBreach) -> ExactDecimal? {
        guard flags & SLUICE_DECIMAL_PRESENT != 0 else {
            guard flags == 0 else { throw ContractBreach("\(field).flags", "is \(flags); only bit 0 is defined") }
            return nil
        }
        let mantissa = Int128(high) << 64 | Int128(low)
        guard flags == SLUICE_DECIMAL_PRESENT, let value = ExactDecimal(mantissa: mantissa, exponent: Int(exponent))
        else {
            throw ContractBreach(
                "\(field)",
                "exponent \(exponent), flags \(flags): an exponent is -38...38, a mantissa 127 bits and a sign")
        }
        return value
    }

    func required(_ field: StaticString) throws(ContractBreach) -> ExactDecimal {
        guard let value = try value(field) else { throw ContractBreach("\(field)", "is absent; it is always set") }
        return value
    }
}

extension sluice_str {
    /// `nil` where absent. Copies.
    @inline(__always)
    func text(_ field: StaticString, limit: Int = Bounds.identifierBytes) throws(ContractBreach) -> String? {
        guard let ptr else {
            guard len == 0 else { throw ContractBreach("\(field)", "is null with length \(len)") }
            return nil
        }
        guard len <= UInt64(limit) else { throw ContractBreach("\(field)", "has \(len) bytes; at most \(limit)") }
        let bytes = UnsafeBufferPointer(
            start: UnsafeRawPointer(ptr).assumingMemoryBound(to: UInt8.self), count: Int(len))
        guard let text = Self.decode(bytes) else { throw ContractBreach("\(field)", "is not UTF-8") }
        return text
    }

    /// Ids are short and plain: for them the library's general validation would be most of a completion's cost.
    @inline(__always)
    private static func decode(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        var all: UInt8 = 0
        for byte in bytes { all |= byte }
        return all < 0x80 ? plain(bytes) : String(validating: bytes, as: UTF8.self)
    }

    /// Bytes that are known to be ASCII.
    @inline(__always)
    private static func plain(_ bytes: UnsafeBufferPointer<UInt8>) -> String {
        String(unsafeUninitializedCapacity: bytes.count) { memory in
            _ = memory.initialize(from: bytes)
            return bytes.count
        }
    }

    /// An id in ASCII within its bound; `nil` for whatever needs a closer look.
    @inline(__always)
    var plainText: String? {
        guard let ptr, len <= UInt64(Bounds.identifierBytes) else { return nil }
        let bytes = UnsafeBufferPointer(
            start: UnsafeRawPointer(ptr).assumingMemoryBound(to: UInt8.self), count: Int(len))
        var all: UInt8 = 0
        for byte in bytes { all |= byte }
        return all < 0x80 ? Self.plain(bytes) : nil
    }

    /// Whether it holds these very bytes; absent or broken it holds none of anything.
    @inline(__always)
    func holds(_ text: String) -> Bool {
        guard let ptr, len == UInt64(text.utf8.count) else { return false }
        return text.utf8.withContiguousStorageIfAvailable { bytes in
            bytes.baseAddress.map { memcmp($0, ptr, bytes.count) == 0 } ?? true
        } ?? text.utf8.elementsEqual(UnsafeRawBufferPointer(start: ptr, count: Int(len)))
    }

    func required(_ field: StaticString, limit: Int = Bounds.identifierBytes) throws(ContractBreach) -> String {
        guard let text = try text(field, limit: limit), !text.isEmpty else {
            throw ContractBreach("\(field)", "is absent or empty; it is always set")
        }
        return text
    }

    /// A client order id; `nil` where absent, or where the order is not of this host and its tag has another form.
    @inline(__always)
    func clientOrderID(_ field: StaticString) throws(ContractBreach) -> ClientOrderID? {
        guard let ptr else { return nil }
        guard len <= UInt64(Bounds.identifierBytes) else {
            throw ContractBreach("\(field)", "has \(len) bytes; at most \(Bounds.identifierBytes)")
        }
        let bytes = UnsafeRawBufferPointer(start: ptr, count: Int(len))
        return bytes.withMemoryRebound(to: UInt8.self) { ClientReferenceText.parse($0) }
    }
}

extension sluice_bytes {
    /// `nil` where absent. Copies.
    @inline(__always)
    func bytes(_ field: StaticString, limit: Int) throws(ContractBreach) -> [UInt8]? {
        guard let ptr else {
            guard len == 0 else { throw ContractBreach("\(field)", "is null with length \(len)") }
            return nil
        }
        guard len <= UInt64(limit) else { throw ContractBreach("\(field)", "has \(len) bytes; at most \(limit)") }
        return Array(UnsafeBufferPointer(start: ptr, count: Int(len)))
    }
}

/// A wall time of an adapter: the minimum value is "absent".
@inline(__always)
func timestamp(_ time: sluice_time) -> Timestamp? {
    time == .min ? nil : Timestamp(nanoseconds: time)
}

@inline(__always)
func sluiceTime(_ timestamp: Timestamp?) -> sluice_time { timestamp?.nanoseconds ?? .min }

/// The elements of a span, checked once: pointer, alignment, stride and count.
struct SpanReader {
    private let start: UnsafeRawPointer?
    private let stride: Int
    let count: Int

    /// - Parameter size: bytes of the element as minor 0 knows it: none may be shorter.
    @inline(__always)
    init(_ span: sluice_span, size: Int, limit: UInt64, _ field: StaticString) throws(ContractBreach) {
        guard span.count > 0 else {
            (start, stride, count) = (nil, 0, 0)
            return
        }
        guard span.count <= limit else {
            throw ContractBreach("\(field).count", "is \(span.count); at most \(limit) a call")
        }
        guard let pointer = span.ptr, UInt(bitPattern: pointer) & 7 == 0 else {
            throw ContractBreach("\(field).ptr", "is null or not aligned to 8 bytes")
        }
        guard Int(span.stride) >= size, span.stride & 7 == 0, span.stride <= 65_536 else {
            throw ContractBreach("\(field).stride", "is \(span.stride); a multiple of 8 from \(size) to 65536")
        }
        (start, stride, count) = (pointer, Int(span.stride), Int(span.count))
    }

    /// The element at `index`, its own size checked against the stride.
    @inline(__always)
    func element(_ index: Int, size: Int, _ field: StaticString) throws(ContractBreach) -> UnsafeRawPointer {
        // `init` proved the pointer present wherever count > 0, and callers stay below count.
        guard let start, index < count else { throw ContractBreach("\(field)", "has no element \(index)") }
        let element = start + index * stride
        let structSize = Int(element.load(as: UInt32.self))
        guard structSize >= size, structSize <= stride else {
            throw ContractBreach(
                "\(field)[\(index)].struct_size", "is \(structSize); at least \(size) and at most the stride \(stride)")
        }
        return element
    }
}

/// Checks a single entity's pointer and size. `nil` stays `nil`.
@inline(__always)
func checkedEntity<Entity>(
    _ pointer: UnsafePointer<Entity>?, size: Int, _ field: StaticString
) throws(ContractBreach) -> UnsafePointer<Entity>? {
    guard let pointer else { return nil }
    guard UInt(bitPattern: pointer) & 7 == 0 else { throw ContractBreach("\(field)", "is not aligned to 8 bytes") }
    let structSize = UnsafeRawPointer(pointer).load(as: UInt32.self)
    guard Int(structSize) >= size else {
        throw ContractBreach("\(field).struct_size", "is \(structSize); at least \(size)")
    }
    return pointer
}

/// Bytes of each entity as minor 0 knows it.
enum EntitySize {
    static let orderReference = MemoryLayout<sluice_order_ref>.size
    static let order = MemoryLayout<sluice_order>.size
    static let instrument = MemoryLayout<sluice_instrument>.size
    static let error = MemoryLayout<sluice_error>.size
    static let child = MemoryLayout<sluice_child>.size
    static let result = MemoryLayout<sluice_result>.size
    static let orderUpdate = MemoryLayout<sluice_order_update>.size
    static let tradeUpdate = MemoryLayout<sluice_trade_update>.size
    static let fee = MemoryLayout<sluice_fee>.size
    static let field = MemoryLayout<sluice_field>.size
}
