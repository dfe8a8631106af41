import COpenSSL

/// SHA-256 of bytes in memory, by the system's libcrypto.
package enum SHA256 {
    package static let length = 32

    /// 32 bytes; `nil` where libcrypto refuses (no memory, or a provider without SHA-256).
    package static func digest(_ bytes: some Collection<UInt8>) -> [UInt8]? {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        func run(_ buffer: UnsafeRawBufferPointer) -> Bool {
            EVP_Digest(buffer.baseAddress, buffer.count, &digest, &length, EVP_sha256(), nil) == 1
                && Int(length) == Self.length
        }
        let isDone =
            bytes.withContiguousStorageIfAvailable { run(UnsafeRawBufferPointer($0)) }
            ?? Array(bytes).withUnsafeBytes(run)
        guard isDone else { return nil }
        digest.removeSubrange(Self.length...)
        return digest
    }
}

/// The same of what is fed piece by piece. One owner, one thread at a time.
package final class RunningSHA256 {
    private let context: OpaquePointer

    /// `nil` where libcrypto refuses: no memory, or a provider without SHA-256.
    package init?() {
        guard let context = EVP_MD_CTX_new() else { return nil }
        self.context = context
        guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else { return nil }
    }

    deinit { EVP_MD_CTX_free(context) }

    /// `false` where libcrypto fails; the digest is then worth nothing.
    package func update(_ bytes: borrowing [UInt8]) -> Bool {
        bytes.withUnsafeBytes { EVP_DigestUpdate(context, $0.baseAddress, $0.count) == 1 }
    }

    /// 32 bytes, once; `nil` where libcrypto fails.
    package func finish() -> [UInt8]? {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        guard EVP_DigestFinal_ex(context, &digest, &length) == 1, Int(length) == SHA256.length else { return nil }
        digest.removeSubrange(SHA256.length...)
        return digest
    }
}

extension Collection<UInt8> {
    /// Two lower-case hexadecimal digits a byte.
    package var hexadecimal: String {
        func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }
        return String(unsafeUninitializedCapacity: count * 2) { buffer in
            var index = 0
            for byte in self {
                buffer[index] = digit(byte >> 4)
                buffer[index + 1] = digit(byte & 15)
                index += 2
            }
            return index
        }
    }
}
