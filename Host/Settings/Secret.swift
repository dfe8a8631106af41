import Glibc

/// A secret in memory. It prints as `***` whatever prints it, is not `Codable`, and its bytes are wiped when the last
/// copy goes.
package struct Secret: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    // `Bytes` is written by its initialiser alone, before anyone else can hold it, and only read until its end.
    private final class Bytes: @unchecked Sendable {
        let buffer: UnsafeMutableRawBufferPointer

        init(_ bytes: UnsafeRawBufferPointer) {
            buffer = .allocate(byteCount: max(1, bytes.count), alignment: 1)
            buffer.copyMemory(from: bytes)
        }

        deinit {
            if let start = buffer.baseAddress { explicit_bzero(start, buffer.count) }
            buffer.deallocate()
        }
    }

    private let storage: Bytes
    /// Length in bytes.
    package let count: Int

    /// Copies the bytes; wiping the original is the caller's.
    package init(_ bytes: UnsafeRawBufferPointer) { (storage, count) = (Bytes(bytes), bytes.count) }

    package init(_ bytes: [UInt8]) { self = bytes.withUnsafeBytes { Secret($0) } }

    /// Lends the bytes for the length of the call.
    package func withBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(rebasing: storage.buffer[..<count]))
    }

    package var description: String { "***" }
    package var debugDescription: String { "***" }
    package var customMirror: Mirror { Mirror(self, children: [(label: String?, value: Any)]()) }
}
