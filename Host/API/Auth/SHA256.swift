import COpenSSL

/// SHA-256 of bytes in memory, by the system's libcrypto.
enum SHA256 {
    /// 32 bytes; `nil` where libcrypto refuses (no memory, or a provider without SHA-256).
    static func digest(_ bytes: some Collection<UInt8>) -> [UInt8]? {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        func run(_ buffer: UnsafeRawBufferPointer) -> Bool {
            EVP_Digest(buffer.baseAddress, buffer.count, &digest, &length, EVP_sha256(), nil) == 1 && length == 32
        }
        let isDone =
            bytes.withContiguousStorageIfAvailable { run(UnsafeRawBufferPointer($0)) }
            ?? Array(bytes).withUnsafeBytes(run)
        guard isDone else { return nil }
        digest.removeSubrange(32...)
        return digest
    }
}
