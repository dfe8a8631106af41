import COpenSSL

/// SHA-256 of what is in memory, by the system's libcrypto.
package enum Digest {
    /// 64 hexadecimal digits; `nil` where libcrypto refuses (no memory, or a provider without SHA-256).
    package static func sha256(_ text: String) -> String? {
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        let bytes = Array(text.utf8)
        guard EVP_Digest(bytes, bytes.count, &digest, &length, EVP_sha256(), nil) == 1, length == 32 else { return nil }
        let digits = Array("0123456789abcdef")
        return String(digest.prefix(32).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
    }
}
