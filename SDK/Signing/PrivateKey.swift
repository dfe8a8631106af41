import COpenSSL

/// A private key out of a secret's text: PEM (line breaks may be written `\n`), DER, base64 of DER; for elliptic keys also
/// the bare number or seed (32 bytes; of Ed25519 also 64 = seed and its public key) raw, in hex or in base64.
///
/// Not thread-safe: its owner (`Secret`) locks.
final class PrivateKey {
    enum Kind: Hashable { case rsa, p256, secp256k1, ed25519 }

    let key: OpaquePointer

    /// `nil`: the bytes hold no key of this kind.
    init?(_ kind: Kind, _ bytes: UnsafeRawBufferPointer) {
        guard let found = PrivateKey.read(kind, bytes) else {
            ERR_clear_error()
            return nil
        }
        guard PrivateKey.is(found, kind) else {
            EVP_PKEY_free(found)
            return nil
        }
        key = found
    }

    deinit { EVP_PKEY_free(key) }

    private static func `is`(_ key: OpaquePointer, _ kind: Kind) -> Bool {
        switch kind {
        case .rsa: return EVP_PKEY_is_a(key, "RSA") == 1
        case .ed25519: return EVP_PKEY_is_a(key, "ED25519") == 1
        case .p256, .secp256k1:
            guard EVP_PKEY_is_a(key, "EC") == 1 else { return false }
            return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { name in
                name.initialize(repeating: 0)
                guard let start = name.baseAddress, EVP_PKEY_get_group_name(key, start, 64, nil) == 1 else {
                    return false
                }
                let group = String(cString: start)
                return kind == .p256 ? group == "prime256v1" || group == "P-256" : group == "secp256k1"
            }
        }
    }

    /// A form that says what it is goes before one that says less, so that no text is taken for a bare number that it is
    /// not: base64 of an Ed25519 key in DER has 64 letters.
    private static func read(_ kind: Kind, _ bytes: UnsafeRawBufferPointer) -> OpaquePointer? {
        if let key = der(bytes) { return key }
        let text = trimmed(bytes)
        if text.starts(with: Array("-----BEGIN".utf8)) { return pem(text) }
        if let key = decoded(hex(text), { bare(kind, $0) }) { return key }
        if let key = decoded(base64(text), { der($0) ?? bare(kind, $0) }) { return key }
        return bare(kind, bytes)
    }

    /// Looks for a key in what was made of a text, and wipes that.
    private static func decoded(
        _ bytes: [UInt8]?, _ key: (UnsafeRawBufferPointer) -> OpaquePointer?
    ) -> OpaquePointer? {
        guard var bytes else { return nil }
        defer { bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        return bytes.withUnsafeBytes(key)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    /// Without the white space around it.
    private static func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        guard let first = bytes.firstIndex(where: { !isBlank($0) }), let last = bytes.lastIndex(where: { !isBlank($0) })
        else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(rebasing: bytes[first...last])
    }

    private static func pem(_ text: UnsafeRawBufferPointer) -> OpaquePointer? {
        var unescaped: [UInt8] = []
        unescaped.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "\\"), index + 1 < text.count, text[index + 1] == UInt8(ascii: "n") {
                unescaped.append(0x0A)
                index += 2
            } else {
                unescaped.append(text[index])
                index += 1
            }
        }
        unescaped.append(0x0A)
        defer { unescaped.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        return unescaped.withUnsafeBytes { bytes in
            guard let file = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count)) else { return nil }
            defer { BIO_free(file) }
            // No password is known, and libcrypto must not ask a terminal for one.
            return PEM_read_bio_PrivateKey(file, nil, { _, _, _, _ in -1 }, nil)
        }
    }

    /// Nothing but blanks may follow the key.
    private static func der(_ bytes: UnsafeRawBufferPointer) -> OpaquePointer? {
        // The shortest is an Ed25519 key's.
        guard bytes.count >= 48, bytes[0] == 0x30 else { return nil }
        var end = bytes.bindMemory(to: UInt8.self).baseAddress
        guard let key = d2i_AutoPrivateKey(nil, &end, bytes.count) else {
            ERR_clear_error()
            return nil
        }
        let size = UnsafeRawPointer(end).flatMap { end in bytes.baseAddress.map { end - $0 } } ?? 0
        guard bytes[size...].allSatisfy(isBlank) else {
            EVP_PKEY_free(key)
            return nil
        }
        return key
    }

    private static func hex(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        let hasPrefix = text.count > 2 && text[0] == UInt8(ascii: "0") && text[1] | 0x20 == UInt8(ascii: "x")
        let digits = hasPrefix ? UnsafeRawBufferPointer(rebasing: text[2...]) : text
        guard digits.count == 64 || digits.count == 128 else { return nil }
        return Encoding.hex.decoded(digits)
    }

    /// It may stand in several lines.
    private static func base64(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        guard text.contains(where: isBlank) else { return Encoding.base64.decoded(text) }
        var letters: [UInt8] = []
        letters.reserveCapacity(text.count)
        for byte in text where !isBlank(byte) { letters.append(byte) }
        defer { letters.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        return letters.withUnsafeBytes { Encoding.base64.decoded($0) }
    }

    /// A bare number or seed of 32 bytes; of Ed25519 also the seed and the public key that belongs to it.
    private static func bare(_ kind: Kind, _ bytes: UnsafeRawBufferPointer) -> OpaquePointer? {
        guard bytes.count == 32 || (bytes.count == 64 && kind == .ed25519) else { return nil }
        var number = Array(bytes.prefix(32))
        defer { number.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        guard let key = bare(kind, number) else { return nil }
        // Sixty-four bytes that are no such pair are something else, and would sign with nobody's key.
        if bytes.count == 64 {
            var own = [UInt8](repeating: 0, count: 32)
            var size = own.count
            guard EVP_PKEY_get_raw_public_key(key, &own, &size) == 1, size == 32, own.elementsEqual(bytes[32...]) else {
                EVP_PKEY_free(key)
                return nil
            }
        }
        return key
    }

    private static func bare(_ kind: Kind, _ number: [UInt8]) -> OpaquePointer? {
        // RFC 5915: version 1, the number, the curve's name. libcrypto works the public point out.
        var wrapped: [UInt8]
        switch kind {
        case .rsa: return nil
        case .ed25519: return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, number, number.count)
        case .p256:
            wrapped = [0x30, 0x31, 2, 1, 1, 4, 32] + number + [0xA0, 10, 6, 8, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 3, 1, 7]
        case .secp256k1: wrapped = [0x30, 0x2E, 2, 1, 1, 4, 32] + number + [0xA0, 7, 6, 5, 0x2B, 0x81, 4, 0, 10]
        }
        defer { wrapped.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        return wrapped.withUnsafeBytes { bytes in
            var start = bytes.bindMemory(to: UInt8.self).baseAddress
            return d2i_PrivateKey(EVP_PKEY_EC, nil, &start, bytes.count)
        }
    }
}
