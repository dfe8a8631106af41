import COpenSSL

/// SHA-256 by the system's libcrypto.
struct FileDigest: ~Copyable {
    private let context: OpaquePointer

    /// `nil` where libcrypto refuses (no memory, or a provider without SHA-256).
    init?() {
        guard let context = EVP_MD_CTX_new() else { return nil }
        guard EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
            EVP_MD_CTX_free(context)
            return nil
        }
        self.context = context
    }

    deinit { EVP_MD_CTX_free(context) }

    /// `false` on a failure of libcrypto; the digest is then worthless.
    func update(_ bytes: UnsafeRawBufferPointer) -> Bool {
        EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1
    }

    /// 64 lower-case hexadecimal digits. Call once.
    func finish() -> String? {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        guard EVP_DigestFinal_ex(context, &digest, &length) == 1, length == 32 else { return nil }
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest[..<32].flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
