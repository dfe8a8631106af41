import COpenSSL

/// An HMAC whose key was digested already: each use begins from the keyed state, which halves the work for short texts.
///
/// Not thread-safe: its owner (`Secret`) locks.
final class KeyedHash {
    private let context: OpaquePointer
    private let size: Int

    /// Fetched once a program; looking an algorithm up costs more than a short HMAC.
    ///
    /// `nonisolated(unsafe)`: written once before anyone sees it, and libcrypto lets all threads use a fetched algorithm.
    private nonisolated(unsafe) static let algorithm = EVP_MAC_fetch(nil, "HMAC", nil)

    init?(_ hash: Hash, key: UnsafeRawBufferPointer) {
        guard let context = EVP_MAC_CTX_new(KeyedHash.algorithm) else { return nil }
        size = hash.size
        let isReady = OSSL_MAC_PARAM_DIGEST.withCString { parameter in
            // Both texts stand as long as libcrypto reads the parameters: it keeps their addresses in them.
            "\(hash.name)".withCString { name in
                // libcrypto only reads it.
                var parameters = [
                    OSSL_PARAM_construct_utf8_string(parameter, UnsafeMutablePointer(mutating: name), 0),
                    OSSL_PARAM_construct_end(),
                ]
                // A null key would mean "the key of before", so an empty one needs an address.
                return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1) { empty in
                    empty.initialize(repeating: 0)
                    let start =
                        key.count > 0
                        ? key.bindMemory(to: UInt8.self).baseAddress : empty.baseAddress.map { UnsafePointer($0) }
                    return EVP_MAC_init(context, start, key.count, &parameters) == 1
                }
            }
        }
        guard isReady else {
            EVP_MAC_CTX_free(context)
            return nil
        }
        self.context = context
    }

    deinit { EVP_MAC_CTX_free(context) }

    /// The digest of a text. `false`: libcrypto failed.
    func digest(_ text: UnsafeRawBufferPointer, into digest: UnsafeMutableRawPointer) -> Bool {
        var written = 0
        return EVP_MAC_init(context, nil, 0, nil) == 1
            && EVP_MAC_update(context, text.bindMemory(to: UInt8.self).baseAddress, text.count) == 1
            && EVP_MAC_final(context, digest.assumingMemoryBound(to: UInt8.self), &written, size) == 1
            && written == size
    }
}

extension Hash {
    /// The digests, fetched once a program.
    ///
    /// `nonisolated(unsafe)`: written once before anyone sees it, and libcrypto lets all threads use a fetched algorithm.
    private nonisolated(unsafe) static let fetched: [OpaquePointer?] = [Hash.md5, .sha1, .sha256, .sha384, .sha512].map
    {
        "\($0.name)".withCString { EVP_MD_fetch(nil, $0, nil) }
    }

    /// libcrypto's algorithm.
    var algorithm: OpaquePointer? { Hash.fetched[Int(rawValue) - 1] }

    /// Writes the digest of a text. `false`: libcrypto failed.
    func digest(_ text: UnsafeRawBufferPointer, into digest: UnsafeMutableRawPointer) -> Bool {
        EVP_Digest(
            text.baseAddress, text.count, digest.assumingMemoryBound(to: UInt8.self), nil, algorithm, nil) == 1
    }
}
