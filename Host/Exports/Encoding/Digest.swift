import COpenSSL

/// SHA-256 of what is fed piece by piece, by the system's libcrypto. One owner, one thread at a time.
final class Digest {
    private let context: OpaquePointer

    /// `nil` where libcrypto refuses: no memory, or a provider without SHA-256.
    init?() {
        guard let context = EVP_MD_CTX_new() else { return nil }
        self.context = context
        guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else { return nil }
    }

    deinit { EVP_MD_CTX_free(context) }

    /// `false` where libcrypto fails; the digest is then worth nothing.
    func update(_ bytes: borrowing [UInt8]) -> Bool {
        bytes.withUnsafeBytes { EVP_DigestUpdate(context, $0.baseAddress, $0.count) == 1 }
    }

    /// 32 bytes, once; `nil` where libcrypto fails.
    func finish() -> [UInt8]? {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        guard EVP_DigestFinal_ex(context, &digest, &length) == 1, length == 32 else { return nil }
        digest.removeSubrange(32...)
        return digest
    }

    /// Of bytes in memory.
    static func of(_ bytes: [UInt8]) -> [UInt8]? {
        guard let digest = Digest(), digest.update(bytes) else { return nil }
        return digest.finish()
    }
}
