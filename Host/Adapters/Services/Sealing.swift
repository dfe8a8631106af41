import COpenSSL

/// AES-256-GCM over libcrypto. What is opened is what was sealed under the same key and the same context, or nothing.
enum Sealing {
    static let keyBytes = 32
    private static let nonceBytes = 12
    private static let tagBytes = 16

    static func random(_ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return RAND_bytes(&bytes, Int32(count)) == 1 ? bytes : nil
    }

    /// Nonce, ciphertext, tag. A nonce is random, and a key seals one file's content once, so none comes twice.
    static func seal(_ plain: [UInt8], key: [UInt8], context: [UInt8]) -> [UInt8]? {
        guard key.count == keyBytes, let nonce = random(nonceBytes), let cipher = EVP_CIPHER_CTX_new() else {
            return nil
        }
        defer { EVP_CIPHER_CTX_free(cipher) }
        var sealed = [UInt8](repeating: 0, count: plain.count + tagBytes)
        var (count, last): (Int32, Int32) = (0, 0)
        guard EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), nil, key, nonce) == 1,
            EVP_EncryptUpdate(cipher, nil, &count, context, Int32(context.count)) == 1,
            EVP_EncryptUpdate(cipher, &sealed, &count, plain, Int32(plain.count)) == 1, Int(count) == plain.count,
            sealed.withUnsafeMutableBufferPointer({ memory in
                memory.baseAddress.map { start in
                    EVP_EncryptFinal_ex(cipher, start + plain.count, &last) == 1
                        && EVP_CIPHER_CTX_ctrl(
                            cipher, EVP_CTRL_AEAD_GET_TAG, Int32(tagBytes), start + plain.count) == 1
                } ?? false
            }), last == 0
        else { return nil }
        return nonce + sealed
    }

    static func open(_ sealed: [UInt8], key: [UInt8], context: [UInt8]) -> [UInt8]? {
        guard key.count == keyBytes, sealed.count >= nonceBytes + tagBytes, let cipher = EVP_CIPHER_CTX_new() else {
            return nil
        }
        defer { EVP_CIPHER_CTX_free(cipher) }
        let nonce = Array(sealed.prefix(nonceBytes))
        let text = Array(sealed[nonceBytes..<(sealed.count - tagBytes)])
        var tag = Array(sealed.suffix(tagBytes))
        var plain = [UInt8](repeating: 0, count: text.count + 1)  // never without memory
        var (count, last): (Int32, Int32) = (0, 0)
        guard EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), nil, key, nonce) == 1,
            EVP_DecryptUpdate(cipher, nil, &count, context, Int32(context.count)) == 1,
            EVP_DecryptUpdate(cipher, &plain, &count, text, Int32(text.count)) == 1, Int(count) == text.count,
            EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, Int32(tagBytes), &tag) == 1,
            plain.withUnsafeMutableBufferPointer({ memory in
                memory.baseAddress.map { EVP_DecryptFinal_ex(cipher, $0 + text.count, &last) == 1 } ?? false
            })
        else {
            Redaction.wipe(&plain)
            return nil
        }
        plain.removeLast()
        return plain
    }
}
