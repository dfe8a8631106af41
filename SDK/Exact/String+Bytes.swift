extension String {
    /// The text of UTF-8 bytes, with a replacement character for each part that is none.
    ///
    /// As `String(decoding:as:)`, in fewer steps for texts of up to 15 bytes, as most that travel are.
    @inlinable
    package init(copying bytes: UnsafeBufferPointer<UInt8>) {
        self.init(unsafeUninitializedCapacity: bytes.count) { memory in
            _ = memory.initialize(from: bytes)
            return bytes.count
        }
    }
}
