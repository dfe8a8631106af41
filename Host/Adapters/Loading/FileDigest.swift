import COpenSSL
import Glibc

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

extension FileDigest {
    /// The digest of all that a descriptor still has to read; `nil` where reading or libcrypto fails.
    static func digest(of descriptor: Int32) -> String? {
        guard let digest = FileDigest() else { return nil }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1_048_576, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return nil }
            if count == 0 { return digest.finish() }
            guard digest.update(UnsafeRawBufferPointer(rebasing: buffer[..<count])) else { return nil }
        }
    }
}
