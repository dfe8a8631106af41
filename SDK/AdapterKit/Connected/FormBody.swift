public import Exact

/// Pairs of `name=value` (`application/x-www-form-urlencoded`), written as they will be sent.
///
/// ```swift
/// var form = FormBody()
/// form.add("tradingsymbol", alias)
/// form.add("quantity", order.quantity)
/// request.form(form)
/// ```
/// For fields that are put together before there is a request, or that are sent again under another path: one memory for
/// all, and no text of a number in between.
public struct FormBody: Equatable, @unchecked Sendable {
    /// What was written so far. Written while one form alone holds it, so that forms may be handed to other threads.
    private final class Memory: ManagedBuffer<Void, UInt8> {}
    private var memory: ManagedBuffer<Void, UInt8>
    private var capacity: Int
    private var used = 0

    /// A form without fields.
    ///
    /// - Parameter capacity: bytes for which room is made beforehand.
    public init(capacity: Int = 0) {
        self.capacity = max(16, capacity)
        memory = Memory.create(minimumCapacity: self.capacity) { _ in () }
    }

    /// Whether no field was added.
    public var isEmpty: Bool { used == 0 }

    /// Lends what was written.
    @inline(__always)
    func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        memory.withUnsafeMutablePointerToElements { body(UnsafeBufferPointer(start: $0, count: used)) }
    }

    /// What was written.
    public var text: String { withBytes { String(decoding: $0, as: UTF8.self) } }

    /// Adds a field.
    ///
    /// - Parameter name: Of letters, digits and - . _ ~, which stand for themselves.
    public mutating func add(_ name: StaticString, _ value: String) {
        let isWritten: Void? = value.utf8.withContiguousStorageIfAvailable { write(name, $0) }
        guard isWritten == nil else { return }
        var native = value
        native.withUTF8 { write(name, $0) }
    }

    /// Adds a field with a plain decimal.
    public mutating func add(_ name: StaticString, _ value: ExactDecimal) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: ExactDecimal.textCapacity) { text in
            let start = value.write(backwards: text)
            write(name, UnsafeBufferPointer(rebasing: text[start...]))
        }
    }

    /// Adds a field with the host's name for an order.
    public mutating func add(_ name: StaticString, _ value: ClientReference) {
        value.withText { write(name, $0) }
    }

    /// Adds a field whose name is known only now.
    public mutating func add(name: String, value: String) {
        var (name, value) = (name, value)
        name.withUTF8 { name in value.withUTF8 { write(name, $0) } }
    }

    @inline(__always)
    private mutating func write(_ name: StaticString, _ value: UnsafeBufferPointer<UInt8>) {
        name.withUTF8Buffer { write($0, value) }
    }

    private mutating func write(_ name: UnsafeBufferPointer<UInt8>, _ value: UnsafeBufferPointer<UInt8>) {
        let room = used + 2 + 3 * (name.count + value.count)
        if room > capacity || !isKnownUniquelyReferenced(&memory) { move(room) }
        used = memory.withUnsafeMutablePointerToElements { [used] start in
            var end = start + used
            if used > 0 {
                end.pointee = UInt8(ascii: "&")
                end += 1
            }
            end = TextEncoding.form.write(name, to: end)
            end.pointee = UInt8(ascii: "=")
            return TextEncoding.form.write(value, to: end + 1) - start
        }
    }

    /// Goes on in memory of its own with room for so many bytes.
    @inline(never)
    private mutating func move(_ room: Int) {
        let size = max(room, 2 * used)
        let next = Memory.create(minimumCapacity: size) { _ in () }
        withBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            next.withUnsafeMutablePointerToElements { $0.initialize(from: start, count: bytes.count) }
        }
        (memory, capacity) = (next, size)
    }

    public static func == (left: FormBody, right: FormBody) -> Bool {
        left.withBytes { left in right.withBytes { left.elementsEqual($0) } }
    }
}

extension Request {
    /// Adds the fields of a form to a form body, in their order.
    public mutating func form(_ fields: FormBody) {
        storage.contentType = "application/x-www-form-urlencoded"
        guard !fields.isEmpty else { return }
        if !storage.body.isEmpty { storage.body.bytes.append(UInt8(ascii: "&")) }
        fields.withBytes { storage.body.bytes.append(contentsOf: $0) }
    }
}
